/* cmd_emit.c - `leno emit`: an event, to all who want to hear it. */
#include "app.h"
#include "output.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

struct emit {
	struct app app;
	const char *event;
	leno_bytes value;
	bool emitted;
	size_t missed;
};

static bool is_quiet(void *arg, const leno_session_info *s)
{
	bool *quiet = arg;

	*quiet = *quiet && s->waiting_bytes == 0 && s->unconfirmed_bytes == 0;
	return true;
}

static void on_tick(struct app *app)
{
	struct emit *e = (struct emit *)app;
	bool quiet = true;
	int error;

	app->synced = app->synced || leno_synced(app->node);
	if (!app->synced)
		return;
	if (!e->emitted) {
		error = leno_emit(app->node, e->event, e->value, &e->missed);
		e->emitted = true;
		if (error) {
			fail("cannot emit %s: %s", e->event,
			     error == LENO_ARGUMENT ? "that is no name" : leno_strerror(error));
			app_end(app, error == LENO_ARGUMENT ? EXIT_USAGE : EXIT_FAILED);
			return;
		}
	}
	leno_sessions(app->node, is_quiet, &quiet);
	if (!quiet)
		return;
	if (e->missed > 0)
		fail("%zu node%s had no room for it", e->missed, e->missed == 1 ? "" : "s");
	app_end(app, e->missed > 0 ? EXIT_FAILED : EXIT_DONE);
}

static void on_late(struct app *app)
{
	struct emit *e = (struct emit *)app;

	if (!e->emitted) {
		app_not_found(app, NULL);
		return;
	}
	fail("not all have confirmed %s within %g s", e->event,
	     (double)app->set->timeout_ms / 1000);
	app_end(app, EXIT_TIMEOUT);
}

static const struct argp_child children[] = {
	{ &asking_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static const struct argp argp = {
	.parser = words_parse,
	.args_doc = "EVENT [JSON]",
	.doc = "Emits an event with this value (nothing, when there is none) to each node that "
	       "wants to hear it, and ends when all have it."
	       "\vEVENT is SERVICE.NAME by custom: letters, digits, dots, - and _.",
	.children = children,
};

int cmd_emit(int argc, char **argv)
{
	static const leno_handlers handlers = { 0 };
	struct words words = { .least = 1, .most = 2 };
	struct emit e = { .app = { .tick = on_tick, .late = on_late, .acts = true } };
	void *data = NULL;

	settings_parse(&argp, argc, argv, &words.set, &words);
	e.event = words.items[0];
	if (words.items[1]) {
		data = value_from_json(words.items[1], strlen(words.items[1]), &e.value);
		if (data == NULL) {
			fail("the value is no JSON");
			return EXIT_USAGE;
		}
	}
	if (app_open(&e.app, &words.set, &handlers, false)) {
		app_start_clock(&e.app);
		app_run(&e.app);
	}
	free(data);
	return e.app.exit;
}
