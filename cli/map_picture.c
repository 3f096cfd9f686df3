/* map_picture.c - the mesh as DOT for graphviz, and as an SVG that stands alone.
 *
 * The layout is a play of springs: links pull, all nodes push, and what is allowed to
 * move shrinks step by step. It starts from a circle and rolls no dice, so the same
 * mesh gives the same picture, and needs no libm, which differs between machines. */
#include "graph.h"
#include "output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STEPS = 400,
	PUSHES_MAX = 60 * 1000 * 1000, /* of node against node, in all steps */
	LENGTH = 110,                  /* pixels, what a link would like to be */
	MARGIN = 70
};

struct point {
	double x, y;
};

static double root(double x)
{
	double r = x > 1 ? x : 1;

	for (int i = 0; i < 40 && x > 0; i++)
		r = (r + x / r) / 2;
	return x > 0 ? r : 0;
}

/* The unit vector at this angle (to half a turn), by its series. */
static struct point turn(double angle)
{
	struct point p = { 0, 0 };
	double term = 1;

	for (int i = 0; i < 24; i++) {
		double sign = i % 4 < 2 ? 1 : -1;

		if (i % 2 == 0)
			p.x += sign * term;
		else
			p.y += sign * term;
		term *= angle / (i + 1);
	}
	return p;
}

static void layout_circle(struct point *at, size_t n)
{
	struct point step = turn(6.283185307179586 / (double)(n < 2 ? 2 : n));
	double radius = n < 2 ? 0 : (double)n / 6.283185307179586 + 0.3;
	struct point p = { 0, -radius };

	for (size_t i = 0; i < n; i++) {
		at[i] = p;
		p = (struct point){ p.x * step.x - p.y * step.y, p.x * step.y + p.y * step.x };
	}
}

static void push(const struct graph *g, const struct point *at, struct point *move)
{
	for (size_t i = 0; i < g->n; i++) {
		for (size_t j = i + 1; j < g->n; j++) {
			double x = at[i].x - at[j].x, y = at[i].y - at[j].y;
			double square = x * x + y * y + 1e-6;

			move[i].x += x / square;
			move[i].y += y / square;
			move[j].x -= x / square;
			move[j].y -= y / square;
		}
	}
}

static void pull(const struct graph *g, const struct point *at, struct point *move)
{
	for (size_t i = 0; i < g->n_links; i++) {
		size_t a = g->links[i].a, b = g->links[i].b;
		double x = at[a].x - at[b].x, y = at[a].y - at[b].y;
		double length = root(x * x + y * y);

		move[a].x -= x * length;
		move[a].y -= y * length;
		move[b].x += x * length;
		move[b].y += y * length;
	}
	/* A little towards the middle, so that parts without a link stay in sight. */
	for (size_t i = 0; i < g->n; i++) {
		move[i].x -= at[i].x * 0.05;
		move[i].y -= at[i].y * 0.05;
	}
}

static void layout_springs(const struct graph *g, struct point *at)
{
	struct point *move = need(calloc(g->n + 1, sizeof *move));
	size_t pairs = g->n * (g->n - 1) / 2 + 1;
	int steps = STEPS;

	while (steps > 20 && (double)steps * (double)pairs > PUSHES_MAX)
		steps /= 2;
	for (int step = 0; step < steps; step++) {
		double most = 1.0 * (steps - step) / steps;

		memset(move, 0, g->n * sizeof *move);
		push(g, at, move);
		pull(g, at, move);
		for (size_t i = 0; i < g->n; i++) {
			double length = root(move[i].x * move[i].x + move[i].y * move[i].y);
			double scale = length > most ? most / length : 1;

			at[i].x += move[i].x * scale;
			at[i].y += move[i].y * scale;
		}
	}
	free(move);
}

/* ---- SVG ------------------------------------------------------------------- */

struct writer {
	char *text;
	size_t size, room;
};

static void put(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct writer *w, const char *format, ...)
{
	va_list list;
	int n;

	if (w->room - w->size < 1024) {
		w->room = w->room ? w->room * 2 : 8192;
		w->text = need(realloc(w->text, w->room));
	}
	va_start(list, format);
	n = vsnprintf(w->text + w->size, w->room - w->size, format, list);
	va_end(list);
	w->size += n > 0 ? (size_t)n : 0; /* no piece is longer than 1024 */
}

static void put_escaped(struct writer *w, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&': put(w, "&amp;"); break;
		case '<': put(w, "&lt;"); break;
		case '>': put(w, "&gt;"); break;
		case '"': put(w, "&quot;"); break;
		default: put(w, "%c", *text);
		}
	}
}

static const char svg_style[] =
	"<style>\n"
	"svg { background: #fff; font: 13px system-ui, sans-serif }\n"
	"line { stroke: #9aa5b1; stroke-width: 1.5 }\n"
	"circle { fill: #2f6f9f; stroke: #fff; stroke-width: 2 }\n"
	"circle.endpoint { fill: #fff; stroke: #2f6f9f }\n"
	"text { text-anchor: middle; fill: #1f2933; stroke: #fff; stroke-width: 3; "
	"paint-order: stroke }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"svg { background: #15191e } line { stroke: #52606d }\n"
	"circle { fill: #62b0e8; stroke: #15191e }\n"
	"circle.endpoint { fill: #15191e; stroke: #62b0e8 }\n"
	"text { fill: #e4e7eb; stroke: #15191e } }\n"
	"</style>\n";

static void put_mesh(struct writer *w, const struct graph *g, const struct point *at)
{
	for (size_t i = 0; i < g->n_links; i++) {
		const struct point *a = &at[g->links[i].a], *b = &at[g->links[i].b];

		put(w, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", a->x, a->y,
		    b->x, b->y);
	}
	for (size_t i = 0; i < g->n; i++) {
		const struct vertex *v = &g->nodes[i];

		put(w, "<g><title>%s %s</title>", v->text, role_text(v->role));
		put(w, "<circle%s cx=\"%.1f\" cy=\"%.1f\" r=\"8\"/>",
		    v->role == LENO_ENDPOINT ? " class=\"endpoint\"" : "", at[i].x, at[i].y);
		put(w, "<text x=\"%.1f\" y=\"%.1f\">", at[i].x, at[i].y + 24);
		put_escaped(w, v->name);
		put(w, "</text></g>\n");
	}
}

/* Moves all into the picture: pixels, from the margins on. */
static struct point fit(struct point *at, size_t n)
{
	struct point low = { 0, 0 }, high = { 0, 0 };

	for (size_t i = 0; i < n; i++) {
		low.x = i == 0 || at[i].x < low.x ? at[i].x : low.x;
		low.y = i == 0 || at[i].y < low.y ? at[i].y : low.y;
		high.x = i == 0 || at[i].x > high.x ? at[i].x : high.x;
		high.y = i == 0 || at[i].y > high.y ? at[i].y : high.y;
	}
	for (size_t i = 0; i < n; i++) {
		at[i].x = (at[i].x - low.x) * LENGTH + MARGIN;
		at[i].y = (at[i].y - low.y) * LENGTH + MARGIN;
	}
	return (struct point){ (high.x - low.x) * LENGTH + 2 * MARGIN,
		               (high.y - low.y) * LENGTH + 2 * MARGIN };
}

char *map_draw_svg(const struct graph *g, const char *network)
{
	struct point *at = need(calloc(g->n + 1, sizeof *at)), size;
	struct writer w = { 0 };
	char name[300];

	layout_circle(at, g->n);
	/* Where most are linked with most, springs make a ball of wool. */
	if (g->n > 2 && g->n_links < g->n * (g->n - 1) / 4 + g->n)
		layout_springs(g, at);
	size = fit(at, g->n);
	put(&w,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
	    "width=\"%.0f\" height=\"%.0f\">\n<title>",
	    size.x, size.y, size.x, size.y);
	put_escaped(&w, safe_copy(name, sizeof name, network, strlen(network)));
	put(&w, ": %zu nodes, %zu links</title>\n%s", g->n, g->n_links, svg_style);
	put_mesh(&w, g, at);
	put(&w, "</svg>\n");
	free(at);
	return w.text;
}

/* ---- DOT ------------------------------------------------------------------- */

static void out_quoted(const char *text)
{
	out("\"");
	for (; *text; text++)
		out(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	out("\"");
}

void map_draw_dot(const struct graph *g)
{
	out("graph leno {\n\tnode [shape=box, style=rounded];\n");
	for (size_t i = 0; i < g->n; i++) {
		out("\t\"%s\" [label=", g->nodes[i].text);
		out_quoted(g->nodes[i].name);
		out("%s];\n", g->nodes[i].role == LENO_ENDPOINT ? ", style=dashed" : "");
	}
	for (size_t i = 0; i < g->n_links; i++)
		out("\t\"%s\" -- \"%s\" [tooltip=\"cost %u\"];\n", g->nodes[g->links[i].a].text,
		    g->nodes[g->links[i].b].text, g->links[i].cost);
	out("}\n");
}
