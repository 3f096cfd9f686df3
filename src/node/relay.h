/* relay.h - packets of others that wait for one link: bounded, marked, then dropped.
 *
 * A packet is marked when it leaves and had to wait for longer than RELAY_MARK_US: the ends
 * then send less (session/congestion.h). Time, not bytes, is what people feel, and it means
 * the same at each rate. DCTCP wants the threshold over a seventh of the round trip for one
 * flow to keep the line busy; 5 ms do for 35 ms, and beyond that cost some percent at worst,
 * while the queue stays well under 20 ms.
 *
 *  1. A relay never blocks: what does not fit RELAY_QUEUE_MAX is dropped, and counted.
 *  2. Packets keep their order. */
#ifndef LENO_NODE_RELAY_H
#define LENO_NODE_RELAY_H

#include "base/tape.h"
#include "wire/codec.h"

struct relay {
	struct tape tape;       /* [u16 size][u32 when it came][frame body]...     */
	uint64_t    marked;     /* packets, ever                                   */
};

void relay_init(struct relay *, struct pool *);
void relay_clear(struct relay *);

/* head | body as one packet; false: dropped. */
bool relay_put(struct relay *, struct bytes head, struct bytes body, uint64_t now_us);
bool relay_has(const struct relay *);

/* For how long the first packet has waited; 0 when there is none. */
uint32_t relay_wait_us(struct relay *, uint64_t now_us);

/* Writes packets while they fit the record; false when none was written. */
bool relay_make(struct relay *, struct writer *, uint64_t now_us);

#endif
