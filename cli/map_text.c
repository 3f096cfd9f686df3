/* map_text.c - the mesh as a tree that grows to the right, for a terminal:
 *
 *	ada ─┬─ bob ── cyd ── eve
 *	     └─ dan
 *	also linked: cyd – dan
 *
 * The tree is that of shortest paths from its root; the links that are not in it are
 * listed below, so that lines never cross.
 *
 *  1. Each node stands in the tree once (again where a line would be too long: the
 *     branch breaks off with an arrow and goes on below, beginning with its node).
 *  2. Leaves of one node stand side by side when there are many. */
#include "graph.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

enum {
	LEAVES_APART = 5, /* so many leaves have lines of their own */
	EXTRA_LINES = 12, /* so many lines of links beside the tree */
	PREFIX_MAX = 1024
};

struct signs {
	const char *one, *wide, *fork, *mid, *last, *down, *blank, *more, *dash;
};

static const struct signs signs_utf8 = { " ── ", " ─── ", " ─┬─ ", " ├─ ", " └─ ",
	                                 " │  ", "    ",  " ─▸",   "–" };
static const struct signs signs_ascii = { " -- ", " --- ", " -+- ", " +- ", " `- ",
	                                  " |  ", "    ",  " ->",   "-" };

struct drawing {
	const struct graph *g;
	const struct signs *signs;
	size_t *parent, *distance;
	size_t *later; /* roots of branches that go on below */
	size_t n_later;
	unsigned columns;
	char prefix[PREFIX_MAX];
};

static bool is_child(const struct drawing *d, size_t v, size_t w)
{
	return d->parent[w] == v;
}

static size_t near(const struct drawing *d, size_t v, size_t i)
{
	return d->g->near[d->g->nodes[v].first + i];
}

static size_t count_children(const struct drawing *d, size_t v)
{
	size_t n = 0;

	for (size_t i = 0; i < d->g->nodes[v].degree; i++)
		n += is_child(d, v, near(d, v, i));
	return n;
}

static const char *mark(const struct vertex *v)
{
	return v->role == LENO_ENDPOINT   ? " (endpoint)"
	       : v->role == LENO_OBSERVER ? " (observer)"
	                                  : "";
}

static size_t label_columns(const struct vertex *v)
{
	return text_columns(v->name) + strlen(mark(v));
}

static void put_label(const struct vertex *v)
{
	out("%s%s%s%s%s%s", style_bold(), v->name, style_none(), style_dim(), mark(v),
	    style_none());
}

static void put_line_start(const struct drawing *d)
{
	out("\n%s%s%s", style_dim(), d->prefix, style_none());
}

/* Appends to the prefix of the lines below; the caller cuts it again. */
static void prefix_add(struct drawing *d, const char *text, size_t blanks)
{
	size_t used = strlen(d->prefix);

	while (blanks-- > 0 && used + 1 < PREFIX_MAX)
		d->prefix[used++] = ' ';
	d->prefix[used] = '\0';
	if (used + strlen(text) + 1 <= PREFIX_MAX)
		strcpy(d->prefix + used, text);
}

/* Leaves side by side, in as many lines as they take. */
static void put_leaves(struct drawing *d, size_t v, size_t column)
{
	size_t at = column;
	bool first = true;

	for (size_t i = 0; i < d->g->nodes[v].degree; i++) {
		size_t w = near(d, v, i), size;

		if (!is_child(d, v, w) || count_children(d, w) > 0)
			continue;
		size = label_columns(&d->g->nodes[w]) + 2;
		if (!first) {
			out(",");
			if (at + size > d->columns) {
				put_line_start(d);
				at = column;
			} else {
				out(" ");
			}
		}
		put_label(&d->g->nodes[w]);
		at += size;
		first = false;
	}
}

static void put_node(struct drawing *d, size_t v, size_t column);

/* A branch to one child, or to all leaves together (child == NO_VERTEX). */
static void put_branch(struct drawing *d, size_t v, size_t child, const char *sign, bool last,
                       size_t column)
{
	size_t cut = strlen(d->prefix);

	out("%s%s%s", style_dim(), sign, style_none());
	prefix_add(d, last ? d->signs->blank : d->signs->down, 0);
	if (child == NO_VERTEX)
		put_leaves(d, v, column);
	else
		put_node(d, child, column);
	d->prefix[cut] = '\0';
}

static size_t count_leaves(const struct drawing *d, size_t v)
{
	size_t n = 0;

	for (size_t i = 0; i < d->g->nodes[v].degree; i++) {
		size_t w = near(d, v, i);

		n += is_child(d, v, w) && count_children(d, w) == 0;
	}
	return n;
}

static void put_fork(struct drawing *d, size_t v, size_t column)
{
	size_t leaves = count_leaves(d, v), children = count_children(d, v);
	bool together = leaves > LEAVES_APART;
	size_t branches = together ? children - leaves + 1 : children, done = 0;

	for (size_t i = 0; i <= d->g->nodes[v].degree; i++) {
		size_t w = NO_VERTEX;

		if (i < d->g->nodes[v].degree) {
			w = near(d, v, i);
			if (!is_child(d, v, w) || (together && count_children(d, w) == 0))
				continue;
		} else if (!together) {
			break;
		}
		done++;
		if (done > 1)
			put_line_start(d);
		put_branch(d, v, w,
		           branches == 1     ? d->signs->wide
		           : done == 1       ? d->signs->fork
		           : done < branches ? d->signs->mid
		                             : d->signs->last,
		           done == branches, column);
	}
}

/* Draws v and all below it; the cursor is at `column`. */
static void put_node(struct drawing *d, size_t v, size_t column)
{
	const struct vertex *vertex = &d->g->nodes[v];
	size_t width = label_columns(vertex), children = count_children(d, v), widest = 0;
	size_t cut = strlen(d->prefix);

	put_label(vertex);
	if (children == 0)
		return;
	for (size_t i = 0; i < vertex->degree; i++) {
		size_t w = near(d, v, i), n = label_columns(&d->g->nodes[w]);

		if (is_child(d, v, w))
			widest = n > widest ? n : widest;
	}
	/* Room for the sign, a child, and the arrow that may follow it. */
	if (column > 0 && column + width + 5 + widest + 3 > d->columns) {
		out("%s%s%s", style_dim(), d->signs->more, style_none());
		d->later[d->n_later++] = v;
		return;
	}
	/* The fork's own sign is a column wider than those below it. */
	if (children == 1) {
		prefix_add(d, "", width);
		for (size_t i = 0; i < vertex->degree; i++) {
			if (is_child(d, v, near(d, v, i)))
				put_branch(d, v, near(d, v, i), d->signs->one, true,
				           column + width + 4);
		}
	} else {
		prefix_add(d, "", width + 1);
		put_fork(d, v, column + width + 5);
	}
	d->prefix[cut] = '\0';
}

static bool in_tree(const struct drawing *d, const struct arc *link)
{
	return d->parent[link->a] == link->b || d->parent[link->b] == link->a;
}

/* The links beside the tree, those of one node together. */
static void put_extras(const struct drawing *d)
{
	const struct graph *g = d->g;
	size_t extras = 0, shown = 0, lines = 0, column = d->columns;
	size_t from = NO_VERTEX;

	for (size_t i = 0; i < g->n_links; i++)
		extras += !in_tree(d, &g->links[i]);
	if (extras == 0)
		return;
	if (g->n_links == g->n * (g->n - 1) / 2) {
		out("all of them linked with each other\n");
		return;
	}
	for (size_t i = 0; i < g->n_links; i++) {
		const struct vertex *a = &g->nodes[g->links[i].a], *b = &g->nodes[g->links[i].b];
		bool same = from == g->links[i].a;
		size_t width = text_columns(b->name) + (same ? 0 : text_columns(a->name) + 3) + 2;

		if (in_tree(d, &g->links[i]))
			continue;
		if (lines > 0 && column + width > d->columns && lines == EXTRA_LINES)
			break;
		if (lines == 0 || column + width > d->columns) {
			out("%s%s",
			    lines == 0 ? "also linked: "
			    : same     ? ","
			               : ";",
			    lines == 0 ? "" : "\n             ");
			column = 13;
			lines++;
			same = false;
		} else {
			out(same ? ", " : "; ");
		}
		if (!same)
			out("%s %s ", a->name, d->signs->dash);
		out("%s", b->name);
		column += width;
		from = g->links[i].a;
		shown++;
	}
	if (shown < extras)
		out("\n             and %zu more (--svg FILE draws them all)", extras - shown);
	out("\n");
}

static void draw_from(struct drawing *d, size_t root)
{
	d->prefix[0] = '\0';
	d->n_later = 0;
	put_node(d, root, 0);
	out("\n");
	while (d->n_later > 0) { /* the newest first: an arm is told to its end */
		put_node(d, d->later[--d->n_later], 0);
		out("\n");
	}
}

void map_draw_text(const struct graph *g, size_t root, unsigned columns, bool ascii)
{
	struct drawing d = { .g = g,
		             .signs = ascii ? &signs_ascii : &signs_utf8,
		             .columns = columns };

	d.parent = need(calloc(g->n + 1, sizeof *d.parent));
	d.distance = need(calloc(g->n + 1, sizeof *d.distance));
	d.later = need(calloc(g->n + 1, sizeof *d.later));
	graph_tree(g, root, d.parent, d.distance);
	if (g->n > 0)
		draw_from(&d, root);
	/* What has no link in our view still is there. */
	for (size_t i = 0; i < g->n; i++) {
		if (d.distance[i] == NO_VERTEX) {
			put_label(&g->nodes[i]);
			out("\n");
		}
	}
	put_extras(&d);
	free(d.parent);
	free(d.distance);
	free(d.later);
}
