/* Keys of WebSocket upgrades, on the example of RFC 6455. */
#include "transport/http.h"

#include "support/check.h"

TEST(the_example_of_the_rfc)
{
	char accept[HTTP_ACCEPT + 1], text[HTTP_KEY_TEXT + 1];

	REQUIRE(http_key_accept(accept, bytes_text("dGhlIHNhbXBsZSBub25jZQ==")));
	CHECK_STR(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	http_key_text(text, (const uint8_t *)"the sample nonce");
	CHECK_STR(text, "dGhlIHNhbXBsZSBub25jZQ==");
}

TEST(what_is_a_key)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "dGhlIHNhbXBsZSBub25jZQ==", true },
		{ "", false },
		{ "dGhlIHNhbXBsZSBub25jZQ=", false },
		{ "dGhlIHNhbXBsZSBub25jZQ===", false },
		{ "dGhlIHNhbXBsZSBub25jZTE=", false },   /* 17 bytes */
		{ "dGhlIHNhbXBsZSBub25jZ===", false },   /* 15 bytes */
		{ "dGhlIHNhbXBs\nSBub25jZQ==", false },
		{ "dGhlIHNhb*BsZSBub25jZQ==", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].text);
		CHECK_EQ(http_key_good(bytes_text(rows[i].text)), rows[i].good);
	}
}

TEST(a_key_that_is_too_long_has_no_answer)
{
	char accept[HTTP_ACCEPT + 1];

	CHECK(!http_key_accept(accept, bytes_text("dGhlIHNhbXBsZSBub25jZQ==x")));
}

TEST_MAIN(TEST_CASE(the_example_of_the_rfc), TEST_CASE(what_is_a_key),
          TEST_CASE(a_key_that_is_too_long_has_no_answer))
