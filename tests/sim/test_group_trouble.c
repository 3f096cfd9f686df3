/* test_group_trouble.c - stories of groups when links break, meshes part, nodes come back in
 * another life, members leave, and bots are asked in. */
#include "support/seats.h"

/* ---- trouble ------------------------------------------------------------------------ */

/* A relay in the middle dies while a stream passes; there is another way. */
TEST(a_relay_dies_in_the_middle)
{
	for (uint64_t seed = 70; seed < 75; seed++) {
		struct sim *sim = nodes(seed, 5);

		sim_wire(n[0], n[1], NULL);
		sim_wire(n[1], n[2], NULL);
		sim_wire(n[0], n[3], NULL);
		sim_wire(n[3], n[4], NULL);
		sim_wire(n[4], n[2], NULL);
		CHECK(sim_settle(sim, SECONDS(5)));
		CHECK_EQ(sit(&seats[0], 0, RED), 0);
		CHECK_EQ(sit(&seats[2], 2, RED), 0);
		sim_run(sim, SECONDS(1));
		for (uint32_t k = 0; k < 200; k++) {
			CHECK_EQ(say(&seats[0], k, 500), 0);
			if (k == 100)
				sim_crash(n[1]);
			sim_run(sim, MS(1));
		}
		sim_run(sim, SECONDS(20));
		CHECK_EQ(seats[2].got[0], 200);
		CHECK_EQ(seats[0].done, 200);
		CHECK_EQ(seats[0].joined, 1);
		end(sim);
	}
}

TEST(a_partition_parts_the_group_and_its_end_joins_it_again)
{
	struct sim *sim = chain(76, 6);

	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 0; i < 6; i++)
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(1));
	CHECK(see_each_other(0, 6));
	sim_partition(sim, n[0], n[1], n[2], NULL);
	sim_run(sim, SECONDS(15));
	CHECK(see_each_other(0, 3));
	CHECK(see_each_other(3, 6));
	CHECK_EQ(seats[0].why[5], LENO_WHY_UNREACHABLE);
	CHECK_EQ(say(&seats[0], 0, 100), 0);
	CHECK_EQ(say(&seats[4], 0, 100), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(seats[2].got[0], 1);
	CHECK_EQ(seats[3].got[0], 0);
	sim_heal(sim);
	CHECK(sim_settle(sim, SECONDS(30)));
	sim_run(sim, SECONDS(2));
	CHECK(see_each_other(0, 6));
	CHECK_EQ(say(&seats[0], 1, 100), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(seats[5].got[0], 1);
	CHECK_EQ(seats[2].got[0], 2);
	CHECK_EQ(seats[5].joins[0], 2);
	end(sim);
}

/* A node whose only link goes is joining until it is back. */
TEST(who_is_cut_off_joins_again_by_itself)
{
	struct sim *sim = chain(77, 3);

	CHECK(sim_settle(sim, SECONDS(5)));
	sim_wire(n[0], n[1], NULL);
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(1));
	sim_cut(n[0], n[1]);
	sim_run(sim, SECONDS(15));
	CHECK_EQ(seats[0].state, LENO_GROUP_JOINING);
	CHECK_EQ(leno_group_count(seats[0].group), 1);
	sim_mend(n[0], n[1]);
	CHECK(sim_settle(sim, SECONDS(30)));
	sim_run(sim, SECONDS(2));
	CHECK(see_each_other(0, 3));
	CHECK_EQ(seats[0].joined, 2);
	end(sim);
}

TEST(another_life_is_another_member)
{
	struct sim *sim = chain(78, 3);

	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(1));
	for (uint32_t k = 0; k < 30; k++)
		CHECK_EQ(say(&seats[2], k, 300), 0);
	sim_run(sim, SECONDS(1));
	sim_restart(n[2]);
	CHECK_EQ(sit(&seats[2], 2, RED), 0);
	CHECK(sim_settle(sim, SECONDS(10)));
	sim_run(sim, SECONDS(2));
	CHECK(see_each_other(0, 3));
	CHECK_EQ(seats[0].joins[2], 2);
	CHECK_EQ(seats[0].got[2], 30);
	CHECK_EQ(say(&seats[2], 30, 300), 0);
	CHECK_EQ(say(&seats[0], 0, 300), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(seats[0].got[2], 31);
	CHECK_EQ(seats[2].got[0], 1);
	end(sim);
}

/* ---- leaving ------------------------------------------------------------------------ */

TEST(who_leaves_has_said_all_and_hears_no_more)
{
	struct sim *sim = chain(80, 4);

	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(1));
	for (uint32_t k = 0; k < 100; k++)
		CHECK_EQ(say(&seats[3], k, 1000), 0);
	leno_group_leave(seats[3].group);
	CHECK_EQ(say(&seats[3], 100, 1000), LENO_CLOSED);
	sim_run(sim, MS(1));
	CHECK_EQ(seats[3].state, LENO_GROUP_LEAVING);
	CHECK_EQ(say(&seats[0], 0, 100), 0);
	sim_run(sim, SECONDS(3));
	CHECK_EQ(seats[3].state, LENO_GROUP_LEFT);
	CHECK(!seats[3].group);
	CHECK_EQ(seats[3].got[0], 0);
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQ(seats[i].got[3], 100);
		CHECK(!seats[i].member[3]);
		CHECK_EQ(seats[i].why[3], LENO_WHY_GOODBYE);
	}
	CHECK_EQ(seats[0].done, 1);
	CHECK_EQ(seats[0].confirmed, 2);
	CHECK_EQ(seats[0].unknown, 1);
	CHECK(see_each_other(0, 3));
	/* And it may come back, as a new member. */
	CHECK_EQ(sit(&seats[3], 3, RED), 0);
	sim_run(sim, SECONDS(1));
	CHECK(see_each_other(0, 4));
	CHECK_EQ(say(&seats[3], 100, 1000), 0);
	CHECK_EQ(say(&seats[0], 1, 1000), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(seats[0].got[3], 101);
	CHECK_EQ(seats[3].got[0], 1);
	end(sim);
}

TEST(leaving_within_a_message_is_leaving)
{
	struct sim *sim = chain(81, 2);

	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK_EQ(sit(&seats[0], 0, RED), 0);
	CHECK_EQ(sit(&seats[1], 1, RED), 0);
	sim_run(sim, SECONDS(1));
	seats[1].leaves = true;
	for (uint32_t k = 0; k < 10; k++)
		CHECK_EQ(say(&seats[0], k, 50), 0);
	sim_run(sim, SECONDS(3));
	CHECK_EQ(seats[1].got[0], 1);
	CHECK_EQ(seats[1].state, LENO_GROUP_LEFT);
	CHECK_EQ(seats[0].done, 10);
	CHECK_EQ(leno_group_count(seats[0].group), 1);
	end(sim);
}

TEST(who_has_just_left_may_come_back_at_once)
{
	struct sim *sim = chain(83, 3);

	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(1));
	seats[2].returns = true;
	leno_group_leave(seats[2].group);
	sim_leno(n[2]);
	sim_run(sim, MS(100));
	seats[2].returns = false;
	sim_run(sim, SECONDS(2));
	CHECK_EQ(leno_group_count(seats[2].group), 3);
	CHECK_EQ(seats[0].joins[2], 2);
	CHECK_EQ(say(&seats[0], 0, 100), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(seats[1].got[0], 1);
	CHECK_EQ(leno_group_count(seats[0].group), 3);
	end(sim);
}

/* It leaves while half of them cannot know; others restart; all is mended: it stays left. */
TEST(leaving_stays_left_whatever_the_network_does)
{
	struct sim *sim = chain(82, 6);

	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 0; i < 6; i++)
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(1));
	sim_partition(sim, n[0], n[1], n[2], NULL);
	sim_run(sim, MS(100));
	CHECK_EQ(say(&seats[1], 0, 100), 0);
	leno_group_leave(seats[1].group);
	sim_leno(n[1]);
	sim_run(sim, SECONDS(15));
	CHECK_EQ(seats[1].state, LENO_GROUP_LEFT);
	sim_restart(n[2]);
	CHECK_EQ(sit(&seats[2], 2, RED), 0);
	sim_restart(n[4]);
	CHECK_EQ(sit(&seats[4], 4, RED), 0);
	sim_run(sim, SECONDS(5));
	sim_heal(sim);
	CHECK(sim_settle(sim, SECONDS(30)));
	sim_run(sim, SECONDS(3));
	for (unsigned i = 0; i < 6; i++) {
		CHECK(!seats[i].member[1]);
		if (i != 1)
			CHECK_EQ(leno_group_count(seats[i].group), 5);
	}
	CHECK_EQ(seats[5].joins[1], 1);
	CHECK_EQ(say(&seats[0], 1, 100), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(seats[1].got[0], 0);
	CHECK_EQ(seats[5].got[0], 1);
	end(sim);
}

/* ---- invitations -------------------------------------------------------------------- */

/* A bot: it accepts what comes with the right word. */
static void bot(struct sim_node *node, const leno_id *from, leno_bytes key, leno_bytes note)
{
	unsigned i = number_of(sim_id(node));

	(void)from;
	if (note.size == 6 && memcmp(note.data, "please", 6) == 0)
		CHECK_EQ(sit(&seats[i], i, key), 0);
}

TEST(a_bot_comes_when_it_is_asked_properly)
{
	struct sim *sim = chain(90, 4);

	CHECK(sim_settle(sim, SECONDS(5)));
	sim_on_invited(n[3], bot);
	CHECK_EQ(sit(&seats[0], 0, RED), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(leno_group_invite(seats[0].group, sim_id(n[3]), (leno_bytes){ "now!", 4 }), 0);
	sim_leno(n[0]);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(leno_group_count(seats[0].group), 1);
	CHECK_EQ(leno_group_invite(seats[0].group, sim_id(n[3]), (leno_bytes){ "please", 6 }), 0);
	CHECK_EQ(leno_group_invite(seats[0].group, sim_id(n[2]), (leno_bytes){ "please", 6 }), 0);
	sim_leno(n[0]);
	sim_run(sim, SECONDS(1));
	CHECK(seats[0].member[3]);
	CHECK_EQ(leno_group_count(seats[0].group), 2);
	CHECK_EQ(say(&seats[3], 0, 100), 0);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(seats[0].got[3], 1);
	end(sim);
}

static uint64_t run_once(void)
{
	struct sim *sim = chain(100, 6);
	uint64_t digest;

	for (unsigned i = 0; i < 6; i++)
		CHECK_EQ(sit(&seats[i], i, RED), 0);
	sim_run(sim, SECONDS(2));
	for (uint32_t k = 0; k < 20; k++)
		CHECK_EQ(say(&seats[k % 6], k / 6, 700 * k), 0);
	sim_kill(n[2], n[3]);
	sim_run(sim, SECONDS(5));
	digest = sim_digest(sim);
	sim_free(sim);
	return digest;
}

TEST(one_seed_gives_one_run)
{
	CHECK_EQ(run_once(), run_once());
}

TEST_MAIN(TEST_CASE(a_relay_dies_in_the_middle),
          TEST_CASE(a_partition_parts_the_group_and_its_end_joins_it_again),
          TEST_CASE(who_is_cut_off_joins_again_by_itself),
          TEST_CASE(another_life_is_another_member),
          TEST_CASE(who_leaves_has_said_all_and_hears_no_more),
          TEST_CASE(leaving_within_a_message_is_leaving),
          TEST_CASE(who_has_just_left_may_come_back_at_once),
          TEST_CASE(leaving_stays_left_whatever_the_network_does),
          TEST_CASE(a_bot_comes_when_it_is_asked_properly),
          TEST_CASE(one_seed_gives_one_run))
