/* The window of counters: each once, none too old, however they come. */
#include "recovery/replay.h"
#include "support/check.h"

static bool take(struct replay *r, uint64_t counter)
{
	if (!replay_fresh(r, counter))
		return false;
	replay_mark(r, counter);
	return true;
}

TEST(each_counter_is_good_once)
{
	static const struct row {
		const char *why;
		uint64_t counter;
		bool good;
	} rows[] = {
		{ "the first", 0, true },
		{ "the first again", 0, false },
		{ "the next", 1, true },
		{ "a jump", 9, true },
		{ "late", 8, true },
		{ "late, again", 8, false },
		{ "the last of a word", 63, true },
		{ "the first of a word", 64, true },
		{ "just as late as can be", 64 + REPLAY_WIDTH, true },
		{ "one too late", 64, false },
		{ "within the width", 65, true },
		{ "again", 65, false },
		{ "far ahead", 1000000, true },
		{ "before the jump, within", 1000000 - REPLAY_WIDTH + 1, true },
		{ "before the jump, too old", 1000000 - REPLAY_WIDTH, false },
		{ "where old bits lay", 1000000 - 64, true },
		{ "enormous", INT64_MAX, true },
		{ "enormous, again", INT64_MAX, false },
		{ "beyond what a report can name", (uint64_t)INT64_MAX + 1, false },
		{ "the greatest", UINT64_MAX, false },
		{ "of long ago", 5, false },
	};
	struct replay r = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(take(&r, rows[i].counter), rows[i].good);
	}
}

/* The run that ends below `below`, looked for bit by bit. */
static void compare_run(const struct replay *r, const uint8_t *seen, uint64_t below)
{
	uint64_t oldest = r->next > REPLAY_WIDTH ? r->next - REPLAY_WIDTH : 0, from, to, last, first;
	bool got = replay_run(r, below, &last, &first);

	for (to = below; to > oldest && !seen[to - 1]; to--)
		;
	if (!CHECK_EQ(got, to > oldest) || !got)
		return;
	for (from = to; from > oldest && seen[from - 1]; from--)
		;
	CHECK_EQ(last, to - 1);
	CHECK_EQ(first, from);
}

/* Against a model that remembers everything. */
TEST(any_order_agrees_with_a_memory_of_all)
{
	static uint8_t seen[1 << 20];
	struct replay r = { 0 };
	uint64_t state = 88172645463325252u, top = 0, next = 0;

	for (int i = 0; i < 200000; i++) {
		uint64_t counter, back;
		bool good;

		state ^= state << 13, state ^= state >> 7, state ^= state << 17;
		back = state % 3 ? state / 3 % 100 : state / 3 % 3000;
		counter = top > back ? top - back : top;
		if (state % 7 == 0)
			counter = top + state / 7 % 90;
		if (counter >= sizeof seen)
			break;
		good = counter >= next || (next - counter <= REPLAY_WIDTH && !seen[counter]);
		CHECK_EQ(take(&r, counter), good);
		seen[counter] = 1;
		if (counter >= top)
			top = counter, next = top + 1;
		if (i % 50 == 0)
			compare_run(&r, seen, next - state / 9 % (next < 2500 ? next : 2500));
	}
	CHECK(top > 100000);
}

TEST_MAIN(TEST_CASE(each_counter_is_good_once), TEST_CASE(any_order_agrees_with_a_memory_of_all))
