/* parcel.h - bytes that are encoded once and wait in many queues: counted references.
 *
 *  1. Whoever holds one has taken it or made it, and drops it once.
 *  2. All parcels of a store together hold at most its bytes, what an allocator adds to
 *     each of them too. */
#ifndef LENO_MESSAGE_PARCEL_H
#define LENO_MESSAGE_PARCEL_H

#include <stdint.h>

#include "base/budget.h"

struct parcel {
	struct budget *store;
	uint32_t refs;
	uint8_t  kind;          /* the caller's: 0 at first */
	size_t   size;
	uint8_t  bytes[];
};

enum { PARCEL_COST = sizeof(struct parcel) + BUDGET_BLOCK };

/* One reference, `size` bytes to be filled. NULL: the bound, or memory. */
struct parcel *parcel_new(struct budget *, size_t size);
struct parcel *parcel_take(struct parcel *);    /* one reference more; returns it */
struct parcel *parcel_drop(struct parcel *);    /* NULL is fine; returns NULL     */

#endif
