/* A node that others come to has a key pair ready for the next of them, and makes it when nobody
 * waits for anything else.
 * covers: src/node/open.c src/node/advertise.c src/node/conns.c src/link/handshake.c */
#include "node/node.h"
#include "support/check.h"

static leno_node *open_one(void)
{
	leno_engine_config config = { .wall_ms = 1000, .now_us = 1000 };
	leno_node *n = NULL;

	memset(config.seed, 17, sizeof config.seed);
	memset(config.identity, 99, sizeof config.identity);
	CHECK_EQ(leno_engine_open(&n, &config), 0);
	return n;
}

/* As a driver does: until there is no more. */
static unsigned collect(leno_node *n)
{
	unsigned outputs = 0;
	leno_out out;

	while (leno_engine_next(n, &out))
		outputs++;
	return outputs;
}

TEST(who_has_no_doors_makes_none)
{
	leno_node *n = open_one();

	REQUIRE(n != NULL);
	CHECK_EQ(leno_engine_advertise(n, NULL, 0, (leno_bytes){ 0 }), 0);
	collect(n);
	collect(n);
	CHECK(!n->spare.ready);
	leno_engine_free(n);
}

TEST(who_has_doors_makes_one_when_there_is_nothing_else_to_do)
{
	static const leno_door door = { .uri = "tcp://192.0.2.1:7000", .reach = LENO_REACH_ANY };
	leno_node *n = open_one();
	uint8_t first[32];

	REQUIRE(n != NULL);
	CHECK_EQ(leno_engine_advertise(n, &door, 1, (leno_bytes){ 0 }), 0);
	CHECK_EQ(leno_engine_connect(n, "node:1"), 0);
	leno_engine_time(n, 2000);
	CHECK(collect(n) > 0);
	CHECK(!n->spare.ready);                /* the dial goes first */
	CHECK_EQ(collect(n), 0);
	REQUIRE(n->spare.ready);
	memcpy(first, n->spare.secret, sizeof first);
	collect(n);
	CHECK_BYTES(n->spare.secret, first, sizeof first);

	CHECK_EQ(leno_engine_opened(n, 1, LENO_PIPE_STREAM, 0, "in:1"), 0);
	CHECK(!n->spare.ready && memcmp(n->spare.secret, first, sizeof first) != 0);
	collect(n);
	collect(n);
	CHECK(!n->spare.ready);                /* a stranger that only connects takes the one */
	leno_engine_free(n);
}

TEST_MAIN(TEST_CASE(who_has_no_doors_makes_none),
	  TEST_CASE(who_has_doors_makes_one_when_there_is_nothing_else_to_do))
