/* replay.c - see replay.h. */
#include "session/replay.h"

#include <assert.h>

enum { WORD_BITS = 64 };
static_assert(REPLAY_WORDS * WORD_BITS >= REPLAY_WIDTH + WORD_BITS, "a word more than the width");
static_assert((REPLAY_WORDS & (REPLAY_WORDS - 1)) == 0, "the ring's index is a mask");

static uint64_t bit_of(uint64_t counter)
{
	return (uint64_t)1 << counter % WORD_BITS;
}

static unsigned word_of(uint64_t counter)
{
	return (unsigned)(counter / WORD_BITS) & (REPLAY_WORDS - 1);
}

bool replay_fresh(const struct replay *r, uint64_t counter)
{
	if (counter == UINT64_MAX)         /* its successor would be 0 */
		return false;
	if (counter >= r->next)
		return true;
	if (r->next - counter > REPLAY_WIDTH)
		return false;
	return !(r->words[word_of(counter)] & bit_of(counter));
}

void replay_mark(struct replay *r, uint64_t counter)
{
	assert(replay_fresh(r, counter));
	if (counter >= r->next) {
		uint64_t from = r->next ? (r->next - 1) / WORD_BITS : 0;
		uint64_t steps = counter / WORD_BITS - from;

		if (steps > REPLAY_WORDS)
			steps = REPLAY_WORDS;
		for (uint64_t i = 1; i <= steps; i++)
			r->words[(from + i) & (REPLAY_WORDS - 1)] = 0;
		r->next = counter + 1;
	}
	r->words[word_of(counter)] |= bit_of(counter);
}
