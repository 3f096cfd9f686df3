/* obey.h - what a node that stays does when another tells it to (`leno command`): it ends, and runs
 * the programs of --on-command. Nobody may tell it anything but whom --allow-commands names. */
#pragma once

#include "app.h"
#include "events.h"

/* Who may: read from the settings, then taken over. */
struct obeyed {
	leno_id ids[LIST_MAX];
	size_t n;
	bool all;
};

/* False: it has been said which of them is no id. */
bool obey_read(const struct settings *, struct obeyed *ret);
bool obey_allow(struct app *, const struct obeyed *);

/* The words that each node obeys. */
bool obey_begin(struct app *);

struct obey;

/* The programs of the settings, for their words; what is obeyed is said as an event. NULL: one of
 * them is wrong, which has been said, and app->exit is set. */
struct obey *obey_programs(struct app *, const struct settings *, enum event_style);

/* To call after each step, when a child has ended, and when the deadline has passed. */
void obey_work(struct obey *);
void obey_free(struct obey *); /* NULL is fine */
