/* test_target.c - HOST:PORT, and which of them are the same. */
#include "support/check.h"

#include "target.h"

TEST(what_people_write)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} rows[] = {
		{ "127.0.0.1:22", "127.0.0.1:22" },
		{ "22", ":22" },
		{ ":22", ":22" },
		{ "Example.ORG:80", "example.org:80" },
		{ "[::1]:80", "[::1]:80" },
		{ "[0:0:0:0:0:0:0:1]:80", "[::1]:80" },
		{ "[2001:DB8::1]:1", "[2001:db8::1]:1" },
		{ "0.0.0.0:0", "0.0.0.0:0" },
		{ "", NULL },
		{ ":", NULL },
		{ "host:", NULL },
		{ "host", NULL },
		{ "host:65536", NULL },
		{ "host:-1", NULL },
		{ "host:+1", NULL },
		{ "host: 1", NULL },
		{ "host:1x", NULL },
		{ "ho st:1", NULL },
		{ "ho/st:1", NULL },
		{ "::1:80", NULL }, /* an address of six words, or of eight and no port? */
		{ "[::1]", NULL },
		{ "[::1]80", NULL },
		{ "[::1", NULL },
		{ "[host]:80", NULL },
		{ "[]:80", NULL },
	};
	char text[TARGET_TEXT], many[400];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct target t, again;

		CHECK_ROW(rows[i].text);
		CHECK_EQ(target_parse(rows[i].text, &t), rows[i].want != NULL);
		if (rows[i].want == NULL)
			continue;
		CHECK_STR(target_text(&t, text), rows[i].want);
		CHECK(target_parse(text, &again));
		CHECK(strcmp(t.host, again.host) == 0 && t.port == again.port);
	}
	memset(many, 'a', sizeof many);
	for (size_t n = 220; n < 240; n++) {
		struct target t;

		memcpy(many + n, ":1", 3);
		CHECK_EQ(target_parse(many, &t), n <= TARGET_HOST);
		many[n] = many[n + 1] = many[n + 2] = 'a';
	}
}

TEST(what_is_asked_for_is_what_is_allowed)
{
	static const struct {
		const char *why, *allowed, *asked;
		bool matches;
	} rows[] = {
		{ "the same", "10.0.0.1:80", "10.0.0.1:80", true },
		{ "another port", "10.0.0.1:80", "10.0.0.1:81", false },
		{ "another host", "10.0.0.1:80", "10.0.0.2:80", false },
		{ "case is none", "Host:80", "hOST:80", true },
		{ "written otherwise", "[::0:1]:80", "[::1]:80", true },
		{ "a name is not its address", "localhost:80", "127.0.0.1:80", false },
		{ "a port alone is a loopback's", "127.0.0.1:80", ":80", true },
		{ "that of IPv6, too", "[::1]:80", "80", true },
		{ "and its name", "localhost:80", "80", true },
		{ "all of 127", "127.1.2.3:80", "80", true },
		{ "but nobody else's", "10.0.0.1:80", "80", false },
		{ "nor a name that begins so", "127.evil.example:80", "80", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct target allowed, asked;

		CHECK_ROW(rows[i].why);
		CHECK(target_parse(rows[i].allowed, &allowed));
		CHECK(target_parse(rows[i].asked, &asked));
		CHECK_EQ(target_matches(&allowed, &asked), rows[i].matches);
	}
}

TEST_MAIN(TEST_CASE(what_people_write), TEST_CASE(what_is_asked_for_is_what_is_allowed))
