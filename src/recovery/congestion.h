/* congestion.h - how much may be under way where packets may be lost.
 *
 * DCTCP (RFC 8257): relays mark packets that waited too long; the share of marked packets in
 * each window of data is averaged to alpha, and a window with marks shrinks the next one by
 * alpha / 2: by little when little is marked. Losses halve it (RFC 9002, section 7; RFC 8257,
 * 3.5). Slow start ends at the first mark or loss, or by delay as in HyStart++ (RFC 9406).
 *
 *     SLOW_START --the round trip grows--> CAUTIOUS --CSS_ROUNDS--> AVOIDANCE
 *     CAUTIOUS --it shrinks again--> SLOW_START
 *     any --a mark, a loss--> AVOIDANCE;  any --all is lost for long--> SLOW_START
 *
 * Not as published: marks are counted in packets, not bytes, since that is what a report
 * has; "once per window of data" is told by packet numbers. Behind slow start alpha begins
 * where it settles, not at one. docs/decisions/0009 has the figures. Where nobody marks, this is
 * Reno (RFC 5681) with HyStart++.
 *
 *  1. least <= cwnd <= most.
 *  2. Marks, and losses, each shrink it at most once a window of data; packets sent before
 *     that make nothing grow.
 *  3. It grows only while it is used (RFC 9002, section 7.8). */
#ifndef LENO_RECOVERY_CONGESTION_H
#define LENO_RECOVERY_CONGESTION_H

#include "recovery/recovery.h"

enum {
	ALPHA_ONE       = 1 << 20,       /* alpha is a fraction of this              */
	ALPHA_SHIFT     = 4,             /* g = 1/16: RFC 8257, 4.2                  */

	RTT_THRESH_MIN_US = 4 * 1000,    /* RFC 9406, 4.2 ...                        */
	RTT_THRESH_MAX_US = 16 * 1000,
	RTT_DIVISOR       = 8,
	RTT_SAMPLES       = 8,
	CSS_GROWTH        = 4,
	CSS_ROUNDS        = 5
};

/* All in bytes. */
struct congestion_limits {
	uint32_t step;                   /* SMSS of the formulas                     */
	uint32_t start, least, most;     /* of the window; least is two steps at least */
	uint32_t burst;                  /* RFC 9406's L: by one report it grows by so
	                                    much at most                             */
};

enum phase { SLOW_START = 1, CAUTIOUS, AVOIDANCE };

struct congestion {
	struct congestion_limits limits;
	enum phase phase;
	uint32_t cwnd, threshold;        /* slow start below the threshold           */
	uint32_t grown;                  /* bytes that came since cwnd last grew     */

	uint32_t alpha;
	uint32_t packets, marked;        /* that came in this window of data         */
	uint64_t window_end;             /* behind its last number                   */
	uint64_t measured_from;          /* what was sent before tells alpha nothing */
	uint64_t marked_end, lost_end;   /* what was sent before has had its answer  */
	uint32_t before;                 /* cwnd, when marks shrank it last          */

	uint64_t round_end;              /* HyStart++: of a round trip               */
	uint32_t samples;
	uint32_t round_us, before_us;    /* least round trip of it, of the one before */
	uint32_t cautious_us;            /* what made us cautious                    */
	unsigned rounds;
};

void congestion_init(struct congestion *, const struct congestion_limits *);

/* Packets are of another size from now on: the window stays, within the limits. */
void congestion_resize(struct congestion *, const struct congestion_limits *);

/* Begins anew on another path: what is told of packets below `next` is not of this one. */
void congestion_move(struct congestion *, uint64_t next);

/* What a report, or time, has told. */
void congestion_take(struct congestion *, const struct feedback *);

/* The most that one packet should take of the stream: a quarter of the window, so that what
 * is lost is followed by the three that show it. */
static inline uint32_t congestion_share(const struct congestion *c)
{
	return c->cwnd / 4;
}

#endif
