/* conform.c - what every transport must be able to do: one body for all of them.
 *
 *	conform SCHEME [TEST]
 *
 * Real sockets, both ends in this process or one in a child; what spoils the path between
 * them is a relay. Waits are generous: they end as soon as what is awaited has come. */
#include "conform/child.h"
#include "conform/relay.h"
#include "conform/scheme.h"
#include "conform/socket.h"
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

enum { LONG_MS = 30000, CROWD = 150, MESSAGES = 200, DATAGRAMS = 20000 };

static struct host a, b, *both[] = { &a, &b };
static uint64_t confirmed;              /* of b's messages                               */
static int nodes_up;                    /* that both have been told                      */

static void on_node_up(leno_node *n, void *user, const leno_info *peer)
{
	nodes_up++;
}

static void on_sent(leno_node *n, void *user, const leno_id *to, uint64_t first, uint64_t last,
                    enum leno_outcome outcome, int error)
{
	if (user == &b && outcome == LENO_CONFIRMED)
		confirmed = last;
}

static void open_node(struct host *h)
{
	static const leno_handlers handlers = { .link_up = host_link_up,
		                                .link_down = host_link_down,
		                                .message = host_message,
		                                .node_up = on_node_up,
		                                .sent = on_sent };
	leno_options options = { .network = host_network(), .log = host_silence };

	memset(h, 0, sizeof *h);
	scheme_options(&options);
	if (getenv("CONFORM_LOG")) {
		options.log = NULL;
		options.log_level = LENO_LOG_DEBUG;
	}
	if (leno_open(&h->node, &options, &handlers, h) < 0)
		abort();
}

static const char *listen_with(struct host *h)
{
	CHECK_EQ(leno_listen(h->node, scheme_listen()), 0);
	return leno_uri(h->node, 0) ? scheme_dial(leno_uri(h->node, 0)) : "";
}

static void open_both(void)
{
	open_node(&a);
	open_node(&b);
	confirmed = 0;
	nodes_up = 0;
}

static void close_both(void)
{
	leno_close(a.node);
	leno_close(b.node);
}

/* Both see one link and the other node. */
static bool are_linked(void)
{
	int64_t end = host_now_ms() + LONG_MS;

	while (host_now_ms() < end) {
		if (a.links == 1 && b.links == 1 && leno_count(a.node) == 2 &&
		    leno_count(b.node) == 2)
			return true;
		host_pump(both, 2, 20);
	}
	return false;
}

/* b sends so many small messages to a, and all are confirmed. */
static bool say_many(int n, bool spoil_midway, struct relay *r)
{
	int was = a.messages, said = 0;
	uint64_t seq = 0, before = confirmed;
	int64_t end = host_now_ms() + LONG_MS;

	while ((said < n || confirmed < seq || confirmed == before) && host_now_ms() < end) {
		if (said < n && leno_send(b.node, leno_self(a.node), "t",
		                          (leno_bytes){ "a hundred bytes or so", 21 }, &seq) == 0)
			said++;
		if (spoil_midway && said == n / 2)
			relay_inject(r);
		host_pump(both, 2, said < n ? 1 : 20);
	}
	return a.messages - was == n && confirmed >= seq;
}

/* ---- one link -------------------------------------------------------------------- */

TEST(dials_that_cross_end_in_one_link_under_traffic)
{
	struct relay *r[4];
	const char *uri;

	if (strncmp(scheme_listen(), "local:", 6) == 0)
		SKIP("two nodes cannot listen at one path");
	open_both();
	for (int i = 0; i < 4; i++) {
		struct host *from = i % 2 ? &a : &b, *to = i % 2 ? &b : &a;

		uri = i < 2 ? listen_with(to) : scheme_dial(leno_uri(to->node, 0));
		CHECK_EQ(leno_connect(from->node, uri), 0);
		r[i] = relay_start(uri);
		CHECK_EQ(leno_connect(from->node, relay_uri(r[i])), 0);
	}
	CHECK(are_linked());
	CHECK(say_many(MESSAGES, false, NULL));
	host_for(both, 2, 500);
	CHECK_EQ(a.links, 1);
	CHECK_EQ(b.links, 1);
	CHECK_EQ(nodes_up, 2);
	for (int i = 0; i < 4; i++)
		relay_stop(r[i]);
	close_both();
}

TEST(what_is_kept_comes_back)
{
	char at[320];
	struct relay *r;

	open_both();
	r = relay_start(listen_with(&a));
	snprintf(at, sizeof at, "%s", leno_uri(a.node, 0));
	CHECK_EQ(leno_connect(b.node, relay_uri(r)), 0);
	CHECK(are_linked());
	relay_spoil(r, RELAY_CUT);
	CHECK(host_until(both, 2, &b.links, 0, LONG_MS));
	host_for(both, 2, 200);
	CHECK_EQ(b.links, 0);
	relay_spoil(r, RELAY_PLAIN);
	CHECK(are_linked());
	CHECK(say_many(10, false, NULL));

	leno_close(a.node);             /* another process, at the same address */
	open_node(&a);
	CHECK_EQ(leno_listen(a.node, at), 0);
	CHECK(are_linked());
	CHECK(say_many(10, false, NULL));
	relay_stop(r);
	close_both();
}

/* ---- who does not answer ------------------------------------------------------------ */

TEST(a_frozen_peer_is_noticed_and_comes_back)
{
	struct host *alone[] = { &b };
	struct child child;

	open_node(&b);
	REQUIRE(child_start(&child, host_network(), scheme_listen()));
	CHECK_EQ(leno_connect(b.node, scheme_dial(child.uri)), 0);
	CHECK(host_until(alone, 1, &b.links, 1, LONG_MS));
	host_for(alone, 1, 1500);
	CHECK_EQ(b.downs, 0);           /* silence of a healthy peer is none */
	kill(child.pid, SIGSTOP);
	CHECK(host_until(alone, 1, &b.downs, 1, LONG_MS));
	kill(child.pid, SIGCONT);
	CHECK(host_until(alone, 1, &b.links, 1, LONG_MS));
	child_kill(&child);
	leno_close(b.node);
}

TEST(a_held_path_is_noticed_too)
{
	struct relay *r;

	open_both();
	r = relay_start(listen_with(&a));
	CHECK_EQ(leno_connect(b.node, relay_uri(r)), 0);
	CHECK(are_linked());
	relay_spoil(r, RELAY_HOLD);
	CHECK(host_until(both, 2, &b.downs, 1, LONG_MS));
	CHECK(host_until(both, 2, &a.downs, 1, LONG_MS));
	relay_spoil(r, RELAY_PLAIN);
	CHECK(are_linked());
	CHECK(say_many(10, false, NULL));
	relay_stop(r);
	close_both();
}

TEST(a_killed_peer_is_noticed_and_replaced)
{
	struct host *alone[] = { &b };
	struct child child, next;

	open_node(&b);
	REQUIRE(child_start(&child, host_network(), scheme_listen()));
	CHECK_EQ(leno_connect(b.node, scheme_dial(child.uri)), 0);
	CHECK(host_until(alone, 1, &b.links, 1, LONG_MS));
	for (int i = 0; i < MESSAGES; i++)
		leno_send(b.node, &b.peer, "t", (leno_bytes){ "under traffic", 13 }, NULL);
	host_pump(alone, 1, 0);
	child_kill(&child);
	CHECK(host_until(alone, 1, &b.downs, 1, LONG_MS));
	REQUIRE(child_start(&next, host_network(), child.uri));
	CHECK(host_until(alone, 1, &b.links, 1, LONG_MS));
	child_kill(&next);
	leno_close(b.node);
}

/* ---- strangers ------------------------------------------------------------------------ */

/* Says something without sense; the node runs meanwhile. */
static int come_with_rubbish(const struct place *at, int seed)
{
	uint8_t rubbish[1200];
	int fd = place_connect(at);

	for (size_t i = 0; i < sizeof rubbish; i++)
		rubbish[i] = (uint8_t)((i * 31 + (size_t)seed * 7) ^ (i >> 3));
	if (fd >= 0 && seed % 2)
		send(fd, rubbish, sizeof rubbish - (size_t)seed % 1100, MSG_NOSIGNAL | MSG_DONTWAIT);
	host_pump(both, 2, 0);
	return fd;
}

TEST(a_crowd_keeps_nobody_out)
{
	int fds[CROWD], n = 0;
	struct place at;
	long before;

	open_both();
	REQUIRE(place_parse(listen_with(&a), &at));
	host_for(both, 2, 50);
	before = host_anonymous_kib();
	for (int i = 0; i < CROWD; i++)
		fds[n++] = come_with_rubbish(&at, i);
	for (int i = 0; scheme()->datagrams && i < DATAGRAMS; i++)
		close(come_with_rubbish(&at, i));
	CHECK_EQ(leno_connect(b.node, scheme_dial(leno_uri(a.node, 0))), 0);
	CHECK(are_linked());
	CHECK(say_many(10, false, NULL));
	if (before > 0 && !getenv("LENO_SLOW"))
		CHECK(host_anonymous_kib() - before < 24 * 1024);
	while (n > 0)
		close(fds[--n]);
	host_for(both, 2, 100);
	CHECK_EQ(a.links, 1);
	close_both();
}

TEST(who_talks_rubbish_is_hung_up_on)
{
	static uint8_t rubbish[64 * 1024];
	int64_t end = host_now_ms() + LONG_MS;
	struct place at;
	ssize_t n = 0;
	int fd;

	if (scheme()->datagrams)
		SKIP("nobody hangs up on datagrams");
	open_both();
	REQUIRE(place_parse(listen_with(&a), &at));
	fd = place_connect(&at);
	REQUIRE(fd >= 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	memset(rubbish, 'x', sizeof rubbish);
	while (host_now_ms() < end) {
		send(fd, rubbish, sizeof rubbish, MSG_NOSIGNAL);
		n = recv(fd, rubbish, sizeof rubbish, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		host_pump(both, 2, 10);
	}
	CHECK(n == 0 || errno == ECONNRESET || errno == EPIPE);
	close(fd);
	close_both();
}

/* ---- bytes ------------------------------------------------------------------------------ */

TEST(bytes_may_come_one_by_one)
{
	struct relay *r;

	open_both();
	r = relay_start(listen_with(&a));
	relay_spoil(r, RELAY_DRIBBLE);
	CHECK_EQ(leno_connect(b.node, relay_uri(r)), 0);
	CHECK(are_linked());
	CHECK(say_many(50, false, NULL));
	CHECK_EQ(a.ups, 1);
	relay_stop(r);
	close_both();
}

TEST(rubbish_in_the_midst_costs_the_link_and_no_message)
{
	struct relay *r;

	open_both();
	r = relay_start(listen_with(&a));
	CHECK_EQ(leno_connect(b.node, relay_uri(r)), 0);
	CHECK(are_linked());
	for (int i = 0; i < 5; i++)
		CHECK(say_many(MESSAGES, true, r));
	CHECK(relay_injected(r) >= 5);
	if (!scheme()->datagrams && !scheme()->resumes)
		CHECK(b.downs > 0);
	CHECK(are_linked());
	relay_stop(r);
	close_both();
}

TEST(large_messages_arrive_whole)
{
	enum { LARGE = 8 << 20 };
	uint8_t *large = malloc(LARGE);
	uint64_t seq = 0;
	int64_t end = host_now_ms() + LONG_MS;

	open_both();
	CHECK_EQ(leno_connect(b.node, listen_with(&a)), 0);
	CHECK(are_linked());
	memset(large, 'L', LARGE);
	CHECK_EQ(leno_send(b.node, leno_self(a.node), "t", (leno_bytes){ large, LARGE }, &seq), 0);
	while (confirmed < seq && host_now_ms() < end)
		host_pump(both, 2, 20);
	CHECK_EQ(a.messages, 1);
	CHECK_EQ(a.bytes, LARGE);
	free(large);
	close_both();
}

/* ---- over and over ------------------------------------------------------------------------ */

/* Whether b went to a and left again. */
static bool cycle(const char *uri)
{
	return leno_connect(b.node, uri) == 0 && host_until(both, 2, &b.links, 1, LONG_MS) &&
	       host_until(both, 2, &a.links, 1, LONG_MS) &&
	       leno_disconnect(b.node, leno_self(a.node)) == 0 &&
	       host_until(both, 2, &b.links, 0, LONG_MS) &&
	       host_until(both, 2, &a.links, 0, LONG_MS);
}

TEST(ten_thousand_connections_leave_nothing_behind)
{
	const int cycles = getenv("LENO_SLOW") ? 300 : 10000;
	char uri[320];
	int descriptors = 0;
	long kib = 0;

	open_both();
	snprintf(uri, sizeof uri, "%s", listen_with(&a));
	for (int i = 0; i < cycles; i++) {
		if (i == cycles / 10) {
			host_for(both, 2, 1500); /* those that linger have gone */
			descriptors = host_descriptors();
			kib = host_anonymous_kib();
		}
		REQUIRE(cycle(uri));
	}
	host_for(both, 2, 1500);
	CHECK(host_descriptors() <= descriptors);
	if (kib > 0 && !getenv("LENO_SLOW"))
		CHECK(host_anonymous_kib() - kib < 1024);
	close_both();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		TEST_CASE(dials_that_cross_end_in_one_link_under_traffic),
		TEST_CASE(what_is_kept_comes_back),
		TEST_CASE(a_frozen_peer_is_noticed_and_comes_back),
		TEST_CASE(a_held_path_is_noticed_too),
		TEST_CASE(a_killed_peer_is_noticed_and_replaced),
		TEST_CASE(a_crowd_keeps_nobody_out),
		TEST_CASE(who_talks_rubbish_is_hung_up_on),
		TEST_CASE(bytes_may_come_one_by_one),
		TEST_CASE(rubbish_in_the_midst_costs_the_link_and_no_message),
		TEST_CASE(large_messages_arrive_whole),
		TEST_CASE(ten_thousand_connections_leave_nothing_behind),
	};
	int result;

	if (child_main(argc, argv))
		return 0;
	if (argc < 2 || !scheme_choose(argv[1])) {
		fprintf(stderr, "conform SCHEME [TEST]: no such scheme\n");
		return 2;
	}
	result = check_run(argv[1], cases, sizeof cases / sizeof *cases, argc - 1, argv + 1);
	scheme_end();
	return result;
}
