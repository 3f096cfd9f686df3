/* graph.h - the mesh as it is now: a copy of nodes and links for tables and maps. */
#pragma once

#include <leno.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vertex {
	leno_id id, next;
	char *name;   /* escaped; the id's beginning when it has none */
	char *labels; /* escaped, "a=b c=d"                            */
	char text[LENO_ID_TEXT];
	enum leno_role role;
	bool named;
	unsigned hops;
	uint32_t rtt_us;
	size_t first, degree; /* its part of graph.near */
};

struct arc {
	size_t a, b; /* indices of vertices, a < b */
	uint16_t cost;
};

struct graph {
	struct vertex *nodes; /* by name, then id */
	size_t n;
	struct arc *links;
	size_t n_links;
	size_t *near; /* neighbours of each vertex, in order */
	size_t id_columns; /* what of an id tells it from the others, 8 at least */
};

enum { GRAPH_NONE = -1 };
#define NO_VERTEX ((size_t)GRAPH_NONE)

/* Everything that the node knows, itself included unless it is a visitor. */
void graph_load(struct graph *, leno_node *);
void graph_free(struct graph *);

size_t graph_find(const struct graph *, const leno_id *); /* NO_VERTEX */

/* Breadth first from a root: parent[v] of each vertex (NO_VERTEX for roots and for
 * what cannot be reached), distance[v] in links (SIZE_MAX likewise). */
void graph_tree(const struct graph *, size_t root, size_t *parent, size_t *distance);

/* The vertex from which the farthest is nearest; of those, the best connected. */
size_t graph_centre(const struct graph *);

/* Pictures. The terminal's has lines of at most `columns`. */
void map_draw_text(const struct graph *, size_t root, unsigned columns, bool ascii);
void map_draw_dot(const struct graph *);
char *map_draw_svg(const struct graph *, const char *network); /* to free */
