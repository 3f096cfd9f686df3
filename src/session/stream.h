/* stream.h - our items as a stream of bytes, until the peer has confirmed them.
 *
 *     tape:   start ........ next ........ sent_max ........ end
 *             | the peer has | sent, perhaps | to send            |
 *             | all before   | not arrived   |                    |
 *
 * Across relays some of what lies before `next` may be known to be lost (`again`, by
 * recovery.h): it goes first. How much may be under way is congestion.h's affair.
 *
 *  1. tape.start <= next <= sent_max <= tape.end; all of `again` is in [start, sent_max).
 *  2. No byte goes beyond the peer's credit, nor into an item over ITEM_FREE before the
 *     peer has acknowledged its size and granted all of it.
 *  3. delivered <= put - base: items of this life that the peer has dealt with.
 *  4. FRAME_DATA_ON says no offset: it goes by a link alone, and only where the last frame of
 *     data ended that went by this link, in this life, behind the last HELLO. */
#ifndef LENO_SESSION_STREAM_H
#define LENO_SESSION_STREAM_H

#include "base/tape.h"
#include "recovery/congestion.h"
#include "recovery/recovery.h"
#include "session/session.h"

/* An offset at which nothing begins. */
#define NOWHERE UINT64_MAX

/* An item over ITEM_FREE: where its bytes begin, behind the size, and end. */
struct big {
	uint64_t body, end;
};

struct stream {
	struct session_setup *setup;
	struct tape tape;
	uint64_t next, sent_max;
	uint64_t on;                  /* where FRAME_DATA_ON would begin; NOWHERE  */
	struct ranges again;          /* lost                                      */
	struct recovery recovery;
	struct congestion congestion;
	bool     probe;               /* one packet may go whatever is under way   */
	uint64_t gap_us;              /* when a gap last made it go back           */
	uint64_t timed, timed_us;     /* direct: the round trip of this offset     */
	uint64_t credit;
	uint64_t put;                 /* items, ever                               */
	uint64_t base;                /* of them, before this life of the session  */
	uint64_t delivered;           /* of this life, says the peer               */
	uint64_t reported;            /* ever: by session_take_confirmed()         */
	uint64_t data_max;            /* the peer's bound                          */
	uint64_t resent;              /* bytes, ever                               */
	uint64_t lost, marked;        /* packets, ever                             */
	uint64_t refused;             /* bytes that got LENO_AGAIN last; 0: none   */
	struct big *bigs;             /* in order, those not acknowledged          */
	size_t n_bigs, bigs_room;
};

void stream_init(struct stream *, struct session_setup *);
void stream_clear(struct stream *);

/* Forgets all that waits; numbers of items go on. */
void stream_renew(struct stream *);

/* See session_put(); piece: session_put_piece(). */
int stream_put(struct stream *, struct bytes head, struct bytes data, bool piece,
               uint64_t *ret_seq);

/* The path is another: send again what is not acknowledged. number: of the next packet. */
void stream_move(struct stream *, bool relayed, uint64_t number);

/* Whatever goes next says its offset: HELLO has been said. */
static inline void stream_place(struct stream *s)
{
	s->on = NOWHERE;
}

/* Bytes that the next frame of data may carry now. */
uint64_t stream_sendable(const struct stream *);

/* One FRAME_DATA or FRAME_DATA_ON with as much as fits; ret: which bytes, none when nothing may
 * go or there is no room. Across relays stream_sent() must follow when it is on its way. */
struct range stream_make(struct stream *, struct writer *, uint64_t now_us);
void stream_sent(struct stream *, struct range, uint64_t number, size_t packet_size,
                 uint64_t now_us);

/* Where the peer stands. PROTOCOL: it has what was never sent. */
struct position {
	uint64_t offset, items, credit;
	bool gap;
};
int stream_take_position(struct stream *, const struct position *, uint64_t now_us);

/* Which packets have come, by their numbers, and how many more of them marked. */
void stream_take_report(struct stream *, const struct report *, uint32_t marked,
                        uint64_t now_us);

/* Across relays: when stream_tick() has something to do. True: silence was too long, and
 * the peer is to be asked where it stands. */
uint64_t stream_deadline(const struct stream *);
bool stream_tick(struct stream *, uint64_t now_us);

/* Is there anything that the peer has not confirmed? */
static inline bool stream_waits(const struct stream *s)
{
	return s->base + s->delivered < s->put;
}

bool stream_take_writable(struct stream *);

#endif
