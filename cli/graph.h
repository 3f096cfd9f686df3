/* graph.h - the mesh as it is now: a copy of nodes and links for tables and maps. */
#pragma once

#include <leno.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vertex {
	leno_id id, next;
	char *name;   /* escaped; the id's beginning when it has none */
	char *said;   /* the name as the node says it, "" for none      */
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
	size_t n, room;
	struct arc *links;
	size_t n_links, links_room;
	size_t *near;      /* neighbours of each vertex, in order */
	size_t id_columns; /* what of an id tells it from the others, 8 at least */
};

enum { GRAPH_NONE = -1 };
#define NO_VERTEX ((size_t)GRAPH_NONE)

/* Everything that the node knows, itself included unless it is a visitor. */
void graph_load(struct graph *, leno_node *);

/* The same in steps, from a zeroed graph: nodes, then links between them. */
void graph_add_node(struct graph *, const leno_info *);
void graph_sort(struct graph *); /* after the last node, before the first link */
void graph_add_link(struct graph *, const leno_edge *);
void graph_finish(struct graph *);
void graph_free(struct graph *);

size_t graph_find(const struct graph *, const leno_id *); /* NO_VERTEX */

/* Breadth first from a root: parent[v] of each vertex (NO_VERTEX for roots and for
 * what cannot be reached), distance[v] in links (SIZE_MAX likewise). */
void graph_tree(const struct graph *, size_t root, size_t *parent, size_t *distance);

/* Where a drawing begins: at the end of a chain, else at the vertex from which the
 * farthest is nearest, and of those at the best connected. */
size_t graph_root(const struct graph *);

/* Pictures. The terminal's has lines of at most `columns`. */
void map_draw_text(const struct graph *, size_t root, unsigned columns, bool ascii);
void map_draw_dot(const struct graph *);
char *map_draw_svg(const struct graph *, const char *network); /* to free */
