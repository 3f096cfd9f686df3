/* What other threads may do: post and stop; and what waits: leno_after.
 * covers: src/driver/uv/post.c src/driver/uv/resolve.c */
#include "host.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 4, POSTS = 2000 };

struct count {
	leno_node *node;
	int done; /* the loop's thread alone */
	int last[THREADS];
	bool ordered;
};

struct posted {
	struct count *count;
	int thread, number;
};

static void take_posted(leno_node *node, void *arg)
{
	struct posted *p = arg;
	struct count *c = p->count;

	if (p->number != c->last[p->thread] + 1)
		c->ordered = false;
	c->last[p->thread] = p->number;
	if (++c->done == THREADS * POSTS)
		leno_stop(node);
	free(p);
}

struct poster {
	struct count *count;
	int thread;
};

static void *post_many(void *arg)
{
	struct poster *me = arg;

	for (int i = 1; i <= POSTS; i++) {
		struct posted *p = malloc(sizeof *p);

		*p = (struct posted){ me->count, me->thread, i };
		while (leno_post(me->count->node, take_posted, p) < 0)
			;
	}
	return NULL;
}

TEST(posts_of_many_threads_run_once_each_in_order)
{
	struct count count = { .ordered = true };
	struct poster posters[THREADS];
	pthread_t threads[THREADS];
	struct host a;

	host_open(&a);
	count.node = a.node;
	for (int i = 0; i < THREADS; i++) {
		posters[i] = (struct poster){ &count, i };
		pthread_create(&threads[i], NULL, post_many, &posters[i]);
	}
	CHECK_EQ(leno_run(a.node), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(count.done, THREADS * POSTS);
	CHECK(count.ordered);
	leno_close(a.node);
}

static void *stop_soon(void *arg)
{
	usleep(20000);
	leno_stop(arg);
	return NULL;
}

TEST(stopped_by_another_thread)
{
	pthread_t thread;
	struct host a;

	host_open(&a);
	for (int i = 0; i < 3; i++) {
		pthread_create(&thread, NULL, stop_soon, a.node);
		CHECK_EQ(leno_run(a.node), 0);
		pthread_join(thread, NULL);
	}
	leno_close(a.node);
}

TEST(stopped_before_it_ran)
{
	struct host a;

	host_open(&a);
	leno_stop(a.node);
	CHECK_EQ(leno_run(a.node), 0);
	CHECK_EQ(leno_post(a.node, NULL, NULL), LENO_ARGUMENT);
	leno_close(a.node);
}

static void count_one(leno_node *node, void *arg)
{
	++*(int *)arg;
}

/* A task that posts itself must not keep the node from its other work. */
static void post_again(leno_node *node, void *arg)
{
	++*(int *)arg;
	leno_post(node, post_again, arg);
}

TEST(posted_before_it_ran)
{
	struct host a, *one[] = { &a };
	int done = 0;

	host_open(&a);
	CHECK_EQ(leno_post(a.node, count_one, &done), 0);
	CHECK(host_until(one, 1, &done, 1, 5000));
	CHECK_EQ(leno_post(a.node, post_again, &done), 0);
	for (int i = 0; i < 10; i++)
		host_pump(one, 1, 10);
	CHECK(done > 1 && done < 100);
	leno_close(a.node); /* with a task waiting */
}

/* ---- alarms -------------------------------------------------------------------------- */

struct order {
	int at[8];
	int n;
};

struct ring {
	struct order *order;
	int name;
};

static void note(leno_node *node, void *arg)
{
	struct ring *r = arg;

	r->order->at[r->order->n++] = r->name;
}

TEST(alarms_ring_once_in_time_and_can_be_cancelled)
{
	struct host a, *one[] = { &a };
	struct order order = { .n = 0 };
	struct ring third = { &order, 3 }, first = { &order, 1 }, second = { &order, 2 },
		    never = { &order, 9 };
	leno_timer cancelled, old, other;
	int64_t start = host_now_ms();

	host_open(&a);
	CHECK_EQ(leno_after(a.node, -1, note, &first, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_after(a.node, 1, NULL, &first, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_after(a.node, 60, note, &third, NULL), 0);
	CHECK_EQ(leno_after(a.node, 30, note, &second, NULL), 0);
	CHECK_EQ(leno_after(a.node, 45, note, &never, &cancelled), 0);
	CHECK_EQ(leno_after(a.node, 0, note, &first, &old), 0);
	leno_cancel(a.node, cancelled);
	leno_cancel(a.node, cancelled);
	CHECK(host_until(one, 1, &order.n, 1, 5000));
	CHECK_EQ(leno_after(a.node, 5, note, &first, &other), 0);
	CHECK(old != other && cancelled != other);
	leno_cancel(a.node, old); /* it rang: names nothing any more */
	leno_cancel(a.node, 0);
	leno_cancel(a.node, 12345);
	CHECK(host_until(one, 1, &order.n, 4, 5000));
	CHECK(host_now_ms() - start >= 59);
	host_for(one, 1, 20);
	CHECK_EQ(order.n, 4);
	CHECK_EQ(order.at[0], 1);
	CHECK_EQ(order.at[1], 1);
	CHECK_EQ(order.at[2], 2);
	CHECK_EQ(order.at[3], 3);
	leno_close(a.node);
}

TEST(many_alarms)
{
	struct host a, *one[] = { &a };
	leno_timer timers[1000];
	int rung = 0;

	host_open(&a);
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(leno_after(a.node, i % 7, count_one, &rung, &timers[i]), 0);
	for (int i = 0; i < 1000; i += 2)
		leno_cancel(a.node, timers[i]);
	CHECK(host_until(one, 1, &rung, 500, 5000));
	host_for(one, 1, 20);
	CHECK_EQ(rung, 500);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(leno_after(a.node, 1000, count_one, &rung, NULL), 0);
	leno_close(a.node); /* with alarms set */
}

/* Names are looked up by threads that outlive their node, if they must. */
TEST(a_lookup_does_not_hold_the_node)
{
	int64_t start = host_now_ms();

	for (int i = 0; i < 20; i++) {
		struct host a, *one[] = { &a };

		host_open(&a);
		CHECK_EQ(leno_connect(a.node, "tcp://no-such-name.invalid:7000"), 0);
		CHECK_EQ(leno_connect(a.node, "tcp://localhost:1"), 0);
		host_for(one, 1, i % 5);
		leno_close(a.node);
	}
	CHECK(host_now_ms() - start < 4000);
	usleep(100000); /* let them end before main() does */
}

TEST_MAIN(TEST_CASE(posts_of_many_threads_run_once_each_in_order),
          TEST_CASE(stopped_by_another_thread), TEST_CASE(stopped_before_it_ran),
          TEST_CASE(posted_before_it_ran), TEST_CASE(alarms_ring_once_in_time_and_can_be_cancelled),
          TEST_CASE(many_alarms), TEST_CASE(a_lookup_does_not_hold_the_node))
