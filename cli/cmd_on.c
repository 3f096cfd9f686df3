/* cmd_on.c - `leno on`: a node that prints the events it hears. */
#include "app.h"
#include "events.h"
#include "output.h"
#include "value.h"

#include <stdlib.h>

struct on_command {
	struct words words;
	long count;
};

struct on {
	struct app app;
	const struct on_command *c;
	long heard;
};

static void on_event(leno_node *node, void *user, const leno_id *from, const char *event,
                     leno_bytes value)
{
	struct on *o = user;
	cJSON *json, *object;
	char *text;

	if (o->c->count > 0 && o->heard == o->c->count)
		return;
	o->heard++;
	json = value_to_json(value);
	if (json == NULL) {
		fail("%s carries more than %d values", event, (int)VALUES_MAX);
		json = need(cJSON_CreateNull());
	}
	if (o->app.set->json) {
		object = json_event("emitted");
		json_text(object, "name", event);
		json_id(object, "from", from);
		json_text(object, "from_name", event_name(from));
		cJSON_AddItemToObject(object, "value", json);
		out_json(object);
		return;
	}
	text = need(cJSON_PrintUnformatted(json));
	out("%s ", event);
	out_safe_text(text);
	out("\n");
	out_end();
	free(text);
	cJSON_Delete(json);
}

static void on_tick(struct app *app)
{
	struct on *o = (struct on *)app;

	if (o->c->count > 0 && o->heard >= o->c->count)
		app_end(app, EXIT_DONE);
}

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

static const struct argp_option options[] = {
	{ "count", 'n', "N", 0, "end after this many events", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &member_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct on_command *c = state->input;

	if (key != 'n')
		return words_parse(key, arg, state);
	if (!parse_count(arg, 1, 1000000000, &c->count))
		argp_error(state, "--count takes a number from 1");
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "PATTERN",
	.doc = "A node that stays and prints the events whose name matches PATTERN, in which * "
	       "stands for anything: the name, and the value as JSON."
	       "\vEach event is heard once, whoever emits it.",
	.children = children,
};

int cmd_on(int argc, char **argv)
{
	static const leno_handlers handlers = { .node_up = on_node_up,
		                                .node_down = on_node_down,
		                                .link_down = on_link_down };
	struct on_command c = { .words = { .least = 1, .most = 1 } };
	struct on o = { .app = { .tick = on_tick }, .c = &c };
	int error;

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	if (!app_open(&o.app, &c.words.set, &handlers, true))
		return o.app.exit;
	error = leno_subscribe(o.app.node, c.words.items[0], on_event, &o);
	if (error) {
		fail("cannot listen for %s: %s", c.words.items[0],
		     error == LENO_ARGUMENT ? "that is no pattern" : leno_strerror(error));
		app_end(&o.app, error == LENO_ARGUMENT ? EXIT_USAGE : EXIT_FAILED);
	} else if (o.app.set->json) {
		event_ready(o.app.node, EVENTS_JSON, c.words.set.name, c.words.set.network);
	}
	return app_run(&o.app);
}
