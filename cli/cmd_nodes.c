/* cmd_nodes.c - `leno nodes`: who is there, once or for as long as one looks. */
#include "app.h"
#include "events.h"
#include "graph.h"
#include "output.h"
#include "status.h"

#include <stdio.h>
#include <string.h>

enum { REDRAW_MS = 1000 };

struct nodes_command {
	struct words words;
	bool watch, whole_ids, status;
};

struct nodes {
	struct app app;
	const struct nodes_command *c;
	bool draws;   /* --watch on a terminal            */
	bool changed; /* since the table was last drawn   */
	bool asks;    /* --status: all of them are asked  */
	struct rounds rounds;
};

/* ---- the table ------------------------------------------------------------- */

enum { ID, NAME, ROUTE, HOPS, RTT, LABELS, ROLE, FIELDS };

static const char *const titles[FIELDS] = {
	"ID", "NAME", "ROUTE", "HOPS", "RTT", "LABELS", "ROLE"
};

struct row {
	char id[LENO_ID_TEXT], hops[16], rtt[24];
	const char *field[FIELDS];
};

static void make_row(struct row *row, const struct graph *g, size_t i, bool whole_ids)
{
	const struct vertex *v = &g->nodes[i];
	size_t via = graph_find(g, &v->next);

	snprintf(row->id, sizeof row->id, "%.*s", whole_ids ? LENO_ID_TEXT : (int)g->id_columns,
	         v->text);
	snprintf(row->hops, sizeof row->hops, "%u", v->hops);
	if (v->rtt_us > 0)
		snprintf(row->rtt, sizeof row->rtt, "%.2f ms", v->rtt_us / 1e3);
	else
		snprintf(row->rtt, sizeof row->rtt, "-");
	row->field[ID] = row->id;
	row->field[NAME] = v->named ? v->name : "-";
	row->field[ROUTE] = v->hops <= 1 ? "direct" : via == NO_VERTEX ? "-" : g->nodes[via].name;
	row->field[HOPS] = row->hops;
	row->field[RTT] = row->rtt;
	row->field[LABELS] = *v->labels ? v->labels : "-";
	row->field[ROLE] = role_text(v->role);
}

static void print_row(const char *const *field, const size_t *width)
{
	for (int f = 0; f < FIELDS; f++) {
		size_t pad = f == FIELDS - 1 ? 0 : width[f] - text_columns(field[f]);

		if (f == HOPS || f == RTT)
			out("%*s%s%s", (int)pad, "", field[f], f == FIELDS - 1 ? "" : "  ");
		else
			out("%s%*s%s", field[f], (int)pad, "", f == FIELDS - 1 ? "" : "  ");
	}
	out("\n");
}

static void print_table(const struct graph *g, bool whole_ids)
{
	size_t width[FIELDS];
	struct row row;

	for (int f = 0; f < FIELDS; f++)
		width[f] = strlen(titles[f]);
	for (size_t i = 0; i < g->n; i++) {
		make_row(&row, g, i, whole_ids);
		for (int f = 0; f < FIELDS; f++) {
			size_t n = text_columns(row.field[f]);

			width[f] = n > width[f] ? n : width[f];
		}
	}
	out("%s", style_dim());
	print_row(titles, width);
	out("%s", style_none());
	for (size_t i = 0; i < g->n; i++) {
		make_row(&row, g, i, whole_ids);
		print_row(row.field, width);
	}
}

static bool print_json(void *arg, const leno_info *info)
{
	cJSON *object;

	if (info->role == LENO_VISITOR)
		return true;
	object = need(cJSON_CreateObject());
	json_info(object, info);
	out_json(object);
	return true;
}

/* ---- once, or on and on ---------------------------------------------------- */

static void draw(struct nodes *n)
{
	const char *network = leno_network(n->app.node);
	struct graph g;
	char name[300];

	graph_load(&g, n->app.node);
	/* Home, and clear what is below: no flicker from clearing first. */
	out("\033[H\033[J%s%zu node%s in network %s, Ctrl-C ends%s\n\n", style_dim(), g.n,
	    g.n == 1 ? "" : "s", safe_copy(name, sizeof name, network, strlen(network)),
	    style_none());
	print_table(&g, n->c->whole_ids);
	graph_free(&g);
	n->changed = false;
	n->app.deadline = clock_ms() + REDRAW_MS;
}

static void ask_all(struct nodes *n)
{
	if (!n->asks)
		status_begin(&n->rounds, &n->app);
	n->asks = true;
	n->app.deadline = -1; /* the library keeps it from here */
	if (!rounds_work(&n->rounds))
		return;
	status_print(&n->rounds, n->c->whole_ids);
	app_end(&n->app, rounds_exit(&n->rounds));
}

static void on_tick(struct app *app)
{
	struct nodes *n = (struct nodes *)app;
	bool before = app->synced;
	struct graph g;

	app->synced = app->synced || leno_synced(app->node);
	if (!app->synced)
		return;
	if (n->draws) {
		if (n->changed || !before)
			draw(n);
		return;
	}
	if (n->c->watch) {
		app->deadline = -1; /* the events speak, see below */
		return;
	}
	if (n->c->status) {
		ask_all(n);
		return;
	}
	if (app->set->json) {
		leno_nodes(app->node, print_json, NULL);
	} else {
		graph_load(&g, app->node);
		print_table(&g, n->c->whole_ids);
		graph_free(&g);
	}
	app_end(app, EXIT_DONE);
}

static void on_late(struct app *app)
{
	struct nodes *n = (struct nodes *)app;

	if (!app->synced)
		app_not_found(app, NULL);
	else if (n->draws)
		draw(n);
}

static void on_node_up(leno_node *node, void *user, const leno_info *info)
{
	struct nodes *n = user;

	n->changed = true;
	if (n->c->watch && !n->draws)
		event_node_up(EVENTS_JSON, info);
}

static void on_node_down(leno_node *node, void *user, const leno_id *id, enum leno_why why)
{
	struct nodes *n = user;

	n->changed = true;
	if (n->c->watch && !n->draws)
		event_node_down(EVENTS_JSON, id, why);
}

static const struct argp_option options[] = {
	{ "watch", 'w', NULL, 0, "go on: a table that follows the mesh, or events as JSON", 0 },
	{ "long", 'l', NULL, 0, "ids in full", 0 },
	{ "status", 's', NULL, 0, "ask each how it is: version, uptime, load, services ...", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &asking_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct nodes_command *c = state->input;

	switch (key) {
	case 'w': c->watch = true; return 0;
	case 'l': c->whole_ids = true; return 0;
	case 's': c->status = true; return 0;
	default: return words_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Says who is there: id, name, through which neighbour, over how many links, the "
	       "round trip, labels."
	       "\vWith --watch and --json, or where standard output is no terminal, it prints "
	       "an object for each node that comes and goes. With --status it ends with 1 when "
	       "one of them did not answer, with 3 when it was late; CPU and MEMORY are of its "
	       "process.",
	.children = children,
};

int cmd_nodes(int argc, char **argv)
{
	static const leno_handlers handlers = { .node_up = on_node_up, .node_down = on_node_down };
	struct nodes_command c = { 0 };
	struct nodes n = { .app = { .tick = on_tick, .late = on_late }, .c = &c };

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	if (c.watch && c.status) {
		fail("--watch and --status exclude each other; `leno top NODE` goes on");
		return EXIT_USAGE;
	}
	n.draws = c.watch && !c.words.set.json && out_is_terminal();
	if (!app_open(&n.app, &c.words.set, &handlers, false))
		return n.app.exit;
	app_start_clock(&n.app);
	app_run(&n.app);
	status_free(&n.rounds);
	return n.app.exit;
}
