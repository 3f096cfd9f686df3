/* cmd_up.c - `leno up`: a node that stays, and says what happens. */
#include "app.h"
#include "events.h"
#include "metrics.h"
#include "metrics_page.h"
#include "output.h"
#include "serve.h"

#include <string.h>

/* In place of an address of its own: at the doors of --listen that speak HTTP. */
#define AT_DOORS "listen"

/* Of a message: whoever wants all of it listens. */
enum { SHOWN_MAX = 4096 };

struct up_command {
	struct words words;
	char *metrics; /* where they are served; NULL: nowhere */
};

struct up {
	struct app app;
	enum event_style style;
	bool links; /* links are said, too */
	struct serve *serve;
	struct metrics *metrics;
	bool metrics_at_doors;
	struct metrics_page page;
};

static void on_node_up(leno_node *node, void *user, const leno_info *info)
{
	struct up *up = user;

	event_node_up(up->style, info);
}

static void on_node_down(leno_node *node, void *user, const leno_id *id, enum leno_why why)
{
	struct up *up = user;

	event_node_down(up->style, id, why);
}

static void on_link_up(leno_node *node, void *user, const leno_id *id, const char *uri)
{
	struct up *up = user;

	if (up->links)
		event_link_up(up->style, node, id, uri);
}

static void on_link_down(leno_node *node, void *user, const leno_id *id, enum leno_why why,
                         int error)
{
	struct up *up = user;

	if (up->links)
		event_link_down(up->style, id, why, error);
	app_check_life(&up->app, error);
}

static void on_leader(leno_node *node, void *user, bool leads)
{
	struct up *up = user;

	event_leader(up->style, node, app_name(&up->app), leads);
}

static void on_message(leno_node *node, void *user, leno_message *message, const char *type,
                       leno_bytes data)
{
	struct up *up = user;

	event_message(up->style, message, type, data, SHOWN_MAX);
	if (leno_message_is_request(message))
		leno_refuse(message, EXIT_FAILED, "nobody answers requests at this node");
}

static void on_stream(leno_node *node, void *user, leno_stream *stream, const char *topic)
{
	struct up *up = user;

	serve_take(up->serve, stream, topic);
}

static bool on_page(leno_node *node, void *user, const char *path, leno_page *ret)
{
	struct up *up = user;

	if (!up->metrics_at_doors || strcmp(path, "/metrics") != 0)
		return false;
	*ret = (leno_page){ METRICS_TYPE, metrics_page_get(&up->page, &up->app) };
	return true;
}

static void on_closing(struct app *app)
{
	struct up *up = (struct up *)app;

	metrics_page_clear(&up->page);

	metrics_close(up->metrics);
	serve_free(up->serve);
}

static bool serve_metrics(struct up *up, const char *address)
{
	up->metrics = metrics_open(&up->app, address);
	if (up->metrics == NULL)
		app_end(&up->app, EXIT_FAILED);
	return up->metrics != NULL;
}

static const struct argp_option options[] = {
	{ "metrics", 'm', "HOST:PORT", 0,
	  "serve counters to Prometheus over HTTP, as in 127.0.0.1:9464, or \"listen\" for the "
	  "ws:// and any:// addresses of --listen (see leno stats)",
	  0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &member_argp, 0, NULL, 0 },
	{ &serving_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct up_command *c = state->input;

	if (key != 'm')
		return words_parse(key, arg, state);
	if (strcmp(arg, AT_DOORS) != 0 && !metrics_address_ok(arg))
		argp_error(state, "--metrics takes HOST:PORT, as in 127.0.0.1:9464 or "
		                  "[::1]:9464, or the word listen");
	c->metrics = arg;
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "A node that stays: it listens, relays for others, and prints one line an "
	       "event."
	       "\vWith nothing said it joins the network \"default\" with the other nodes of "
	       "this user on this machine. Ctrl-C says goodbye and ends it.",
	.children = children,
};

int cmd_up(int argc, char **argv)
{
	static const leno_handlers handlers = {
		.node_up = on_node_up,
		.node_down = on_node_down,
		.link_up = on_link_up,
		.link_down = on_link_down,
		.leader = on_leader,
		.message = on_message,
		.stream = on_stream,
		.page = on_page,
	};
	struct up_command c = { 0 };
	const struct settings *set = &c.words.set;
	struct up up = { .app = { .closing = on_closing } };

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	up.style = set->json ? EVENTS_JSON : EVENTS_TIMED;
	up.links = set->json || set->verbose > 0;
	out_when_full(OUT_DROP);
	up.serve = serve_new(&up.app, set, up.style);
	if (up.serve == NULL)
		return up.app.exit;
	if (!app_open(&up.app, set, &handlers, true)) {
		serve_free(up.serve);
		return up.app.exit;
	}
	up.metrics_at_doors = c.metrics != NULL && strcmp(c.metrics, AT_DOORS) == 0;
	if (c.metrics != NULL && !up.metrics_at_doors && !serve_metrics(&up, c.metrics))
		return app_run(&up.app);
	event_ready(up.app.node, up.style, app_name(&up.app), leno_network(up.app.node));
	if (up.metrics != NULL)
		event_metrics(up.style, metrics_uri(up.metrics));
	return app_run(&up.app);
}
