/* graph.c - a copy of the mesh, in an order that does not depend on who asks, so
 * that two people who look at it see the same picture. */
#include "graph.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

/* Above this, the centre is the best connected node: a look from everywhere would
 * take longer than a person waits. */
enum { CENTRE_EXACT_MAX = 500 };

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

void graph_add_node(struct graph *g, const leno_info *info)
{
	struct vertex *v;
	char name[260];

	if (info->role == LENO_VISITOR)
		return;
	if (g->n == g->room) {
		g->room = g->room ? g->room * 2 : 64;
		g->nodes = need(realloc(g->nodes, g->room * sizeof *g->nodes));
	}
	v = &g->nodes[g->n++];
	*v = (struct vertex){ .id = info->id,
		              .next = info->next,
		              .role = info->role,
		              .hops = info->hops,
		              .rtt_us = info->rtt_us,
		              .named = *info->name != '\0' };
	leno_id_text(&info->id, v->text);
	if (v->named)
		safe_copy(name, sizeof name, info->name, strlen(info->name));
	else
		safe_copy(name, sizeof name, v->text, 8);
	v->name = need(strdup(name));
	v->said = need(strdup(info->name));
	v->labels = joined_labels(info);
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

void graph_add_link(struct graph *g, const leno_edge *edge)
{
	size_t a = graph_find(g, &edge->a), b = graph_find(g, &edge->b);

	if (a == NO_VERTEX || b == NO_VERTEX || a == b)
		return;
	if (g->n_links == g->links_room) {
		g->links_room = g->links_room ? g->links_room * 2 : 64;
		g->links = need(realloc(g->links, g->links_room * sizeof *g->links));
	}
	g->links[g->n_links++] = (struct arc){ a < b ? a : b, a < b ? b : a, edge->cost };
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

void graph_sort(struct graph *g)
{
	if (g->n > 0)
		qsort(g->nodes, g->n, sizeof *g->nodes, by_name);
}

void graph_finish(struct graph *g)
{
	if (g->n_links > 0)
		qsort(g->links, g->n_links, sizeof *g->links, by_ends);
	drop_doubles(g);
	list_neighbours(g);
	g->id_columns = telling_columns(g);
}

static bool load_node(void *arg, const leno_info *info)
{
	graph_add_node(arg, info);
	return true;
}

static bool load_link(void *arg, const leno_edge *edge)
{
	graph_add_link(arg, edge);
	return true;
}

void graph_load(struct graph *g, leno_node *node)
{
	*g = (struct graph){ 0 };
	leno_nodes(node, load_node, g);
	graph_sort(g);
	leno_edges(node, load_link, g);
	graph_finish(g);
}

void graph_free(struct graph *g)
{
	for (size_t i = 0; i < g->n; i++) {
		free(g->nodes[i].name);
		free(g->nodes[i].said);
		free(g->nodes[i].labels);
	}
	free(g->nodes);
	free(g->links);
	free(g->near);
	*g = (struct graph){ 0 };
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

/* The first end of a chain; NO_VERTEX when the mesh is anything else. */
static size_t chain_end(const struct graph *g)
{
	size_t end = NO_VERTEX;

	for (size_t v = g->n; v-- > 0;) {
		if (g->nodes[v].degree > 2 || g->nodes[v].degree == 0)
			return NO_VERTEX;
		if (g->nodes[v].degree == 1)
			end = v;
	}
	return end;
}

size_t graph_root(const struct graph *g)
{
	size_t *parent = need(calloc(g->n + 1, sizeof *parent));
	size_t *distance = need(calloc(g->n + 1, sizeof *distance));
	size_t best = 0, best_far = SIZE_MAX, end = chain_end(g);

	for (size_t v = 0; v < g->n && end == NO_VERTEX; v++) {
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
	return end != NO_VERTEX ? end : best;
}
