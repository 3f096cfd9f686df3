/* The forms of one page: who gets which, and what its head says of it. */
#include "transport/http.h"

#include "support/check.h"

static struct http_head head;

/* As a request with this field would have it. */
static bool choose(const char *field, struct http_answer *a, char ret[HTTP_VARIANT_MAX])
{
	char text[HTTP_HEAD_MAX];
	size_t used;
	int n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n%s\r\n", field);

	http_head_begin(&head, true);
	CHECK_EQ(http_head_take(&head, text, (size_t)n, &used), 1);
	return http_variant(&head, a, ret);
}

static struct http_answer plain(void)
{
	return (struct http_answer){ .status = 200, .text = bytes_text("a long text") };
}

static struct http_answer packed(void)
{
	struct http_answer a = plain();

	a.gzip = bytes_text("gz");
	a.etag = "v1";
	a.policy = "default-src 'none'";
	return a;
}

TEST(who_takes_gzip_gets_it)
{
	static const struct {
		const char *field;
		bool gzip;
	} rows[] = {
		{ "", false },
		{ "Accept-Encoding: gzip, deflate, br\r\n", true },
		{ "accept-encoding: br,GZIP\r\n", true },
		{ "Accept-Encoding: gzip;q=0\r\n", false },
		{ "Accept-Encoding: identity\r\n", false },
		{ "Accept-Encoding: xgzip\r\n", false },
	};
	char fields[HTTP_VARIANT_MAX];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct http_answer a = packed();

		CHECK_ROW(rows[i].field);
		CHECK(!choose(rows[i].field, &a, fields));
		CHECK(bytes_same(a.text, bytes_text(rows[i].gzip ? "gz" : "a long text")));
		CHECK_EQ(strstr(fields, "Content-Encoding: gzip\r\n") != NULL, rows[i].gzip);
		CHECK(strstr(fields, "Vary: Accept-Encoding\r\n"));
	}
}

TEST(who_has_it_already_is_told_so)
{
	static const struct {
		const char *field;
		bool has;
	} rows[] = {
		{ "", false },
		{ "If-None-Match: W/\"v1\"\r\n", true },
		{ "If-None-Match: \"v0\", W/\"v1\"\r\n", true },
		{ "If-None-Match: \"v1\"\r\n", true },
		{ "If-None-Match: \"v11\"\r\n", false },
		{ "If-None-Match: v1\r\n", false },
		{ "If-None-Match: \"v1\r\n", false },
		{ "If-None-Match:\r\n", false },
	};
	char fields[HTTP_VARIANT_MAX];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct http_answer a = packed();

		CHECK_ROW(rows[i].field);
		CHECK_EQ(choose(rows[i].field, &a, fields), rows[i].has);
		CHECK_EQ(a.status, rows[i].has ? 304 : 200);
		CHECK(strstr(fields, "ETag: W/\"v1\"\r\n"));
		CHECK(strstr(fields, "Content-Security-Policy: default-src 'none'\r\n"));
	}
}

TEST(other_answers_stay_what_they_are)
{
	struct http_answer a = plain();
	char fields[HTTP_VARIANT_MAX];

	CHECK(!choose("If-None-Match: \"\"\r\nAccept-Encoding: gzip\r\n", &a, fields));
	CHECK_STR(fields, "");
	a = packed();
	a.status = 404;
	CHECK(!choose("If-None-Match: \"v1\"\r\n", &a, fields));
	CHECK_EQ(a.status, 404);
}

TEST(what_is_no_field_is_left_out)
{
	char fields[HTTP_VARIANT_MAX], longest[HTTP_POLICY_MAX + 2];
	static const char *const bad[] = { "", "a\r\nSet-Cookie: b", "a\n", "\x7f" };
	struct http_answer a;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		a = plain();
		a.etag = a.policy = bad[i];
		CHECK_ROW(bad[i]);
		CHECK(!choose("", &a, fields));
		CHECK_STR(fields, "");
	}
	a = packed();
	a.etag = "a\"b";
	a.policy = memset(longest, 'a', sizeof longest);
	longest[HTTP_POLICY_MAX] = '\0';
	CHECK(!choose("Accept-Encoding: gzip\r\n", &a, fields));
	CHECK(!strstr(fields, "ETag"));
	CHECK(strstr(fields, longest));
	longest[HTTP_POLICY_MAX] = 'a', longest[HTTP_POLICY_MAX + 1] = '\0';
	CHECK(!choose("", &a, fields));
	CHECK(!strstr(fields, "Policy"));
}

TEST(the_longest_of_all_fits)
{
	char fields[HTTP_VARIANT_MAX], etag[HTTP_ETAG_MAX + 1], policy[HTTP_POLICY_MAX + 1];
	struct http_answer a = packed();

	memset(etag, 'e', sizeof etag);
	memset(policy, 'p', sizeof policy);
	etag[HTTP_ETAG_MAX] = policy[HTTP_POLICY_MAX] = '\0';
	a.etag = etag;
	a.policy = policy;
	CHECK(!choose("Accept-Encoding: gzip\r\n", &a, fields));
	CHECK(strstr(fields, etag) && strstr(fields, policy) && strstr(fields, "Vary"));
	CHECK_STR(fields + strlen(fields) - 2, "\r\n");
}

TEST_MAIN(TEST_CASE(who_takes_gzip_gets_it), TEST_CASE(who_has_it_already_is_told_so),
          TEST_CASE(other_answers_stay_what_they_are), TEST_CASE(what_is_no_field_is_left_out),
          TEST_CASE(the_longest_of_all_fits))
