/* replay.h - which packets of one key have been seen (RFC 6479's bitmap).
 *
 * A counter is fresh when it was never marked and is at most REPLAY_WIDTH behind the
 * newest. The map is a ring of words, one more than the width needs: so moving on clears
 * whole words and shifts nothing. */
#ifndef LENO_SESSION_REPLAY_H
#define LENO_SESSION_REPLAY_H

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

#endif
