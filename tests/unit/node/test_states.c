/* Shared maps of one node or two: what is bounded, and whose clock counts. Stories are in
 * tests/sim/test_state*.c.
 *
 * covers: src/node/states.c src/node/state_merge.c */
#include "node/states.h"

#include "support/check.h"
#include "support/wires.h"

enum { SECOND_US = 1000 * 1000 };

static const uint64_t NOW_MS = UINT64_C(1700000000000);
static struct wires w;

static void open_side(int i, uint64_t wall_ms)
{
	leno_engine_config config = { .wall_ms = wall_ms, .now_us = w.now };

	memset(config.seed, 17 + i, sizeof config.seed);
	memset(config.identity, 99 + i, sizeof config.identity);
	CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
}

static leno_state *share(int i)
{
	leno_state *st = NULL;

	CHECK_EQ(leno_state_share(w.node[i], "map", NULL, NULL, NULL, &st), 0);
	return st;
}

/* As a machine without a battery: its clock is set after the node was opened. */
TEST(a_clock_that_is_set_later_keeps_nothing_out)
{
	const leno_bytes key = { "k", 1 }, value = { "v", 1 };
	leno_state *a, *b;

	wires_init(&w);
	open_side(0, NOW_MS);
	open_side(1, 1);
	leno_engine_connect(w.node[0], "node:1");
	wires_run(&w, SECOND_US);
	leno_engine_wall(w.node[1], (int64_t)NOW_MS * 1000);
	a = share(0);
	b = share(1);
	wires_run(&w, 2 * SECOND_US);
	CHECK_EQ(leno_state_set(a, key, value, NULL), 0);
	wires_run(&w, 2 * SECOND_US);
	CHECK(leno_state_get(b, key, NULL, NULL));
	wires_free(&w);
}

TEST(visitors_that_are_gone_keep_nobody_from_sharing)
{
	leno_id id = { { 0 } };
	unsigned there = 0;
	leno_state *st;

	wires_init(&w);
	open_side(0, NOW_MS);
	st = share(0);
	for (unsigned i = 0; i < STATE_SHARERS + 100; i++) {
		struct sharer *s;

		memcpy(id.bytes, &i, sizeof i);
		s = state_sharer(st, &id, true);
		if (!CHECK(s != NULL))
			break;
		s->here = i < 10;
	}
	for (unsigned i = 0; i < 10; i++) {
		memcpy(id.bytes, &i, sizeof i);
		there += state_sharer(st, &id, false) != NULL;
	}
	CHECK_EQ(there, 10);
	CHECK_EQ(st->sharers.count, STATE_SHARERS);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(a_clock_that_is_set_later_keeps_nothing_out),
          TEST_CASE(visitors_that_are_gone_keep_nobody_from_sharing))
