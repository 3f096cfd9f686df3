/* test_units.c - numbers as people read them, and the tables that they stand in. */
#include "support/check.h"

#include "table.h"
#include "units.h"

TEST(sizes)
{
	static const struct {
		double in;
		const char *want;
	} rows[] = {
		{ 0, "0 B" },          { 1, "1 B" },
		{ 0.5, "0.5 B" },      { 1023, "1023 B" },
		{ 1023.6, "1.0 KiB" }, { 1024, "1.0 KiB" },
		{ 1536, "1.5 KiB" },   { 102400, "100 KiB" },
		{ 1048575, "1.0 MiB" }, { 5e9, "4.7 GiB" },
		{ 1.8446744073709552e19, "16.0 EiB" },
	};
	char text[UNITS_MAX];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK_ROW(rows[i].want);
		CHECK_STR(show_bytes(text, rows[i].in), rows[i].want);
	}
}

TEST(counts)
{
	static const struct {
		double in;
		const char *want;
	} rows[] = {
		{ 0, "0" },        { 0.25, "0.2" },   { 9.5, "9.5" },    { 12.4, "12" },
		{ 999, "999" },    { 999.7, "1.0k" }, { 1500, "1.5k" },  { 99960, "100k" },
		{ 999600, "1.0M" }, { 2.5e9, "2.5G" }, { 1.8e19, "18.0E" },
	};
	char text[UNITS_MAX];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK_ROW(rows[i].want);
		CHECK_STR(show_count(text, rows[i].in), rows[i].want);
	}
}

TEST(times)
{
	char text[UNITS_MAX];

	CHECK_STR(show_trip(text, 0), "-");
	CHECK_STR(show_trip(text, 84), "0.08 ms");
	CHECK_STR(show_trip(text, 12345), "12.35 ms");
	CHECK_STR(show_trip(text, 250000), "250 ms");
	CHECK_STR(show_trip(text, UINT32_MAX), "4295.0 s");
	CHECK_STR(show_age(text, 999), "0s");
	CHECK_STR(show_age(text, 59999), "59s");
	CHECK_STR(show_age(text, 309000), "5m09s");
	CHECK_STR(show_age(text, 11100000), "3h05m");
	CHECK_STR(show_age(text, 183600000), "2d03h");
	CHECK_STR(show_age(text, UINT64_MAX), "49710d06h");
}

static const struct column columns[] = {
	{ "NAME", false, 0 }, { "KIND", false, 2 }, { "N", true, 1 }, { "MORE", true, 3 }
};

static void fill(struct table *t)
{
	static const char *const cells[] = { "ada", "local", "7", "1.5", "caf\xc3\xa9", "-", "1234", "" };

	table_init(t, columns, 4);
	for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
		table_add(t, cells[i]);
}

TEST(a_table_is_as_wide_as_what_is_in_it)
{
	char line[TABLE_LINE_MAX];
	size_t width[TABLE_COLUMNS_MAX];
	struct table t;

	fill(&t);
	CHECK_EQ(table_rows(&t), 2);
	table_fit(&t, 0, width);
	CHECK_STR(table_line(&t, width, SIZE_MAX, line), "NAME  KIND      N  MORE");
	CHECK_STR(table_line(&t, width, 0, line), "ada   local     7   1.5");
	CHECK_STR(table_line(&t, width, 1, line), "caf\xc3\xa9  -      1234");
	table_free(&t);
}

TEST(where_there_is_no_room_what_matters_least_goes_first)
{
	char line[TABLE_LINE_MAX];
	size_t width[TABLE_COLUMNS_MAX];
	struct table t;

	fill(&t);
	table_fit(&t, 22, width);
	CHECK_STR(table_line(&t, width, 0, line), "ada   local     7");
	table_fit(&t, 12, width);
	CHECK_STR(table_line(&t, width, 0, line), "ada      7");
	table_fit(&t, 1, width);
	CHECK_STR(table_line(&t, width, 0, line), "ada");
	table_free(&t);
}

/* A long name gives way before a column does. */
TEST(a_long_name_is_cut_where_there_is_no_room)
{
	char line[TABLE_LINE_MAX];
	size_t width[TABLE_COLUMNS_MAX];
	struct table t;

	table_init(&t, columns, 4);
	table_add(&t, "\xc3\xb6" "23456789012345678901234567890");
	table_add(&t, "local");
	table_add(&t, "7");
	table_add(&t, "1.5");
	table_fit(&t, 40, width);
	CHECK_STR(table_line(&t, width, 0, line), "\xc3\xb6" "23456789012345678901234  local  7   1.5");
	table_fit(&t, 26, width);
	CHECK_STR(table_line(&t, width, 0, line), "\xc3\xb6" "234567890123456  local  7");
	table_free(&t);
}

/* Another node chooses its name, but not how much of our stack it takes. */
TEST(a_line_is_never_longer_than_its_buffer)
{
	char line[TABLE_LINE_MAX], name[2 * TABLE_LINE_MAX];
	size_t width[TABLE_COLUMNS_MAX];
	struct table t;

	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	table_init(&t, columns, 4);
	for (int i = 0; i < 4; i++)
		table_add(&t, name);
	table_fit(&t, 0, width);
	CHECK(strlen(table_line(&t, width, 0, line)) < TABLE_LINE_MAX);
	table_free(&t);
}

TEST_MAIN(TEST_CASE(sizes), TEST_CASE(counts), TEST_CASE(times),
          TEST_CASE(a_table_is_as_wide_as_what_is_in_it),
          TEST_CASE(where_there_is_no_room_what_matters_least_goes_first),
          TEST_CASE(a_long_name_is_cut_where_there_is_no_room),
          TEST_CASE(a_line_is_never_longer_than_its_buffer))
