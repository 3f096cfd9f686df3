/* What is said besides: kinds ascend, each once; a value goes in, is replaced, is removed. */
#include "wire/extensions.h"

#include "support/check.h"

TEST(only_ascending_kinds_to_the_last_byte_are_extensions)
{
	static const struct {
		const char *why;
		struct bytes all;
		bool good;
	} rows[] = {
		{ "nothing is said", { NULL, 0 }, true },
		{ "one", { (const uint8_t *)"\1\2ab", 4 }, true },
		{ "an empty value", { (const uint8_t *)"\0\0", 2 }, true },
		{ "two", { (const uint8_t *)"\1\1a\377\1b", 6 }, true },
		{ "one kind twice", { (const uint8_t *)"\1\1a\1\1b", 6 }, false },
		{ "out of order", { (const uint8_t *)"\2\1a\1\1b", 6 }, false },
		{ "a kind alone", { (const uint8_t *)"\1\1a\2", 4 }, false },
		{ "a value that is cut", { (const uint8_t *)"\1\3ab", 4 }, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(extensions_ok(rows[i].all), rows[i].good);
	}
}

static bool holds(const uint8_t *buf, size_t size, const char *text, size_t n)
{
	return bytes_same(bytes_of(buf, size), bytes_of(text, n));
}

TEST(a_value_is_put_in_its_place_replaced_and_removed)
{
	uint8_t buf[12];
	size_t size = 0;
	struct bytes value;

	CHECK(extensions_set(buf, &size, sizeof buf, 2, bytes_text("two")));
	CHECK(extensions_set(buf, &size, sizeof buf, 1, bytes_text("1")));
	CHECK(extensions_set(buf, &size, sizeof buf, 9, bytes_text("9")));
	CHECK(holds(buf, size, "\1\1" "1" "\2\3two" "\11\1" "9", 11));
	CHECK(extensions_ok(bytes_of(buf, size)));
	CHECK(extensions_find(bytes_of(buf, size), 2, &value));
	CHECK(bytes_same(value, bytes_text("two")));
	CHECK(!extensions_find(bytes_of(buf, size), 3, &value));
	CHECK(extensions_set(buf, &size, sizeof buf, 2, bytes_text("zwei")));
	CHECK(!extensions_set(buf, &size, sizeof buf, 9, bytes_text("no room")));
	CHECK(holds(buf, size, "\1\1" "1" "\2\4zwei" "\11\1" "9", 12));
	CHECK(extensions_set(buf, &size, sizeof buf, 2, bytes_of(NULL, 0)));
	CHECK(extensions_set(buf, &size, sizeof buf, 7, bytes_of(NULL, 0)));
	CHECK(holds(buf, size, "\1\1" "1" "\11\1" "9", 6));
	CHECK(extensions_set(buf, &size, sizeof buf, 9, bytes_of(NULL, 0)));
	CHECK(extensions_set(buf, &size, sizeof buf, 1, bytes_of(NULL, 0)));
	CHECK_EQ(size, 0);
}

TEST_MAIN(TEST_CASE(only_ascending_kinds_to_the_last_byte_are_extensions),
          TEST_CASE(a_value_is_put_in_its_place_replaced_and_removed))
