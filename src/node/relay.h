/* relay.h - packets of others that wait for one link: bounded, marked, then dropped.
 *
 *  1. A relay never blocks: what does not fit RELAY_QUEUE_MAX is dropped, and counted.
 *  2. Packets keep their order. */
#ifndef LENO_NODE_RELAY_H
#define LENO_NODE_RELAY_H

#include "base/tape.h"
#include "wire/codec.h"

struct relay {
	struct tape tape;       /* [u16 size][frame body]...                       */
};

void relay_init(struct relay *, struct pool *);
void relay_clear(struct relay *);

/* head | body as one packet; false: dropped. *ret_mark: the queue is long: mark it. */
bool relay_put(struct relay *, struct bytes head, struct bytes body);
bool relay_crowded(const struct relay *);
bool relay_has(const struct relay *);

/* Writes packets while they fit the record; false when none was written. */
bool relay_make(struct relay *, struct writer *);

#endif
