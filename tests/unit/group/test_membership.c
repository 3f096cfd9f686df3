/* The groups that a record lists: read as they were written, or not at all. */
#include "group/membership.h"

#include "support/check.h"

static struct membership of(uint8_t tag, uint64_t join)
{
	struct membership m = { .tag = { tag }, .join = join, .proof = { (uint8_t)(tag + 1) } };

	return m;
}

static struct bytes list(uint8_t *buf, size_t size, const uint8_t *tags, size_t n)
{
	struct writer w = writer_of(buf, size);

	for (size_t i = 0; i < n; i++) {
		struct membership m = of(tags[i], 300 + tags[i]);

		membership_write(&w, &m);
	}
	CHECK(!w.full);
	return writer_bytes(&w);
}

TEST(each_that_is_listed_is_found)
{
	uint8_t buf[MEMBERSHIPS_MAX], tags[GROUPS_MAX];
	struct membership m, want;
	struct bytes all;

	for (unsigned i = 0; i < GROUPS_MAX; i++)
		tags[i] = (uint8_t)(2 * i);
	all = list(buf, sizeof buf, tags, GROUPS_MAX);
	for (unsigned i = 0; i < GROUPS_MAX; i++) {
		want = of(tags[i], 300 + tags[i]);
		REQUIRE(membership_find(all, want.tag, &m));
		CHECK_EQ(m.join, want.join);
		CHECK_BYTES(m.proof, want.proof, sizeof m.proof);
		want = of((uint8_t)(tags[i] + 1), 0);
		CHECK(!membership_find(all, want.tag, &m));
	}
	CHECK(!membership_find(bytes_of(NULL, 0), want.tag, &m));
}

TEST(a_list_that_is_not_as_it_should_be_says_nothing)
{
	static const struct {
		const char *why;
		uint8_t tags[3];
		size_t n, cut;
		bool good;
	} rows[] = {
		{ "in order", { 1, 2, 3 }, 3, 0, true },
		{ "out of order", { 1, 3, 2 }, 3, 0, false },
		{ "one twice", { 1, 2, 2 }, 3, 0, false },
		{ "cut behind the one that is looked for", { 1, 2, 3 }, 3, 1, false },
	};
	uint8_t buf[MEMBERSHIPS_MAX + MEMBERSHIP_MAX], many[GROUPS_MAX + 1];
	struct membership m;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bytes all = list(buf, sizeof buf, rows[i].tags, rows[i].n);

		CHECK_ROW(rows[i].why);
		all.size -= rows[i].cut;
		CHECK_EQ(membership_find(all, of(1, 0).tag, &m), rows[i].good);
	}
	CHECK_ROW("more than there may be");
	for (unsigned i = 0; i <= GROUPS_MAX; i++)
		many[i] = (uint8_t)(i + 1);
	CHECK(!membership_find(list(buf, sizeof buf, many, GROUPS_MAX + 1), of(1, 0).tag, &m));
}

TEST_MAIN(TEST_CASE(each_that_is_listed_is_found),
          TEST_CASE(a_list_that_is_not_as_it_should_be_says_nothing))
