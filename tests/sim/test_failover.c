/* test_failover.c - paths that change under load: how long nothing comes, and that what was
 * confirmed came once, in order (the ledger sees to that).
 *
 * covers: src/driver/sim/faults.c src/driver/sim/talk.c */
#include "support/check.h"

#include "driver/sim/sim.h"

/* a - b - c is the better way, a - d - c the other one. */
static const struct sim_profile good = { .delay_us = 1000, .bandwidth = 5000000,
	                                 .segment = 8000, .buffer = 96 * 1024,
	                                 .class = LENO_PIPE_STREAM };
static const struct sim_profile poor = { .delay_us = 10000, .bandwidth = 5000000,
	                                 .segment = 8000, .buffer = 192 * 1024,
	                                 .class = LENO_PIPE_STREAM };

struct square {
	struct sim *sim;
	struct sim_node *a, *b, *c, *d;
};

static struct square square(uint64_t seed)
{
	struct sim *sim = sim_new(seed);
	struct square s = { sim, sim_node(sim, "a", NULL), sim_node(sim, "b", NULL),
		            sim_node(sim, "c", NULL), sim_node(sim, "d", NULL) };

	sim_wire(s.a, s.b, &good);
	sim_wire(s.b, s.c, &good);
	sim_wire(s.a, s.d, &poor);
	sim_wire(s.d, s.c, &poor);
	CHECK(sim_settle(sim, SECONDS(3)));
	return s;
}

/* Both ways, more than fits the time. */
static void pour(const struct square *s, unsigned messages)
{
	sim_talk(s->a, s->c, messages, 0, 10000);
	sim_talk(s->c, s->a, messages, 0, 10000);
}

/* The longest time in which c got nothing from a. */
static uint64_t longest_gap(const struct square *s, uint64_t us)
{
	uint64_t end = sim_now(s->sim) + us, last_us = sim_now(s->sim), longest = 0;
	uint64_t had = sim_tally(s->a, s->c).delivered;

	while (sim_now(s->sim) < end && sim_run(s->sim, MS(1))) {
		uint64_t has = sim_tally(s->a, s->c).delivered;

		if (has > had)
			last_us = sim_now(s->sim);
		else if (sim_now(s->sim) - last_us > longest)
			longest = sim_now(s->sim) - last_us;
		had = has;
	}
	return longest;
}

static void finish(struct square *s, unsigned messages)
{
	CHECK(sim_settle(s->sim, MINUTES(5)));
	CHECK_EQ(sim_tally(s->a, s->c).confirmed, messages);
	CHECK_EQ(sim_tally(s->c, s->a).confirmed, messages);
	CHECK(sim_invariants(s->sim));
	sim_free(s->sim);
}

TEST(the_better_of_two_ways_is_taken_and_the_other_takes_over)
{
	struct square s = square(1);
	uint64_t gap;

	pour(&s, 3000);
	sim_run(s.sim, SECONDS(1));
	CHECK(sim_stats(s.b).forwarded > 500);
	CHECK(sim_stats(s.d).forwarded < 10);
	sim_crash(s.b);
	gap = longest_gap(&s, SECONDS(3));
	printf("  a relay dies: nothing for %u ms\n", (unsigned)(gap / 1000));
	CHECK(gap < SECONDS(1));
	CHECK(sim_stats(s.d).forwarded > 500);
	finish(&s, 3000);
}

TEST(a_silent_relay_is_left_within_five_seconds)
{
	struct square s = square(2);
	uint64_t gap;

	pour(&s, 4000);
	sim_run(s.sim, SECONDS(1));
	sim_freeze(s.b);
	gap = longest_gap(&s, SECONDS(6));
	printf("  a relay falls silent: nothing for %u ms\n", (unsigned)(gap / 1000));
	CHECK(gap < SECONDS(5));
	sim_thaw(s.b);
	finish(&s, 4000);
}

TEST(a_way_that_flaps_costs_time_alone)
{
	struct square s = square(3);
	unsigned before;

	sim_talk(s.a, s.c, 20000, MS(5), 2000);
	sim_talk(s.c, s.a, 20000, MS(5), 2000);
	before = (unsigned)sim_tally(s.a, s.c).delivered;
	for (unsigned i = 0; i < 200; i++) {
		sim_kill(s.a, s.b);
		CHECK(sim_run(s.sim, MS(500)));
		CHECK(sim_tally(s.a, s.c).delivered > before + 50);
		before = (unsigned)sim_tally(s.a, s.c).delivered;
	}
	CHECK_EQ(sim_ups(s.a, s.c), 1);
	finish(&s, 20000);
}

/* Bytes vanish in one direction only: the link is found dead by the silence. */
TEST(a_way_may_be_deaf_on_one_side)
{
	for (unsigned i = 0; i < 4; i++) {
		struct square s = square(10 + i);
		struct sim_node *ends[4][2] = { { s.a, s.b }, { s.b, s.a }, { s.b, s.c },
			                        { s.c, s.b } };
		uint64_t gap;

		pour(&s, 3000);
		sim_run(s.sim, MS(500));
		sim_cut_one_way(ends[i][0], ends[i][1]);
		gap = longest_gap(&s, SECONDS(6));
		CHECK(gap < SECONDS(5));
		sim_heal(s.sim);
		finish(&s, 3000);
	}
}

TEST(a_partition_of_any_length_loses_nothing)
{
	static const unsigned seconds[] = { 1, 60, 600 };

	for (unsigned i = 0; i < 3; i++) {
		struct square s = square(20 + i);

		pour(&s, 1500);
		sim_run(s.sim, MS(500));
		sim_partition(s.sim, s.a, NULL);
		sim_run(s.sim, SECONDS(seconds[i]));
		sim_heal(s.sim);
		finish(&s, 1500);
	}
}

TEST(a_peer_may_be_stopped_for_a_minute)
{
	struct square s = square(30);

	pour(&s, 2000);
	sim_run(s.sim, MS(500));
	sim_freeze(s.c);
	sim_run(s.sim, MINUTES(1));
	sim_thaw(s.c);
	finish(&s, 2000);
}

/* Timers of all kinds are due at once, and round trips of minutes seem to have been measured. */
TEST(clocks_may_leap_under_load)
{
	struct square s = square(40);

	pour(&s, 2000);
	for (unsigned i = 0; i < 6; i++) {
		sim_run(s.sim, MS(200));
		sim_jump(i % 3 == 0 ? s.a : i % 3 == 1 ? s.c : s.b, i < 3 ? SECONDS(2) : MINUTES(3));
	}
	finish(&s, 2000);
}

TEST_MAIN(TEST_CASE(the_better_of_two_ways_is_taken_and_the_other_takes_over),
          TEST_CASE(a_silent_relay_is_left_within_five_seconds),
          TEST_CASE(a_way_that_flaps_costs_time_alone),
          TEST_CASE(a_way_may_be_deaf_on_one_side),
          TEST_CASE(a_partition_of_any_length_loses_nothing),
          TEST_CASE(a_peer_may_be_stopped_for_a_minute), TEST_CASE(clocks_may_leap_under_load))
