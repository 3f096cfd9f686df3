/* Requests over one connection: what is answered, what is no answer, and who is told. */
#include "transport/http_ask.h"

#include "base/mem.h"
#include "support/check.h"

static char bodies[256];
static size_t n_bodies;
static unsigned heads, wholes, lasts, gones, status;

static void on_head(void *user, const struct http_head *h)
{
	heads++;
	status = h->status;
}

static void on_body(void *user, uint8_t *data, size_t size)
{
	memcpy(bodies + n_bodies, data, size);
	n_bodies += size;
}

static void on_whole(void *user, bool last)
{
	wholes++;
	lasts += last;
}

static void on_gone(void *user)
{
	gones++;
}

static const struct http_ask_ops tell = { on_head, on_body, on_whole, on_gone };
static int somebody;

static struct filter *asker(void)
{
	n_bodies = heads = wholes = lasts = gones = status = 0;
	return http_ask_new(&tell, &somebody);
}

static int hear(struct filter *f, const char *text, size_t step)
{
	size_t size = strlen(text);
	int error = 0;

	for (size_t i = 0; i < size && error == 0; i += step) {
		size_t n = size - i < step ? size - i : step;
		uint8_t *copy = mem_take(n);

		memcpy(copy, text + i, n);
		error = filter_take(f, copy, n, NULL, NULL);
		mem_free(copy);
	}
	return error;
}

static bool says(struct filter *f, const char *text)
{
	struct span s = filter_say(f);

	return s.size == strlen(text) && (s.size == 0 || memcmp(s.data, text, s.size) == 0);
}

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"

TEST(one_request_after_the_other)
{
	for (size_t step = 1; step < 100; step += 98) {
		struct filter *f = asker();

		CHECK(filter_waits(f) && !filter_ready(f) && says(f, ""));
		CHECK(http_ask_say(f, "GET / HTTP/1.1\r\n\r\n", bytes_of(NULL, 0)));
		CHECK(says(f, "GET / HTTP/1.1\r\n\r\n") && says(f, ""));
		CHECK_EQ(hear(f, "HTTP/1.1 100 Continue\r\n\r\n" ANSWER, step), 0);
		CHECK(heads == 1 && wholes == 1 && lasts == 0 && status == 200);
		CHECK(http_ask_say(f, "POST / HTTP/1.1\r\n\r\n", bytes_text("body")));
		CHECK(says(f, "POST / HTTP/1.1\r\n\r\nbody"));
		CHECK_EQ(hear(f, "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", step), 0);
		CHECK(heads == 2 && wholes == 2 && status == 503);
		CHECK(n_bodies == 3 && memcmp(bodies, "abc", 3) == 0);
		filter_free(f);
		CHECK_EQ(gones, 1);
	}
}

TEST(an_answer_may_be_the_last_one)
{
	struct filter *f = asker();

	CHECK(http_ask_say(f, "GET / HTTP/1.1\r\n\r\n", bytes_of(NULL, 0)));
	CHECK_EQ(hear(f, "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nabc", 100), 0);
	CHECK(wholes == 1 && lasts == 1 && n_bodies == 1);
	CHECK_EQ(filter_ending(f), LENO_CLOSED);
	CHECK(!filter_waits(f));
	filter_free(f);
	CHECK_EQ(gones, 0);                            /* it has forgotten us before */
}

static const struct {
	const char *why, *text;
} broken[] = {
	{ "no size", "HTTP/1.1 200 OK\r\n\r\n" },
	{ "chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" },
	{ "no HTTP", "leno" },
	{ "more than was asked for", ANSWER "HTTP/1.1 200 OK" },
};

TEST(what_is_no_answer)
{
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct filter *f = asker();

		CHECK_ROW(broken[i].why);
		CHECK(http_ask_say(f, "GET / HTTP/1.1\r\n\r\n", bytes_of(NULL, 0)));
		CHECK_EQ(hear(f, broken[i].text, 1), LENO_PROTOCOL);
		CHECK(filter_why(f) != NULL);
		filter_free(f);
		CHECK_EQ(gones, 1);
	}
}

TEST(a_last_word_takes_the_place_of_what_is_not_said_yet)
{
	struct filter *f = asker();

	CHECK(http_ask_say(f, "one", bytes_of(NULL, 0)));
	CHECK(http_ask_last(f, "two", bytes_text("!")));
	CHECK(says(f, "two!"));
	CHECK(http_ask_last(f, "three", bytes_of(NULL, 0)));   /* behind it */
	http_ask_forget(f);
	CHECK(says(f, "three") && says(f, ""));
	CHECK_EQ(hear(f, "whatever comes", 3), 0);
	CHECK(heads == 0 && gones == 0);
	filter_free(f);
	CHECK_EQ(gones, 0);
}

TEST(without_memory)
{
	struct filter *f;

	mem_fail(1, 0);
	CHECK(!asker());
	mem_fail(0, 0);
	f = asker();
	mem_fail(1, 0);
	CHECK(!http_ask_say(f, "GET", bytes_of(NULL, 0)));
	mem_fail(0, 0);
	CHECK(http_ask_say(f, "GET", bytes_of(NULL, 0)));
	filter_free(f);
}

TEST_MAIN(TEST_CASE(one_request_after_the_other), TEST_CASE(an_answer_may_be_the_last_one),
          TEST_CASE(what_is_no_answer),
          TEST_CASE(a_last_word_takes_the_place_of_what_is_not_said_yet),
          TEST_CASE(without_memory))
