/* test_direct.c - links that nodes make by themselves, by what others say of where they are.
 *
 * covers: src/node/direct.c src/node/advertise.c src/driver/sim/doors.c */
#include "support/check.h"

#include "driver/sim/sim.h"

#include <string.h>

enum { RELAYS = 3 };

/* a and b, each with a link to each of the relays, and none between them. */
struct pair {
	struct sim *sim;
	struct sim_node *a, *b, *relay[RELAYS];
};

static void door(struct sim_node *node)
{
	char uri[64];

	snprintf(uri, sizeof uri, "sim:%s", sim_name(node));
	sim_advertise(node, uri);
}

static struct pair pair_of(uint64_t seed, const struct sim_profile *between)
{
	struct pair p = { .sim = sim_new(seed) };
	struct sim_profile line = sim_lan;

	line.delay_us = 1500;
	p.a = sim_node(p.sim, "a", NULL);
	p.b = sim_node(p.sim, "b", NULL);
	if (between)
		sim_cable(p.a, p.b, between);
	for (unsigned i = 0; i < RELAYS; i++) {
		char name[16];

		snprintf(name, sizeof name, "relay%u", i);
		p.relay[i] = sim_node(p.sim, name, NULL);
		sim_wire(p.a, p.relay[i], &line);
		sim_wire(p.b, p.relay[i], &line);
		for (unsigned k = 0; k < i; k++)
			sim_wire(p.relay[i], p.relay[k], &line);
		door(p.relay[i]);
	}
	door(p.a);
	door(p.b);
	CHECK(sim_settle(p.sim, SECONDS(5)));
	return p;
}

struct asked {
	const leno_id *id;
	unsigned hops;
};

static bool look_for(void *arg, const leno_info *info)
{
	struct asked *asked = arg;

	if (!leno_id_same(&info->id, asked->id))
		return true;
	asked->hops = info->hops;
	return false;
}

static unsigned hops(struct sim_node *from, struct sim_node *to)
{
	struct asked asked = { .id = sim_id(to) };

	leno_nodes(sim_leno(from), look_for, &asked);
	return asked.hops;
}

TEST(a_pair_that_talks_along_relays_links_up_by_itself_within_seconds)
{
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct pair p = pair_of(seed, NULL);
		uint64_t relayed;

		sim_run(p.sim, SECONDS(30));
		CHECK_EQ(sim_pipes(p.a, p.b), 0);      /* who says nothing needs no link */
		sim_talk(p.a, p.b, 2000, MS(10), 100);
		sim_run(p.sim, SECONDS(8));
		CHECK_EQ(sim_pipes(p.a, p.b), 1);
		CHECK_EQ(hops(p.a, p.b), 1);
		relayed = sim_stats(p.relay[0]).forwarded + sim_stats(p.relay[1]).forwarded +
		          sim_stats(p.relay[2]).forwarded;
		sim_run(p.sim, SECONDS(8));
		CHECK_EQ(sim_stats(p.relay[0]).forwarded + sim_stats(p.relay[1]).forwarded +
		         sim_stats(p.relay[2]).forwarded, relayed);
		CHECK(sim_settle(p.sim, SECONDS(20)));
		CHECK_EQ(sim_tally(p.a, p.b).confirmed, 2000);
		CHECK(sim_invariants(p.sim));
		sim_free(p.sim);
	}
}

TEST(when_the_direct_link_dies_the_relays_go_on_and_nothing_is_lost)
{
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct pair p = pair_of(seed, NULL);

		sim_talk(p.a, p.b, 4000, MS(5), 100);
		sim_talk(p.b, p.a, 4000, MS(5), 100);
		sim_run(p.sim, SECONDS(8));
		CHECK_EQ(hops(p.a, p.b), 1);
		sim_cut(p.a, p.b);
		sim_kill(p.a, p.b);
		sim_run(p.sim, SECONDS(3));
		CHECK_EQ(hops(p.a, p.b), 2);
		sim_run(p.sim, SECONDS(20));
		CHECK_EQ(sim_tally(p.a, p.b).confirmed, 4000);
		CHECK_EQ(sim_tally(p.b, p.a).confirmed, 4000);
		sim_mend(p.a, p.b);
		CHECK(sim_settle(p.sim, SECONDS(20)));
		CHECK(sim_invariants(p.sim));
		sim_free(p.sim);
	}
}

TEST(a_direct_link_that_is_worse_than_the_relays_is_not_used_and_goes_again)
{
	const struct sim_profile slow = { .delay_us = 150000, .buffer = 256 * 1024,
	                                  .class = LENO_PIPE_STREAM };
	struct pair p = pair_of(3, &slow);

	sim_talk(p.a, p.b, 60000, MS(5), 100);
	sim_run(p.sim, SECONDS(10));
	CHECK_EQ(sim_pipes(p.a, p.b), 1);
	CHECK_EQ(hops(p.a, p.b), 2);
	sim_run(p.sim, SECONDS(100));
	CHECK_EQ(sim_pipes(p.a, p.b), 0);
	sim_run(p.sim, SECONDS(120));
	CHECK_EQ(sim_pipes(p.a, p.b), 0);              /* nor is it made anew at once */
	CHECK(sim_knocks(p.a) + sim_knocks(p.b) <= 2);
	CHECK(sim_settle(p.sim, SECONDS(100)));
	CHECK(sim_invariants(p.sim));
	sim_free(p.sim);
}

/* What waits behind a flood waits for long, and no relay would carry it sooner. */
TEST(a_flood_stays_on_its_own_link)
{
	const struct sim_profile deep = { .delay_us = 500, .bandwidth = 5000000, .segment = 8000,
	                                  .buffer = 1 << 20, .class = LENO_PIPE_STREAM };
	struct pair p = pair_of(5, &deep);

	sim_talk(p.a, p.b, 10, MS(5), 100);
	sim_wire(p.a, p.b, &deep);
	sim_run(p.sim, SECONDS(2));
	sim_talk(p.a, p.b, 2000, 0, 30000);
	for (unsigned i = 0; i < 20; i++) {
		sim_run(p.sim, MS(500));
		CHECK_EQ(hops(p.a, p.b), 1);
		CHECK_EQ(hops(p.b, p.a), 1);
	}
	CHECK(sim_settle(p.sim, SECONDS(20)));
	CHECK_EQ(sim_tally(p.a, p.b).confirmed, 2010);
	CHECK(sim_invariants(p.sim));
	sim_free(p.sim);
}

TEST(a_link_that_nobody_uses_any_more_goes)
{
	struct pair p = pair_of(4, NULL);

	sim_talk(p.a, p.b, 500, MS(10), 100);
	sim_run(p.sim, SECONDS(10));
	CHECK_EQ(sim_pipes(p.a, p.b), 1);
	sim_run(p.sim, SECONDS(90));
	CHECK_EQ(sim_pipes(p.a, p.b), 0);
	CHECK_EQ(sim_pipes(p.a, p.relay[0]), 1);       /* those that were asked for stay */
	CHECK(sim_settle(p.sim, SECONDS(5)));
	CHECK(sim_invariants(p.sim));
	sim_free(p.sim);
}

TEST(who_does_not_want_it_makes_no_links_and_says_nothing)
{
	struct sim *sim = sim_new(5);
	const leno_options none = { .no_direct = true }, guest = { .visitor = true };
	struct sim_node *a = sim_node(sim, "a", &none), *b = sim_node(sim, "b", &none);
	struct sim_node *r = sim_node(sim, "r", NULL), *v = sim_node(sim, "v", &guest);

	sim_wire(a, r, NULL);
	sim_wire(b, r, NULL);
	sim_wire(v, r, NULL);
	door(a);
	door(b);
	door(r);
	door(v);
	sim_run(sim, SECONDS(2));
	sim_talk(a, b, 2000, MS(10), 100);
	sim_talk(r, v, 100, MS(10), 100);
	sim_run(sim, SECONDS(40));
	CHECK_EQ(sim_pipes(a, b), 0);
	CHECK_EQ(sim_knocks(a) + sim_knocks(b) + sim_knocks(v), 0);
	CHECK_EQ(sim_knocks(r), 3);
	CHECK_EQ(sim_tally(a, b).confirmed, 2000);
	sim_leave(v);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(whom_the_application_sends_away_is_not_dialled_again)
{
	struct pair p = pair_of(6, NULL);

	sim_talk(p.a, p.b, 5000, MS(10), 100);
	sim_run(p.sim, SECONDS(8));
	CHECK_EQ(sim_pipes(p.a, p.b), 1);
	CHECK_EQ(leno_disconnect(sim_leno(p.a), sim_id(p.b)), 0);
	CHECK_EQ(leno_disconnect(sim_leno(p.b), sim_id(p.a)), LENO_OK);
	sim_run(p.sim, SECONDS(30));
	CHECK_EQ(sim_pipes(p.a, p.b), 0);
	sim_run(p.sim, SECONDS(20));
	CHECK(sim_invariants(p.sim));
	sim_free(p.sim);
}

/* ---- many ------------------------------------------------------------------------- */

enum { MANY = 24 };

static void many(struct sim *sim, struct sim_node **nodes, unsigned n, const leno_options *options)
{
	for (unsigned i = 0; i < n; i++) {
		char name[16];

		snprintf(name, sizeof name, "n%u", i);
		nodes[i] = sim_node(sim, name, options);
		door(nodes[i]);
		if (i > 0)
			sim_wire(nodes[i], nodes[0], NULL);
	}
}

TEST(a_star_becomes_a_mesh_that_outlives_its_centre)
{
	struct sim *sim = sim_new(7);
	struct sim_node *nodes[MANY];
	uint64_t links = 0;

	many(sim, nodes, MANY, NULL);
	sim_run(sim, SECONDS(40));
	CHECK(sim_settle(sim, SECONDS(10)));
	for (unsigned i = 1; i < MANY; i++) {
		CHECK(sim_stats(nodes[i]).links >= 3);
		links += sim_stats(nodes[i]).links;
	}
	CHECK(links <= MANY * 6);
	sim_crash(nodes[0]);
	sim_run(sim, SECONDS(4));
	for (unsigned i = 1; i < MANY; i++)
		CHECK_EQ(leno_count(sim_leno(nodes[i])), MANY - 1);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

static bool count_dialled(void *arg, const leno_link_info *info)
{
	*(unsigned *)arg += info->dialled;
	return true;
}

/* All talk with all: who has no more dials stays with the relays. */
static void talk_all(const leno_options *options, unsigned dials_most)
{
	struct sim *sim = sim_new(8);
	struct sim_node *nodes[MANY];

	many(sim, nodes, MANY, options);
	CHECK(sim_settle(sim, SECONDS(30)));
	for (unsigned i = 0; i < MANY; i++)
		for (unsigned k = 0; k < MANY; k++)
			if (i != k)
				sim_talk(nodes[i], nodes[k], 100, MS(400), 60);
	sim_run(sim, SECONDS(60));
	for (unsigned i = 1; i < MANY; i++) {
		unsigned dialled = 0;

		leno_links(sim_leno(nodes[i]), count_dialled, &dialled);
		CHECK(dialled <= dials_most && sim_stats(nodes[i]).links >= 3);
	}
	CHECK_EQ(sim_stats(nodes[0]).links, MANY - 1);
	CHECK(sim_settle(sim, SECONDS(60)));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(links_are_bounded_by_the_options_and_by_themselves)
{
	talk_all(&(leno_options){ .dials_max = 4 }, 4);
	talk_all(NULL, 1 + 8);                         /* one was asked for */
}

/* Who lists very many links is left to those who have no other way in. */
TEST(a_node_that_is_overrun_is_not_dialled_too)
{
	for (unsigned n = 10; n <= 66; n += 56) {
		struct sim *sim = sim_new(12);
		struct sim_node *hub = sim_node(sim, "hub", NULL), *far, *leaf = NULL;

		door(hub);
		for (unsigned i = 0; i < n; i++) {
			char name[16];

			snprintf(name, sizeof name, "n%u", i);
			leaf = sim_node(sim, name, NULL);
			sim_wire(leaf, hub, NULL);
		}
		far = sim_node(sim, "far", NULL);
		sim_wire(far, leaf, NULL);
		sim_run(sim, SECONDS(5));
		sim_talk(far, hub, 1000, MS(10), 100);
		sim_run(sim, SECONDS(20));
		CHECK_EQ(sim_pipes(far, hub), n < 64);
		CHECK_EQ(sim_tally(far, hub).confirmed, 1000);
		CHECK(sim_invariants(sim));
		sim_free(sim);
	}
}

/* One of many says that it is dialled at the door of somebody who has nothing to do with it,
 * under many names, and speaks with all. */
TEST(a_victim_whose_address_a_member_tells_is_not_overrun)
{
	struct sim *sim = sim_new(9);
	const leno_options other = { .network = "other" };
	struct sim_node *nodes[MANY], *victim = sim_node(sim, "victim", &other), *liar;
	char uri[32];

	many(sim, nodes, MANY, NULL);
	liar = sim_node(sim, "liar", NULL);
	sim_wire(liar, nodes[0], NULL);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(uri, sizeof uri, "sim:victim/%u", i);
		sim_advertise(liar, uri);
	}
	sim_run(sim, SECONDS(5));
	for (unsigned i = 0; i < MANY; i++) {
		sim_talk(liar, nodes[i], 12000, MS(50), 60);
		sim_talk(nodes[i], liar, 12000, MS(50), 60);
	}
	sim_run(sim, SECONDS(60));
	CHECK(sim_knocks(victim) > 0);
	CHECK(sim_knocks(victim) <= 6 * MANY);
	sim_run(sim, SECONDS(540));
	printf("%u dials of %d nodes in ten minutes\n", sim_knocks(victim), MANY);
	CHECK(sim_knocks(victim) <= 12 * MANY);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* A link that proves to be with somebody else is not taken for one with the liar, and not kept. */
TEST(an_address_that_is_another_members_makes_no_link)
{
	const leno_options busy = { .dials_max = RELAYS };     /* it dials nobody else */
	struct pair p = pair_of(11, NULL);
	struct sim_node *liar = sim_node(p.sim, "liar", &busy);

	for (unsigned i = 0; i < RELAYS; i++)
		sim_wire(liar, p.relay[i], NULL);
	sim_advertise(liar, "sim:b");
	sim_run(p.sim, SECONDS(5));
	sim_talk(p.a, liar, 2000, MS(10), 100);
	sim_run(p.sim, SECONDS(20));
	CHECK(sim_knocks(p.b) > 0);
	CHECK_EQ(sim_pipes(p.a, p.b), 0);
	CHECK_EQ(sim_pipes(p.a, liar), 0);
	CHECK_EQ(hops(p.a, liar), 2);
	CHECK(sim_settle(p.sim, SECONDS(30)));
	CHECK_EQ(sim_tally(p.a, liar).confirmed, 2000);
	CHECK(sim_invariants(p.sim));
	sim_free(p.sim);
}

/* Nor do addresses that lead nowhere cost more than a few dials. */
TEST(addresses_that_cannot_be_reached_cost_few_dials)
{
	struct sim *sim = sim_new(10);
	struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", NULL);
	struct sim_node *r = sim_node(sim, "r", NULL);

	sim_cable(a, b, NULL);
	sim_cut(a, b);
	sim_wire(a, r, NULL);
	sim_wire(b, r, NULL);
	door(a);
	door(b);
	sim_run(sim, SECONDS(2));
	sim_talk(a, b, 10000, MS(50), 100);
	sim_run(sim, SECONDS(500));
	CHECK_EQ(sim_tally(a, b).confirmed, 10000);
	CHECK(sim_knocks(a) + sim_knocks(b) >= 2);
	CHECK(sim_knocks(a) + sim_knocks(b) <= 24);
	sim_mend(a, b);                                /* it is found one day all the same */
	sim_talk(a, b, 20000, MS(50), 100);
	sim_run(sim, SECONDS(900));
	CHECK_EQ(hops(a, b), 1);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST_MAIN(TEST_CASE(a_pair_that_talks_along_relays_links_up_by_itself_within_seconds),
          TEST_CASE(when_the_direct_link_dies_the_relays_go_on_and_nothing_is_lost),
          TEST_CASE(a_direct_link_that_is_worse_than_the_relays_is_not_used_and_goes_again),
          TEST_CASE(a_flood_stays_on_its_own_link),
          TEST_CASE(a_link_that_nobody_uses_any_more_goes),
          TEST_CASE(who_does_not_want_it_makes_no_links_and_says_nothing),
          TEST_CASE(whom_the_application_sends_away_is_not_dialled_again),
          TEST_CASE(a_star_becomes_a_mesh_that_outlives_its_centre),
          TEST_CASE(links_are_bounded_by_the_options_and_by_themselves),
          TEST_CASE(a_node_that_is_overrun_is_not_dialled_too),
          TEST_CASE(a_victim_whose_address_a_member_tells_is_not_overrun),
          TEST_CASE(an_address_that_is_another_members_makes_no_link),
          TEST_CASE(addresses_that_cannot_be_reached_cost_few_dials))
