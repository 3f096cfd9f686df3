/* What the first byte tells, and that nothing of it is lost. */
#include "transport/sniff.h"

#include "base/mem.h"
#include "support/check.h"
#include "transport/ws.h"

static const uint8_t seed[16];
static enum sniffed last;
static unsigned asked;
static size_t n_heard;

static int found(void *user, enum sniffed what, struct filter **ret, const char **ret_why)
{
	asked++;
	last = what;
	if (what == SNIFFED_TLS) {
		*ret_why = "no certificate";
		return LENO_REFUSED;
	}
	*ret = what == SNIFFED_HTTP ? ws_new(true, seed) : NULL;
	return LENO_OK;
}

static const struct sniff_ways ways = { NULL, found };

static void hear(void *user, uint8_t *data, size_t size)
{
	n_heard += size;
}

static int feed(struct filter *f, uint8_t first, size_t size)
{
	uint8_t data[8] = { first };

	n_heard = 0;
	return filter_take(f, data, size, hear, NULL);
}

TEST(each_first_byte)
{
	for (unsigned first = 0; first < 256; first++) {
		struct filter *f = sniff_new(&ways);
		enum sniffed want = first == 0x16                  ? SNIFFED_TLS
				    : first >= 'A' && first <= 'Z' ? SNIFFED_HTTP
								   : SNIFFED_LENO;

		REQUIRE(f);
		CHECK(!filter_ready(f));
		feed(f, (uint8_t)first, 1);
		CHECK_EQ(last, want);
		filter_free(f);
	}
}

TEST(leno_passes_from_the_first_byte_on_and_is_asked_about_once)
{
	struct filter *f = sniff_new(&ways);
	uint8_t out[FILTER_HEAD + 2];
	struct span s;

	asked = 0;
	CHECK_EQ(feed(f, 'l', 0), 0);
	CHECK_EQ(asked, 0);
	CHECK_EQ(feed(f, 'l', 4), 0);
	CHECK_EQ(n_heard, 4);
	CHECK_EQ(feed(f, 'G', 4), 0);
	CHECK(n_heard == 4 && asked == 1);
	s = filter_wrap(f, (struct span){ out + FILTER_HEAD, 2 });
	CHECK(s.data == out + FILTER_HEAD && s.size == 2);
	CHECK_EQ(filter_class(f, LENO_PIPE_STREAM), LENO_PIPE_STREAM);
	filter_free(f);
}

TEST(what_is_found_stands_within)
{
	struct filter *f = sniff_new(&ways);

	CHECK_EQ(feed(f, 'G', 2), LENO_PROTOCOL);      /* no frame begins with a G */
	CHECK_EQ(filter_class(f, LENO_PIPE_STREAM), LENO_PIPE_WRAPPED);
	filter_free(f);
}

TEST(what_is_refused_says_why)
{
	struct filter *f = sniff_new(&ways);

	CHECK_EQ(feed(f, 0x16, 1), LENO_REFUSED);
	CHECK_STR(filter_why(f), "no certificate");
	filter_free(f);
	mem_fail(1, 0);
	CHECK(!sniff_new(&ways));
	mem_fail(0, 0);
}

TEST_MAIN(TEST_CASE(each_first_byte),
          TEST_CASE(leno_passes_from_the_first_byte_on_and_is_asked_about_once),
          TEST_CASE(what_is_found_stands_within), TEST_CASE(what_is_refused_says_why))
