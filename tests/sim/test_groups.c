/* test_groups.c - stories of groups: who is in one hears all that is said there, each once and
 * in order, and nobody else does.
 *
 * covers: src/node/groups.c src/node/group_talk.c src/node/group_tree.c src/node/fan_heard.c */
#include "support/seats.h"

static const leno_bytes BLUE = { "blue key", 8 };

/* ---- coming ------------------------------------------------------------------------- */

TEST(twenty_that_join_at_once_all_see_all_within_two_seconds)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct sim *sim = nodes(seed, 20);

		for (unsigned i = 0; i < 20; i++)
			for (unsigned k = 0; k < 3; k++) {
				unsigned to = (unsigned)sim_random(sim, 20);

				if (to != i)
					sim_wire(n[i], n[to], NULL);
			}
		for (unsigned i = 1; i < 20; i++)
			sim_wire(n[i], n[i - 1], NULL);
		for (unsigned i = 0; i < 20; i++)
			CHECK_EQ(sit(&seats[i], i, RED), 0);
		sim_run(sim, SECONDS(2));
		CHECK(see_each_other(0, 20));
		for (unsigned i = 0; i < 20; i++)
			CHECK_EQ(seats[i].joined, 1);
		end(sim);
	}
}

/* They come one by one, anywhere, while records take their time. */
TEST(joined_never_comes_before_all_that_had_joined_are_known)
{
	static const struct sim_profile rows[] = { { .delay_us = 20000, .jitter_us = 5000 },
		                                   { .delay_us = 150000, .jitter_us = 50000 } };

	for (uint64_t seed = 30; seed < 50; seed++) {
		const struct sim_profile *slow = &rows[seed % 2];
		struct sim *sim = nodes(seed, 8);

		for (unsigned i = 1; i < 8; i++)
			sim_wire(n[i - 1], n[i], slow);
		CHECK(sim_settle(sim, SECONDS(30)));
		sim_run(sim, SECONDS(10));     /* costs are told by then */
		for (unsigned i = 0; i < 8; i++) {
			CHECK_EQ(sit(&seats[i], i, RED), 0);
			sim_run(sim, sim_random(sim, MS(2000)));
		}
		sim_run(sim, SECONDS(8));
		CHECK(see_each_other(0, 8));
		end(sim);
	}
}

TEST(a_node_alone_is_a_group_of_one)
{
	struct sim *sim = nodes(50, 1);

	CHECK_EQ(sit(&seats[0], 0, RED), 0);
	sim_run(sim, MS(1));
	CHECK_EQ(seats[0].state, LENO_GROUP_JOINING);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(seats[0].state, LENO_GROUP_JOINED);
	CHECK_EQ(leno_group_count(seats[0].group), 1);
	CHECK_EQ(say(&seats[0], 0, 100), 0);
	CHECK_EQ(seats[0].done, 0);            /* never inside leno_group_send() */
	sim_run(sim, MS(10));
	CHECK_EQ(seats[0].done, 1);
	CHECK_EQ(seats[0].confirmed, 0);
	end(sim);
}

/* ---- talking ------------------------------------------------------------------------ */

TEST(all_hear_all_each_once_across_relays_that_are_outside)
{
	struct sim *sim = chain(60, 9);

	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 0; i < 9; i += 2)    /* every other node only relays */
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(1));
	for (uint32_t k = 0; k < 50; k++) {
		for (unsigned i = 0; i < 9; i += 2)
			CHECK_EQ(say(&seats[i], k, 100 + 200 * i), 0);
		sim_run(sim, MS(2));
	}
	CHECK(sim_settle(sim, SECONDS(3)));
	for (unsigned i = 0; i < 9; i += 2) {
		for (unsigned j = 0; j < 9; j += 2)
			CHECK_EQ(seats[i].got[j], i == j ? 0 : 50);
		CHECK_EQ(seats[i].done, 50);
		CHECK_EQ(seats[i].confirmed, 4);
		CHECK_EQ(seats[i].unknown, 0);
	}
	CHECK(sim_stats(n[1]).forwarded > 0);
	CHECK_EQ(sim_stats(n[1]).received, 0);
	end(sim);
}

/* A star whose middle is outside: to branches without members nothing goes. */
TEST(frames_go_only_where_members_are)
{
	enum { COUNT = 20, SIZE = 10000 };
	struct sim *sim = nodes(61, 12);
	uint64_t before, used;

	for (unsigned i = 1; i < 12; i++)
		sim_wire(n[i], n[0], NULL);
	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 1; i < 4; i++)
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(say(&seats[1], 0, 10), 0);
	sim_run(sim, SECONDS(1));
	before = sim_bytes(sim);
	for (uint32_t k = 1; k <= COUNT; k++) {
		CHECK_EQ(say(&seats[1], k, SIZE), 0);
		sim_run(sim, MS(5));
	}
	sim_run(sim, MS(200));
	used = sim_bytes(sim) - before;
	CHECK(used > (uint64_t)3 * COUNT * SIZE);      /* one link up, two down */
	CHECK(used < (uint64_t)3 * COUNT * SIZE * 11 / 10);
	CHECK_EQ(seats[3].got[1], COUNT + 1);
	end(sim);
}

TEST(groups_are_isolated_from_each_other)
{
	struct sim *sim = chain(62, 4);

	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 0; i < 4; i++) {
		CHECK_EQ(sit(i % 2 ? &others[i] : &seats[i], i, i % 2 ? BLUE : RED), 0);
		CHECK_EQ(sit(i % 2 ? &seats[i] : &others[i], i, (leno_bytes){ "third", 5 }), 0);
	}
	sim_run(sim, SECONDS(1));
	CHECK_EQ(leno_group_count(seats[0].group), 2);
	CHECK(seats[0].member[2] && !seats[0].member[1] && !seats[0].member[3]);
	CHECK_EQ(say(&seats[0], 0, 100), 0);
	CHECK_EQ(say(&others[1], 0, 100), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(seats[2].got[0], 1);
	CHECK_EQ(others[3].got[1], 1);
	CHECK_EQ(seats[1].got[0] + others[1].got[0] + seats[3].got[0] + others[3].got[0], 0);
	CHECK_EQ(others[2].got[1] + seats[0].got[1], 0);
	CHECK_EQ(leno_group_join(sim_leno(n[0]), RED, NULL, NULL, &others[5].group), LENO_EXISTS);
	end(sim);
}

TEST(every_size_to_sixty_four_mebibytes_arrives)
{
	static const struct {
		size_t size;
		const char *why;
	} rows[] = {
		{ 0, "nothing but that it came" },
		{ 1, "the least" },
		{ 12200, "about a frame" },
		{ 32752, "the largest that goes whole" },
		{ 32753, "two pieces" },
		{ 1000000, "many pieces" },
		{ 64 << 20, "the most" },
	};
	struct sim *sim = chain(63, 3);
	unsigned tries;

	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK_EQ(sit(&seats[0], 0, RED), 0);
	CHECK_EQ(sit(&seats[2], 2, RED), 0);
	sim_run(sim, SECONDS(1));
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(say(&seats[0], i, rows[i].size), 0);
		for (tries = 0; tries < 600 && seats[0].done <= i; tries++)
			sim_run(sim, MS(100));
		CHECK_EQ(seats[2].got[0], i + 1);
		CHECK_EQ(seats[2].size, rows[i].size);
		CHECK_EQ(seats[0].done, i + 1);
		CHECK_EQ(seats[0].confirmed, 1);
		CHECK(sim_stats(n[0]).memory < (size_t)256 << 20);
	}
	CHECK_EQ(say(&seats[0], 9, (64 << 20) + 1), LENO_TOO_BIG);
	end(sim);
}

/* What waits is bounded; behind a large one all waits, and comes in order. */
TEST(too_many_are_for_later)
{
	static const struct sim_profile narrow = { .delay_us = 2000, .bandwidth = 2000000,
	                                           .buffer = 64 * 1024 };
	struct sim *sim = nodes(64, 3);
	unsigned sent = 0;
	int error;

	sim_wire(n[0], n[1], NULL);
	sim_wire(n[1], n[2], &narrow);
	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(1));
	while (!(error = say(&seats[0], sent, 20000)) && sent < 1000)
		sent++;
	CHECK_EQ(error, LENO_AGAIN);
	CHECK(sent >= 200 && sent <= 210);     /* 4 MiB */
	for (unsigned i = 0; i < 100 && !seats[0].writable; i++)
		sim_run(sim, MS(100));
	CHECK_EQ(seats[0].writable, 1);
	CHECK_EQ(say(&seats[0], sent++, 6000000), 0);
	CHECK_EQ(say(&seats[0], sent, 1), LENO_AGAIN);
	for (unsigned i = 0; i < 100 && seats[0].writable < 2; i++)
		sim_run(sim, MS(100));
	CHECK_EQ(say(&seats[0], sent++, 100), 0);
	sim_run(sim, SECONDS(10));
	CHECK_EQ(seats[2].got[0], sent);
	CHECK_EQ(seats[1].got[0], sent);
	CHECK_EQ(seats[0].done, sent);
	end(sim);
}

TEST(one_may_be_told_alone_and_only_by_members)
{
	struct sim *sim = chain(65, 4);
	const leno_bytes word = { "psst", 4 };

	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK_EQ(sit(&seats[0], 0, RED), 0);
	CHECK_EQ(sit(&seats[3], 3, RED), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(leno_group_send_to(seats[0].group, sim_id(n[3]), "word", word, NULL), 0);
	CHECK_EQ(leno_group_send_to(seats[0].group, sim_id(n[1]), "word", word, NULL),
	         LENO_NO_NODE);
	CHECK_EQ(leno_group_send_to(seats[0].group, sim_id(n[0]), "word", word, NULL), LENO_SELF);
	sim_leno(n[0]);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(seats[3].alone[0], 1);
	CHECK_EQ(seats[3].size, 4);
	end(sim);
}

TEST_MAIN(TEST_CASE(twenty_that_join_at_once_all_see_all_within_two_seconds),
          TEST_CASE(joined_never_comes_before_all_that_had_joined_are_known),
          TEST_CASE(a_node_alone_is_a_group_of_one),
          TEST_CASE(all_hear_all_each_once_across_relays_that_are_outside),
          TEST_CASE(frames_go_only_where_members_are),
          TEST_CASE(groups_are_isolated_from_each_other),
          TEST_CASE(every_size_to_sixty_four_mebibytes_arrives),
          TEST_CASE(too_many_are_for_later),
          TEST_CASE(one_may_be_told_alone_and_only_by_members))
