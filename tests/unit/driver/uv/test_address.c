/* URIs and what becomes of them. */
#include "driver/uv/address.h"

#include <leno.h>

#include "support/check.h"

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct row {
	const char *why, *uri;
	int verdict;
	enum address_kind kind;
	const char *host; /* or path */
	uint16_t port;
} rows[] = {
	{ "IPv4", "tcp://192.0.2.1:7000", 0, ADDRESS_TCP, "192.0.2.1", 7000 },
	{ "IPv6", "tcp://[2001:db8::1]:7000", 0, ADDRESS_TCP, "2001:db8::1", 7000 },
	{ "IPv6 with a scope", "tcp://[fe80::1%eth0]:1", 0, ADDRESS_TCP, "fe80::1%eth0", 1 },
	{ "a name", "tcp://a-b.example:65535", 0, ADDRESS_TCP, "a-b.example", 65535 },
	{ "any address", "tcp://*:0", 0, ADDRESS_TCP, "*", 0 },
	{ "tls", "tls://name.example:7", 0, ADDRESS_TLS, "name.example", 7 },
	{ "udp", "udp://[::1]:7", 0, ADDRESS_UDP, "::1", 7 },
	{ "any", "any://*:7400", 0, ADDRESS_ANY, "*", 7400 },
	{ "ws alone", "ws://name.example", 0, ADDRESS_WS, "name.example", 80 },
	{ "ws, a port and a path", "ws://[::1]:8080/a/b?c", LENO_URI, 0, NULL, 0 },
	{ "wss and a path", "wss://name.example/a/b", 0, ADDRESS_WSS, "name.example", 443 },
	{ "http, IPv6 without a port", "http://[::1]/x", 0, ADDRESS_HTTP, "::1", 80 },
	{ "https and a port", "https://name.example:8443", 0, ADDRESS_HTTPS, "name.example", 8443 },
	{ "tls without a port", "tls://name.example", LENO_URI, 0, NULL, 0 },
	{ "tls with a path", "tls://name.example:7/x", LENO_URI, 0, NULL, 0 },
	{ "a path with a space", "ws://name.example/a b", LENO_URI, 0, NULL, 0 },
	{ "a path too long", "ws://h/" X64 X64, LENO_URI, 0, NULL, 0 },
	{ "an empty port before a path", "ws://h:/x", LENO_URI, 0, NULL, 0 },
	{ "something behind the brackets", "ws://[::1]x", LENO_URI, 0, NULL, 0 },
	{ "nothing but a scheme", "tls", LENO_URI, 0, NULL, 0 },
	{ "one slash", "tls:/", LENO_URI, 0, NULL, 0 },
	{ "local", "local:", 0, ADDRESS_LOCAL, "", 0 },
	{ "a path", "local:/run/a b.sock", 0, ADDRESS_SOCKET, "/run/a b.sock", 0 },
	{ "nothing", "", LENO_URI, 0, NULL, 0 },
	{ "NULL", NULL, LENO_URI, 0, NULL, 0 },
	{ "no scheme", "192.0.2.1:7000", LENO_URI, 0, NULL, 0 },
	{ "a scheme unheard of", "carrier-pigeon://here:1", LENO_URI, 0, NULL, 0 },
	{ "schemes are lower case", "TCP://192.0.2.1:1", LENO_URI, 0, NULL, 0 },
	{ "no slashes", "tcp:192.0.2.1:1", LENO_URI, 0, NULL, 0 },
	{ "no port", "tcp://192.0.2.1", LENO_URI, 0, NULL, 0 },
	{ "an empty port", "tcp://192.0.2.1:", LENO_URI, 0, NULL, 0 },
	{ "a port too high", "tcp://192.0.2.1:65536", LENO_URI, 0, NULL, 0 },
	{ "a port too long", "tcp://192.0.2.1:000001", LENO_URI, 0, NULL, 0 },
	{ "a port below zero", "tcp://192.0.2.1:-1", LENO_URI, 0, NULL, 0 },
	{ "a port with a path", "tcp://192.0.2.1:1/", LENO_URI, 0, NULL, 0 },
	{ "no host", "tcp://:7000", LENO_URI, 0, NULL, 0 },
	{ "empty brackets", "tcp://[]:7000", LENO_URI, 0, NULL, 0 },
	{ "brackets left open", "tcp://[::1:7000", LENO_URI, 0, NULL, 0 },
	{ "brackets without a port", "tcp://[::1]", LENO_URI, 0, NULL, 0 },
	{ "a name in brackets", "tcp://[example]:1", LENO_URI, 0, NULL, 0 },
	{ "IPv6 without brackets", "tcp://::1:7000", LENO_URI, 0, NULL, 0 },
	{ "a user", "tcp://me@host:1", LENO_URI, 0, NULL, 0 },
	{ "a space", "tcp://ho st:1", LENO_URI, 0, NULL, 0 },
	{ "a line end", "tcp://host:1\n", LENO_URI, 0, NULL, 0 },
	{ "an asterisk within", "tcp://*.example:1", LENO_URI, 0, NULL, 0 },
	{ "a relative path", "local:run/sock", LENO_URI, 0, NULL, 0 },
	{ "the root", "local:/", LENO_URI, 0, NULL, 0 },
	{ "a directory", "local:/run/", LENO_URI, 0, NULL, 0 },
	{ "a path too long for the kernel", "local:/" X64 X64, LENO_URI, 0, NULL, 0 },
	{ "a name too long for DNS", "tcp://" X64 X64 X64 X64 ":1", LENO_URI, 0, NULL, 0 },
};

TEST(each_uri_has_its_verdict)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct address a = { .kind = 77 };

		CHECK_ROW(row->why);
		CHECK_EQ(address_parse(row->uri, &a), row->verdict);
		if (row->verdict != 0) {
			CHECK_EQ(a.kind, 77); /* untouched */
			continue;
		}
		CHECK_EQ(a.kind, row->kind);
		CHECK_EQ(a.port, row->port);
		CHECK_STR(a.kind == ADDRESS_SOCKET ? a.path : a.host, row->host);
	}
}

TEST(a_path_is_kept_and_is_the_root_when_left_out)
{
	struct address a;

	CHECK_EQ(address_parse("wss://h:1/a/b", &a), 0);
	CHECK_STR(a.path, "/a/b");
	CHECK_EQ(address_parse("wss://h", &a), 0);
	CHECK_STR(a.path, "/");
	CHECK_EQ(address_parse("tcp://h:1", &a), 0);
	CHECK_STR(a.path, "");
	CHECK_STR(address_scheme(ADDRESS_WSS), "wss");
}

TEST_MAIN(TEST_CASE(each_uri_has_its_verdict),
          TEST_CASE(a_path_is_kept_and_is_the_root_when_left_out))
