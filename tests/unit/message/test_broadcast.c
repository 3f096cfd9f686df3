/* The layouts of broadcasts: what is written is read again, all else is refused. */
#include "message/broadcast.h"

#include "support/check.h"

static uint8_t buf[2 * CAST_FRAME_MAX];

static size_t put_item(struct writer *w, const char *type, const char *data)
{
	write_sized(w, bytes_text(type));
	write_sized(w, bytes_text(data));
	return writer_size(w);
}

static const struct cast plain = { .origin = { { 1, 2, 3 } }, .incarnation = 77, .number = 5,
                                   .first = 300, .behind = 7, .count = 2 };

static size_t write_plain(const struct cast *c)
{
	struct writer w = writer_of(buf, sizeof buf);

	write_cast_head(&w, c);
	put_item(&w, "a", "one");
	put_item(&w, "", "");
	return writer_size(&w) + CAST_SIGNATURE;
}

TEST(a_frame_is_read_as_it_was_written)
{
	size_t size = write_plain(&plain);
	struct bytes type, data;
	struct reader r;
	struct cast c;

	REQUIRE(read_cast(bytes_of(buf, size), &c));
	CHECK(leno_id_same(&c.origin, &plain.origin));
	CHECK_EQ(c.incarnation, 77);
	CHECK_EQ(c.number, 5);
	CHECK_EQ(c.first, 300);
	CHECK_EQ(c.behind, 7);
	CHECK_EQ(c.count, 2);
	CHECK_EQ(c.fragments, 0);
	r = reader_of(c.items);
	CHECK(read_cast_item(&r, &type, &data));
	CHECK(bytes_same(type, bytes_text("a")) && bytes_same(data, bytes_text("one")));
	CHECK(read_cast_item(&r, &type, &data));
	CHECK(type.size == 0 && data.size == 0);
	CHECK(read_end(&r));
}

TEST(a_cut_frame_is_refused_wherever_it_is_cut)
{
	size_t size = write_plain(&plain);
	struct cast c;

	for (size_t i = 0; i < size; i++)
		CHECK(!read_cast(bytes_of(buf, i), &c));
	CHECK(!read_cast(bytes_of(buf, size + 1), &c));     /* a byte in the middle too many */
}

/* Between neighbours there is no signature: the same fields, to the last byte. */
TEST(a_frame_of_a_neighbour_ends_with_its_items)
{
	size_t size = write_plain(&plain) - CAST_SIGNATURE;
	struct cast c;

	REQUIRE(read_cast_near(bytes_of(buf, size), &c));
	CHECK(leno_id_same(&c.origin, &plain.origin));
	CHECK(c.incarnation == 77 && c.number == 5 && c.first == 300 && c.behind == 7);
	CHECK(c.count == 2 && c.fragments == 0);
	CHECK(c.items.data + c.items.size == buf + size);
	for (size_t i = 0; i < size; i++)
		CHECK(!read_cast_near(bytes_of(buf, i), &c));
	buf[size] = 0;
	CHECK(!read_cast_near(bytes_of(buf, size + 1), &c));
	write_plain(&(struct cast){ .number = 1, .first = 1, .fragments = 2 });
	CHECK(read_cast_near(bytes_of(buf, CAST_FRAME_MAX), &c));
	CHECK(!read_cast_near(bytes_of(buf, CAST_FRAME_MAX + 1), &c));
}

TEST(what_cannot_be_is_refused)
{
	static const struct {
		const char *why;
		struct cast c;
		bool good;
	} rows[] = {
		{ "as it should be", { .number = 1, .first = 1, .count = 2 }, true },
		{ "frames count from 1", { .number = 0, .first = 1, .count = 2 }, false },
		{ "items count from 1", { .number = 1, .first = 0, .count = 2 }, false },
		{ "there are two items, not one", { .number = 1, .first = 1, .count = 1 }, false },
		{ "there are two items, not three", { .number = 1, .first = 1, .count = 3 }, false },
		{ "no items", { .number = 1, .first = 1, .count = 0 }, false },
		{ "more items than bytes", { .number = 1, .first = 1, .count = UINT32_MAX }, false },
		{ "as far behind as can be", { .number = 1, .first = 9, .behind = 8, .count = 2 },
		  true },
		{ "behind the beginning", { .number = 1, .first = 9, .behind = 9, .count = 2 },
		  false },
		{ "numbers would run over", { .number = 1, .first = INT64_MAX, .count = 2 }, false },
		{ "nearly run over", { .number = 1, .first = INT64_MAX - 2, .count = 2 }, true },
		{ "a fragment", { .number = 1, .first = 1, .fragment = 1, .fragments = 2 }, true },
		{ "beyond the last", { .number = 1, .first = 1, .fragment = 2, .fragments = 2 },
		  false },
		{ "one fragment is none", { .number = 1, .first = 1, .fragments = 1 }, false },
		{ "the most", { .number = 1, .first = 1, .fragments = CAST_FRAGMENTS_MAX }, true },
		{ "more than the largest item has",
		  { .number = 1, .first = 1, .fragments = CAST_FRAGMENTS_MAX + 1 }, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cast c;

		CHECK_ROW(rows[i].why);
		CHECK_EQ(read_cast(bytes_of(buf, write_plain(&rows[i].c)), &c), rows[i].good);
	}
}

TEST(a_frame_has_a_bound_and_a_kind)
{
	size_t size = write_plain(&plain);
	struct cast c;

	buf[0] = 3;
	CHECK(!read_cast(bytes_of(buf, size), &c));
	buf[0] = 0;
	CHECK(!read_cast(bytes_of(buf, size), &c));
	write_plain(&(struct cast){ .number = 1, .first = 1, .fragments = 2 });
	CHECK(read_cast(bytes_of(buf, CAST_FRAME_MAX), &c));
	CHECK(!read_cast(bytes_of(buf, CAST_FRAME_MAX + 1), &c));
}

TEST(an_items_type_is_text)
{
	static const struct {
		const char *why;
		const char *bytes;
		size_t size;
		bool good;
	} rows[] = {
		{ "plain", "\1t\2ab", 5, true },
		{ "nothing in it", "\0\0", 2, true },
		{ "a NUL ends a text", "\3a\0b\0", 5, false },
		{ "type cut", "\3a", 2, false },
		{ "data cut", "\1a\3b", 4, false },
		{ "no data", "\1a", 2, false },
		{ "256 bytes of type", "\x80\2", 2, false },
		{ "data of a mebibyte and one", "\1a\x81\x80\x40", 5, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reader r = reader_of(bytes_of(rows[i].bytes, rows[i].size));
		struct bytes type, data;

		CHECK_ROW(rows[i].why);
		CHECK_EQ(read_cast_item(&r, &type, &data) && read_end(&r), rows[i].good);
	}
}

TEST(an_acknowledgement_is_read_as_it_was_written)
{
	static const struct {
		const char *why;
		struct cast_ack ack;
		bool good;
	} rows[] = {
		{ "plain", { 5, 100, 0, 0 }, true },
		{ "some fragments of the next", { 5, 100, 80, 0 }, true },
		{ "more than there can be", { 5, 100, CAST_FRAGMENTS_MAX + 1, 0 }, false },
		{ "a gap", { 5, 100, 0, 101 }, true },
		{ "wants what it has", { 5, 100, 0, 100 }, false },
		{ "nothing yet, wants all", { INCARNATION_MAX, 0, 0, INT64_MAX }, true },
		{ "of no life", { INCARNATION_MAX + 1, 0, 0, 0 }, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct writer w = writer_of(buf, sizeof buf);
		struct cast_ack a;
		struct cast c;

		CHECK_ROW(rows[i].why);
		write_cast_ack(&w, &rows[i].ack);
		CHECK(writer_size(&w) <= CAST_BY_SESSION_MAX);
		CHECK_EQ(read_cast_by_session(writer_bytes(&w), &a, &c),
		         rows[i].good ? CAST_ACK : 0);
		if (rows[i].good)
			CHECK(a.incarnation == rows[i].ack.incarnation && a.seq == rows[i].ack.seq &&
			      a.had == rows[i].ack.had && a.want == rows[i].ack.want);
		CHECK_EQ(read_cast_by_session(bytes_of(buf, writer_size(&w) - 1), &a, &c), 0);
		write_u8(&w, 0);
		CHECK_EQ(read_cast_by_session(writer_bytes(&w), &a, &c), 0);
	}
}

TEST(items_by_session_may_be_none)
{
	struct writer w = writer_of(buf, sizeof buf);
	struct cast_ack a;
	struct cast c;

	write_cast_items_head(&w, 9, 40, 0);
	REQUIRE(read_cast_by_session(writer_bytes(&w), &a, &c) == CAST_ITEMS);
	CHECK(c.incarnation == 9 && c.first == 40 && c.count == 0 && c.behind == 0);
	w = writer_of(buf, sizeof buf);
	write_cast_items_head(&w, 9, 40, 2);
	put_item(&w, "x", "1");
	CHECK_EQ(read_cast_by_session(writer_bytes(&w), &a, &c), 0);
	put_item(&w, "y", "2");
	CHECK_EQ(read_cast_by_session(writer_bytes(&w), &a, &c), CAST_ITEMS);
	CHECK_EQ(c.count, 2);
	put_item(&w, "z", "3");
	CHECK_EQ(read_cast_by_session(writer_bytes(&w), &a, &c), 0);
	CHECK_EQ(read_cast_by_session(bytes_of("\3", 1), &a, &c), 0);
	CHECK_EQ(read_cast_by_session(bytes_of(NULL, 0), &a, &c), 0);
}

TEST_MAIN(TEST_CASE(a_frame_is_read_as_it_was_written),
          TEST_CASE(a_cut_frame_is_refused_wherever_it_is_cut),
          TEST_CASE(a_frame_of_a_neighbour_ends_with_its_items),
          TEST_CASE(what_cannot_be_is_refused), TEST_CASE(a_frame_has_a_bound_and_a_kind),
          TEST_CASE(an_items_type_is_text),
          TEST_CASE(an_acknowledgement_is_read_as_it_was_written),
          TEST_CASE(items_by_session_may_be_none))
