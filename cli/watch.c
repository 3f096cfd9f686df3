/* watch.c - see watch.h.
 *
 *   seek NODE -> ask -> answered -> (interval) -> ask ...
 *
 *  1. One question is under way at a time: a node that is slow is not asked more. */
#include "watch.h"
#include "output.h"

#include <string.h>

static bool take_first(void *arg, const leno_link_info *info)
{
	struct watch *w = arg;

	w->to = info->id;
	w->found = true;
	return false;
}

static void next(struct watch *w)
{
	if (w->interval_ms > 0)
		w->app.deadline = w->asked_ms + w->interval_ms;
}

/* Before the first reply a failure is all that there is to say; later ones may pass. */
static void failed(struct watch *w, int error, const char *why)
{
	const char *who = w->who ? w->who : node_label(w->app.node, &w->to);
	char text[256];

	w->error = error;
	if (w->replies > 0 && w->interval_ms > 0) {
		w->show(w, (leno_bytes){ 0 }, error);
		next(w);
		return;
	}
	safe_copy(text, sizeof text, why, strlen(why));
	if (error == LENO_REFUSED)
		fail("%s does not tell its counters: %s; name a node that runs `leno up`", who,
		     *text ? text : "it refuses the question");
	else
		fail("%s does not tell its counters: %s", who, leno_strerror(error));
	app_end(&w->app, app_error_exit(error));
}

static void on_answer(leno_node *node, void *user, const leno_answer *answer)
{
	struct watch *w = user;
	struct snapshot got = { .name = "" };

	if (answer->error) {
		failed(w, answer->error, answer->why ? answer->why : "");
		return;
	}
	if (!snapshot_read_json(&got, answer->data)) {
		snapshot_free(&got);
		failed(w, LENO_REFUSED, "its answer is not one of leno");
		return;
	}
	snapshot_free(&w->before);
	w->before = w->now;
	w->now = got;
	w->replies++;
	w->error = 0;
	w->show(w, answer->data, 0);
	next(w);
}

static void ask(struct watch *w)
{
	struct app *app = &w->app;
	int error;

	w->asked_ms = clock_ms();
	app->deadline = -1; /* the library keeps it from here */
	error = leno_request(app->node, &w->to, STATS_TYPE, (leno_bytes){ 0 }, app->set->timeout_ms,
	                     on_answer, w, NULL);
	if (error)
		failed(w, error, "");
}

static void on_tick(struct app *app)
{
	struct watch *w = (struct watch *)app;

	if (w->turn != NULL)
		w->turn(w);
	if (w->found)
		return;
	if (w->who != NULL)
		w->found = app_seek(app, w->who, &w->to);
	else
		leno_links(app->node, take_first, w);
	if (w->found)
		ask(w);
}

static void on_late(struct app *app)
{
	struct watch *w = (struct watch *)app;

	if (!w->found) {
		app_not_found(app, w->who);
		return;
	}
	/* It may be another by now: the name moved on, or we join by somebody else. */
	if (w->error && w->who == NULL)
		leno_links(app->node, take_first, w);
	else if (w->error)
		leno_find(app->node, w->who, &w->to);
	ask(w);
}

uint64_t watch_passed_ms(const struct watch *w)
{
	if (w->replies < 2 || w->now.uptime_ms <= w->before.uptime_ms ||
	    !leno_id_same(&w->now.id, &w->before.id))
		return 0;
	return w->now.uptime_ms - w->before.uptime_ms;
}

int watch_run(struct watch *w)
{
	static const leno_handlers handlers = { 0 };
	const struct settings *set = w->app.set;

	w->app.tick = on_tick;
	w->app.late = on_late;
	if (app_open(&w->app, set, &handlers, false)) {
		app_start_clock(&w->app);
		app_run(&w->app);
	}
	snapshot_free(&w->now);
	snapshot_free(&w->before);
	return w->app.exit;
}
