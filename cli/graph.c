/* graph.c - a copy of the mesh, in an order that does not depend on who asks, so
 * that two people who look at it see the same picture. */
#include "graph.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

/* Above this, the centre is the best connected node: a look from everywhere would
 * take longer than a person waits. */
enum { CENTRE_EXACT_MAX = 500 };

struct loading {
	struct graph *graph;
	size_t room;
};

static char *joined_labels(const leno_info *info)
{
	size_t size = 1, used = 0;
	char *text;

	for (size_t i = 0; i < info->n_labels; i++)
		size += strlen(info->labels[i]) * 4 + 1;
	text = need(calloc(1, size));
	for (size_t i = 0; i < info->n_labels; i++) {
		if (i > 0)
			text[used++] = ' ';
		safe_copy(text + used, size - used, info->labels[i], strlen(info->labels[i]));
		used += strlen(text + used);
	}
	return text;
}

static bool load_node(void *arg, const leno_info *info)
{
	struct loading *loading = arg;
	struct graph *g = loading->graph;
	struct vertex *v;
	char name[260];

	if (info->role == LENO_VISITOR)
		return true;
	if (g->n == loading->room) {
		loading->room = loading->room ? loading->room * 2 : 64;
		g->nodes = need(realloc(g->nodes, loading->room * sizeof *g->nodes));
	}
	v = &g->nodes[g->n++];
	*v = (struct vertex){.id = info->id,
	                     .next = info->next,
	                     .role = info->role,
	                     .hops = info->hops,
	                     .rtt_us = info->rtt_us,
	                     .named = *info->name != '\0'};
	leno_id_text(&info->id, v->text);
	if (v->named)
		safe_copy(name, sizeof name, info->name, strlen(info->name));
	else
		safe_copy(name, sizeof name, v->text, 8);
	v->name = need(strdup(name));
	v->labels = joined_labels(info);
	return true;
}

/* By name, and numbers in names by their value: n2 stands before n10. */
static int by_name(const void *x, const void *y)
{
	const struct vertex *a = x, *b = y;
	int named = (int)b->named - (int)a->named;
	int name = strverscmp(a->name, b->name);

	return named ? named : name ? name : memcmp(&a->id, &b->id, sizeof a->id);
}

size_t graph_find(const struct graph *g, const leno_id *id)
{
	for (size_t i = 0; i < g->n; i++) {
		if (leno_id_same(&g->nodes[i].id, id))
			return i;
	}
	return NO_VERTEX;
}

static bool load_link(void *arg, const leno_edge *edge)
{
	struct loading *loading = arg;
	struct graph *g = loading->graph;
	size_t a = graph_find(g, &edge->a), b = graph_find(g, &edge->b);

	if (a == NO_VERTEX || b == NO_VERTEX || a == b)
		return true;
	if (g->n_links == loading->room) {
		loading->room = loading->room ? loading->room * 2 : 64;
		g->links = need(realloc(g->links, loading->room * sizeof *g->links));
	}
	g->links[g->n_links++] = (struct arc){a < b ? a : b, a < b ? b : a, edge->cost};
	return true;
}

static int by_ends(const void *x, const void *y)
{
	const struct arc *p = x, *q = y;

	if (p->a != q->a)
		return p->a < q->a ? -1 : 1;
	return p->b < q->b ? -1 : p->b > q->b;
}

static int by_index(const void *x, const void *y)
{
	const size_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

static void drop_doubles(struct graph *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->n_links; i++) {
		if (kept == 0 || by_ends(&g->links[i], &g->links[kept - 1]) != 0)
			g->links[kept++] = g->links[i];
	}
	g->n_links = kept;
}

static void list_neighbours(struct graph *g)
{
	size_t at = 0;

	g->near = need(calloc(g->n_links * 2 + 1, sizeof *g->near));
	for (size_t i = 0; i < g->n_links; i++) {
		g->nodes[g->links[i].a].degree++;
		g->nodes[g->links[i].b].degree++;
	}
	for (size_t i = 0; i < g->n; i++) {
		g->nodes[i].first = at;
		at += g->nodes[i].degree;
		g->nodes[i].degree = 0;
	}
	for (size_t i = 0; i < g->n_links; i++) {
		struct vertex *a = &g->nodes[g->links[i].a], *b = &g->nodes[g->links[i].b];

		g->near[a->first + a->degree++] = g->links[i].b;
		g->near[b->first + b->degree++] = g->links[i].a;
	}
	for (size_t i = 0; i < g->n; i++)
		qsort(g->near + g->nodes[i].first, g->nodes[i].degree, sizeof *g->near, by_index);
}

static int by_text(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

static size_t telling_columns(const struct graph *g)
{
	char **texts = need(calloc(g->n + 1, sizeof *texts));
	size_t columns = 8;

	for (size_t i = 0; i < g->n; i++)
		texts[i] = g->nodes[i].text;
	qsort(texts, g->n, sizeof *texts, by_text);
	for (size_t i = 1; i < g->n; i++) {
		while (columns < LENO_ID_TEXT - 1 && strncmp(texts[i], texts[i - 1], columns) == 0)
			columns++;
	}
	free(texts);
	return columns;
}

void graph_load(struct graph *g, leno_node *node)
{
	struct loading loading = {g, 0};

	*g = (struct graph){0};
	leno_nodes(node, load_node, &loading);
	if (g->n > 0)
		qsort(g->nodes, g->n, sizeof *g->nodes, by_name);
	loading.room = 0;
	leno_edges(node, load_link, &loading);
	if (g->n_links > 0)
		qsort(g->links, g->n_links, sizeof *g->links, by_ends);
	drop_doubles(g);
	list_neighbours(g);
	g->id_columns = telling_columns(g);
}

void graph_free(struct graph *g)
{
	for (size_t i = 0; i < g->n; i++) {
		free(g->nodes[i].name);
		free(g->nodes[i].labels);
	}
	free(g->nodes);
	free(g->links);
	free(g->near);
	*g = (struct graph){0};
}

void graph_tree(const struct graph *g, size_t root, size_t *parent, size_t *distance)
{
	size_t *queue = need(calloc(g->n + 1, sizeof *queue)), head = 0, tail = 0;

	for (size_t i = 0; i < g->n; i++)
		parent[i] = distance[i] = NO_VERTEX;
	if (root < g->n) {
		distance[root] = 0;
		queue[tail++] = root;
	}
	while (head < tail) {
		size_t v = queue[head++];

		for (size_t i = 0; i < g->nodes[v].degree; i++) {
			size_t w = g->near[g->nodes[v].first + i];

			if (distance[w] != NO_VERTEX)
				continue;
			distance[w] = distance[v] + 1;
			parent[w] = v;
			queue[tail++] = w;
		}
	}
	free(queue);
}

size_t graph_centre(const struct graph *g)
{
	size_t *parent = need(calloc(g->n + 1, sizeof *parent));
	size_t *distance = need(calloc(g->n + 1, sizeof *distance));
	size_t best = 0, best_far = SIZE_MAX;

	for (size_t v = 0; v < g->n; v++) {
		size_t far = 0;

		if (g->n <= CENTRE_EXACT_MAX) {
			graph_tree(g, v, parent, distance);
			for (size_t i = 0; i < g->n; i++)
				far += distance[i] == NO_VERTEX ? g->n : 0;
			for (size_t i = 0; i < g->n; i++)
				far = distance[i] != NO_VERTEX && distance[i] > far ? distance[i]
				                                                    : far;
		}
		if (far < best_far ||
		    (far == best_far && g->nodes[v].degree > g->nodes[best].degree)) {
			best = v;
			best_far = far;
		}
	}
	free(parent);
	free(distance);
	return best;
}
