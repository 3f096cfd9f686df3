/* watch.h - a visitor that asks one node for its counters, once or every so often: what
 * `stats` and `top` have in common. */
#pragma once

#include "app.h"
#include "snapshot.h"

enum { WATCH_LEAST_MS = 100 }; /* between two questions */

/* The commands' own structs begin with it; zeroed but for what they set. */
struct watch {
	struct app app;
	const char *who;      /* NODE; NULL: the one that we join by               */
	leno_ms interval_ms;  /* from one question to the next; 0: once            */
	/* A reply came: `now` is what it says, `before` what the one before said, if any.
	 * With an error instead: how it failed, `now` and `before` stay as they are. */
	void (*show)(struct watch *, leno_bytes reply, int error);

	void (*turn)(struct watch *); /* after each step of the node; may be NULL  */

	leno_id to;
	bool found;
	int error; /* of the last question */
	unsigned replies;
	int64_t asked_ms;
	struct snapshot now, before;
};

/* Opens the node, asks until app_end(), returns the exit code. */
int watch_run(struct watch *);

/* Time between the two snapshots, by the node's own clock; 0 when they cannot be compared:
 * there is but one, or the node has begun anew in between. */
uint64_t watch_passed_ms(const struct watch *);
