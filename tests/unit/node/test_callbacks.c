/* Handlers that ask again at once, and what they may ask for.
 * covers: src/node/timers.c src/node/send.c src/node/open.c */
#include "node/node.h"
#include "support/check.h"
#include "support/raw.h"

enum { ENOUGH = 100000 };

static struct wires w;
static unsigned long called;

static leno_node *open_node(int i, const leno_handlers *handlers)
{
	leno_engine_config config = {.wall_ms = 1000, .now_us = w.now};

	memset(config.seed, 17 + i, sizeof config.seed);
	memset(config.identity, 99 + i, sizeof config.identity);
	if (handlers)
		config.handlers = *handlers;
	CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
	return w.node[i];
}

static void on_done(leno_node *n, void *user, uint64_t seq, uint32_t confirmed, uint32_t unknown)
{
	if (++called < ENOUGH)
		CHECK_EQ(leno_broadcast(n, "t", (leno_bytes){"x", 1}, NULL), 0);
}

/* Nobody is there to wait for: each is done at once. */
TEST(a_lone_node_that_broadcasts_again_and_again_returns_from_each_input)
{
	const leno_handlers handlers = {.broadcast_done = on_done};
	leno_node *n;

	wires_init(&w);
	called = 0;
	n = open_node(0, &handlers);
	CHECK_EQ(leno_broadcast(n, "t", (leno_bytes){"x", 1}, NULL), 0);
	for (unsigned long round = 1; round < 10; round++) {
		leno_engine_time(n, w.now);
		CHECK_EQ(called, round);
		CHECK(leno_engine_deadline(n) <= w.now);
	}
	wires_free(&w);
}

static void on_answer(leno_node *n, void *user, const leno_answer *a)
{
	const leno_id *to = user;

	if (++called < ENOUGH)
		CHECK_EQ(leno_request(n, to, "t", (leno_bytes){0}, 0, on_answer, user, NULL), 0);
}

static leno_id meet(void)
{
	wires_init(&w);
	called = 0;
	open_node(0, NULL);
	open_node(1, NULL);
	CHECK_EQ(leno_engine_connect(w.node[0], "node:1"), 0);
	CHECK(wires_run(&w, 1000 * 1000));
	return *leno_self(w.node[1]);
}

TEST(a_request_that_has_no_time_may_be_asked_again_in_its_answer)
{
	leno_id to = meet();

	CHECK_EQ(leno_request(w.node[0], &to, "t", (leno_bytes){0}, 0, on_answer, &to, NULL), 0);
	for (unsigned long round = 1; round < 10; round++) {
		leno_engine_time(w.node[0], ++w.now);
		CHECK_EQ(called, round);
	}
	called = ENOUGH;
	wires_free(&w);
}

/* "Never", as many write it; and a time that is merely long. */
TEST(a_timeout_may_be_as_long_as_it_can_be_said)
{
	const leno_ms timeouts[] = {INT64_MAX, INT64_MAX / 1000, INT64_C(1) << 50,
				    (INT64_C(1) << 50) - 1, -1};
	leno_id to = meet();

	for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++)
		CHECK_EQ(leno_request(w.node[0], &to, "t", (leno_bytes){0}, timeouts[i], on_answer,
				      &to, NULL), 0);
	wires_kill(&w, 1);
	for (int i = 0; i < 1000; i++)
		leno_engine_time(w.node[0], w.now += 20);
	CHECK_EQ(called, 0);
	wires_free(&w);
}

TEST(what_no_heartbeat_can_be_is_refused)
{
	static const struct {
		const char *why;
		uint32_t ms, misses;
		int error;
	} rows[] = {
		{"the most", 3600 * 1000, 1000, 0},
		{"an interval beyond it", 3600 * 1000 + 1, 2, LENO_ARGUMENT},
		{"as many misses as can be said", 2000, UINT32_MAX, LENO_ARGUMENT},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		leno_engine_config config = {.options.heartbeat_ms = rows[i].ms,
					     .options.heartbeat_misses = rows[i].misses};
		leno_node *n = NULL;

		CHECK_ROW(rows[i].why);
		CHECK_EQ(leno_engine_open(&n, &config), rows[i].error);
		leno_engine_free(n);
	}
}

static void on_writable(leno_node *n, void *user, const leno_id *to)
{
	called++;
}

/* Bob's queue to ada holds all that it may; he has never heard LENO_AGAIN. */
TEST(a_ping_that_finds_a_full_queue_is_counted_and_is_not_of_the_application)
{
	static uint8_t big[60 * 1000];
	leno_stats stats;
	leno_id bob;

	bob = meet();
	w.node[1]->session_setup.queue_max = sizeof big;
	w.node[1]->handlers.writable = on_writable;
	CHECK_EQ(leno_send(w.node[0], &bob, "t", (leno_bytes){"x", 1}, NULL), 0);
	CHECK(wires_run(&w, 1000 * 1000));
	CHECK_EQ(leno_ping(w.node[0], &bob, 1000, on_answer, NULL), 0);
	wires_serve(&w, 0);
	CHECK(wires_make(&w, 0, 0, SIZE_MAX));
	CHECK_EQ(leno_send(w.node[1], leno_self(w.node[0]), "t", (leno_bytes){big, sizeof big},
			   NULL), 0);
	CHECK(wires_deliver(&w, 0, 0, SIZE_MAX, SIZE_MAX));
	leno_get_stats(w.node[1], &stats);
	CHECK_EQ(stats.refused_busy, 1);
	called = ENOUGH;
	CHECK(wires_run(&w, 5000 * 1000));
	CHECK_EQ(called, ENOUGH + 1);                  /* the ping's own end; no writable */
	wires_free(&w);
}

static unsigned heard, done, done_confirmed, done_unknown;

static void on_heard(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	heard++;
}

static void on_outcome(leno_node *n, void *user, uint64_t seq, uint32_t yes, uint32_t unknown)
{
	done++;
	done_confirmed += yes;
	done_unknown += unknown;
}

/* Its clock went back: it meets a record of a life that was later, and goes past it. What the
 * life before has broadcast is over, as for any new life; it does not come twice. */
TEST(a_life_that_goes_past_another_begins_its_broadcasts_anew)
{
	leno_id bob = meet();
	struct raw witness;

	heard = done = done_confirmed = done_unknown = 0;
	w.node[0]->handlers.broadcast_done = on_outcome;
	w.node[1]->handlers.message = on_heard;
	CHECK_EQ(leno_send(w.node[0], &bob, "t", (leno_bytes){"x", 1}, NULL), 0);
	CHECK(wires_run(&w, 1000 * 1000));
	CHECK_EQ(leno_broadcast(w.node[0], "t", (leno_bytes){"x", 1}, NULL), 0);
	CHECK(wires_pump(&w));                 /* it has arrived, and is not acknowledged yet */
	CHECK_EQ(heard, 2);
	raw_init(&witness, 1);
	witness.setup.incarnation = 5000;
	REQUIRE(raw_open(&witness, &w, 0));
	raw_publish(&witness, &w.node[0]->identity);
	CHECK(w.node[0]->incarnation == 5001 && w.node[0]->session_setup.incarnation == 5001);
	CHECK(wires_run(&w, 20 * 1000 * 1000));
	CHECK_EQ(heard, 2);
	CHECK_EQ(done, 1);
	CHECK_EQ(done_confirmed, 0);
	CHECK_EQ(done_unknown, 1);
	CHECK_EQ(leno_broadcast(w.node[0], "t", (leno_bytes){"y", 1}, NULL), 0);
	CHECK_EQ(leno_send(w.node[0], &bob, "t", (leno_bytes){"y", 1}, NULL), 0);
	CHECK(wires_run(&w, 20 * 1000 * 1000));
	CHECK_EQ(heard, 4);
	CHECK_EQ(done_confirmed, 1);
	raw_free(&witness);
	wires_free(&w);
}

TEST(nothing_where_something_must_be_is_an_argument)
{
	leno_id to = meet(), found;
	leno_node *n = w.node[0];

	CHECK_EQ(leno_keep(NULL, &to, true), LENO_ARGUMENT);
	CHECK_EQ(leno_keep(n, NULL, true), LENO_ARGUMENT);
	CHECK_EQ(leno_disconnect(NULL, &to), LENO_ARGUMENT);
	CHECK_EQ(leno_disconnect(n, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_find(NULL, "8", &found), LENO_ARGUMENT);
	CHECK_EQ(leno_find(n, NULL, &found), LENO_ARGUMENT);
	CHECK_EQ(leno_find(n, "8", NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_send(n, NULL, "t", (leno_bytes){0}, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_send(n, &to, NULL, (leno_bytes){0}, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_request(n, &to, "t", (leno_bytes){0}, 1, NULL, NULL, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_ping(n, &to, 1, NULL, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_broadcast(n, NULL, (leno_bytes){0}, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_count(n), 2);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(nothing_where_something_must_be_is_an_argument),
	  TEST_CASE(a_life_that_goes_past_another_begins_its_broadcasts_anew),
	  TEST_CASE(a_ping_that_finds_a_full_queue_is_counted_and_is_not_of_the_application),
	  TEST_CASE(a_timeout_may_be_as_long_as_it_can_be_said),
	  TEST_CASE(what_no_heartbeat_can_be_is_refused),
	  TEST_CASE(a_lone_node_that_broadcasts_again_and_again_returns_from_each_input),
	  TEST_CASE(a_request_that_has_no_time_may_be_asked_again_in_its_answer))
