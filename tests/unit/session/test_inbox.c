/* Items out of bytes, cut anywhere; and what happens when memory is out. */
#include <stdlib.h>

#include "base/mem.h"
#include "session/inbox.h"
#include "support/check.h"
#include "wire/codec.h"

static struct session_setup setup_of(size_t memory_max)
{
	return (struct session_setup){ .message_max = 300000, .memory_max = memory_max };
}

/* A stream with items of these sizes, byte k of item i being i + k. */
static size_t compose(uint8_t *ret, const size_t *sizes, size_t n, size_t room)
{
	struct writer w = writer_of(ret, room);

	for (size_t i = 0; i < n; i++) {
		write_varint(&w, sizes[i]);
		for (size_t k = 0; k < sizes[i]; k++)
			write_u8(&w, (uint8_t)(i + k));
	}
	CHECK(!w.full);
	return writer_size(&w);
}

static void check_item(struct bytes item, size_t i, size_t size)
{
	bool same = true;

	CHECK_EQ(item.size, size);
	for (size_t k = 0; k < item.size; k++)
		same = same && item.data[k] == (uint8_t)(i + k);
	CHECK(same);
}

TEST(items_survive_every_cut)
{
	static const size_t sizes[] = { 0, 1, 0, 5, 127, 128, 300, 0, 0, 16500, 2, 0 };
	const size_t n = sizeof sizes / sizeof *sizes;
	static uint8_t stream[20000];
	size_t size = compose(stream, sizes, n, sizeof stream);
	struct session_setup setup = setup_of(1 << 20);

	for (size_t cut = 0; cut <= size; cut++) {
		struct inbox b;
		struct bytes item;
		size_t got = 0;

		inbox_init(&b, &setup);
		for (int part = 0; part < 2; part++) {
			struct bytes piece = part ? bytes_of(stream + cut, size - cut)
			                          : bytes_of(stream, cut);
			if (piece.size)
				CHECK_EQ(inbox_feed(&b, part ? cut : 0, piece), INBOX_NEW);
			while (inbox_next(&b, &item) && got < n) {
				check_item(item, got, sizes[got]);
				got++;
			}
		}
		CHECK_EQ(got, n);
		CHECK_EQ(b.items, n);
		CHECK_EQ(inbox_offset(&b), size);
		inbox_clear(&b);
		CHECK_EQ(setup.memory_used, 0);
	}
	session_setup_clear(&setup);
}

TEST(items_survive_small_pieces_that_overlap)
{
	static const size_t sizes[] = { 40, 0, 3, 500, 130, 70 };
	static uint8_t stream[2000];
	size_t size = compose(stream, sizes, 6, sizeof stream);
	struct session_setup setup = setup_of(1 << 20);

	for (size_t step = 1; step < 60; step++) {
		struct inbox b;
		struct bytes item;
		size_t got = 0;

		inbox_init(&b, &setup);
		for (size_t at = 0; at < size; at += step) {
			size_t from = at > 7 ? at - 7 : 0, upto = at + step < size ? at + step : size;
			uint8_t *copy = malloc(upto - from);

			memcpy(copy, stream + from, upto - from);
			CHECK_EQ(inbox_feed(&b, from, bytes_of(copy, upto - from)), INBOX_NEW);
			CHECK(inbox_offset(&b) == at);
			while (inbox_next(&b, &item))
				check_item(item, got, sizes[got]), got++;
			free(copy);
			CHECK_EQ(inbox_feed(&b, 0, bytes_of(stream, upto)), INBOX_OLD);
			CHECK_EQ(inbox_feed(&b, upto + 1, bytes_of(stream, 1)), INBOX_GAP);
		}
		CHECK_EQ(got, 6);
		inbox_clear(&b);
	}
}

TEST(what_was_not_read_was_not_received)
{
	static const size_t sizes[] = { 3, 4, 5 };
	struct session_setup setup = setup_of(1000);
	uint8_t stream[64];
	size_t size = compose(stream, sizes, 3, sizeof stream);
	struct bytes item;
	struct inbox b;

	inbox_init(&b, &setup);
	CHECK_EQ(inbox_feed(&b, 0, bytes_of(stream, size)), INBOX_NEW);
	CHECK(inbox_next(&b, &item));
	CHECK_EQ(b.items, 0);                          /* still with the callback */
	CHECK_EQ(inbox_feed(&b, size, bytes_of(stream, 3)), INBOX_GAP);
	CHECK_EQ(inbox_offset(&b), 4);
	CHECK_EQ(inbox_feed(&b, 0, bytes_of(stream, size)), INBOX_NEW);
	CHECK(inbox_next(&b, &item));
	CHECK_EQ(b.items, 1);
	check_item(item, 1, 4);
	inbox_clear(&b);
}

TEST(a_size_that_cannot_be_breaks_it)
{
	static const struct row {
		const char *why;
		uint8_t bytes[10];
		size_t size;
	} rows[] = {
		{ "over the bound", { 0xff, 0xff, 0x7f }, 3 },
		{ "not the shortest form", { 0x85, 0x00 }, 2 },
		{ "endless", { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80 }, 10 },
	};
	struct session_setup setup = setup_of(1000);
	struct bytes item;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct inbox b;

		CHECK_ROW(rows[i].why);
		inbox_init(&b, &setup);
		inbox_feed(&b, 0, bytes_of(rows[i].bytes, rows[i].size));
		CHECK(!inbox_next(&b, &item));
		CHECK(b.broken);
		CHECK_EQ(inbox_feed(&b, inbox_offset(&b), bytes_of("\1a", 2)), INBOX_DROPPED);
		CHECK(!inbox_next(&b, &item));
		inbox_clear(&b);
	}
}

TEST(a_big_item_waits_for_memory_at_its_head)
{
	static uint8_t stream[300000];
	const size_t sizes[] = { 200000, 5 };
	size_t size = compose(stream, sizes, 2, sizeof stream);
	struct session_setup setup = setup_of(250000);
	struct bytes item;
	struct inbox b;

	inbox_init(&b, &setup);
	setup.memory_used = 100000;                    /* somebody else's */
	CHECK_EQ(inbox_feed(&b, 0, bytes_of(stream, 3)), INBOX_NEW);
	CHECK(!inbox_next(&b, &item));
	CHECK(b.starved);
	CHECK_EQ(inbox_credit(&b), 3);
	CHECK_EQ(inbox_feed(&b, 3, bytes_of(stream + 3, 10)), INBOX_DROPPED);
	CHECK(!inbox_retry(&b));
	setup.memory_used = 0;
	mem_fail(1, 0);
	CHECK(!inbox_retry(&b));
	mem_fail(0, 0);
	CHECK(inbox_retry(&b));
	CHECK_EQ(setup.memory_used, 200000);
	CHECK(inbox_credit(&b) >= 200003);
	for (size_t at = 3; at < size; at += 9999) {
		size_t n = size - at < 9999 ? size - at : 9999;
		CHECK_EQ(inbox_feed(&b, at, bytes_of(stream + at, n)), INBOX_NEW);
		while (inbox_next(&b, &item))
			check_item(item, b.items, sizes[b.items]);
	}
	CHECK_EQ(b.items, 2);
	CHECK_EQ(setup.memory_used, 0);
	inbox_clear(&b);
}

TEST(an_item_that_straddles_without_memory_is_asked_for_again)
{
	const size_t sizes[] = { 3, 1000, 4 };
	uint8_t stream[2000];
	size_t size = compose(stream, sizes, 3, sizeof stream);
	struct session_setup setup = setup_of(100);
	struct bytes item;
	struct inbox b;

	inbox_init(&b, &setup);
	CHECK_EQ(inbox_feed(&b, 0, bytes_of(stream, 50)), INBOX_NEW);
	CHECK(inbox_next(&b, &item));
	CHECK(!inbox_next(&b, &item));
	CHECK(b.starved);
	CHECK_EQ(inbox_offset(&b), 6);
	setup.memory_max = 10000;
	CHECK(inbox_retry(&b));
	CHECK_EQ(inbox_feed(&b, 6, bytes_of(stream + 6, 100)), INBOX_NEW);
	CHECK(!inbox_next(&b, &item));
	CHECK_EQ(inbox_feed(&b, 106, bytes_of(stream + 106, size - 106)), INBOX_NEW);
	CHECK(inbox_next(&b, &item));
	check_item(item, 1, 1000);
	CHECK(inbox_next(&b, &item));
	check_item(item, 2, 4);
	inbox_clear(&b);
	CHECK_EQ(setup.memory_used, 0);
}

/* The bytes of one item, in two parts; the second is fed when it is wanted. */
static bool feed_item(struct inbox *b, size_t size, bool whole)
{
	static uint8_t stream[70000];
	struct writer w = writer_of(stream, sizeof stream);
	uint64_t at = inbox_offset(b);
	struct bytes item;
	bool got;

	write_varint(&w, size);
	inbox_feed(b, at, bytes_of(stream, 1000));
	got = inbox_next(b, &item);
	if (!whole)
		return got;
	inbox_feed(b, at + 1000, bytes_of(stream + 1000, size + writer_size(&w) - 1000));
	got = inbox_next(b, &item);
	inbox_next(b, &item);                          /* it has been dealt with */
	return got;
}

/* Each of many sessions has had one, and says nothing more. */
TEST(who_has_nothing_to_put_together_holds_no_memory)
{
	struct session_setup setup = setup_of(512 * 1024);
	struct inbox many[100], *last = &many[99];
	size_t made;

	mem_fail(SIZE_MAX, 0);
	for (size_t i = 0; i < 100; i++) {
		inbox_init(&many[i], &setup);
		CHECK(feed_item(&many[i], 60000, true));
	}
	made = mem_fail(0, 0);
	CHECK_EQ(made, 1);                             /* and in turn they share one buffer */
	CHECK_EQ(setup.memory_used, 0);
	CHECK(session_setup_memory(&setup) <= SPARES_MAX * ITEM_FREE);
	CHECK(feed_item(last, 3000, true));            /* a little is kept */
	CHECK_EQ(setup.memory_used, 4096);
	for (size_t i = 0; i < 100; i++)
		inbox_clear(&many[i]);
	session_setup_clear(&setup);
	CHECK_EQ(session_setup_memory(&setup), 0);
}

TEST(what_is_kept_for_reuse_goes_when_another_needs_it)
{
	struct session_setup setup = setup_of(4 * ITEM_FREE);
	struct inbox b[4], big;
	struct bytes item;

	for (size_t i = 0; i < 4; i++) {
		inbox_init(&b[i], &setup);
		CHECK(!feed_item(&b[i], 60000, false));
	}
	for (size_t i = 0; i < 4; i++)
		inbox_clear(&b[i]);
	CHECK_EQ(session_setup_memory(&setup), 4 * ITEM_FREE);
	inbox_init(&big, &setup);
	inbox_feed(&big, 0, bytes_of("\xe0\xa7\x12", 3));   /* 300,000 are too many ... */
	inbox_next(&big, &item);
	CHECK(big.starved);
	setup.memory_max = 300000;
	CHECK(inbox_retry(&big));
	CHECK_EQ(session_setup_memory(&setup), 300000);
	inbox_clear(&big);
}

/* However many announce what is large: what fits a few frames goes on. */
TEST(large_items_leave_room_for_small_ones)
{
	struct session_setup setup = setup_of(600000);
	struct inbox big[2], small;
	struct bytes item;

	setup.memory_small = 2 * ITEM_FREE;
	for (size_t i = 0; i < 2; i++) {
		inbox_init(&big[i], &setup);
		inbox_feed(&big[i], 0, bytes_of("\xe0\xa7\x12", 3));
		inbox_next(&big[i], &item);
	}
	CHECK(!big[0].starved && big[1].starved);
	inbox_init(&small, &setup);
	CHECK(feed_item(&small, 60000, true));
	inbox_clear(&big[0]);
	CHECK(inbox_retry(&big[1]));
	inbox_clear(&big[1]);
	inbox_clear(&small);
	session_setup_clear(&setup);
}

/* The size of the next item, and whether there was memory for it. */
static bool begin_item(struct inbox *b, struct session_setup *setup, uint64_t size)
{
	uint8_t head[9];
	struct writer w = writer_of(head, sizeof head);
	struct bytes item;

	inbox_init(b, setup);
	write_varint(&w, size);
	CHECK_EQ(inbox_feed(b, 0, writer_bytes(&w)), INBOX_NEW);
	CHECK(!inbox_next(b, &item));
	return !b->starved;
}

/* Whoever was granted the largest item, and sends no more of it, does not stop those of others:
 * nor do the next ones that do so. */
TEST(large_items_that_stall_leave_room_for_less_large_ones)
{
	enum { MIB = 1 << 20, STALLED = 12 };
	struct session_setup setup = { .message_max = 64 * MIB, .memory_max = 72 * MIB };
	struct inbox stalled[STALLED], b;

	CHECK(begin_item(&stalled[0], &setup, 64 * MIB));
	for (int i = 1; i < STALLED; i++)              /* whatever they can get */
		for (uint64_t size = 8 * MIB; !begin_item(&stalled[i], &setup, size); size /= 2)
			inbox_clear(&stalled[i]);
	CHECK(begin_item(&b, &setup, 100000));
	inbox_clear(&b);
	CHECK(!begin_item(&b, &setup, 64 * MIB));
	inbox_clear(&b);
	for (int i = 0; i < STALLED; i++)
		inbox_clear(&stalled[i]);
	CHECK(begin_item(&b, &setup, 64 * MIB));       /* all of it is free again */
	inbox_clear(&b);
	CHECK_EQ(setup.memory_used, 0);
	session_setup_clear(&setup);
}

TEST_MAIN(TEST_CASE(large_items_that_stall_leave_room_for_less_large_ones),
          TEST_CASE(who_has_nothing_to_put_together_holds_no_memory),
          TEST_CASE(what_is_kept_for_reuse_goes_when_another_needs_it),
          TEST_CASE(large_items_leave_room_for_small_ones),
          TEST_CASE(items_survive_every_cut), TEST_CASE(items_survive_small_pieces_that_overlap),
          TEST_CASE(what_was_not_read_was_not_received),
          TEST_CASE(a_size_that_cannot_be_breaks_it),
          TEST_CASE(a_big_item_waits_for_memory_at_its_head),
          TEST_CASE(an_item_that_straddles_without_memory_is_asked_for_again))
