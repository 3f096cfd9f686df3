/* cmd_ping.c - `leno ping`: round trips to a node, told as ping(8) tells them. */
#include "app.h"
#include "output.h"

#include <stdio.h>
#include <string.h>

struct ping_command {
	struct words words;
	long count; /* 0: until interrupted */
	leno_ms interval_ms;
};

struct ping {
	struct app app;
	const char *who;
	leno_id to;
	char label[128]; /* it may be gone when it is told of */
	bool found, flying; /* one at a time is on its way */
	long count, sent, received;
	leno_ms interval_ms;
	int64_t began_us, sent_us;
	uint64_t least_us, most_us, sum_us;
	double squares; /* of round trips in microseconds */
	unsigned hops;
	int error; /* of the last one that failed */
};

/* The square root without libm: Newton's steps from above. */
static double root(double x)
{
	double r = x > 1 ? x : 1;

	for (int i = 0; i < 64; i++)
		r = (r + x / r) / 2;
	return x <= 0 ? 0 : r;
}

static void summary(struct app *app)
{
	struct ping *p = (struct ping *)app;
	double n = p->received > 0 ? (double)p->received : 1;
	double average = (double)p->sum_us / n;
	double deviation = root(p->squares / n - average * average);

	if (!p->found)
		return;
	if (app->set->json) {
		cJSON *object = json_event("summary");

		json_id(object, "id", &p->to);
		json_number(object, "sent", (double)p->sent);
		json_number(object, "received", (double)p->received);
		if (p->received > 0) {
			json_number(object, "min_us", (double)p->least_us);
			json_number(object, "avg_us", (double)(int64_t)(average + 0.5));
			json_number(object, "max_us", (double)p->most_us);
			json_number(object, "mdev_us", (double)(int64_t)(deviation + 0.5));
		}
		out_json(object);
		return;
	}
	out("\n--- %s ping statistics ---\n", p->label);
	out("%ld sent, %ld received, %ld%% lost, time %lld ms\n", p->sent, p->received,
	    p->sent ? (p->sent - p->received) * 100 / p->sent : 0,
	    (long long)(clock_us() - p->began_us) / 1000);
	if (p->received > 0)
		out("rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", (double)p->least_us / 1e3,
		    average / 1e3, (double)p->most_us / 1e3, deviation / 1e3);
	out_end();
}

static void say_reply(struct ping *p, int64_t us)
{
	if (p->app.set->json) {
		cJSON *object = json_event("reply");

		json_id(object, "id", &p->to);
		json_text(object, "name", p->app.name);
		json_number(object, "seq", (double)p->sent);
		json_number(object, "hops", p->hops);
		json_number(object, "rtt_us", (double)us);
		out_json(object);
		return;
	}
	out("reply from %s: seq=%ld hops=%u time=%.3f ms\n", p->label,
	    p->sent, p->hops, (double)us / 1e3);
	out_end();
}

static void say_failure(struct ping *p, int error)
{
	if (p->app.set->json) {
		cJSON *object = json_event("lost");

		json_id(object, "id", &p->to);
		json_number(object, "seq", (double)p->sent);
		json_text(object, "reason", leno_strerror(error));
		out_json(object);
		return;
	}
	out("no reply from %s: seq=%ld %s\n", p->label, p->sent,
	    leno_strerror(error));
	out_end();
}

static void finish(struct ping *p)
{
	summary(&p->app);
	if (p->received > 0)
		app_end(&p->app, EXIT_DONE);
	else
		app_end(&p->app, app_error_exit(p->error));
}

static void on_done(leno_node *node, void *user, const leno_answer *answer)
{
	struct ping *p = user;
	int64_t us = clock_us() - p->sent_us;

	p->flying = false;
	if (answer->error) {
		p->error = answer->error;
		say_failure(p, answer->error);
	} else {
		p->received++;
		p->sum_us += (uint64_t)us;
		p->squares += (double)us * (double)us;
		p->least_us =
			p->received == 1 || (uint64_t)us < p->least_us ? (uint64_t)us : p->least_us;
		p->most_us = (uint64_t)us > p->most_us ? (uint64_t)us : p->most_us;
		say_reply(p, us);
	}
	if (p->count > 0 && p->sent >= p->count)
		finish(p);
	else
		p->app.deadline = p->sent_us / 1000 + p->interval_ms;
}

static bool take_hops(void *arg, const leno_info *info)
{
	struct ping *p = arg;

	if (!leno_id_same(&info->id, &p->to))
		return true;
	p->hops = info->hops;
	return false;
}

static void ping_once(struct ping *p)
{
	int error;

	leno_nodes(p->app.node, take_hops, p);
	p->sent++;
	p->sent_us = clock_us();
	error = leno_ping(p->app.node, &p->to, p->app.set->timeout_ms, on_done, p);
	if (error == 0) {
		p->flying = true;
		p->app.deadline = -1;
		return;
	}
	on_done(p->app.node, p, &(leno_answer){ .error = error });
}

static void on_tick(struct app *app)
{
	struct ping *p = (struct ping *)app;
	char id[LENO_ID_TEXT];

	if (p->found || !app_seek(app, p->who, &p->to))
		return;
	p->found = true;
	p->began_us = clock_us();
	snprintf(p->label, sizeof p->label, "%s", node_label(app->node, &p->to));
	if (!app->set->json)
		out("PING %s (%s)\n", p->label, leno_id_text(&p->to, id));
	ping_once(p);
}

static void on_late(struct app *app)
{
	struct ping *p = (struct ping *)app;

	if (!p->found)
		app_not_found(app, p->who);
	else if (!p->flying)
		ping_once(p);
}

static const struct argp_option options[] = {
	{ "count", 'c', "N", 0, "stop after this many (default: go on until Ctrl-C)", 0 },
	{ "interval", 'i', "SECONDS", 0, "from one to the next (default: 1)", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &asking_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct ping_command *c = state->input;

	switch (key) {
	case 'c':
		if (!parse_count(arg, 1, 1000000000, &c->count))
			argp_error(state, "--count takes a number from 1");
		return 0;
	case 'i':
		if (!parse_duration(arg, &c->interval_ms))
			argp_error(state, "--interval takes seconds, as in 1, 0.2 or 50ms");
		return 0;
	default: return words_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NODE",
	.doc = "Measures round trips to NODE, a name, an id, or the beginning of one, through "
	       "whatever path leads there."
	       "\vEnds with 0 when at least one came back. --timeout is for finding NODE and for "
	       "each reply.",
	.children = children,
};

int cmd_ping(int argc, char **argv)
{
	static const leno_handlers handlers = { 0 };
	struct ping_command c = { .words = { .least = 1, .most = 1 }, .interval_ms = 1000 };
	struct ping p = { .app = { .tick = on_tick, .late = on_late, .leave = summary } };

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	p.who = c.words.items[0];
	p.count = c.count;
	p.interval_ms = c.interval_ms;
	if (!app_open(&p.app, &c.words.set, &handlers, false))
		return p.app.exit;
	app_start_clock(&p.app);
	return app_run(&p.app);
}
