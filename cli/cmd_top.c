/* cmd_top.c - `leno top`: a node's links and sessions, and the nodes of its mesh, as they go. */
#include "graph.h"
#include "output.h"
#include "screen.h"
#include "units.h"
#include "view.h"
#include "watch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HURRY_MS = 250, TEXT_MAX = 512, HEAD_LINES = 3, FOOT_LINES = 1, BODY_LEAST = 3 };

struct top_command {
	struct words words;
	leno_ms interval_ms;
};

struct line {
	char *text;
	bool title;
};

struct top {
	struct watch w;
	leno_ms interval_ms;
	bool draws; /* on a terminal; else one table is printed */
	bool opened;
	int error; /* of the last question */
	struct line *lines; /* below the head                */
	size_t n_lines, room, scroll;
	char keys[32]; /* that came, not whole yet */
	size_t n_keys;
};

/* ---- what is below the head ------------------------------------------------- */

static void add_line(struct top *t, const char *text, bool title)
{
	if (t->n_lines == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->lines = need(realloc(t->lines, t->room * sizeof *t->lines));
	}
	t->lines[t->n_lines++] = (struct line){ need(strdup(text)), title };
}

static void clear_lines(struct top *t)
{
	for (size_t i = 0; i < t->n_lines; i++)
		free(t->lines[i].text);
	t->n_lines = 0;
}

static void add_table(struct top *t, struct table *table, size_t columns)
{
	size_t width[TABLE_COLUMNS_MAX];
	char text[TABLE_LINE_MAX];

	if (t->n_lines > 0)
		add_line(t, "", false);
	table_fit(table, columns, width);
	add_line(t, table_line(table, width, SIZE_MAX, text), true);
	for (size_t i = 0; i < table_rows(table); i++)
		add_line(t, table_line(table, width, i, text), false);
	table_free(table);
}

/* The mesh as this command sees it. */
static void fill_nodes(struct table *table, leno_node *node)
{
	static const struct column columns[] = { { "MESH", false, 0 },   { "ID", false, 3 },
		                                 { "HOPS", true, 2 },    { "RTT", true, 0 },
		                                 { "ROUTE", false, 4 },  { "ROLE", false, 1 },
		                                 { "LABELS", false, 5 } };
	struct graph g;
	char text[UNITS_MAX];

	graph_load(&g, node);
	table_init(table, columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < g.n; i++) {
		const struct vertex *v = &g.nodes[i];
		size_t via = graph_find(&g, &v->next);

		table_add(table, v->name);
		snprintf(text, sizeof text, "%.8s", v->text);
		table_add(table, text);
		snprintf(text, sizeof text, "%u", v->hops);
		table_add(table, text);
		table_add(table, show_trip(text, v->rtt_us));
		table_add(table, v->hops <= 1        ? "direct"
		                 : via == NO_VERTEX ? "-"
		                                    : g.nodes[via].name);
		table_add(table, role_text(v->role));
		table_add(table, v->labels);
	}
	graph_free(&g);
}

static void fill_lines(struct top *t, size_t columns)
{
	const struct view view = { &t->w.now, &t->w.before, watch_passed_ms(&t->w) };
	struct table table;

	clear_lines(t);
	view_links(&table, &view);
	add_table(t, &table, columns);
	view_sessions(&table, &view);
	add_table(t, &table, columns);
	fill_nodes(&table, t->w.app.node);
	add_table(t, &table, columns);
}

/* ---- the head and the foot --------------------------------------------------- */

static void say_node(const struct top *t, char text[TEXT_MAX])
{
	const struct snapshot *s = &t->w.now;
	char node[SHOWN_MAX + 40], up[UNITS_MAX];

	view_node(node, sizeof node, &s->id, s->name);
	snprintf(text, TEXT_MAX, "%s in network %s, up %s: %u links, %u sessions, %u nodes", node,
	         s->network, show_age(up, s->uptime_ms), (unsigned)s->stats.links,
	         (unsigned)s->stats.sessions, (unsigned)s->stats.nodes);
}

#define RATE(field) rate_of(now->field, before->field, ms)

static void say_rates(const struct top *t, char text[TEXT_MAX])
{
	static const leno_stats none;
	uint64_t ms = watch_passed_ms(&t->w);
	const leno_stats *now = &t->w.now.stats, *before = ms ? &t->w.before.stats : &none;
	char a[UNITS_MAX], b[UNITS_MAX], c[UNITS_MAX], d[UNITS_MAX], e[UNITS_MAX], f[UNITS_MAX],
		g[UNITS_MAX], h[UNITS_MAX];

	snprintf(text, TEXT_MAX,
	         "out %s/s, in %s/s, messages %s/s out, %s/s in, relayed %s/s, dropped %s/s, "
	         "lost %s/s, resent %s/s",
	         show_bytes(a, RATE(bytes_out)), show_bytes(b, RATE(bytes_in)),
	         show_count(c, RATE(sent)), show_count(d, RATE(received)),
	         show_count(e, RATE(forwarded)), show_count(f, RATE(dropped)),
	         show_count(g, RATE(lost_packets)), show_bytes(h, RATE(resent_bytes)));
}

static void say_foot(const struct top *t, size_t body, char text[TEXT_MAX])
{
	size_t last = t->scroll + body < t->n_lines ? t->scroll + body : t->n_lines;

	if (body < t->n_lines)
		snprintf(text, TEXT_MAX, "q quits, arrows and pages scroll: %zu to %zu of %zu",
		         t->scroll + 1, last, t->n_lines);
	else
		snprintf(text, TEXT_MAX, "q quits");
}

static size_t body_rows(unsigned rows)
{
	return rows >= HEAD_LINES + FOOT_LINES + BODY_LEAST ? rows - HEAD_LINES - FOOT_LINES
	       : rows > 1                                    ? rows - 1
	                                                     : 0;
}

static void draw(struct top *t)
{
	unsigned columns, rows;
	char text[TEXT_MAX];
	size_t body;
	bool roomy;

	if (!screen_begin())
		return;
	screen_size(&columns, &rows);
	roomy = rows >= HEAD_LINES + FOOT_LINES + BODY_LEAST;
	body = body_rows(rows);
	fill_lines(t, columns);
	if (t->scroll + body > t->n_lines)
		t->scroll = t->n_lines > body ? t->n_lines - body : 0;
	say_node(t, text);
	screen_line(style_bold(), text);
	if (roomy) {
		say_rates(t, text);
		screen_line("", text);
		snprintf(text, sizeof text, "no answer now: %s", leno_strerror(t->error));
		screen_line(style_bad(), t->error ? text : "");
	}
	for (size_t i = t->scroll; i < t->scroll + body; i++)
		screen_line(i < t->n_lines && t->lines[i].title ? style_dim() : "",
		            i < t->n_lines ? t->lines[i].text : "");
	if (roomy) {
		say_foot(t, body, text);
		screen_line(style_dim(), text);
	}
	screen_end();
}

/* ---- keys --------------------------------------------------------------------- */

static void scroll(struct top *t, enum key key)
{
	unsigned columns, rows;
	size_t page;

	screen_size(&columns, &rows);
	page = body_rows(rows) > 1 ? body_rows(rows) - 1 : 1;
	switch (key) {
	case KEY_UP: t->scroll -= t->scroll > 0; break;
	case KEY_DOWN: t->scroll++; break;
	case KEY_PAGE_UP: t->scroll -= t->scroll < page ? t->scroll : page; break;
	case KEY_PAGE_DOWN: t->scroll += page; break;
	case KEY_FIRST: t->scroll = 0; break;
	case KEY_LAST: t->scroll = t->n_lines; break;
	case KEY_QUIT:
	case KEY_OTHER: return;
	}
	draw(t);
}

static void on_keys(struct app *app, short revents, void *arg)
{
	struct top *t = arg;
	ssize_t n = read(screen_keys(), t->keys + t->n_keys, sizeof t->keys - t->n_keys);
	size_t used = 0, took;
	enum key key;

	if (n <= 0) {
		app_unwatch(app, screen_keys()); /* nobody is there to press one */
		return;
	}
	t->n_keys += (size_t)n;
	while ((took = screen_key(t->keys + used, t->n_keys - used, &key)) > 0) {
		used += took;
		if (key == KEY_QUIT)
			app_end(app, EXIT_DONE);
		scroll(t, key);
	}
	t->n_keys -= used;
	memmove(t->keys, t->keys + used, t->n_keys);
}

/* ---- once ----------------------------------------------------------------------- */

static void print_once(struct top *t)
{
	char text[TEXT_MAX];

	say_node(t, text);
	out("%s\n", text);
	say_rates(t, text);
	out("%s\n\n", text);
	fill_lines(t, 0);
	for (size_t i = 0; i < t->n_lines; i++)
		out("%s\n", t->lines[i].text);
	out_end();
}

static void on_reply(struct watch *w, leno_bytes reply, int error)
{
	struct top *t = (struct top *)w;

	t->error = error;
	if (w->replies < 2)
		return; /* two make a rate */
	w->interval_ms = t->interval_ms;
	if (!t->draws) {
		print_once(t);
		app_end(&w->app, EXIT_DONE);
		return;
	}
	if (!t->opened) {
		t->opened = true;
		screen_open();
		if (screen_keys() >= 0)
			app_watch(&w->app, screen_keys(), POLLIN, on_keys, t);
	}
	draw(t);
}

static void on_turn(struct watch *w)
{
	if (screen_turn())
		draw((struct top *)w);
}

static const struct argp_option options[] = {
	{ "interval", 'i', "SECONDS", 0, "from one look to the next (default: 1)", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &asking_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct top_command *c = state->input;

	if (key != 'i')
		return words_parse(key, arg, state);
	if (!parse_duration(arg, &c->interval_ms) || c->interval_ms < WATCH_LEAST_MS)
		argp_error(state, "--interval takes 0.1 s and more, as in 1, 0.5 or 250ms");
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[NODE]",
	.doc = "Shows how NODE, its links and its sessions are doing: rates, round trips, queues, "
	       "losses; and the nodes of the mesh. Without NODE it is the node that this command "
	       "joins by."
	       "\vThe busiest come first. q quits; arrows, j and k, page up and down, space and b, "
	       "home and end, g and G scroll. Where standard output is no terminal, one table is "
	       "printed after --interval.",
	.children = children,
};

int cmd_top(int argc, char **argv)
{
	struct top_command c = { .words = { .most = 1 }, .interval_ms = 1000 };
	struct top t = { .w = { .app = { .set = &c.words.set }, .show = on_reply, .turn = on_turn } };
	int code;

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	if (settings_from(&c.words.set, "json", LAYER_ARGUMENT)) {
		fail("top is for people; say `leno stats --watch --json` for JSON");
		return EXIT_USAGE;
	}
	t.draws = out_is_terminal();
	t.interval_ms = c.interval_ms;
	t.w.who = c.words.items[0];
	t.w.interval_ms = t.draws && c.interval_ms > HURRY_MS ? HURRY_MS : c.interval_ms;
	code = watch_run(&t.w);
	screen_close();
	clear_lines(&t);
	free(t.lines);
	return code;
}
