/* test_meeting.c - nodes that know only a meeting point and their network find each other.
 *
 * stands before: point_make (a hostile meeting point answers as it likes)
 * covers: src/node/meet.c */
#include "support/check.h"

#include "discovery/rendezvous.h"
#include "driver/sim/sim.h"

#include <stdio.h>

static const uint8_t red[32] = "the secret of the red network...";
static const uint8_t blue[32] = "the secret of the blue network..";

/* ---- a point that lies --------------------------------------------------------------- */

enum deed { HONEST, WITHHOLD, GARBAGE, LIE };

static enum deed deed;

bool __real_point_make(struct point *, uint32_t guest, uint64_t now_us, uint64_t random,
                       struct met *ret);
bool __wrap_point_make(struct point *, uint32_t guest, uint64_t now_us, uint64_t random,
                       struct met *ret);

bool __wrap_point_make(struct point *p, uint32_t guest, uint64_t now_us, uint64_t random,
                       struct met *ret)
{
	static uint8_t junk[MEET_BLOB];
	static char seen[MET_MAX][40];

	if (!__real_point_make(p, guest, now_us, random, ret))
		return false;
	if (deed == WITHHOLD)
		ret->n = 0;
	for (size_t i = 0; deed == GARBAGE && i < MET_MAX; i++) {
		for (size_t k = 0; k < sizeof junk; k++)
			junk[k] = (uint8_t)(random >> k % 57);
		ret->at[i] = (struct met_other){ bytes_of(junk, i * 11), bytes_of(junk, i * 140) };
		ret->n = MET_MAX;
	}
	for (size_t i = 0; deed == LIE && i < ret->n; i++) {
		snprintf(seen[i], sizeof seen[i], "sim://victim:%u", (unsigned)(random % 1000));
		ret->at[i].seen = bytes_text(seen[i]);
	}
	return true;
}

/* ---- stories -------------------------------------------------------------------------- */

static struct sim_node *guest(struct sim *sim, const char *name, const leno_options *options,
                              struct sim_node *point)
{
	struct sim_node *node = sim_node(sim, name, options);
	char uri[64];

	snprintf(uri, sizeof uri, "sim://%s:1", name);
	sim_advertise(node, uri);
	sim_meet(node, point);
	return node;
}

static leno_options in_network(const char *network, const uint8_t *secret)
{
	return (leno_options){ .network = network,
		               .secret = { secret, secret ? 32 : 0 } };
}

static struct sim_node *a_point(struct sim *sim)
{
	static const leno_options options = { .network = "of the point", .rendezvous = true };

	deed = HONEST;
	return sim_node(sim, "point", &options);
}

TEST(networks_meet_at_one_point_and_never_mix)
{
	struct sim *sim = sim_new(1);
	struct sim_node *point = a_point(sim), *nodes[5][3];
	const leno_options networks[5] = { in_network("one", red), in_network("one", blue),
		                           in_network("two", red), in_network("one", NULL),
		                           in_network("two", NULL) };

	for (unsigned n = 0; n < 5; n++)
		for (unsigned i = 0; i < 3; i++) {
			char name[16];

			snprintf(name, sizeof name, "n%u-%u", n, i);
			nodes[n][i] = guest(sim, name, &networks[n], point);
		}
	sim_run(sim, SECONDS(12));
	for (unsigned n = 0; n < 5; n++)
		for (unsigned i = 0; i < 3; i++) {
			CHECK_EQ(leno_count(sim_leno(nodes[n][i])), 3);
			for (unsigned k = 0; k < 3; k++)
				CHECK_EQ(sim_sees(nodes[n][i], nodes[n][k]), i != k);
			CHECK_EQ(sim_stats(nodes[n][i]).refused_network, 0);
		}
	CHECK_EQ(leno_count(sim_leno(point)), 1);      /* guests are in nobody's atlas */
	CHECK_EQ(sim_stats(point).links, 0);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(the_point_may_die_and_come_back_and_nothing_goes_over_it_but_meeting)
{
	struct sim *sim = sim_new(2);
	const leno_options options = in_network("one", red);
	struct sim_node *point = a_point(sim), *a = guest(sim, "a", &options, point);
	struct sim_node *b = guest(sim, "b", &options, point), *c;
	uint64_t before;

	sim_run(sim, SECONDS(6));
	CHECK(sim_sees(a, b) && sim_sees(b, a));
	before = sim_stats(point).bytes_in;
	sim_talk(a, b, 1000, MS(10), 1000);
	sim_run(sim, SECONDS(12));
	CHECK(sim_stats(point).bytes_in - before < 4000);
	CHECK_EQ(sim_stats(point).forwarded, 0);
	sim_crash(point);
	sim_talk(a, b, 1000, MS(10), 1000);
	sim_run(sim, SECONDS(60));
	CHECK_EQ(sim_tally(a, b).confirmed, 2000);
	CHECK_EQ(sim_ups(a, b), 1);
	CHECK_EQ(sim_pipes(a, b), 1);
	sim_start(point);
	c = guest(sim, "c", &options, point);
	sim_run(sim, SECONDS(25));
	CHECK(sim_sees(c, a) && sim_sees(b, c));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(groups_that_were_parted_find_each_other_at_the_point)
{
	struct sim *sim = sim_new(3);
	const leno_options options = in_network("one", NULL);
	struct sim_node *point = a_point(sim), *nodes[8];

	for (unsigned i = 0; i < 8; i++) {
		char name[16];

		snprintf(name, sizeof name, "n%u", i);
		nodes[i] = sim_node(sim, name, &options);
		snprintf(name, sizeof name, "sim:n%u", i);
		sim_advertise(nodes[i], name);
		if (i % 4)
			sim_wire(nodes[i], nodes[i - 1], NULL);
	}
	sim_run(sim, SECONDS(10));
	CHECK_EQ(leno_count(sim_leno(nodes[0])), 4);
	sim_meet(nodes[1], point);
	sim_meet(nodes[6], point);
	sim_run(sim, SECONDS(40));
	for (unsigned i = 0; i < 8; i++)
		CHECK_EQ(leno_count(sim_leno(nodes[i])), 8);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* Two groups that are whole in themselves, joined by one link that nobody asked for and nobody
 * uses: it stays. */
TEST(a_link_on_which_all_hangs_does_not_go)
{
	struct sim *sim = sim_new(4);
	const leno_options options = in_network("one", NULL);
	struct sim_node *point = a_point(sim), *nodes[8];

	for (unsigned i = 0; i < 8; i++) {
		char name[16];

		snprintf(name, sizeof name, "n%u", i);
		nodes[i] = sim_node(sim, name, &options);
		snprintf(name, sizeof name, "sim:n%u", i);
		sim_advertise(nodes[i], name);
		for (unsigned k = i - i % 4; k < i; k++)
			sim_wire(nodes[i], nodes[k], NULL);
	}
	sim_meet(nodes[1], point);
	sim_meet(nodes[6], point);
	sim_run(sim, SECONDS(20));
	CHECK_EQ(sim_pipes(nodes[1], nodes[6]), 1);
	sim_crash(point);
	sim_run(sim, SECONDS(300));
	CHECK_EQ(sim_pipes(nodes[1], nodes[6]), 1);
	for (unsigned i = 0; i < 8; i++) {
		CHECK_EQ(leno_count(sim_leno(nodes[i])), 8);
		CHECK_EQ(sim_stats(nodes[i]).links, i == 1 || i == 6 ? 4 : 3);
	}
	sim_wire(nodes[0], nodes[7], NULL);            /* and goes when another is there */
	sim_run(sim, SECONDS(200));
	CHECK_EQ(sim_pipes(nodes[1], nodes[6]), 0);
	CHECK_EQ(leno_count(sim_leno(nodes[1])), 8);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* Who has no door is found all the same, by the one that it can dial. */
TEST(one_of_two_needs_a_door)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct sim *sim = sim_new(seed);
		const leno_options options = in_network("one", red);
		const leno_options shy = { .network = "one", .secret = { red, 32 }, .no_direct = true };
		struct sim_node *point = a_point(sim), *a, *b;

		a = sim_node(sim, "a", &shy);
		sim_meet(a, point);
		sim_run(sim, SECONDS(2));
		b = guest(sim, "b", &options, point);
		sim_run(sim, SECONDS(6));
		CHECK(sim_sees(a, b));
		CHECK_EQ(sim_knocks(a), 0);
		CHECK(sim_invariants(sim));
		sim_free(sim);
	}
}

TEST(a_hostile_point_can_withhold_and_lie_which_costs_a_few_dials)
{
	enum { N = 6 };
	static const enum deed deeds[] = { WITHHOLD, GARBAGE, LIE };

	for (size_t k = 0; k < sizeof deeds / sizeof *deeds; k++) {
		struct sim *sim = sim_new(10 + k);
		const leno_options options = in_network("one", red), other = { .network = "other" };
		struct sim_node *point = a_point(sim), *nodes[N];
		struct sim_node *victim = sim_node(sim, "victim", &other);

		deed = deeds[k];
		for (unsigned i = 0; i < N; i++) {
			char name[16];

			snprintf(name, sizeof name, "n%u", i);
			nodes[i] = guest(sim, name, &options, point);
			if (deeds[k] == LIE) {         /* where it is told to be it is not */
				sim_cable(nodes[i], point, NULL);
				for (unsigned m = 0; m < i; m++) {
					sim_cable(nodes[i], nodes[m], NULL);
					sim_cut(nodes[i], nodes[m]);
				}
			}
		}
		sim_run(sim, SECONDS(300));
		for (unsigned i = 0; i < N; i++) {
			CHECK_EQ(leno_count(sim_leno(nodes[i])), 1);
			CHECK_EQ(sim_stats(nodes[i]).links, 0);
		}
		CHECK(sim_knocks(victim) <= 12 * N);
		CHECK_EQ(sim_knocks(victim) > 0, deeds[k] == LIE);
		deed = HONEST;
		if (deeds[k] != LIE) {
			sim_run(sim, SECONDS(60));
			for (unsigned i = 0; i < N; i++)
				CHECK_EQ(leno_count(sim_leno(nodes[i])), N);
		}
		CHECK(sim_invariants(sim));
		sim_free(sim);
	}
}

TEST(who_is_no_point_lets_no_guest_in)
{
	struct sim *sim = sim_new(20);
	const leno_options options = { .network = "one", .log_level = LENO_LOG_WARN };
	struct sim_node *nobody = sim_node(sim, "nobody", NULL);
	struct sim_node *a = guest(sim, "a", &options, nobody);

	sim_run(sim, SECONDS(20));
	CHECK(sim_stats(nobody).refused_network > 0);
	CHECK(sim_logged(a, "network"));
	CHECK_EQ(leno_engine_meet(sim_leno(a), "sim:1"), 0);
	CHECK_EQ(leno_engine_meet(sim_leno(a), "sim:2"), 0);
	CHECK_EQ(leno_engine_meet(sim_leno(a), "sim:3"), 0);
	CHECK_EQ(leno_engine_meet(sim_leno(a), "sim:4"), LENO_LIMIT);
	CHECK_EQ(leno_engine_meet(sim_leno(a), "sim:3"), 0);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST_MAIN(TEST_CASE(networks_meet_at_one_point_and_never_mix),
          TEST_CASE(the_point_may_die_and_come_back_and_nothing_goes_over_it_but_meeting),
          TEST_CASE(groups_that_were_parted_find_each_other_at_the_point),
          TEST_CASE(a_link_on_which_all_hangs_does_not_go),
          TEST_CASE(one_of_two_needs_a_door),
          TEST_CASE(a_hostile_point_can_withhold_and_lie_which_costs_a_few_dials),
          TEST_CASE(who_is_no_point_lets_no_guest_in))
