/* test_links.c - who is let in, and which of many links stays.
 *
 * covers: src/driver/sim/audit.c */
#include "support/check.h"

#include "driver/sim/sim.h"

static const uint8_t ours[32] = "the secret of this one network..";
static const uint8_t theirs[32] = "the secret of the other network.";

/* Each dials the other at so many addresses, all at once, while both talk. */
static void crossed_dials(uint64_t seed, unsigned dials, bool traffic, uint64_t delay_us)
{
	struct sim *sim = sim_new(seed);
	struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", NULL);
	struct sim_profile line = sim_lan;
	uint64_t met;

	line.delay_us = delay_us;
	line.jitter_us = delay_us / 2;
	sim_cable(a, b, &line);
	for (unsigned i = 0; i < dials; i++) {
		sim_dial(a, b, i);
		sim_dial(b, a, i);
	}
	if (traffic) {
		sim_talk(a, b, 500, MS(1), 200);
		sim_talk(b, a, 500, MS(1), 200);
	}
	CHECK(sim_settle(sim, SECONDS(20)));
	sim_run(sim, SECONDS(10));
	CHECK_EQ(sim_pipes(a, b), 1);
	CHECK_EQ(sim_ups(a, b), 1);
	CHECK_EQ(sim_ups(b, a), 1);
	CHECK_EQ(sim_link_ups(a, b), 1);       /* and no word of those that gave way */
	CHECK_EQ(sim_link_ups(b, a), 1);
	CHECK_EQ(sim_stats(a).links, 1);
	met = sim_stats(a).handshakes;
	sim_run(sim, SECONDS(60));
	CHECK_EQ(sim_stats(a).handshakes, met);    /* the dials that lost rest, too */
	if (traffic) {
		CHECK_EQ(sim_tally(a, b).confirmed, 500);
		CHECK_EQ(sim_tally(b, a).confirmed, 500);
	}
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(dials_that_cross_end_in_one_link)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		crossed_dials(seed, 1, false, 100);
		crossed_dials(seed, 1, true, 3000);
		crossed_dials(seed, 3, false, 500);
		crossed_dials(seed, 3, true, 2000);
	}
}

/* Each end takes its own dial for the better one: both would go, again and again. */
TEST(behind_proxies_the_ends_still_choose_the_same_link)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct sim *sim = sim_new(seed);
		struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", NULL);
		struct sim_profile line = sim_lan;

		line.delay_us = 2000;
		line.accepted = LENO_PIPE_WRAPPED;
		sim_cable(a, b, &line);
		sim_dial(a, b, 0);
		sim_dial(b, a, 0);
		CHECK(sim_settle(sim, SECONDS(20)));
		sim_run(sim, SECONDS(10));
		CHECK_EQ(sim_pipes(a, b), 1);
		CHECK_EQ(sim_ups(a, b), 1);
		CHECK_EQ(sim_ups(b, a), 1);
		CHECK(sim_invariants(sim));
		sim_free(sim);
	}
}

/* A second link appears under traffic, from the other side: one stays, nothing is lost. */
TEST(a_later_dial_changes_nothing_for_those_who_talk)
{
	struct sim *sim = sim_new(20);
	struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", NULL);

	sim_wire(a, b, NULL);
	CHECK(sim_settle(sim, SECONDS(1)));
	sim_talk(a, b, 1000, 200, 200);
	sim_talk(b, a, 1000, 200, 200);
	sim_run(sim, MS(50));
	sim_dial(b, a, 0);
	sim_dial(b, a, 1);
	sim_dial(a, b, 2);
	CHECK(sim_settle(sim, SECONDS(10)));
	CHECK_EQ(sim_ups(a, b), 1);
	CHECK_EQ(sim_ups(b, a), 1);
	CHECK_EQ(sim_tally(a, b).confirmed, 1000);
	CHECK_EQ(sim_tally(b, a).confirmed, 1000);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* The peer closes the old link as soon as the new one counts for it: that may be here before
 * its LINKS on the new one. */
TEST(a_link_that_gives_way_to_a_better_one_is_not_told_to_be_down)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct sim *sim = sim_new(seed);
		struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", NULL);
		struct sim_profile line = sim_lan;

		line.delay_us = 1000;
		line.jitter_us = 1000;
		sim_wire(a, b, &line);
		CHECK(sim_settle(sim, SECONDS(1)));
		for (unsigned i = 1; i < 4; i++) {
			sim_dial(i % 2 ? b : a, i % 2 ? a : b, i);
			CHECK(sim_settle(sim, SECONDS(5)));
		}
		CHECK_EQ(sim_pipes(a, b), 1);
		CHECK_EQ(sim_link_ups(a, b), 1);
		CHECK_EQ(sim_link_ups(b, a), 1);
		CHECK(sim_invariants(sim));
		sim_free(sim);
	}
}

enum { HANDSHAKE = 200 }; /* bytes of one of them, at each end, are fewer */

TEST(a_node_that_dials_itself_does_so_seldom)
{
	struct sim *sim = sim_new(21);
	struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", NULL);
	uint64_t bytes;

	sim_dial(a, a, 0);
	sim_wire(a, b, NULL);
	CHECK(sim_settle(sim, SECONDS(2)));
	sim_run(sim, SECONDS(60));
	CHECK_EQ(sim_pipes(a, a), 0);
	CHECK_EQ(leno_count(sim_leno(a)), 2);
	sim_crash(b);
	sim_run(sim, SECONDS(10));
	bytes = sim_bytes(sim);
	sim_run(sim, SECONDS(600));
	bytes = sim_bytes(sim) - bytes;      /* the address may lead elsewhere one day */
	CHECK(bytes > 0 && bytes < 600 / 5 * 2 * HANDSHAKE);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(a_wrong_secret_is_refused_and_counted)
{
	const leno_options inside = { .secret = { ours, 32 } },
			   outside = { .secret = { theirs, 32 } };
	struct sim *sim = sim_new(22);
	struct sim_node *a = sim_node(sim, "a", &inside), *b = sim_node(sim, "b", &outside),
			*c = sim_node(sim, "c", NULL);

	sim_wire(a, b, NULL);
	sim_wire(c, a, NULL);
	sim_run(sim, SECONDS(10));
	CHECK_EQ(leno_count(sim_leno(a)), 1);
	CHECK_EQ(leno_count(sim_leno(b)), 1);
	CHECK_EQ(leno_count(sim_leno(c)), 1);
	CHECK(sim_stats(a).refused_secret + sim_stats(b).refused_secret > 0);
	CHECK_EQ(sim_send(a, b, 10), LENO_NO_NODE);
	CHECK_EQ(sim_send(c, a, 10), LENO_NO_NODE);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(another_network_is_refused_and_counted)
{
	const leno_options red = { .network = "red" }, blue = { .network = "blue" };
	struct sim *sim = sim_new(23);
	struct sim_node *a = sim_node(sim, "a", &red), *b = sim_node(sim, "b", &blue),
			*c = sim_node(sim, "c", &red);

	sim_wire(a, b, NULL);
	sim_wire(c, b, NULL);
	sim_wire(a, c, NULL);
	sim_run(sim, SECONDS(10));
	CHECK_EQ(leno_count(sim_leno(a)), 2);
	CHECK_EQ(leno_count(sim_leno(b)), 1);
	CHECK(sim_stats(b).refused_network > 0);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(an_endpoint_forwards_nothing)
{
	const leno_options endpoint = { .endpoint = true };
	struct sim *sim = sim_new(24);
	struct sim_node *a = sim_node(sim, "a", NULL), *e = sim_node(sim, "e", &endpoint),
			*b = sim_node(sim, "b", NULL);

	sim_wire(a, e, NULL);
	sim_wire(b, e, NULL);
	sim_run(sim, SECONDS(5));
	CHECK(sim_sees(a, e) && sim_sees(e, a) && sim_sees(b, e) && sim_sees(e, b));
	CHECK(!sim_sees(a, b) && !sim_sees(b, a));
	sim_talk(a, e, 10, MS(1), 10);
	sim_talk(e, b, 10, MS(1), 10);
	sim_run(sim, SECONDS(2));
	CHECK_EQ(sim_tally(a, e).confirmed, 10);
	CHECK_EQ(sim_tally(e, b).confirmed, 10);
	CHECK_EQ(sim_stats(e).forwarded, 0);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* One of the two links is of its own machine: for that it relays. */
TEST(an_endpoint_relays_for_its_own_machine)
{
	const leno_options endpoint = { .endpoint = true };
	struct sim *sim = sim_new(25);
	struct sim_node *a = sim_node(sim, "a", NULL), *e = sim_node(sim, "e", &endpoint),
			*b = sim_node(sim, "b", NULL);
	struct sim_profile local = sim_lan;

	local.class = LENO_PIPE_LOCAL;
	sim_wire(a, e, &local);
	sim_wire(b, e, NULL);
	CHECK(sim_settle(sim, SECONDS(5)));
	sim_talk(a, b, 100, MS(1), 100);
	sim_talk(b, a, 100, MS(1), 100);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK_EQ(sim_tally(a, b).confirmed, 100);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(a_visitor_is_not_listed_and_gets_its_answers)
{
	const leno_options visitor = { .visitor = true };
	struct sim *sim = sim_new(26);
	struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", NULL),
			*c = sim_node(sim, "c", NULL), *v = sim_late_node(sim, "v", &visitor);
	struct sim_got got;
	uint64_t started;

	sim_wire(a, b, NULL);
	sim_wire(b, c, NULL);
	CHECK(sim_settle(sim, SECONDS(2)));
	sim_dial(v, a, 0);
	sim_start(v);
	started = sim_now(sim);
	for (unsigned i = 0; i < 100 && !leno_synced(sim_leno(v)); i++)
		sim_run(sim, MS(1));
	CHECK(sim_now(sim) - started < MS(50));
	CHECK_EQ(sim_ask(v, c, "echo", "from outside", 1000, &got), 0);
	CHECK(sim_run_until(sim, &got.done, SECONDS(2)));
	CHECK_EQ(got.error, 0);
	CHECK_STR(got.text, "from outside");
	sim_talk(v, c, 50, MS(1), 100);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(sim_tally(v, c).confirmed, 50);
	CHECK_EQ(leno_count(sim_leno(a)), 3);
	CHECK_EQ(leno_count(sim_leno(c)), 3);
	CHECK(!sim_sees(c, v) && !sim_sees(a, v));
	sim_leave(v);
	CHECK(sim_settle(sim, SECONDS(2)));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* v asks a from outside, and b behind it, while a is frozen for longer than v waits under
 * traffic, or v's pipe breaks: both ends live on, and so does what they said. */
static void visitor_relinks(bool freeze, uint64_t seed)
{
	const leno_options visitor = { .visitor = true };
	struct sim *sim = sim_new(seed);
	struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", NULL),
			*v = sim_late_node(sim, "v", &visitor);
	uint64_t handshakes;

	sim_wire(a, b, NULL);
	CHECK(sim_settle(sim, SECONDS(2)));
	sim_wire(v, a, NULL);
	sim_start(v);
	sim_run(sim, MS(100));
	sim_talk(v, a, 2000, 200, 500);
	sim_talk(v, b, 2000, 200, 500);
	sim_run(sim, MS(100));
	handshakes = sim_stats(a).handshakes;
	for (unsigned i = 0; i < 3; i++) {
		if (freeze)
			sim_freeze(a);
		else
			sim_kill(v, a);
		sim_run(sim, freeze ? MS(1600) : MS(60));
		sim_thaw(a);
		sim_run(sim, MS(200));
	}
	sim_run(sim, SECONDS(20));
	CHECK(sim_stats(a).handshakes > handshakes); /* else this story tells nothing */
	CHECK_EQ(sim_tally(v, a).confirmed, 2000);
	CHECK_EQ(sim_tally(v, b).confirmed, 2000);
	sim_leave(v);
	CHECK(sim_settle(sim, SECONDS(10)));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(a_visitor_and_its_host_go_on_over_a_new_link)
{
	for (uint64_t seed = 40; seed < 50; seed++) {
		visitor_relinks(false, seed);
		visitor_relinks(true, seed);
	}
}

/* What is said to a visitor finds it again when the links before its gate were gone for a
 * while: of the gate the mesh speaks, of who stands behind it nobody does. */
TEST(messages_find_the_visitor_behind_its_gate_again)
{
	const leno_options visitor = { .visitor = true };
	struct sim *sim = sim_new(51);
	struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", NULL),
			*c = sim_node(sim, "c", NULL), *v = sim_late_node(sim, "v", &visitor);

	sim_wire(a, b, NULL);
	sim_wire(b, c, NULL);
	CHECK(sim_settle(sim, SECONDS(2)));
	sim_wire(v, a, NULL);
	sim_start(v);
	sim_run(sim, MS(100));
	sim_talk(v, b, 1, MS(1), 10);
	sim_talk(v, c, 1, MS(1), 10);
	sim_run(sim, MS(200));
	sim_kill(a, b);
	sim_kill(b, c);
	sim_talk(b, v, 10, MS(1), 100);
	sim_talk(c, v, 10, MS(1), 100);
	sim_run(sim, SECONDS(20));
	CHECK_EQ(sim_tally(b, v).confirmed, 10);
	CHECK_EQ(sim_tally(c, v).confirmed, 10);
	sim_leave(v);
	CHECK(sim_settle(sim, SECONDS(10)));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

enum { HOPS = 64 };

/* As far as a packet may go, and no further. */
TEST(a_packet_crosses_as_many_links_as_it_may)
{
	struct sim *sim = sim_new(27);
	struct sim_node *n[HOPS + 4];
	char name[8];

	for (unsigned i = 0; i < HOPS + 4; i++) {
		snprintf(name, sizeof name, "n%u", i);
		n[i] = sim_node(sim, name, NULL);
		if (i)
			sim_wire(n[i - 1], n[i], NULL);
	}
	sim_run(sim, SECONDS(20));
	sim_talk(n[0], n[HOPS], 20, MS(1), 100);
	sim_run(sim, SECONDS(10));
	CHECK_EQ(sim_tally(n[0], n[HOPS]).confirmed, 20);
	if (sim_send(n[0], n[HOPS + 3], 10) == 0) {
		sim_run(sim, SECONDS(20));
		CHECK_EQ(sim_tally(n[0], n[HOPS + 3]).delivered, 0);
	}
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* "No such node" is certain only once a neighbour has told all it knows. */
TEST(synced_comes_with_the_first_neighbour)
{
	struct sim *sim = sim_new(28);
	struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", NULL),
			*late = sim_late_node(sim, "late", NULL);

	sim_wire(a, b, NULL);
	CHECK(sim_settle(sim, SECONDS(2)));
	sim_wire(late, a, NULL);
	sim_start(late);
	CHECK(!leno_synced(sim_leno(late)));
	CHECK(sim_settle(sim, SECONDS(2)));
	CHECK(leno_synced(sim_leno(late)));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST_MAIN(TEST_CASE(dials_that_cross_end_in_one_link),
          TEST_CASE(behind_proxies_the_ends_still_choose_the_same_link),
          TEST_CASE(a_later_dial_changes_nothing_for_those_who_talk),
          TEST_CASE(a_link_that_gives_way_to_a_better_one_is_not_told_to_be_down),
          TEST_CASE(a_node_that_dials_itself_does_so_seldom),
          TEST_CASE(a_wrong_secret_is_refused_and_counted),
          TEST_CASE(another_network_is_refused_and_counted),
          TEST_CASE(an_endpoint_forwards_nothing),
          TEST_CASE(an_endpoint_relays_for_its_own_machine),
          TEST_CASE(a_visitor_is_not_listed_and_gets_its_answers),
          TEST_CASE(a_visitor_and_its_host_go_on_over_a_new_link),
          TEST_CASE(messages_find_the_visitor_behind_its_gate_again),
          TEST_CASE(a_packet_crosses_as_many_links_as_it_may),
          TEST_CASE(synced_comes_with_the_first_neighbour))
