/* Heads of requests and responses: whole, in pieces, too long, and what other readers of HTTP
 * have been made to disagree about. */
#include "transport/http_head.h"

#include "support/check.h"

static struct http_head h;

static unsigned read_by(const char *text, size_t size, bool request, size_t step, size_t *ret_used)
{
	unsigned what = 0;
	size_t used;

	http_head_begin(&h, request);
	for (*ret_used = 0; *ret_used < size && what == 0; *ret_used += used)
		what = http_head_take(&h, text + *ret_used,
		                      size - *ret_used < step ? size - *ret_used : step, &used);
	return what;
}

static unsigned read_request(const char *text)
{
	size_t used;

	return read_by(text, strlen(text), true, 1 << 20, &used);
}

static bool is(struct bytes b, const char *text)
{
	return b.data && bytes_same(b, bytes_text(text));
}

TEST(a_request_in_pieces_of_any_size)
{
	static const char text[] = "GET /a/b?c=d HTTP/1.1\r\nHost: x.example:80\r\nEmpty:\r\n"
				   "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\nrest";
	size_t used;

	for (size_t step = 1; step < sizeof text; step++) {
		CHECK_EQ(read_by(text, sizeof text - 1, true, step, &used), 1);
		CHECK_EQ(used, sizeof text - 1 - 4);
		CHECK_EQ(h.verb, VERB_GET);
		CHECK(is(h.path, "/a/b") && is(h.query, "c=d"));
		CHECK(is(http_head_field(&h, "host"), "x.example:80"));
		CHECK(is(http_head_field(&h, "empty"), ""));
		CHECK(!http_head_field(&h, "hos").data);
		CHECK(http_head_lists(&h, "Connection", "upgrade"));
		CHECK(http_head_lists(&h, "Connection", "Keep-Alive"));
		CHECK(!http_head_lists(&h, "Connection", "up"));
		CHECK(h.upgrade && h.keep_alive && !h.chunked && h.length == 0);
	}
}

TEST(a_response)
{
	static const char text[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc";
	size_t used;

	CHECK_EQ(read_by(text, sizeof text - 1, false, 2, &used), 1);
	CHECK(h.status == 404 && is(h.reason, "Not Found") && h.length == 3);
}

TEST(an_absolute_url_has_its_path)
{
	CHECK_EQ(read_request("GET http://x.example/p?q HTTP/1.1\r\n\r\n"), 1);
	CHECK(is(h.path, "/p") && is(h.query, "q"));
	CHECK_EQ(read_request("GET http://x.example HTTP/1.0\r\n\r\n"), 1);
	CHECK(is(h.path, "/"));
	CHECK(!h.keep_alive && h.minor == 0);
}

static const struct {
	const char *text;
	unsigned status;
} refused[] = {
	{ "\x16\x03\x01\x02", 400 },
	{ "GET\r\n", 400 },
	{ "G\xff", 400 },
	{ "GET / HTTP/2.0\r\n\r\n", 505 },
	{ "GET / HTTP/1.1\r\nA b: c\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400 },
	{ "CONNECT x.example:80 HTTP/1.1\r\n\r\n", 400 },
};

TEST(what_is_no_request_is_refused)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		CHECK_ROW(refused[i].text);
		CHECK_EQ(read_request(refused[i].text), refused[i].status);
	}
}

static unsigned long_request(const char *begin, const char *each, size_t times)
{
	static char text[1 << 16];
	size_t used, n = strlen(begin);

	memcpy(text, begin, n);
	for (size_t i = 0; i < times; i++, n += strlen(each))
		memcpy(text + n, each, strlen(each));
	return read_by(text, n, true, 1000, &used);
}

TEST(what_is_too_long_is_refused)
{
	CHECK_EQ(long_request("GET /", "a", HTTP_URL_MAX + 1), 414);
	CHECK_EQ(long_request("GET / HTTP/1.1\r\n", "A: b\r\n", HTTP_FIELDS_MAX + 1), 431);
	CHECK_EQ(long_request("GET / HTTP/1.1\r\nA: ", "a", HTTP_HEAD_MAX), 431);
	CHECK_EQ(long_request("", "\r\n", HTTP_HEAD_MAX), 414);
	CHECK_EQ(long_request("GET / HTTP/1.1\r\n", "A: b\r\n", HTTP_FIELDS_MAX), 0);
	CHECK_EQ(h.n_fields, HTTP_FIELDS_MAX);
}

TEST_MAIN(TEST_CASE(a_request_in_pieces_of_any_size), TEST_CASE(a_response),
          TEST_CASE(an_absolute_url_has_its_path), TEST_CASE(what_is_no_request_is_refused),
          TEST_CASE(what_is_too_long_is_refused))
