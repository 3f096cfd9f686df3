/* ranges.h - a set of bytes of a stream: sorted ranges that do not touch.
 *
 *  1. from < to of each, and between two of them at least one byte is missing.
 *  2. Never more than RANGES_MAX: what would need one more is refused, and changes nothing.
 *  3. The first few need no memory; what more took is given back when the set is empty. */
#ifndef LENO_RECOVERY_RANGES_H
#define LENO_RECOVERY_RANGES_H

#include <stdbool.h>
#include <stdint.h>

enum { RANGES_FEW = 8, RANGES_MAX = 1024 };

struct range {
	uint64_t from, to;             /* to: the first byte behind it */
};

struct ranges {
	unsigned n, room;
	struct range *at;              /* `few`, or memory of our own */
	struct range few[RANGES_FEW];
};

void ranges_init(struct ranges *);
void ranges_clear(struct ranges *);    /* empty, without memory */

/* Merged with those that it touches; an empty one is there already. False: no room. */
bool ranges_add(struct ranges *, struct range);

/* Forgets all that lies before `upto`. */
void ranges_drop(struct ranges *, uint64_t upto);

#endif
