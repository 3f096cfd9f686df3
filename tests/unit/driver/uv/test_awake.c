/* Who dialled stays awake after what it said, for a moment, and not for a peer that is far. */
#include "driver/uv/uv.h"

#include "support/check.h"

static struct driver d;
static struct pipe p;

static void begin(void)
{
	memset(&d, 0, sizeof d);
	p = (struct pipe){ .driver = &d };
	CHECK_EQ(uv_loop_init(&d.loop), 0);
	awake_init(&d);
}

static void finish(void)
{
	uv_close((uv_handle_t *)&d.awake, NULL);
	uv_run(&d.loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&d.loop), 0);
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

TEST(only_who_dialled_stays_awake)
{
	begin();
	awake_said(&p);
	CHECK(!awake());
	awake_dialled(&p);
	CHECK(!awake());
	awake_said(&p);
	CHECK(awake());
	pass();
	finish();
}

TEST(a_few_answers_are_waited_for)
{
	int times = 0;

	begin();
	awake_dialled(&p);
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
	begin();
	awake_dialled(&p);
	awake_said(&p);
	pass();
	awake_heard(&p);
	awake_said(&p);
	CHECK(!awake());
	finish();
}

TEST_MAIN(TEST_CASE(only_who_dialled_stays_awake), TEST_CASE(a_few_answers_are_waited_for),
	  TEST_CASE(a_peer_that_is_far_is_waited_for_once))
