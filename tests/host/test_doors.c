/* test_doors.c - doors that are opened and closed while the node runs, and what is taken back:
 * leno_unlisten, leno_forget, leno_undiscover, leno_set_log_level; doors of another process.
 *
 * covers: src/driver/uv/inherit.c src/driver/uv/listen.c */
#include "host.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { PATIENCE = 5000, SHORT = 300 };

static int lines[LENO_LOG_DEBUG + 1];

static void count_lines(void *user, enum leno_log_level level, const char *line)
{
	lines[level]++;
}

/* A closed door lets nobody in any more, whoever came by it stays, and the port is free. */
TEST(a_closed_door_keeps_its_links)
{
	struct host a, b, late;
	struct host *all[] = { &a, &b, &late };
	char uri[320];

	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(a.node, "tcp://127.0.0.1:0"), 0);
	snprintf(uri, sizeof uri, "%s", leno_uri(a.node, 0));
	CHECK_EQ(leno_connect(b.node, uri), 0);
	CHECK(host_until(all, 2, &a.links, 1, PATIENCE));
	CHECK_EQ(leno_unlisten(a.node, "tcp://127.0.0.1:0"), 0);
	CHECK(leno_uri(a.node, 0) == NULL);
	CHECK_EQ(leno_unlisten(a.node, uri), LENO_URI);
	CHECK_EQ(leno_unlisten(a.node, NULL), LENO_URI);
	CHECK_EQ(leno_listen(a.node, "udp://127.0.0.1:0"), 0);
	CHECK_EQ(leno_unlisten(a.node, "udp://127.0.0.1:0"), 0);
	host_open(&late);
	CHECK_EQ(leno_connect(late.node, uri), 0);
	host_for(all, 3, SHORT);
	CHECK(a.links == 1 && a.downs == 0 && late.ups == 0);
	CHECK_EQ(leno_listen(late.node, uri), 0);
	CHECK_EQ(leno_unlisten(late.node, uri), 0);
	CHECK_EQ(leno_listen(a.node, uri), 0);
	leno_close(a.node);
	leno_close(b.node);
	leno_close(late.node);
}

/* Whom one has forgotten is not dialled again, and is not put out either. */
TEST(who_is_forgotten_is_not_dialled_again)
{
	struct host a, b;
	struct host *both[] = { &a, &b };
	char uri[320];

	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(a.node, "tcp://127.0.0.1:0"), 0);
	snprintf(uri, sizeof uri, "%s", leno_uri(a.node, 0));
	CHECK_EQ(leno_forget(b.node, uri), LENO_URI);
	CHECK_EQ(leno_forget(b.node, NULL), LENO_URI);
	CHECK_EQ(leno_connect(b.node, uri), 0);
	CHECK_EQ(leno_forget(b.node, uri), 0);
	host_for(both, 2, SHORT);
	CHECK_EQ(b.ups, 0);
	CHECK_EQ(leno_connect(b.node, uri), 0);
	CHECK(host_until(both, 2, &b.links, 1, PATIENCE));
	CHECK_EQ(leno_forget(b.node, uri), 0);
	host_for(both, 2, SHORT);
	CHECK(b.links == 1 && b.downs == 0);
	leno_close(a.node);
	host_open(&a);
	CHECK_EQ(leno_listen(a.node, uri), 0);
	host_for(both, 2, 4 * SHORT);
	CHECK(b.downs == 1 && b.ups == 1);
	leno_close(a.node);
	leno_close(b.node);
}

/* The leader resigns: its links stay, and who followed it leads before long. */
TEST(a_leader_resigns)
{
	struct host a, b, c;
	struct host *all[] = { &a, &b, &c };

	host_open(&a);
	host_open(&b);
	host_open(&c);
	CHECK_EQ(leno_undiscover(a.node, "local:"), LENO_URI);
	CHECK_EQ(leno_discover(a.node, "local:"), 0);
	CHECK(host_until(all, 1, &a.leads, 1, PATIENCE));
	CHECK_EQ(leno_discover(b.node, "local:"), 0);
	CHECK(host_until(all, 2, &b.links, 1, PATIENCE));
	CHECK_EQ(leno_undiscover(a.node, "local:"), 0);
	CHECK_EQ(leno_undiscover(a.node, "local:"), LENO_URI);
	CHECK(host_until(all, 2, &b.leads, 1, PATIENCE));
	CHECK(a.links == 1 && b.links == 1 && b.downs == 0);
	/* A follower that wants no more of it keeps its link, too. */
	CHECK_EQ(leno_discover(c.node, "local:"), 0);
	CHECK(host_until(all, 3, &c.links, 1, PATIENCE));
	CHECK_EQ(leno_undiscover(c.node, "local:"), 0);
	host_for(all, 3, SHORT);
	CHECK(b.links == 2 && c.links == 1 && c.downs == 0);
	leno_close(a.node);
	leno_close(b.node);
	leno_close(c.node);
}

/* Who listens at local: and discovers there leads until both are taken back. */
TEST(a_leader_by_name_and_by_discovery)
{
	struct host a, b;
	struct host *both[] = { &a, &b };

	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(a.node, "local:"), 0);
	CHECK_EQ(leno_discover(a.node, "local:"), 0);
	CHECK_EQ(leno_undiscover(a.node, "local:"), 0);
	CHECK(leno_uri(a.node, 0) && strcmp(leno_uri(a.node, 0), "local:") == 0);
	CHECK_EQ(leno_listen(b.node, "local:"), LENO_ADDRESS_IN_USE);
	CHECK_EQ(leno_discover(a.node, "local:"), 0);
	CHECK_EQ(leno_unlisten(a.node, "local:"), 0);
	CHECK(leno_uri(a.node, 0) == NULL);
	CHECK_EQ(leno_listen(b.node, "local:"), LENO_ADDRESS_IN_USE);
	CHECK_EQ(leno_undiscover(a.node, "local:"), 0);
	CHECK_EQ(leno_listen(b.node, "local:"), 0);
	host_for(both, 2, 50);
	leno_close(a.node);
	leno_close(b.node);
}

/* Who is on the list no more loses its link; who is on it now comes in. */
TEST(a_list_that_changes)
{
	struct host a, b, c;
	struct host *all[] = { &a, &b, &c };
	leno_options options = { .n_allow = 1 };

	host_open(&b);
	host_open(&c);
	options.allow = leno_self(b.node);
	CHECK_EQ(host_open_with(&a, &options), 0);
	CHECK_EQ(leno_listen(a.node, "tcp://127.0.0.1:0"), 0);
	CHECK_EQ(leno_connect(b.node, leno_uri(a.node, 0)), 0);
	CHECK_EQ(leno_connect(c.node, leno_uri(a.node, 0)), 0);
	CHECK(host_until(all, 3, &a.links, 1, PATIENCE));
	host_say(&b, leno_self(a.node), "while it may");
	CHECK(host_until(all, 3, &a.messages, 1, PATIENCE));
	CHECK_EQ(leno_allow(a.node, NULL, 1), LENO_ARGUMENT);
	CHECK_EQ(leno_allow(a.node, leno_self(c.node), 1), 0);
	CHECK(host_until(all, 3, &b.links, 0, PATIENCE));
	CHECK(host_until(all, 3, &c.links, 1, 6 * PATIENCE));
	host_say(&b, leno_self(a.node), "no more");
	host_for(all, 3, SHORT);
	CHECK_EQ(a.messages, 1);
	CHECK_EQ(leno_allow(a.node, NULL, 0), 0);
	CHECK(host_until(all, 3, &b.links, 1, 6 * PATIENCE));
	host_for(all, 3, SHORT); /* in which it hears that its session is over: that is unknown */
	CHECK_EQ(a.messages, 1);
	a.messages = 0;
	host_say(&b, leno_self(a.node), "again");
	CHECK(host_until(all, 3, &a.messages, 1, PATIENCE));
	CHECK_EQ(c.downs, 0);
	leno_close(a.node);
	leno_close(b.node);
	leno_close(c.node);
}

static int listening_tcp(in_addr_t address)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	CHECK_EQ(listen(fd, 8), 0);
	return fd;
}

static const char *fd_uri(const char *before, int fd)
{
	static char uri[40];

	snprintf(uri, sizeof uri, "%sfd:%d", before, fd);
	return uri;
}

/* A door that another process has opened: it works, and is still there when the node has gone. */
TEST(a_door_of_another_process)
{
	struct host a, b;
	struct host *both[] = { &a, &b };
	int fd = listening_tcp(INADDR_LOOPBACK);

	for (int round = 0; round < 2; round++) {
		const char *said = fd_uri(round ? "tcp+" : "", fd);

		host_open(&a);
		host_open(&b);
		CHECK_EQ(leno_listen(a.node, said), 0);
		CHECK(strncmp(leno_uri(a.node, 0), "tcp://127.0.0.1:", 16) == 0);
		CHECK_EQ(leno_connect(b.node, leno_uri(a.node, 0)), 0);
		CHECK(host_until(both, 2, &a.links, 1, PATIENCE));
		CHECK_EQ(leno_unlisten(a.node, said), 0);
		leno_close(a.node);
		leno_close(b.node);
	}
	CHECK(fcntl(fd, F_GETFD) >= 0);
	close(fd);
}

TEST(a_unix_door_of_another_process)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct host a, b;
	struct host *both[] = { &a, &b };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	snprintf(at.sun_path, sizeof at.sun_path, "/tmp/leno-doors-%ld", (long)getpid());
	CHECK_EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	CHECK_EQ(listen(fd, 8), 0);
	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(a.node, fd_uri("tls+", fd)), LENO_ADDRESS);
	CHECK_EQ(leno_listen(a.node, fd_uri("", fd)), 0);
	CHECK_EQ(leno_connect(b.node, leno_uri(a.node, 0)), 0);
	CHECK(host_until(both, 2, &a.links, 1, PATIENCE));
	leno_close(a.node);
	leno_close(b.node);
	CHECK_EQ(lstat(at.sun_path, &st), 0); /* its owner's */
	unlink(at.sun_path);
	close(fd);
}

TEST(what_is_no_door_is_refused)
{
	int wide = listening_tcp(INADDR_ANY), idle = socket(AF_INET, SOCK_STREAM, 0);
	struct host a;

	host_open(&a);
	CHECK_EQ(leno_listen(a.node, "fd:"), LENO_URI);
	CHECK_EQ(leno_listen(a.node, "fd:x"), LENO_URI);
	CHECK_EQ(leno_listen(a.node, "fd:-1"), LENO_URI);
	CHECK_EQ(leno_listen(a.node, "fd:99999999999"), LENO_URI);
	CHECK_EQ(leno_listen(a.node, "smoke+fd:3"), LENO_URI);
	CHECK_EQ(leno_listen(a.node, "fd:9999"), LENO_ADDRESS);
	CHECK_EQ(leno_listen(a.node, fd_uri("udp+", wide)), LENO_ADDRESS);
	CHECK_EQ(leno_listen(a.node, fd_uri("", idle)), LENO_ADDRESS);
	CHECK_EQ(leno_listen(a.node, fd_uri("", wide)), LENO_OPEN_NETWORK);
	CHECK_EQ(leno_connect(a.node, "fd:3"), LENO_URI);
	leno_close(a.node);
	close(wide);
	close(idle);
}

TEST(the_log_level_changes)
{
	leno_options options = { .log = count_lines };
	struct host a;

	CHECK_EQ(host_open_with(&a, &options), 0);
	CHECK_EQ(leno_set_log_level(a.node, (enum leno_log_level)9), LENO_ARGUMENT);
	leno_listen(a.node, "fd:9999");
	CHECK_EQ(lines[LENO_LOG_WARN], 0);
	CHECK_EQ(leno_set_log_level(a.node, LENO_LOG_WARN), 0);
	leno_listen(a.node, "fd:9999");
	CHECK_EQ(lines[LENO_LOG_WARN], 1);
	leno_close(a.node);
}

TEST_MAIN(TEST_CASE(a_closed_door_keeps_its_links),
          TEST_CASE(who_is_forgotten_is_not_dialled_again),
          TEST_CASE(a_leader_resigns),
          TEST_CASE(a_leader_by_name_and_by_discovery),
          TEST_CASE(a_list_that_changes),
          TEST_CASE(a_door_of_another_process),
          TEST_CASE(a_unix_door_of_another_process),
          TEST_CASE(what_is_no_door_is_refused),
          TEST_CASE(the_log_level_changes))
