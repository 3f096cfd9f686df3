/* test_crowd.c - strangers in numbers at doors, whose places others need.
 *
 * covers: src/driver/uv/polled_serve.c src/driver/uv/udp.c src/driver/uv/pipe.c */
#include "host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { PATIENCE = 5000 };

/* A connection to where this node listens first. */
static int knock(struct host *h)
{
	const char *uri = leno_uri(h->node, 0);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_port = htons((uint16_t)strtoul(strrchr(uri, ':') + 1, NULL, 10));
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
		abort();
	return fd;
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
	fd = knock(&a);
	for (unsigned i = 0; i < 600; i++)
		refused += post(&a, fd, i) != 200;
	CHECK_EQ(refused, 0);
	CHECK_EQ(leno_connect(b.node, leno_uri(a.node, 0)), 0);
	CHECK(host_until(both, 2, &a.links, 1, PATIENCE));
	leno_close(a.node);
	leno_close(b.node);
	close(fd);
}

TEST_MAIN(TEST_CASE(sessions_that_gave_way_hold_no_places))
