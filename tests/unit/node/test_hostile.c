/* Members that lie, and strangers: what they say costs nobody else anything.
 * covers: src/node/up.c src/node/conns.c */
#include "support/check.h"
#include "support/raw.h"

static struct wires w;

static void open_node(int i)
{
	leno_engine_config config = {.wall_ms = 1000, .now_us = w.now};

	memset(config.seed, 17 + i, sizeof config.seed);
	memset(config.identity, 99 + i, sizeof config.identity);
	CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
}

TEST(an_incarnation_that_cannot_be_said_again_is_refused)
{
	struct raw evil;

	wires_init(&w);
	open_node(0);
	raw_init(&evil, 1);
	evil.setup.incarnation = UINT64_C(1) << 63;
	if (raw_open(&evil, &w, 0))
		raw_say(&evil, FRAME_DATA, bytes_of("\0\0\0\0x", 5));
	raw_hear(&evil);
	CHECK_EQ(evil.heard[FRAME_LINKS], 0);
	raw_free(&evil);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(an_incarnation_that_cannot_be_said_again_is_refused))
