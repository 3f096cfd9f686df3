/* cmd_broadcast.c - `leno broadcast`: one message to every node. */
#include "app.h"
#include "output.h"

#include <stdlib.h>

struct broadcast {
	struct app app;
	const char *type;
	char *data;
	size_t size;
	bool sent;
	uint64_t seq;
};

static void on_done(leno_node *node, void *user, uint64_t seq, uint32_t confirmed, uint32_t unknown)
{
	struct broadcast *b = user;

	if (b->app.set->json) {
		cJSON *object = json_event("broadcast");

		json_text(object, "type", b->type);
		json_number(object, "confirmed", confirmed);
		json_number(object, "unknown", unknown);
		out_json(object);
	} else {
		out("confirmed by %u node%s\n", confirmed, confirmed == 1 ? "" : "s");
	}
	if (unknown > 0)
		fail("whether %u more node%s got it is not known", unknown,
		     unknown == 1 ? "" : "s");
	app_end(&b->app, unknown > 0 ? EXIT_FAILED : EXIT_DONE);
}

static void on_tick(struct app *app)
{
	struct broadcast *b = (struct broadcast *)app;
	int error;

	/* Before the mesh is known, "everybody" would be the neighbour alone. */
	if (b->sent || !leno_synced(app->node))
		return;
	app->synced = true;
	error = leno_broadcast(app->node, b->type, (leno_bytes){ b->data, b->size }, &b->seq);
	if (error == LENO_AGAIN)
		return;
	if (error) {
		fail("cannot broadcast: %s",
		     error == LENO_TOO_BIG ? "a broadcast is up to 1 MiB" : app_send_error(error));
		app_end(app, error == LENO_ARGUMENT ? EXIT_USAGE : EXIT_FAILED);
		return;
	}
	b->sent = true;
	app_start_clock(app);
}

static void on_late(struct app *app)
{
	struct broadcast *b = (struct broadcast *)app;

	if (!b->sent) {
		app_not_found(app, NULL);
		return;
	}
	fail("not everybody has confirmed it within %g s", (double)app->set->timeout_ms / 1000);
	app_end(app, EXIT_TIMEOUT);
}

static const struct argp_child children[] = {
	{ &asking_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static const struct argp argp = {
	.parser = words_parse,
	.args_doc = "TYPE [DATA]",
	.doc = "Sends a message of this TYPE to every node of the mesh. The message is DATA, or "
	       "else all of standard input, to 1 MiB."
	       "\vEnds with 0 only when every node that was there has confirmed it.",
	.children = children,
};

int cmd_broadcast(int argc, char **argv)
{
	static const leno_handlers handlers = { .broadcast_done = on_done };
	struct words words = { .least = 1, .most = 2 };
	struct broadcast b = { .app = { .tick = on_tick, .late = on_late, .acts = true } };
	int code;

	settings_parse(&argp, argc, argv, &words.set, &words);
	b.type = words.items[0];
	code = read_payload(words.items[1], &b.data, &b.size);
	if (code)
		return code;
	if (app_open(&b.app, &words.set, &handlers, false)) {
		app_start_clock(&b.app);
		app_run(&b.app);
	}
	free(b.data);
	return b.app.exit;
}
