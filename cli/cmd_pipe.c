/* cmd_pipe.c - `leno pipe`: standard input to another's standard output, and back.
 *
 *   pipe NODE TOPIC:     seek NODE -> open ----\
 *   pipe --listen TOPIC: wait for a stream -----> both directions -> over
 *
 * The two directions are through.c's. */
#include "app.h"
#include "mates.h"
#include "output.h"
#include "through.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TOPIC "leno/pipe/"

struct pipe_command {
	struct words words;
	bool listen;
};

struct pipe_end {
	struct app app;
	const char *who; /* NULL: whoever comes    */
	char topic[LENO_TYPE_MAX + 1];
	struct through through;
	leno_id peer;
	bool begun;
	struct mates *mates;
};

static const char *label(struct pipe_end *p)
{
	return p->who != NULL ? p->who : node_label(p->app.node, &p->peer);
}

/* ---- the stream --------------------------------------------------------------------- */

static void on_readable(leno_stream *stream, void *user)
{
	through_readable(&((struct pipe_end *)user)->through);
}

static void on_writable(leno_stream *stream, void *user)
{
	through_writable(&((struct pipe_end *)user)->through);
}

static void on_closed(leno_stream *stream, void *user, int error, int code, const char *why)
{
	struct pipe_end *p = user;

	through_over(&p->through);
	if (error == LENO_REFUSED && code == LENO_REFUSED)
		fail("%s has no such pipe, or it is in use: `leno pipe --listen %s` makes one",
		     label(p), p->topic + strlen(TOPIC));
	else if (error == LENO_CLOSED)
		fail("%s has left before all was said and taken", label(p));
	else if (error)
		fail("%s: %s", label(p), error == LENO_REFUSED ? why : leno_strerror(error));
	app_end(&p->app, error ? EXIT_FAILED : EXIT_DONE);
}

static const leno_stream_handlers stream_handlers = { .readable = on_readable,
	                                              .writable = on_writable,
	                                              .closed = on_closed };

static void begin(struct pipe_end *p, leno_stream *stream)
{
	p->begun = true;
	p->peer = *leno_stream_peer(stream);
	p->app.deadline = -1;
	mates_begin(p->mates, &p->peer);
	through_begin(&p->through, &p->app, stream);
}

static void on_stream(leno_node *node, void *user, leno_stream *stream, const char *topic)
{
	struct pipe_end *p = user;

	if (p->who != NULL || p->begun || strcmp(topic, p->topic) != 0)
		return;
	begin(p, stream);
	leno_stream_accept(stream, &stream_handlers, p);
}

/* ---- who is there ------------------------------------------------------------------- */

static void on_lost(void *arg, const leno_id *id)
{
	struct pipe_end *p = arg;

	if (p->through.stream == NULL)
		return;
	fail("%s has not been heard for %g s", label(p), (double)p->app.set->patience_ms / 1000);
	through_give_up(&p->through, "it was not heard any more", EXIT_TIMEOUT);
}

static void on_link_down(leno_node *node, void *user, const leno_id *id, enum leno_why why,
                         int error)
{
	app_check_life(user, error);
}

static void on_tick(struct app *app)
{
	struct pipe_end *p = (struct pipe_end *)app;
	leno_stream *stream;
	leno_id id;
	int error;

	if (p->through.stream != NULL)
		through_readable(&p->through);
	if (p->begun || p->who == NULL || !app_seek(app, p->who, &id))
		return;
	error = leno_stream_open(app->node, &id, p->topic, &stream_handlers, p, &stream);
	if (error == 0) {
		begin(p, stream);
		return;
	}
	fail("%s: %s", p->who, leno_strerror(error));
	app_end(app, app_error_exit(error));
}

static void on_late(struct app *app)
{
	app_not_found(app, ((struct pipe_end *)app)->who);
}

static void on_closing(struct app *app)
{
	leno_step(app->node); /* so that an abort is heard before the goodbye */
	mates_free(((struct pipe_end *)app)->mates);
}

static void on_leave(struct app *app)
{
	through_give_up(&((struct pipe_end *)app)->through, "interrupted", EXIT_INTERRUPTED);
}

/* ---- the command -------------------------------------------------------------------- */

static const struct argp_option options[] = {
	{ "listen", 'l', NULL, 0, "wait for another to open the pipe TOPIC; as a node that stays",
	  0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &patient_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct pipe_command *c = state->input;

	switch (key) {
	case 'l':
		c->listen = true;
		c->words.least = c->words.most = 1;
		return 0;
	case ARGP_KEY_END:
		if (c->words.count < c->words.least)
			argp_error(state, "say NODE TOPIC, or --listen TOPIC");
		return words_parse(key, arg, state);
	default: return words_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NODE TOPIC\n--listen TOPIC",
	.doc = "Joins standard input with another's standard output, and back: of `leno pipe "
	       "--listen TOPIC`, which runs as NODE."
	       "\vBoth directions end by themselves, and the command when both have ended: with 0 "
	       "when all was taken. --listen takes one pipe, and others in vain.",
	.children = children,
};

/* What the environment and the configuration say of a node is meant for the one that
 * stays; this one stands beside it. */
static void stand_apart(struct settings *set)
{
	if (!settings_from(set, "identity", LAYER_ARGUMENT))
		set->identity = NULL;
	if (!settings_from(set, "name", LAYER_ARGUMENT))
		set->name = NULL;
	set->listen.count = 0;
}

int cmd_pipe(int argc, char **argv)
{
	static const leno_handlers handlers = { .link_down = on_link_down, .stream = on_stream };
	struct pipe_command c = { .words = { .least = 2, .most = 2 } };
	struct pipe_end p = { .app = { .tick = on_tick,
		                       .late = on_late,
		                       .leave = on_leave,
		                       .closing = on_closing,
		                       .acts = true } };
	const char *topic;

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	p.who = c.listen ? NULL : c.words.items[0];
	topic = c.words.items[c.listen ? 0 : 1];
	if (*topic == '\0' ||
	    (size_t)snprintf(p.topic, sizeof p.topic, TOPIC "%s", topic) >= sizeof p.topic) {
		fail("a TOPIC has 1 to %zu bytes, as in backup", sizeof p.topic - sizeof TOPIC);
		return EXIT_USAGE;
	}
	if (c.words.set.patience_ms == 0)
		c.words.set.patience_ms = STALL_MS;
	stand_apart(&c.words.set);
	if (!app_open(&p.app, &c.words.set, &handlers, c.listen))
		return p.app.exit;
	p.mates = mates_new(&p.app, c.words.set.patience_ms, on_lost, &p);
	if (!c.listen)
		app_start_clock(&p.app);
	else if (isatty(STDERR_FILENO))
		fail("waiting as %s in network %s",
		     c.words.set.name ? c.words.set.name : node_label(NULL, leno_self(p.app.node)),
		     leno_network(p.app.node));
	app_run(&p.app);
	through_clear(&p.through);
	return p.app.exit;
}
