/* mates.c - pings to those whom it matters to hear of.
 *
 *  1. A mate is kept while something goes on with it, or a ping to it is on its way.
 *  2. ASKS pings fit into the time after which it is given up: one that is lost with its
 *     path is no verdict. */
#include "mates.h"
#include "output.h"

#include <stdlib.h>

enum { ASKS = 4, EVERY_MOST_MS = 60 * 1000 };

struct mate {
	struct mate *next;
	leno_id id;
	unsigned uses;
	bool asked;
	int64_t heard_ms;
};

struct mates {
	struct app *app;
	leno_ms silent_ms, every_ms;
	void (*lost)(void *, const leno_id *);
	void *arg;
	struct mate *first;
	leno_timer beat;
};

static void forget_unused(struct mates *all)
{
	for (struct mate **at = &all->first, *m; (m = *at) != NULL;) {
		if (m->uses > 0 || m->asked) {
			at = &m->next;
			continue;
		}
		*at = m->next;
		free(m);
	}
}

static void on_pong(leno_node *node, void *arg, const leno_answer *answer)
{
	struct mate *m = arg;

	m->asked = false;
	if (answer->error == 0)
		m->heard_ms = clock_ms();
}

static void on_beat(leno_node *node, void *arg)
{
	struct mates *all = arg;
	int64_t now = clock_ms();

	all->beat = 0;
	forget_unused(all);
	if (all->first == NULL)
		return;
	leno_after(node, all->every_ms, on_beat, all, &all->beat);
	for (struct mate *m = all->first; m != NULL; m = m->next) {
		if (m->uses > 0 && !m->asked)
			m->asked = leno_ping(node, &m->id, all->every_ms, on_pong, m) == 0;
		if (m->uses > 0 && now - m->heard_ms >= all->silent_ms)
			all->lost(all->arg, &m->id);
	}
}

struct mates *mates_new(struct app *app, leno_ms silent_ms, void (*lost)(void *, const leno_id *),
                        void *arg)
{
	struct mates *all = need(malloc(sizeof *all));
	leno_ms every = silent_ms / ASKS;

	every = every < 1 ? 1 : every > EVERY_MOST_MS ? EVERY_MOST_MS : every;
	*all = (struct mates){
		.app = app, .silent_ms = silent_ms, .every_ms = every, .lost = lost, .arg = arg
	};
	return all;
}

void mates_free(struct mates *all)
{
	if (all == NULL)
		return;
	if (all->beat != 0)
		leno_cancel(all->app->node, all->beat);
	for (struct mate *m = all->first, *next; m != NULL; m = next) {
		next = m->next;
		free(m);
	}
	free(all);
}

static struct mate *find(struct mates *all, const leno_id *id)
{
	for (struct mate *m = all->first; m != NULL; m = m->next) {
		if (leno_id_same(&m->id, id))
			return m;
	}
	return NULL;
}

void mates_begin(struct mates *all, const leno_id *id)
{
	struct mate *m = find(all, id);

	if (m == NULL) {
		m = need(calloc(1, sizeof *m));
		m->id = *id;
		m->next = all->first;
		all->first = m;
	}
	if (m->uses++ == 0)
		m->heard_ms = clock_ms();
	if (all->beat == 0)
		leno_after(all->app->node, all->every_ms, on_beat, all, &all->beat);
}

void mates_end(struct mates *all, const leno_id *id)
{
	struct mate *m = find(all, id);

	if (m != NULL)
		m->uses--;
}
