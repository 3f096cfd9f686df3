/* What the items of a session mean: one form of each, and nothing else. */
#include "message/item.h"

#include "support/check.h"

TEST(an_item_is_read_as_it_was_written)
{
	static const struct {
		const char *why;
		struct item item;
		size_t head;              /* bytes of it */
	} rows[] = {
		{ "a message of a low number costs one byte", { ITEM_MESSAGE, 30 }, 1 },
		{ "of a higher one, two", { ITEM_MESSAGE, 31 }, 2 },
		{ "of the highest", { ITEM_MESSAGE, UINT32_MAX }, 6 },
		{ "a type", { ITEM_TYPE, 5 }, 1 },
		{ "a request", { ITEM_REQUEST, 3, 127 }, 2 },
		{ "a request of a great number", { ITEM_REQUEST, 3, INT64_MAX }, 10 },
		{ "a reply", { ITEM_REPLY, 0, 1 }, 2 },
		{ "a refusal has a code", { ITEM_REFUSE, 0, 1, UINT32_MAX }, 6 },
		{ "the longest head", { ITEM_REFUSE, UINT32_MAX, INT64_MAX, 7 }, 19 },
		{ "a ping", { ITEM_PING, 0, 300 }, 3 },
		{ "a broadcast", { ITEM_BROADCAST, 0 }, 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct item *want = &rows[i].item;
		uint8_t buf[ITEM_HEAD_MAX + 4];
		size_t size = write_item_head(buf, want);
		struct item got;

		CHECK_ROW(rows[i].why);
		CHECK_EQ(size, rows[i].head);
		memcpy(buf + size, "data", 4);
		REQUIRE(read_item(bytes_of(buf, size + 4), &got));
		CHECK_EQ(got.kind, want->kind);
		CHECK_EQ(got.type, want->type);
		CHECK_EQ(got.request, want->request);
		CHECK_EQ(got.code, want->code);
		CHECK(bytes_same(got.data, bytes_text("data")));
		CHECK(read_item(bytes_of(buf, size), &got) && got.data.size == 0);
	}
}

TEST(what_cannot_be_is_refused)
{
	static const struct {
		const char *why;
		const char *bytes;
		size_t size;
		bool good;
	} rows[] = {
		{ "nothing at all", "", 0, false },
		{ "a message of type 0", "\x01", 1, true },
		{ "of a stream, whatever stands in it", "\x07", 1, true },
		{ "the number is to follow, and does not", "\xf9", 1, false },
		{ "a number that fits the first byte", "\xf9\x1e", 2, false },
		{ "the least that does not", "\xf9\x1f", 2, true },
		{ "a number of more than 32 bits", "\xf9\x80\x80\x80\x80\x10", 6, false },
		{ "the highest of 32 bits", "\xf9\xff\xff\xff\xff\x0f", 6, true },
		{ "a number in a longer form than needed", "\xf9\xa0\x00", 3, false },
		{ "a request without its number", "\x02", 1, false },
		{ "a request whose number is cut", "\x02\x80", 2, false },
		{ "a refusal without a code", "\x04\x01", 2, false },
		{ "a refusal with half a code", "\x04\x01\x02\x03", 4, false },
		{ "a refusal", "\x04\x01\x02\x03\x04\x05", 6, true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct item got = { .request = 99 };

		CHECK_ROW(rows[i].why);
		CHECK_EQ(read_item(bytes_of(rows[i].bytes, rows[i].size), &got), rows[i].good);
		if (!rows[i].good)
			CHECK_EQ(got.request, 99); /* untouched */
	}
}

TEST_MAIN(TEST_CASE(an_item_is_read_as_it_was_written), TEST_CASE(what_cannot_be_is_refused))
