/* Bytes before their turn: kept, read in order, bounded.
 * covers: src/session/hold.c */
#include "session/hold.h"

#include "base/mem.h"
#include "support/check.h"

enum { STREAM = 200 * 1000 };

static uint8_t stream[STREAM];

static void fill(void)
{
	for (size_t i = 0; i < STREAM; i++)
		stream[i] = (uint8_t)(i * 7 + i / 251);
}

static bool put(struct hold *h, uint64_t from, uint64_t to)
{
	return hold_put(h, from, bytes_of(stream + from, (size_t)(to - from)));
}

/* Reads on from `at` as far as it goes. */
static uint64_t read_on(struct hold *h, uint64_t at)
{
	struct bytes b;

	for (hold_drop(h, at); (b = hold_view(h, at)).size > 0; hold_drop(h, at)) {
		CHECK_BYTES(b.data, stream + at, b.size);
		at += b.size;
	}
	return at;
}

TEST(what_came_early_is_read_when_it_is_due)
{
	static const struct row {
		const char *why;
		uint64_t from, to, at, upto;
	} rows[] = {
		{ "behind a gap", 100, 200, 0, 0 },
		{ "its turn has come", 50, 60, 100, 200 },
		{ "in the middle of a piece", 300, 400, 350, 400 },
		{ "over three cells", 30000, 110000, 30000, 110000 },
		{ "twice, and more", 120000, 130000, 125000, 130000 },
	};
	struct pool pool;
	struct hold h;

	fill();
	pool_init(&pool, 1000);
	hold_init(&h, &pool);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK(put(&h, rows[i].from, rows[i].to));
		CHECK(put(&h, rows[i].from, rows[i].to));
		CHECK_EQ(read_on(&h, rows[i].at), rows[i].upto);
	}
	CHECK_EQ(pool.n_out, 0);
	hold_clear(&h);
	pool_clear(&pool);
}

/* Pieces in any order, some twice, all overlapping: what comes out is the stream. */
TEST(any_order_is_good)
{
	for (uint64_t seed = 1; seed < 30; seed++) {
		uint64_t dice = seed, at = 0;
		struct pool pool;
		struct hold h;

		fill();
		pool_init(&pool, 1000);
		hold_init(&h, &pool);
		for (unsigned i = 0; i < 2000 && at < STREAM; i++) {
			uint64_t from, to;

			dice = dice * 6364136223846793005u + 1442695040888963407u;
			from = (dice >> 40) % 4 ? at + (dice >> 33) % 60000 : at;
			to = from + (dice >> 13) % 15000;
			if (to > STREAM)
				to = STREAM;
			if (from < to)
				CHECK(put(&h, from, to));
			at = read_on(&h, at);
		}
		CHECK(at > STREAM / 2);
		hold_clear(&h);
		CHECK_EQ(pool.n_out, 0);
		pool_clear(&pool);
	}
}

TEST(it_leaves_most_of_the_pool_alone)
{
	struct pool pool;
	struct hold h;

	fill();
	pool_init(&pool, 8);
	hold_init(&h, &pool);
	CHECK(put(&h, 1000, 2000));
	CHECK(put(&h, CELL_SIZE + 1000, CELL_SIZE + 2000));
	CHECK(!put(&h, 2 * CELL_SIZE, 2 * CELL_SIZE + 1));
	CHECK(!put(&h, 2 * CELL_SIZE - 1, 2 * CELL_SIZE + 1)); /* and nothing of it is kept */
	CHECK_EQ(h.have.n, 2);
	CHECK(put(&h, 3000, 4000));
	CHECK_EQ(read_on(&h, 1000), 2000);
	CHECK_EQ(read_on(&h, CELL_SIZE + 1000), CELL_SIZE + 2000);
	CHECK_EQ(pool.n_out, 0);
	pool_clear(&pool);
}

/* A peer that leaves a gap open for ever keeps what came behind it. */
TEST(one_gap_does_not_take_what_all_may_hold)
{
	static const uint8_t byte[1];
	struct hold greedy[3], other;
	struct pool pool;

	pool_init(&pool, 200);
	for (int i = 0; i < 3; i++) {
		hold_init(&greedy[i], &pool);
		for (uint64_t k = 0; k < HOLD_CELLS; k++)
			hold_put(&greedy[i], k * CELL_SIZE + 5, bytes_of(byte, 1));
	}
	hold_init(&other, &pool);
	CHECK(hold_put(&other, 5, bytes_of(byte, 1)));
	CHECK(hold_put(&other, CELL_SIZE, bytes_of(byte, 1)));
	for (int i = 0; i < 3; i++)
		hold_clear(&greedy[i]);
	hold_clear(&other);
	CHECK_EQ(pool.n_out, 0);
	pool_clear(&pool);
}

TEST(it_has_a_bound_of_its_own)
{
	static const uint8_t byte[1];
	struct pool pool;
	struct hold h;

	pool_init(&pool, 100000);
	hold_init(&h, &pool);
	for (uint64_t k = 0; k < HOLD_CELLS; k++)
		CHECK(hold_put(&h, k * CELL_SIZE + 5, bytes_of(byte, 1)));
	CHECK(!hold_put(&h, (uint64_t)HOLD_CELLS * CELL_SIZE, bytes_of(byte, 1)));
	CHECK(pool.n_out * CHUNK_SIZE <= SESSION_HOLD_MAX);
	hold_drop(&h, 6);                              /* the first cell is free again */
	CHECK(hold_put(&h, (uint64_t)HOLD_CELLS * CELL_SIZE, bytes_of(byte, 1)));
	hold_clear(&h);
	CHECK_EQ(pool.n_out, 0);
	pool_clear(&pool);
}

TEST(without_memory_nothing_is_kept)
{
	struct pool pool;
	struct hold h;

	fill();
	pool_init(&pool, 100);
	hold_init(&h, &pool);
	mem_fail(1, 1);
	CHECK(!put(&h, 10, 20));
	mem_fail(2, 1);
	CHECK(!put(&h, CELL_SIZE - 10, CELL_SIZE + 10));
	mem_fail(0, 0);
	CHECK_EQ(hold_view(&h, 10).size, 0);
	CHECK(put(&h, CELL_SIZE - 10, CELL_SIZE + 10));
	CHECK_EQ(read_on(&h, CELL_SIZE - 10), CELL_SIZE + 10);
	CHECK_EQ(pool.n_out, 0);
	pool_clear(&pool);
}

TEST_MAIN(TEST_CASE(what_came_early_is_read_when_it_is_due), TEST_CASE(any_order_is_good),
          TEST_CASE(it_leaves_most_of_the_pool_alone), TEST_CASE(it_has_a_bound_of_its_own),
          TEST_CASE(one_gap_does_not_take_what_all_may_hold),
          TEST_CASE(without_memory_nothing_is_kept))
