/* Entries: what may be one, which is newer, whose clock is believed. */
#include "state/entry.h"

#include "support/check.h"

static const uint8_t zeros[STATE_VALUE_MAX + 1];

static const struct {
	const char *why;
	struct entry e;
	bool good;
} forms[] = {
	{ "a value", { ENTRY_VALUE, false, { zeros, 1 }, { NULL, 0 }, { zeros, 3 }, 2, { { 1 } } }, true },
	{ "of nothing", { ENTRY_VALUE, false, { zeros, 1 }, { NULL, 0 }, { NULL, 0 }, 2, { { 1 } } }, true },
	{ "a node's own", { ENTRY_VALUE, false, { zeros, 1 }, { zeros, 16 }, { NULL, 0 }, 2, { { 1 } } }, true },
	{ "no key", { ENTRY_VALUE, false, { zeros, 0 }, { NULL, 0 }, { NULL, 0 }, 2, { { 1 } } }, false },
	{ "no stamp", { ENTRY_VALUE, false, { zeros, 1 }, { NULL, 0 }, { NULL, 0 }, 0, { { 1 } } }, false },
	{ "an odd stamp lives", { ENTRY_VALUE, false, { zeros, 1 }, { NULL, 0 }, { NULL, 0 }, 3, { { 1 } } }, false },
	{ "dead, and says since when", { ENTRY_VALUE, true, { zeros, 1 }, { NULL, 0 }, { zeros, 8 }, 3, { { 1 } } }, true },
	{ "dead without a time", { ENTRY_VALUE, true, { zeros, 1 }, { NULL, 0 }, { zeros, 7 }, 2, { { 1 } } }, false },
	{ "a count", { ENTRY_COUNT, false, { zeros, 1 }, { zeros, 24 }, { zeros, 8 }, 2, { { 1 } } }, true },
	{ "of nobody", { ENTRY_COUNT, false, { zeros, 1 }, { NULL, 0 }, { zeros, 8 }, 2, { { 1 } } }, false },
	{ "a count of 9 bytes", { ENTRY_COUNT, false, { zeros, 1 }, { zeros, 24 }, { zeros, 9 }, 2, { { 1 } } }, false },
	{ "the empty element", { ENTRY_MEMBER, false, { zeros, 1 }, { zeros, 16 }, { NULL, 0 }, 2, { { 1 } } }, true },
	{ "an element with a value", { ENTRY_MEMBER, false, { zeros, 1 }, { zeros, 17 }, { zeros, 1 }, 2, { { 1 } } }, false },
	{ "an owner", { ENTRY_OWNER, false, { zeros, 1 }, { NULL, 0 }, { zeros, 16 }, 2, { { 1 } } }, true },
	{ "an owner that is no id", { ENTRY_OWNER, false, { zeros, 1 }, { NULL, 0 }, { zeros, 15 }, 2, { { 1 } } }, false },
	{ "no kind", { ENTRY_KINDS, false, { zeros, 1 }, { NULL, 0 }, { NULL, 0 }, 2, { { 1 } } }, false },
	{ "the longest", { ENTRY_VALUE, false, { zeros, 255 }, { NULL, 0 }, { zeros, STATE_VALUE_MAX }, 2, { { 1 } } }, true },
	{ "longer than that", { ENTRY_VALUE, false, { zeros, 1 }, { NULL, 0 }, { zeros, STATE_VALUE_MAX + 1 }, 2, { { 1 } } }, false },
};

TEST(what_may_be_an_entry)
{
	static uint8_t buf[ENTRY_MAX + 8];

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct writer w = writer_of(buf, sizeof buf);
		struct reader r;
		struct entry back;

		CHECK_ROW(forms[i].why);
		write_entry(&w, &forms[i].e);
		CHECK(!w.full);
		CHECK_EQ(writer_size(&w), entry_size(&forms[i].e));
		r = reader_of(writer_bytes(&w));
		CHECK_EQ(read_entry(&r, &back), forms[i].good);
		CHECK_EQ(r.bad, !forms[i].good);
		if (forms[i].good)
			CHECK_EQ(entry_order(&back, &forms[i].e), 0);
	}
}

TEST(newer_is_a_total_order)
{
	static const struct entry rising[] = {
		{ .stamp = 2, .writer = { { 9 } } },
		{ .stamp = 4, .writer = { { 1 } } },
		{ .stamp = 4, .writer = { { 2 } } },
		{ .stamp = 4, .writer = { { 2 } }, .value = { (const uint8_t *)"a", 1 } },
		{ .stamp = 4, .writer = { { 2 } }, .value = { (const uint8_t *)"b", 1 } },
		{ .stamp = 4, .writer = { { 2 } }, .value = { (const uint8_t *)"aa", 2 } },
		{ .stamp = 4, .writer = { { 2 } }, .dead = true, .value = { zeros, 8 } },
		{ .stamp = 5, .writer = { { 1 } } },
	};
	enum { N = sizeof rising / sizeof *rising };

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			int order = entry_order(&rising[i], &rising[j]);

			CHECK_EQ((order > 0) - (order < 0), (i > j) - (i < j));
		}
}

TEST(who_has_seen_an_entry_can_always_write_a_newer_one)
{
	const uint64_t wall = 1700000000000, far = wall + STATE_DRIFT_MS;
	struct entry e = { .stamp = far << 16 | 0xfffe };

	CHECK_EQ(stamp_next(wall, 0), wall << 16);
	CHECK(stamp_next(wall, wall << 16) > wall << 16);
	CHECK_EQ(stamp_next(wall, 7) & 1, 0);
	CHECK(entry_timely(&e, wall));
	CHECK(stamp_next(wall, e.stamp) > e.stamp);
	CHECK_EQ(stamp_next(wall, 41), wall << 16);

	e.stamp = (far + 1) << 16;
	CHECK(!entry_timely(&e, wall));        /* nobody has to outbid it */
	CHECK(entry_timely(&e, wall + 1));
}

TEST(nobody_dies_in_the_future)
{
	uint8_t when[8];
	struct entry e = { .stamp = 3, .dead = true };

	e.value = entry_u64(when, 5000 + STATE_DRIFT_MS);
	CHECK_EQ(entry_died_ms(&e), 5000 + STATE_DRIFT_MS);
	CHECK(entry_timely(&e, 5000));
	CHECK(!entry_timely(&e, 4999));
}

TEST_MAIN(TEST_CASE(what_may_be_an_entry), TEST_CASE(newer_is_a_total_order),
          TEST_CASE(who_has_seen_an_entry_can_always_write_a_newer_one),
          TEST_CASE(nobody_dies_in_the_future))
