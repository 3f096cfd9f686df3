/* Each request ends once, and late answers find nothing. */
#include "message/requests.h"

#include "base/mem.h"
#include "support/check.h"

enum { KIND = 4, MANY = 5000 };

static struct timers timers;
static struct requests q;
static struct list of_a, of_b;
static const int a, b;

static void open_it(void)
{
	timers_init(&timers);
	requests_init(&q, &timers, KIND, MANY);
	list_init(&of_a);
	list_init(&of_b);
}

static void close_it(void)
{
	requests_clear(&q);
	CHECK_EQ(timers.capacity, 0);
	timers_clear(&timers);
}

static struct request *add(const void *owner, struct list *list, uint64_t due_us)
{
	int error = 0;
	struct request *r = requests_add(&q, owner, list, due_us, &error);

	CHECK(r);
	return r;
}

TEST(it_is_found_by_its_number_and_its_owner_alone)
{
	struct request *r;
	uint64_t number;

	open_it();
	r = add(&a, &of_a, NEVER);
	REQUIRE(r);
	number = r->number;
	CHECK(number != 0);
	CHECK(requests_find(&q, number, &a) == r);
	CHECK(!requests_find(&q, number, &b));       /* b answers what a was asked */
	CHECK(!requests_find(&q, 0, &a));
	CHECK(!requests_find(&q, number + 1, &a));   /* a slot that never was */
	CHECK(!requests_find(&q, UINT64_MAX, &a));
	CHECK(!list_empty(&of_a));
	requests_end(&q, r);
	CHECK(!requests_find(&q, number, &a));
	CHECK(list_empty(&of_a));
	close_it();
}

TEST(a_late_answer_does_not_find_the_next_in_its_slot)
{
	uint64_t numbers[100];

	open_it();
	for (unsigned i = 0; i < 100; i++) {
		struct request *r = add(&a, &of_a, NEVER);

		REQUIRE(r);
		numbers[i] = r->number;
		CHECK_EQ(r->slot, 0);              /* slots are kept for reuse */
		for (unsigned k = 0; k < i; k++)
			CHECK(!requests_find(&q, numbers[k], &a));
		requests_end(&q, r);
	}
	CHECK_EQ(q.count, 1);
	close_it();
}

TEST(a_slot_that_was_used_without_end_still_has_a_number)
{
	static const uint64_t uses[] = { UINT32_MAX, (UINT64_C(1) << 39) - 2,
	                                 (UINT64_C(1) << 39) - 1 };

	open_it();
	for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
		struct request *r = add(&a, &of_a, 100);

		REQUIRE(r);
		requests_end(&q, r);
		r->uses = uses[i];
		REQUIRE(add(&a, &of_a, 100) == r);
		CHECK(r->number >> 24 > 0 && r->number >> 63 == 0);
		CHECK(requests_find(&q, r->number, &a) == r);
		requests_end(&q, r);
	}
	close_it();
}

TEST(deadlines_fire_until_it_ends)
{
	struct request *early, *late, *never;

	open_it();
	late = add(&a, &of_a, 300);
	early = add(&a, &of_a, 100);
	never = add(&b, &of_b, NEVER);
	REQUIRE(late && early && never);
	CHECK_EQ(timers_due(&timers), 100);
	timers_begin(&timers, 100);
	CHECK(timers_pop(&timers) == &early->timer);
	CHECK_EQ(early->timer.kind, KIND);
	requests_end(&q, early);
	requests_end(&q, late);
	CHECK(timers_due(&timers) == NEVER);
	close_it();
}

TEST(many_are_pending_at_once)
{
	static struct request *all[1000];

	open_it();
	for (unsigned i = 0; i < 1000; i++)
		all[i] = add(i % 2 ? (const void *)&a : &b, i % 2 ? &of_a : &of_b, 1000 - i);
	for (unsigned i = 0; i < 1000; i += 3)
		requests_end(&q, all[i]);
	for (unsigned i = 0; i < 1000; i++)
		if (i % 3)
			CHECK(requests_find(&q, all[i]->number, i % 2 ? &a : &b) == all[i]);
	for (struct list *it = of_a.next; it != &of_a; it = it->next)
		CHECK(list_item(it, struct request, of_peer)->owner == &a);
	close_it();
}

TEST(more_than_the_bound_are_refused_and_one_that_ends_makes_room)
{
	struct request *last = NULL;
	int error = 0;

	open_it();
	for (unsigned i = 0; i < MANY; i++)
		last = add(&a, &of_a, 100);
	CHECK(!requests_add(&q, &a, &of_a, 5, &error));
	CHECK_EQ(error, LENO_LIMIT);
	requests_end(&q, last);
	CHECK(add(&a, &of_a, 5));
	close_it();
}

TEST(without_memory_it_says_so)
{
	for (size_t nth = 1; nth <= 3; nth++) {
		int error = 0;

		open_it();
		mem_fail(nth, 0);
		CHECK(!requests_add(&q, &a, &of_a, 5, &error));
		mem_fail(0, 0);
		CHECK_EQ(error, LENO_MEMORY);
		CHECK(list_empty(&of_a) && timers_due(&timers) == NEVER);
		CHECK(add(&a, &of_a, 5));
		close_it();
	}
}

TEST_MAIN(TEST_CASE(it_is_found_by_its_number_and_its_owner_alone),
          TEST_CASE(a_late_answer_does_not_find_the_next_in_its_slot),
          TEST_CASE(a_slot_that_was_used_without_end_still_has_a_number),
          TEST_CASE(deadlines_fire_until_it_ends), TEST_CASE(many_are_pending_at_once),
          TEST_CASE(more_than_the_bound_are_refused_and_one_that_ends_makes_room),
          TEST_CASE(without_memory_it_says_so))
