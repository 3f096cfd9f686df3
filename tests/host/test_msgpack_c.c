/* Our MessagePack beside msgpack-c (libmsgpack-dev), in both directions: what either writes the
 * other reads as the same value, for values of all kinds and sizes made by chance; and of bytes by
 * chance both say alike where a value ends, or that there is none. */
#include <leno.h>

#include "support/check.h"

#ifdef HAVE_MSGPACK_C
#include <msgpack.h>
#include <stdlib.h>

enum { ROOM = 1 << 16, VALUES = 3000, RUBBISH = 100000 };

static uint64_t chance = 7;

static uint64_t next_chance(uint64_t below)
{
	chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (chance >> 33) % below;
}

static uint64_t wide(void)
{
	uint64_t n = next_chance(1 << 30) << 34 ^ next_chance(1 << 30) << 17 ^ next_chance(1 << 30);

	return n >> next_chance(64);
}

static size_t some_size(void)
{
	static const size_t sizes[] = { 0, 1, 4, 31, 32, 255, 256, 300 };

	return sizes[next_chance(8)];
}

/* The same value with both. */
static void write_both(leno_pack *p, msgpack_packer *q, unsigned depth)
{
	static const char text[300] = "text";
	size_t size = some_size();
	uint64_t n = wide();
	double d;

	switch (next_chance(depth > 4 ? 8 : 10)) {
	case 0: leno_pack_nil(p); msgpack_pack_nil(q); break;
	case 1:
		leno_pack_bool(p, n & 1);
		n & 1 ? msgpack_pack_true(q) : msgpack_pack_false(q);
		break;
	case 2: leno_pack_uint(p, n); msgpack_pack_uint64(q, n); break;
	case 3:
		leno_pack_int(p, -(int64_t)(n >> 1));
		msgpack_pack_int64(q, -(int64_t)(n >> 1));
		break;
	case 4:
		memcpy(&d, &n, sizeof d);
		d = d == d ? d : 0.5;
		leno_pack_float(p, d);
		msgpack_pack_double(q, d);
		break;
	case 5:
		leno_pack_str(p, (leno_bytes){ text, size });
		msgpack_pack_str_with_body(q, text, size);
		break;
	case 6:
		leno_pack_bin(p, (leno_bytes){ text, size });
		msgpack_pack_bin_with_body(q, text, size);
		break;
	case 7:
		leno_pack_ext(p, (int8_t)n, (leno_bytes){ text, size });
		msgpack_pack_ext_with_body(q, text, size, (int8_t)n);
		break;
	case 8:
		size %= 20;
		leno_pack_array(p, (uint32_t)size);
		msgpack_pack_array(q, size);
		for (size_t i = 0; i < size; i++)
			write_both(p, q, depth + 1);
		break;
	default:
		size %= 20;
		leno_pack_map(p, (uint32_t)size);
		msgpack_pack_map(q, size);
		for (size_t i = 0; i < 2 * size; i++)
			write_both(p, q, depth + 1);
	}
}

TEST(both_write_the_same_bytes)
{
	static uint8_t buf[1 << 24];

	for (unsigned i = 0; i < VALUES; i++) {
		leno_pack p = leno_pack_into(buf, sizeof buf);
		msgpack_sbuffer theirs;
		msgpack_packer q;

		msgpack_sbuffer_init(&theirs);
		msgpack_packer_init(&q, &theirs, msgpack_sbuffer_write);
		write_both(&p, &q, 0);
		CHECK_EQ(p.size, theirs.size);
		CHECK_BYTES(buf, (const uint8_t *)theirs.data, p.size);
		CHECK(leno_unpack_ok(leno_pack_bytes(&p)));
		msgpack_sbuffer_destroy(&theirs);
	}
}

/* Bytes that are likelier to be a beginning of something. An array or map of 32 bits claims at
 * most 65,535 items: libmsgpack-c asks malloc for as many as are claimed, 128 GiB and more. */
static size_t rubbish(uint8_t *buf)
{
	enum { ARRAY_32 = 0xdd, MAP_32 = 0xdf };
	size_t size = 1 + (size_t)next_chance(24);

	for (size_t i = 0; i < size; i++)
		buf[i] = (uint8_t)(next_chance(3) ? 0x80 + next_chance(128) : next_chance(256));
	for (size_t i = 0; i + 2 < size; i++)
		if (buf[i] == ARRAY_32 || buf[i] == MAP_32)
			buf[i + 1] = buf[i + 2] = 0;
	return size;
}

TEST(both_read_the_same_of_any_bytes)
{
	unsigned whole = 0;

	for (unsigned i = 0; i < RUBBISH; i++) {
		uint8_t buf[32];
		size_t size = rubbish(buf), at = 0;
		leno_unpack u = leno_unpack_from((leno_bytes){ buf, size });
		bool ours = leno_unpack_whole(&u).data != NULL;
		msgpack_unpacked result;
		msgpack_unpack_return got;

		msgpack_unpacked_init(&result);
		got = msgpack_unpack_next(&result, (const char *)buf, size, &at);
		CHECK(ours == (got == MSGPACK_UNPACK_SUCCESS || got == MSGPACK_UNPACK_EXTRA_BYTES));
		if (ours)
			CHECK_EQ((size_t)(u.at - buf), at);
		whole += ours;
		msgpack_unpacked_destroy(&result);
	}
	CHECK(whole > 1000);
}
#else
TEST(both_write_the_same_bytes)
{
	SKIP("libmsgpack-dev was not there when this was built");
}

TEST(both_read_the_same_of_any_bytes)
{
	SKIP("libmsgpack-dev was not there when this was built");
}
#endif

TEST_MAIN(TEST_CASE(both_write_the_same_bytes), TEST_CASE(both_read_the_same_of_any_bytes))
