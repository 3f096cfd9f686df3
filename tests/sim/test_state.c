/* test_state.c - stories of shared maps: whatever happens, all copies end alike.
 *
 * covers: src/node/states.c src/node/state_talk.c src/node/state_merge.c src/node/state_map.c */
#include "support/maps.h"

/* ---- agreeing --------------------------------------------------------------------------- */

TEST(what_one_sets_all_have)
{
	row(1, 4);
	for (unsigned i = 0; i < 4; i++)
		share(i, NULL);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(info_of(0).sharers, 3);
	CHECK(leno_state_synced(m[3]));
	set(0, "k", "one");
	sim_run(sim, MS(10));
	for (unsigned i = 0; i < 4; i++)
		CHECK_STR(get(i, "k"), "one");
	set(3, "k", "two");
	sim_run(sim, MS(10));
	CHECK_STR(get(0, "k"), "two");
	sim_leno(n[1]);
	CHECK_EQ(leno_state_delete(m[1], text("k")), 0);
	sim_run(sim, MS(10));
	for (unsigned i = 0; i < 4; i++)
		CHECK_STR(get(i, "k"), "");
	CHECK_EQ(info_of(2).dead, 1);
	leno_state_unshare(m[3]);
	sim_run(sim, SECONDS(3));
	CHECK_EQ(info_of(0).sharers, 2);
	end();
}

TEST(a_change_is_seen_two_hops_away_within_two_delays_and_five_milliseconds)
{
	enum { DELAY = 20000 };
	static const struct sim_profile far = { .delay_us = DELAY };
	uint64_t at;

	begin(2, 3);
	sim_wire(n[0], n[1], &far);
	sim_wire(n[1], n[2], &far);
	CHECK(sim_settle(sim, SECONDS(5)));
	share(0, NULL);
	share(2, NULL);
	sim_run(sim, SECONDS(2));
	for (int i = 0; i < 10; i++) {
		char value[16];

		snprintf(value, sizeof value, "%d", i);
		at = sim_now(sim);
		set(0, "k", value);
		while (strcmp(get(2, "k"), value) != 0 && sim_now(sim) < at + SECONDS(1))
			sim_run(sim, 100);
		CHECK(sim_now(sim) - at <= 2 * DELAY + 5000);
		sim_run(sim, MS(300));
	}
	end();
}

TEST(both_sides_of_a_partition_write_and_agree_once_it_heals)
{
	for (uint64_t seed = 10; seed < 16; seed++) {
		row(seed, 6);
		for (unsigned i = 0; i < 6; i++)
			share(i, NULL);
		sim_run(sim, SECONDS(2));
		set(0, "before", "x");
		sim_run(sim, MS(100));
		sim_cut(n[2], n[3]);
		for (int k = 0; k < 200; k++) {
			char key[16];
			unsigned i = (unsigned)sim_random(sim, 6);

			snprintf(key, sizeof key, "k%u", (unsigned)sim_random(sim, 50));
			sim_leno(n[i]);
			switch (sim_random(sim, 5)) {
			case 0: CHECK_EQ(leno_state_delete(m[i], text(key)), 0); break;
			case 1: CHECK_EQ(leno_state_add(m[i], text("n"), 1 + (int)i), 0); break;
			case 2: CHECK_EQ(leno_state_insert(m[i], text("s"), text(key)), 0); break;
			case 3: CHECK_EQ(leno_state_remove(m[i], text("s"), text(key)), 0); break;
			default: set(i, key, sim_name(n[i])); break;
			}
			sim_run(sim, sim_random(sim, MS(100)));
		}
		sim_mend(n[2], n[3]);
		sim_run(sim, SECONDS(20));
		for (unsigned i = 1; i < 6; i++) {
			CHECK_EQ(entries(i), entries(0));
			CHECK_EQ(leno_state_count(m[i], text("n")), leno_state_count(m[0], text("n")));
			for (int k = 0; k < 50; k++) {
				char key[16];

				snprintf(key, sizeof key, "k%d", k);
				CHECK_STR(get(i, key), get(0, key));
				CHECK_EQ(leno_state_contains(m[i], text("s"), text(key)),
				         leno_state_contains(m[0], text("s"), text(key)));
			}
		}
		end();
	}
}

TEST(counters_add_up_and_sets_keep_what_was_put_in_meanwhile)
{
	row(20, 2);
	share(0, NULL);
	share(1, NULL);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(leno_state_insert(m[0], text("s"), text("x")), 0);
	sim_leno(n[0]);
	sim_run(sim, MS(50));
	CHECK(leno_state_contains(m[1], text("s"), text("x")));
	sim_cut(n[0], n[1]);
	for (int i = 0; i < 10; i++) {
		CHECK_EQ(leno_state_add(m[0], text("n"), 3), 0);
		CHECK_EQ(leno_state_add(m[1], text("n"), -1), 0);
	}
	CHECK_EQ(leno_state_remove(m[0], text("s"), text("x")), 0);
	CHECK_EQ(leno_state_insert(m[1], text("s"), text("x")), 0);   /* unseen by the remover */
	sim_run(sim, SECONDS(20));
	sim_mend(n[0], n[1]);
	sim_run(sim, SECONDS(20));
	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQ(leno_state_count(m[i], text("n")), 20);
		CHECK(leno_state_contains(m[i], text("s"), text("x")));
	}
	sim_leno(n[0]);
	CHECK_EQ(leno_state_remove(m[0], text("s"), text("x")), 0);
	sim_run(sim, MS(50));
	CHECK(!leno_state_contains(m[1], text("s"), text("x")));
	end();
}

TEST(who_comes_late_has_all_by_one_pull)
{
	row(30, 3);
	share(0, NULL);
	share(1, NULL);
	sim_run(sim, SECONDS(1));
	for (int i = 0; i < 5000; i++) {
		char key[16];

		snprintf(key, sizeof key, "key-%d", i);
		set(0, key, "value");
		if (i % 500 == 0)
			sim_run(sim, MS(20));
	}
	sim_run(sim, SECONDS(15));
	CHECK_EQ(entries(1), 5000);
	share(2, NULL);
	sim_run(sim, SECONDS(2));
	CHECK_EQ(entries(2), 5000);
	CHECK(leno_state_synced(m[2]));
	CHECK(info_of(2).pulls <= 2);
	CHECK_EQ(info_of(2).taken, 5000);      /* nothing came twice */
	end();
}

/* The first that it meets may have come a moment before. */
TEST(synced_is_not_said_before_all_have_been_heard)
{
	for (uint64_t seed = 32; seed < 37; seed++) {
		row(seed, 4);
		share(0, NULL);
		sim_run(sim, SECONDS(1));
		for (int i = 0; i < 300; i++) {
			char key[16];

			snprintf(key, sizeof key, "key-%d", i);
			set(0, key, "value");
		}
		sim_run(sim, SECONDS(1));
		for (unsigned i = 1; i < 4; i++)
			share(i, NULL);
		for (int k = 0; k < 3000; k++) {
			sim_run(sim, MS(1));
			for (unsigned i = 1; i < 4; i++)
				CHECK(!leno_state_synced(m[i]) || entries(i) == 300);
		}
		CHECK(leno_state_synced(m[1]) && leno_state_synced(m[3]));
		end();
	}
}

/* ---- clocks and old copies ---------------------------------------------------------------- */

TEST(a_clock_that_is_ahead_freezes_no_key)
{
	begin(40, 3);
	for (unsigned i = 0; i < 2; i++)
		sim_wire(n[i], n[2], NULL);
	sim_jump(n[1], SECONDS(3600));
	CHECK(sim_settle(sim, SECONDS(10)));
	for (unsigned i = 0; i < 3; i++)
		share(i, NULL);
	sim_run(sim, SECONDS(2));
	set(1, "k", "from the future");
	sim_run(sim, SECONDS(1));
	CHECK_STR(get(0, "k"), "");            /* refused by who has a clock */
	CHECK(info_of(0).refused > 0);
	set(0, "k", "now");
	sim_run(sim, SECONDS(1));
	CHECK_STR(get(2, "k"), "now");
	end();
}

TEST(as_far_ahead_as_is_believed_can_be_outbid_at_once)
{
	begin(41, 3);
	for (unsigned i = 0; i < 2; i++)
		sim_wire(n[i], n[2], NULL);
	sim_jump(n[1], SECONDS(299));
	CHECK(sim_settle(sim, SECONDS(10)));
	for (unsigned i = 0; i < 3; i++)
		share(i, NULL);
	sim_run(sim, SECONDS(2));
	set(1, "k", "ahead");
	sim_run(sim, SECONDS(1));
	CHECK_STR(get(0, "k"), "ahead");
	set(0, "k", "now");
	sim_run(sim, SECONDS(1));
	for (unsigned i = 0; i < 3; i++)
		CHECK_STR(get(i, "k"), "now");
	end();
}

/* Nobody took what it wrote then: it is not to be kept from what others write since, nor they from
 * what it does. */
TEST(a_clock_that_is_set_right_freezes_no_key_of_its_own)
{
	row(42, 2);
	tell_wall(0, 0);
	tell_wall(1, SECONDS(7200));
	for (unsigned i = 0; i < 2; i++)
		share(i, NULL);
	sim_run(sim, SECONDS(2));
	set(1, "theirs", "ahead");
	set(1, "own", "ahead");
	sim_leno(n[1]);
	CHECK_EQ(leno_state_insert(m[1], text("s"), text("e")), 0);
	CHECK_EQ(leno_state_add(m[1], text("n"), 3), 0);
	sim_run(sim, SECONDS(1));
	tell_wall(1, 0);
	sim_run(sim, SECONDS(1));
	set(0, "theirs", "now");
	set(1, "own", "now");
	sim_leno(n[1]);
	CHECK_EQ(leno_state_add(m[1], text("n"), 1), 0);
	CHECK_EQ(leno_state_remove(m[1], text("s"), text("e")), 0);
	CHECK(!leno_state_contains(m[1], text("s"), text("e")));
	sim_run(sim, SECONDS(30));
	for (unsigned i = 0; i < 2; i++) {
		CHECK_STR(get(i, "theirs"), "now");
		CHECK_STR(get(i, "own"), "now");
		CHECK_EQ(leno_state_count(m[i], text("n")), 4);
	}
	CHECK_EQ(entries(0), entries(1));
	end();
}

/* b is away for longer than the others remember what was deleted. */
TEST(an_old_copy_resurrects_nothing)
{
	static const leno_state_options hour = { .horizon_ms = 3600 * 1000 };

	begin(50, 3);
	sim_wire(n[0], n[2], NULL);
	sim_wire(n[1], n[2], NULL);
	CHECK(sim_settle(sim, SECONDS(10)));
	for (unsigned i = 0; i < 3; i++)
		share(i, &hour);
	sim_run(sim, SECONDS(1));
	set(0, "goes", "x");
	set(0, "stays", "x");
	sim_run(sim, SECONDS(30));
	CHECK_STR(get(1, "goes"), "x");
	sim_cut(n[1], n[2]);
	sim_run(sim, SECONDS(60));
	sim_leno(n[0]);
	CHECK_EQ(leno_state_delete(m[0], text("goes")), 0);
	sim_run(sim, MINUTES(90));
	CHECK_EQ(info_of(0).dead, 0);          /* forgotten */
	set(1, "alone", "x");                  /* but what it did last is not lost */
	sim_run(sim, SECONDS(1));
	sim_mend(n[1], n[2]);
	sim_run(sim, MINUTES(2));
	for (unsigned i = 0; i < 3; i++) {
		CHECK_STR(get(i, "goes"), "");
		CHECK_STR(get(i, "stays"), "x");
		CHECK_STR(get(i, "alone"), "x");
	}
	CHECK(info_of(1).discarded > 0);
	CHECK_EQ(info_of(0).discarded, 0);
	end();
}

/* Each side was in company all the time: one of them gives way, as a whole. */
TEST(two_groups_that_were_apart_for_too_long_end_alike)
{
	static const leno_state_options hour = { .horizon_ms = 3600 * 1000 };

	begin(51, 4);
	for (unsigned i = 1; i < 4; i++)
		sim_wire(n[i - 1], n[i], NULL);
	CHECK(sim_settle(sim, SECONDS(10)));
	for (unsigned i = 0; i < 4; i++)
		share(i, &hour);
	sim_run(sim, SECONDS(1));
	set(0, "goes", "x");
	set(0, "stays", "x");
	sim_run(sim, SECONDS(60));
	sim_cut(n[1], n[2]);
	sim_run(sim, SECONDS(60));
	sim_leno(n[0]);
	CHECK_EQ(leno_state_delete(m[0], text("goes")), 0);
	set(0, "one", "x");
	set(0, "two", "x");                    /* so that this side has more */
	sim_run(sim, MINUTES(90));
	set(1, "left", "x");
	set(3, "right", "x");
	sim_mend(n[1], n[2]);
	sim_run(sim, MINUTES(3));
	for (unsigned i = 0; i < 4; i++) {
		CHECK_STR(get(i, "goes"), "");
		CHECK_STR(get(i, "stays"), "x");
		CHECK_STR(get(i, "one"), "x");
		CHECK_STR(get(i, "left"), "x");
		CHECK_STR(get(i, "right"), "x");
		CHECK_EQ(entries(i), entries(0));
	}
	CHECK_EQ(info_of(0).discarded + info_of(1).discarded, 0);
	end();
}

TEST_MAIN(TEST_CASE(synced_is_not_said_before_all_have_been_heard),
          TEST_CASE(two_groups_that_were_apart_for_too_long_end_alike),
          TEST_CASE(what_one_sets_all_have),
          TEST_CASE(a_change_is_seen_two_hops_away_within_two_delays_and_five_milliseconds),
          TEST_CASE(both_sides_of_a_partition_write_and_agree_once_it_heals),
          TEST_CASE(counters_add_up_and_sets_keep_what_was_put_in_meanwhile),
          TEST_CASE(who_comes_late_has_all_by_one_pull),
          TEST_CASE(a_clock_that_is_ahead_freezes_no_key),
          TEST_CASE(as_far_ahead_as_is_believed_can_be_outbid_at_once),
          TEST_CASE(a_clock_that_is_set_right_freezes_no_key_of_its_own),
          TEST_CASE(an_old_copy_resurrects_nothing))
