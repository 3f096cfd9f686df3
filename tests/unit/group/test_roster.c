/* Who is in a group, and what is told of it: each change once, what has passed never. */
#include "group/roster.h"

#include "base/mem.h"
#include "support/check.h"

static struct roster r;

static void open_roster(size_t max)
{
	static const uint8_t seed[16] = { 7 };

	roster_init(&r, max, seed);
}

static leno_id id(uint8_t n)
{
	leno_id i = { { n } };

	return i;
}

static bool put(uint8_t n, uint64_t life, uint64_t join)
{
	leno_id i = id(n);
	int error;
	bool news = roster_put(&r, &i, life, join, &error);

	CHECK_EQ(error, 0);
	return news;
}

static bool gone(uint8_t n)
{
	leno_id i = id(n);

	return roster_gone(&r, &i, LENO_WHY_UNREACHABLE);
}

/* "+1 -2r": joined, left, restarted. */
static const char *told(void)
{
	static char text[64];
	struct roster_event e;
	size_t at = 0;

	text[0] = '\0';
	while (roster_next(&r, &e))
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%c%u%s", at ? " " : "",
		                       e.joined ? '+' : '-', e.id.bytes[0],
		                       e.joined ? "" : e.why == LENO_WHY_RESTARTED ? "r" : "u");
	return text;
}

TEST(each_change_is_told_once)
{
	open_roster(10);
	CHECK(put(1, 5, 1));
	CHECK(put(2, 5, 1));
	CHECK(!put(1, 5, 1));
	CHECK(strcmp(told(), "+1 +2") == 0);
	CHECK(strcmp(told(), "") == 0);
	CHECK_EQ(r.n_here, 2);
	CHECK(gone(1));
	CHECK(!gone(1) && !gone(3));
	CHECK(strcmp(told(), "-1u") == 0);
	CHECK_EQ(r.n_here, 1);
	CHECK_EQ(r.members.count, 1);
	roster_clear(&r);
}

TEST(another_join_or_life_is_one_that_left_and_one_that_came)
{
	open_roster(10);
	put(1, 5, 1);
	told();
	CHECK(put(1, 5, 2));
	CHECK(strcmp(told(), "-1r +1") == 0);
	CHECK(put(1, 6, 1));
	CHECK(strcmp(told(), "-1r +1") == 0);
	CHECK(roster_has(&r, &(leno_id){ { 1 } }, 6, 1));
	CHECK(!roster_has(&r, &(leno_id){ { 1 } }, 5, 2));
	gone(1);
	put(1, 6, 2);                          /* before anybody heard that it had gone */
	CHECK(strcmp(told(), "-1r +1") == 0);
	roster_clear(&r);
}

TEST(what_has_passed_before_it_was_told_is_not_told)
{
	open_roster(10);
	put(1, 5, 1);
	gone(1);
	CHECK(strcmp(told(), "") == 0);
	put(2, 5, 1);
	told();
	gone(2);
	put(2, 5, 1);
	CHECK(strcmp(told(), "") == 0);
	CHECK_EQ(r.n_here, 1);
	roster_clear(&r);
}

TEST(those_that_are_here_can_be_walked_and_are_bounded)
{
	leno_id third = id(3);
	size_t cursor = 0, n = 0;
	int error;

	open_roster(2);
	put(1, 5, 1);
	put(2, 5, 1);
	CHECK(!roster_put(&r, &third, 5, 1, &error));
	CHECK_EQ(error, LENO_LIMIT);
	gone(1);
	while (roster_each(&r, &cursor))
		n++;
	CHECK_EQ(n, 1);
	CHECK(roster_get(&r, &(leno_id){ { 2 } }) && !roster_get(&r, &(leno_id){ { 1 } }));
	told();
	mem_fail(1, 0);
	CHECK(!roster_put(&r, &third, 5, 1, &error));
	mem_fail(0, 0);
	CHECK_EQ(error, LENO_MEMORY);
	CHECK(put(3, 5, 1));
	roster_clear(&r);
}

TEST_MAIN(TEST_CASE(each_change_is_told_once),
          TEST_CASE(another_join_or_life_is_one_that_left_and_one_that_came),
          TEST_CASE(what_has_passed_before_it_was_told_is_not_told),
          TEST_CASE(those_that_are_here_can_be_walked_and_are_bounded))
