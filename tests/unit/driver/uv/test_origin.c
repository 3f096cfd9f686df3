/* Which pages are a node's own, by what a browser says of them. */
#include "driver/uv/origin.h"

#include "support/check.h"

static const struct {
	const char *why, *origin, *host;
	bool own;
} rows[] = {
	{ "an address", "http://127.0.0.1:7400", "127.0.0.1:7400", true },
	{ "of version 6", "http://[::1]:7400", "[::1]:7400", true },
	{ "at the usual port", "https://192.0.2.1", "192.0.2.1", true },
	{ "and of version 6", "https://[2001:db8::1]", "[2001:db8::1]", true },
	{ "this machine", "http://localhost:7400", "localhost:7400", true },
	{ "its name", "http://ada:7400", "ada:7400", true },
	{ "its name in the local network", "https://ada.local", "ada.local", true },
	{ "a name that whoever owns it has point here", "http://evil.example:7400",
	  "evil.example:7400", false },
	{ "one that begins like an address", "http://127.0.0.1.evil.example",
	  "127.0.0.1.evil.example", false },
	{ "one that begins like this machine", "http://ada.evil.example", "ada.evil.example", false },
	{ "one that ends like it", "http://evil-ada", "evil-ada", false },
	{ "another's page", "http://evil.example", "127.0.0.1:7400", false },
	{ "another port", "http://127.0.0.1:80", "127.0.0.1:7400", false },
	{ "no port", "http://127.0.0.1", "127.0.0.1:7400", false },
	{ "another scheme", "file://127.0.0.1:7400", "127.0.0.1:7400", false },
	{ "a page of nobody", "null", "127.0.0.1:7400", false },
	{ "nothing but a port", "http://:7400", ":7400", false },
	{ "nothing", "http://", "", false },
};

TEST(whose_page_it_is)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(origin_is_own(bytes_text(rows[i].origin), bytes_text(rows[i].host), "ada"),
		         rows[i].own);
	}
	CHECK(!origin_is_own((struct bytes){ 0 }, bytes_text("127.0.0.1"), "ada"));
	CHECK(!origin_is_own(bytes_text("http://127.0.0.1"), (struct bytes){ 0 }, "ada"));
	CHECK(!origin_is_own(bytes_text("http://.local"), bytes_text(".local"), ""));
}

TEST_MAIN(TEST_CASE(whose_page_it_is))
