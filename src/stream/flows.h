/* flows.h - the streams of two nodes: their numbers, and whose turn it is.
 *
 * Each end numbers those that it opens, upwards from 0, for one life of the session (one
 * that is aborted before it was said leaves a gap). Turns go round by deficit (Shreedhar and Varghese, Efficient Fair Queueing
 * Using Deficit Round Robin, SIGCOMM 1995): each has its weight in KiB a turn, so that a
 * gigabyte and a question share as their weights do, whatever the sizes of their pieces.
 *
 *  1. A flow is in `turns` exactly while it has something to say.
 *  2. A number is never used again in one life: what is still under way for a stream that
 *     has ended finds nobody. */
#ifndef LENO_STREAM_FLOWS_H
#define LENO_STREAM_FLOWS_H

#include "base/map.h"
#include "stream/flow.h"

enum { FLOWS_MAX = LENO_STREAMS_MAX, FLOW_TURN = 1024 /* bytes a weight */ };

struct flows {
	struct map  by_key;
	struct list turns;
	uint32_t    next_ours, next_theirs;
	uint32_t    n_ours, n_theirs;
};

void flows_init(struct flows *, const uint8_t seed[16]);
void flows_clear(struct flows *);        /* the table; flows are their owner's */

/* A key for a stream of ours. LIMIT: FLOWS_MAX are open. */
int  flows_open(struct flows *, struct flow_key *ret);
/* The peer opens this one. PROTOCOL: a later number has been. LIMIT: FLOWS_MAX are open:
 * its number counts as used. */
int  flows_opened(struct flows *, uint32_t number);

/* Adds one that was opened, with the key that it got. MEMORY. */
int  flows_add(struct flows *, struct flow *);
void flows_remove(struct flows *, struct flow *);

/* NULL with 0: it is over. NULL with PROTOCOL: it has never been. */
struct flow *flows_find(const struct flows *, struct flow_key, int *ret_error);
struct flow *flows_next(const struct flows *, size_t *cursor);

/* It may have something to say. */
void flows_wake(struct flows *, struct flow *);
static inline bool flows_want(const struct flows *f)
{
	return !list_empty(&f->turns);
}

/* Whose turn it is, and how many bytes are left of it; then: so many were said. */
struct flow *flows_turn(struct flows *, size_t *ret_max);
void flows_said(struct flows *, struct flow *, size_t bytes);

#endif
