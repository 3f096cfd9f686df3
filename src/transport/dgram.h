/* dgram.h - one connection over datagrams: bytes in order, both ways, without loss.
 *
 * A pure machine: datagrams and the time go in, datagrams, bytes and a deadline come out.
 *
 *     DIALLING --ACCEPT--> OPEN                a greeting (dgram_door.h) makes one that is OPEN
 *        |                   |
 *        +-----> OVER <------+                 refused, reset, broken, or silent for too long
 *
 * Bytes are kept until they were read at the other end. What is lost is found, and how much
 * may be under way is decided, as among sessions: see recovery/. Datagrams are of DGRAM_BASE
 * bytes until larger ones were seen to arrive (RFC 8899). A peer whose datagrams come from
 * another address is asked there for a token; once it has answered, that is its address. Until
 * then no more than three times what came from there goes there.
 *
 *  1. dgram_make() gives 0 until something came, was written, or the deadline has come.
 *  2. A datagram that is not of this connection, or damaged, or old, changes nothing.
 *  3. Memory: DGRAM_QUEUE + DGRAM_WINDOW bytes and the books of SENT_MAX datagrams, the first
 *     two within what all connections share. */
#ifndef LENO_TRANSPORT_DGRAM_H
#define LENO_TRANSPORT_DGRAM_H

#include "transport/dgram_door.h"

#include "base/budget.h"
#include "base/pool.h"

enum {
	DGRAM_QUEUE      = 4 << 20,      /* bytes that were written, until they were read    */
	DGRAM_UNSENT     = 64 * 1024,    /* of them, beyond what may go now: late is better  */
	DGRAM_ACK_US     = 5 * 1000,     /* one datagram waits so long for company           */
	DGRAM_SHORT_US   = 10 * 1000,    /* before room is looked for that others had        */
	DGRAM_HELLO_US   = 250 * 1000,   /* until it is said again; doubles                  */
	DGRAM_IDLE_US    = 15 * 1000000, /* nothing was sent: so that NATs remember us       */
	DGRAM_SILENCE_US = 60 * 1000000, /* nothing came: it is over                         */
	DGRAM_SEARCH_US  = 600 * 1000000,/* larger datagrams are tried again: RFC 8899, 5.1.1 */
	DGRAM_TRIES      = 3             /* of a probe of the size, or of a challenge        */
};

/* What all connections of a driver share. */
struct dgram_share {
	struct pool pool;                /* bytes that wait to be read at the other end      */
	struct budget hold;              /* bytes that came out of order                     */
};

struct dgram_setup {
	struct dgram_share *share;
	struct dgram_address peer;
	uint8_t seed[48];                /* of names, keys and tokens                        */
	size_t  size_max;                /* of datagrams on this path; 0: DGRAM_MOST         */
};

/* For tests, and for people. */
struct dgram_counts {
	uint64_t made, taken;            /* datagrams                                        */
	uint64_t bad, old;               /* dropped: not ours or damaged, came before        */
	uint64_t refused;                /* dropped for want of room                         */
	uint64_t lost, moves, probes;
	size_t   size;                   /* of a full datagram, now                          */
	uint32_t rtt_us, window;
	uint64_t in_flight;
};

struct dgram;

/* NULL: no memory. */
struct dgram *dgram_dial(const struct dgram_setup *, uint64_t now_us);
struct dgram *dgram_accept(const struct dgram_setup *, const struct dgram_greeting *,
                           uint64_t now_us);
void dgram_free(struct dgram *);

/* Under which datagrams for it come. */
const uint8_t *dgram_id(const struct dgram *);
bool dgram_is_open(const struct dgram *);
bool dgram_ended(const struct dgram *);      /* the peer has ended, and all of it was given  */
int  dgram_error(const struct dgram *);      /* why it is OVER: CLOSED, TIMEOUT, PROTOCOL, OLD,
                                                MEMORY; else 0                               */
unsigned dgram_silences(const struct dgram *); /* in a row, without any answer               */
void dgram_place(const struct dgram *, struct dgram_address *ret);    /* where the peer is  */
void dgram_count(const struct dgram *, struct dgram_counts *ret);

/* ---- datagrams --------------------------------------------------------------- */

/* Bytes of the stream, which may be overwritten; the connection must not be freed in it. */
typedef void dgram_sink(void *user, uint8_t *data, size_t size);

void dgram_take(struct dgram *, const struct dgram_address *from, uint8_t *data, size_t size,
                uint64_t now_us, dgram_sink *, void *user);

/* The HELLO of its greeting came again: the answer was lost. */
void dgram_greet_again(struct dgram *);

/* The next datagram, of at most DGRAM_MOST bytes; 0: none now. */
size_t dgram_make(struct dgram *, uint8_t *buf, uint64_t now_us, struct dgram_address *ret_to);

/* The same without a copy of what is long: it begins in buf, with `head` bytes, and goes on in
 * parts that lie in the connection, until anything but this is done with it. */
enum { DGRAM_PARTS = 4, DGRAM_COPIED = 4096 };
struct dgram_out {
	struct dgram_address to;
	size_t size, head;
	unsigned n;
	struct bytes parts[DGRAM_PARTS];
};
bool dgram_make_parts(struct dgram *, uint8_t *buf, uint64_t now_us, struct dgram_out *ret);

/* A last one, which tells the peer that all is over. */
size_t dgram_make_reset(struct dgram *, uint8_t *buf);

/* The system will not send datagrams of so many bytes on this path. */
void dgram_too_big(struct dgram *, size_t size, uint64_t now_us);

uint64_t dgram_deadline(const struct dgram *);
void dgram_tick(struct dgram *, uint64_t now_us);    /* the deadline may have come */

/* ---- bytes ------------------------------------------------------------------- */

/* How many were taken; fewer: it is full, until dgram_room(). */
size_t dgram_write(struct dgram *, const uint8_t *data, size_t size);
bool dgram_room(const struct dgram *);
void dgram_end(struct dgram *);              /* no more will be written */

#endif
