/* udp: who meets whom, what strangers cost, and what is left when all have gone.
 * covers: src/driver/uv/udp.c src/driver/uv/udp_socket.c */
#include "host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "transport/dgram_wire.h"

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
	snprintf(uri, sizeof uri, "udp://%s%s", to_host, strrchr(leno_uri(a.node, 0), ':'));
	CHECK_EQ(leno_connect(b.node, uri), 0);
	CHECK(host_until(both, 2, &a.links, 1, 5000));
	CHECK(host_until(both, 2, &b.links, 1, 5000));
	CHECK_STR(b.uri, uri);
	CHECK(strncmp(a.uri, "udp://", 6) == 0);
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
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	bool bound = bind(fd, (struct sockaddr *)&at, sizeof at) == 0;

	close(fd);
	return bound;
}

TEST(two_meet_by_ipv4_and_by_name)
{
	meet("udp://127.0.0.1:0", "127.0.0.1");
	meet("udp://localhost:0", "localhost");
	meet("udp://127.0.0.7:0", "127.0.0.7");
}

/* The answer comes from the address that was asked, whatever the system would choose. */
TEST(all_addresses_answer_as_themselves)
{
	meet("udp://0.0.0.0:0", "127.0.0.9");
	if (!has_ipv6())
		SKIP("no IPv6 here");
	meet("udp://[::1]:0", "[::1]");
	meet("udp://*:0", "[::1]");
	meet("udp://*:0", "127.0.0.9");
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

TEST(doors_are_as_those_of_tcp)
{
	struct host a, b;

	CHECK_EQ(listen_once("udp://127.0.0.1:0", false), 0);
	CHECK_EQ(listen_once("udp://0.0.0.0:0", false), LENO_OPEN_NETWORK);
	CHECK_EQ(listen_once("udp://*:0", false), LENO_OPEN_NETWORK);
	CHECK_EQ(listen_once("udp://*:0", true), 0);
	CHECK_EQ(listen_once("udp://192.0.2.1:0", true), LENO_ADDRESS);
	CHECK_EQ(listen_once("udp://no-such-name.invalid:0", true), LENO_ADDRESS);
	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(a.node, "udp://127.0.0.1:0"), 0);
	CHECK_EQ(leno_listen(b.node, leno_uri(a.node, 0)), LENO_ADDRESS_IN_USE);
	CHECK_EQ(leno_connect(b.node, "udp://127.0.0.1:0"), LENO_URI);
	leno_close(a.node);
	leno_close(b.node);
}

/* Nobody is there yet; who listens later is found. */
TEST(a_late_listener_is_found)
{
	struct host a, b, *both[] = { &a, &b };
	char uri[320];

	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(b.node, "udp://127.0.0.1:0"), 0);
	strcpy(uri, leno_uri(b.node, 0));
	leno_close(b.node);
	CHECK_EQ(leno_connect(a.node, uri), 0);
	host_for((struct host *[]){ &a }, 1, 100);
	host_open(&b);
	CHECK_EQ(leno_listen(b.node, uri), 0);
	CHECK(host_until(both, 2, &a.links, 1, 10000));
	leno_close(a.node);
	leno_close(b.node);
}

/* Large messages both ways, in a mesh where one link is tcp and the other udp. */
TEST(bytes_pass_between_tcp_and_udp)
{
	struct host a, b, c, *all[] = { &a, &b, &c };
	enum { SIZE = 1 << 20, N = 8 };
	static char data[SIZE];
	int64_t end;

	host_open(&a);
	host_open(&b);
	host_open(&c);
	CHECK_EQ(leno_listen(b.node, "tcp://127.0.0.1:0"), 0);
	CHECK_EQ(leno_listen(b.node, "udp://127.0.0.1:0"), 0);
	CHECK_EQ(leno_connect(a.node, leno_uri(b.node, 0)), 0);
	CHECK_EQ(leno_connect(c.node, leno_uri(b.node, 1)), 0);
	CHECK(host_until(all, 3, &b.links, 2, 5000));
	end = host_now_ms() + 20000;
	for (int to_c = 0, to_a = 0; to_c < N || to_a < N;) {
		leno_bytes bytes = { data, SIZE };

		if (to_c < N && leno_send(a.node, leno_self(c.node), "t", bytes, NULL) == 0)
			to_c++;
		if (to_a < N && leno_send(c.node, leno_self(a.node), "t", bytes, NULL) == 0)
			to_a++;
		host_pump(all, 3, 10);
		REQUIRE(host_now_ms() < end);
	}
	CHECK(host_until(all, 3, &c.messages, N, 20000));
	CHECK(host_until(all, 3, &a.messages, N, 20000));
	CHECK_EQ(c.bytes, (size_t)N * SIZE);
	leno_close(a.node);
	leno_close(b.node);
	leno_close(c.node);
}

/* A socket at an address of its own in 127/8, for who pretends to be many. */
static int stranger_at(unsigned i, const struct sockaddr_in *to)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(0x7f010000u + i);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
	    connect(fd, (const struct sockaddr *)to, sizeof *to) < 0)
		abort();
	return fd;
}

static size_t drain(int fd)
{
	uint8_t buf[2048];
	size_t all = 0;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof buf, 0)) > 0)
		all += (size_t)n;
	return all;
}

/* A hundred thousand first datagrams of strangers, from a thousand addresses; a third of them
 * is rubbish. No memory stays, less goes back than came, and who means it is let in meanwhile. */
TEST(a_flood_of_strangers)
{
	enum { STRANGERS = 100 };
	unsigned rounds = getenv("LENO_SLOW") ? 100 : 1000;
	struct host a, b, *both[] = { &a, &b };
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct dgram_cookie cookie = { 1, 2 };
	struct dgram_name name = { { 0 }, { 0 } };
	uint8_t hello[DGRAM_BASE];
	size_t came = 0, went = 0;
	int fds[STRANGERS];
	long before = 0;

	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(a.node, "udp://127.0.0.1:0"), 0);
	to.sin_port = htons((uint16_t)atoi(strrchr(leno_uri(a.node, 0), ':') + 1));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (unsigned i = 0; i < STRANGERS; i++)
		fds[i] = stranger_at(i + 1, &to);
	for (unsigned i = 0; i < rounds * STRANGERS; i++) {
		int fd = fds[i % STRANGERS];

		memcpy(name.id, &i, sizeof i);
		dgram_write_hello(hello, &name, &cookie);
		if (i % 3 == 0)
			memset(hello, (int)i, 64);
		if (send(fd, hello, sizeof hello, 0) > 0)
			came += sizeof hello;
		if (i % STRANGERS == STRANGERS - 1)
			host_pump((struct host *[]){ &a }, 1, 0);
		if (i % STRANGERS == STRANGERS - 1)
			for (unsigned k = 0; k < STRANGERS; k++)
				went += drain(fds[k]);
		if (i == rounds * STRANGERS / 10)
			before = host_anonymous_kib();
		if (i == rounds * STRANGERS / 2)
			CHECK_EQ(leno_connect(b.node, leno_uri(a.node, 0)), 0);
		if (i % STRANGERS == 0)
			host_pump((struct host *[]){ &b }, 1, 0);
	}
	CHECK(host_until(both, 2, &b.links, 1, 5000));
	CHECK(went > 0 && went * 30 < came);
	printf("%zu bytes came, %zu went back\n", came, went);
	if (!getenv("LENO_SLOW"))
		CHECK(host_anonymous_kib() - before < 3072);    /* a link's worth */
	for (unsigned i = 0; i < STRANGERS; i++)
		close(fds[i]);
	leno_close(a.node);
	leno_close(b.node);
}

TEST(a_closed_door_lets_nobody_in_and_its_links_live_on)
{
	struct host a, b, c, *all[] = { &a, &b, &c };
	char uri[320];

	host_open(&a);
	host_open(&b);
	host_open(&c);
	CHECK_EQ(leno_listen(a.node, "udp://127.0.0.1:0"), 0);
	snprintf(uri, sizeof uri, "%s", leno_uri(a.node, 0));
	CHECK_EQ(leno_connect(b.node, uri), 0);
	CHECK(host_until(all, 2, &a.links, 1, 5000));
	CHECK_EQ(leno_unlisten(a.node, uri), 0);
	CHECK_EQ(leno_unlisten(a.node, uri), LENO_URI);
	CHECK(!leno_uri(a.node, 0));
	CHECK_EQ(leno_connect(c.node, uri), 0);
	host_say(&b, leno_self(a.node), "hello");
	CHECK(host_until(all, 3, &a.messages, 1, 5000));
	CHECK(!host_until(all, 3, &c.links, 1, 300));
	CHECK_EQ(leno_listen(a.node, uri), LENO_ADDRESS_IN_USE);
	leno_close(b.node);
	CHECK(host_until((struct host *[]){ &a, &c }, 2, &a.downs, 1, 5000));
	CHECK_EQ(leno_listen(a.node, uri), 0);
	CHECK(host_until((struct host *[]){ &a, &c }, 2, &c.links, 1, 5000));
	leno_close(c.node);
	leno_close(a.node);
}

TEST_MAIN(TEST_CASE(a_closed_door_lets_nobody_in_and_its_links_live_on), TEST_CASE(two_meet_by_ipv4_and_by_name), TEST_CASE(all_addresses_answer_as_themselves),
          TEST_CASE(doors_are_as_those_of_tcp), TEST_CASE(a_late_listener_is_found),
          TEST_CASE(bytes_pass_between_tcp_and_udp),
          TEST_CASE(a_flood_of_strangers))
