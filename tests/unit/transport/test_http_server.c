/* A server's side of HTTP: upgrades, who is refused them, pages, and connections that are
 * kept alive, used too often or misused.
 * covers: src/transport/http_server.c src/transport/http_client.c */
#include "transport/http.h"
#include "transport/ws.h"

#include "base/mem.h"
#include "support/check.h"

#include <stdio.h>

static const uint8_t seed[16], key[HTTP_KEY] = "the sample nonce";

static unsigned n_pages, n_freed;
static size_t body_size, body_cut;
static char heard[1 << 16], said[1 << 20];
static size_t n_heard, n_said;

/* ---- what is served: /text, /long (a body of body_size), anything else is not there --- */

static ssize_t read_body(struct http_body *body, uint8_t *to, size_t size)
{
	if (body_cut && (body_cut -= size < body_cut ? size : body_cut) == 0)
		return 0;
	memset(to, 'x', size);
	return (ssize_t)size;
}

static void free_body(struct http_body *body)
{
	n_freed++;
}

static struct http_body long_body = { read_body, free_body };

static void page(void *user, const struct http_head *h, struct http_answer *ret)
{
	n_pages++;
	if (bytes_same(h->path, bytes_text("/text")))
		*ret = (struct http_answer){ 200, "text/plain", bytes_text("hello"), NULL, 0 };
	if (bytes_same(h->path, bytes_text("/long")))
		*ret = (struct http_answer){ 200, "x/y", { 0 }, &long_body, body_size };
	if (bytes_same(h->path, bytes_text("/stays")))
		*ret = (struct http_answer){ .status = 200, .text = bytes_text("hello there"),
			                     .gzip = bytes_text("gz"), .etag = "v1", .stays = true };
}

static bool origin(void *user, struct bytes o, struct bytes host)
{
	return http_same(o, "https://good.example");
}

/* Requests that somebody else answers: one at a time. */
static struct http_exchange ex;
static unsigned n_asked, n_whole, n_gone;
static char taken[256];
static size_t n_taken, answer_after;

static void ex_take(struct http_exchange *e, uint8_t *data, size_t size)
{
	static const struct http_answer refusal = { .status = 409 };

	memcpy(taken + n_taken, data, size);
	n_taken += size;
	if (answer_after && n_taken >= answer_after)
		http_exchange_answer(e, &refusal, NULL);
}

static void ex_whole(struct http_exchange *e)
{
	n_whole++;
}

static void ex_gone(struct http_exchange *e)
{
	n_gone++;
}

static const struct http_exchange_ops ex_ops = { ex_take, ex_whole, ex_gone };

static struct http_exchange *exchange(void *user, const struct http_head *h, unsigned *ret_status)
{
	n_asked++;
	*ret_status = 404;
	if (bytes_same(h->path, bytes_text("/none")))
		return NULL;
	ex = (struct http_exchange){ &ex_ops, NULL };
	return &ex;
}

static const struct http_server ways = { NULL, exchange, origin, page };

/* ---- feeding it ------------------------------------------------------------------------ */

static void hear(void *user, uint8_t *data, size_t size)
{
	memcpy(heard + n_heard, data, size);
	n_heard += size;
}

static struct filter *server(void)
{
	n_heard = n_said = n_pages = n_freed = body_cut = 0;
	n_asked = n_whole = n_gone = 0;
	n_taken = answer_after = 0;
	return http_server_new(&ways, ws_new(false, seed));
}

static int feed_by(struct filter *f, const char *text, size_t size, size_t step)
{
	int error = 0;

	while (size > 0 && error == 0) {
		size_t n = size < step ? size : step;
		uint8_t *copy = mem_take(n);

		memcpy(copy, text, n);
		error = filter_take(f, copy, n, hear, NULL);
		mem_free(copy);
		text += n;
		size -= n;
	}
	return error;
}

static int feed(struct filter *f, const char *text)
{
	return feed_by(f, text, strlen(text), 1 << 20);
}

/* All that it says. */
static const char *hears_back(struct filter *f)
{
	struct span s;

	n_said = 0;
	while ((s = filter_say(f)).size > 0) {
		memcpy(said + n_said, s.data, s.size);
		n_said += s.size;
	}
	said[n_said] = '\0';
	return said;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define UPGRADE    "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION    "Sec-WebSocket-Version: 13\r\n"

/* ---- upgrades ---------------------------------------------------------------------------- */

TEST(an_upgrade_is_agreed_on_and_frames_pass)
{
	static const char text[] = "GET /any HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n";

	for (size_t step = 1; step < 200; step += 198) {
		struct filter *f = server();

		CHECK_EQ(feed_by(f, text, sizeof text - 1, step), 0);
		CHECK(!filter_ready(f));
		CHECK_STR(hears_back(f), "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		                         "Connection: Upgrade\r\n"
		                         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
		CHECK(filter_ready(f));
		CHECK(!filter_serves(f) && !filter_ending(f));
		CHECK_EQ(filter_class(f, LENO_PIPE_STREAM), LENO_PIPE_WRAPPED);
		CHECK_EQ(feed_by(f, "\x82\x81\0\0\0\0" "a", 7, step), 0);
		CHECK(n_heard == 1 && heard[0] == 'a');
		filter_free(f);
	}
}

TEST(client_and_server_agree)
{
	struct filter *client = http_client_new("x.example:7000", "/p", key, ws_new(true, seed));
	struct filter *f = server();
	uint8_t room[FILTER_HEAD + 4] = { 0 };
	struct span s;

	REQUIRE(client && f);
	CHECK_EQ(feed(f, hears_back(client)), 0);
	CHECK(strstr(said, "GET /p HTTP/1.1\r\nHost: x.example:7000\r\n"));
	hears_back(f);
	CHECK_EQ(feed_by(client, said, n_said, 1), 0);
	CHECK(strstr(said, "Sec-WebSocket-Protocol: leno\r\n"));
	CHECK(filter_ready(client) && filter_ready(f));
	memcpy(room + FILTER_HEAD, "ping", 4);
	s = filter_wrap(client, (struct span){ room + FILTER_HEAD, 4 });
	CHECK_EQ(filter_take(f, s.data, s.size, hear, NULL), 0);
	CHECK(n_heard == 4 && memcmp(heard, "ping", 4) == 0);
	filter_finish(f);
	s = filter_say(f);
	CHECK_EQ(filter_take(client, s.data, s.size, hear, NULL), LENO_CLOSED);
	filter_free(client);
	filter_free(f);
}

static const struct {
	const char *why, *text, *answer;
	int ending;
} upgrades[] = {
	{ "an origin that is listed",
	  "GET / HTTP/1.1\r\n" UPGRADE KEY VERSION "Origin: https://GOOD.example\r\n\r\n",
	  "HTTP/1.1 101", 0 },
	{ "another origin",
	  "GET / HTTP/1.1\r\n" UPGRADE KEY VERSION "Origin: https://bad.example\r\n\r\n",
	  "HTTP/1.1 403", LENO_REFUSED },
	{ "an empty origin", "GET / HTTP/1.1\r\n" UPGRADE KEY VERSION "Origin:\r\n\r\n",
	  "HTTP/1.1 403", LENO_REFUSED },
	{ "no key", "GET / HTTP/1.1\r\n" UPGRADE VERSION "\r\n", "HTTP/1.1 400", LENO_PROTOCOL },
	{ "no version", "GET / HTTP/1.1\r\n" UPGRADE KEY "\r\n", "HTTP/1.1 426", LENO_OLD },
	{ "an old version",
	  "GET / HTTP/1.1\r\n" UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n", "HTTP/1.1 426",
	  LENO_OLD },
	{ "a POST", "POST / HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n", "HTTP/1.1 400",
	  LENO_PROTOCOL },
	{ "HTTP/1.0", "GET / HTTP/1.0\r\n" UPGRADE KEY VERSION "\r\n", "HTTP/1.1 400",
	  LENO_PROTOCOL },
	{ "no host",
	  "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY VERSION "\r\n",
	  "HTTP/1.1 400", LENO_PROTOCOL },
	{ "a body",
	  "GET / HTTP/1.1\r\n" UPGRADE KEY VERSION "Content-Length: 1\r\n\r\n", "HTTP/1.1 400",
	  LENO_PROTOCOL },
	{ "rubbish", "BREW / HTCPCP/1.0\r\n\r\n", "HTTP/1.1 400", LENO_PROTOCOL },
};

TEST(who_may_upgrade)
{
	for (size_t i = 0; i < sizeof upgrades / sizeof *upgrades; i++) {
		struct filter *f = server();

		CHECK_ROW(upgrades[i].why);
		CHECK_EQ(feed(f, upgrades[i].text), 0);
		CHECK(begins(hears_back(f), upgrades[i].answer));
		CHECK_EQ(filter_ending(f), upgrades[i].ending);
		CHECK(!filter_ending(f) == !filter_why(f));
		if (upgrades[i].ending)                  /* what still comes is dropped */
			CHECK_EQ(feed(f, GET("/text")), 0);
		CHECK_EQ(n_pages, 0);
		filter_free(f);
	}
}

TEST(frames_before_the_answer_are_refused)
{
	struct filter *f = server();

	CHECK_EQ(feed(f, "GET / HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n\x82"), LENO_PROTOCOL);
	filter_free(f);
	f = server();                                  /* the same, behind a page */
	CHECK_EQ(feed(f, GET("/text") "GET / HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n\x82"), 0);
	hears_back(f);
	CHECK_EQ(filter_ending(f), LENO_PROTOCOL);
	filter_free(f);
}

/* ---- pages ------------------------------------------------------------------------------- */

TEST(pages_one_after_the_other)
{
	struct filter *f = server();

	CHECK_EQ(feed(f, GET("/text") GET("/none") "HEAD /text HTTP/1.1\r\nHost: x\r\n\r\n"), 0);
	CHECK(begins(hears_back(f), "HTTP/1.1 200 OK\r\n"));
	CHECK(strstr(said, "Content-Length: 5\r\n"));
	CHECK(strstr(said, "\r\n\r\nhelloHTTP/1.1 404 Not Found\r\n"));
	CHECK(strstr(said, "404 Not Found\nHTTP/1.1 200 OK\r\n"));
	CHECK(strcmp(said + n_said - 4, "\r\n\r\n") == 0);   /* HEAD: no body */
	CHECK(filter_serves(f) && !filter_ending(f) && !filter_ready(f));
	CHECK_EQ(feed(f, GET("/text")), 0);
	CHECK(strstr(hears_back(f), "\r\n\r\nhello"));
	CHECK_EQ(feed(f, "GET / HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n"), 0);
	CHECK(begins(hears_back(f), "HTTP/1.1 101"));       /* after pages, too */
	filter_free(f);
	f = server();                                       /* and without waiting for them */
	CHECK_EQ(feed(f, GET("/text") "GET / HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n"), 0);
	CHECK(strstr(hears_back(f), "HTTP/1.1 101"));
	CHECK(filter_ready(f));
	filter_free(f);
}

TEST(a_page_in_its_forms)
{
	struct filter *f = server();

	CHECK_EQ(feed(f, GET("/stays")), 0);
	CHECK(strstr(hears_back(f), "\r\n\r\nhello there"));
	CHECK(strstr(said, "ETag: W/\"v1\"\r\n") && strstr(said, "Referrer-Policy: no-referrer\r\n"));
	CHECK_EQ(feed(f, "GET /stays HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n"), 0);
	CHECK(strstr(hears_back(f), "Content-Length: 2\r\n") && strstr(said, "\r\n\r\ngz"));
	CHECK_EQ(feed(f, "GET /stays HTTP/1.1\r\nIf-None-Match: W/\"v1\"\r\n\r\n" GET("/text")), 0);
	CHECK(begins(hears_back(f), "HTTP/1.1 304 Not Modified\r\n"));
	CHECK(strstr(said, "\r\n\r\nHTTP/1.1 200 OK\r\n")); /* without its body */
	filter_free(f);
}

TEST(who_has_been_served_and_asks_for_nothing_is_idle)
{
	struct filter *f = server();

	CHECK(!filter_idle(f));
	CHECK_EQ(feed(f, GET("/text")), 0);
	CHECK(!filter_idle(f));
	hears_back(f);
	CHECK(filter_idle(f));
	CHECK_EQ(feed(f, "G"), 0);
	CHECK(!filter_idle(f));
	CHECK_EQ(feed(f, "ET /text HTTP/1.1\r\n\r\n" GET("/text")), 0);
	CHECK(!filter_idle(f));
	hears_back(f);
	CHECK(filter_idle(f));
	CHECK_EQ(feed(f, "GET / HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n"), 0);
	hears_back(f);
	CHECK(!filter_idle(f) && filter_ready(f));
	filter_free(f);
}

TEST(the_connection_ends_when_it_is_asked_to)
{
	struct filter *f = server();

	CHECK_EQ(feed(f, "GET /text HTTP/1.1\r\nConnection: close\r\n\r\n" GET("/text")), 0);
	CHECK(strstr(hears_back(f), "Connection: close\r\n"));
	CHECK_EQ(filter_ending(f), LENO_CLOSED);
	CHECK_EQ(n_pages, 1);
	filter_free(f);
	f = server();
	CHECK_EQ(feed(f, "GET /text HTTP/1.0\r\n\r\n"), 0);
	hears_back(f);
	CHECK_EQ(filter_ending(f), LENO_CLOSED);
	filter_free(f);
}

TEST(requests_of_one_connection_are_counted)
{
	struct filter *f = server();

	for (unsigned i = 0; i < HTTP_REQUESTS_MAX; i++) {
		CHECK(!filter_ending(f));
		CHECK_EQ(feed(f, GET("/text")), 0);
		hears_back(f);
	}
	CHECK(strstr(said, "Connection: close\r\n"));
	CHECK_EQ(filter_ending(f), LENO_CLOSED);
	filter_free(f);
}

TEST(other_methods_and_bodies)
{
	struct filter *f = server();

	CHECK_EQ(feed(f, "DELETE /text HTTP/1.1\r\nHost: x\r\n\r\n"), 0);
	CHECK(begins(hears_back(f), "HTTP/1.1 405"));
	CHECK(strstr(said, "Allow: GET, HEAD\r\n"));
	CHECK(!filter_ending(f));
	CHECK_EQ(feed(f, "POST /text HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n"), 0);
	CHECK(begins(hears_back(f), "HTTP/1.1 413"));
	CHECK_EQ(filter_ending(f), LENO_REFUSED);
	CHECK_EQ(n_pages, 0);
	filter_free(f);
}

TEST(a_large_body_goes_piece_by_piece)
{
	struct filter *f = server();
	struct span s;
	size_t all = 0;

	body_size = 5 * HTTP_PIECE + 1;
	CHECK_EQ(feed(f, GET("/long")), 0);
	while ((s = filter_say(f)).size > 0) {
		CHECK(s.size <= HTTP_PIECE + 512);
		all += s.size;
	}
	CHECK(all > body_size && all < body_size + 512);
	CHECK_EQ(n_freed, 1);
	CHECK(!filter_ending(f));
	filter_free(f);
}

TEST(a_body_that_ends_early_ends_the_connection)
{
	struct filter *f = server();

	body_size = 5 * HTTP_PIECE;
	body_cut = 2 * HTTP_PIECE;
	CHECK_EQ(feed(f, GET("/long")), 0);
	hears_back(f);
	CHECK(n_said < body_size);
	CHECK_EQ(filter_ending(f), LENO_FILE);
	filter_free(f);
	CHECK_EQ(n_freed, 1);
}

TEST(who_asks_faster_than_he_listens_is_dropped)
{
	struct filter *f = server();
	int error = 0;

	body_size = 1000000;
	CHECK_EQ(feed(f, GET("/long")), 0);
	for (unsigned i = 0; i < HTTP_KEPT_MAX && !error; i++)
		error = feed(f, GET("/long"));
	CHECK_EQ(error, LENO_LIMIT);
	CHECK_EQ(n_pages, 1);
	filter_free(f);
	CHECK_EQ(n_freed, 1);
}

/* ---- requests that somebody else answers ---------------------------------------------------- */

#define ASK "POST /p?leno=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n"

TEST(an_exchange_is_answered_when_its_time_comes)
{
	static const char text[] = ASK "\r\nabcdef" GET("/text");
	struct http_answer a = { .status = 200, .text = bytes_text("later") };

	for (size_t step = 1; step < 200; step += 198) {
		struct filter *f = server();

		CHECK_EQ(feed_by(f, text, sizeof text - 1, step), 0);
		CHECK(n_asked == 1 && n_whole == 1 && n_taken == 6);
		CHECK(memcmp(taken, "abcdef", 6) == 0);
		CHECK(filter_waits(f) && filter_say(f).size == 0 && n_pages == 0);
		http_exchange_answer(&ex, &a, "Leno-Got: 6\r\n");
		CHECK(!filter_waits(f));
		CHECK(strstr(hears_back(f), "Leno-Got: 6\r\n"));
		CHECK(strstr(said, "\r\n\r\nlaterHTTP/1.1 200 OK\r\n"));
		CHECK(n_pages == 1 && !filter_ending(f));
		http_exchange_answer(&ex, &a, NULL);   /* once is enough */
		CHECK_STR(hears_back(f), "");
		filter_free(f);
		CHECK_EQ(n_gone, 0);
	}
}

TEST(a_connection_that_goes_tells_its_exchange)
{
	struct filter *f = server();

	CHECK_EQ(feed(f, "GET /?leno=1 HTTP/1.1\r\n\r\n"), 0);
	CHECK(n_whole == 1 && n_taken == 0);
	filter_free(f);
	CHECK(n_gone == 1 && !ex.filter);
	f = server();
	CHECK_EQ(feed(f, ASK "\r\nabc"), 0);
	filter_free(f);
	CHECK(n_gone == 1 && n_whole == 0 && n_taken == 3);
}

TEST(an_answer_before_all_came_ends_the_connection)
{
	struct filter *f = server();

	answer_after = 3;
	CHECK_EQ(feed_by(f, ASK "\r\nabcdef" GET("/text"), sizeof ASK - 1 + 8, 2), 0);
	CHECK(begins(hears_back(f), "HTTP/1.1 409 Conflict\r\n"));
	CHECK_EQ(filter_ending(f), LENO_CLOSED);
	CHECK(n_whole == 0 && n_pages == 0);
	filter_free(f);
}

TEST(what_is_no_exchange)
{
	static const struct {
		const char *text, *answer;
	} rows[] = {
		{ "POST /none?leno=1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 404" },
		{ "POST /none?leno=1 HTTP/1.1\r\nContent-Length: 9\r\n\r\n", "HTTP/1.1 404" },
		{ "POST /?leno=1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 413" },
		{ "GET /?leno=1 HTTP/1.1\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 413" },
		{ "PUT /?leno=1 HTTP/1.1\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 413" },
		{ ASK "Origin: https://bad.example\r\n\r\n", "HTTP/1.1 403" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct filter *f = server();

		CHECK_ROW(rows[i].text);
		CHECK_EQ(feed(f, rows[i].text), 0);
		CHECK(begins(hears_back(f), rows[i].answer));
		CHECK_EQ(filter_ending(f) != 0, i > 0);
		CHECK(!filter_waits(f) && n_whole == 0);
		filter_free(f);
	}
}

TEST(a_tunnel_through_a_proxy)
{
	struct filter *f = http_tunnel_new("x.example:443", ws_new(true, seed));

	CHECK(begins(hears_back(f), "CONNECT x.example:443 HTTP/1.1\r\nHost: x.example:443\r\n"));
	CHECK_EQ(feed(f, "HTTP/1.0 200 Connection established\r\n\r\n\x82\x01" "a"), 0);
	CHECK(filter_ready(f) && n_heard == 1);
	filter_free(f);
	f = http_tunnel_new("x.example:443", ws_new(true, seed));
	CHECK_EQ(feed(f, "HTTP/1.1 403 Filtered\r\n\r\n"), LENO_REFUSED);
	CHECK_STR(filter_why(f), "the proxy answers 403 Filtered where a tunnel was asked for");
	filter_free(f);
}

TEST(every_allocation_may_fail)
{
	for (size_t n = 1; n < 12; n++) {
		struct filter *f;

		mem_fail(n, 1);
		f = http_server_new(&ways, ws_new(false, seed));
		if (f) {
			uint8_t copy[] = GET("/text") GET("/none");

			n_heard = 0;
			if (filter_take(f, copy, sizeof copy - 1, hear, NULL) == 0)
				hears_back(f);
			filter_free(f);
		}
		filter_free(http_client_new("x", "/", key, ws_new(true, seed)));
		mem_fail(0, 0);
	}
}

/* ---- a client ------------------------------------------------------------------------------ */

#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define GOOD   "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"

static const struct {
	const char *text, *why;
	int error;
} answers[] = {
	{ GOOD ACCEPT "\r\n\x82\x01" "a", NULL, 0 },
	{ "HTTP/1.1 103 Early\r\n\r\n" GOOD ACCEPT "\r\n", NULL, 0 },
	{ "HTTP/1.1 404 Not Found\r\n\r\n",
	  "it answers 404 Not Found where a WebSocket was asked for", LENO_REFUSED },
	{ "HTTP/1.1 302 \x1b[31m\xff\r\n\r\n",
	  "it answers 302 [31m where a WebSocket was asked for", LENO_REFUSED },
	{ "HTTP/1.1 503\r\n\r\n", "it answers 503 where a WebSocket was asked for", LENO_BUSY },
	{ GOOD "\r\n", NULL, LENO_PROTOCOL },
	{ GOOD "Sec-WebSocket-Accept: AAAALMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", NULL, LENO_PROTOCOL },
	{ "HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" ACCEPT "\r\n", NULL,
	  LENO_PROTOCOL },
	{ "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n" ACCEPT "\r\n", NULL, LENO_PROTOCOL },
	{ GOOD ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", NULL, LENO_PROTOCOL },
	{ GOOD ACCEPT "Sec-WebSocket-Protocol: chat\r\n\r\n", NULL, LENO_PROTOCOL },
	{ "leno", NULL, LENO_PROTOCOL },
};

TEST(what_a_client_may_be_answered)
{
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		for (size_t step = 1; step < 1000; step += 998) {
			struct filter *f = http_client_new("x", "/", key, ws_new(true, seed));

			CHECK_ROW(answers[i].text);
			n_heard = 0;
			hears_back(f);
			CHECK_EQ(feed_by(f, answers[i].text, strlen(answers[i].text), step),
			         answers[i].error);
			CHECK_EQ(filter_ready(f), answers[i].error == 0);
			if (answers[i].why)
				CHECK_STR(filter_why(f), answers[i].why);
			filter_free(f);
		}
}

TEST(a_client_is_not_told_for_ever_that_it_will_be_answered)
{
	struct filter *f = http_client_new("x", "/", key, ws_new(true, seed));
	int error = 0;

	for (unsigned i = 0; i < 100 && !error; i++)
		error = feed(f, "HTTP/1.1 100 Continue\r\n\r\n");
	CHECK_EQ(error, LENO_PROTOCOL);
	filter_free(f);
}

TEST_MAIN(TEST_CASE(an_upgrade_is_agreed_on_and_frames_pass), TEST_CASE(client_and_server_agree),
          TEST_CASE(who_may_upgrade), TEST_CASE(frames_before_the_answer_are_refused),
          TEST_CASE(pages_one_after_the_other),
          TEST_CASE(a_page_in_its_forms),
          TEST_CASE(who_has_been_served_and_asks_for_nothing_is_idle), TEST_CASE(the_connection_ends_when_it_is_asked_to),
          TEST_CASE(requests_of_one_connection_are_counted),
          TEST_CASE(other_methods_and_bodies), TEST_CASE(a_large_body_goes_piece_by_piece),
          TEST_CASE(a_body_that_ends_early_ends_the_connection),
          TEST_CASE(who_asks_faster_than_he_listens_is_dropped),
          TEST_CASE(an_exchange_is_answered_when_its_time_comes),
          TEST_CASE(a_connection_that_goes_tells_its_exchange),
          TEST_CASE(an_answer_before_all_came_ends_the_connection),
          TEST_CASE(what_is_no_exchange), TEST_CASE(a_tunnel_through_a_proxy),
          TEST_CASE(every_allocation_may_fail), TEST_CASE(what_a_client_may_be_answered),
          TEST_CASE(a_client_is_not_told_for_ever_that_it_will_be_answered))
