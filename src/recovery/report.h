/* report.h - which packets have come: what a receiver tells, and recovery.h acts upon.
 *
 * It is made of the replay window, which has all that has come in any case. Older packets
 * are reported again and again: a report that is lost costs nothing. */
#ifndef LENO_RECOVERY_REPORT_H
#define LENO_RECOVERY_REPORT_H

#include "recovery/replay.h"

enum { REPORT_SPANS = 32 };              /* the newest ones                          */

/* Counters, or numbers: all of them, the ends included, have come. */
struct run {
	uint64_t newest, oldest;
};

struct report {
	uint32_t index;                  /* whose counters, where there are several  */
	uint64_t delay_us, marked;
	unsigned n;                      /* 1 at least                               */
	struct run spans[REPORT_SPANS]; /* from the newest down, with gaps between  */
};

/* What this window has seen; n is 0 when nothing. */
void report_of(const struct replay *, struct report *ret);

#endif
