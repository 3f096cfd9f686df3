/* covers: src/base/timers.c */
#include "base/timers.h"

#include "leno.h"
#include "support/check.h"

enum { N = 200 };

TEST(timers_fire_in_order_of_their_deadlines_whatever_was_set_and_unset)
{
	static struct timer all[N];
	struct timers heap;
	uint32_t r = 99;
	uint64_t now = 0;

	timers_init(&heap);
	for (int i = 0; i < N; i++)
		CHECK_EQ(timers_admit(&heap), 0);
	for (int step = 0; step < 20000; step++) {
		r = r * 1664525u + 1013904223u;
		struct timer *t = &all[(r >> 8) % N];
		timers_set(&heap, t, r % 5 == 0 ? NEVER : now + r % 1000);
		if (step % 7 == 0) {
			uint64_t last = 0, earliest = NEVER;
			now += r % 300;
			timers_begin(&heap, now);
			for (struct timer *due; (due = timers_pop(&heap));) {
				CHECK(due->due_us >= last && due->due_us <= now);
				last = due->due_us;
			}
			for (int i = 0; i < N; i++)
				if (all[i].slot && all[i].due_us < earliest)
					earliest = all[i].due_us;
			CHECK(earliest > now && timers_due(&heap) == earliest);
		}
	}
	for (int i = 0; i < N; i++)
		timers_release(&heap, &all[i]);
	CHECK_EQ(heap.capacity, 0);
	CHECK(timers_due(&heap) == NEVER);
	timers_clear(&heap);
}

TEST(ties_fire_in_the_order_they_were_set)
{
	struct timer a = { .kind = 1 }, b = { .kind = 2 };
	struct timers heap;

	timers_init(&heap);
	CHECK_EQ(timers_admit(&heap), 0);
	CHECK_EQ(timers_admit(&heap), 0);
	timers_set(&heap, &b, 10);
	timers_set(&heap, &a, 10);
	timers_begin(&heap, 10);
	CHECK_EQ(timers_pop(&heap)->kind, 2);
	CHECK_EQ(timers_pop(&heap)->kind, 1);
	CHECK(!timers_pop(&heap));
	timers_release(&heap, &a);
	timers_release(&heap, &b);
	timers_clear(&heap);
}

TEST(what_is_set_within_a_round_waits_for_the_next)
{
	struct timer again = { .kind = 1 }, other = { .kind = 2 };
	struct timers heap;

	timers_init(&heap);
	CHECK_EQ(timers_admit(&heap), 0);
	CHECK_EQ(timers_admit(&heap), 0);
	timers_set(&heap, &again, 10);
	timers_set(&heap, &other, 20);
	for (int round = 0; round < 3; round++) {
		timers_begin(&heap, 20);
		CHECK_EQ(timers_pop(&heap)->kind, 1);
		timers_set(&heap, &again, 5);      /* long ago: still behind who waits already */
		if (round == 0)
			CHECK_EQ(timers_pop(&heap)->kind, 2);
		CHECK(!timers_pop(&heap));
		CHECK_EQ(timers_due(&heap), 20);
	}
	timers_release(&heap, &again);
	timers_release(&heap, &other);
	timers_clear(&heap);
}

TEST_MAIN(TEST_CASE(what_is_set_within_a_round_waits_for_the_next),
          TEST_CASE(timers_fire_in_order_of_their_deadlines_whatever_was_set_and_unset),
          TEST_CASE(ties_fire_in_the_order_they_were_set))
