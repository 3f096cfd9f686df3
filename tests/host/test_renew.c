/* Certificates that change while a node runs: leno_tls_renew(). The command's own test of
 * them is test_tls.py. */
#include "host.h"

#include "support/certs.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct cert ca, other_ca;
static char folder[] = "/tmp/leno-renew-XXXXXX";
static char cert[64], key[64], ca_file[64];
static char line[512];                 /* the last one of a's log */

static void keep_line(void *user, enum leno_log_level level, const char *text)
{
	snprintf(line, sizeof line, "%s", text);
}

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	if (!out || fchmod(fileno(out), 0600) || fputs(text, out) < 0 || fclose(out))
		abort();
}

/* The node's files are now a certificate of this CA. */
static void issue(const struct cert *by)
{
	struct cert c;

	cert_make(&c, "node", "IP:127.0.0.1", by);
	write_file(cert, c.cert_pem);
	write_file(key, c.key_pem);
	cert_free(&c);
}

static void begin(void)
{
	if (ca.x509)
		return;
	if (!mkdtemp(folder))
		abort();
	snprintf(cert, sizeof cert, "%s/cert", folder);
	snprintf(key, sizeof key, "%s/key", folder);
	snprintf(ca_file, sizeof ca_file, "%s/ca", folder);
	cert_make(&ca, "ca", NULL, NULL);
	cert_make(&other_ca, "other", NULL, NULL);
	write_file(ca_file, ca.cert_pem);
}

static leno_options options(void)
{
	return (leno_options){ .tls_cert_file = cert,
		               .tls_key_file = key,
		               .tls_ca_file = ca_file,
		               .log = keep_line,
		               .log_level = LENO_LOG_WARN };
}

/* A node that dials a; whether it gets a link. */
static bool gets_in(struct host *a)
{
	leno_options o = { .tls_ca_file = ca_file };
	struct host b, *both[] = { a, &b };
	bool in;

	CHECK_EQ(host_open_with(&b, &o), 0);
	CHECK_EQ(leno_connect(b.node, leno_uri(a->node, 0)), 0);
	in = host_until(both, 2, &b.links, 1, 1000);
	leno_close(b.node);
	host_until(both, 1, &a->links, 0, 5000);
	return in;
}

TEST(new_certificates_are_shown_to_whoever_comes_next)
{
	leno_options o;
	struct host a;

	begin();
	issue(&other_ca);
	o = options();
	REQUIRE(host_open_with(&a, &o) == 0);
	CHECK_EQ(leno_listen(a.node, "tls://127.0.0.1:0"), 0);
	CHECK(!gets_in(&a));
	issue(&ca);
	CHECK(!gets_in(&a));                   /* it was not told */
	CHECK_EQ(leno_tls_renew(a.node), 0);
	CHECK(gets_in(&a));
	leno_close(a.node);
}

TEST(bad_ones_change_nothing)
{
	leno_options o;
	struct host a;

	begin();
	issue(&ca);
	o = options();
	REQUIRE(host_open_with(&a, &o) == 0);
	CHECK_EQ(leno_tls_renew(a.node), 0);   /* nothing was needed so far */
	CHECK_EQ(leno_listen(a.node, "tls://127.0.0.1:0"), 0);
	write_file(key, "no key");
	CHECK_EQ(leno_tls_renew(a.node), LENO_FILE);
	CHECK(strstr(line, key) && strstr(line, "there is no private key in PEM in it"));
	CHECK(gets_in(&a));
	unlink(cert);
	CHECK_EQ(leno_tls_renew(a.node), LENO_FILE);
	CHECK(strstr(line, "there is no such file"));
	CHECK(gets_in(&a));
	leno_close(a.node);
}

/* The new certificate would be good, but those whom the node believes are not. */
TEST(half_of_what_is_new_is_not_taken)
{
	char own_ca[64];
	leno_options o;
	struct host a, b, *both[] = { &a, &b };

	begin();
	issue(&ca);
	snprintf(own_ca, sizeof own_ca, "%s/own", folder);
	write_file(own_ca, ca.cert_pem);
	o = options();
	REQUIRE(host_open_with(&b, &o) == 0);
	o.tls_ca_file = own_ca;
	REQUIRE(host_open_with(&a, &o) == 0);
	CHECK_EQ(leno_listen(a.node, "tls://127.0.0.1:0"), 0);
	CHECK_EQ(leno_listen(b.node, "tls://127.0.0.1:0"), 0);
	CHECK_EQ(leno_connect(a.node, leno_uri(b.node, 0)), 0);
	CHECK(host_until(both, 2, &a.links, 1, 5000));
	leno_close(b.node);
	CHECK(host_until(both, 1, &a.links, 0, 5000));
	issue(&other_ca);
	write_file(own_ca, "no CA");
	CHECK_EQ(leno_tls_renew(a.node), LENO_FILE);
	CHECK(gets_in(&a));                    /* by the old certificate */
	leno_close(a.node);
	unlink(own_ca);
}

TEST(links_go_on_with_what_they_began_with)
{
	leno_options o;
	struct host a, b, *both[] = { &a, &b };

	begin();
	issue(&ca);
	o = options();
	REQUIRE(host_open_with(&a, &o) == 0);
	CHECK_EQ(leno_listen(a.node, "tls://127.0.0.1:0"), 0);
	o = (leno_options){ .tls_ca_file = ca_file };
	REQUIRE(host_open_with(&b, &o) == 0);
	CHECK_EQ(leno_connect(b.node, leno_uri(a.node, 0)), 0);
	CHECK(host_until(both, 2, &b.links, 1, 5000));
	issue(&other_ca);
	CHECK_EQ(leno_tls_renew(a.node), 0);
	host_say(&b, leno_self(a.node), "still there");
	CHECK(host_until(both, 2, &a.messages, 1, 5000));
	CHECK_EQ(b.downs, 0);
	leno_close(b.node);
	leno_close(a.node);
}

TEST(what_is_passed_is_copied)
{
	char path[64];
	leno_options o;
	struct host a;

	begin();
	issue(&ca);
	o = options();
	snprintf(path, sizeof path, "%s", cert);
	o.tls_cert_file = path;
	REQUIRE(host_open_with(&a, &o) == 0);
	memset(path, 'x', sizeof path - 1);
	CHECK_EQ(leno_listen(a.node, "tls://127.0.0.1:0"), 0);
	leno_close(a.node);
}

TEST(without_a_certificate_nobody_listens)
{
	leno_options o = { .log = keep_line, .log_level = LENO_LOG_WARN };
	struct host a;

	begin();
	REQUIRE(host_open_with(&a, &o) == 0);
	CHECK_EQ(leno_listen(a.node, "tls://127.0.0.1:0"), LENO_ARGUMENT);
	CHECK(strstr(line, "it takes a certificate"));
	CHECK(!leno_uri(a.node, 0));
	CHECK_EQ(leno_tls_renew(a.node), 0);
	leno_close(a.node);
	unlink(cert);
	unlink(key);
	unlink(ca_file);
	rmdir(folder);
}

TEST_MAIN(TEST_CASE(new_certificates_are_shown_to_whoever_comes_next),
          TEST_CASE(bad_ones_change_nothing), TEST_CASE(half_of_what_is_new_is_not_taken),
          TEST_CASE(links_go_on_with_what_they_began_with),
          TEST_CASE(what_is_passed_is_copied), TEST_CASE(without_a_certificate_nobody_listens))
