/* test_streams.c - stories of streams: many at once, slow readers, and all that happens to
 * paths, relays and peers while they pour. Each byte is checked where it arrives.
 *
 * covers: src/driver/sim/pour.c */
#include "support/check.h"

#include "driver/sim/sim.h"

enum { MIB = 1 << 20 };

static const struct sim_profile thin = { .delay_us = 5000, .bandwidth = 4000000,
                                         .buffer = 64 * 1024 };
/* So much lies in sockets as is on its way, and no more. */
static const struct sim_profile wide = { .delay_us = 5000, .bandwidth = 40000000,
                                         .segment = 4096, .buffer = 400 * 1024 };

/* a - r - c, and the other way round a - s - c. */
struct world {
	struct sim *sim;
	struct sim_node *a, *r, *s, *c;
};

static struct world begin(uint64_t seed, const struct sim_profile *profile)
{
	struct world w = { .sim = sim_new(seed) };

	w.a = sim_node(w.sim, "a", NULL);
	w.r = sim_node(w.sim, "r", NULL);
	w.s = sim_node(w.sim, "s", NULL);
	w.c = sim_node(w.sim, "c", NULL);
	sim_wire(w.a, w.r, profile);
	sim_wire(w.r, w.c, profile);
	sim_wire(w.a, w.s, profile);
	sim_wire(w.s, w.c, profile);
	CHECK(sim_settle(w.sim, SECONDS(5)));
	return w;
}

static void end(struct world *w, uint64_t us)
{
	CHECK(sim_settle(w->sim, us));
	CHECK(sim_invariants(w->sim));
	sim_free(w->sim);
}

TEST(many_streams_pour_at_once_both_ways)
{
	struct world w = begin(1, NULL);

	for (unsigned i = 0; i < 40; i++) {
		CHECK_EQ(sim_pour(w.a, w.c, 1000 * i * i, i % 4 == 0), 0);
		CHECK_EQ(sim_pour(w.c, w.a, 700 * i, false), 0);
		CHECK_EQ(sim_pour(w.a, w.r, 100 * i, i % 3 == 0), 0);
	}
	end(&w, SECONDS(30));
}

/* Neither the question nor the other streams wait for who does not read. */
TEST(a_gigabyte_would_not_delay_a_question)
{
	struct world w = begin(2, &wide);
	struct sim_got idle, busy;

	CHECK_EQ(sim_ask(w.a, w.r, "echo", "?", 5000, &idle), 0);
	uint64_t asked = sim_now(w.sim);
	CHECK(sim_run_until(w.sim, &idle.done, SECONDS(1)));
	uint64_t idle_us = idle.at_us - asked;

	CHECK_EQ(sim_pour(w.a, w.r, 20 * MIB, false), 0);
	CHECK_EQ(sim_pour(w.a, w.r, 20 * MIB, true), 0);
	CHECK(sim_run(w.sim, MS(400)));
	asked = sim_now(w.sim);
	CHECK_EQ(sim_ask(w.a, w.r, "echo", "?", 5000, &busy), 0);
	CHECK(sim_run_until(w.sim, &busy.done, SECONDS(1)));
	CHECK(idle.error == 0 && busy.error == 0);
	CHECK(busy.at_us - asked <= 3 * idle_us);
	end(&w, SECONDS(60));
}

TEST(a_relay_that_dies_takes_no_byte_with_it)
{
	for (uint64_t seed = 10; seed < 16; seed++) {
		struct world w = begin(seed, &thin);

		for (unsigned i = 0; i < 3; i++) {
			CHECK_EQ(sim_pour(w.a, w.c, 2 * MIB, false), 0);
			CHECK_EQ(sim_pour(w.c, w.a, MIB, i == 1), 0);
		}
		sim_run(w.sim, MS(300));
		sim_crash(w.r);
		sim_run(w.sim, MS(300));
		sim_start(w.r);
		sim_run(w.sim, MS(300));
		sim_vanish(w.s);
		sim_run(w.sim, SECONDS(4));
		sim_start(w.s);
		end(&w, SECONDS(60));
	}
}

TEST(a_path_that_flaps_loses_nothing)
{
	struct world w = begin(20, NULL);

	CHECK_EQ(sim_pour(w.a, w.c, 8 * MIB, false), 0);
	CHECK_EQ(sim_pour(w.a, w.r, 8 * MIB, true), 0);
	for (unsigned i = 0; i < 200; i++) {
		sim_kill(w.a, i % 2 ? w.r : w.s);
		if (i % 10 == 0) {
			sim_pour(w.c, w.a, 100000, false);
			sim_pour(w.a, w.r, 50000, false);
		}
		sim_run(w.sim, MS(500));
	}
	end(&w, SECONDS(60));
}

TEST(a_partition_is_waited_for)
{
	static const uint64_t lengths[] = { SECONDS(1), SECONDS(60), SECONDS(600) };

	for (unsigned i = 0; i < 3; i++) {
		struct world w = begin(30 + i, &thin);

		CHECK_EQ(sim_pour(w.a, w.c, 2 * MIB, false), 0);
		CHECK_EQ(sim_pour(w.c, w.a, 2 * MIB, true), 0);
		sim_run(w.sim, MS(200));
		sim_partition(w.sim, w.c, NULL);
		sim_run(w.sim, lengths[i]);
		sim_heal(w.sim);
		end(&w, SECONDS(90));
	}
}

TEST(one_way_cuts_and_sleep_are_overcome)
{
	struct world w = begin(40, &thin);

	CHECK_EQ(sim_pour(w.a, w.c, 3 * MIB, false), 0);
	CHECK_EQ(sim_pour(w.c, w.a, 3 * MIB, true), 0);
	sim_run(w.sim, MS(200));
	sim_cut_one_way(w.a, w.r);
	sim_run(w.sim, SECONDS(8));
	sim_cut_one_way(w.c, w.s);
	sim_run(w.sim, SECONDS(8));
	sim_heal(w.sim);
	sim_run(w.sim, SECONDS(1));
	sim_freeze(w.c);
	sim_run(w.sim, SECONDS(60));
	sim_thaw(w.c);
	sim_run(w.sim, SECONDS(1));
	sim_jump(w.a, SECONDS(40));
	end(&w, SECONDS(90));
}

/* What the other life does not know ends, and says so; a new one begins anew. */
TEST(a_peer_that_starts_anew_ends_its_streams)
{
	struct world w = begin(50, &thin);

	CHECK_EQ(sim_pour(w.a, w.c, 4 * MIB, false), 0);
	CHECK_EQ(sim_pour(w.c, w.a, 4 * MIB, false), 0);
	sim_run(w.sim, MS(300));
	sim_restart(w.c);
	sim_run(w.sim, SECONDS(2));
	CHECK_EQ(sim_pour(w.a, w.c, MIB, false), 0);
	CHECK_EQ(sim_pour(w.c, w.a, MIB, false), 0);
	end(&w, SECONDS(60));
}

TEST(an_abort_leaves_the_others_as_they_are)
{
	struct world w = begin(60, &thin);

	for (unsigned i = 0; i < 30; i++) {
		CHECK_EQ(sim_pour(w.a, w.c, 200000, i % 5 == 0), 0);
		sim_run(w.sim, MS(7));
		sim_abort_pour(w.a);
	}
	end(&w, SECONDS(60));
}

TEST_MAIN(TEST_CASE(many_streams_pour_at_once_both_ways),
          TEST_CASE(a_gigabyte_would_not_delay_a_question),
          TEST_CASE(a_relay_that_dies_takes_no_byte_with_it),
          TEST_CASE(a_path_that_flaps_loses_nothing),
          TEST_CASE(a_partition_is_waited_for),
          TEST_CASE(one_way_cuts_and_sleep_are_overcome),
          TEST_CASE(a_peer_that_starts_anew_ends_its_streams),
          TEST_CASE(an_abort_leaves_the_others_as_they_are))
