/* cmd_call.c - `leno call`: a method of a service, whoever offers it.
 *
 *   seek -> asked -> answered ------------------> over
 *              \--stream--> both directions --/
 *
 * With a stream it is over when the answer is here and the stream has been read to its end. */
#include "app.h"
#include "output.h"
#include "through.h"
#include "value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct call_command {
	struct words words;
	const char *at, *with, *version;
	bool progress, stream;
};

struct call {
	struct app app;
	const struct call_command *c;
	char *service, *method;
	leno_bytes arguments;
	leno_id at;
	bool asked, answered;
	int exit; /* when it is over */
	struct through through;
	int64_t began_us;
};

/* Standard output belongs to the stream. */
static void say_result(leno_bytes value)
{
	cJSON *json = value_to_json(value);
	char *text = json != NULL && !cJSON_IsNull(json) ? cJSON_PrintUnformatted(json) : NULL;

	if (text != NULL)
		fprintf(stderr, "%s\n", text);
	free(text);
	cJSON_Delete(json);
}

/* False: it is too large to be shown. */
static bool print_value(struct call *k, const char *event, leno_bytes value)
{
	cJSON *json = value_to_json(value), *object = json;

	if (json == NULL) {
		fail("%s.%s: its %s has more than %d values", k->service, k->method, event,
		     (int)VALUES_MAX);
		return false;
	}
	if (k->app.set->json || strcmp(event, "progress") == 0) {
		object = json_event(event);
		json_text(object, "service", k->service);
		json_text(object, "method", k->method);
		if (strcmp(event, "progress") != 0)
			json_number(object, "rtt_us", (double)(clock_us() - k->began_us));
		cJSON_AddItemToObject(object, "value", json);
	}
	out_json(object);
	return true;
}

static int exit_of(int error)
{
	return error == LENO_NO_SERVICE ? EXIT_NO_NODE
	       : error == LENO_ARGUMENTS ? EXIT_USAGE : app_error_exit(error);
}

static void on_done(leno_node *node, void *user, const leno_answer *answer)
{
	struct call *k = user;
	char text[256];
	bool shown = true;

	safe_copy(text, sizeof text, answer->why, strlen(answer->why));
	if (answer->error == 0 && k->c->stream)
		say_result(answer->data);
	else if (answer->error == 0)
		shown = print_value(k, "result", answer->data);
	else if (answer->error == LENO_REFUSED)
		fail("%s.%s failed: %s (code %d)", k->service, k->method,
		     *text ? text : "no reason given", answer->code);
	else if (*text)
		fail("%s.%s: %s", k->service, k->method, text);
	else if (answer->error == LENO_TIMEOUT)
		fail("%s.%s has not answered within %g s", k->service, k->method,
		     (double)k->app.set->timeout_ms / 1000);
	else
		fail("%s.%s: %s", k->service, k->method, leno_strerror(answer->error));
	k->exit = answer->error ? exit_of(answer->error) : shown ? EXIT_DONE : EXIT_FAILED;
	k->answered = true;
	/* What a method said before it failed counts; of a provider that is lost nothing comes. */
	if (k->through.stream == NULL || (answer->error && answer->error != LENO_REFUSED))
		app_end(&k->app, k->exit);
}

/* ---- its stream ------------------------------------------------------------------------ */

static void on_readable(leno_stream *stream, void *user)
{
	through_readable(&((struct call *)user)->through);
}

static void on_writable(leno_stream *stream, void *user)
{
	through_writable(&((struct call *)user)->through);
}

static void on_closed(leno_stream *stream, void *user, int error, int code, const char *why)
{
	struct call *k = user;

	through_over(&k->through);
	if (k->answered) {
		app_end(&k->app, error && k->exit == EXIT_DONE ? EXIT_FAILED : k->exit);
	} else if (error) {
		fail("%s.%s: its stream broke: %s", k->service, k->method,
		     error == LENO_REFUSED && *why ? why : leno_strerror(error));
		app_end(&k->app, EXIT_FAILED);
	}
}

static void on_stream(leno_node *node, void *user, leno_call_id id, leno_stream *stream)
{
	static const leno_stream_handlers handlers = { .readable = on_readable,
		                                       .writable = on_writable,
		                                       .closed = on_closed };
	struct call *k = user;

	if (k->through.app != NULL) /* one has our input and output already */
		return;
	through_begin(&k->through, &k->app, stream);
	leno_stream_accept(stream, &handlers, k);
}

/* ---- the call -------------------------------------------------------------------------- */

static void on_progress(leno_node *node, void *user, leno_call_id id, leno_bytes value)
{
	print_value(user, "progress", value);
}

/* A stream may take its time, unless something else was said. */
static leno_ms time_to_answer(const struct call *k)
{
	const struct settings *set = k->app.set;

	return !k->c->stream ? set->timeout_ms : set->patience_ms > 0 ? set->patience_ms : -1;
}

static void on_tick(struct app *app)
{
	struct call *k = (struct call *)app;
	leno_call_options o = { .label = k->c->with, .version = k->c->version,
		                .timeout = time_to_answer(k) };
	int error;

	if (k->through.stream != NULL)
		through_readable(&k->through);
	if (k->answered && k->through.stream != NULL && leno_stream_ended(k->through.stream))
		app_end(app, k->exit);
	if (k->asked)
		return;
	app->synced = app->synced || leno_synced(app->node);
	if (k->c->at && !app_seek(app, k->c->at, &k->at))
		return;
	if (!k->c->at && !app->synced) /* the newest version is that of all, not of whom we met first */
		return;
	o.node = k->c->at ? &k->at : NULL;
	o.progress = k->c->progress ? on_progress : NULL;
	o.stream = k->c->stream ? on_stream : NULL;
	k->began_us = clock_us();
	error = leno_call(app->node, k->service, k->method, k->arguments, &o, on_done, k, NULL);
	if (error == LENO_AGAIN || (error == LENO_NO_SERVICE && (!app->synced || app->set->wait)))
		return;
	if (error) {
		fail("cannot call %s.%s: %s", k->service, k->method,
		     error == LENO_ARGUMENT ? "that is no name" : leno_strerror(error));
		app_end(app, error == LENO_ARGUMENT ? EXIT_USAGE : exit_of(error));
		return;
	}
	k->asked = true;
	app->deadline = -1; /* the library keeps it from here */
}

static void on_late(struct app *app)
{
	struct call *k = (struct call *)app;

	if (app->synced && !k->c->at) {
		fail("nobody offers %s", k->service);
		app_end(app, EXIT_NO_NODE);
		return;
	}
	app_not_found(app, k->c->at);
}

static const struct argp_option options[] = {
	{ "at", 'a', "NODE", 0, "call it at this node alone", 0 },
	{ "with", 'L', "LABEL", 0, "only where the service has this label", 0 },
	{ "service-version", 'S', "VERSION", 0, "only this version of it; else the newest", 0 },
	{ "progress", 'p', NULL, 0, "print what it says on the way, too", 0 },
	{ "stream", 's', NULL, 0,
	  "standard input goes to the method, and its stream to standard output", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &waiting_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct call_command *c = state->input;

	switch (key) {
	case 'a': c->at = arg; return 0;
	case 'L': c->with = arg; return 0;
	case 'S': c->version = arg; return 0;
	case 'p': c->progress = true; return 0;
	case 's': c->stream = true; return 0;
	case ARGP_KEY_END:
		if (c->stream && c->progress)
			argp_error(state, "--stream and --progress exclude each other: there is one "
			                  "standard output");
		return words_parse(key, arg, state);
	default: return words_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NAME.METHOD [JSON]",
	.doc = "Calls a method of the service NAME, at the better of those that offer it, and "
	       "prints its result as JSON."
	       "\vJSON that is a list is the arguments, anything else the only one. --timeout is "
	       "for finding the service, and again for its answer. A method that failed ends "
	       "this with 1, a service that nobody offers with 4, arguments that do not fit "
	       "with 2. With --stream the result is said on standard error unless it is nil, "
	       "and without --timeout the answer may take as long as it takes.",
	.children = children,
};

int cmd_call(int argc, char **argv)
{
	static const leno_handlers handlers = { 0 };
	struct call_command c = { .words = { .least = 1, .most = 2 } };
	struct call k = { .app = { .tick = on_tick, .late = on_late, .acts = true }, .c = &c };
	const char *json;
	void *data;

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	json = c.words.items[1] ? c.words.items[1] : "";
	k.service = c.words.items[0];
	k.method = strrchr(k.service, '.');
	if (k.method == NULL || k.method == k.service || !k.method[1]) {
		fail("a method is called by NAME.METHOD, not \"%s\"", k.service);
		return EXIT_USAGE;
	}
	*k.method++ = '\0';
	data = arguments_from_json(json, strlen(json), &k.arguments);
	if (data == NULL) {
		fail("the arguments are no JSON");
		return EXIT_USAGE;
	}
	if (app_open(&k.app, &c.words.set, &handlers, false)) {
		app_start_clock(&k.app);
		app_run(&k.app);
	}
	through_clear(&k.through);
	free(data);
	return k.app.exit;
}
