/* test_crowd.c - strangers in numbers at doors, whose places others need.
 *
 * covers: src/driver/uv/polled_serve.c src/driver/uv/udp.c src/driver/uv/pipe.c */
#include "host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "transport/dgram.h"

enum { PATIENCE = 5000, CROWD = 64 };

/* A connection to where this node listens first. */
static int knock(struct host *h, int type)
{
	const char *uri = leno_uri(h->node, 0);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	at.sin_port = htons((uint16_t)strtoul(strrchr(uri, ':') + 1, NULL, 10));
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
		abort();
	return fd;
}

/* Who was refused is waited for, so that it hears why: but not with as many descriptors as it likes. */
TEST(who_was_refused_holds_few_descriptors)
{
	enum { MANY = 420, FEW = 256 };
	static const char *const rows[] = { "tcp://127.0.0.1:0", "ws://127.0.0.1:0" };
	static const char garbage[] = "this is neither a node nor a browser\r\n\r\n";

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct host a, b;
		struct host *both[] = { &a, &b };
		int fds[MANY], before;

		CHECK_ROW(rows[i]);
		host_open(&a);
		host_open(&b);
		CHECK_EQ(leno_listen(a.node, rows[i]), 0);
		before = host_descriptors();
		for (int k = 0; k < MANY; k++) {
			fds[k] = knock(&a, SOCK_STREAM);
			CHECK(send(fds[k], garbage, sizeof garbage - 1, MSG_NOSIGNAL) > 0);
			host_pump(both, 1, 1);
		}
		CHECK(host_descriptors() - before - MANY <= FEW + 64);
		CHECK_EQ(leno_connect(b.node, leno_uri(a.node, 0)), 0);
		CHECK(host_until(both, 2, &a.links, 1, PATIENCE));
		for (int k = 0; k < MANY; k++)
			close(fds[k]);
		leno_close(a.node);
		leno_close(b.node);
	}
}

/* The status of the answer to a POST that makes this session; 0: none came. */
static int post(struct host *h, int fd, unsigned session)
{
	int64_t end = host_now_ms() + PATIENCE;
	char text[1024];
	ssize_t got = -1;
	int n = snprintf(text, sizeof text,
	                 "POST /?leno=%032x&at=0&got=0 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nl",
	                 session);

	if (send(fd, text, (size_t)n, MSG_NOSIGNAL) != n)
		return 0;
	while (got < 0 && host_now_ms() < end) {
		host_pump(&h, 1, 1);
		got = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
	}
	text[got > 0 ? got : 0] = '\0';
	return got > 0 ? atoi(text + strlen("HTTP/1.1 ")) : 0;
}

/* Sessions of strangers give way as strangers do: those that did hold no place of those to come. */
TEST(sessions_that_gave_way_hold_no_places)
{
	struct host a, b;
	struct host *both[] = { &a, &b };
	int fd, refused = 0;

	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(a.node, "http://127.0.0.1:0"), 0);
	fd = knock(&a, SOCK_STREAM);
	for (unsigned i = 0; i < 600; i++)
		refused += post(&a, fd, i) != 200;
	CHECK_EQ(refused, 0);
	CHECK_EQ(leno_connect(b.node, leno_uri(a.node, 0)), 0);
	CHECK(host_until(both, 2, &a.links, 1, PATIENCE));
	leno_close(a.node);
	leno_close(b.node);
	close(fd);
}

enum { NOW_US = 1000000 };     /* their clocks stand still: so nobody says anything twice */

static void nothing(void *user, uint8_t *data, size_t size)
{
}

/* What each of them has to say now. */
static void say(int fd, struct dgram *const *crowd)
{
	uint8_t buf[DGRAM_MOST];
	struct dgram_address to;
	size_t n;

	for (int i = 0; i < CROWD; i++)
		while ((n = dgram_make(crowd[i], buf, NOW_US, &to)) > 0)
			send(fd, buf, n, 0);
}

/* What came for them. How many of them have their connection now. */
static int hear(int fd, struct dgram *const *crowd)
{
	static const struct dgram_address door = { .size = 1 };
	uint8_t buf[DGRAM_MOST];
	int open = 0;
	ssize_t got;

	while ((got = recv(fd, buf, sizeof buf, MSG_DONTWAIT)) > 0)
		for (int i = 0; i < CROWD; i++)
			if (got > 2 + DGRAM_ID && memcmp(buf + 2, dgram_id(crowd[i]), DGRAM_ID) == 0)
				dgram_take(crowd[i], &door, buf, (size_t)got, NOW_US, nothing, NULL);
	for (int i = 0; i < CROWD; i++)
		open += dgram_is_open(crowd[i]);
	return open;
}

/* So many greet the node, prove where they are, and are silent. How many were
 * taken in. */
static int greet(struct host *h, int fd, struct dgram_share *share, uint8_t round)
{
	int64_t end = host_now_ms() + PATIENCE;
	struct dgram *crowd[CROWD];
	int open = 0;

	for (int i = 0; i < CROWD; i++) {
		struct dgram_setup setup = { .share = share, .peer = { .size = 1 },
			                     .seed = { round, (uint8_t)i, 7 } };

		crowd[i] = dgram_dial(&setup, NOW_US);
	}
	while (open < CROWD && host_now_ms() < end) {
		say(fd, crowd);
		host_pump(&h, 1, 5);
		open = hear(fd, crowd);
	}
	for (int i = 0; i < CROWD; i++)
		dgram_free(crowd[i]);
	return open;
}

/* The same of connections over datagrams, of which one address may make as many as it likes. */
TEST(datagrams_that_gave_way_hold_no_places)
{
	struct dgram_share share = { .hold = { 0, 1 << 20 } };
	struct host a, b;
	struct host *both[] = { &a, &b };
	int fd;

	pool_init(&share.pool, 16);
	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(a.node, "udp://127.0.0.1:0"), 0);
	fd = knock(&a, SOCK_DGRAM);
	for (uint8_t i = 0; i < 24; i++)
		CHECK_EQ(greet(&a, fd, &share, i), CROWD);
	CHECK_EQ(leno_connect(b.node, leno_uri(a.node, 0)), 0);
	CHECK(host_until(both, 2, &a.links, 1, PATIENCE));
	leno_close(a.node);
	leno_close(b.node);
	pool_clear(&share.pool);
	close(fd);
}

TEST_MAIN(TEST_CASE(who_was_refused_holds_few_descriptors),
          TEST_CASE(datagrams_that_gave_way_hold_no_places),
          TEST_CASE(sessions_that_gave_way_hold_no_places))
