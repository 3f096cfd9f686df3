/* Calls, events and clocks of one node or two, where what a handler does matters. Stories of
 * more are in tests/sim/test_services.c and test_events.c.
 *
 * covers: src/node/calling.c src/node/calls.c src/node/provide.c src/node/emit.c
 * covers: src/node/clock.c */
#include "support/check.h"
#include "support/wires.h"

enum { SECOND_US = 1000 * 1000 };

static struct wires w;
static unsigned ended, served, unknown, clocks;
static int error_of;
static leno_call_id number;
static uint64_t sorry;
static leno_clock clock_got;

static void on_done(leno_node *n, void *user, const leno_answer *a)
{
	ended++;
	error_of = a->error;
}

static void answer(leno_node *n, void *user, leno_incoming *in, leno_bytes arguments)
{
	served++;
	CHECK_EQ(leno_call_reply(in, (leno_bytes){ 0 }), 0);
}

static void hold(leno_node *n, void *user, leno_incoming *in, leno_bytes arguments)
{
	served++;
}

static void cancel_again(leno_node *n, void *user, leno_incoming *in)
{
	CHECK_EQ(leno_call_cancel(n, number), 0);
	CHECK_EQ(leno_call_reply(in, (leno_bytes){ 0 }), LENO_CLOSED);
}

static void write_to_caller(leno_node *n, void *user, leno_incoming *in)
{
	CHECK_EQ(leno_send(n, leno_call_from(in), "sorry", (leno_bytes){ 0 }, &sorry), 0);
	CHECK_EQ(leno_call_reply(in, (leno_bytes){ 0 }), LENO_CLOSED);
}

static void on_sent(leno_node *n, void *user, const leno_id *to, uint64_t first, uint64_t last,
                    enum leno_outcome outcome, int error)
{
	unknown += outcome == LENO_UNKNOWN && first <= sorry && sorry <= last;
}

static void on_clock(leno_node *n, void *user, const leno_clock *c)
{
	clocks++;
	clock_got = *c;
}

static void open_side(int i)
{
	leno_engine_config config = { .wall_ms = 1000 + w.now, .now_us = w.now,
		                      .options = { .session_linger_ms = 2000,
		                                   .memory_max = 1 << 20 },
		                      .handlers = { .sent = on_sent } };

	memset(config.seed, 17 + i, sizeof config.seed);
	memset(config.identity, 99 + i, sizeof config.identity);
	CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
}

static void begin(int nodes)
{
	wires_init(&w);
	ended = served = unknown = clocks = 0;
	error_of = 0;
	for (int i = 0; i < nodes; i++)
		open_side(i);
	if (nodes > 1)
		leno_engine_connect(w.node[0], "node:1");
	wires_run(&w, SECOND_US);
}

static void offer(int i, leno_method_fn *fn, void (*cancelled)(leno_node *, void *, leno_incoming *))
{
	const leno_method methods[] = { { "do(a: any...)", fn }, { "event said(a: int)", NULL } };
	const leno_service s = { .methods = methods, .n_methods = 2, .cancelled = cancelled };

	CHECK_EQ(leno_service_register(w.node[i], "s", &s, NULL), 0);
	wires_run(&w, SECOND_US);
}

static int call(int i, leno_bytes arguments, leno_ms timeout)
{
	const leno_call_options o = { .timeout = timeout };

	return leno_call(w.node[i], "s", "do", arguments, &o, on_done, NULL, &number);
}

TEST(a_call_that_is_too_large_leaves_room_for_the_next)
{
	static uint8_t large[100 * 1024] = { 0x91, 0xc6, 0, 1, 0x8f, 0xf9 };

	begin(2);
	offer(1, answer, NULL);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(call(0, (leno_bytes){ large, sizeof large }, 1000), LENO_MEMORY);
		CHECK_EQ(call(0, (leno_bytes){ 0 }, 1000), 0);
		wires_run(&w, SECOND_US);
	}
	CHECK(served == 3 && ended == 3 && error_of == 0);
	wires_free(&w);
}

TEST(a_call_that_its_own_handler_cancels_has_no_end_beside)
{
	begin(1);
	offer(0, hold, cancel_again);
	CHECK_EQ(call(0, (leno_bytes){ 0 }, 50), 0);
	wires_run(&w, SECOND_US);
	CHECK(served == 1 && ended == 0);
	CHECK_EQ(leno_call_cancel(w.node[0], number), LENO_ARGUMENT);
	offer(0, answer, NULL);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(call(0, (leno_bytes){ 0 }, 50), 0);
	wires_run(&w, SECOND_US);
	CHECK(served == 4 && ended == 3 && error_of == 0);
	wires_free(&w);
}

static void cancel_within(leno_node *n, void *user, leno_incoming *in, leno_bytes arguments)
{
	if (served++ > 0) {
		leno_call_reply(in, (leno_bytes){ 0 });
		return;
	}
	CHECK_EQ(leno_call_cancel(n, number), 0);
	CHECK_EQ(leno_call(n, "s", "do", (leno_bytes){ "\x91\x07", 2 }, NULL, on_done, NULL, NULL), 0);
	CHECK(arguments.size == 2 && memcmp(arguments.data, "\x91\x05", 2) == 0);
	CHECK_EQ(leno_call_reply(in, (leno_bytes){ 0 }), LENO_CLOSED);
}

TEST(arguments_are_lent_until_the_handler_returns_whatever_it_does)
{
	begin(1);
	offer(0, cancel_within, NULL);
	CHECK_EQ(call(0, (leno_bytes){ "\x91\x05", 2 }, 50), 0);
	wires_run(&w, SECOND_US);
	CHECK(served == 2 && ended == 1 && error_of == 0);
	wires_free(&w);
}

static leno_incoming *held;
static unsigned said;

static void keep(leno_node *n, void *user, leno_incoming *in, leno_bytes arguments)
{
	held = in;
}

static void on_progress(leno_node *n, void *user, leno_call_id id, leno_bytes value)
{
	CHECK_EQ(ended, 0);
	CHECK(value.size == 1 && *(const uint8_t *)value.data == ++said);
}

/* Outside of inputs too, where no handler may run: what was said comes at the next. */
TEST(what_our_own_service_says_on_the_way_is_heard_before_its_answer)
{
	const leno_call_options o = { .progress = on_progress };

	begin(1);
	offer(0, keep, NULL);
	said = 0;
	CHECK_EQ(leno_call(w.node[0], "s", "do", (leno_bytes){ 0 }, &o, on_done, NULL, NULL), 0);
	wires_run(&w, SECOND_US);
	for (uint8_t i = 1; i <= 3; i++)
		CHECK_EQ(leno_call_progress(held, (leno_bytes){ &i, 1 }), 0);
	CHECK_EQ(said, 0);
	CHECK_EQ(leno_call_reply(held, (leno_bytes){ 0 }), 0);
	wires_run(&w, SECOND_US);
	CHECK(said == 3 && ended == 1 && error_of == 0);
	wires_free(&w);
}

TEST(nothing_is_heard_of_a_call_after_the_node_has_said_goodbye)
{
	begin(1);
	offer(0, hold, NULL);
	CHECK_EQ(call(0, (leno_bytes){ 0 }, 50), 0);
	wires_run(&w, 10 * 1000);
	leno_engine_goodbye(w.node[0]);
	wires_run(&w, SECOND_US);
	CHECK(served == 1 && ended == 0);
	wires_free(&w);
}

/* It belongs to the caller's next life, and has its outcome when that does not come. */
TEST(what_is_sent_when_a_caller_leaves_has_an_outcome)
{
	begin(2);
	offer(1, hold, write_to_caller);
	CHECK_EQ(call(0, (leno_bytes){ 0 }, -1), 0);
	wires_run(&w, SECOND_US);
	CHECK_EQ(served, 1);
	leno_engine_goodbye(w.node[0]);
	wires_run(&w, 10 * SECOND_US);
	CHECK_EQ(unknown, 1);
	wires_free(&w);
}

/* ---- events --------------------------------------------------------------------------- */

static unsigned heard[3];

static void on_event(leno_node *n, void *user, const leno_id *from, const char *event, leno_bytes v)
{
	heard[(uintptr_t)user]++;
}

static void on_first(leno_node *n, void *user, const leno_id *from, const char *event, leno_bytes v)
{
	heard[0]++;
	CHECK_EQ(leno_unsubscribe(n, "s.*"), 0);
	CHECK_EQ(leno_unsubscribe(n, "*"), 0);
	CHECK_EQ(leno_subscribe(n, "s.said*", on_event, (void *)2), 0);
}

TEST(who_has_unsubscribed_in_a_handler_hears_nothing_more)
{
	memset(heard, 0, sizeof heard);
	begin(1);
	CHECK_EQ(leno_subscribe(w.node[0], "*", on_first, NULL), 0);
	CHECK_EQ(leno_subscribe(w.node[0], "s.*", on_event, (void *)1), 0);
	wires_run(&w, SECOND_US);
	CHECK_EQ(leno_emit(w.node[0], "s.said", (leno_bytes){ "\x05", 1 }, NULL), 0);
	wires_run(&w, SECOND_US);
	CHECK(heard[0] == 1 && heard[1] == 0 && heard[2] == 0);
	CHECK_EQ(leno_emit(w.node[0], "s.said", (leno_bytes){ "\x05", 1 }, NULL), 0);
	wires_run(&w, SECOND_US);
	CHECK(heard[0] == 1 && heard[1] == 0 && heard[2] == 1);
	wires_free(&w);
}

TEST(what_an_event_carries_is_what_its_line_says_whatever_its_size)
{
	static uint8_t text[1000] = { 0xda, 997 >> 8, 997 & 0xff };

	begin(1);
	offer(0, hold, NULL);
	CHECK_EQ(leno_emit(w.node[0], "s.said", (leno_bytes){ text, sizeof text }, NULL),
	         LENO_ARGUMENT);
	CHECK_EQ(leno_emit(w.node[0], "s.said", (leno_bytes){ 0 }, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_emit(w.node[0], "s.said", (leno_bytes){ "\x05", 1 }, NULL), 0);
	CHECK_EQ(leno_emit(w.node[0], "s.other", (leno_bytes){ text, sizeof text }, NULL), 0);
	wires_free(&w);
}

/* ---- clocks --------------------------------------------------------------------------- */

TEST(a_wall_clock_that_is_set_meanwhile_harms_no_comparison)
{
	begin(2);
	leno_engine_wall(w.node[0], SECOND_US);
	leno_engine_wall(w.node[1], 5 * SECOND_US);
	CHECK_EQ(leno_clock_compare(w.node[0], leno_self(w.node[1]), 1000, on_clock, NULL), 0);
	leno_engine_wall(w.node[0], 3 * SECOND_US);
	wires_run(&w, SECOND_US);
	CHECK(clocks == 1 && clock_got.error == 0 && clock_got.rtt_us < 100 * 1000);
	CHECK(llabs(clock_got.offset_us - 2 * SECOND_US) <= clock_got.rtt_us);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(a_call_that_is_too_large_leaves_room_for_the_next),
          TEST_CASE(a_call_that_its_own_handler_cancels_has_no_end_beside),
          TEST_CASE(arguments_are_lent_until_the_handler_returns_whatever_it_does),
          TEST_CASE(what_our_own_service_says_on_the_way_is_heard_before_its_answer),
          TEST_CASE(nothing_is_heard_of_a_call_after_the_node_has_said_goodbye),
          TEST_CASE(what_is_sent_when_a_caller_leaves_has_an_outcome),
          TEST_CASE(who_has_unsubscribed_in_a_handler_hears_nothing_more),
          TEST_CASE(what_an_event_carries_is_what_its_line_says_whatever_its_size),
          TEST_CASE(a_wall_clock_that_is_set_meanwhile_harms_no_comparison))
