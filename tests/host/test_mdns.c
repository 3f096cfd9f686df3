/* Nodes of one process that find each other by multicast DNS, over a loopback interface of
 * a network namespace that this test makes for itself.
 * covers: src/driver/uv/mdns.c src/driver/uv/mdns_stack.c src/driver/uv/avahi_poll.c
 * covers: src/driver/uv/avahi_lib.c */
#include "host.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/mem.h"

enum { FINDS_MS = 15000 };

static bool lo_is(bool up)
{
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool good = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &lo) == 0;

	lo.ifr_flags = (short)(up ? lo.ifr_flags | IFF_UP : lo.ifr_flags & ~IFF_UP);
	good = good && ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
	if (fd >= 0)
		close(fd);
	return good;
}

/* Once for the process; nothing of these tests may leave it. */
static bool alone(void)
{
	static int state;

	if (state == 0)
		state = (unshare(CLONE_NEWNET) == 0 ||
		         unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) &&
		                        lo_is(true)
		                ? 1
		                : -1;
	return state == 1;
}

#define REQUIRE_ALONE()                                                         \
	do {                                                                    \
		if (!alone())                                                   \
			SKIP("this machine lets us make no network namespace"); \
	} while (0)

static void open_in(struct host *h, const char *network, bool listens)
{
	leno_options options = { .network = network, .anonymous = true };

	CHECK_EQ(host_open_with(h, &options), 0);
	if (listens)
		CHECK_EQ(leno_listen(h->node, "tcp://127.0.0.1:0"), 0);
	CHECK_EQ(leno_discover(h->node, "mdns:"), 0);
}

TEST(two_find_each_other)
{
	struct host a, b, *both[] = { &a, &b };

	REQUIRE_ALONE();
	open_in(&a, "one", true);
	open_in(&b, "one", true);
	CHECK_EQ(leno_discover(a.node, "mdns:"), 0); /* once is enough */
	CHECK(host_until(both, 2, &a.links, 1, FINDS_MS));
	CHECK(host_until(both, 2, &b.links, 1, FINDS_MS));
	host_say(&a, leno_self(b.node), "hello");
	CHECK(host_until(both, 2, &b.messages, 1, FINDS_MS));
	leno_close(a.node);
	CHECK(host_until(both + 1, 1, &b.links, 0, FINDS_MS));
	leno_close(b.node);
}

/* One listens at nothing: it browses only, and dials. A door that opens later is offered. */
TEST(who_only_looks_finds_a_door_that_opens_later)
{
	struct host a, b, *both[] = { &a, &b };

	REQUIRE_ALONE();
	open_in(&a, "two", false);
	open_in(&b, "two", false);
	host_for(both, 2, 1500);
	CHECK_EQ(a.links + b.links, 0);
	CHECK_EQ(leno_listen(a.node, "tcp://127.0.0.1:0"), 0);
	CHECK(host_until(both, 2, &b.links, 1, FINDS_MS));
	leno_close(b.node);
	leno_close(a.node);
}

/* Who wants no more of it keeps its links, offers nothing, finds nobody; and may begin anew. */
TEST(what_was_asked_for_is_taken_back)
{
	struct host a, b, c, *all[] = { &a, &b, &c };

	REQUIRE_ALONE();
	open_in(&a, "back", true);
	open_in(&b, "back", false);
	CHECK(host_until(all, 2, &b.links, 1, FINDS_MS));
	CHECK_EQ(leno_undiscover(a.node, "mdns:"), 0);
	CHECK_EQ(leno_undiscover(a.node, "mdns:"), LENO_URI);
	CHECK_EQ(leno_undiscover(b.node, "mdns:"), 0);
	open_in(&c, "back", true);
	host_for(all, 3, 1500);
	CHECK(a.links == 1 && b.links == 1 && a.downs == 0 && c.ups == 0);
	CHECK_EQ(leno_discover(b.node, "mdns:"), 0);
	CHECK(host_until(all, 3, &c.links, 1, FINDS_MS));
	leno_close(a.node);
	leno_close(b.node);
	leno_close(c.node);
}

TEST(networks_do_not_mix)
{
	struct host a, b, c, *all[] = { &a, &b, &c };

	REQUIRE_ALONE();
	open_in(&a, "three", true);
	open_in(&b, "four", true);
	open_in(&c, "three", true);
	CHECK(host_until(all, 3, &c.links, 1, FINDS_MS));
	host_for(all, 3, 2000);
	CHECK_EQ(b.ups, 0);
	CHECK_EQ(a.links, 1);
	CHECK_EQ(c.links, 1);
	leno_close(a.node);
	leno_close(b.node);
	leno_close(c.node);
}

/* The link breaks, and the process that led to it stays: it is dialled again. */
TEST(what_is_lost_is_found_again)
{
	struct host a, b, *both[] = { &a, &b };
	char uri[320];

	REQUIRE_ALONE();
	open_in(&a, "five", true);
	open_in(&b, "five", false);
	CHECK(host_until(both, 2, &b.links, 1, FINDS_MS));
	snprintf(uri, sizeof uri, "%s", leno_uri(a.node, 0));
	leno_close(a.node);
	CHECK(host_until(both + 1, 1, &b.links, 0, FINDS_MS));
	open_in(&a, "five", true);
	CHECK(host_until(both, 2, &b.links, 1, FINDS_MS));
	leno_close(a.node);
	leno_close(b.node);
}

/* An interface that comes up later is seen, and what is offered there follows. */
TEST(interfaces_come_and_go)
{
	struct host a, b, *both[] = { &a, &b };

	REQUIRE_ALONE();
	CHECK(lo_is(false));
	open_in(&a, "six", true);
	open_in(&b, "six", true);
	host_for(both, 2, 300);
	CHECK_EQ(a.links, 0);
	CHECK(lo_is(true));
	CHECK(host_until(both, 2, &a.links, 1, FINDS_MS));
	leno_close(a.node);
	leno_close(b.node);
}

TEST(what_is_refused)
{
	leno_options options = { 0 };
	struct host a;

	REQUIRE_ALONE();
	CHECK_EQ(host_open_with(&a, &options), 0);
	/* It would let in, and dial, whoever is on the network. */
	CHECK_EQ(leno_discover(a.node, "mdns:"), LENO_OPEN_NETWORK);
	CHECK_EQ(leno_discover(a.node, "mdns:local"), LENO_URI);
	leno_close(a.node);
}

/* At any moment, with all that is under way. */
TEST(closing_leaves_no_descriptor)
{
	int before;

	REQUIRE_ALONE();
	for (int i = 0; i < 12; i++) {
		struct host a, b, *both[] = { &a, &b };

		if (i == 1) /* the library, once loaded, stays */
			before = host_descriptors();
		open_in(&a, "seven", true);
		open_in(&b, "seven", i % 2);
		host_for(both, 2, 80 * i);
		leno_close(a.node);
		leno_close(b.node);
	}
	CHECK_EQ(host_descriptors(), before);
}

static void close_on_link(leno_node *node, void *user, const leno_id *peer, const char *uri)
{
	leno_close(node);
}

TEST(closing_within_a_callback)
{
	static const leno_handlers handlers = { .link_up = close_on_link };
	leno_options options = { .network = "eight", .anonymous = true };
	struct host a, *only = &a;
	leno_node *node;
	int error = 0;

	REQUIRE_ALONE();
	open_in(&a, "eight", true);
	CHECK_EQ(leno_open(&node, &options, &handlers, NULL), 0);
	CHECK_EQ(leno_discover(node, "mdns:"), 0);
	for (int64_t end = host_now_ms() + FINDS_MS; error == 0 && host_now_ms() < end;) {
		error = leno_step(node);
		host_pump(&only, 1, 1);
	}
	CHECK_EQ(error, LENO_CLOSED);
	leno_close(a.node);
}

/* Who never says mdns: neither loads nor needs the library: so this test comes first. */
TEST(who_does_not_ask_does_not_pay)
{
	struct host a;

	host_open(&a);
	CHECK(dlopen("libavahi-core.so.7", RTLD_NOW | RTLD_NOLOAD) == NULL);
	leno_close(a.node);
}

/* ---- scarcity ----------------------------------------------------------------------- */

/* Whatever fails, fails. */
static void live_a_little(int64_t ms)
{
	leno_options options = { .network = "nine", .anonymous = true };
	struct host a, *only = &a;

	if (host_open_with(&a, &options) < 0)
		return;
	leno_listen(a.node, "tcp://127.0.0.1:0");
	leno_discover(a.node, "mdns:");
	host_for(&only, 1, ms);
	leno_close(a.node);
}

TEST(each_allocation_may_fail)
{
	size_t total;

	REQUIRE_ALONE();
	mem_fail(SIZE_MAX, 0);
	live_a_little(300);
	total = mem_fail(0, 0);
	CHECK(total > 10);
	for (size_t nth = 1; nth <= total; nth++) {
		mem_fail(nth, 0);
		live_a_little(30);
		mem_fail(nth, 1);
		live_a_little(30);
	}
	mem_fail(0, 0);
}

TEST(each_descriptor_may_be_missing)
{
	struct rlimit all, few;
	int before;

	REQUIRE_ALONE();
	before = host_descriptors();
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &all), 0);
	for (int more = 0; more < 24; more++) {
		few = all;
		few.rlim_cur = (rlim_t)(before + more);
		CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
		live_a_little(30);
		CHECK_EQ(setrlimit(RLIMIT_NOFILE, &all), 0);
	}
	CHECK_EQ(host_descriptors(), before);
}

/* ---- hostile neighbours ------------------------------------------------------------- */

static int neighbour(void)
{
	struct ip_mreqn lo = { .imr_address.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(5353) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof lo);
	return bind(fd, (struct sockaddr *)&at, sizeof at) == 0 ? fd : -1;
}

static void shout(int fd, const void *packet, size_t size)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5353) };

	inet_pton(AF_INET, "224.0.0.251", &to.sin_addr);
	sendto(fd, packet, size, 0, (struct sockaddr *)&to, sizeof to);
}

/* An answer with an alias of the name that is browsed for, which says that it is an alias of
 * itself, and which is short-lived: of each the library of Debian 12 dies. */
static uint8_t *put(uint8_t *at, const void *data, size_t size)
{
	memcpy(at, data, size);
	return at + size;
}

static uint8_t *put_name(uint8_t *at, const char *subtype)
{
	static const char tail[] = "\4_sub\5_leno\4_tcp\5local";

	*at++ = (uint8_t)strlen(subtype);
	at = put(at, subtype, strlen(subtype));
	return put(at, tail, sizeof tail);
}

static size_t alias(uint8_t *packet, const char *subtype, const char *target)
{
	uint8_t *at = put(packet, "\0\0\204\0\0\0\0\1\0\0\0\0", 12), *size;

	at = put_name(at, subtype);
	at = put(at, "\0\5\200\1\0\0\0\1\0", 9);
	size = at++;
	at = put_name(at, target);
	*size = (uint8_t)(at - size - 1);
	return (size_t)(at - packet);
}

TEST(aliases_kill_nobody)
{
	struct host a, b, *both[] = { &a, &b };
	uint8_t packet[256];
	int fd;

	REQUIRE_ALONE();
	fd = neighbour();
	CHECK(fd >= 0);
	open_in(&a, "home", true);
	for (int i = 0; i < 40; i++) { /* over two seconds and longer than their life */
		shout(fd, packet, alias(packet, "_a05c0ad6", i % 2 ? "_a05c0ad6" : "_x"));
		host_for(both, 1, 60);
	}
	open_in(&b, "home", true);
	CHECK(host_until(both, 2, &b.links, 1, FINDS_MS));
	leno_close(a.node);
	leno_close(b.node);
	close(fd);
}

TEST_MAIN(TEST_CASE(who_does_not_ask_does_not_pay), TEST_CASE(two_find_each_other),
          TEST_CASE(who_only_looks_finds_a_door_that_opens_later), TEST_CASE(networks_do_not_mix),
          TEST_CASE(what_was_asked_for_is_taken_back),
          TEST_CASE(what_is_lost_is_found_again), TEST_CASE(interfaces_come_and_go),
          TEST_CASE(what_is_refused), TEST_CASE(closing_leaves_no_descriptor),
          TEST_CASE(closing_within_a_callback), TEST_CASE(each_allocation_may_fail),
          TEST_CASE(each_descriptor_may_be_missing), TEST_CASE(aliases_kill_nobody))
