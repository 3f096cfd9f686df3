/* test_harm.c - relays die, cables break, nodes freeze and come back: nothing that was
 * confirmed is lost, and what lives is found again.
 *
 * covers: src/driver/sim/cable.c src/driver/sim/dial.c src/driver/sim/host.c */
#include "support/check.h"

#include "driver/sim/sim.h"

static const struct sim_profile slow = { .delay_us = 10000, .buffer = 128 * 1024 };

/* a - b - c, and the slow way round a - d - c. */
struct square {
	struct sim *sim;
	struct sim_node *a, *b, *c, *d;
};

static struct square square(uint64_t seed)
{
	struct sim *sim = sim_new(seed);
	struct square s = { sim, sim_node(sim, "a", NULL), sim_node(sim, "b", NULL),
		            sim_node(sim, "c", NULL), sim_node(sim, "d", NULL) };

	sim_wire(s.a, s.b, NULL);
	sim_wire(s.b, s.c, NULL);
	sim_wire(s.a, s.d, &slow);
	sim_wire(s.d, s.c, &slow);
	CHECK(sim_settle(sim, SECONDS(3)));
	return s;
}

struct two {
	struct sim *sim;
	struct sim_node *a, *b;
};

static struct two two(uint64_t seed, const leno_options *options)
{
	struct sim *sim = sim_new(seed);
	struct two t = { sim, sim_node(sim, "a", options), sim_node(sim, "b", options) };

	sim_wire(t.a, t.b, NULL);
	CHECK(sim_settle(sim, SECONDS(1)));
	return t;
}

static bool all_confirmed(const struct sim_node *from, const struct sim_node *to, uint64_t n)
{
	struct sim_tally tally = sim_tally(from, to);

	CHECK_EQ(tally.sent, n);
	CHECK_EQ(tally.confirmed, n);
	CHECK_EQ(tally.unknown, 0);
	return tally.confirmed == n;
}

TEST(messages_survive_the_death_of_their_relay)
{
	struct square s = square(1);

	sim_talk(s.a, s.c, 1000, 200, 200);
	sim_talk(s.c, s.a, 1000, 200, 200);
	sim_run(s.sim, MS(50));
	sim_crash(s.b);
	CHECK(sim_settle(s.sim, SECONDS(10)));
	CHECK(all_confirmed(s.a, s.c, 1000));
	CHECK(all_confirmed(s.c, s.a, 1000));
	CHECK_EQ(sim_ups(s.a, s.c), 1); /* c never was away */
	CHECK(!sim_sees(s.a, s.b));
	CHECK(sim_invariants(s.sim));
	sim_free(s.sim);
}

/* Nobody says that it is gone: silence does. */
TEST(messages_survive_a_relay_that_loses_power)
{
	struct square s = square(2);

	sim_talk(s.a, s.c, 1000, 200, 200);
	sim_run(s.sim, MS(50));
	sim_vanish(s.b);
	CHECK(sim_settle(s.sim, SECONDS(30)));
	CHECK(all_confirmed(s.a, s.c, 1000));
	CHECK(sim_invariants(s.sim));
	sim_free(s.sim);
}

/* A request in flight through b survives b's death, by the slow way. */
TEST(a_request_survives_the_death_of_its_relay)
{
	struct square s = square(3);
	struct sim_got got;

	CHECK_EQ(sim_ask(s.a, s.c, "late", "hello", 10000, &got), 0);
	sim_run(s.sim, MS(30));
	sim_crash(s.b);
	CHECK(sim_run_until(s.sim, &got.done, SECONDS(10)));
	CHECK_EQ(got.error, 0);
	CHECK_STR(got.text, "hello");
	CHECK(sim_settle(s.sim, SECONDS(5)));
	CHECK(sim_invariants(s.sim));
	sim_free(s.sim);
}

TEST(what_was_sent_before_a_partition_arrives_after_it)
{
	static const unsigned seconds[] = { 1, 10, 60 };

	for (unsigned i = 0; i < 3; i++) {
		struct square s = square(10 + i);

		sim_talk(s.a, s.c, 500, MS(1), 100);
		sim_talk(s.c, s.a, 500, MS(1), 100);
		sim_run(s.sim, MS(100));
		sim_partition(s.sim, s.a, NULL);
		sim_run(s.sim, SECONDS(seconds[i]));
		if (seconds[i] >= 10) {
			CHECK(!sim_sees(s.a, s.c) && !sim_sees(s.c, s.a));
			CHECK_EQ(sim_last_why(s.a, s.c), LENO_WHY_UNREACHABLE);
		}
		sim_heal(s.sim);
		CHECK(sim_settle(s.sim, SECONDS(60)));
		CHECK(all_confirmed(s.a, s.c, 500));
		CHECK(all_confirmed(s.c, s.a, 500));
		CHECK(sim_invariants(s.sim));
		sim_free(s.sim);
	}
}

TEST(one_deaf_direction_is_found_too)
{
	struct square s = square(4);

	sim_talk(s.a, s.c, 500, MS(1), 100);
	sim_run(s.sim, MS(50));
	sim_cut_one_way(s.b, s.a);
	CHECK(sim_run(s.sim, SECONDS(10)));
	CHECK_EQ(sim_tally(s.a, s.c).confirmed, 500);
	sim_heal(s.sim);
	CHECK(sim_settle(s.sim, SECONDS(30)));
	CHECK(all_confirmed(s.a, s.c, 500));
	CHECK(sim_invariants(s.sim));
	sim_free(s.sim);
}

TEST(links_that_break_again_and_again_lose_nothing)
{
	struct two t = two(5, NULL);

	sim_talk(t.a, t.b, 2000, 500, 700);
	sim_talk(t.b, t.a, 2000, 500, 700);
	for (unsigned i = 0; i < 20; i++) {
		sim_run(t.sim, MS(40));
		sim_kill(t.a, t.b);
	}
	CHECK(sim_settle(t.sim, SECONDS(30)));
	CHECK(all_confirmed(t.a, t.b, 2000));
	CHECK(all_confirmed(t.b, t.a, 2000));
	CHECK(sim_invariants(t.sim));
	sim_free(t.sim);
}

/* The old life may have got what was not confirmed: it is unknown, and not sent again. */
TEST(a_new_life_gets_nothing_of_the_old_ones)
{
	struct two t = two(6, NULL);
	struct sim_tally tally;

	sim_cable(t.a, t.b, &slow);
	sim_talk(t.a, t.b, 100, MS(1), 100);
	sim_run(t.sim, MS(50));
	sim_restart(t.b);
	CHECK(sim_settle(t.sim, SECONDS(10)));
	tally = sim_tally(t.a, t.b);
	CHECK_EQ(tally.sent, 100);
	CHECK(tally.confirmed > 0);
	CHECK(tally.unknown > 0);
	CHECK_EQ(tally.open, 0);
	CHECK_EQ(sim_ups(t.a, t.b), 2);
	CHECK_EQ(sim_send(t.a, t.b, 50), 0);
	CHECK(sim_settle(t.sim, SECONDS(5)));
	CHECK_EQ(sim_tally(t.a, t.b).confirmed, tally.confirmed + 1);
	CHECK(sim_invariants(t.sim));
	sim_free(t.sim);
}

TEST(a_restart_is_told_to_those_behind_relays_too)
{
	struct square s = square(7);

	sim_talk(s.a, s.c, 50, MS(1), 100);
	sim_run(s.sim, MS(20));
	sim_restart(s.c);
	CHECK(sim_settle(s.sim, SECONDS(20)));
	CHECK_EQ(sim_tally(s.a, s.c).open, 0);
	CHECK_EQ(sim_ups(s.a, s.c), 2);
	CHECK_EQ(sim_send(s.a, s.c, 50), 0);
	CHECK_EQ(sim_send(s.c, s.a, 50), 0);
	CHECK(sim_settle(s.sim, SECONDS(5)));
	CHECK(sim_invariants(s.sim));
	sim_free(s.sim);
}

/* All fail at once, with no word about whether they arrived; each only once. */
TEST(requests_to_a_killed_node_fail_at_once)
{
	struct square s = square(8);
	struct sim_got got[20];
	uint64_t killed;

	for (unsigned i = 0; i < 20; i++)
		CHECK_EQ(sim_ask(s.a, s.b, "silent", "?", 60000, &got[i]), 0);
	sim_run(s.sim, MS(200));
	sim_crash(s.b);
	killed = sim_now(s.sim);
	sim_run(s.sim, SECONDS(2));
	for (unsigned i = 0; i < 20; i++) {
		CHECK(got[i].done);
		CHECK(got[i].error == LENO_UNREACHABLE || got[i].error == LENO_CLOSED);
		CHECK(got[i].at_us - killed < MS(200));
	}
	CHECK(sim_invariants(s.sim));
	sim_free(s.sim);
}

TEST(a_node_that_says_goodbye_is_gone_at_once)
{
	struct square s = square(9);
	uint64_t left;

	sim_leave(s.c);
	left = sim_now(s.sim);
	sim_run(s.sim, SECONDS(1));
	CHECK(!sim_sees(s.a, s.c) && !sim_sees(s.b, s.c));
	CHECK_EQ(sim_last_why(s.b, s.c), LENO_WHY_GOODBYE);
	CHECK(sim_down_at(s.a, s.c) - left < MS(200));
	CHECK(sim_settle(s.sim, SECONDS(3)));
	CHECK(sim_invariants(s.sim));
	sim_free(s.sim);
}

/* Found within interval x (misses + 1), whoever dialled, idle or not. */
static void freeze_story(bool dialler_freezes, bool traffic)
{
	const leno_options brisk = { .heartbeat_ms = 500, .heartbeat_misses = 2 };
	struct two t = two(20 + dialler_freezes + 2 * traffic, &brisk);
	struct sim_node *frozen = dialler_freezes ? t.a : t.b, *other = dialler_freezes ? t.b : t.a;
	uint64_t at;

	if (traffic) {
		sim_talk(other, frozen, 1000, MS(2), 200);
		sim_talk(frozen, other, 1000, MS(2), 200);
	}
	sim_run(t.sim, SECONDS(1));
	sim_freeze(frozen);
	at = sim_now(t.sim);
	sim_run(t.sim, SECONDS(3));
	CHECK(!sim_sees(other, frozen));
	CHECK(sim_down_at(other, frozen) - at <= MS(500 * 3 + 200));
	sim_thaw(frozen);
	CHECK(sim_settle(t.sim, SECONDS(20)));
	CHECK_EQ(sim_ups(other, frozen), 2);
	if (traffic) {
		CHECK(all_confirmed(other, frozen, 1000));
		CHECK(all_confirmed(frozen, other, 1000));
	}
	CHECK(sim_invariants(t.sim));
	sim_free(t.sim);
}

TEST(a_frozen_peer_is_found)
{
	freeze_story(false, false);
	freeze_story(false, true);
	freeze_story(true, false);
	freeze_story(true, true);
}

/* Under traffic silence is found within a second; half of that is no death. */
TEST(a_short_stall_is_no_death)
{
	struct two t = two(30, NULL);

	sim_talk(t.a, t.b, 1000, MS(2), 200);
	for (unsigned i = 0; i < 4; i++) {
		sim_run(t.sim, MS(200));
		sim_stall(t.a, t.b, MS(500));
		sim_run(t.sim, MS(600));
	}
	CHECK(sim_settle(t.sim, SECONDS(10)));
	CHECK_EQ(sim_ups(t.a, t.b), 1);
	CHECK(all_confirmed(t.a, t.b, 1000));
	CHECK(sim_invariants(t.sim));
	sim_free(t.sim);
}

TEST(a_late_starter_is_found)
{
	struct sim *sim = sim_new(31);
	struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_late_node(sim, "b", NULL);

	sim_wire(a, b, NULL);
	sim_run(sim, MINUTES(10));
	sim_start(b);
	CHECK(sim_settle(sim, SECONDS(60)));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(a_node_comes_back_after_an_hour)
{
	struct two t = two(32, NULL);

	sim_talk(t.a, t.b, 10, MS(1), 10);
	CHECK(sim_settle(t.sim, SECONDS(1)));
	sim_crash(t.b);
	sim_run(t.sim, MINUTES(60));
	CHECK(!sim_sees(t.a, t.b));
	sim_start(t.b);
	CHECK(sim_settle(t.sim, SECONDS(60)));
	CHECK_EQ(sim_send(t.a, t.b, 10), 0);
	CHECK(sim_settle(t.sim, SECONDS(5)));
	CHECK(sim_invariants(t.sim));
	sim_free(t.sim);
}

/* Longer than session_linger: what was not confirmed is told to be unknown, once. */
TEST(a_session_lapses_after_its_linger)
{
	const leno_options hasty = { .session_linger_ms = 20000 };
	struct two t = two(33, &hasty);
	struct sim_tally tally;

	sim_cut(t.a, t.b);
	sim_run(t.sim, MS(10));
	sim_talk(t.a, t.b, 10, MS(1), 100);
	sim_run(t.sim, MS(100));
	sim_forgive(t.sim);
	sim_run(t.sim, SECONDS(60));
	tally = sim_tally(t.a, t.b);
	CHECK_EQ(tally.sent, 10);
	CHECK_EQ(tally.open, 0);
	CHECK_EQ(tally.unknown, 10);
	sim_heal(t.sim);
	CHECK(sim_settle(t.sim, SECONDS(60)));
	CHECK_EQ(sim_send(t.a, t.b, 10), 0);
	CHECK_EQ(sim_send(t.b, t.a, 10), 0);
	CHECK(sim_settle(t.sim, SECONDS(5)));
	CHECK(sim_invariants(t.sim));
	sim_free(t.sim);
}

/* A laptop slept: its clock leaps, its pipes may or may not stand. */
TEST(a_clock_may_leap)
{
	struct two t = two(34, NULL);

	sim_talk(t.a, t.b, 1000, MS(1), 100);
	sim_talk(t.b, t.a, 1000, MS(1), 100);
	sim_run(t.sim, MS(100));
	sim_jump(t.a, MINUTES(5));
	sim_run(t.sim, MS(300));
	sim_jump(t.b, SECONDS(3));
	CHECK(sim_settle(t.sim, SECONDS(30)));
	CHECK(all_confirmed(t.a, t.b, 1000));
	CHECK(all_confirmed(t.b, t.a, 1000));
	CHECK(sim_invariants(t.sim));
	sim_free(t.sim);
}

/* Memory stays within the bound while nothing can be delivered. */
TEST(a_parted_sender_is_told_to_wait)
{
	const leno_options small = { .queue_max = 256 * 1024, .memory_max = 16 << 20 };
	struct two t = two(35, &small);
	unsigned sent = 0;

	sim_cut(t.a, t.b);
	while (sent < 100000 && sim_send(t.a, t.b, 5000) == 0)
		sent++;
	CHECK(sent > 10 && sent < 200);
	sim_run(t.sim, SECONDS(30));
	CHECK(sim_stats(t.a).memory <= 16 << 20);
	sim_heal(t.sim);
	CHECK(sim_settle(t.sim, SECONDS(60)));
	CHECK(all_confirmed(t.a, t.b, sent));
	CHECK(sim_invariants(t.sim));
	sim_free(t.sim);
}

TEST_MAIN(TEST_CASE(messages_survive_the_death_of_their_relay),
          TEST_CASE(messages_survive_a_relay_that_loses_power),
          TEST_CASE(a_request_survives_the_death_of_its_relay),
          TEST_CASE(what_was_sent_before_a_partition_arrives_after_it),
          TEST_CASE(one_deaf_direction_is_found_too),
          TEST_CASE(links_that_break_again_and_again_lose_nothing),
          TEST_CASE(a_new_life_gets_nothing_of_the_old_ones),
          TEST_CASE(a_restart_is_told_to_those_behind_relays_too),
          TEST_CASE(requests_to_a_killed_node_fail_at_once),
          TEST_CASE(a_node_that_says_goodbye_is_gone_at_once), TEST_CASE(a_frozen_peer_is_found),
          TEST_CASE(a_short_stall_is_no_death), TEST_CASE(a_late_starter_is_found),
          TEST_CASE(a_node_comes_back_after_an_hour), TEST_CASE(a_session_lapses_after_its_linger),
          TEST_CASE(a_clock_may_leap), TEST_CASE(a_parted_sender_is_told_to_wait))
