/* covers: src/node/text.c */
#include <leno.h>

#include "support/check.h"

TEST(ids_are_read_as_they_are_written)
{
	leno_id id, back;
	char text[LENO_ID_TEXT];

	for (uint8_t i = 0; i < sizeof id.bytes; i++)
		id.bytes[i] = (uint8_t)(i * 17);
	CHECK_STR(leno_id_text(&id, text), "00112233-4455-6677-8899-aabbccddeeff");
	CHECK_EQ(leno_id_parse(text, &back), 0);
	CHECK(leno_id_same(&id, &back));
}

TEST(what_is_not_an_id_is_refused)
{
	static const struct { const char *text, *why; } rows[] = {
		{ "", "empty" },
		{ "00112233-4455-6677-8899-aabbccddeef", "one digit short" },
		{ "00112233-4455-6677-8899-aabbccddeeff0", "one digit long" },
		{ "00112233x4455-6677-8899-aabbccddeeff", "no dash" },
		{ "g0112233-4455-6677-8899-aabbccddeeff", "not a digit" },
		{ "0011223344556677-8899-aabbccddeeff", "a dash missing" },
	};
	leno_id id;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(leno_id_parse(rows[i].text, &id), LENO_ARGUMENT);
	}
}

TEST(every_error_has_its_own_sentence)
{
	for (int e = 0; e >= LENO_INTERNAL; e--)
		for (int f = 0; f > e; f--)
			CHECK(strcmp(leno_strerror(e), leno_strerror(f)) != 0);
	CHECK(strstr(leno_strerror(-9999), "does not know"));
	CHECK(strstr(leno_strerror(5), "does not know"));
}

TEST_MAIN(TEST_CASE(ids_are_read_as_they_are_written), TEST_CASE(what_is_not_an_id_is_refused),
          TEST_CASE(every_error_has_its_own_sentence))
