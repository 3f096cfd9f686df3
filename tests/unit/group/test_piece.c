/* Messages in pieces: put together as they were, or not at all. */
#include "group/piece.h"

#include "support/check.h"

static struct piece read_of(const char *text, size_t size, bool *ret_good)
{
	struct piece p = { 0 };

	*ret_good = read_piece(bytes_of(text, size), &p);
	return p;
}

TEST(only_what_can_be_a_piece_is_read)
{
	static const struct {
		const char *why, *bytes;
		size_t size;
		bool good;
	} rows[] = {
		{ "nothing", "", 0, false },
		{ "whole and empty", "\0", 1, true },
		{ "whole", "\0abc", 4, true },
		{ "the first of more", "\1\5abc", 5, true },
		{ "the first that is all", "\1\3abc", 5, false },
		{ "the first, of which nothing comes", "\1\5", 2, false },
		{ "the first without a total", "\1", 1, false },
		{ "more", "\2a", 2, true },
		{ "no more", "\2", 1, false },
		{ "the last", "\3a", 2, true },
		{ "of a kind that is none", "\4a", 2, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool good;

		CHECK_ROW(rows[i].why);
		read_of(rows[i].bytes, rows[i].size, &good);
		CHECK_EQ(good, rows[i].good);
	}
}

TEST(a_message_is_put_together_with_its_type)
{
	struct assembly a = { 0 };
	uint8_t buf[16];
	struct bytes type, data;
	struct piece p;
	bool good;

	p = read_of("\1\7abc", 5, &good);
	REQUIRE(good);
	CHECK_EQ(assembly_take(&a, bytes_text("word"), &p, &type, &data), ASSEMBLY_ROOM);
	CHECK_EQ(assembly_size(&p, bytes_text("word")), 11);
	assembly_begin(&a, buf, bytes_text("word"), &p);
	p = read_of("\2de", 3, &good);
	CHECK_EQ(assembly_take(&a, bytes_text(""), &p, &type, &data), ASSEMBLY_PART);
	p = read_of("\3fg", 3, &good);
	CHECK_EQ(assembly_take(&a, bytes_text(""), &p, &type, &data), ASSEMBLY_WHOLE);
	CHECK(bytes_same(type, bytes_text("word")) && bytes_same(data, bytes_text("abcdefg")));
}

TEST(what_does_not_come_to_the_total_is_none)
{
	static const struct {
		const char *why, *bytes;
		enum assembly_verdict verdict;
	} rows[] = {
		{ "the last is too short", "\3d", ASSEMBLY_BAD },
		{ "the last is too long", "\3defg", ASSEMBLY_BAD },
		{ "more than the rest", "\2defg", ASSEMBLY_BAD },
		{ "all of the rest, and not the last", "\2def", ASSEMBLY_BAD },
		{ "another begins", "\1\7abc", ASSEMBLY_BAD },
	};
	struct bytes type, data;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct assembly a = { 0 };
		uint8_t buf[16];
		struct piece p;
		bool good;

		CHECK_ROW(rows[i].why);
		p = read_of("\1\6abc", 5, &good);
		assembly_begin(&a, buf, bytes_text("t"), &p);
		p = read_of(rows[i].bytes, strlen(rows[i].bytes), &good);
		CHECK(good);
		CHECK_EQ(assembly_take(&a, bytes_text(""), &p, &type, &data), rows[i].verdict);
	}
}

TEST(who_comes_in_the_middle_hears_the_next_one)
{
	struct assembly a = { 0 };
	struct bytes type, data;
	struct piece p;
	bool good;

	p = read_of("\2de", 3, &good);
	CHECK_EQ(assembly_take(&a, bytes_text(""), &p, &type, &data), ASSEMBLY_PART);
	p = read_of("\3fg", 3, &good);
	CHECK_EQ(assembly_take(&a, bytes_text(""), &p, &type, &data), ASSEMBLY_PART);
	p = read_of("\0x", 2, &good);
	CHECK_EQ(assembly_take(&a, bytes_text("t"), &p, &type, &data), ASSEMBLY_WHOLE);
	CHECK(bytes_same(data, bytes_text("x")));
}

TEST_MAIN(TEST_CASE(only_what_can_be_a_piece_is_read),
          TEST_CASE(a_message_is_put_together_with_its_type),
          TEST_CASE(what_does_not_come_to_the_total_is_none),
          TEST_CASE(who_comes_in_the_middle_hears_the_next_one))
