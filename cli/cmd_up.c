/* cmd_up.c - `leno up`: a node that stays, and says what happens.
 *
 *   settings -> ports are bound, and the keys read -> on_bound: root is given up -> the rest is
 *   opened -> ready
 *   SIGHUP -> on_reload (reload.c): the settings are read anew */
#include "activation.h"
#include "app.h"
#include "dashboard.h"
#include "events.h"
#include "maps.h"
#include "metrics.h"
#include "metrics_page.h"
#include "obey.h"
#include "output.h"
#include "privilege.h"
#include "reload.h"
#include "serve.h"

#include <string.h>

/* Of a message: whoever wants all of it listens. */
enum { SHOWN_MAX = 4096, KEY_USER = 1 };

struct up_command {
	struct words words;
};

struct up {
	struct app app;
	enum event_style style;
	struct settings *set;
	bool gives_up; /* root, once ports are bound */
	struct privilege privilege;
	struct serve *serve;
	struct maps *maps;
	struct obey *obey;
	struct metrics *metrics;
	struct metrics_page page;
};

/* Links are said, too. */
static bool says_links(const struct up *up)
{
	return up->set->json || up->set->verbose > 0;
}

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

	if (says_links(up))
		event_link_up(up->style, node, id, uri);
}

static void on_link_down(leno_node *node, void *user, const leno_id *id, enum leno_why why,
                         int error)
{
	struct up *up = user;

	if (says_links(up))
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

	if (metrics_at_doors(up->set->metrics) && strcmp(path, "/metrics") == 0) {
		*ret = (leno_page){ METRICS_TYPE, metrics_page_get(&up->page, &up->app) };
		return true;
	}
	return up->set->web && dashboard_page(path, ret);
}

static void on_closing(struct app *app)
{
	struct up *up = (struct up *)app;

	metrics_page_clear(&up->page);
	activation_stopping();
	metrics_close(up->metrics);
	obey_free(up->obey);
	serve_free(up->serve);
	maps_free(up->maps);
}

/* What needs root comes first, what others may ask of this node last. */
static bool on_bound(struct app *app)
{
	struct up *up = (struct up *)app;

	app->exit = EXIT_FAILED;
	if (up->set->metrics != NULL && !metrics_at_doors(up->set->metrics)) {
		up->metrics = metrics_open(app, up->set->metrics);
		if (up->metrics == NULL)
			return false;
	}
	if (up->gives_up && !privilege_drop(&up->privilege))
		return false;
	up->serve = serve_new(app, up->set, up->style);
	if (up->serve == NULL)
		return false;
	up->maps = maps_share(app, up->set, NULL);
	if (up->maps == NULL)
		return false;
	up->obey = obey_programs(app, up->set, up->style);
	if (up->obey == NULL)
		return false;
	app->exit = EXIT_DONE;
	return true;
}

static void on_tick(struct app *app)
{
	obey_work(((struct up *)app)->obey);
}

static void on_reload(struct app *app)
{
	struct up *up = (struct up *)app;
	struct reload r = { .app = app,
		            .set = up->set,
		            .style = up->style,
		            .serve = up->serve,
		            .maps = &up->maps,
		            .metrics = &up->metrics };

	activation_reloading();
	reload(&r);
	activation_ready();
}

static bool settings_good(struct up *up)
{
	const struct settings *set = up->set;

	if (set->metrics != NULL && !metrics_place_ok(set->metrics)) {
		fail("%s--metrics " METRICS_PLACE, settings_where(set, set->metrics));
		return false;
	}
	if (set->web && !dashboard_good(&set->listen))
		return false;
	up->gives_up = set->user != NULL;
	return !up->gives_up || privilege_find(set->user, &up->privilege);
}

/* Where people find the page. */
static void say_web(const struct up *up)
{
	char where[DASHBOARD_URI_MAX];
	const char *uri;

	for (size_t i = 0; (uri = leno_uri(up->app.node, i)) != NULL; i++) {
		if (dashboard_uri(uri, where))
			event_serves(up->style, "web", where);
	}
}

static const struct argp_option options[] = {
	{ "metrics", 'm', "HOST:PORT", 0,
	  "serve counters to Prometheus over HTTP, as in 127.0.0.1:9464, or \"listen\" for the "
	  "ws:// and any:// addresses of --listen (see leno stats)",
	  0 },
	{ "user", KEY_USER, "NAME[:GROUP]", 0,
	  "become this user once ports are bound and keys are read; needs root", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &config_argp, 0, NULL, 0 },
	{ &member_argp, 0, NULL, 0 },
	{ &serving_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct up_command *c = state->input;
	const char *option = key == 'm' ? "metrics" : "user", *wrong;

	if (key != 'm' && key != KEY_USER)
		return words_parse(key, arg, state);
	if (key == 'm' && !metrics_place_ok(arg))
		argp_error(state, "--metrics " METRICS_PLACE);
	wrong = settings_give(&c->words.set, option, arg);
	if (wrong != NULL)
		argp_error(state, "--%s %s", option, wrong);
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "A node that stays: it listens, relays for others, and prints one line an "
	       "event."
	       "\vWith nothing said it joins the network \"default\" with the other nodes of "
	       "this user on this machine. Ctrl-C says goodbye and ends it; "
	       "SIGHUP has it read its configuration anew while its links stay.",
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
	struct settings *set = &c.words.set;
	struct up up = {
		.app = { .tick = on_tick,
		         .children = on_tick,
		         .late = on_tick,
		         .closing = on_closing,
		         .reload = on_reload,
		         .bound = on_bound },
		.set = set,
	};

	activation_begin();
	settings_parse(&argp, argc, argv, set, &c);
	if (!settings_good(&up))
		return EXIT_USAGE;
	up.style = set->json ? EVENTS_JSON : EVENTS_TIMED;
	out_when_full(OUT_DROP);
	if (!app_open(&up.app, set, &handlers, true))
		return up.app.exit;
	event_ready(up.app.node, up.style, app_name(&up.app), leno_network(up.app.node));
	if (up.metrics != NULL)
		event_serves(up.style, "metrics", metrics_uri(up.metrics));
	if (set->web)
		say_web(&up);
	activation_ready();
	return app_run(&up.app);
}
