/* Two processes of one identity, as when a key was copied: one of them goes on, the other
 * hears that it runs elsewhere, whichever link each of them happens to get.
 * covers: src/node/conns.c */
#include "support/check.h"
#include "support/wires.h"

enum { SECOND = 1000 * 1000, SEEDS = 60 };

static struct wires w;
static unsigned told;

static void on_link_down(leno_node *n, void *user, const leno_id *id, enum leno_why why, int error)
{
	told += error == LENO_DUPLICATE;
}

static void open_one(int i, int identity, uint64_t wall_ms, int seed)
{
	leno_engine_config config = {.wall_ms = wall_ms, .now_us = w.now};

	memset(config.seed, seed, sizeof config.seed);
	config.seed[0] = (uint8_t)i;
	memset(config.identity, identity, sizeof config.identity);
	config.handlers.link_down = on_link_down;
	CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
	if (i > 0)
		CHECK_EQ(leno_engine_connect(w.node[i], "node:0"), 0);
}

TEST(one_of_two_lives_of_one_identity_gives_way)
{
	char row[32];

	for (int seed = 0; seed < SEEDS; seed++) {
		snprintf(row, sizeof row, "seed %d", seed);
		CHECK_ROW(row);
		wires_init(&w);
		told = 0;
		open_one(0, 1, 1000, seed);
		open_one(1, 2, 1000, seed);
		CHECK(wires_run(&w, SECOND));
		open_one(2, 2, 2000, seed);
		CHECK(wires_run(&w, 2 * SECOND));
		CHECK_EQ(told, 1);
		CHECK_EQ(leno_count(w.node[0]), 2);
		wires_free(&w);
	}
}

TEST_MAIN(TEST_CASE(one_of_two_lives_of_one_identity_gives_way))
