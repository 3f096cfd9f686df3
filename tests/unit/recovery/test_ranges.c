/* A set of ranges, beside a map with a bit a byte that cannot be wrong.
 * covers: src/recovery/ranges.c */
#include "recovery/ranges.h"

#include "base/mem.h"
#include "support/check.h"

TEST(what_touches_becomes_one)
{
	static const struct row {
		const char *why;
		struct range add;
		unsigned n;
		struct range first, last;
	} rows[] = {
		{ "the first", { 10, 20 }, 1, { 10, 20 }, { 10, 20 } },
		{ "nothing is there already", { 15, 15 }, 1, { 10, 20 }, { 10, 20 } },
		{ "apart, behind", { 30, 40 }, 2, { 10, 20 }, { 30, 40 } },
		{ "apart, before", { 1, 5 }, 3, { 1, 5 }, { 30, 40 } },
		{ "it touches on the left", { 20, 22 }, 3, { 1, 5 }, { 30, 40 } },
		{ "it touches on the right", { 28, 30 }, 3, { 1, 5 }, { 28, 40 } },
		{ "inside of one", { 32, 33 }, 3, { 1, 5 }, { 28, 40 } },
		{ "it closes a gap", { 22, 28 }, 2, { 1, 5 }, { 10, 40 } },
		{ "over all", { 0, 50 }, 1, { 0, 50 }, { 0, 50 } },
	};
	struct ranges r;

	ranges_init(&r);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK(ranges_add(&r, rows[i].add));
		CHECK_EQ(r.n, rows[i].n);
		CHECK_EQ(r.at[0].from, rows[i].first.from);
		CHECK_EQ(r.at[0].to, rows[i].first.to);
		CHECK_EQ(r.at[r.n - 1].from, rows[i].last.from);
		CHECK_EQ(r.at[r.n - 1].to, rows[i].last.to);
	}
	ranges_drop(&r, 30);
	CHECK(r.n == 1 && r.at[0].from == 30);
	ranges_drop(&r, 50);
	CHECK_EQ(r.n, 0);
}

enum { BYTES = 512 };

static void compare(const struct ranges *r, const bool map[BYTES])
{
	unsigned n = 0;

	for (unsigned i = 0; i < BYTES; i++) {
		bool begins = map[i] && (i == 0 || !map[i - 1]);

		if (begins && CHECK(n < r->n))
			CHECK_EQ(r->at[n].from, i);
		if (map[i] && (i + 1 == BYTES || !map[i + 1]) && n < r->n)
			CHECK_EQ(r->at[n++].to, i + 1);
	}
	CHECK_EQ(n, r->n);
}

TEST(it_is_what_a_map_says)
{
	uint64_t dice = 1;
	bool map[BYTES] = { false };
	struct ranges r;

	ranges_init(&r);
	for (unsigned i = 0; i < 3000; i++) {
		uint64_t from, to;

		dice = dice * 6364136223846793005u + 1442695040888963407u;
		from = (dice >> 33) % BYTES;
		to = from + (dice >> 20) % 5;
		if (to > BYTES)
			to = BYTES;
		if (i % 40 == 39) {
			ranges_drop(&r, to);
			memset(map, 0, to * sizeof *map);
		} else {
			CHECK(ranges_add(&r, (struct range){ from, to }));
			for (; from < to; from++)
				map[from] = true;
		}
		compare(&r, map);
		if (check_now.failures)
			break;
	}
	ranges_clear(&r);
}

TEST(it_has_a_bound_and_gives_its_memory_back)
{
	struct ranges r;

	ranges_init(&r);
	for (uint64_t i = 0; i < RANGES_MAX; i++)
		CHECK(ranges_add(&r, (struct range){ 3 * i, 3 * i + 1 }));
	CHECK(!ranges_add(&r, (struct range){ 9000, 9001 }));
	CHECK(ranges_add(&r, (struct range){ 1, 3 }));         /* it joins two */
	CHECK_EQ(r.n, RANGES_MAX - 1);
	CHECK(ranges_add(&r, (struct range){ 9000, 9001 }));
	ranges_drop(&r, 9001);
	CHECK_EQ(r.room, RANGES_FEW);

	mem_fail(1, 1);
	for (uint64_t i = 0; i < RANGES_FEW; i++)
		CHECK(ranges_add(&r, (struct range){ 3 * i, 3 * i + 1 }));
	CHECK(!ranges_add(&r, (struct range){ 9000, 9001 }));
	mem_fail(0, 0);
	CHECK(r.n == RANGES_FEW && r.at[0].from == 0 && r.at[0].to == 1);
	CHECK(ranges_add(&r, (struct range){ 9000, 9001 }));
	ranges_clear(&r);
}

TEST_MAIN(TEST_CASE(what_touches_becomes_one), TEST_CASE(it_is_what_a_map_says),
          TEST_CASE(it_has_a_bound_and_gives_its_memory_back))
