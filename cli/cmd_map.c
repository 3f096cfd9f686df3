/* cmd_map.c - `leno map`: the mesh as a picture. */
#include "app.h"
#include "graph.h"
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct map_command {
	struct words words;
	char *svg, *root;
	bool dot, ascii;
};

struct map {
	struct app app;
	const struct map_command *c;
};

static int write_svg(const struct graph *g, const char *path, const char *network)
{
	char *svg = map_draw_svg(g, network);
	FILE *file;
	bool bad;

	if (strcmp(path, "-") == 0) {
		out_bytes(svg, strlen(svg));
		free(svg);
		return EXIT_DONE;
	}
	file = fopen(path, "w");
	bad = file == NULL || fputs(svg, file) == EOF;
	if (file != NULL)
		bad = fclose(file) != 0 || bad;
	if (bad)
		fail("%s cannot be written: %s", path, strerror(errno));
	free(svg);
	return bad ? EXIT_FAILED : EXIT_DONE;
}

static void print_json(const struct graph *g)
{
	for (size_t i = 0; i < g->n; i++) {
		cJSON *object = need(cJSON_CreateObject());

		json_text(object, "kind", "node");
		json_text(object, "id", g->nodes[i].text);
		json_text(object, "name", g->nodes[i].said);
		json_text(object, "role", role_text(g->nodes[i].role));
		out_json(object);
	}
	for (size_t i = 0; i < g->n_links; i++) {
		cJSON *object = need(cJSON_CreateObject());

		json_text(object, "kind", "link");
		json_text(object, "a", g->nodes[g->links[i].a].text);
		json_text(object, "b", g->nodes[g->links[i].b].text);
		json_number(object, "cost", g->links[i].cost);
		out_json(object);
	}
}

static void print_text(struct map *m, const struct graph *g, const char *network)
{
	size_t at = graph_root(g);
	leno_id id;
	char name[300];

	if (m->c->root != NULL) {
		if (!app_seek(&m->app, m->c->root, &id))
			return;
		at = graph_find(g, &id);
	}
	map_draw_text(g, at, out_columns(), m->c->ascii || !out_is_utf8());
	out("%s%zu node%s, %zu link%s in network %s%s\n", style_dim(), g->n, g->n == 1 ? "" : "s",
	    g->n_links, g->n_links == 1 ? "" : "s",
	    safe_copy(name, sizeof name, network, strlen(network)), style_none());
}

static void on_tick(struct app *app)
{
	struct map *m = (struct map *)app;
	const char *network = leno_network(app->node);
	int code = EXIT_DONE;
	struct graph g;

	app->synced = app->synced || leno_synced(app->node);
	if (!app->synced)
		return;
	graph_load(&g, app->node);
	if (m->c->svg != NULL)
		code = write_svg(&g, m->c->svg, network);
	else if (m->c->dot)
		map_draw_dot(&g);
	else if (app->set->json)
		print_json(&g);
	else
		print_text(m, &g, network);
	graph_free(&g);
	app_end(app, code);
}

static void on_late(struct app *app)
{
	app_not_found(app, NULL);
}

static const struct argp_option options[] = {
	{ "dot", 'd', NULL, 0, "as DOT, for graphviz", 0 },
	{ "svg", 's', "FILE", 0, "as an SVG picture in FILE (- is standard output)", 0 },
	{ "root", 'r', "NODE", 0, "let the tree grow from this node (default: the middle)", 0 },
	{ "ascii", 'a', NULL, 0, "draw with ASCII alone", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &asking_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct map_command *c = state->input;

	switch (key) {
	case 'd': c->dot = true; return 0;
	case 's': c->svg = arg; return 0;
	case 'r': c->root = arg; return 0;
	case 'a': c->ascii = true; return 0;
	default: return words_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Draws the mesh: who is linked with whom."
	       "\vThe tree shows shortest paths from its root; the links that are not in it "
	       "stand below. --json prints nodes, then links.",
	.children = children,
};

/* What was asked for and would not be done: a sentence, or NULL. --json in the environment is
 * meant for all commands, and gives way. */
static const char *two_of(struct map_command *c)
{
	bool picture = c->dot || c->svg != NULL;

	if (c->dot && c->svg != NULL)
		return "--dot and --svg are two pictures: choose one";
	if (picture && settings_from(&c->words.set, "json", LAYER_ARGUMENT) && c->words.set.json)
		return "--json and a picture are two things: leave --json, --dot or --svg out";
	if (picture || c->words.set.json) {
		if (c->root != NULL)
			return "--root is for the tree in the terminal: leave it, or the other format, "
			       "out";
		if (c->ascii)
			return "--ascii is for the tree in the terminal: leave it, or the other "
			       "format, out";
	}
	return NULL;
}

int cmd_map(int argc, char **argv)
{
	static const leno_handlers handlers = { 0 };
	struct map_command c = { 0 };
	struct map m = { .app = { .tick = on_tick, .late = on_late }, .c = &c };
	const char *wrong;

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	wrong = two_of(&c);
	if (wrong != NULL) {
		fail("%s", wrong);
		return EXIT_USAGE;
	}
	if (!app_open(&m.app, &c.words.set, &handlers, false))
		return m.app.exit;
	app_start_clock(&m.app);
	return app_run(&m.app);
}
