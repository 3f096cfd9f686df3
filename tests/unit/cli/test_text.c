/* test_text.c - what others say, made fit for a terminal; what users say, read. */
#include "support/check.h"

#include "common.h"
#include "output.h"
#include "text.h"

TEST(nothing_reaches_the_terminal_that_could_move_it)
{
	static const struct {
		const char *why, *in, *want;
	} rows[] = {
		{ "plain text stays", "hello, w\xc3\xb6rld", "hello, w\xc3\xb6rld" },
		{ "escape sequences are shown", "\x1b[2J", "\\x1b[2J" },
		{ "line breaks are shown", "a\nb\tc\r", "a\\nb\\tc\\r" },
		{ "a backslash is doubled, so that nothing can look escaped", "\\n", "\\\\n" },
		{ "C1 controls are controls",
		  "\xc2\x9b"
		  "2J",
		  "\\xc2\\x9b2J" },
		{ "the reading direction stays",
		  "\xe2\x80\xae"
		  "abc",
		  "\\xe2\\x80\\xae"
		  "abc" },
		{ "a zero-width space hides nothing",
		  "a\xe2\x80\x8b"
		  "b",
		  "a\\xe2\\x80\\x8b"
		  "b" },
		{ "what is no UTF-8 is shown", "\xff\xc3", "\\xff\\xc3" },
		{ "an overlong slash is no slash", "\xc0\xaf", "\\xc0\\xaf" },
		{ "a surrogate is no character", "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "DEL is a control", "\x7f", "\\x7f" },
	};
	char text[128];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_STR(safe_copy(text, sizeof text, rows[i].in, strlen(rows[i].in)),
		          rows[i].want);
	}
}

TEST(a_copy_is_cut_between_characters)
{
	char text[6];

	CHECK_STR(safe_copy(text, sizeof text, "\xc3\xb6\xc3\xb6\xc3\xb6", 6), "\xc3\xb6\xc3\xb6");
	CHECK_STR(safe_copy(text, sizeof text, "abc\x01", 4), "abc");
	CHECK_EQ(text_columns("\xc3\xb6\xe2\x94\x80x"), 3);
}

TEST(text_is_utf8_without_nul)
{
	CHECK(utf8_is_text("abc\n", 4));
	CHECK(utf8_is_text("", 0));
	CHECK(!utf8_is_text("a\0b", 3));
	CHECK(!utf8_is_text("\xf0\x9f\x98", 3));
	CHECK(utf8_is_text("\xf0\x9f\x98\x80", 4));
	CHECK(!utf8_is_text("\xf5\x80\x80\x80", 4));
}

TEST(base64_as_in_rfc_4648)
{
	static const char *const rows[][2] = {
		{ "", "" },        { "f", "Zg==" },        { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "foobar", "Zm9vYmFy" }
	};
	char text[16];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		base64_encode(text, rows[i][0], strlen(rows[i][0]));
		CHECK_STR(text, rows[i][1]);
	}
}

TEST(durations)
{
	static const struct {
		const char *text;
		long want; /* -1: refused */
	} rows[] = {
		{ "5", 5000 },      { "0", 0 },           { "0.5", 500 }, { ".25", 250 },
		{ "1.2345", 1234 }, { "250ms", 250 },     { "2s", 2000 }, { "1.5s", 1500 },
		{ "", -1 },         { ".", -1 },          { "-1", -1 },   { "1m", -1 },
		{ "5 ", -1 },       { "ms", -1 },         { "s", -1 },    { "1.5ms", -1 },
		{ "1e3", -1 },      { "9999999999", -1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		leno_ms ms = -1;

		CHECK_ROW(rows[i].text);
		CHECK_EQ(parse_duration(rows[i].text, &ms), rows[i].want >= 0);
		if (rows[i].want >= 0)
			CHECK_EQ(ms, rows[i].want);
	}
}

TEST_MAIN(TEST_CASE(nothing_reaches_the_terminal_that_could_move_it),
          TEST_CASE(a_copy_is_cut_between_characters), TEST_CASE(text_is_utf8_without_nul),
          TEST_CASE(base64_as_in_rfc_4648), TEST_CASE(durations))
