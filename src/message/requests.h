/* requests.h - what we asked and nobody has answered yet.
 *
 *  1. Each request ends once: taken by its number, by its peer, or by its deadline.
 *  2. Numbers are never used again while a late answer could still come: the slot is in
 *     the low 24 bits, how often it was used above.
 *  3. Slots are kept for reuse: steady traffic allocates nothing. */
#ifndef LENO_MESSAGE_REQUESTS_H
#define LENO_MESSAGE_REQUESTS_H

#include <leno.h>

#include "base/budget.h"
#include "base/list.h"
#include "base/timers.h"

struct request {
	struct timer  timer;
	struct list   of_peer;      /* in the peer's list, for when it goes away       */
	const void   *owner;        /* the peer that may answer                       */
	uint64_t      number;       /* 0: free                                         */
	uint32_t      slot;
	uint64_t      uses;
	leno_done_fn *done;
	void         *user;
	bool          ping;         /* no program answers it, and none is told         */
	struct list   unclocked;    /* made between inputs: see node/timers.c          */
};

struct requests {
	struct timers   *timers;
	int              timer_kind;
	struct request **slots;
	struct list      free;
	uint32_t         count, capacity, max;
};

/* What one costs, its places in tables too. */
enum { REQUEST_COST = sizeof(struct request) + BUDGET_BLOCK + 4 * sizeof(void *) };

/* max: how many at one time, REQUESTS_MAX at most. */
void requests_init(struct requests *, struct timers *, int timer_kind, uint32_t max);
void requests_clear(struct requests *);

/* A new one to this owner, in its list, due then (NEVER is fine). NULL: *ret_error has
 * MEMORY or LIMIT. */
struct request *requests_add(struct requests *, const void *owner, struct list *of_owner,
                             uint64_t due_us, int *ret_error);

/* The pending request of this number to this owner; NULL when it ended (a late or double
 * answer) or was put to another. */
struct request *requests_find(const struct requests *, uint64_t number, const void *owner);

/* Ends it: what it held is free for the next. Copy done and user before. */
void requests_end(struct requests *, struct request *);

#endif
