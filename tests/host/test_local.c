/* local: one leads, the others follow; sockets with a path.
 * covers: src/driver/uv/local.c src/driver/uv/unixsock.c src/driver/uv/listen.c */
#include "host.h"

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

TEST(the_first_leads_and_the_others_follow)
{
	struct host h[4], *all[] = { &h[0], &h[1], &h[2], &h[3] };

	for (int i = 0; i < 4; i++) {
		host_open(&h[i]);
		CHECK_EQ(leno_discover(h[i].node, "local:"), 0);
		CHECK_EQ(leno_discover(h[i].node, "local:"), 0); /* once is enough */
		host_pump(all, (size_t)i + 1, 0);
	}
	CHECK(host_until(all, 4, &h[0].links, 3, 5000));
	CHECK_EQ(h[0].leads, 1);
	for (int i = 1; i < 4; i++) {
		CHECK(host_until(all, 4, &h[i].links, 1, 5000));
		CHECK_EQ(h[i].leads, 0);
		CHECK_STR(h[i].uri, "local:");
		CHECK(!leno_uri(h[i].node, 0)); /* the leader's door is no URI of ours */
	}
	host_say(&h[3], leno_self(h[0].node), "hello");
	CHECK(host_until(all, 4, &h[0].messages, 1, 5000));

	/* The leader leaves: one of the others leads, and the last two follow. */
	leno_close(h[0].node);
	for (int64_t end = host_now_ms() + 5000; host_now_ms() < end;) {
		host_pump(all + 1, 3, 10);
		if (h[1].leads + h[2].leads + h[3].leads == 1 &&
		    h[1].links + h[2].links + h[3].links == 4)
			break;
	}
	CHECK_EQ(h[1].leads + h[2].leads + h[3].leads, 1);
	CHECK_EQ(h[1].links + h[2].links + h[3].links, 4);
	for (int i = 1; i < 4; i++)
		leno_close(h[i].node);
}

TEST(a_visitor_never_leads)
{
	leno_options options = { .visitor = true };
	struct host visitor, node, *both[] = { &visitor, &node };

	CHECK_EQ(host_open_with(&visitor, &options), 0);
	CHECK_EQ(leno_discover(visitor.node, "local:"), 0);
	CHECK_EQ(leno_listen(visitor.node, "local:"), LENO_ADDRESS_IN_USE);
	host_for(both, 1, 50);
	CHECK_EQ(visitor.leads, 0);
	host_open(&node);
	CHECK_EQ(leno_discover(node.node, "local:"), 0);
	CHECK(host_until(both, 2, &visitor.links, 1, 1000));
	CHECK_EQ(node.leads, 1);

	/* The leader leaves: quietly awaited, and met again. */
	leno_close(node.node);
	host_for(both, 1, 50);
	CHECK_EQ(visitor.links, 0);
	host_open(&node);
	CHECK_EQ(leno_discover(node.node, "local:"), 0);
	CHECK(host_until(both, 2, &visitor.links, 1, 5000));
	CHECK_EQ(visitor.leads, 0);
	leno_close(visitor.node);
	leno_close(node.node);
}

TEST(networks_do_not_meet)
{
	leno_options options = { .network = "another" };
	struct host a, b, *both[] = { &a, &b };

	host_open(&a);
	CHECK_EQ(host_open_with(&b, &options), 0);
	CHECK_EQ(leno_discover(a.node, "local:"), 0);
	CHECK_EQ(leno_discover(b.node, "local:"), 0);
	host_for(both, 2, 50);
	CHECK_EQ(a.leads + b.leads, 2);
	CHECK_EQ(a.links + b.links, 0);
	leno_close(a.node);
	leno_close(b.node);
}

/* The leader has another secret: it is left in peace, and followed by us when it goes. */
TEST(who_has_another_secret_is_not_pestered)
{
	leno_options ours = { .secret = { "0123456789abcdef0123456789abcdef", 32 } };
	leno_options theirs = { .secret = { "fedcba9876543210fedcba9876543210", 32 } };
	struct host a, b, *both[] = { &a, &b };
	leno_stats stats;

	CHECK_EQ(host_open_with(&a, &theirs), 0);
	CHECK_EQ(leno_discover(a.node, "local:"), 0);
	host_for(both, 1, 10);
	CHECK_EQ(a.leads, 1);
	CHECK_EQ(host_open_with(&b, &ours), 0);
	CHECK_EQ(leno_discover(b.node, "local:"), 0);
	host_for(both, 2, 700);
	leno_get_stats(a.node, &stats);
	CHECK(stats.refused_secret >= 1 && stats.refused_secret <= 4);
	CHECK_EQ(a.ups + b.ups, 0);
	CHECK_EQ(b.leads, 0);
	leno_close(a.node);
	CHECK(host_until((struct host *[]){ &b }, 1, &b.leads, 1, 3000));
	leno_close(b.node);
}

/* Without discovery: one offers, one asks, and it may ask before there is an offer. */
TEST(local_by_listen_and_connect)
{
	struct host a, b, c, *both[] = { &a, &b };

	host_open(&a);
	host_open(&b);
	host_open(&c);
	CHECK_EQ(leno_connect(b.node, "local:"), 0);
	host_for(both, 2, 20);
	CHECK_EQ(leno_listen(a.node, "local:"), 0);
	CHECK_EQ(leno_listen(a.node, "local:"), LENO_ADDRESS_IN_USE);
	CHECK_EQ(leno_listen(c.node, "local:"), LENO_ADDRESS_IN_USE);
	CHECK_STR(leno_uri(a.node, 0), "local:");
	CHECK(host_until(both, 2, &b.links, 1, 5000));
	CHECK_EQ(a.leads, 1);
	leno_close(a.node);
	leno_close(b.node);
	leno_close(c.node);
}

TEST(what_is_not_discovered)
{
	struct host a;

	host_open(&a);
	CHECK_EQ(leno_discover(a.node, "telepathy:"), LENO_URI);
	CHECK_EQ(leno_discover(a.node, "local:/path"), LENO_URI);
	CHECK_EQ(leno_discover(a.node, NULL), LENO_URI);
	leno_close(a.node);
}

/* ---- paths ------------------------------------------------------------------------- */

static char folder[] = "/tmp/leno-test-XXXXXX";
static char uri[64];
static const char *const path = uri + 6;

static void enter(void)
{
	strcpy(folder, "/tmp/leno-test-XXXXXX");
	if (!mkdtemp(folder))
		abort();
	snprintf(uri, sizeof uri, "local:%s/sock", folder);
}

static unsigned mode_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) < 0 ? 0 : st.st_mode;
}

TEST(two_meet_by_a_path)
{
	struct host a, b, c, *both[] = { &a, &b };
	mode_t before = umask(0);

	enter();
	host_open(&a);
	host_open(&b);
	host_open(&c);
	CHECK_EQ(leno_listen(a.node, uri), 0);
	umask(before);
	CHECK_EQ(mode_of(path), S_IFSOCK | 0600u);
	CHECK_EQ(leno_listen(c.node, uri), LENO_ADDRESS_IN_USE);
	CHECK_STR(leno_uri(a.node, 0), uri);
	CHECK_EQ(leno_connect(b.node, uri), 0);
	CHECK(host_until(both, 2, &a.links, 1, 5000));
	CHECK(host_until(both, 2, &b.links, 1, 5000));
	CHECK_STR(b.uri, uri);
	leno_close(a.node);
	leno_close(b.node);
	leno_close(c.node);
	CHECK_EQ(rmdir(folder), 0); /* the socket went with its node */
}

/* What a killed process left is replaced; what somebody else put there is not. */
TEST(only_a_dead_socket_is_replaced)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct host a;
	FILE *f;
	int fd;

	enter();
	strcpy(at.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	host_open(&a);
	CHECK_EQ(listen(fd, 1), 0);
	CHECK_EQ(leno_listen(a.node, uri), LENO_ADDRESS_IN_USE);
	close(fd);
	CHECK_EQ(leno_listen(a.node, uri), 0);
	leno_close(a.node);
	CHECK_EQ(mode_of(path), 0);

	f = fopen(path, "w");
	fclose(f);
	host_open(&a);
	CHECK_EQ(leno_listen(a.node, uri), LENO_ADDRESS_IN_USE);
	CHECK_EQ(leno_listen(a.node, "local:/no/such/folder/sock"), LENO_ADDRESS);
	leno_close(a.node);
	CHECK(S_ISREG(mode_of(path)));
	unlink(path);
	CHECK_EQ(rmdir(folder), 0);
}

/* A socket that replaced ours is not ours to remove. */
TEST(anothers_socket_is_left_alone)
{
	struct host a, b;

	enter();
	host_open(&a);
	host_open(&b);
	CHECK_EQ(leno_listen(a.node, uri), 0);
	unlink(path);
	CHECK_EQ(leno_listen(b.node, uri), 0);
	leno_close(a.node);
	CHECK(S_ISSOCK(mode_of(path)));
	leno_close(b.node);
	CHECK_EQ(mode_of(path), 0);
	CHECK_EQ(rmdir(folder), 0);
}

TEST_MAIN(TEST_CASE(the_first_leads_and_the_others_follow), TEST_CASE(a_visitor_never_leads),
          TEST_CASE(networks_do_not_meet), TEST_CASE(who_has_another_secret_is_not_pestered),
          TEST_CASE(local_by_listen_and_connect), TEST_CASE(what_is_not_discovered),
          TEST_CASE(two_meet_by_a_path), TEST_CASE(only_a_dead_socket_is_replaced),
          TEST_CASE(anothers_socket_is_left_alone))
