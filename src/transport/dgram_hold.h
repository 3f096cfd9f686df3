/* dgram_hold.h - bytes of a stream that came before those that go before them.
 *
 * A ring, where each byte lies at its offset modulo the ring's size; it takes memory when
 * there is a hole, and gives it back when there is none.
 *
 *  1. Never more than DGRAM_WINDOW bytes, and they count against a budget that all share.
 *  2. What finds no room is refused, whole, and nothing changed. */
#ifndef LENO_TRANSPORT_DGRAM_HOLD_H
#define LENO_TRANSPORT_DGRAM_HOLD_H

#include "base/budget.h"
#include "recovery/ranges.h"

#include <stddef.h>

enum {
	DGRAM_WINDOW    = 2 << 20,     /* granted beyond what has been read; a power of two */
	DGRAM_HOLD_LEAST = 64 * 1024
};

struct dgram_hold {
	struct budget *budget;
	uint8_t *ring;
	size_t room;                   /* a power of two, or 0 */
	struct ranges have;
};

void dgram_hold_init(struct dgram_hold *, struct budget *);
void dgram_hold_clear(struct dgram_hold *);

/* All has been read before `read`; offset is behind it, and the end within DGRAM_WINDOW. */
bool dgram_hold_put(struct dgram_hold *, uint64_t read, uint64_t offset, const uint8_t *data,
                    size_t size);

/* What can be read at `read`, in one piece; 0: nothing. */
size_t dgram_hold_next(struct dgram_hold *, uint64_t read, uint8_t **ret);

/* All before has been read. */
void dgram_hold_drop(struct dgram_hold *, uint64_t read);

#endif
