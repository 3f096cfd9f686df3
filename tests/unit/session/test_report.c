/* Which packets have come, in few bytes: what is written is what is read, and nothing else is.
 * covers: src/session/report.c src/recovery/report.c */
#include "session/report.h"

#include "support/check.h"

static struct bytes text_of(const struct report *p)
{
	static uint8_t buf[REPORT_MAX];
	struct writer w = writer_of(buf, sizeof buf);

	report_write(&w, p);
	CHECK(!w.full);
	return writer_bytes(&w);
}

TEST(a_window_becomes_spans)
{
	static const uint64_t come[] = { 0, 1, 2, 5, 63, 64, 65, 66, 130 };
	static const struct run spans[] = { { 130, 130 }, { 66, 63 }, { 5, 5 }, { 2, 0 } };
	struct replay replay = { 0 };
	struct report p, again;

	report_of(&replay, &p);
	CHECK_EQ(p.n, 0);
	for (size_t i = 0; i < sizeof come / sizeof *come; i++)
		replay_mark(&replay, come[i]);
	p = (struct report){ .index = 0x01020304, .delay_us = 250, .marked = 3 };
	report_of(&replay, &p);
	CHECK_EQ(p.n, 4);
	CHECK(report_read(text_of(&p), &again));
	CHECK_EQ(again.index, 0x01020304);
	CHECK_EQ(again.delay_us, 250);
	CHECK_EQ(again.marked, 3);
	CHECK_EQ(again.n, 4);
	for (size_t i = 0; i < 4; i++) {
		CHECK_EQ(again.spans[i].newest, spans[i].newest);
		CHECK_EQ(again.spans[i].oldest, spans[i].oldest);
	}
}

/* However much has come, a report has its bound: the newest spans. */
TEST(old_holes_are_left_out)
{
	struct replay replay = { 0 };
	struct report p = { 0 }, again;

	for (uint64_t i = 1000000; i < 1001000; i += 2)
		replay_mark(&replay, i);
	report_of(&replay, &p);
	CHECK_EQ(p.n, REPORT_SPANS);
	CHECK_EQ(p.spans[0].newest, 1000998);
	CHECK_EQ(p.spans[REPORT_SPANS - 1].newest, 1000998 - 2 * (REPORT_SPANS - 1));
	CHECK(report_read(text_of(&p), &again));
	CHECK_EQ(again.n, REPORT_SPANS);
}

TEST(what_cannot_be_is_refused)
{
	static const struct row {
		const char *why;
		const char *text;
		size_t size;
		bool good;
	} rows[] = {
		{ "one packet", "\1\0\0\0\5\0\0\0", 8, true },
		{ "all of them", "\1\0\0\0\5\0\0\5", 8, true },
		{ "more than all", "\1\0\0\0\5\0\0\6", 8, false },
		{ "without its span", "\1\0\0\0\5\0\0", 7, false },
		{ "a gap without a span", "\1\0\0\0\5\0\0\0\0", 9, false },
		{ "a second span", "\1\0\0\0\5\0\0\0\0\3", 10, true },
		{ "a second span that is too long", "\1\0\0\0\5\0\0\0\0\4", 10, false },
		{ "a gap that ends below 0", "\1\0\0\0\5\0\0\0\4\0", 10, false },
		{ "a gap that ends at 0", "\1\0\0\0\5\0\0\0\3\0", 10, true },
		{ "a gap behind 0", "\1\0\0\0\5\0\0\5\0\0", 10, false },
		{ "a gap behind 1", "\1\0\0\0\5\0\0\4\0\0", 10, false },
		{ "nothing", "", 0, false },
		{ "a varint that is longer than it need be", "\1\0\0\0\205\0\0\0\0", 9, false },
	};
	struct report p;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(report_read(bytes_of(rows[i].text, rows[i].size), &p), rows[i].good);
	}
}

/* More spans than are kept: a peer may have more to say than we want to hear. */
TEST(spans_beyond_the_bound_are_skipped)
{
	uint8_t text[400];
	struct writer w = writer_of(text, sizeof text);
	struct report p;

	write_u32(&w, 1);
	write_varint(&w, 1000);
	write_varint(&w, 0);
	write_varint(&w, 0);
	write_varint(&w, 0);
	for (unsigned i = 0; i < REPORT_SPANS + 10; i++) {
		write_varint(&w, 0);
		write_varint(&w, 0);
	}
	CHECK(report_read(writer_bytes(&w), &p));
	CHECK_EQ(p.n, REPORT_SPANS);
	CHECK_EQ(p.spans[REPORT_SPANS - 1].newest, 1000 - 2 * (REPORT_SPANS - 1));
}

TEST_MAIN(TEST_CASE(a_window_becomes_spans), TEST_CASE(old_holes_are_left_out),
          TEST_CASE(what_cannot_be_is_refused), TEST_CASE(spans_beyond_the_bound_are_skipped))
