/* cmd_revoke.c - `leno revoke`: a node's certificate ends, everywhere.
 *
 *   NODE found (or a whole id) -> leno_revoke: written down -> a neighbour has heard -> done */
#include "app.h"
#include "output.h"

#include <stdio.h>

struct revoke {
	struct app app;
	const char *who;
	leno_id id;
	bool is_id, done;
};

static const struct argp_child children[] = {
	{ &asking_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static const struct argp argp = {
	.parser = words_parse,
	.args_doc = "NODE",
	.doc = "Shuts NODE out of the network whose key --network-key names: a name, an id, or the "
	       "beginning of one; of a node that is away, the whole id."
	       "\vIt is written down beside the key, told to all nodes that can be reached, and "
	       "by them to whoever comes back later. It cannot be taken back: who is to return "
	       "needs new keys and another invitation. Ends with 0 once a node of the network "
	       "has heard of it, with 3 when it could only be written down.",
	.children = children,
};

static void say(struct revoke *r, bool told)
{
	char id[LENO_ID_TEXT];

	leno_id_text(&r->id, id);
	if (r->app.set->json) {
		cJSON *object = json_event("revoked");

		json_text(object, "id", id);
		json_text(object, "name", r->app.name);
		json_bool(object, "told", told);
		out_json(object);
	} else if (told) {
		out("Revoked %s%s%s.\n", r->app.name, r->app.name[0] ? " " : "", id);
	} else {
		fail("%s is revoked, but no node of the network could be told within %g s: the "
		     "node that has the key tells the others once it runs",
		     id, (double)r->app.set->timeout_ms / 1000);
	}
	app_end(&r->app, told ? EXIT_DONE : EXIT_TIMEOUT);
}

/* Frames of a link keep their order: who answers has heard what was said before. */
static void on_pong(leno_node *node, void *user, const leno_answer *answer)
{
	struct revoke *r = user;

	if (!answer->error && !r->app.done)
		say(r, true);
}

static bool ask(void *arg, const leno_link_info *link)
{
	struct revoke *r = arg;

	if (!leno_id_same(&link->id, &r->id))
		leno_ping(r->app.node, &link->id, r->app.set->timeout_ms, on_pong, r);
	return true;
}

static bool revoke(struct revoke *r)
{
	int error = leno_revoke(r->app.node, &r->id);

	if (error) {
		fail("%s cannot be revoked: %s", r->who, leno_strerror(error));
		app_end(&r->app, EXIT_FAILED);
	}
	r->done = true;
	return error == 0;
}

static void on_tick(struct app *app)
{
	struct revoke *r = (struct revoke *)app;

	if (r->done || !leno_synced(app->node))
		return;
	if (!r->is_id && !app_seek(app, r->who, &r->id))
		return;
	if (revoke(r))
		leno_links(app->node, ask, r);
}

static void on_late(struct app *app)
{
	struct revoke *r = (struct revoke *)app;

	if (!r->done && !r->is_id)
		app_not_found(app, r->who);
	else if (r->done || revoke(r))
		say(r, false);
}

int cmd_revoke(int argc, char **argv)
{
	static const leno_handlers handlers = { 0 };
	struct words words = { .least = 1, .most = 1 };
	struct revoke r = { .app = { .tick = on_tick, .late = on_late } };

	settings_parse(&argp, argc, argv, &words.set, &words);
	if (words.set.network_key == NULL) {
		fail("no network key is named: say --network-key FILE");
		return EXIT_USAGE;
	}
	r.who = words.items[0];
	r.is_id = leno_id_parse(r.who, &r.id) == 0;
	if (!app_open(&r.app, &words.set, &handlers, false))
		return r.app.exit;
	app_start_clock(&r.app);
	return app_run(&r.app);
}
