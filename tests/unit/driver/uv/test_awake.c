/* Who dialled stays awake after what it said, for a moment, and not for a peer that is far; and
 * who was dialled does, once it knows by whom. */
#include "driver/uv/uv.h"

#include "support/check.h"
#include "support/wires.h"

static struct driver d;
static struct pipe p;
static struct wires w;

/* Two nodes, and the pipe that one of them accepts. */
static void begin(void)
{
	wires_init(&w);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(wires_node(&w, i, (leno_engine_config){ 0 }), 0);
	memset(&d, 0, sizeof d);
	d.node = w.node[1];
	p = (struct pipe){ .driver = &d, .number = 0 };
	CHECK_EQ(uv_loop_init(&d.loop), 0);
	awake_init(&d);
}

static void finish(void)
{
	uv_close((uv_handle_t *)&d.awake, NULL);
	uv_run(&d.loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&d.loop), 0);
	wires_free(&w);
}

static bool awake(void)
{
	return uv_is_active((uv_handle_t *)&d.awake);
}

/* Comes back by itself, since nothing but our being awake keeps the loop. */
static void pass(void)
{
	uv_run(&d.loop, UV_RUN_DEFAULT);
	CHECK(!awake() && uv_hrtime() / 1000 >= d.awake_until_us);
}

static void begin_dialled(void)
{
	begin();
	p.dial = 1;
	awake_dialled(&p);
}

TEST(a_stranger_keeps_nobody_awake)
{
	begin();
	CHECK(wires_open(&w, -1, 1, LENO_PIPE_STREAM, 0, "stranger") == 0);
	awake_said(&p);
	CHECK(!awake());
	finish();
}

TEST(who_has_proved_itself_is_waited_for)
{
	int times = 0;

	begin();
	CHECK_EQ(leno_engine_connect(w.node[0], "node:1"), 0);
	CHECK(wires_run(&w, 100000));
	CHECK(w.wire[0].used && leno_engine_proved(w.node[1], 0) && !leno_engine_proved(w.node[1], 1));
	for (int i = 0; i < 20; i++) {
		awake_said(&p);
		times += awake();
		awake_heard(&p);
		d.awake_until_us = 0;
		pass();
	}
	CHECK_EQ(times, 2);
	finish();
}

TEST(who_dialled_stays_awake)
{
	begin_dialled();
	CHECK(!awake());
	awake_said(&p);
	CHECK(awake());
	pass();
	finish();
}

/* TLS, or a WebSocket: what they agree on first took its time. */
TEST(what_filters_heard_before_does_not_count)
{
	begin_dialled();
	awake_heard(&p);
	awake_heard(&p);
	awake_said(&p);
	CHECK(awake());
	pass();
	finish();
}

TEST(a_few_answers_are_waited_for)
{
	int times = 0;

	begin_dialled();
	for (int i = 0; i < 20; i++) {
		awake_said(&p);
		times += awake();
		d.awake_until_us = UINT64_MAX;       /* the answer is in time */
		awake_heard(&p);
		d.awake_until_us = 0;
		pass();
	}
	CHECK_EQ(times, 4);
	finish();
}

TEST(a_peer_that_is_far_is_waited_for_once)
{
	begin_dialled();
	awake_said(&p);
	pass();
	awake_heard(&p);
	awake_said(&p);
	CHECK(!awake());
	finish();
}

TEST_MAIN(TEST_CASE(a_stranger_keeps_nobody_awake), TEST_CASE(who_has_proved_itself_is_waited_for),
	  TEST_CASE(who_dialled_stays_awake),
	  TEST_CASE(what_filters_heard_before_does_not_count), TEST_CASE(a_few_answers_are_waited_for),
	  TEST_CASE(a_peer_that_is_far_is_waited_for_once))
