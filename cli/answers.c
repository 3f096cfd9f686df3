/* answers.c - see answers.h.
 *
 *  1. At most one part in FRESH_PARTS of the time goes into making replies: those that ask in
 *     between get the last one. Most nodes make theirs in no time, and it is always new. */
#include "answers.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

enum { FRESH_PARTS = 20 };

static const char reserved[] = "leno/";

struct answers {
	leno_handlers handlers, inner; /* inner: the command's */
	int64_t began_ms;
	char *stats; /* the last reply, NULL: none yet */
	size_t stats_size;
	int64_t stale_us; /* when a new one may be made */
};

static void show(char *ret, size_t size, const char *text)
{
	snprintf(ret, size, "%s", text ? text : "");
}

void answers_snapshot(struct app *app, struct snapshot *ret)
{
	snapshot_take(ret, app->node);
	ret->uptime_ms = (uint64_t)(clock_ms() - app->answers->began_ms);
	show(ret->name, sizeof ret->name, app_name(app));
	show(ret->network, sizeof ret->network, leno_network(app->node));
}

static void make_stats(struct app *app)
{
	struct answers *a = app->answers;
	struct snapshot s = { .name = "" };
	int64_t began_us = clock_us(), now_us;
	FILE *f;

	free(a->stats);
	a->stats = NULL;
	f = need(open_memstream(&a->stats, &a->stats_size));
	answers_snapshot(app, &s);
	snapshot_write_json(f, &s);
	fclose(f);
	need(a->stats);
	snapshot_free(&s);
	now_us = clock_us();
	a->stale_us = now_us + FRESH_PARTS * (now_us - began_us);
}

static void answer(struct app *app, leno_message *message, const char *type)
{
	struct answers *a = app->answers;

	if (strcmp(type, STATS_TYPE) != 0) {
		leno_refuse(message, EXIT_USAGE, "this version of leno does not know that question");
		return;
	}
	if (a->stats == NULL || clock_us() >= a->stale_us)
		make_stats(app);
	if (leno_reply(message, (leno_bytes){ a->stats, a->stats_size }))
		leno_refuse(message, EXIT_FAILED, "busy: too many answers wait for you already");
}

static void on_message(leno_node *node, void *user, leno_message *message, const char *type,
                       leno_bytes data)
{
	struct app *app = user;
	const leno_handlers *inner = &app->answers->inner;

	if (leno_message_is_request(message) && strncmp(type, reserved, strlen(reserved)) == 0)
		answer(app, message, type);
	else if (inner->message != NULL)
		inner->message(node, user, message, type, data);
	else if (leno_message_is_request(message))
		leno_refuse(message, EXIT_FAILED, "nobody answers requests at this node");
}

const leno_handlers *answers_begin(struct app *app, const leno_handlers *inner)
{
	struct answers *a = need(calloc(1, sizeof *a));

	a->inner = a->handlers = *inner;
	a->handlers.message = on_message;
	a->began_ms = clock_ms();
	app->answers = a;
	return &a->handlers;
}

void answers_end(struct app *app)
{
	if (app->answers != NULL)
		free(app->answers->stats);
	free(app->answers);
	app->answers = NULL;
}
