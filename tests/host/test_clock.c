/* The wall clock, as the driver tells it.
 * covers: src/driver/uv/loop.c */
#include "host.h"

enum { SLOW_US = 500 * 1000, NEAR_MS = 100 };

static leno_state *map;
static int64_t ahead_ms = INT64_MAX;

static void on_first(leno_node *node, void *user, const leno_answer *a)
{
	usleep(SLOW_US);
}

static void on_second(leno_node *node, void *user, const leno_answer *a)
{
	leno_state_version v;
	struct timespec now;

	CHECK_EQ(leno_state_set(map, (leno_bytes){ "k", 1 }, (leno_bytes){ "v", 1 }, &v), 0);
	clock_gettime(CLOCK_REALTIME, &now);
	ahead_ms = (int64_t)(v.stamp >> 16) - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

TEST(what_a_handler_takes_is_not_on_the_wall_clock)
{
	struct host hosts[2], *all[] = { &hosts[0], &hosts[1] };

	host_open(&hosts[0]);
	host_open(&hosts[1]);
	CHECK_EQ(leno_listen(hosts[1].node, "tcp://127.0.0.1:0"), 0);
	CHECK(leno_connect(hosts[0].node, leno_uri(hosts[1].node, 0)) >= 0);
	CHECK(host_until(all, 2, &hosts[0].links, 1, 10000));
	CHECK_EQ(leno_state_share(hosts[0].node, "m", NULL, NULL, NULL, &map), 0);
	host_for(all, 2, 100);
	/* The other one says nothing: either ends by its time. */
	CHECK_EQ(leno_ping(hosts[0].node, &hosts[0].peer, 50, on_first, NULL), 0);
	CHECK_EQ(leno_ping(hosts[0].node, &hosts[0].peer, 200, on_second, NULL), 0);
	for (int i = 0; i < 1000 && ahead_ms == INT64_MAX; i++)
		host_pump(all, 1, 10);
	CHECK(ahead_ms <= NEAR_MS);
	leno_close(hosts[0].node);
	leno_close(hosts[1].node);
}

TEST_MAIN(TEST_CASE(what_a_handler_takes_is_not_on_the_wall_clock))
