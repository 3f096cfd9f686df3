/* cmd_listen.c - `leno listen`: a node that prints what arrives, and lets a program
 * reply to requests. */
#include "app.h"
#include "events.h"
#include "output.h"
#include "replies.h"

#include <fnmatch.h>
#include <unistd.h>

struct listen_command {
	struct words words;
	char *reply;
	leno_ms limit_ms;
	long count;
	bool raw;
};

struct listen {
	struct app app;
	const struct listen_command *c;
	struct replies *replies;
	long taken;
};

static void on_message(leno_node *node, void *user, leno_message *message, const char *type,
                       leno_bytes data)
{
	struct listen *l = user;
	const char *glob = l->c->words.items[0];
	bool over = l->c->count > 0 && l->taken == l->c->count;

	if (over || (glob != NULL && fnmatch(glob, type, 0) != 0)) {
		if (leno_message_is_request(message))
			leno_refuse(message, EXIT_FAILED, "nobody answers this type at this node");
		return;
	}
	l->taken++;
	if (l->c->raw) {
		out_bytes(data.data, data.size);
		out_end();
	} else {
		event_message(l->app.set->json ? EVENTS_JSON : EVENTS_PLAIN, message, type, data,
		              SIZE_MAX);
	}
	if (!leno_message_is_request(message))
		return;
	if (l->replies != NULL)
		replies_take(l->replies, message, type, data);
	else
		leno_refuse(message, EXIT_FAILED, "nobody answers requests at this node");
}

/* Names of nodes that come are kept for the lines of their messages. */
static void on_node_up(leno_node *node, void *user, const leno_info *info)
{
	event_know(info);
}

static void on_node_down(leno_node *node, void *user, const leno_id *id, enum leno_why why)
{
	event_forget(id);
}

static void on_link_down(leno_node *node, void *user, const leno_id *id, enum leno_why why,
                         int error)
{
	app_check_life(user, error);
}

static void on_tick(struct app *app)
{
	struct listen *l = (struct listen *)app;

	if (l->replies != NULL)
		replies_work(l->replies);
	if (l->c->count > 0 && l->taken >= l->c->count && replies_idle(l->replies))
		app_end(app, EXIT_DONE);
}

static void on_closing(struct app *app)
{
	replies_free(((struct listen *)app)->replies);
}

static const struct argp_option options[] = {
	{ "reply", 'r', "CMD", 0, "run CMD by the shell for each request, reply with its output",
	  0 },
	{ "reply-timeout", 't', "SECONDS", 0, "end a CMD that takes longer (default: 60)", 0 },
	{ "count", 'n', "N", 0, "end after this many messages", 0 },
	{ "raw", 'R', NULL, 0, "print the data alone, as it is, with nothing in between", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &member_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct listen_command *c = state->input;

	switch (key) {
	case 'r': c->reply = arg; return 0;
	case 'R': c->raw = true; return 0;
	case 't':
		if (!parse_duration(arg, &c->limit_ms) || c->limit_ms == 0)
			argp_error(state, "--reply-timeout takes seconds, as in 60 or 0.5");
		return 0;
	case 'n':
		if (!parse_count(arg, 1, 1000000000, &c->count))
			argp_error(state, "--count takes a number from 1");
		return 0;
	default: return words_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[TYPE-GLOB]",
	.doc = "A node that stays and prints the messages that arrive, all of them or those "
	       "whose type matches the shell pattern TYPE-GLOB."
	       "\vCMD finds the request on its standard input, its type in LENO_TYPE, and who "
	       "asks in LENO_FROM and LENO_FROM_NAME. When it ends with another code than 0, "
	       "the request is refused. Eight of them run at once.",
	.children = children,
};

int cmd_listen(int argc, char **argv)
{
	static const leno_handlers handlers = { .node_up = on_node_up,
		                                .node_down = on_node_down,
		                                .link_down = on_link_down,
		                                .message = on_message };
	struct listen_command c = { .words = { .most = 1 }, .limit_ms = 60000 };
	struct listen l = { .app = { .tick = on_tick,
		                     .children = on_tick,
		                     .late = on_tick,
		                     .closing = on_closing },
		            .c = &c };
	const struct settings *set = &c.words.set;

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	if (c.raw && set->json) {
		fail("--raw and --json are two formats: choose one");
		return EXIT_USAGE;
	}
	if (!app_open(&l.app, set, &handlers, true))
		return l.app.exit;
	if (c.reply != NULL)
		l.replies = replies_new(&l.app, c.reply, c.limit_ms);
	if (set->json)
		event_ready(l.app.node, EVENTS_JSON, app_name(&l.app), leno_network(l.app.node));
	else if (isatty(STDERR_FILENO))
		fail("listening as %s in network %s; Ctrl-C ends it",
		     app_name(&l.app) ? app_name(&l.app)
		                   : node_label(NULL, leno_self(l.app.node)),
		     leno_network(l.app.node));
	return app_run(&l.app);
}
