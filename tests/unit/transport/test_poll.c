/* Windows of numbered bytes between two ends, of which requests and answers are lost, cut and
 * repeated; and queries. */
#include "transport/poll.h"

#include "base/mem.h"
#include "support/check.h"
#include "support/known.h"
#include "transport/ws.h"

static uint8_t piece[POLL_WINDOW + 1];

TEST(a_byte_is_kept_until_the_other_side_has_it)
{
	struct poll p = { 0 };

	CHECK_EQ(poll_put(&p, (const uint8_t *)"abcdef", 6), 6);
	CHECK(bytes_same(poll_rest(&p, 0, 4), bytes_text("abcd")));
	CHECK(bytes_same(poll_rest(&p, 0, 99), bytes_text("abcdef")));
	CHECK(poll_has(&p, 2));
	CHECK(bytes_same(poll_rest(&p, 2, 99), bytes_text("cdef")));
	CHECK(bytes_same(poll_rest(&p, 5, 99), bytes_text("f")));
	CHECK_EQ(poll_rest(&p, 1, 99).size, 0);        /* gone */
	CHECK_EQ(poll_rest(&p, 7, 99).size, 0);        /* not there yet */
	CHECK(!poll_has(&p, 1));                       /* less than it has said before */
	CHECK(!poll_has(&p, 7));                       /* more than was sent */
	CHECK(poll_has(&p, 6));
	CHECK(!p.data);                                /* an idle one keeps nothing */
	CHECK_EQ(poll_put(&p, (const uint8_t *)"gh", 2), 2);
	CHECK(bytes_same(poll_rest(&p, 6, 99), bytes_text("gh")));
	poll_clear(&p);
}

TEST(the_window_is_full_at_its_bound)
{
	struct poll p = { 0 };

	CHECK_EQ(poll_put(&p, piece, sizeof piece), POLL_WINDOW);
	CHECK_EQ(poll_put(&p, piece, 1), 0);
	CHECK(poll_has(&p, 1000));
	CHECK_EQ(poll_put(&p, piece, sizeof piece), 1000);
	CHECK_EQ(poll_rest(&p, 1000, sizeof piece).size, POLL_WINDOW);
	poll_clear(&p);
	mem_fail(1, 0);
	p = (struct poll){ 0 };
	CHECK_EQ(poll_put(&p, piece, 1), 0);
	mem_fail(0, 0);
}

TEST(what_came_already_is_new_no_more)
{
	struct poll p = { 0 };
	struct bytes fresh;

	CHECK(poll_take(&p, 0, bytes_text("abc"), &fresh) && bytes_same(fresh, bytes_text("abc")));
	CHECK(poll_take(&p, 0, bytes_text("abcde"), &fresh) && bytes_same(fresh, bytes_text("de")));
	CHECK(poll_take(&p, 1, bytes_text("bcd"), &fresh) && fresh.size == 0);
	CHECK(poll_take(&p, 5, bytes_of(NULL, 0), &fresh) && fresh.size == 0);
	CHECK(!poll_take(&p, 6, bytes_text("g"), &fresh));     /* f is missing */
	CHECK_EQ(p.got, 5);
}

/* Sent in pieces of which some never arrive, some twice, some in part, and of whose
 * acknowledgements some are lost: all of it, once, in order. */
TEST(any_request_may_be_made_again)
{
	struct poll from = { 0 }, to = { 0 };
	uint64_t made = 0, heard = 0, dice = 1;

	while (heard < 3 * POLL_WINDOW) {
		uint8_t one[1000];
		struct bytes rest, fresh;

		for (size_t i = 0; i < sizeof one; i++)
			one[i] = (uint8_t)((made + i) * 7);
		made += poll_put(&from, one, sizeof one);
		dice = dice * 6364136223846793005u + 1442695040888963407u;
		rest = poll_rest(&from, from.base, 1 + (dice >> 33) % 5000);
		if (dice >> 60 < 12) {                 /* some part of it arrives */
			rest.size = rest.size * (1 + (dice >> 40) % 4) / 4;
			REQUIRE(poll_take(&to, from.base, rest, &fresh));
			for (size_t i = 0; i < fresh.size; i++)
				if (fresh.data[i] != (uint8_t)((heard + i) * 7))
					REQUIRE(!"another byte");
			heard += fresh.size;
		}
		if (dice >> 62)                        /* and its answer */
			CHECK(poll_has(&from, to.got));
	}
	CHECK(made >= heard && to.got == heard);
	poll_clear(&from);
}

/* ---- queries ------------------------------------------------------------------------- */

#define ID "leno=00112233445566778899aabbccddeeff"

static const struct {
	const char *why, *text;
	bool good, has_at, end;
	uint64_t at, got;
} queries[] = {
	{ "a POST", ID "&at=5&got=7&n=3", true, true, false, 5, 7 },
	{ "its end", ID "&at=5&got=7&n=3&end=1", true, true, true, 5, 7 },
	{ "a GET", ID "&got=0&n=1", true, false, false, 0, 0 },
	{ "something of a later version", ID "&got=0&later=x", true, false, false, 0, 0 },
	{ "the largest number", ID "&got=999999999999999999", true, false, false, 0,
	  999999999999999999 },
	{ "one that is larger", ID "&got=1000000000000000000", false, false, false, 0, 0 },
	{ "got is missing", ID "&at=5", false, false, false, 0, 0 },
	{ "no number", ID "&got=x", false, false, false, 0, 0 },
	{ "nothing", ID "&got=", false, false, false, 0, 0 },
	{ "a sign", ID "&got=-1", false, false, false, 0, 0 },
	{ "an end that is none", ID "&got=1&end=2", false, false, false, 0, 0 },
	{ "a word alone", ID "&got=1&end", false, false, false, 0, 0 },
	{ "an empty pair", ID "&&got=1", false, false, false, 0, 0 },
	{ "a short id", "leno=0011&got=1", false, false, false, 0, 0 },
	{ "a long id", ID "00&got=1", false, false, false, 0, 0 },
	{ "capitals", "leno=00112233445566778899AABBCCDDEEFF&got=1", false, false, false, 0, 0 },
	{ "no id", "got=1", false, false, false, 0, 0 },
	{ "nothing at all", "", false, false, false, 0, 0 },
};

TEST(each_query_has_its_verdict)
{
	for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
		struct poll_words w = { .at = 77 };

		CHECK_ROW(queries[i].why);
		CHECK_EQ(poll_read(bytes_text(queries[i].text), &w), queries[i].good);
		if (!queries[i].good) {
			CHECK_EQ(w.at, 77);
			continue;
		}
		CHECK_EQ(w.has_at, queries[i].has_at);
		CHECK_EQ(w.end, queries[i].end);
		CHECK_EQ(w.at, queries[i].at);
		CHECK_EQ(w.got, queries[i].got);
		CHECK_BYTES(w.id, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
	}
}

static struct bytes said(struct poll_words w)
{
	static char text[POLL_QUERY_MAX];

	memcpy(w.id, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
	poll_write(text, &w, 3);
	return bytes_text(text);
}

static void hear(void *user, uint8_t *data, size_t size)
{
	CHECK(size == 4 && memcmp(data, "leno", 4) == 0);
	(*(unsigned *)user)++;
}

/* docs/protocol.md explains them. */
TEST(our_own_vectors_hold)
{
	static const char frame[] = "\x82\x84\x01\x02\x03\x04\x6d\x67\x6d\x6b";
	uint8_t seed[16] = { 0 }, copy[sizeof frame];
	struct filter *server = ws_new(false, seed);
	unsigned heard = 0;

	known_open("polled");
	KNOWN("first", said((struct poll_words){ .has_at = true }));
	KNOWN("post", said((struct poll_words){ .has_at = true, .at = 70000, .got = 512 }));
	KNOWN("end", said((struct poll_words){ .has_at = true, .at = 70000, .got = 512, .end = true }));
	KNOWN("get", said((struct poll_words){ .got = 512 }));
	KNOWN("frame", bytes_of(frame, sizeof frame - 1));
	known_close();
	memcpy(copy, frame, sizeof frame);
	CHECK_EQ(filter_take(server, copy, sizeof frame - 1, hear, &heard), 0);
	CHECK_EQ(heard, 1);
	filter_free(server);
}

TEST(what_is_written_is_read)
{
	struct poll_words w = { { 0, 1, 254, 255 }, 999999999999999999, 3, true, true }, again;
	char text[POLL_QUERY_MAX];

	poll_write(text, &w, UINT64_MAX);
	CHECK(poll_read(bytes_text(text), &again));
	CHECK(memcmp(again.id, w.id, POLL_ID) == 0 && again.at == w.at && again.got == 3);
	CHECK(again.has_at && again.end);
	CHECK(poll_is(bytes_text(text)) && !poll_is(bytes_text("v=1")));
}

TEST_MAIN(TEST_CASE(a_byte_is_kept_until_the_other_side_has_it),
          TEST_CASE(the_window_is_full_at_its_bound),
          TEST_CASE(what_came_already_is_new_no_more), TEST_CASE(any_request_may_be_made_again),
          TEST_CASE(each_query_has_its_verdict), TEST_CASE(our_own_vectors_hold),
          TEST_CASE(what_is_written_is_read))
