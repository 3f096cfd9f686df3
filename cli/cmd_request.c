/* cmd_request.c - `leno request`: asks a node, prints its reply as it is. */
#include "app.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

struct request {
	struct app app;
	const char *who, *type;
	char *data;
	size_t size;
	leno_id to;
	bool asked;
	int64_t began_us;
};

static void print_reply(struct request *r, leno_bytes data)
{
	cJSON *object;

	if (!r->app.set->json) {
		out_bytes(data.data, data.size);
		return;
	}
	object = json_event("reply");
	json_id(object, "id", &r->to);
	json_text(object, "name", r->app.name);
	json_text(object, "type", r->type);
	json_number(object, "rtt_us", (double)(clock_us() - r->began_us));
	json_data(object, data);
	out_json(object);
}

static void on_answer(leno_node *node, void *user, const leno_answer *answer)
{
	struct request *r = user;
	const char *why = answer->why ? answer->why : "";
	char text[256];

	if (answer->error == 0) {
		print_reply(r, answer->data);
	} else if (answer->error == LENO_REFUSED) {
		safe_copy(text, sizeof text, why, strlen(why));
		fail("%s refused: %s (code %d)", r->who, *text ? text : "no reason given",
		     answer->code);
	} else if (answer->error == LENO_TIMEOUT) {
		fail("%s has not answered within %g s", r->who,
		     (double)r->app.set->timeout_ms / 1000);
	} else {
		fail("no answer from %s: %s", r->who, leno_strerror(answer->error));
	}
	app_end(&r->app, answer->error ? app_error_exit(answer->error) : EXIT_DONE);
}

static void on_tick(struct app *app)
{
	struct request *r = (struct request *)app;
	int error;

	if (r->asked || !app_seek(app, r->who, &r->to))
		return;
	r->began_us = clock_us();
	error = leno_request(app->node, &r->to, r->type, (leno_bytes){ r->data, r->size },
	                     app->set->timeout_ms, on_answer, r, NULL);
	if (error == LENO_AGAIN)
		return;
	if (error) {
		fail("cannot ask %s: %s", r->who, app_send_error(error));
		app_end(app, error == LENO_ARGUMENT ? EXIT_USAGE : app_error_exit(error));
		return;
	}
	r->asked = true;
	app->deadline = -1; /* the library keeps it from here */
}

static void on_late(struct app *app)
{
	app_not_found(app, ((struct request *)app)->who);
}

static const struct argp_child children[] = {
	{ &waiting_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static const struct argp argp = {
	.parser = words_parse,
	.args_doc = "NODE TYPE [DATA]",
	.doc = "Sends a request of this TYPE to NODE, a name, an id, or the beginning of one, "
	       "and prints the reply. The request is DATA, or else all of standard input."
	       "\v--timeout is for finding NODE, and again for its answer.",
	.children = children,
};

int cmd_request(int argc, char **argv)
{
	static const leno_handlers handlers = { 0 };
	struct words words = { .least = 2, .most = 3 };
	struct request r = { .app = { .tick = on_tick, .late = on_late, .acts = true } };
	int code;

	settings_parse(&argp, argc, argv, &words.set, &words);
	r.who = words.items[0];
	r.type = words.items[1];
	code = read_payload(words.items[2], &r.data, &r.size);
	if (code)
		return code;
	if (app_open(&r.app, &words.set, &handlers, false)) {
		app_start_clock(&r.app);
		app_run(&r.app);
	}
	free(r.data);
	return r.app.exit;
}
