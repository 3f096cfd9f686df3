/* relay.h - packets of others that wait for one link: bounded, marked, then dropped.
 *
 * A packet is marked when it leaves and had to wait for longer than RELAY_MARK_US: the ends
 * then send less (recovery/congestion.h). Time, not bytes, is what people feel, and it means
 * the same at each rate. DCTCP wants the threshold over a seventh of the round trip for one
 * flow to keep the line busy; 5 ms do for 35 ms, and beyond that cost some percent at worst,
 * while the queue stays well under 20 ms.
 *
 *  1. A relay never blocks: what does not fit RELAY_QUEUE_MAX, or what the pool has for
 *     POOL_RELAY, is dropped, and counted.
 *  2. Packets keep their order. */
#ifndef LENO_NODE_RELAY_H
#define LENO_NODE_RELAY_H

#include "base/tape.h"
#include "wire/codec.h"

struct relay {
	struct tape tape;       /* [u16 size][u16 of it, sealed][u32 when it came][packet]... */
	uint64_t    marked;     /* packets, ever                                   */
};

void relay_init(struct relay *, struct pool *);
void relay_clear(struct relay *);

/* head | body | sealed as one packet; false: dropped. */
bool relay_put(struct relay *, struct bytes head, struct bytes body, struct bytes sealed,
               uint64_t now_us);
bool relay_has(const struct relay *);

/* Is the next packet large enough to be carried? */
bool relay_carries(struct relay *);

/* For how long the next packet has waited; 0 when there is none. */
uint32_t relay_wait_us(struct relay *, uint64_t now_us);

/* Writes packets while they fit the record. carried: where the sealed part of large ones goes;
 * NULL for a record that does not carry. */
void relay_make(struct relay *, struct writer *, struct writer *carried, uint64_t now_us);

#endif
