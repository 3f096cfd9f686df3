/* tcp: who listens where, who reaches whom.
 * covers: src/driver/uv/tcp.c src/driver/uv/dial.c src/driver/uv/listen.c
 * covers: src/driver/uv/resolve.c src/driver/uv/pipe.c src/driver/uv/socket.c
 * covers: src/driver/uv/door.c */
#include "host.h"

#include <netdb.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* a listens, b connects: do they meet, and talk? */
static void meet(const char *listen, const char *to_host)
{
	struct host a, b, *both[] = { &a, &b };
	leno_options options = { .anonymous = true };
	char uri[320];

	CHECK_EQ(host_open_with(&a, &options), 0);
	host_open(&b);
	CHECK_EQ(leno_listen(a.node, listen), 0);
	REQUIRE(leno_uri(a.node, 0) != NULL);
	CHECK(!leno_uri(a.node, 1));
	snprintf(uri, sizeof uri, "tcp://%s%s", to_host, strrchr(leno_uri(a.node, 0), ':'));
	CHECK(strstr(uri, ":0") == NULL);
	CHECK_EQ(leno_connect(b.node, uri), 0);
	CHECK(host_until(both, 2, &a.links, 1, 5000));
	CHECK(host_until(both, 2, &b.links, 1, 5000));
	CHECK_STR(b.uri, uri);
	host_say(&b, leno_self(a.node), "hello");
	CHECK(host_until(both, 2, &a.messages, 1, 5000));
	host_say(&a, leno_self(b.node), "hello yourself");
	CHECK(host_until(both, 2, &b.messages, 1, 5000));
	leno_close(b.node);
	CHECK(host_until((struct host *[]){ &a }, 1, &a.downs, 1, 5000));
	leno_close(a.node);
}

static bool has_ipv6(void)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool bound = bind(fd, (struct sockaddr *)&at, sizeof at) == 0;

	close(fd);
	return bound;
}

TEST(two_meet_by_ipv4)
{
	meet("tcp://127.0.0.1:0", "127.0.0.1");
}

TEST(two_meet_by_name)
{
	struct addrinfo *found = NULL;

	if (getaddrinfo("localhost", NULL, NULL, &found))
		SKIP("this system does not know localhost");
	freeaddrinfo(found);
	meet("tcp://127.0.0.1:0", "localhost");
	meet("tcp://localhost:0", "localhost");
}

TEST(two_meet_by_ipv6)
{
	if (!has_ipv6())
		SKIP("no IPv6 here");
	meet("tcp://[::1]:0", "[::1]");
}

static int listen_once(const char *uri, bool anonymous)
{
	leno_options options = { .anonymous = anonymous };
	struct host h;
	int error;

	if (host_open_with(&h, &options) < 0)
		abort();
	error = leno_listen(h.node, uri);
	CHECK_EQ(!!leno_uri(h.node, 0), error == 0);
	leno_close(h.node);
	return error;
}

TEST(an_open_network_stays_on_loopback)
{
	CHECK_EQ(listen_once("tcp://127.0.0.1:0", false), 0);
	CHECK_EQ(listen_once("tcp://127.1.2.3:0", false), 0);
	CHECK_EQ(listen_once("tcp://0.0.0.0:0", false), LENO_OPEN_NETWORK);
	CHECK_EQ(listen_once("tcp://*:0", false), LENO_OPEN_NETWORK);
	CHECK_EQ(listen_once("tcp://0.0.0.0:0", true), 0);
	CHECK_EQ(listen_once("tcp://*:0", true), 0);
	if (has_ipv6())
		CHECK_EQ(listen_once("tcp://[::]:0", false), LENO_OPEN_NETWORK);
}

TEST(a_secret_opens_the_door)
{
	leno_options options = { .secret = { "0123456789abcdef0123456789abcdef", 32 } };
	struct host h;

	CHECK_EQ(host_open_with(&h, &options), 0);
	CHECK_EQ(leno_listen(h.node, "tcp://0.0.0.0:0"), 0);
	leno_close(h.node);
}

TEST(what_cannot_be_listened_at)
{
	CHECK_EQ(listen_once("tcp://192.0.2.1:0", true), LENO_ADDRESS);
	CHECK_EQ(listen_once("tcp://no-such-name.invalid:0", true), LENO_ADDRESS);
	CHECK_EQ(listen_once("tcp://127.0.0.1", true), LENO_URI);
	CHECK_EQ(listen_once("smoke:signals", true), LENO_URI);
}

TEST(a_port_in_use_is_told)
{
	struct host a, b;

	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(a.node, "tcp://127.0.0.1:0"), 0);
	CHECK_EQ(leno_listen(b.node, leno_uri(a.node, 0)), LENO_ADDRESS_IN_USE);
	CHECK(!leno_uri(b.node, 0));
	leno_close(a.node);
	leno_close(b.node);
}

/* tcp://[::] leaves IPv4 alone; an asterisk takes both. */
TEST(both_families_side_by_side)
{
	leno_options options = { .anonymous = true };
	struct host h;
	char uri[320];

	if (!has_ipv6())
		SKIP("no IPv6 here");
	CHECK_EQ(host_open_with(&h, &options), 0);
	CHECK_EQ(leno_listen(h.node, "tcp://[::]:0"), 0);
	snprintf(uri, sizeof uri, "tcp://0.0.0.0%s", strrchr(leno_uri(h.node, 0), ':'));
	CHECK_EQ(leno_listen(h.node, uri), 0);
	leno_close(h.node);
	meet("tcp://*:0", "[::1]");
	meet("tcp://*:0", "127.0.0.1");
}

/* Bound to one address, it is not found at another. */
TEST(the_bind_address_is_honoured)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct host a;
	int fd;

	host_open(&a);
	CHECK_EQ(leno_listen(a.node, "tcp://127.0.0.2:0"), 0);
	CHECK(strncmp(leno_uri(a.node, 0), "tcp://127.0.0.2:", 16) == 0);
	at.sin_port = htons((uint16_t)atoi(strrchr(leno_uri(a.node, 0), ':') + 1));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(fd, (struct sockaddr *)&at, sizeof at) < 0);
	close(fd);
	leno_close(a.node);
}

TEST(what_cannot_be_dialled)
{
	struct host a;

	host_open(&a);
	CHECK_EQ(leno_connect(a.node, "tcp://127.0.0.1:0"), LENO_URI);
	CHECK_EQ(leno_connect(a.node, "tcp://*:7000"), LENO_URI);
	CHECK_EQ(leno_connect(a.node, "tcp://127.0.0.1"), LENO_URI);
	CHECK_EQ(leno_connect(a.node, NULL), LENO_URI);
	/* Nobody is there, or the name is no name: quietly tried again. */
	CHECK_EQ(leno_connect(a.node, "tcp://127.0.0.1:1"), 0);
	CHECK_EQ(leno_connect(a.node, "tcp://no-such-name.invalid:7000"), 0);
	CHECK_EQ(leno_connect(a.node, "local:/no/such/socket"), 0);
	host_for((struct host *[]){ &a }, 1, 100);
	CHECK_EQ(a.ups, 0);
	leno_close(a.node); /* while names are looked up, perhaps */
}

/* Who listens later is found. */
TEST(a_late_listener_is_found)
{
	struct host a, b, *both[] = { &a, &b };
	char uri[320];

	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(b.node, "tcp://127.0.0.1:0"), 0);
	strcpy(uri, leno_uri(b.node, 0));
	leno_close(b.node);
	CHECK_EQ(leno_connect(a.node, uri), 0);
	host_for((struct host *[]){ &a }, 1, 100);
	host_open(&b);
	CHECK_EQ(leno_listen(b.node, uri), 0);
	CHECK(host_until(both, 2, &a.links, 1, 10000));
	CHECK_STR(leno_uri(b.node, 0), uri);
	leno_close(a.node);
	leno_close(b.node);
}

static int connect_raw(const char *uri)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_port = htons((uint16_t)atoi(strrchr(uri, ':') + 1));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Without descriptors, those who wait are told, nobody spins, and once there is room
 * again, all is as before. */
TEST(running_out_of_descriptors_passes)
{
	struct host a, b, *both[] = { &a, &b };
	struct rlimit before, tight;
	int raw[4], fillers[64], n = 0;
	clock_t used;

	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(a.node, "tcp://127.0.0.1:0"), 0);
	for (int i = 0; i < 4; i++)
		raw[i] = connect_raw(leno_uri(a.node, 0));
	getrlimit(RLIMIT_NOFILE, &before);
	tight = before;
	tight.rlim_cur = (rlim_t)raw[3] + 8;
	setrlimit(RLIMIT_NOFILE, &tight);
	while (n < 64 && (fillers[n] = dup(0)) >= 0)
		n++;
	CHECK(n < 64);
	used = clock();
	host_for((struct host *[]){ &a }, 1, 500);
	CHECK(clock() - used < CLOCKS_PER_SEC / 4);
	for (int i = 0; i < 4; i++) {
		char byte;

		CHECK(recv(raw[i], &byte, 1, MSG_DONTWAIT) == 0); /* turned away */
		close(raw[i]);
	}
	while (n > 0)
		close(fillers[--n]);
	setrlimit(RLIMIT_NOFILE, &before);
	CHECK_EQ(leno_connect(b.node, leno_uri(a.node, 0)), 0);
	CHECK(host_until(both, 2, &b.links, 1, 5000));
	leno_close(a.node);
	leno_close(b.node);
}

static void connect_and_leave(struct host *a)
{
	struct host b, *both[] = { a, &b };
	int ups = a->ups;

	host_open(&b);
	CHECK_EQ(leno_connect(b.node, leno_uri(a->node, 0)), 0);
	CHECK(host_until(both, 2, &a->ups, ups + 1, 5000));
	CHECK(host_until(both, 2, &b.links, 1, 5000));
	leno_close(b.node);
	CHECK(host_until(both, 1, &a->links, 0, 5000));
}

/* A thousand come and go, and nothing grows. */
TEST(a_thousand_cycles_leave_nothing)
{
	int cycles = getenv("LENO_SLOW") ? 100 : 1000, descriptors;
	struct host a;
	long before;

	host_open(&a);
	CHECK_EQ(leno_listen(a.node, "tcp://127.0.0.1:0"), 0);
	for (int i = 0; i < cycles / 5; i++)
		connect_and_leave(&a);
	host_for((struct host *[]){ &a }, 1, 10);
	descriptors = host_descriptors();
	before = host_anonymous_kib();
	for (int i = 0; i < cycles; i++)
		connect_and_leave(&a);
	host_for((struct host *[]){ &a }, 1, 10);
	CHECK_EQ(host_descriptors(), descriptors);
	if (!getenv("LENO_SLOW"))
		CHECK(host_anonymous_kib() - before < 2048);
	leno_close(a.node);
}

/* A stranger who says nothing and leaves, or talks rubbish, harms nobody. */
TEST(strangers_come_and_go)
{
	struct host a, b, *both[] = { &a, &b };
	char rubbish[4096];
	int fd;

	memset(rubbish, 'x', sizeof rubbish);
	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(a.node, "tcp://127.0.0.1:0"), 0);
	for (int i = 0; i < 20; i++) {
		fd = connect_raw(leno_uri(a.node, 0));
		if (i % 2)
			send(fd, rubbish, sizeof rubbish, MSG_NOSIGNAL);
		host_pump((struct host *[]){ &a }, 1, 10);
		close(fd);
	}
	CHECK_EQ(leno_connect(b.node, leno_uri(a.node, 0)), 0);
	CHECK(host_until(both, 2, &b.links, 1, 5000));
	leno_close(a.node);
	leno_close(b.node);
}

TEST_MAIN(TEST_CASE(two_meet_by_ipv4), TEST_CASE(two_meet_by_name), TEST_CASE(two_meet_by_ipv6),
          TEST_CASE(an_open_network_stays_on_loopback), TEST_CASE(a_secret_opens_the_door),
          TEST_CASE(what_cannot_be_listened_at), TEST_CASE(a_port_in_use_is_told),
          TEST_CASE(both_families_side_by_side), TEST_CASE(the_bind_address_is_honoured),
          TEST_CASE(what_cannot_be_dialled), TEST_CASE(a_late_listener_is_found),
          TEST_CASE(running_out_of_descriptors_passes), TEST_CASE(a_thousand_cycles_leave_nothing),
          TEST_CASE(strangers_come_and_go))
