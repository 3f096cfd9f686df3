/* replay.h - which packets of one key have been seen (RFC 6479's bitmap).
 *
 * A counter is fresh when it was never marked and is at most REPLAY_WIDTH behind the
 * newest; and below 2^63. The map is a ring of words, one more than the width needs: so moving on clears
 * whole words and shifts nothing. */
#ifndef LENO_RECOVERY_REPLAY_H
#define LENO_RECOVERY_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

enum { REPLAY_WIDTH = 2048, REPLAY_WORDS = 64 };

struct replay {
	uint64_t next;                 /* the newest counter marked, plus 1 */
	uint64_t words[REPLAY_WORDS];
};

/* Never marked, and not too old to be known? Asked before the tag is checked. */
bool replay_fresh(const struct replay *, uint64_t counter);

/* After the tag held. The counter must be fresh. */
void replay_mark(struct replay *, uint64_t counter);

/* The newest run of counters below this one that were all marked, its ends included, as far
 * back as is known. False: there is none. */
bool replay_run(const struct replay *, uint64_t below, uint64_t *ret_newest, uint64_t *ret_oldest);

#endif
