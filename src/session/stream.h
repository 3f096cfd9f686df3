/* stream.h - our items as a stream of bytes, until the peer has confirmed them.
 *
 *     tape:   start ........ next ........ sent_max ........ end
 *             | the peer has | sent, perhaps | to send            |
 *             | all before   | not arrived   |                    |
 *
 *  1. tape.start <= next <= sent_max <= tape.end.
 *  2. No byte goes beyond the peer's credit, nor into an item over ITEM_FREE before the
 *     peer has acknowledged its size and granted all of it.
 *  3. delivered <= put - base: items of this life that the peer has dealt with. */
#ifndef LENO_SESSION_STREAM_H
#define LENO_SESSION_STREAM_H

#include "base/tape.h"
#include "session/session.h"
#include "session/window.h"

/* An item over ITEM_FREE: where its bytes begin, behind the size, and end. */
struct big {
	uint64_t body, end;
};

struct stream {
	struct session_setup *setup;
	struct tape tape;
	struct window window;
	uint64_t next, sent_max;
	uint64_t credit;
	uint64_t put;                 /* items, ever                               */
	uint64_t base;                /* of them, before this life of the session  */
	uint64_t delivered;           /* of this life, says the peer               */
	uint64_t reported;            /* ever: by session_take_confirmed()         */
	uint64_t data_max;            /* the peer's bound                          */
	uint64_t resent;              /* bytes, ever                               */
	uint64_t refused;             /* bytes that got LENO_AGAIN last; 0: none   */
	struct big *bigs;             /* in order, those not acknowledged          */
	size_t n_bigs, bigs_room;
};

void stream_init(struct stream *, struct session_setup *);
void stream_clear(struct stream *);

/* Forgets all that waits; numbers of items go on. */
void stream_renew(struct stream *);

/* See session_put(). */
int stream_put(struct stream *, struct bytes head, struct bytes data, uint64_t *ret_seq);

/* The path is another: send again what is not acknowledged. */
void stream_move(struct stream *, bool relayed);

/* Bytes that may go now. */
uint64_t stream_sendable(const struct stream *);

/* One FRAME_DATA with as much as fits; false: nothing may go, or there is no room. */
bool stream_make(struct stream *, struct writer *, uint64_t now_us);

/* Where the peer stands. PROTOCOL: it has what was never sent. */
struct position {
	uint64_t offset, items, credit;
	bool gap, mark;
};
int stream_take_position(struct stream *, const struct position *, uint64_t now_us);

/* Silence was too long: all that is in flight counts as lost. */
void stream_expired(struct stream *, uint64_t now_us);

/* Is there anything that the peer has not confirmed? */
static inline bool stream_waits(const struct stream *s)
{
	return s->base + s->delivered < s->put;
}

bool stream_take_writable(struct stream *);

#endif
