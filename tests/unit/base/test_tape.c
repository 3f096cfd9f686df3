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
	tape_init(&tape, &pool);
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
	tape_init(&tape, &pool);
	CHECK_EQ(tape_reserve(&tape, 3 * CHUNK_SIZE), LENO_MEMORY);
	CHECK_EQ(tape_size(&tape), 0);
	CHECK_EQ(tape_reserve(&tape, CHUNK_SIZE), 0);
	tape_append(&tape, "abc", 3);
	tape_drop(&tape, 3);
	CHECK_EQ(pool.n_out, 0);
	tape_clear(&tape);
	pool_clear(&pool);
}

TEST_MAIN(TEST_CASE(bytes_come_out_as_they_went_in_at_the_same_positions),
          TEST_CASE(a_reserve_that_does_not_fit_leaves_the_tape_as_it_was))
