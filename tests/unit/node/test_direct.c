/* test_direct.c - what the driver says to the engine of its pipes and of what it dials: the rest of
 * links that nobody asked for is told in tests/sim/test_direct.c. */
#include <stdio.h>

#include "support/check.h"
#include "support/wires.h"

#define SECOND UINT64_C(1000000)

enum { A, RELAY, B, NODES };

static struct wires w;
static unsigned tries;

static void on_line(void *user, enum leno_log_level level, const char *line)
{
	(void)user, (void)level;
	tries += strncmp(line, "cannot dial web:", 16) == 0;
}

static leno_node *open_node(uint8_t seed, const char *dials)
{
	leno_engine_config config = {.wall_ms = 1000, .now_us = w.now, .dials = dials};
	leno_node *n = NULL;

	memset(config.seed, seed, sizeof config.seed);
	memset(config.identity, seed, sizeof config.identity);
	config.options.log = on_line;
	config.options.log_level = LENO_LOG_DEBUG;
	CHECK_EQ(leno_engine_open(&n, &config), 0);
	return n;
}

/* A and b talk along a relay for a minute; b says where it is dialled. How often a tried. */
static unsigned tries_of(const char *dials, const char *uri)
{
	leno_door door = {.uri = uri, .reach = LENO_REACH_ANY};

	wires_init(&w);
	tries = 0;
	for (int i = 0; i < NODES; i++)
		w.node[i] = open_node((uint8_t)(i + 1), i == A ? dials : NULL);
	CHECK_EQ(leno_engine_connect(w.node[A], "node:1"), 0);
	CHECK_EQ(leno_engine_connect(w.node[B], "node:1"), 0);
	CHECK_EQ(leno_engine_advertise(w.node[B], &door, 1, (leno_bytes){0}), 0);
	CHECK(wires_run(&w, 2 * SECOND));
	for (int i = 0; i < 60; i++) {
		leno_id to = *leno_self(w.node[B]);

		CHECK_EQ(leno_send(w.node[A], &to, "t", (leno_bytes){"0123456789", 10}, NULL), 0);
		CHECK(wires_run(&w, SECOND));
	}
	for (int i = 0; i < NODES; i++)
		wires_kill(&w, i);
	return tries;
}

TEST(what_the_driver_does_not_dial_is_not_tried)
{
	CHECK(tries_of(NULL, "web://b") > 0);
	CHECK(tries_of("tcp web", "web://b") > 0);
	CHECK_EQ(tries_of("tcp", "web://b"), 0);
	CHECK_EQ(tries_of("tcp webb we", "web://b"), 0);
	CHECK_EQ(tries_of("", "web://b"), 0);
}

TEST(a_list_of_schemes_that_is_too_long_is_refused)
{
	char dials[LENO_DIALS_MAX + 2] = "";
	leno_engine_config config = {.wall_ms = 1000, .dials = dials};
	leno_node *n = NULL;

	memset(dials, 'a', LENO_DIALS_MAX + 1);
	CHECK_EQ(leno_engine_open(&n, &config), LENO_ARGUMENT);
	dials[LENO_DIALS_MAX] = 0;
	CHECK_EQ(leno_engine_open(&n, &config), 0);
	leno_engine_free(n);
}

/* One pipe between two nodes; do they know each other after a while? */
static bool meet(leno_bytes one, leno_bytes two)
{
	leno_out out;
	bool met;

	wires_init(&w);
	w.node[0] = open_node(1, NULL);
	w.node[1] = open_node(2, NULL);
	w.wire[0] = (struct wire){.used = true, .node = {0, 1}};
	CHECK_EQ(leno_engine_connect(w.node[0], "test:"), 0);
	leno_engine_time(w.node[0], ++w.now);
	CHECK(leno_engine_next(w.node[0], &out) && out.kind == LENO_OUT_DIAL);
	CHECK_EQ(leno_engine_bound(w.node[0], 0, LENO_PIPE_WRAPPED, out.dial, "x", one), 0);
	CHECK_EQ(leno_engine_bound(w.node[1], 0, LENO_PIPE_WRAPPED, 0, "x", two), 0);
	CHECK(wires_run(&w, SECOND));
	met = leno_count(w.node[0]) == 2 && leno_count(w.node[1]) == 2;
	wires_kill(&w, 0);
	wires_kill(&w, 1);
	return met;
}

TEST(a_pipe_that_is_bound_links_those_who_know_the_same_of_it)
{
	uint8_t one[LENO_BINDING_MAX] = {1}, two[LENO_BINDING_MAX] = {2};
	leno_bytes a = {one, sizeof one}, b = {two, sizeof two}, none = {0};

	CHECK(meet(none, none));
	CHECK(meet(a, a));
	CHECK(!meet(a, b));
	CHECK(!meet(a, none));
	CHECK(!meet(none, a));
}

TEST(what_binds_has_a_size)
{
	uint8_t binding[LENO_BINDING_MAX + 1] = {0};

	wires_init(&w);
	w.node[0] = open_node(1, NULL);
	CHECK_EQ(leno_engine_bound(w.node[0], 0, LENO_PIPE_WRAPPED, 0, "x",
				   (leno_bytes){binding, sizeof binding}), LENO_ARGUMENT);
	CHECK_EQ(leno_engine_bound(w.node[0], 0, LENO_PIPE_WRAPPED, 0, "x",
				   (leno_bytes){binding, sizeof binding - 1}), 0);
	wires_kill(&w, 0);
}

TEST_MAIN(TEST_CASE(what_the_driver_does_not_dial_is_not_tried),
	  TEST_CASE(a_list_of_schemes_that_is_too_long_is_refused),
	  TEST_CASE(a_pipe_that_is_bound_links_those_who_know_the_same_of_it),
	  TEST_CASE(what_binds_has_a_size))
