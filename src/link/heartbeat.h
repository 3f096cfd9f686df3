/* heartbeat.h - is the other end alive, and how far away is it?
 *
 * Idle: a PING after `interval` without a byte, dead after interval x (misses + 1).
 * Under way: what was sent besides control frames is owed an answer. After silence / 4
 * without a byte a PING asks for it; dead after `silence`. The debt is paid by the PONG to a
 * PING that was written behind the last data, since the pipe keeps order: only then has the
 * other end read all of it.
 * Who is sent data and has nothing to say speaks up after silence / 2, so that a sender whose
 * PING is stuck behind its own megabytes still hears that they are being read.
 *
 *  1. Any byte received counts as life; that a record ends is link.c's to see.
 *  2. Control frames alone owe and are owed nothing: two idle ends do not keep each other awake.
 *  3. Machines that are slow to wake, and floods of our own, say nothing of the path: its round
 *     trip (rtt_path_us) is longer when PATH_SAMPLES in a row were, and shorter at once; while
 *     the link is busy it gets no longer.
 *  4. Who comes late to a deadline was itself stalled: the peer gets half a silence more, once,
 *     because its bytes may lie in the pipe unread. */
#ifndef LENO_LINK_HEARTBEAT_H
#define LENO_LINK_HEARTBEAT_H

#include "base/timers.h"
#include "wire/codec.h"

enum {
	CONTROL_FRAME = 10,              /* bytes of a PING, or of a PONG              */
	CONTROL_FRAMES = 2 * CONTROL_FRAME,
	PATH_SAMPLES   = 4               /* that must all say that a path got longer   */
};

struct heartbeat {
	uint64_t interval_us, dead_us, silence_us;
	uint64_t heard_us;               /* the last byte                              */
	uint64_t grace_us;               /* not dead before; 0 when none was given     */

	bool     owed, owed_asked;       /* the last PING is behind all data           */
	uint64_t owed_us;                /* since; starts again with each byte heard   */
	uint64_t data_us, partial_us;    /* heard and not yet spoken after, else NEVER */

	bool     ping_due, ping_out;     /* to be written; written and not answered    */
	bool     ping_here;              /* in the record being made                   */
	uint64_t ping_first_us, ping_last_us;
	bool     pong_due;
	uint64_t pong;

	uint32_t rtt_us, rtt_var_us;     /* RFC 6298; 0 before the first sample        */
	uint32_t rtt_path_us;            /* of the path; 0 before the first sample     */
	uint32_t least_us, n_samples;    /* of those in a row that were longer         */
	uint64_t moved;                  /* bytes, since the last sample ...           */
	uint64_t sampled_us;             /* ... which was then                         */
};

/* Wants its first PING at once: it tells the other end that the link works. */
void heartbeat_start(struct heartbeat *, uint64_t interval_us, uint32_t misses,
                     uint64_t silence_us, bool dialled, uint64_t now_us);

void heartbeat_heard(struct heartbeat *, uint64_t now_us);          /* bytes, any     */
void heartbeat_partial(struct heartbeat *, uint64_t now_us);        /* a record's part */
void heartbeat_record(struct heartbeat *, struct bytes frames, uint64_t now_us);
void heartbeat_moved(struct heartbeat *, size_t size);              /* bytes, either way */

bool heartbeat_take_ping(struct heartbeat *, struct bytes body);    /* false: malformed */
bool heartbeat_take_pong(struct heartbeat *, struct bytes body, uint64_t now_us);

bool heartbeat_wants(const struct heartbeat *);

/* A record is made: first what is due, at most CONTROL_FRAMES bytes; and at its end, told
 * whether there is data in it, perhaps a PING more (CONTROL_FRAME bytes). */
void heartbeat_write(struct heartbeat *, struct writer *, uint64_t now_us);
void heartbeat_finish(struct heartbeat *, struct writer *, bool data, uint64_t now_us);

uint64_t heartbeat_deadline(const struct heartbeat *);
bool heartbeat_tick(struct heartbeat *, uint64_t now_us);           /* false: dead    */

#endif
