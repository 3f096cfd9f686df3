/* Bytes that came too early, in whatever order. */
#include "base/mem.h"
#include "support/check.h"
#include "transport/dgram_hold.h"

static uint8_t pattern(uint64_t i)
{
	return (uint8_t)(i * 131 >> 3);
}

static bool put(struct dgram_hold *h, uint64_t read, uint64_t from, size_t size)
{
	static uint8_t data[DGRAM_WINDOW];

	for (size_t i = 0; i < size; i++)
		data[i] = pattern(from + i);
	return dgram_hold_put(h, read, from, data, size);
}

/* Reads what there is; returns up to where, and checks it. */
static uint64_t drain(struct dgram_hold *h, uint64_t read)
{
	uint8_t *piece;
	size_t n;

	while ((n = dgram_hold_next(h, read, &piece)) > 0) {
		for (size_t i = 0; i < n; i++)
			if (piece[i] != pattern(read + i)) {
				CHECK(!"other bytes than were put");
				return read;
			}
		read += n;
	}
	dgram_hold_drop(h, read);
	return read;
}

TEST(a_hole_is_filled)
{
	struct budget all = { 0, 1 << 20 };
	struct dgram_hold h;

	dgram_hold_init(&h, &all);
	CHECK(put(&h, 0, 1000, 500));
	CHECK_EQ(drain(&h, 0), 0);
	CHECK(all.used > 0);
	CHECK_EQ(drain(&h, 1000), 1500);
	CHECK_EQ(all.used, 0);           /* nothing is held: nothing is kept */
}

TEST(the_ring_grows_and_turns)
{
	struct budget all = { 0, 4 << 20 };
	struct dgram_hold h;
	uint64_t read = 12345, seed = 1;

	dgram_hold_init(&h, &all);
	for (int i = 0; i < 2000; i++) {
		uint64_t from;
		size_t size;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		from = read + 1 + (seed >> 33) % (i < 1000 ? 50000 : 1500000);
		size = (seed >> 20) % 3000;
		if (size > 0)
			CHECK(put(&h, read, from, size));
		if (i % 7 == 0) {
			read += (seed >> 40) % 20000;    /* came by itself */
			dgram_hold_drop(&h, read);
			read = drain(&h, read);
		}
	}
	CHECK(all.used <= 2 * DGRAM_WINDOW);
	dgram_hold_clear(&h);
	CHECK_EQ(all.used, 0);
}

TEST(what_finds_no_room_changes_nothing)
{
	struct budget all = { 0, DGRAM_HOLD_LEAST };
	struct dgram_hold h;

	dgram_hold_init(&h, &all);
	CHECK(put(&h, 0, 100, 100));
	CHECK(!put(&h, 0, DGRAM_HOLD_LEAST, 1));
	CHECK(put(&h, 0, DGRAM_HOLD_LEAST - 1, 1));
	CHECK_EQ(drain(&h, 100), 200);
	mem_fail(1, 1);
	dgram_hold_clear(&h);
	CHECK(!put(&h, 0, 100, 100));
	mem_fail(0, 0);
	CHECK_EQ(all.used, 0);
	for (unsigned i = 0; i < RANGES_MAX; i++)
		CHECK(put(&h, 0, 2 + 2 * i, 1));
	CHECK(!put(&h, 0, 2 + 2 * RANGES_MAX, 1));
	dgram_hold_clear(&h);
}

TEST_MAIN(TEST_CASE(a_hole_is_filled), TEST_CASE(the_ring_grows_and_turns),
          TEST_CASE(what_finds_no_room_changes_nothing))
