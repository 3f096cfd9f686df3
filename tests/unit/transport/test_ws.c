/* WebSocket frames: written by one filter and read by another, read from bytes as the RFC
 * has them, one byte at a time, and broken in every way that it names. */
#include "transport/ws.h"

#include "base/mem.h"
#include "support/check.h"

static const uint8_t seed[16] = "0123456789abcde";

static uint8_t heard[1 << 18];
static size_t n_heard;

static void hear(void *user, uint8_t *data, size_t size)
{
	memcpy(heard + n_heard, data, size);
	n_heard += size;
}

static struct filter *new_ws(bool client)
{
	n_heard = 0;
	return ws_new(client, seed);
}

/* In a block of exactly its size, `step` bytes at a time. */
static int feed_by(struct filter *f, const void *bytes, size_t size, size_t step)
{
	const uint8_t *at = bytes;
	int error = 0;

	while (size > 0 && error == 0) {
		size_t n = size < step ? size : step;
		uint8_t *copy = mem_take(n);

		memcpy(copy, at, n);
		error = filter_take(f, copy, n, hear, NULL);
		mem_free(copy);
		at += n;
		size -= n;
	}
	return error;
}

static int feed(struct filter *f, const void *bytes, size_t size)
{
	return feed_by(f, bytes, size, size);
}

static bool says(struct filter *f, const void *bytes, size_t size)
{
	struct span s = filter_say(f);

	return s.size == size && (size == 0 || memcmp(s.data, bytes, size) == 0);
}

/* What `from` wraps reaches `to` as it was. */
static bool passes(struct filter *from, struct filter *to, size_t size, size_t step)
{
	static uint8_t room[FILTER_HEAD + (1 << 18)];
	struct span s = { room + FILTER_HEAD, size };

	for (size_t i = 0; i < size; i++)
		s.data[i] = (uint8_t)(i * 7 + size);
	n_heard = 0;
	s = filter_wrap(from, s);
	if (feed_by(to, s.data, s.size, step) != 0 || n_heard != size)
		return false;
	for (size_t i = 0; i < size; i++)
		if (heard[i] != (uint8_t)(i * 7 + size))
			return false;
	return true;
}

TEST(what_one_side_wraps_the_other_unwraps)
{
	static const size_t sizes[] = { 1, 7, 8, 125, 126, 127, 65535, 65536, 200000 };
	static const size_t steps[] = { 1, 3, 4096, 1 << 20 };
	struct filter *client = new_ws(true), *server = new_ws(false);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
			CHECK(passes(client, server, sizes[i], steps[k]));
			CHECK(passes(server, client, sizes[i], steps[k]));
		}
	filter_free(client);
	filter_free(server);
}

TEST(frames_are_laid_out_as_the_rfc_has_them)
{
	uint8_t room[FILTER_HEAD + 300] = { 0 };
	struct filter *server = new_ws(false), *client = new_ws(true);
	struct span s = filter_wrap(server, (struct span){ room + FILTER_HEAD, 5 });

	CHECK(s.size == 7 && s.data[0] == 0x82 && s.data[1] == 5);
	s = filter_wrap(server, (struct span){ room + FILTER_HEAD, 256 });
	CHECK(s.size == 260);
	CHECK_BYTES(s.data, "\x82\x7e\x01\x00", 4);
	memset(room, 0, sizeof room);
	s = filter_wrap(client, (struct span){ room + FILTER_HEAD, 6 });
	CHECK(s.size == 12 && s.data[0] == 0x82 && s.data[1] == (0x80 | 6));
	CHECK_BYTES(s.data + 6, s.data + 2, 4);        /* zeroes, masked: the key itself */
	CHECK_BYTES(s.data + 10, s.data + 2, 2);
	filter_free(server);
	filter_free(client);
}

TEST(masking_keys_differ_from_frame_to_frame_and_from_seed_to_seed)
{
	uint8_t room[FILTER_HEAD + 1] = { 0 }, keys[3][4];
	struct filter *one = new_ws(true), *two = ws_new(true, (const uint8_t *)"another seed....");

	memcpy(keys[0], filter_wrap(one, (struct span){ room + FILTER_HEAD, 1 }).data + 2, 4);
	memcpy(keys[1], filter_wrap(one, (struct span){ room + FILTER_HEAD, 1 }).data + 2, 4);
	memcpy(keys[2], filter_wrap(two, (struct span){ room + FILTER_HEAD, 1 }).data + 2, 4);
	CHECK(memcmp(keys[0], keys[1], 4) != 0);
	CHECK(memcmp(keys[0], keys[2], 4) != 0);
	filter_free(one);
	filter_free(two);
}

/* RFC 6455, 5.7: "Hello" masked; here as a binary message. */
TEST(the_example_of_the_rfc)
{
	struct filter *f = new_ws(false);

	CHECK_EQ(feed(f, "\x82\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11), 0);
	CHECK(n_heard == 5 && memcmp(heard, "Hello", 5) == 0);
	filter_free(f);
}

TEST(fragments_are_one_stream_and_control_frames_come_between_them)
{
	struct filter *f = new_ws(true);

	CHECK_EQ(feed_by(f, "\x02\x02" "ab" "\x89\x01" "p" "\x00\x00" "\x00\x01" "c" "\x8a\x00"
	                    "\x80\x01" "d" "\x82\x01" "e", 20, 1), 0);
	CHECK(n_heard == 5 && memcmp(heard, "abcde", 5) == 0);
	filter_free(f);
}

TEST(of_pings_the_last_one_is_answered)
{
	struct filter *f = new_ws(true);
	struct span s;

	CHECK_EQ(feed(f, "\x89\x01" "a" "\x89\x03" "bcd", 8), 0);
	s = filter_say(f);
	REQUIRE(s.size == 2 + 4 + 3);
	CHECK(s.data[0] == 0x8a && s.data[1] == (0x80 | 3));
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(s.data[6 + i] ^ s.data[2 + i], "bcd"[i]);
	CHECK(says(f, "", 0));
	filter_free(f);
}

TEST(a_largest_ping_is_answered)
{
	uint8_t ping[2 + 125] = { 0x89, 125, 'x' };
	struct filter *f = ws_new(true, seed), *server = new_ws(false);
	struct span s;

	CHECK_EQ(feed_by(f, ping, sizeof ping, 9), 0);
	s = filter_say(f);
	CHECK_EQ(s.size, 2 + 4 + 125);
	CHECK_EQ(feed(server, s.data, s.size), 0);
	filter_free(f);
	filter_free(server);
}

/* ---- closing --------------------------------------------------------------------- */

TEST(we_close_and_it_answers)
{
	struct filter *f = new_ws(true), *server = new_ws(false);
	struct span s;

	filter_finish(f);
	s = filter_say(f);
	CHECK_EQ(feed(server, s.data, s.size), LENO_CLOSED);
	CHECK(says(f, "", 0));
	s = filter_say(server);
	CHECK(s.size == 4);
	CHECK_BYTES(s.data, "\x88\x02\x03\xe8", 4);
	CHECK_EQ(feed(f, s.data, s.size), LENO_CLOSED);
	CHECK(says(f, "", 0));
	CHECK(says(server, "", 0));
	filter_free(f);
	filter_free(server);
}

TEST(data_that_crosses_our_close_is_taken)
{
	struct filter *f = new_ws(true);

	filter_finish(f);
	CHECK(filter_say(f).size > 0);
	CHECK_EQ(feed(f, "\x82\x02" "ab" "\x89\x00", 6), 0);
	CHECK_EQ(n_heard, 2);
	CHECK(says(f, "", 0));                         /* no pong after a close */
	CHECK_EQ(feed(f, "\x88\x00", 2), LENO_CLOSED);
	filter_free(f);
}

TEST(an_empty_close_is_answered_with_an_empty_one)
{
	struct filter *f = ws_new(false, seed);
	struct filter *client = new_ws(true);

	CHECK_EQ(feed(client, "\x88\x00", 2), LENO_CLOSED);
	CHECK(!filter_why(client));
	CHECK_EQ(filter_say(client).size, 6);
	filter_free(client);
	CHECK_EQ(feed(f, "\x88\x80" "mask", 6), LENO_CLOSED);
	CHECK(says(f, "\x88\x00", 2));
	filter_free(f);
}

TEST(a_close_that_complains_is_told)
{
	struct filter *f = new_ws(true);

	CHECK_EQ(feed(f, "\x88\x05\x03\xf0" "no!", 7), LENO_REFUSED);   /* 1008 */
	CHECK_STR(filter_why(f), "it closed the WebSocket with code 1008");
	filter_free(f);
}

TEST(codes_that_may_be_sent)
{
	static const uint16_t good[] = { 1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999 };
	static const uint16_t bad[] = { 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535 };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		uint8_t close[] = { 0x88, 2, (uint8_t)(good[i] >> 8), (uint8_t)good[i] };
		struct filter *f = new_ws(true);
		int error = feed(f, close, 4);

		CHECK(error == LENO_CLOSED || error == LENO_REFUSED);
		filter_free(f);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint8_t close[] = { 0x88, 2, (uint8_t)(bad[i] >> 8), (uint8_t)bad[i] };
		struct filter *f = new_ws(true);

		CHECK_EQ(feed(f, close, 4), LENO_PROTOCOL);
		filter_free(f);
	}
}

/* ---- what is refused --------------------------------------------------------------- */

#define BYTES(text) text, sizeof text - 1

static const struct {
	const char *why, *bytes;
	size_t size;
	bool client;             /* who reads it                                       */
	unsigned code;           /* of the close that it gets                          */
} broken[] = {
	{ "RSV1", BYTES("\xc2\x00"), true, 1002 },
	{ "RSV2", BYTES("\xa2\x00"), true, 1002 },
	{ "RSV3", BYTES("\x92\x00"), true, 1002 },
	{ "RSV1 of a ping", BYTES("\xc9\x00"), true, 1002 },
	{ "opcode 3", BYTES("\x83\x00"), true, 1002 },
	{ "opcode 7", BYTES("\x87\x00"), true, 1002 },
	{ "opcode 11", BYTES("\x8b\x00"), true, 1002 },
	{ "opcode 15", BYTES("\x8f\x00"), true, 1002 },
	{ "a ping in fragments", BYTES("\x09\x00"), true, 1002 },
	{ "a close in fragments", BYTES("\x08\x00"), true, 1002 },
	{ "a pong in fragments", BYTES("\x0a\x00"), true, 1002 },
	{ "a ping of 126 bytes", BYTES("\x89\x7e\x00\x7e"), true, 1002 },
	{ "a close of 2^16 bytes", BYTES("\x88\x7f"), true, 1002 },
	{ "nothing to continue", BYTES("\x80\x00"), true, 1002 },
	{ "nothing to continue any more", BYTES("\x02\x00\x80\x00\x00\x00"), true, 1002 },
	{ "a message within another", BYTES("\x02\x00\x82\x00"), true, 1002 },
	{ "text", BYTES("\x81\x01" "a"), true, 1003 },
	{ "text in fragments", BYTES("\x01\x01" "a"), true, 1003 },
	{ "a server masks", BYTES("\x82\x81" "mask" "a"), true, 1002 },
	{ "a client does not mask", BYTES("\x82\x01" "a"), false, 1002 },
	{ "a client does not mask its ping", BYTES("\x89\x00"), false, 1002 },
	{ "125 in two bytes", BYTES("\x82\x7e\x00\x7d"), true, 1002 },
	{ "65535 in eight bytes", BYTES("\x82\x7f\0\0\0\0\0\0\xff\xff"), true, 1002 },
	{ "2^63 bytes", BYTES("\x82\x7f\x80\0\0\0\0\0\0\0"), true, 1002 },
	{ "half a close code", BYTES("\x88\x01\x03"), true, 1002 },
	{ "a reason with a surrogate", BYTES("\x88\x05\x03\xe8\xed\xa0\x80"), true, 1007 },
	{ "a reason in a long form", BYTES("\x88\x04\x03\xe8\xc0\xaf"), true, 1007 },
	{ "a reason that is cut", BYTES("\x88\x04\x03\xe8\xe2\x82"), true, 1007 },
	{ "a reason beyond U+10FFFF", BYTES("\x88\x06\x03\xe8\xf4\x90\x80\x80"), true, 1007 },
};

TEST(what_breaks_the_rfc_is_closed_with_its_code)
{
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		for (size_t step = 1; step < 20; step += 18) {
			struct filter *f = new_ws(broken[i].client);
			struct span s;
			uint8_t code[2];

			CHECK_ROW(broken[i].why);
			CHECK_EQ(feed_by(f, broken[i].bytes, broken[i].size, step), LENO_PROTOCOL);
			CHECK(filter_why(f) != NULL);
			s = filter_say(f);
			REQUIRE(s.size == (broken[i].client ? 8 : 4) && s.data[0] == 0x88);
			memcpy(code, s.data + s.size - 2, 2);
			if (broken[i].client)
				for (unsigned k = 0; k < 2; k++)
					code[k] ^= s.data[2 + k];
			CHECK_EQ(code[0] << 8 | code[1], broken[i].code);
			CHECK(says(f, "", 0));
			filter_free(f);
		}
}

TEST(a_reason_may_be_any_text)
{
	struct filter *f = new_ws(true);

	CHECK_EQ(feed(f, BYTES("\x88\x0c\x03\xe8\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!")), LENO_CLOSED);
	filter_free(f);
}

TEST(without_memory_there_is_none)
{
	mem_fail(1, 0);
	CHECK(!ws_new(true, seed));
	mem_fail(0, 0);
}

TEST_MAIN(TEST_CASE(what_one_side_wraps_the_other_unwraps),
          TEST_CASE(frames_are_laid_out_as_the_rfc_has_them),
          TEST_CASE(masking_keys_differ_from_frame_to_frame_and_from_seed_to_seed),
          TEST_CASE(the_example_of_the_rfc),
          TEST_CASE(fragments_are_one_stream_and_control_frames_come_between_them),
          TEST_CASE(of_pings_the_last_one_is_answered),
          TEST_CASE(a_largest_ping_is_answered),
          TEST_CASE(we_close_and_it_answers),
          TEST_CASE(data_that_crosses_our_close_is_taken),
          TEST_CASE(an_empty_close_is_answered_with_an_empty_one),
          TEST_CASE(a_close_that_complains_is_told),
          TEST_CASE(codes_that_may_be_sent),
          TEST_CASE(what_breaks_the_rfc_is_closed_with_its_code),
          TEST_CASE(a_reason_may_be_any_text),
          TEST_CASE(without_memory_there_is_none))
