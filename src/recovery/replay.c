/* replay.c - see replay.h. */
#include "recovery/replay.h"

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
	if (counter > INT64_MAX)           /* reports could not name it */
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

/* The greatest counter in [oldest, below) whose bit is `set`; false: none. A word a step. */
static bool find_below(const struct replay *r, uint64_t oldest, uint64_t below, bool set,
                       uint64_t *ret)
{
	while (below > oldest) {
		uint64_t last = below - 1, word = r->words[word_of(last)];

		word = (set ? word : ~word) << (WORD_BITS - 1 - last % WORD_BITS);
		if (word) {
			*ret = last - (uint64_t)__builtin_clzll(word);
			return *ret >= oldest;
		}
		below = last - last % WORD_BITS;
	}
	return false;
}

bool replay_run(const struct replay *r, uint64_t below, uint64_t *ret_newest, uint64_t *ret_oldest)
{
	uint64_t oldest = r->next > REPLAY_WIDTH ? r->next - REPLAY_WIDTH : 0;

	if (!find_below(r, oldest, below, true, ret_newest))
		return false;
	*ret_oldest = find_below(r, oldest, *ret_newest, false, &below) ? below + 1 : oldest;
	return true;
}
