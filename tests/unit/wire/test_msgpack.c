/* MessagePack: each format that the specification has, and what none of them is.
 *
 * covers: src/wire/msgpack.c */
#include <leno.h>

#include "support/check.h"

/* Smallest and largest values of each format, and the bytes that the specification gives. */
TEST(integers_take_their_shortest_form)
{
	static const struct {
		int64_t n;
		uint8_t bytes[9];
		size_t size;
		const char *why;
	} rows[] = {
		{ 0, { 0x00 }, 1, "positive fixint" },
		{ 127, { 0x7f }, 1, "its largest" },
		{ 128, { 0xcc, 0x80 }, 2, "uint 8" },
		{ 255, { 0xcc, 0xff }, 2, "its largest" },
		{ 256, { 0xcd, 0x01, 0x00 }, 3, "uint 16" },
		{ 65535, { 0xcd, 0xff, 0xff }, 3, "its largest" },
		{ 65536, { 0xce, 0x00, 0x01, 0x00, 0x00 }, 5, "uint 32" },
		{ UINT32_MAX, { 0xce, 0xff, 0xff, 0xff, 0xff }, 5, "its largest" },
		{ (int64_t)UINT32_MAX + 1, { 0xcf, 0, 0, 0, 1, 0, 0, 0, 0 }, 9, "uint 64" },
		{ -1, { 0xff }, 1, "negative fixint" },
		{ -32, { 0xe0 }, 1, "its least" },
		{ -33, { 0xd0, 0xdf }, 2, "int 8" },
		{ -128, { 0xd0, 0x80 }, 2, "its least" },
		{ -129, { 0xd1, 0xff, 0x7f }, 3, "int 16" },
		{ -32768, { 0xd1, 0x80, 0x00 }, 3, "its least" },
		{ -32769, { 0xd2, 0xff, 0xff, 0x7f, 0xff }, 5, "int 32" },
		{ INT32_MIN, { 0xd2, 0x80, 0, 0, 0 }, 5, "its least" },
		{ (int64_t)INT32_MIN - 1,
		  { 0xd3, 255, 255, 255, 255, 0x7f, 255, 255, 255 },
		  9,
		  "int 64" },
		{ INT64_MIN, { 0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0 }, 9, "its least" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t buf[16];
		leno_pack p = leno_pack_into(buf, sizeof buf);
		leno_unpack u;
		leno_value v = { .count = 0 };

		CHECK_ROW(rows[i].why);
		leno_pack_int(&p, rows[i].n);
		CHECK_EQ(p.size, rows[i].size);
		CHECK_BYTES(buf, rows[i].bytes, rows[i].size);
		u = leno_unpack_from(leno_pack_bytes(&p));
		CHECK(leno_unpack_next(&u, &v) && v.kind == LENO_INT && u.at == u.end);
		CHECK(v.integer == rows[i].n);
		CHECK(!leno_unpack_next(&u, &v) && !u.bad);
	}
}

static bool reads(const uint8_t *bytes, size_t size, leno_value *ret)
{
	leno_unpack u = leno_unpack_from((leno_bytes){ bytes, size });

	return leno_unpack_next(&u, ret) && u.at == u.end;
}

TEST(long_forms_of_short_values_are_read_too)
{
	static const struct { uint8_t bytes[9]; size_t size; int64_t n; } rows[] = {
		{ { 0xcc, 0x01 }, 2, 1 }, { { 0xcd, 0, 1 }, 3, 1 }, { { 0xce, 0, 0, 0, 1 }, 5, 1 },
		{ { 0xcf, 0, 0, 0, 0, 0, 0, 0, 1 }, 9, 1 }, { { 0xd0, 0x01 }, 2, 1 },
		{ { 0xd1, 0xff, 0xff }, 3, -1 }, { { 0xd2, 255, 255, 255, 255 }, 5, -1 },
		{ { 0xd3, 255, 255, 255, 255, 255, 255, 255, 255 }, 9, -1 },
	};
	leno_value v = { .count = 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK(reads(rows[i].bytes, rows[i].size, &v));
		CHECK(v.kind == LENO_INT && v.integer == rows[i].n);
	}
	CHECK(reads((const uint8_t[]){ 0xcf, 255, 255, 255, 255, 255, 255, 255, 255 }, 9, &v));
	CHECK(v.kind == LENO_UINT && v.natural == UINT64_MAX);
	CHECK(reads((const uint8_t[]){ 0xca, 0x3f, 0x80, 0, 0 }, 5, &v));
	CHECK(v.kind == LENO_FLOAT && v.real >= 1.0 && v.real <= 1.0);
	CHECK(reads((const uint8_t[]){ 0xcb, 0xbf, 0xe0, 0, 0, 0, 0, 0, 0 }, 9, &v));
	CHECK(v.kind == LENO_FLOAT && v.real >= -0.5 && v.real <= -0.5);
	CHECK(reads((const uint8_t[]){ 0xc7, 2, 0xff, 'a', 'b' }, 5, &v));
	CHECK(v.kind == LENO_EXT && v.type == -1 && v.bytes.size == 2);
}

/* Sizes at which the head of a text, of bytes, of an extension, a list or a map gets wider. */
TEST(heads_are_as_wide_as_their_sizes)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 4, 8, 15, 16, 31, 32, 255, 256, 65535, 65536 };
	static uint8_t data[65536], buf[5 * (65536 + 6)];

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		leno_bytes b = { data, sizes[i] };
		leno_pack p = leno_pack_into(buf, sizeof buf);
		leno_unpack u;
		leno_value v[5];

		leno_pack_str(&p, b);
		leno_pack_bin(&p, b);
		leno_pack_ext(&p, 7, b);
		leno_pack_array(&p, (uint32_t)sizes[i]);
		for (size_t k = 0; k < sizes[i]; k++)
			leno_pack_nil(&p);
		leno_pack_map(&p, (uint32_t)sizes[i] / 2);
		for (size_t k = 0; k < sizes[i] / 2 * 2; k++)
			leno_pack_bool(&p, true);
		CHECK(!p.full);
		u = leno_unpack_from(leno_pack_bytes(&p));
		for (unsigned k = 0; k < 3; k++)
			CHECK(leno_unpack_next(&u, &v[k]) && v[k].bytes.size == sizes[i]);
		CHECK(v[0].kind == LENO_STR && v[1].kind == LENO_BIN && v[2].kind == LENO_EXT &&
		      v[2].type == 7);
		CHECK(leno_unpack_whole(&u).data != NULL);
		CHECK(leno_unpack_next(&u, &v[4]) && v[4].kind == LENO_MAP &&
		      v[4].count == sizes[i] / 2);
		for (size_t k = 0; k < sizes[i] / 2 * 2; k++)
			CHECK(leno_unpack_next(&u, &v[3]) && v[3].kind == LENO_BOOL &&
			      v[3].boolean);
		CHECK(u.at == u.end && !u.bad);
	}
}

TEST(what_is_no_value_is_refused)
{
	static const struct { uint8_t bytes[12]; size_t size; const char *why; } rows[] = {
		{ { 0 }, 0, "nothing" },
		{ { 0xc1 }, 1, "the byte that the format never uses" },
		{ { 0xcc }, 1, "an integer that is cut" },
		{ { 0xcb, 0, 0, 0 }, 4, "a float that is cut" },
		{ { 0xa3, 'a', 'b' }, 3, "a text that is cut" },
		{ { 0xdb, 0xff, 0xff, 0xff, 0xff, 'a' }, 6, "a text of 4 GiB" },
		{ { 0xc6, 0xff, 0xff, 0xff, 0xff }, 5, "bytes of 4 GiB" },
		{ { 0xc9, 0xff, 0xff, 0xff, 0xff, 1 }, 6, "an extension of 4 GiB" },
		{ { 0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0 }, 6, "a list of 4 G members" },
		{ { 0xdf, 0xff, 0xff, 0xff, 0xff, 0xc0 }, 6, "a map of 4 G members" },
		{ { 0x82, 0xc0, 0xc0, 0xc0 }, 4, "a map whose last value is missing" },
		{ { 0x91, 0x91, 0x91 }, 3, "lists in lists without an end" },
		{ { 0xc0, 0xc0 }, 2, "two values" },
		{ { 0xd4, 1 }, 2, "an extension without its byte" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK(!leno_unpack_ok((leno_bytes){ rows[i].bytes, rows[i].size }));
	}
}

TEST(depth_is_bounded)
{
	uint8_t nested[LENO_DEPTH_MAX + 2];

	memset(nested, 0x91, sizeof nested);
	nested[LENO_DEPTH_MAX] = 0xc0;
	CHECK(leno_unpack_ok((leno_bytes){ nested, LENO_DEPTH_MAX + 1 }));
	nested[LENO_DEPTH_MAX] = 0x91;
	nested[LENO_DEPTH_MAX + 1] = 0xc0;
	CHECK(!leno_unpack_ok((leno_bytes){ nested, LENO_DEPTH_MAX + 2 }));
	memset(nested, 0x91, sizeof nested);   /* an empty one at the end is as deep */
	nested[LENO_DEPTH_MAX] = 0x90;
	CHECK(!leno_unpack_ok((leno_bytes){ nested, LENO_DEPTH_MAX + 1 }));
}

TEST(what_does_not_fit_leaves_nothing)
{
	uint8_t buf[4];
	leno_pack p = leno_pack_into(buf, sizeof buf);

	leno_pack_text(&p, "abc");
	CHECK_EQ(leno_pack_bytes(&p).size, 4);
	leno_pack_nil(&p);
	CHECK(p.full && leno_pack_bytes(&p).data == NULL && leno_pack_bytes(&p).size == 0);
	p = leno_pack_into(buf, sizeof buf);
	leno_pack_float(&p, 1.5);
	CHECK(p.full);
	leno_pack_nil(&p);
	CHECK(p.full);
}

TEST_MAIN(TEST_CASE(integers_take_their_shortest_form),
          TEST_CASE(long_forms_of_short_values_are_read_too),
          TEST_CASE(heads_are_as_wide_as_their_sizes), TEST_CASE(what_is_no_value_is_refused),
          TEST_CASE(depth_is_bounded), TEST_CASE(what_does_not_fit_leaves_nothing))
