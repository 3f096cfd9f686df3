/* What was heard comes out once, in order, whatever order it came in. */
#include "message/heard.h"

#include "base/mem.h"
#include "support/check.h"

#include <stdlib.h>

static const leno_id source = { { 7 } };
static struct budget store;
static struct heard h;

static void open_it(void)
{
	store = (struct budget){ .max = 4 << 20 };
	heard_init(&h, &source, 1, &store);
}

static void close_it(void)
{
	heard_clear(&h);
	CHECK_EQ(store.used, 0);           /* no reference is left */
}

/* Each item's data is its number. */
static void write_items(struct writer *w, uint64_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t seq = first + i;

		write_sized(w, bytes_text("type"));
		write_sized(w, bytes_of(&seq, sizeof seq));
	}
}

static void give(const struct cast *c)
{
	struct parcel *p = parcel_new(&store, 20 * (size_t)c->count);
	struct cast mine = *c;
	struct writer w;

	if (!p)
		return;
	w = writer_of(p->bytes, p->size);
	write_items(&w, c->first, c->count);
	mine.items = writer_bytes(&w);
	heard_take(&h, &mine, p);
	parcel_drop(p);
}

static void frame(uint64_t first, uint32_t count, uint64_t behind)
{
	give(&(struct cast){ .first = first, .count = count, .behind = behind });
}

static void expect(uint64_t from, uint64_t upto);

/* Its bytes are lent, and are others as soon as it has been handed out. */
static void lent(uint64_t first, uint32_t count, uint64_t behind, uint64_t from, uint64_t upto)
{
	uint8_t buf[256];
	struct writer w = writer_of(buf, sizeof buf);
	struct cast c = { .first = first, .count = count, .behind = behind };

	write_items(&w, first, count);
	c.items = writer_bytes(&w);
	heard_take(&h, &c, NULL);
	expect(from, upto);
	memset(buf, 0xee, sizeof buf);
}

static void by_session(uint64_t first, uint32_t count)
{
	static uint8_t buf[4096];
	struct writer w = writer_of(buf, sizeof buf);
	struct cast c = { .first = first, .count = count };

	write_items(&w, first, count);
	c.items = writer_bytes(&w);
	heard_take_items(&h, &c);
}

/* All that comes out now must be from..upto; 0, 0: nothing. */
static void expect(uint64_t from, uint64_t upto)
{
	struct bytes type, data;

	while (heard_next(&h, &type, &data)) {
		uint64_t seq = 0;

		if (data.size == sizeof seq)
			memcpy(&seq, data.data, sizeof seq);
		CHECK_EQ(seq, from);
		CHECK(bytes_same(type, bytes_text("type")));
		from++;
	}
	CHECK_EQ(from, upto ? upto + 1 : 0);
	heard_rest(&h);
}

static struct cast_ack ack(void)
{
	struct cast_ack a;

	heard_ack(&h, &a);
	return a;
}

TEST(frames_in_order_come_out_in_order)
{
	open_it();
	frame(1, 3, 0);
	expect(1, 3);
	frame(4, 2, 3);
	expect(4, 5);
	CHECK(ack().seq == 5 && ack().want == 0 && h.unacked == 5);
	frame(4, 2, 3);                    /* again: by another way, or from the source */
	expect(0, 0);
	frame(5, 2, 0);                    /* half of it is new */
	expect(6, 6);
	close_it();
}

TEST(a_gap_waits_and_is_asked_for)
{
	open_it();
	frame(1, 1, 0);
	expect(1, 1);
	frame(6, 2, 5);
	frame(4, 1, 3);
	expect(0, 0);
	CHECK(ack().seq == 1 && ack().want == 3);
	by_session(2, 2);
	expect(2, 4);
	CHECK(ack().seq == 4 && ack().want == 5);
	by_session(2, 4);                  /* more than was missing is no harm */
	expect(5, 7);
	CHECK(ack().seq == 7 && ack().want == 0);
	close_it();
}

TEST(what_the_source_repairs_for_nobody_is_not_waited_for)
{
	open_it();
	frame(1, 1, 0);
	expect(1, 1);
	frame(5, 1, 3);                    /* 2 to 4 are still kept for somebody */
	expect(0, 0);
	frame(9, 1, 1);                    /* by now only 8 is */
	expect(5, 5);                      /* what is here goes first */
	CHECK(ack().seq == 7 && ack().want == 8);
	frame(10, 1, 0);
	expect(9, 10);
	close_it();
}

TEST(a_newcomer_begins_where_nothing_is_being_repaired)
{
	open_it();
	frame(40, 2, 0);
	expect(40, 41);
	close_it();
}

TEST(a_newcomer_asks_when_something_may_be_for_it)
{
	open_it();
	frame(40, 2, 5);
	expect(0, 0);
	CHECK(ack().seq == 0 && ack().want == 39);
	by_session(40, 0);                 /* "before 40 there is nothing for you" */
	expect(40, 41);
	close_it();

	open_it();
	frame(40, 2, 5);
	expect(0, 0);
	by_session(38, 2);                 /* "but these are" */
	expect(38, 41);
	close_it();

	open_it();
	by_session(38, 2);                 /* before any frame was heard */
	expect(38, 39);
	close_it();
}

TEST(the_source_may_leave_out_what_it_has_given_up)
{
	open_it();
	frame(1, 1, 0);
	expect(1, 1);
	by_session(10, 2);
	expect(10, 11);
	frame(5, 2, 0);                    /* late */
	expect(0, 0);
	close_it();
}

static void fragment(uint64_t seq, uint32_t i, uint32_t n, uint64_t behind)
{
	struct parcel *p = parcel_new(&store, 100);
	struct cast c = { .first = seq, .behind = behind, .count = 1, .fragment = i,
	                  .fragments = n };
	uint8_t item[64];
	struct writer w = writer_of(item, sizeof item);
	size_t from, size;

	if (!p)
		return;
	write_items(&w, seq, 1);
	from = writer_size(&w) * i / n;
	size = writer_size(&w) * (i + 1) / n - from;
	memcpy(p->bytes, item + from, size);
	c.items = bytes_of(p->bytes, size);
	heard_take(&h, &c, p);
	parcel_drop(p);
}

TEST(fragments_make_an_item)
{
	open_it();
	fragment(1, 0, 3, 0);
	fragment(1, 0, 3, 0);
	expect(0, 0);
	CHECK(ack().seq == 0 && ack().had == 1 && ack().want == 0);
	fragment(1, 1, 3, 0);
	expect(0, 0);
	fragment(1, 2, 3, 0);
	expect(1, 1);
	frame(2, 1, 1);
	expect(2, 2);
	close_it();
}

TEST(fragments_out_of_order_wait)
{
	open_it();
	frame(1, 1, 0);
	expect(1, 1);
	fragment(2, 2, 3, 1);
	expect(0, 0);
	CHECK_EQ(ack().want, 2);           /* the whole item */
	fragment(2, 1, 3, 1);
	fragment(2, 0, 3, 1);
	expect(2, 2);
	close_it();
}

TEST(what_comes_whole_by_session_ends_its_fragments)
{
	open_it();
	fragment(1, 0, 3, 0);
	expect(0, 0);
	fragment(1, 2, 3, 0);
	expect(0, 0);
	CHECK(ack().seq == 0 && ack().want == 1);
	by_session(1, 1);
	expect(1, 1);
	fragment(1, 1, 3, 0);
	expect(0, 0);
	close_it();
}

TEST(fragments_that_make_no_item_are_dropped)
{
	struct parcel *p;
	struct cast c = { .first = 1, .count = 1, .fragments = 2 };

	open_it();
	p = parcel_new(&store, 10);
	REQUIRE(p);
	memset(p->bytes, 0xff, 10);
	c.items = bytes_of(p->bytes, 10);
	heard_take(&h, &c, p);
	expect(0, 0);
	c.fragment = 1;
	heard_take(&h, &c, p);
	expect(0, 0);
	parcel_drop(p);
	fragment(1, 0, 3, 0);              /* another number of fragments: begun anew */
	fragment(1, 1, 2, 0);
	expect(0, 0);
	by_session(1, 1);
	expect(1, 1);
	close_it();
}

TEST(held_frames_are_bounded)
{
	open_it();
	frame(1, 1, 0);
	expect(1, 1);
	for (uint64_t seq = 300; seq > 2; seq--)
		frame(seq, 1, seq - 1);
	expect(0, 0);
	CHECK_EQ(h.n_held, HELD_MAX);
	CHECK_EQ(ack().want, 2);
	by_session(2, 1);
	expect(2, 2 + HELD_MAX);           /* the nearest were kept */
	close_it();
}

TEST(letting_go_forgets_only_what_was_not_handed_out)
{
	open_it();
	frame(1, 1, 0);
	expect(1, 1);
	frame(3, 1, 2);
	expect(0, 0);
	heard_let_go(&h);
	CHECK_EQ(store.used, 0);
	CHECK(ack().seq == 1 && ack().want == 0);
	by_session(2, 2);
	expect(2, 3);
	close_it();
}

TEST(lent_frames_are_kept_only_when_they_must_wait)
{
	open_it();
	lent(1, 2, 0, 1, 2);
	CHECK_EQ(store.used, 0);
	lent(5, 2, 4, 0, 0);
	CHECK(store.used > 0);
	lent(7, 1, 6, 0, 0);
	lent(3, 2, 2, 3, 7);
	CHECK_EQ(store.used, 0);
	lent(3, 2, 2, 0, 0);
	lent(9, 1, 8, 0, 0);
	store.max = store.used;            /* no room for another: it will come again */
	lent(10, 1, 9, 0, 0);
	store.max = 4 << 20;
	lent(8, 1, 7, 8, 9);
	CHECK_EQ(ack().seq, 9);
	by_session(10, 1);
	expect(10, 10);
	close_it();
}

TEST(a_frame_is_fresh_once)
{
	static const struct {
		const char *why;
		uint64_t number;
		bool fresh;
	} rows[] = {
		{ "the first", 5, true },
		{ "again", 5, false },
		{ "an earlier one that came late", 3, true },
		{ "that again", 3, false },
		{ "a later one", 400, true },
		{ "one in between", 100, true },
		{ "still known", 5, false },
		{ "so far that all else falls out", 5000, true },
		{ "too late to tell", 400, false },
		{ "the last that can be told", 5000 - HEARD_WINDOW + 1, true },
		{ "one more", 5000 - HEARD_WINDOW, false },
		{ "the end of numbers", INT64_MAX, true },
		{ "again", INT64_MAX, false },
	};

	open_it();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(heard_fresh(&h, rows[i].number), rows[i].fresh);
		if (rows[i].fresh)
			heard_mark(&h, rows[i].number);
	}
	close_it();
}

TEST(without_memory_items_come_later)
{
	open_it();
	frame(1, 1, 0);
	expect(1, 1);
	for (size_t nth = 1; nth < 6; nth++) {
		mem_fail(nth, 0);
		frame(3, 1, 2);
		fragment(2, 0, 2, 1);
		fragment(2, 1, 2, 1);
		mem_fail(0, 0);
		struct bytes type, data;
		while (heard_next(&h, &type, &data))
			CHECK(h.next <= 4);
		heard_rest(&h);
	}
	if (h.next < 4) {
		uint64_t next = h.next;

		by_session(2, 2);
		expect(next, 3);
	}
	CHECK_EQ(ack().seq, 3);
	close_it();
}

/* Frames of random sizes, shuffled, lost, repeated and repaired: each item once, in order. */
TEST(whatever_order_they_come_in)
{
	for (unsigned seed = 1; seed <= 200; seed++) {
		struct bytes type, data;
		uint64_t want = 1;

		srand(seed);
		open_it();
		frame(1, 1, 0);
		for (unsigned i = 0; i < 300 && want <= 100; i++) {
			uint64_t first = want + (uint64_t)(rand() % 8);
			struct cast_ack a;

			first = first > 4 && rand() % 3 == 0 ? first - 4 : first;
			if (rand() % 4 == 0)
				fragment(first, (uint32_t)(rand() % 2), 2, first - 1);
			else if (i > 0)
				frame(first, 1 + (uint32_t)(rand() % 3), first - 1);
			while (heard_next(&h, &type, &data)) {
				uint64_t seq;

				memcpy(&seq, data.data, sizeof seq);
				CHECK_EQ(seq, want);
				want++;
			}
			heard_rest(&h);
			heard_ack(&h, &a);
			CHECK_EQ(a.seq, want - 1);
			if (a.want && rand() % 4 == 0)
				by_session(a.seq + 1, (uint32_t)(a.want - a.seq));
		}
		CHECK(want > 20);
		close_it();
	}
}

/* Takes the items from..upto and refuses the next. */
static void expect_and_refuse(uint64_t from, uint64_t upto)
{
	struct bytes type, data;

	for (; from <= upto; from++)
		CHECK(heard_next(&h, &type, &data));
	CHECK(heard_next(&h, &type, &data));
	heard_refuse(&h);
}

TEST(what_is_refused_comes_again_when_it_is_asked_for)
{
	open_it();
	frame(1, 4, 0);
	expect_and_refuse(1, 2);
	CHECK(ack().seq == 2 && ack().want == 0 && h.unacked == 2);
	by_session(4, 2);                  /* given after what was refused: not for now */
	expect(0, 0);
	frame(5, 1, 4);
	expect(0, 0);
	CHECK(ack().seq == 2 && ack().want == 0);
	heard_ask(&h);
	CHECK(ack().want == CAST_WANT_AGAIN);
	by_session(3, 1);
	expect_and_refuse(3, 2);           /* there is still no room */
	CHECK(ack().want == 0);
	heard_ask(&h);
	by_session(3, 3);
	expect(3, 5);
	CHECK(ack().seq == 5 && ack().want == 0);
	heard_ask(&h);                     /* nothing is refused now */
	CHECK(ack().want == 0);
	close_it();
}

TEST(what_was_refused_may_be_given_up_by_its_source)
{
	open_it();
	frame(1, 2, 0);
	expect_and_refuse(1, 1);
	by_session(5, 0);                  /* "before 5 there is nothing for you" */
	CHECK(ack().seq == 4 && ack().want == 0);
	frame(5, 1, 0);
	expect(5, 5);
	close_it();
}

TEST(who_leaves_begins_where_nothing_is_repaired_when_it_comes_back)
{
	open_it();
	heard_mark(&h, 1);
	frame(1, 2, 0);
	expect(1, 2);
	frame(9, 1, 8);
	heard_leave(&h);
	CHECK(ack().seq == 0 && h.unacked == 0 && h.n_held == 0);
	CHECK(!heard_fresh(&h, 1));        /* frames that were here are known still */
	frame(20, 1, 5);
	expect(0, 0);
	CHECK(ack().want == 19);
	by_session(20, 1);
	expect(20, 20);
	close_it();
}

/* It may be under way still, by the session or from another neighbour. */
TEST(who_leaves_and_comes_back_hears_nothing_twice)
{
	open_it();
	frame(1, 4, 0);
	expect(1, 4);
	heard_leave(&h);
	by_session(2, 2);
	expect(0, 0);
	by_session(4, 3);
	expect(5, 6);
	heard_leave(&h);
	frame(5, 2, 0);
	expect(0, 0);
	frame(7, 1, 2);
	expect(7, 7);
	close_it();
}

TEST(what_is_given_back_comes_again_when_it_is_asked_for)
{
	open_it();
	frame(1, 4, 0);
	expect(1, 4);
	heard_back(&h, 2);
	CHECK(ack().seq == 1 && ack().want == CAST_WANT_BACK);
	frame(5, 1, 4);
	expect(0, 0);
	CHECK(ack().seq == 1 && ack().want == CAST_WANT_BACK);
	heard_ask(&h);
	CHECK(ack().want == CAST_WANT_AGAIN);
	by_session(2, 4);
	expect(2, 5);
	CHECK(ack().seq == 5 && ack().want == 0);
	close_it();
}

/* What the source gives us begins where we are, not with the oldest that it keeps. */
TEST(what_is_given_back_is_waited_for_after_a_repair)
{
	open_it();
	frame(1, 2, 0);
	expect(1, 2);
	by_session(3, 2);
	expect(3, 4);
	heard_back(&h, 1);
	CHECK_EQ(h.floor, 1);
	frame(5, 1, 4);
	expect(0, 0);
	CHECK(ack().seq == 0 && ack().want == CAST_WANT_BACK);
	by_session(1, 4);
	expect(1, 5);
	close_it();
}

/* The source must hear of it first: it has counted that as taken. */
TEST(what_is_given_back_is_left_out_when_the_source_says_so)
{
	open_it();
	frame(1, 4, 0);
	expect(1, 4);
	heard_back(&h, 2);
	frame(6, 1, 0);
	expect(0, 0);
	CHECK(ack().seq == 1 && ack().want == CAST_WANT_BACK);
	by_session(7, 0);
	expect(0, 0);
	CHECK(ack().seq == 6 && ack().want == 0);
	frame(7, 1, 0);
	expect(7, 7);
	close_it();
}

TEST_MAIN(TEST_CASE(what_is_given_back_is_waited_for_after_a_repair),
          TEST_CASE(what_is_given_back_is_left_out_when_the_source_says_so),
          TEST_CASE(frames_in_order_come_out_in_order), TEST_CASE(a_gap_waits_and_is_asked_for),
          TEST_CASE(what_the_source_repairs_for_nobody_is_not_waited_for),
          TEST_CASE(a_newcomer_begins_where_nothing_is_being_repaired),
          TEST_CASE(a_newcomer_asks_when_something_may_be_for_it),
          TEST_CASE(the_source_may_leave_out_what_it_has_given_up),
          TEST_CASE(fragments_make_an_item), TEST_CASE(fragments_out_of_order_wait),
          TEST_CASE(what_comes_whole_by_session_ends_its_fragments),
          TEST_CASE(fragments_that_make_no_item_are_dropped), TEST_CASE(held_frames_are_bounded),
          TEST_CASE(letting_go_forgets_only_what_was_not_handed_out),
          TEST_CASE(lent_frames_are_kept_only_when_they_must_wait),
          TEST_CASE(a_frame_is_fresh_once), TEST_CASE(without_memory_items_come_later),
          TEST_CASE(whatever_order_they_come_in),
          TEST_CASE(what_is_refused_comes_again_when_it_is_asked_for),
          TEST_CASE(what_is_given_back_comes_again_when_it_is_asked_for),
          TEST_CASE(what_was_refused_may_be_given_up_by_its_source),
          TEST_CASE(who_leaves_begins_where_nothing_is_repaired_when_it_comes_back),
          TEST_CASE(who_leaves_and_comes_back_hears_nothing_twice))
