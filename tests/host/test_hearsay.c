/* test_hearsay.c - where the word of another node leads a dial, and where not.
 *
 * covers: src/driver/uv/dial.c src/driver/uv/local.c src/driver/uv/advertise.c */
#include "host.h"
#include "wire/addresses.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <leno/engine.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { PATIENCE = 8000, SILENCE = 4000 /* whoever means to knock has */ };

/* A service that listens on loopback, and is no node. */
static int service(uint16_t *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 8) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &size) < 0)
		abort();
	*ret_port = ntohs(at.sin_port);
	return fd;
}

/* What it is told by whoever knocks within this time; "": nobody did. */
static const char *told(int service, struct host *const *hosts, size_t n, int64_t ms)
{
	static char text[512];
	int64_t end = host_now_ms() + ms;
	int fd = -1;
	ssize_t got = -1;

	text[0] = '\0';
	while (got < 1 && host_now_ms() < end) {
		host_pump(hosts, n, 20);
		if (fd < 0)
			fd = accept(service, NULL, NULL);
		if (fd >= 0)
			got = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
	}
	text[got > 0 ? got : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

/* Says that it is reached at this address, and on the machine where we all are. */
static void lie(struct host *h, const char *uri)
{
	leno_door door = { .uri = uri, .reach = LENO_REACH_MACHINE };
	char machine[128];
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, machine, 64);
	struct stat st;

	if (n < 1 || stat("/proc/self/ns/net", &st) < 0)
		abort();
	close(fd);
	n += snprintf(machine + n, sizeof machine - (size_t)n, "/%llu/%llu",
	              (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	CHECK_EQ(leno_engine_advertise(h->node, &door, 1, (leno_bytes){ machine, (size_t)n }), 0);
}

/* One of the mesh says that it is reached by HTTP at a path of its choice; who has no link to it
 * tries that by itself, and would have a service beside us do what the path means there. */
TEST(hearsay_names_no_path_to_who_speaks_without_tls)
{
	static const struct {
		const char *scheme, *path, *heard;
	} rows[] = {
		{ "http", "/reboot", "" },
		{ "ws", "/reboot", "" },
		{ "ws", "/", "GET / HTTP/1.1\r\n" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct host relay, liar, victim;
		struct host *all[] = { &relay, &liar, &victim };
		char uri[64];
		const char *heard;
		uint16_t port;
		int fd = service(&port);

		CHECK_ROW(rows[i].path);
		snprintf(uri, sizeof uri, "%s://127.0.0.1:%u%s", rows[i].scheme, port, rows[i].path);
		host_open(&relay);
		host_open(&victim);
		host_open(&liar);
		CHECK_EQ(leno_listen(relay.node, "tcp://127.0.0.1:0"), 0);
		CHECK_EQ(leno_connect(liar.node, leno_uri(relay.node, 0)), 0);
		CHECK_EQ(leno_connect(victim.node, leno_uri(relay.node, 0)), 0);
		CHECK(host_until(all, 3, &relay.links, 2, PATIENCE));
		host_for(all, 3, 100);         /* each says by itself where it is, a while after it opened */
		lie(&liar, uri);
		heard = told(fd, all, 3, rows[i].heard[0] ? PATIENCE : SILENCE);
		if (rows[i].heard[0])
			CHECK_EQ(strncmp(heard, rows[i].heard, strlen(rows[i].heard)), 0);
		else
			CHECK_STR(heard, "");
		leno_close(relay.node);
		leno_close(victim.node);
		leno_close(liar.node);
		close(fd);
	}
}

/* A meeting point leads strangers here, as a door does. */
TEST(an_open_network_meets_nobody)
{
	struct host open, shut;
	leno_options anonymous = { .anonymous = true };

	host_open(&open);
	CHECK_EQ(host_open_with(&shut, &anonymous), 0);
	CHECK_EQ(leno_discover(open.node, "rendezvous:tcp://127.0.0.1:1"), LENO_OPEN_NETWORK);
	CHECK_EQ(leno_discover(shut.node, "rendezvous:tcp://127.0.0.1:1"), 0);
	CHECK_EQ(leno_discover(shut.node, "rendezvous:local:"), LENO_URI);
	CHECK_EQ(leno_undiscover(shut.node, "rendezvous:tcp://127.0.0.1:1"), 0);
	CHECK_EQ(leno_undiscover(shut.node, "rendezvous:tcp://127.0.0.1:1"), LENO_URI);
	leno_close(open.node);
	leno_close(shut.node);
}

void direct_own(const leno_node *, struct addresses *ret); /* of node/direct.h */

/* Does the node tell an address that begins so? */
static bool tells(struct host *h, const char *begin)
{
	struct addresses own;
	size_t size = strlen(begin);

	host_for(&h, 1, 50);
	direct_own(h->node, &own);
	for (size_t i = 0; i < own.n; i++)
		if (own.at[i].uri.size > size && memcmp(own.at[i].uri.data, begin, size) == 0)
			return true;
	return false;
}

/* A door at all addresses is told as such, whatever it speaks, and when it is opened late. */
TEST(every_door_is_told_with_all_its_addresses)
{
	static const char *const schemes[] = { "tcp", "ws", "http", "udp" };
	leno_options anonymous = { .anonymous = true };

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		struct host h, *one = &h;
		char uri[64], told[64];

		CHECK_ROW(schemes[i]);
		snprintf(uri, sizeof uri, "%s://*:0", schemes[i]);
		snprintf(told, sizeof told, "%s://127.0.0.1:", schemes[i]);
		CHECK_EQ(host_open_with(&h, &anonymous), 0);
		host_for(&one, 1, 50);
		CHECK_EQ(leno_listen(h.node, uri), 0);
		CHECK(tells(&h, told));
		leno_close(h.node);
	}
}

TEST_MAIN(TEST_CASE(every_door_is_told_with_all_its_addresses),
          TEST_CASE(hearsay_names_no_path_to_who_speaks_without_tls),
          TEST_CASE(an_open_network_meets_nobody))
