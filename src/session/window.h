/* window.h - how large the windows of sessions across relays are (recovery/congestion.h).
 *
 * The segment by which they grow is CONGESTION_STEP, not the largest packet: 15 KiB are too
 * coarse for slow paths, and much less lets eight sessions take seconds to share. */
#ifndef LENO_SESSION_WINDOW_H
#define LENO_SESSION_WINDOW_H

#include "recovery/congestion.h"
#include "wire/limits.h"

enum {
	CONGESTION_STEP = 10 * 1024,     /* SMSS of the formulas                     */
	CWND_START      = 64 * 1024,
	CWND_MIN        = 2 * CONGESTION_STEP,
	CWND_MAX        = SESSION_CREDIT,
	GROWTH_MAX      = 8 * PACKET_MAX
};
static_assert(CWND_MIN / 4 >= 4 * 1024, "no packet is made tiny by it");

static const struct congestion_limits session_window = { CONGESTION_STEP, CWND_START, CWND_MIN,
	                                                 CWND_MAX, GROWTH_MAX };

#endif
