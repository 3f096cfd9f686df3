/* What services say about themselves. */
#include "driver/uv/mdns_text.h"

#include "support/check.h"
#include "support/known.h"

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
		{ "in another order, with more",
		  true,
		  {
			  "x",
			  "scheme=wss",
			  "y=z",
			  GOOD,
		  } },
		{ "the first of two counts", true, { GOOD, "scheme=tcp", "scheme=TOO LATE" } },
		{ "nothing", false, { NULL } },
		{ "no scheme", false, { GOOD } },
		{ "an empty scheme", false, { GOOD, "scheme=" } },
		{ "a scheme that is none", false, { GOOD, "scheme=tcp://x" } },
		{ "a scheme too long", false, { GOOD, "scheme=abcdefghijklmnop" } },
		{ "another version",
		  false,
		  { "v=2", "id=" ID, "net=0123456789abcdef", "scheme=tcp" } },
		{ "no id", false, { "v=1", "net=0123456789abcdef", "scheme=tcp" } },
		{ "no right id", false, { "v=1", "id=me", "net=0123456789abcdef", "scheme=tcp" } },
		{ "half a network", false, { "v=1", "id=" ID, "net=01234567", "scheme=tcp" } },
		{ "no hex", false, { "v=1", "id=" ID, "net=0123456789abcdeg", "scheme=tcp" } },
		{ "a string too long",
		  false,
		  { GOOD,
		    "scheme=ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt" } },
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

/* Of the network "home", and of Ada of identity.txt. */
TEST(vectors)
{
	static const uint8_t ada[16] = { 0x7e, 0xfa, 0x8a, 0x97, 0x63, 0x41, 0x8d, 0xb4,
		                         0x94, 0x40, 0x43, 0x78, 0xcf, 0x29, 0xd6, 0xf3 };
	struct mdns_text t = { .scheme = "tcp" };
	char made[MDNS_STRINGS][MDNS_STRING], type[MDNS_SUBTYPE];

	memcpy(&t.id, ada, sizeof ada);
	secret_tag("home", t.network);
	mdns_subtype(t.network, type);
	mdns_text_make(&t, made);
	known_open("mdns");
	KNOWN("tag", bytes_text(t.network));
	KNOWN("type", bytes_text(type));
	KNOWN("text-1", bytes_text(made[0]));
	KNOWN("text-2", bytes_text(made[1]));
	KNOWN("text-3", bytes_text(made[2]));
	KNOWN("text-4", bytes_text(made[3]));
	known_close();
}

TEST_MAIN(TEST_CASE(what_is_made_is_read), TEST_CASE(texts), TEST_CASE(bytes_that_are_no_text),
          TEST_CASE(vectors))
