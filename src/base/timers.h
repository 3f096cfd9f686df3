/* timers.h - deadlines of many objects, the earliest first (a binary heap).
 *
 * A struct timer lives inside its owner; `kind` tells the owner's type, so that
 * whoever drains the heap can switch on it. Ties fire in the order they were set. What is
 * set to a time that has passed is due now. */
#ifndef LENO_BASE_TIMERS_H
#define LENO_BASE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEVER UINT64_MAX

struct timer {
	uint64_t due_us;
	uint64_t serial;
	size_t   slot;            /* in the heap, 1 up; 0 when not set */
	int      kind;
};

struct timers {
	struct timer **heap;
	size_t count, capacity;
	uint64_t serial;
	uint64_t now_us, upto;    /* of the round: what is set within it waits for the next */
};

void timers_init(struct timers *);
void timers_clear(struct timers *);

/* Room for one more timer that exists: called when its owner is made, so that
 * setting cannot fail. LENO_MEMORY. Released by timers_release(). */
int  timers_admit(struct timers *);
void timers_release(struct timers *, struct timer *);

void timers_set(struct timers *, struct timer *, uint64_t due_us); /* NEVER unsets */
uint64_t timers_due(const struct timers *);                         /* NEVER if none */

/* A round: those that are due now, and were set before it began. So whoever sets a timer
 * anew each time it fires cannot keep the caller. NULL: no more. */
void timers_begin(struct timers *, uint64_t now_us);
struct timer *timers_pop(struct timers *);

#endif
