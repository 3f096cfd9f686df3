/* A node as a guest in another's loop, and alone; how it ends.
 * covers: src/driver/uv/loop.c src/driver/uv/open.c src/driver/uv/pipe.c */
#include "host.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <uv.h>

static void open_pair(struct host *a, struct host *b)
{
	host_open(a);
	host_open(b);
	CHECK_EQ(leno_listen(a->node, "tcp://127.0.0.1:0"), 0);
	CHECK_EQ(leno_connect(b->node, leno_uri(a->node, 0)), 0);
}

TEST(guests_of_poll)
{
	struct host a, b, *both[] = { &a, &b };

	open_pair(&a, &b);
	CHECK(host_until(both, 2, &a.links, 1, 5000));
	CHECK(host_until(both, 2, &b.links, 1, 5000));
	for (int i = 0; i < 100; i++) {
		host_say(&b, leno_self(a.node), "again");
		CHECK_EQ(leno_timeout(b.node), 0); /* what was sent has not left */
		CHECK(host_until(both, 2, &a.messages, i + 1, 5000));
	}
	leno_close(a.node);
	leno_close(b.node);
}

/* A guest that had nothing to do for as long as a link may owe an answer: what it sends then
 * is as old as the step that sends it, and the link lives. */
TEST(what_is_sent_after_a_pause_is_sent_now)
{
	leno_options options = { .heartbeat_ms = 60000 };
	struct host a, b, *both[] = { &a, &b };

	CHECK_EQ(host_open_with(&a, &options), 0);
	CHECK_EQ(host_open_with(&b, &options), 0);
	CHECK_EQ(leno_listen(a.node, "tcp://127.0.0.1:0"), 0);
	CHECK_EQ(leno_connect(b.node, leno_uri(a.node, 0)), 0);
	CHECK(host_until(both, 2, &b.links, 1, 5000));
	for (int i = 0; i < 8; i++) {
		const struct timespec pause = { .tv_nsec = (500 + 50 * i) * 1000000 };

		host_for(both, 2, 300); /* all that was said is answered */
		nanosleep(&pause, NULL);
		host_say(&b, leno_self(a.node), "again");
		CHECK_EQ(leno_step(b.node), 0);
		CHECK(host_until(both, 2, &a.messages, i + 1, 5000));
	}
	CHECK_EQ(a.downs, 0);
	CHECK_EQ(b.downs, 0);
	leno_close(a.node);
	leno_close(b.node);
}

/* More than the sockets hold, both ways at once: nothing is lost on the way. */
TEST(much_at_once)
{
	enum { CHUNK = 60000, CHUNKS = 300 };
	struct host a, b, *both[] = { &a, &b };
	static char chunk[CHUNK];
	int to_a = 0, to_b = 0;
	int64_t end = host_now_ms() + 20000;

	open_pair(&a, &b);
	CHECK(host_until(both, 2, &a.links, 1, 5000));
	CHECK(host_until(both, 2, &b.links, 1, 5000));
	while ((a.messages < CHUNKS || b.messages < CHUNKS) && host_now_ms() < end) {
		leno_bytes data = { chunk, CHUNK };

		while (to_a < CHUNKS && leno_send(b.node, leno_self(a.node), "t", data, NULL) == 0)
			to_a++;
		while (to_b < CHUNKS && leno_send(a.node, leno_self(b.node), "t", data, NULL) == 0)
			to_b++;
		host_pump(both, 2, 100);
	}
	CHECK_EQ(a.bytes, (size_t)CHUNK * CHUNKS);
	CHECK_EQ(b.bytes, (size_t)CHUNK * CHUNKS);
	leno_close(a.node);
	leno_close(b.node);
}

/* ---- a foreign libuv loop --------------------------------------------------------- */

struct guest {
	struct host host;
	uv_poll_t poll;
	uv_timer_t timer;
};

static void guest_step(struct guest *g);

static void on_guest_readable(uv_poll_t *poll, int status, int events)
{
	guest_step(poll->data);
}

static void on_guest_timer(uv_timer_t *timer)
{
	guest_step(timer->data);
}

static void guest_arm(struct guest *g)
{
	leno_ms wait = leno_timeout(g->host.node);

	if (wait < 0)
		uv_timer_stop(&g->timer);
	else
		uv_timer_start(&g->timer, on_guest_timer, (uint64_t)wait, 0);
}

static void guest_step(struct guest *g)
{
	CHECK_EQ(leno_step(g->host.node), 0);
	guest_arm(g);
}

static void guest_attach(struct guest *g, uv_loop_t *loop)
{
	uv_poll_init(loop, &g->poll, leno_fd(g->host.node));
	uv_timer_init(loop, &g->timer);
	g->poll.data = g->timer.data = g;
	uv_poll_start(&g->poll, UV_READABLE, on_guest_readable);
	guest_arm(g);
}

static void guest_detach(struct guest *g)
{
	uv_close((uv_handle_t *)&g->poll, NULL);
	uv_close((uv_handle_t *)&g->timer, NULL);
}

TEST(guests_of_a_foreign_loop)
{
	int64_t end = host_now_ms() + 10000;
	struct guest a, b;
	uv_loop_t loop;
	int said = 0;

	uv_loop_init(&loop);
	open_pair(&a.host, &b.host);
	guest_attach(&a, &loop);
	guest_attach(&b, &loop);
	while (a.host.messages < 50 && host_now_ms() < end) {
		if (a.host.links && b.host.links && said == a.host.messages) {
			host_say(&b.host, leno_self(a.host.node), "hello");
			guest_arm(&b);
			said++;
		}
		uv_run(&loop, UV_RUN_ONCE);
	}
	CHECK_EQ(a.host.messages, 50);
	guest_detach(&a);
	guest_detach(&b);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&loop), 0);
	leno_close(a.host.node);
	leno_close(b.host.node);
}

/* ---- ends -------------------------------------------------------------------------- */

static void close_on_link(leno_node *node, void *user, const leno_id *peer, const char *uri)
{
	struct host *h = user;

	h->ups++;
	leno_close(node);
	h->node = NULL;
}

static void count_message(leno_node *node, void *user, leno_message *m, const char *type,
                          leno_bytes data)
{
	struct host *h = user;

	h->messages++;
}

TEST(a_node_may_close_in_its_callback)
{
	static const leno_handlers handlers = { .link_up = close_on_link,
		                                .message = count_message };
	leno_options options = { .network = host_network() };
	struct host a, b = { 0 };
	leno_node *node;
	int error = 0;

	host_open(&a);
	CHECK_EQ(leno_listen(a.node, "tcp://127.0.0.1:0"), 0);
	CHECK_EQ(leno_open(&b.node, &options, &handlers, &b), 0);
	node = b.node;
	CHECK_EQ(leno_connect(node, leno_uri(a.node, 0)), 0);
	for (int64_t end = host_now_ms() + 5000; error == 0 && host_now_ms() < end;) {
		struct pollfd fd = { leno_fd(node), POLLIN, 0 };

		if (leno_timeout(node) != 0)
			poll(&fd, 1, 10);
		error = leno_step(node);
		host_pump((struct host *[]){ &a }, 1, 1);
	}
	CHECK_EQ(error, LENO_CLOSED);
	CHECK_EQ(b.ups, 1);
	CHECK(host_until((struct host *[]){ &a }, 1, &a.links, 0, 5000));
	leno_close(a.node);
}

static void close_it(leno_node *node, void *arg)
{
	leno_close(node);
	leno_close(node); /* once is enough, twice is harmless */
}

static void never(leno_node *node, void *arg)
{
	CHECK(!"a task ran after the node was closed");
}

TEST(run_ends_when_the_node_closes)
{
	struct host a;

	host_open(&a);
	leno_post(a.node, close_it, NULL);
	leno_post(a.node, never, NULL);
	CHECK_EQ(leno_run(a.node), LENO_CLOSED);
	host_open(&a);
	leno_after(a.node, 1, close_it, NULL, NULL);
	CHECK_EQ(leno_run(a.node), LENO_CLOSED);
}

static void run_again(leno_node *node, void *arg)
{
	CHECK_EQ(leno_run(node), LENO_ARGUMENT);
	CHECK_EQ(leno_step(node), LENO_ARGUMENT);
	leno_stop(node);
}

TEST(run_is_not_run_within_itself)
{
	struct host a;

	host_open(&a);
	leno_post(a.node, run_again, NULL);
	CHECK_EQ(leno_run(a.node), 0);
	leno_close(a.node);
}

/* ---- silence -------------------------------------------------------------------------- */

static void stop_it(leno_node *node, void *arg)
{
	leno_stop(node);
}

/* Nothing to do: nothing done. */
TEST(an_idle_node_sleeps)
{
	struct rusage before, after;
	struct host a;

	host_open(&a);
	CHECK_EQ(leno_listen(a.node, "tcp://127.0.0.1:0"), 0);
	leno_after(a.node, 500, stop_it, NULL, NULL);
	getrusage(RUSAGE_THREAD, &before);
	CHECK_EQ(leno_run(a.node), 0);
	getrusage(RUSAGE_THREAD, &after);
	CHECK(after.ru_nvcsw - before.ru_nvcsw <= 8);
	leno_close(a.node);
}

/* The peer is gone while we write to it: an error, not a signal. */
TEST(a_broken_pipe_is_no_signal)
{
	struct host a, b, *both[] = { &a, &b };
	static char chunk[60000];

	open_pair(&a, &b);
	CHECK(host_until(both, 2, &a.links, 1, 5000));
	CHECK(host_until(both, 2, &b.links, 1, 5000));
	for (int fd = 3; fd < 64; fd++) {
		struct sockaddr_storage at;
		socklen_t size = sizeof at;

		/* Every connected socket of this process, both ends: cut under the nodes. */
		if (getpeername(fd, (struct sockaddr *)&at, &size) == 0)
			shutdown(fd, SHUT_RDWR);
	}
	for (int i = 0; i < 20; i++)
		leno_send(b.node, leno_self(a.node), "t", (leno_bytes){ chunk, sizeof chunk },
		          NULL);
	CHECK(host_until(both, 2, &b.downs, 1, 5000));
	leno_close(a.node);
	leno_close(b.node);
}

TEST(closing_leaves_no_descriptor)
{
	int before = host_descriptors();
	struct host a, b, *both[] = { &a, &b };

	for (int i = 0; i < 20; i++) {
		open_pair(&a, &b);
		if (i % 2)
			CHECK(host_until(both, 2, &a.links, 1, 5000));
		else
			host_for(both, 2, i % 4);
		leno_close(i % 4 < 2 ? a.node : b.node);
		leno_close(i % 4 < 2 ? b.node : a.node);
	}
	CHECK_EQ(host_descriptors(), before);
}

TEST_MAIN(TEST_CASE(guests_of_poll), TEST_CASE(what_is_sent_after_a_pause_is_sent_now),
          TEST_CASE(much_at_once), TEST_CASE(guests_of_a_foreign_loop),
          TEST_CASE(a_node_may_close_in_its_callback), TEST_CASE(run_ends_when_the_node_closes),
          TEST_CASE(run_is_not_run_within_itself), TEST_CASE(an_idle_node_sleeps),
          TEST_CASE(a_broken_pipe_is_no_signal), TEST_CASE(closing_leaves_no_descriptor))
