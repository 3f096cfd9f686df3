/* timers.h - deadlines of many objects, the earliest first (a binary heap).
 *
 * A struct timer lives inside its owner; `kind` tells the owner's type, so that
 * whoever drains the heap can switch on it. Ties fire in the order they were set. */
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
};

void timers_init(struct timers *);
void timers_clear(struct timers *);

/* Room for one more timer that exists: called when its owner is made, so that
 * setting cannot fail. LENO_MEMORY. Released by timers_release(). */
int  timers_admit(struct timers *);
void timers_release(struct timers *, struct timer *);

void timers_set(struct timers *, struct timer *, uint64_t due_us); /* NEVER unsets */
uint64_t timers_due(const struct timers *);                         /* NEVER if none */
struct timer *timers_pop(struct timers *, uint64_t now_us);         /* NULL if none due */

#endif
