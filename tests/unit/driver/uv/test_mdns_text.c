/* What services say about themselves. */
#include "driver/uv/mdns_text.h"

#include "support/check.h"

#include <string.h>

#define ID "01234567-89ab-8cde-8f01-23456789abcd"

static bool take_all(const char *const *strings, struct mdns_text *ret)
{
	struct mdns_text_reader r = { 0 };

	for (size_t i = 0; strings[i]; i++)
		mdns_text_take(&r, strings[i], strlen(strings[i]));
	return mdns_text_end(&r, ret);
}

TEST(what_is_made_is_read)
{
	struct mdns_text t = { .network = "0123456789abcdef", .scheme = "tcp" }, back;
	char made[MDNS_STRINGS][MDNS_STRING];
	const char *strings[MDNS_STRINGS + 1] = { 0 };

	CHECK_EQ(leno_id_parse(ID, &t.id), 0);
	mdns_text_make(&t, made);
	for (int i = 0; i < MDNS_STRINGS; i++)
		strings[i] = made[i];
	CHECK(take_all(strings, &back));
	CHECK(leno_id_same(&t.id, &back.id));
	CHECK(strcmp(t.network, back.network) == 0 && strcmp(t.scheme, back.scheme) == 0);
}

#define GOOD "v=1", "id=" ID, "net=0123456789abcdef"

TEST(texts)
{
	static const struct row {
		const char *why;
		bool good;
		const char *strings[7];
	} rows[] = {
		{ "all", true, { GOOD, "scheme=tcp" } },
		{ "in another order, with more", true, { "x", "scheme=wss", "y=z", GOOD, } },
		{ "the first of two counts", true, { GOOD, "scheme=tcp", "scheme=TOO LATE" } },
		{ "nothing", false, { NULL } },
		{ "no scheme", false, { GOOD } },
		{ "an empty scheme", false, { GOOD, "scheme=" } },
		{ "a scheme that is none", false, { GOOD, "scheme=tcp://x" } },
		{ "a scheme too long", false, { GOOD, "scheme=abcdefghijklmnop" } },
		{ "another version", false, { "v=2", "id=" ID, "net=0123456789abcdef", "scheme=tcp" } },
		{ "no id", false, { "v=1", "net=0123456789abcdef", "scheme=tcp" } },
		{ "no right id", false, { "v=1", "id=me", "net=0123456789abcdef", "scheme=tcp" } },
		{ "half a network", false, { "v=1", "id=" ID, "net=01234567", "scheme=tcp" } },
		{ "no hex", false, { "v=1", "id=" ID, "net=0123456789abcdeg", "scheme=tcp" } },
		{ "a string too long", false,
		  { GOOD, "scheme=ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt" } },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mdns_text t;

		CHECK_ROW(rows[i].why);
		CHECK(take_all(rows[i].strings, &t) == rows[i].good);
	}
}

TEST(bytes_that_are_no_text)
{
	struct mdns_text_reader r = { 0 };
	struct mdns_text t;

	mdns_text_take(&r, "v=1\0x", 5);
	mdns_text_take(&r, "", 0);
	CHECK_EQ(r.seen, 0);
	CHECK(!mdns_text_end(&r, &t));
}

/* The vector of protocol.md. */
TEST(types_of_networks)
{
	char tag[SECRET_TAG], type[MDNS_SUBTYPE];

	secret_tag("home", tag);
	CHECK_STR(tag, "a05c0ad62f73492b");
	mdns_subtype(tag, type);
	CHECK_STR(type, "_a05c0ad6._sub._leno._tcp");
}

TEST_MAIN(TEST_CASE(what_is_made_is_read), TEST_CASE(texts), TEST_CASE(bytes_that_are_no_text),
          TEST_CASE(types_of_networks))
