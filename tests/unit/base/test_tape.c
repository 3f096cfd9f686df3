/* covers: src/base/tape.c src/base/pool.c */
#include "base/tape.h"

#include "leno.h"
#include "support/check.h"

static uint8_t byte_at(uint64_t position)
{
	return (uint8_t)(position * 31 + (position >> 8));
}

TEST(bytes_come_out_as_they_went_in_at_the_same_positions)
{
	struct pool pool;
	struct tape tape;
	uint8_t buf[70000];
	uint32_t r = 12345;

	pool_init(&pool, 1000);
	tape_init(&tape, &pool, POOL_SEND);
	for (int step = 0; step < 20000; step++) {
		r = r * 1664525u + 1013904223u;
		size_t size = (r >> 8) % (step % 50 == 0 ? sizeof buf : 300);
		if (r >> 31) {
			for (size_t i = 0; i < size; i++)
				buf[i] = byte_at(tape.end + i);
			CHECK_EQ(tape_reserve(&tape, size), 0);
			tape_append(&tape, buf, size);
		} else {
			uint64_t from = tape.start + (r & 7) % (tape_size(&tape) + 1);
			if (size > tape.end - from)
				size = (size_t)(tape.end - from);
			tape_read(&tape, from, buf, size);
			bool same = true;
			for (size_t i = 0; i < size; i++)
				same = same && buf[i] == byte_at(from + i);
			CHECK(same);
			tape_drop(&tape, from + size / 2);
		}
	}
	tape_clear(&tape);
	CHECK_EQ(pool.n_out, 0);
	pool_clear(&pool);
}

TEST(a_reserve_that_does_not_fit_leaves_the_tape_as_it_was)
{
	struct pool pool;
	struct tape tape;

	pool_init(&pool, 2);
	tape_init(&tape, &pool, POOL_SEND);
	CHECK_EQ(tape_reserve(&tape, 3 * CHUNK_SIZE), LENO_MEMORY);
	CHECK_EQ(tape_size(&tape), 0);
	CHECK_EQ(pool.n_out, 0);                       /* nor does it keep others from theirs */
	CHECK_EQ(tape_reserve(&tape, CHUNK_SIZE), 0);
	tape_append(&tape, "abc", 3);
	CHECK_EQ(tape_reserve(&tape, 2 * CHUNK_SIZE), LENO_MEMORY);
	CHECK_EQ(pool.n_out, 1);
	CHECK_EQ(tape_size(&tape), 3);
	tape_drop(&tape, 3);
	CHECK_EQ(pool.n_out, 0);
	tape_clear(&tape);
	pool_clear(&pool);
}

/* All that this use can get; returns how much that is. */
static size_t take_all(struct pool *p, enum pool_use use, struct chunk **list)
{
	size_t n = 0;

	for (struct chunk *c; (c = pool_take(p, use)); n++) {
		c->next = *list;
		*list = c;
	}
	CHECK_EQ(pool_room(p, use), 0);
	return n;
}

static void give_all(struct pool *p, enum pool_use use, struct chunk **list)
{
	while (*list) {
		struct chunk *c = *list;

		*list = c->next;
		pool_give(p, c, use);
	}
}

/* Whoever comes first, and takes what it can: each other use still has its least. */
TEST(no_use_of_a_pool_takes_what_another_needs)
{
	enum { ALL = 64 };
	struct pool pool;

	pool_init(&pool, ALL);
	for (int first = 0; first < POOL_USES; first++) {
		struct chunk *lists[POOL_USES] = { NULL };
		size_t most = pool_most(&pool, first);

		CHECK_EQ(take_all(&pool, first, &lists[first]), most);
		for (int use = 0; use < POOL_USES; use++)
			if (use != first)
				CHECK(take_all(&pool, use, &lists[use]) >= pool.least[use]);
		CHECK(pool.n_out <= ALL);
		for (int use = 0; use < POOL_USES; use++)
			give_all(&pool, use, &lists[use]);
		CHECK_EQ(pool.n_out, 0);
	}
	pool_clear(&pool);
}

TEST(what_a_pool_has_promised_is_there)
{
	struct chunk *sent = NULL, *read = NULL;
	struct pool pool;
	size_t most;

	pool_init(&pool, 64);
	most = pool_most(&pool, POOL_SEND);
	CHECK(pool_promise(&pool, 40));
	CHECK(!pool_promise(&pool, 40));
	CHECK(pool_most(&pool, POOL_SEND) == most);    /* it comes back: short, not too big */
	CHECK(pool_short(&pool, POOL_SEND, 30 * CHUNK_SIZE));
	CHECK(take_all(&pool, POOL_SEND, &sent) >= 4);
	CHECK(take_all(&pool, POOL_READ, &read) >= 40);
	give_all(&pool, POOL_READ, &read);
	pool_release(&pool, 40);
	CHECK(take_all(&pool, POOL_SEND, &sent) > 30);
	CHECK(pool_promise(&pool, 8));                 /* so much there is without any promise */
	CHECK(!pool_promise(&pool, 8));
	pool_release(&pool, 8);
	give_all(&pool, POOL_SEND, &sent);
	CHECK_EQ(pool.n_out, 0);
	pool_clear(&pool);
}

TEST_MAIN(TEST_CASE(bytes_come_out_as_they_went_in_at_the_same_positions),
          TEST_CASE(a_reserve_that_does_not_fit_leaves_the_tape_as_it_was),
          TEST_CASE(no_use_of_a_pool_takes_what_another_needs),
          TEST_CASE(what_a_pool_has_promised_is_there))
