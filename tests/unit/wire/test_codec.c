/* covers: src/wire/codec.c */
#include "wire/codec.h"

#include "support/check.h"

TEST(integers_come_back_as_they_were_written)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 300, 16383, 16384, UINT32_MAX,
	                                   (uint64_t)1 << 62, ((uint64_t)1 << 63) - 1 };
	uint8_t buf[64];

	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct writer w = writer_of(buf, sizeof buf);
		write_varint(&w, values[i]);
		write_u64(&w, values[i]);
		write_u32(&w, (uint32_t)values[i]);
		write_u16(&w, (uint16_t)values[i]);
		write_u8(&w, (uint8_t)values[i]);
		CHECK_EQ(writer_size(&w), varint_size(values[i]) + 15);
		struct reader r = reader_of(writer_bytes(&w));
		CHECK(read_varint(&r) == values[i]);
		CHECK(read_u64(&r) == values[i]);
		CHECK(read_u32(&r) == (uint32_t)values[i]);
		CHECK(read_u16(&r) == (uint16_t)values[i]);
		CHECK(read_u8(&r) == (uint8_t)values[i]);
		CHECK(read_end(&r));
	}
}

TEST(varints_have_one_form_each)
{
	static const struct { uint8_t bytes[10]; size_t size; bool good; const char *why; } rows[] = {
		{ { 0x00 }, 1, true, "zero" },
		{ { 0x80, 0x00 }, 2, false, "zero, padded" },
		{ { 0xff, 0x00 }, 2, false, "127, padded" },
		{ { 0x80 }, 1, false, "truncated" },
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f }, 9, true, "2^63 - 1" },
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 }, 10, false, "2^64 - 1" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reader r = reader_of(bytes_of(rows[i].bytes, rows[i].size));
		CHECK_ROW(rows[i].why);
		read_varint(&r);
		CHECK_EQ(read_end(&r), rows[i].good);
	}
}

TEST(a_reader_that_failed_gives_nothing_more)
{
	struct reader r = reader_of(bytes_of("\x05" "abc", 4));

	CHECK(read_sized(&r, 100).data == NULL);
	CHECK_EQ(read_u8(&r), 0);
	CHECK_EQ(read_bytes(&r, 1).size, 0);
	CHECK(!read_end(&r));
	r = reader_of(bytes_of("\x05" "abcde", 6));
	CHECK(read_sized(&r, 4).data == NULL);      /* over the bound */
	CHECK(r.bad);
}

TEST(an_incarnation_is_what_a_varint_can_say)
{
	uint8_t buf[2][8];
	struct writer w = writer_of(buf, sizeof buf);
	struct reader r = reader_of(bytes_of(buf, sizeof buf));

	write_u64(&w, INCARNATION_MAX);
	write_u64(&w, INCARNATION_MAX + 1);
	CHECK(read_incarnation(&r) == INCARNATION_MAX && !r.bad);
	CHECK_EQ(read_incarnation(&r), 0);
	CHECK(r.bad);
}

TEST(a_writer_that_is_full_stays_as_it_was)
{
	uint8_t buf[4];
	struct writer w = writer_of(buf, sizeof buf);

	write_u16(&w, 1);
	write_u32(&w, 2);
	write_u8(&w, 3);
	CHECK(w.full);
	CHECK_EQ(writer_size(&w), 2);
	CHECK_EQ(writer_left(&w), 0);
}

TEST(frames_come_back_whole_or_not_at_all)
{
	uint8_t buf[600], body[300] = { 7 };
	struct writer w = writer_of(buf, sizeof buf), inner;
	struct frame f;

	CHECK(write_frame(&w, 1, bytes_of(NULL, 0)));
	inner = frame_begin(&w, 2);
	write_bytes(&inner, body, sizeof body);
	CHECK(frame_end(&w, &inner));
	CHECK(!write_frame(&w, 3, bytes_of(body, sizeof body)));
	inner = frame_begin(&w, 4);
	write_bytes(&inner, body, sizeof body);
	CHECK(!frame_end(&w, &inner));
	struct reader r = reader_of(writer_bytes(&w));
	CHECK(read_frame(&r, &f) && f.type == 1 && f.body.size == 0);
	CHECK(read_frame(&r, &f) && f.type == 2 && bytes_same(f.body, bytes_of(body, sizeof body)));
	CHECK(!read_frame(&r, &f) && !r.bad);
	r = reader_of(bytes_of(buf, 5));
	CHECK(read_frame(&r, &f));
	CHECK(!read_frame(&r, &f) && r.bad);
}

TEST_MAIN(TEST_CASE(integers_come_back_as_they_were_written),
          TEST_CASE(varints_have_one_form_each),
          TEST_CASE(a_reader_that_failed_gives_nothing_more),
          TEST_CASE(an_incarnation_is_what_a_varint_can_say),
          TEST_CASE(a_writer_that_is_full_stays_as_it_was),
          TEST_CASE(frames_come_back_whole_or_not_at_all))
