/* test_broadcast.c - stories of broadcasts: each node gets each one once, in order, and the
 * source hears what became of it. The ledger watches for repeats and order.
 *
 * covers: src/node/fan.c src/node/fan_tree.c */
#include "support/check.h"

#include "driver/sim/sim.h"

enum { NODES_MAX = 40 };

static const struct sim_profile slow = {
	.delay_us = 20000, .jitter_us = 3000, .bandwidth = 2000000, .buffer = 128 * 1024
};
static const struct sim_profile far_away = { .delay_us = 80000, .bandwidth = 200000,
                                             .buffer = 64 * 1024 };

static const struct sim_profile narrow = { .delay_us = 1000, .bandwidth = 2000000,
                                           .buffer = 4096 };

static struct sim_node *n[NODES_MAX];

static struct sim *nodes(uint64_t seed, unsigned count)
{
	struct sim *sim = sim_new(seed);
	char name[16];

	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof name, "n%u", i);
		n[i] = sim_node(sim, name, NULL);
	}
	return sim;
}

/* A line with some chords: every node is reached by several ways. */
static struct sim *web(uint64_t seed, unsigned count)
{
	struct sim *sim = nodes(seed, count);

	for (unsigned i = 1; i < count; i++)
		sim_wire(n[i - 1], n[i], NULL);
	for (unsigned i = 0; i < count; i++) {
		unsigned to = (unsigned)sim_random(sim, count);

		if (to + 1 < i || i + 1 < to)
			sim_wire(n[i], n[to], NULL);
	}
	return sim;
}

/* All that were there have got `count` of them, and the last one is confirmed by all. */
static void check_all(const struct sim_node *from, unsigned nodes_count, unsigned count)
{
	uint32_t confirmed, unknown;

	for (unsigned i = 0; i < nodes_count; i++)
		if (n[i] != from)
			CHECK_EQ(sim_casts_got(n[i]), count);
	sim_cast_last(from, &confirmed, &unknown);
	CHECK_EQ(confirmed, nodes_count - 1);
	CHECK_EQ(unknown, 0);
	CHECK_EQ(sim_casts_open(from), 0);
}

static void cast(struct sim *sim, struct sim_node *from, unsigned count, uint64_t every_us,
                 size_t size)
{
	for (unsigned i = 0; i < count; i++) {
		CHECK_EQ(sim_broadcast(from, size), 0);
		if (every_us)
			sim_run(sim, every_us);
	}
}

TEST(alone_it_is_done_at_once)
{
	struct sim *sim = nodes(1, 1);
	uint32_t confirmed = 9, unknown = 9;

	CHECK_EQ(sim_broadcast(n[0], 100), 0);
	CHECK_EQ(sim_casts_open(n[0]), 1);     /* never inside leno_broadcast() itself */
	sim_run(sim, MS(1));
	CHECK_EQ(sim_casts_open(n[0]), 0);
	sim_cast_last(n[0], &confirmed, &unknown);
	CHECK_EQ(confirmed, 0);
	CHECK_EQ(unknown, 0);
	sim_free(sim);
}

TEST(along_a_chain)
{
	struct sim *sim = nodes(2, 8);

	for (unsigned i = 1; i < 8; i++)
		sim_wire(n[i - 1], n[i], NULL);
	CHECK(sim_settle(sim, SECONDS(3)));
	cast(sim, n[0], 50, MS(2), 200);
	CHECK(sim_settle(sim, SECONDS(2)));
	check_all(n[0], 8, 50);
	cast(sim, n[4], 50, 0, 200);
	CHECK(sim_settle(sim, SECONDS(2)));
	CHECK_EQ(sim_casts_got(n[7]), 100);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(from_a_leaf_of_a_star_and_from_its_middle)
{
	struct sim *sim = nodes(3, 12);

	for (unsigned i = 1; i < 12; i++)
		sim_wire(n[i], n[0], NULL);
	CHECK(sim_settle(sim, SECONDS(3)));
	cast(sim, n[0], 20, MS(1), 1000);
	CHECK(sim_settle(sim, SECONDS(2)));
	check_all(n[0], 12, 20);
	cast(sim, n[5], 20, MS(1), 1000);
	CHECK(sim_settle(sim, SECONDS(2)));
	CHECK_EQ(sim_casts_got(n[7]), 40);
	CHECK_EQ(sim_casts_got(n[0]), 20);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* A ring has one link more than a tree: it may not carry what the others carry. */
TEST(each_link_of_the_tree_carries_it_once)
{
	enum { COUNT = 10, SIZE = 10000, RING = 8 };
	struct sim *sim = nodes(4, RING);
	uint64_t before, used;

	for (unsigned i = 0; i < RING; i++)
		sim_wire(n[i], n[(i + 1) % RING], NULL);
	CHECK(sim_settle(sim, SECONDS(3)));
	cast(sim, n[2], 1, 0, 10);             /* sessions are made for acknowledgements */
	sim_run(sim, SECONDS(2));
	before = sim_bytes(sim);
	cast(sim, n[2], COUNT, MS(5), SIZE);
	CHECK(sim_settle(sim, SECONDS(2)));
	used = sim_bytes(sim) - before;
	CHECK(used > (uint64_t)(RING - 1) * COUNT * SIZE);
	CHECK(used < (uint64_t)RING * COUNT * SIZE);
	CHECK_EQ(sim_casts_got(n[6]), COUNT + 1);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(every_size_to_a_mebibyte_arrives)
{
	static const struct {
		size_t size;
		const char *why;
	} rows[] = {
		{ 1, "the least" },
		{ 12000, "nearly a frame" },
		{ 12400, "more than a frame: two fragments" },
		{ 65000, "several" },
		{ 300000, "many" },
		{ (1 << 20) - 1, "nearly the most" },
		{ 1 << 20, "the most" },
	};
	struct sim *sim = web(5, 6);

	CHECK(sim_settle(sim, SECONDS(3)));
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(sim_broadcast(n[1], rows[i].size), 0);
		CHECK(sim_settle(sim, SECONDS(3)));
		check_all(n[1], 6, i + 1);
	}
	CHECK_EQ(sim_broadcast(n[1], (1 << 20) + 1), LENO_TOO_BIG);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* The queue at the source is bounded; what waits for slow receivers is LENO_AGAIN. */
TEST(too_many_are_for_later)
{
	struct sim *sim = nodes(6, 3);
	unsigned sent = 0;
	int error = 0;

	sim_wire(n[0], n[1], NULL);
	sim_wire(n[1], n[2], &far_away);
	CHECK(sim_settle(sim, SECONDS(3)));
	while (!(error = sim_broadcast(n[0], 50000)) && sent < 1000)
		sent++;
	CHECK_EQ(error, LENO_AGAIN);
	CHECK(sent >= 80 && sent <= 84);       /* 4 MiB */
	CHECK(sim_settle(sim, SECONDS(60)));
	check_all(n[0], 3, sent);
	CHECK_EQ(sim_broadcast(n[0], 50000), 0);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* Thousands of small ones go many to a frame, under one signature. */
TEST(small_ones_share_a_frame)
{
	enum { COUNT = 2000 };
	struct sim *sim = nodes(7, 3);
	uint64_t before;

	sim_wire(n[0], n[1], &narrow);
	sim_wire(n[1], n[2], NULL);
	CHECK(sim_settle(sim, SECONDS(3)));
	before = sim_stats(n[1]).forwarded;
	cast(sim, n[0], COUNT, 0, 40);
	CHECK(sim_settle(sim, SECONDS(3)));
	check_all(n[0], 3, COUNT);
	CHECK(sim_stats(n[1]).forwarded - before < COUNT / 10);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* A relay dies while a stream passes: those behind it get every one of them. */
TEST(a_relay_dies_in_the_middle)
{
	for (uint64_t seed = 20; seed < 30; seed++) {
		struct sim *sim = nodes(seed, 6);

		/* 0 - 1 - 2 - 3 and the long way 0 - 4 - 5 - 3 */
		sim_wire(n[0], n[1], NULL);
		sim_wire(n[1], n[2], NULL);
		sim_wire(n[2], n[3], NULL);
		sim_wire(n[0], n[4], &slow);
		sim_wire(n[4], n[5], &slow);
		sim_wire(n[5], n[3], &slow);
		CHECK(sim_settle(sim, SECONDS(3)));
		cast(sim, n[0], 100, MS(1), 500);
		if (seed % 2)
			sim_crash(n[1]);
		else
			sim_vanish(n[1]);
		cast(sim, n[0], 100, MS(1), 500);
		CHECK(sim_settle(sim, SECONDS(20)));
		for (unsigned i = 2; i < 6; i++)
			CHECK_EQ(sim_casts_got(n[i]), 200);
		CHECK_EQ(sim_casts_open(n[0]), 0);
		CHECK(sim_invariants(sim));
		sim_free(sim);
	}
}

TEST(thirty_nodes_all_send)
{
	enum { NODES = 30 };

	for (uint64_t seed = 40; seed < 43; seed++) {
		struct sim *sim = web(seed, NODES);

		CHECK(sim_settle(sim, SECONDS(10)));
		for (unsigned round = 0; round < 5; round++) {
			for (unsigned i = 0; i < NODES; i++)
				CHECK_EQ(sim_broadcast(n[i], 100 * (round + 1)), 0);
			sim_run(sim, MS(3));
		}
		CHECK(sim_settle(sim, SECONDS(5)));
		for (unsigned i = 0; i < NODES; i++)
			CHECK_EQ(sim_casts_got(n[i]), 5 * (NODES - 1));
		CHECK(sim_invariants(sim));
		sim_free(sim);
	}
}

/* Links break and come back all the time: nothing is lost, nothing comes twice. */
TEST(links_break_while_a_stream_passes)
{
	for (uint64_t seed = 50; seed < 60; seed++) {
		struct sim *sim = web(seed, 10);

		CHECK(sim_settle(sim, SECONDS(5)));
		for (unsigned i = 0; i < 200; i++) {
			unsigned a = (unsigned)sim_random(sim, 9);

			CHECK_EQ(sim_broadcast(n[0], 300), 0);
			if (i % 10 == 0)
				sim_kill(n[a], n[a + 1]);
			sim_run(sim, MS(2));
		}
		CHECK(sim_settle(sim, SECONDS(20)));
		CHECK_EQ(sim_casts_open(n[0]), 0);
		CHECK(sim_invariants(sim));
		sim_free(sim);
	}
}

/* What is sent while a part of the mesh is away is not for it; what was under way when it
 * went is unknown; afterwards all is as before. */
TEST(a_part_goes_away_and_comes_back)
{
	struct sim *sim = nodes(60, 4);
	uint32_t confirmed, unknown;

	for (unsigned i = 1; i < 4; i++)
		sim_wire(n[i - 1], n[i], NULL);
	CHECK(sim_settle(sim, SECONDS(3)));
	cast(sim, n[0], 10, MS(1), 100);
	CHECK(sim_settle(sim, SECONDS(1)));
	sim_cut(n[1], n[2]);
	CHECK_EQ(sim_broadcast(n[0], 100), 0);
	sim_run(sim, SECONDS(15));
	CHECK_EQ(sim_casts_open(n[0]), 0);
	sim_cast_last(n[0], &confirmed, &unknown);
	CHECK_EQ(confirmed, 1);
	CHECK_EQ(unknown, 2);
	cast(sim, n[0], 10, MS(1), 100);       /* for n[1] alone */
	sim_run(sim, SECONDS(1));
	CHECK_EQ(sim_casts_got(n[1]), 21);
	CHECK_EQ(sim_casts_got(n[3]), 10);
	sim_mend(n[1], n[2]);
	CHECK(sim_settle(sim, SECONDS(30)));
	cast(sim, n[0], 10, MS(1), 100);
	CHECK(sim_settle(sim, SECONDS(3)));
	CHECK_EQ(sim_casts_got(n[1]), 31);
	sim_cast_last(n[0], &confirmed, &unknown);
	CHECK_EQ(confirmed, 3);
	CHECK(sim_casts_got(n[3]) >= 20);      /* the one under way is unknown, it may come */
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* It joins in the midst of a stream: from the first that counts it, it gets them all. */
TEST(a_newcomer_hears_from_when_it_is_known)
{
	for (uint64_t seed = 70; seed < 75; seed++) {
		struct sim *sim = nodes(seed, 3);
		uint32_t confirmed, unknown;

		sim_wire(n[0], n[1], NULL);
		n[3] = sim_late_node(sim, "late", NULL);
		sim_wire(n[1], n[2], NULL);
		sim_wire(n[3], n[2], NULL);
		CHECK(sim_settle(sim, SECONDS(3)));
		cast(sim, n[0], 50, MS(1), 200);
		sim_start(n[3]);
		cast(sim, n[0], 500, MS(1), 200);
		CHECK(sim_settle(sim, SECONDS(5)));
		sim_cast_last(n[0], &confirmed, &unknown);
		CHECK_EQ(confirmed, 3);
		CHECK_EQ(unknown, 0);
		CHECK(sim_casts_got(n[3]) > 100);
		CHECK(sim_invariants(sim));
		sim_free(sim);
	}
}

/* Both ends of a stream get new lives: numbers begin anew, nothing is taken for old. */
TEST(new_lives_begin_new_streams)
{
	struct sim *sim = nodes(80, 3);
	uint32_t confirmed, unknown;

	sim_wire(n[0], n[1], NULL);
	sim_wire(n[1], n[2], NULL);
	CHECK(sim_settle(sim, SECONDS(3)));
	cast(sim, n[0], 30, MS(1), 200);
	CHECK(sim_settle(sim, SECONDS(3)));
	sim_restart(n[0]);
	CHECK(sim_settle(sim, SECONDS(10)));
	cast(sim, n[0], 5, MS(1), 200);
	CHECK(sim_settle(sim, SECONDS(3)));
	CHECK_EQ(sim_casts_got(n[2]), 35);
	sim_restart(n[2]);
	CHECK(sim_settle(sim, SECONDS(10)));
	cast(sim, n[0], 5, MS(1), 200);
	CHECK(sim_settle(sim, SECONDS(3)));
	CHECK_EQ(sim_casts_got(n[1]), 40);
	sim_cast_last(n[0], &confirmed, &unknown);
	CHECK_EQ(confirmed, 2);
	CHECK_EQ(unknown, 0);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* A node that stands still holds up nobody else, and catches up when it goes on. */
TEST(a_frozen_node_holds_up_nobody)
{
	struct sim *sim = nodes(90, 4);

	sim_wire(n[1], n[0], NULL);
	sim_wire(n[2], n[0], NULL);
	sim_wire(n[3], n[2], NULL);
	CHECK(sim_settle(sim, SECONDS(3)));
	sim_freeze(n[1]);
	cast(sim, n[0], 20, MS(1), 1000);
	sim_run(sim, MS(50));
	CHECK_EQ(sim_casts_got(n[3]), 20);
	CHECK_EQ(sim_casts_got(n[1]), 0);
	sim_thaw(n[1]);
	CHECK(sim_settle(sim, SECONDS(5)));
	check_all(n[0], 4, 20);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* A visitor's go through sessions, since nobody could check its signature. */
TEST(a_visitor_can_broadcast_and_hears_nothing)
{
	static const leno_options visitor = { .visitor = true };
	struct sim *sim = nodes(100, 3);
	struct sim_node *v = sim_node(sim, "v", &visitor);
	uint32_t confirmed, unknown;

	sim_wire(n[0], n[1], NULL);
	sim_wire(n[1], n[2], NULL);
	sim_wire(v, n[0], NULL);
	CHECK(sim_settle(sim, SECONDS(5)));
	cast(sim, v, 10, MS(1), 300);
	cast(sim, v, 1, 0, 100000);
	sim_run(sim, SECONDS(2));
	CHECK_EQ(sim_casts_open(v), 0);
	sim_cast_last(v, &confirmed, &unknown);
	CHECK_EQ(confirmed, 3);
	CHECK_EQ(unknown, 0);
	cast(sim, n[2], 10, MS(1), 300);
	sim_run(sim, SECONDS(2));
	CHECK_EQ(sim_casts_got(v), 0);
	CHECK_EQ(sim_casts_got(n[0]), 21);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* An endpoint relays for nobody, and yet all get everything, by other ways. */
TEST(an_endpoint_passes_nothing_on)
{
	static const leno_options endpoint = { .endpoint = true };

	for (uint64_t seed = 110; seed < 130; seed++) {
		struct sim *sim = nodes(seed, 3);

		n[3] = sim_node(sim, "end", &endpoint);
		for (unsigned i = 0; i < 3; i++)
			sim_wire(n[3], n[i], NULL);
		sim_wire(n[0], n[1], &slow);
		sim_wire(n[1], n[2], &slow);
		CHECK(sim_settle(sim, SECONDS(5)));
		cast(sim, n[0], 10, MS(1), 300);
		sim_run(sim, MS(120));
		CHECK_EQ(sim_casts_got(n[2]), 10); /* along the tree, before any repair */
		CHECK(sim_settle(sim, SECONDS(5)));
		check_all(n[0], 4, 10);
		CHECK_EQ(sim_stats(n[3]).forwarded, 0);
		CHECK(sim_invariants(sim));
		sim_free(sim);
	}
}

static uint64_t run_once(void)
{
	struct sim *sim = web(120, 8);
	uint64_t digest;

	sim_settle(sim, SECONDS(5));
	cast(sim, n[3], 20, MS(1), 700);
	sim_kill(n[2], n[3]);
	cast(sim, n[3], 20, MS(1), 700);
	sim_settle(sim, SECONDS(5));
	digest = sim_digest(sim);
	sim_free(sim);
	return digest;
}

TEST(one_seed_gives_one_run)
{
	CHECK_EQ(run_once(), run_once());
}

TEST_MAIN(TEST_CASE(alone_it_is_done_at_once), TEST_CASE(along_a_chain),
          TEST_CASE(from_a_leaf_of_a_star_and_from_its_middle),
          TEST_CASE(each_link_of_the_tree_carries_it_once),
          TEST_CASE(every_size_to_a_mebibyte_arrives), TEST_CASE(too_many_are_for_later),
          TEST_CASE(small_ones_share_a_frame), TEST_CASE(a_relay_dies_in_the_middle),
          TEST_CASE(thirty_nodes_all_send), TEST_CASE(links_break_while_a_stream_passes),
          TEST_CASE(a_part_goes_away_and_comes_back),
          TEST_CASE(a_newcomer_hears_from_when_it_is_known),
          TEST_CASE(new_lives_begin_new_streams), TEST_CASE(a_frozen_node_holds_up_nobody),
          TEST_CASE(a_visitor_can_broadcast_and_hears_nothing),
          TEST_CASE(an_endpoint_passes_nothing_on), TEST_CASE(one_seed_gives_one_run))
