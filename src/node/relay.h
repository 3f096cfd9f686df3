/* relay.h - packets of others that wait for one link: bounded, marked, then dropped.
 *
 *  1. A relay never blocks: what does not fit RELAY_QUEUE_MAX, or needs more when half of the
 *     pool is out, is dropped, and counted.
 *  2. Packets keep their order. */
#ifndef LENO_NODE_RELAY_H
#define LENO_NODE_RELAY_H

#include "base/tape.h"
#include "wire/codec.h"

struct relay {
	struct tape tape;       /* [u16 size][u16 of it, sealed][packet]...        */
};

void relay_init(struct relay *, struct pool *);
void relay_clear(struct relay *);

/* head | body | sealed as one packet; false: dropped. */
bool relay_put(struct relay *, struct bytes head, struct bytes body, struct bytes sealed);
bool relay_crowded(const struct relay *);              /* the queue is long: mark packets */
bool relay_has(const struct relay *);

/* Is the next packet large enough to be carried? */
bool relay_carries(struct relay *);

/* Writes packets while they fit the record. carried: where the sealed part of large ones goes;
 * NULL for a record that does not carry. */
void relay_make(struct relay *, struct writer *, struct writer *carried);

#endif
