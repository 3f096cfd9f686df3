/* test_group_large.c - stories of groups whose messages are large: members go in the midst of
 * one, or have no room for it. */
#include "support/seats.h"

static const struct sim_profile narrow = { .delay_us = 2000, .bandwidth = 4000000,
	                                   .buffer = 64 * 1024 };

/* It is one of those of whom it is not known, though the last piece was never for it. */
TEST(who_goes_amid_a_large_message_is_counted)
{
	struct sim *sim = nodes(100, 3);

	sim_wire(n[0], n[1], &narrow);
	sim_wire(n[0], n[2], &narrow);
	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(say(&seats[0], 0, 16 << 20), 0);
	sim_run(sim, SECONDS(1));
	sim_crash(n[2]);
	sim_run(sim, SECONDS(20));
	CHECK_EQ(seats[1].got[0], 1);
	CHECK_EQ(seats[0].done, 1);
	CHECK_EQ(seats[0].confirmed, 1);
	CHECK_EQ(seats[0].unknown, 1);
	CHECK_EQ(say(&seats[0], 1, 16 << 20), 0);
	sim_run(sim, SECONDS(20));
	CHECK_EQ(seats[0].done, 2);
	CHECK_EQ(seats[0].confirmed, 1);
	CHECK_EQ(seats[0].unknown, 0);
	end(sim);
}

/* A second is given to what was sent: what nobody has confirmed by then is unknown. */
TEST(who_leaves_hears_what_became_of_all)
{
	struct sim *sim = nodes(101, 2);

	sim_wire(n[0], n[1], &narrow);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK_EQ(sit(&seats[0], 0, RED), 0);
	CHECK_EQ(sit(&seats[1], 1, RED), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(say(&seats[0], 0, 100), 0);
	sim_run(sim, MS(100));
	sim_cut(n[0], n[1]);
	for (uint32_t k = 1; k < 60; k++)
		CHECK_EQ(say(&seats[0], k, 30000), 0);
	CHECK_EQ(say(&seats[0], 60, 16 << 20), 0);
	leno_group_leave(seats[0].group);
	sim_leno(n[0]);
	sim_run(sim, SECONDS(2));
	CHECK_EQ(seats[0].state, LENO_GROUP_LEFT);
	CHECK_EQ(seats[0].done, 61);
	CHECK_EQ(seats[0].confirmed, 0);
	CHECK_EQ(seats[0].unknown, 1);
	end(sim);
}

/* What has no room because of what a session holds is for later, and later is told. */
TEST(who_was_told_to_wait_for_memory_hears_when_there_is_some)
{
	static const leno_options little = { .memory_max = 32 << 20 };
	enum { MUCH = 8 << 20 };
	struct sim *sim = nodes(102, 0);

	for (count = 0; count < 3; count++)
		n[count] = sim_node(sim, (const char *[]){ "a", "b", "c" }[count], &little);
	sim_wire(n[0], n[1], &narrow);
	sim_wire(n[0], n[2], &narrow);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK_EQ(sit(&seats[0], 0, RED), 0);
	CHECK_EQ(sit(&seats[1], 1, RED), 0);
	sim_run(sim, SECONDS(1));
	sim_talk(n[0], n[2], 1, MS(1), MUCH);
	sim_run(sim, MS(10));
	CHECK_EQ(say(&seats[0], 0, MUCH), LENO_AGAIN);
	sim_run(sim, SECONDS(5));
	CHECK_EQ(seats[0].writable, 1);
	CHECK_EQ(say(&seats[0], 0, MUCH), 0);
	sim_run(sim, SECONDS(5));
	CHECK_EQ(seats[1].got[0], 1);
	CHECK_EQ(seats[0].writable, 1);
	end(sim);
}

/* c has no room for what a says before d's message is complete; then it follows at once. */
TEST(what_waited_for_room_follows_without_a_pause)
{
	static const leno_options some = { .message_max = 16 << 20 };
	enum { MUCH = 16 << 20 };
	struct sim *sim = nodes(103, 0);

	for (count = 0; count < 4; count++)
		n[count] = sim_node(sim, (const char *[]){ "a", "b", "c", "d" }[count], &some);
	sim_wire(n[0], n[1], NULL);
	sim_wire(n[0], n[2], NULL);
	sim_wire(n[3], n[2], &narrow);
	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(1));
	sim_talk(n[3], n[2], 1, MS(1), MUCH);
	sim_run(sim, MS(100));
	CHECK_EQ(say(&seats[0], 0, MUCH), 0);
	sim_run(sim, SECONDS(8));              /* of which d takes 4 */
	CHECK_EQ(seats[1].got[0], 1);
	CHECK_EQ(seats[2].got[0], 1);
	CHECK_EQ(seats[0].done, 1);
	end(sim);
}

/* b holds a part of what a says for more than 30 s, since c has no room for it: it is no less heard. */
TEST(what_stands_still_for_long_is_heard_by_all)
{
	static const leno_options some = { .message_max = 16 << 20 };
	static const struct sim_profile slow = { .delay_us = 2000, .bandwidth = 250000,
		                                 .buffer = 64 * 1024 };
	struct sim *sim = nodes(105, 0);

	for (count = 0; count < 4; count++)
		n[count] = sim_node(sim, (const char *[]){ "a", "b", "c", "d" }[count], &some);
	sim_wire(n[0], n[1], NULL);
	sim_wire(n[0], n[2], NULL);
	sim_wire(n[3], n[2], &slow);
	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(1));
	sim_talk(n[3], n[2], 1, MS(1), 16 << 20);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(say(&seats[0], 0, 16 << 20), 0);
	sim_run(sim, SECONDS(50));
	CHECK_EQ(seats[0].done, 0);
	sim_run(sim, SECONDS(40));
	CHECK_EQ(seats[0].done, 1);
	CHECK_EQ(seats[0].confirmed, 2);
	CHECK_EQ(seats[1].got[0], 1);
	CHECK_EQ(seats[2].got[0], 1);
	end(sim);
}

/* Each has said one thing, which all others have confirmed, and have. */
static void check_all_heard_all(void)
{
	for (unsigned i = 0; i < count; i++) {
		CHECK_EQ(seats[i].done, 1);
		CHECK_EQ(seats[i].confirmed, count - 1);
		for (unsigned j = 0; j < count; j++)
			CHECK_EQ(seats[i].got[j], i != j);
	}
}

/* Each has room for one of them: two that hold what the other one waits for do not wait for ever. */
TEST(all_who_say_something_large_at_once_are_heard)
{
	static const leno_options some = { .message_max = 16 << 20 };
	static const struct sim_profile wide = { .delay_us = 1000, .bandwidth = 20000000,
		                                 .buffer = 256 * 1024 };
	static const char *const names[] = { "a", "b", "c", "d", "e" };

	for (uint64_t seed = 110; seed < 112; seed++) {
		struct sim *sim = nodes(seed, 0);

		for (count = 0; count < 5; count++) {
			n[count] = sim_node(sim, names[count], &some);
			for (unsigned i = 0; i < count; i++)
				sim_wire(n[i], n[count], &wide);
		}
		CHECK(sim_settle(sim, SECONDS(5)));
		for (unsigned i = 0; i < 5; i++)
			CHECK_EQ(sit(&seats[i], i, RED), 0);
		sim_run(sim, SECONDS(1));
		for (unsigned i = 0; i < 5; i++)
			CHECK_EQ(say(&seats[i], 0, 16 << 20), 0);
		sim_run(sim, SECONDS(30));
		check_all_heard_all();
		end(sim);
	}
}

/* The same where everybody is far away, so that most of it comes by sessions. */
TEST(all_who_say_something_large_far_away_are_heard)
{
	static const leno_options some = { .message_max = 16 << 20 };
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	struct sim *sim = nodes(106, 0);

	for (count = 0; count < 5; count++) {
		n[count] = sim_node(sim, names[count], &some);
		for (unsigned i = 0; i < count; i++) {
			struct sim_profile far = { .delay_us = 20000 + 40000 * ((i + count) % 5),
				                   .bandwidth = 15000000, .buffer = 1 << 20 };

			sim_wire(n[i], n[count], &far);
		}
	}
	CHECK(sim_settle(sim, SECONDS(10)));
	for (unsigned i = 0; i < 5; i++)
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(3));
	for (unsigned i = 0; i < 5; i++) {
		CHECK_EQ(say(&seats[i], 0, 13 << 20), 0);
		sim_run(sim, MS(500));
	}
	sim_run(sim, SECONDS(60));
	check_all_heard_all();
	end(sim);
}

/* However small it is. */
TEST(what_one_member_does_not_take_is_too_big_for_all)
{
	static const leno_options modest = { .message_max = 1000 };
	struct sim *sim = nodes(104, 2);

	n[count++] = sim_node(sim, "modest", &modest);
	sim_wire(n[0], n[1], NULL);
	sim_wire(n[0], n[2], NULL);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK_EQ(sit(&seats[0], 0, RED), 0);
	CHECK_EQ(sit(&seats[1], 1, RED), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(say(&seats[0], 0, 1001), 0);
	CHECK_EQ(sit(&seats[2], 2, RED), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(say(&seats[0], 1, 1000), 0);
	CHECK_EQ(say(&seats[0], 2, 1001), LENO_TOO_BIG);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(seats[1].got[0], 2);
	CHECK_EQ(seats[2].got[0], 1);
	leno_group_leave(seats[2].group);
	sim_leno(n[2]);
	sim_run(sim, SECONDS(2));
	CHECK_EQ(say(&seats[0], 2, 1001), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(seats[1].got[0], 3);
	end(sim);
}

TEST_MAIN(TEST_CASE(what_stands_still_for_long_is_heard_by_all),
          TEST_CASE(what_one_member_does_not_take_is_too_big_for_all),
          TEST_CASE(all_who_say_something_large_at_once_are_heard),
          TEST_CASE(all_who_say_something_large_far_away_are_heard),
          TEST_CASE(who_goes_amid_a_large_message_is_counted),
          TEST_CASE(who_leaves_hears_what_became_of_all),
          TEST_CASE(who_was_told_to_wait_for_memory_hears_when_there_is_some),
          TEST_CASE(what_waited_for_room_follows_without_a_pause))
