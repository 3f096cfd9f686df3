/* ways.h - the ways from a node to others, as the settings name them: what it listens at, connects
 * to and discovers by; opened at the beginning, changed while it runs. */
#pragma once

#include "common.h"

struct app;

enum way { WAY_LISTEN, WAY_CONNECT, WAY_DISCOVER, WAYS };

struct ways {
	struct list of[WAYS]; /* URIs, each once; sockets that were handed over by number */
};

/* What the settings mean. NULL after having said what is wrong. */
struct ways *ways_new(const struct settings *, bool member);
void ways_free(struct ways *); /* NULL is fine */

/* Opens the first ones of app->ways, those for which root may be needed, or all others. False when
 * one failed: that has been said, what was opened stays, and app->exit is set. */
bool ways_open(struct app *, bool first);

/* Opens those of `next` that are new, and closes those that are in it no more; what cannot be
 * closed is said, and added to it. False when one could not be opened: that has been said, and all
 * is as it was. */
bool ways_change(struct app *, struct ways *next);
