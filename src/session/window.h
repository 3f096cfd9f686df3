/* window.h - how much may be in flight across relays, and when it counts as lost.
 *
 * For now: slow start, additive increase, halved on a gap, a mark or silence, which is
 * enough to be safe. What replaces it needs to know no more than these calls tell it.
 * On a direct path the link is reliable: only the round trip is measured. */
#ifndef LENO_SESSION_WINDOW_H
#define LENO_SESSION_WINDOW_H

#include "base/timers.h"
#include "wire/limits.h"

enum {
	CWND_START       = 64 * 1024,
	CWND_MIN         = 32 * 1024,
	PTO_MIN_US       = 60 * 1000,
	PTO_FIRST_US     = 200 * 1000,   /* before the round trip is known            */
	PTO_MAX_US       = 2 * 1000 * 1000
};

struct window {
	bool     on;                  /* across relays                            */
	bool     timing;              /* a round trip is being measured           */
	uint32_t cwnd, threshold;     /* slow start below the threshold           */
	uint32_t srtt_us, var_us;     /* RFC 6298; 0: not yet                     */
	uint32_t grown;               /* bytes acknowledged since cwnd last grew  */
	unsigned backoff;
	uint64_t timed_offset, timed_us;
	uint64_t cut_us;              /* when it was last halved                  */
	uint64_t due_us;              /* silent until then: lost                  */
};

void window_reset(struct window *, bool on);

/* Bytes up to this offset go out now; again: they had been sent before. */
void window_sent(struct window *, uint64_t upto, bool again, uint64_t now_us);

/* Something went out that the peer must answer: from when on silence counts. */
void window_arm(struct window *, uint64_t now_us);

/* The peer has `bytes` more, up to this offset; is there more to wait for? */
void window_acked(struct window *, uint64_t upto, uint64_t bytes, bool waiting, uint64_t now_us);

/* Loss or a mark. False: halved less than a round trip ago. */
bool window_cut(struct window *, uint64_t now_us);

/* due_us has come: halve, and wait longer next time. */
void window_expired(struct window *, uint64_t now_us);

#endif
