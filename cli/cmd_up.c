/* cmd_up.c - `leno up`: a node that stays, and says what happens. */
#include "app.h"
#include "events.h"
#include "output.h"
#include "serve.h"

struct up {
	struct app app;
	enum event_style style;
	bool links; /* links are said, too */
	struct serve *serve;
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
		event_link_up(up->style, id, uri);
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

	event_leader(up->style, leads);
}

static void on_message(leno_node *node, void *user, leno_message *message, const char *type,
                       leno_bytes data)
{
	struct up *up = user;

	event_message(up->style, message, type, data);
	if (leno_message_is_request(message))
		leno_refuse(message, EXIT_FAILED, "nobody answers requests at this node");
}

static void on_stream(leno_node *node, void *user, leno_stream *stream, const char *topic)
{
	struct up *up = user;

	serve_take(up->serve, stream, topic);
}

static void on_closing(struct app *app)
{
	serve_free(((struct up *)app)->serve);
}

static const struct argp_child children[] = {
	{ &member_argp, 0, NULL, 0 },
	{ &serving_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static const struct argp argp = {
	.parser = words_parse,
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
	};
	struct words words = { 0 };
	const struct settings *set = &words.set;
	struct up up = { .app = { .closing = on_closing } };

	settings_parse(&argp, argc, argv, &words.set, &words);
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
	event_ready(up.app.node, up.style, set->name, set->network);
	return app_run(&up.app);
}
