/* cmd_bench.c - `leno bench`: measures this machine, or round trips through this mesh. */
#include "app.h"
#include "bench.h"
#include "graph.h"
#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PINGS = 50 };

struct bench_command {
	struct words words;
	leno_ms each;
	bool mesh;
};

struct mesh_bench {
	struct app app;
	const char *who; /* NULL: all */
	bool started;
	struct graph graph; /* whom to ask */
	size_t at;
	uint32_t samples[PINGS];
	size_t n_samples;
	int64_t sent_us;
	int error;
};

static int by_value(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

uint32_t bench_percentile(uint32_t *values, size_t n, unsigned p)
{
	if (n == 0)
		return 0;
	qsort(values, n, sizeof *values, by_value);
	return values[(n - 1) * p / 100];
}

/* 1234567.8 to "1,234,568": figures are read by their length. */
static const char *with_commas(double value, char *ret, size_t size)
{
	char digits[32];
	size_t n, used = 0;

	snprintf(digits, sizeof digits, "%.*f", value < 100 ? 1 : 0, value);
	n = strcspn(digits, ".");
	for (size_t i = 0; digits[i] && used + 2 < size; i++) {
		if (i > 0 && i < n && (n - i) % 3 == 0)
			ret[used++] = ',';
		ret[used++] = digits[i];
	}
	ret[used] = '\0';
	return ret;
}

void bench_figure(const struct settings *set, const char *path, const char *metric, size_t size,
                  double value, const char *unit)
{
	char text[48];

	if (set->json) {
		cJSON *object = need(cJSON_CreateObject());

		json_text(object, "path", path);
		json_text(object, "metric", metric);
		json_number(object, "size", (double)size);
		json_number(object, "value", (double)(int64_t)(value * 10 + 0.5) / 10);
		json_text(object, "unit", unit);
		out_json(object);
		return;
	}
	out("%s", path);
	for (size_t n = text_columns(path); n < 12; n++)
		out(" ");
	out(" %-11s %6zu B %14s %s\n", metric, size, with_commas(value, text, sizeof text), unit);
	out_end();
}

/* ---- this mesh ---------------------------------------------------------------- */

static void next_ping(struct mesh_bench *b);

static void node_done(struct mesh_bench *b)
{
	const struct vertex *v = &b->graph.nodes[b->at];

	if (b->n_samples > 0) {
		bench_figure(b->app.set, v->name, "rtt_p50", 0,
		             bench_percentile(b->samples, b->n_samples, 50), "us");
		bench_figure(b->app.set, v->name, "rtt_p99", 0,
		             bench_percentile(b->samples, b->n_samples, 99), "us");
	}
	b->n_samples = 0;
	b->at++;
}

static void on_done(leno_node *node, void *user, const leno_answer *answer)
{
	struct mesh_bench *b = user;

	if (answer->error) {
		b->error = answer->error;
		fail("%s: %s", b->graph.nodes[b->at].name, leno_strerror(answer->error));
		node_done(b);
	} else {
		b->samples[b->n_samples++] = (uint32_t)(clock_us() - b->sent_us);
		if (b->n_samples == PINGS)
			node_done(b);
	}
	next_ping(b);
}

static void next_ping(struct mesh_bench *b)
{
	int error;

	while (b->at < b->graph.n) {
		b->sent_us = clock_us();
		error = leno_ping(b->app.node, &b->graph.nodes[b->at].id, b->app.set->timeout_ms,
		                  on_done, b);
		if (error == 0)
			return;
		b->error = error;
		fail("%s: %s", b->graph.nodes[b->at].name, leno_strerror(error));
		node_done(b);
	}
	app_end(&b->app, b->error ? app_error_exit(b->error) : EXIT_DONE);
}

/* Keeps one node of the graph. */
static void graph_only(struct graph *g, const leno_id *id)
{
	size_t at = graph_find(g, id);
	struct vertex kept;

	if (at == NO_VERTEX)
		return;
	kept = g->nodes[at];
	g->nodes[at] = g->nodes[0];
	g->nodes[0] = kept;
	for (size_t i = 1; i < g->n; i++) {
		free(g->nodes[i].name);
		free(g->nodes[i].said);
		free(g->nodes[i].labels);
	}
	g->n = 1;
}

static void on_tick(struct app *app)
{
	struct mesh_bench *b = (struct mesh_bench *)app;
	leno_id id;

	app->synced = app->synced || leno_synced(app->node);
	if (b->started || !app->synced)
		return;
	if (b->who != NULL && !app_seek(app, b->who, &id))
		return;
	b->started = true;
	app->deadline = -1;
	graph_load(&b->graph, app->node);
	if (b->who != NULL)
		graph_only(&b->graph, &id);
	next_ping(b);
}

static void on_late(struct app *app)
{
	app_not_found(app, ((struct mesh_bench *)app)->who);
}

static int bench_mesh(const struct settings *set, const char *who)
{
	static const leno_handlers handlers = { 0 };
	struct mesh_bench b = { .app = { .tick = on_tick, .late = on_late }, .who = who };
	int code;

	if (!app_open(&b.app, set, &handlers, false))
		return b.app.exit;
	app_start_clock(&b.app);
	code = app_run(&b.app);
	graph_free(&b.graph);
	return code;
}

/* ---- options ------------------------------------------------------------------ */

static const struct argp_option options[] = {
	{ "mesh", 'm', NULL, 0, "round trips to every node of this mesh", 0 },
	{ "each", 'e', "SECONDS", 0, "how long each figure is measured (default: 1)", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &asking_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct bench_command *c = state->input;

	switch (key) {
	case 'm': c->mesh = true; return 0;
	case 'e':
		if (!parse_duration(arg, &c->each) || c->each < 10)
			argp_error(state, "--each takes seconds, as in 1 or 0.2");
		return 0;
	default: return words_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[NODE]",
	.doc = "Measures what leno reaches on this machine: the first reply, round trips and "
	       "rates, direct and through a relay, between processes that it starts and ends "
	       "itself."
	       "\vWith NODE or --mesh it measures round trips to that node, or to all, through "
	       "the mesh that is there.",
	.children = children,
};

int cmd_bench(int argc, char **argv)
{
	struct bench_command c = { .words = { .most = 1 }, .each = 1000 };

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	if (c.mesh && c.words.count > 0) {
		fail("--mesh is every node: leave NODE out");
		return EXIT_USAGE;
	}
	if (c.mesh || c.words.count > 0)
		return bench_mesh(&c.words.set, c.words.items[0]);
	return bench_machine(&c.words.set, c.each);
}
