/* covers: src/service/contract.c src/service/names.c */
#include "service/contract.h"

#include "support/check.h"

TEST(lines_are_read_or_refused)
{
	static const struct { const char *line; bool good; const char *why;
	} rows[] = {
		{ "add(a: int, b: int) -> int", true, "the usual one" },
		{ "stop()", true, "no arguments, any result" },
		{ "idempotent get(key: str) -> any", true, "may be done twice" },
		{ "stream tail(path: str, from?: int) -> nil", true, "with a stream" },
		{ "idempotent stream cat(path: str)", true, "both" },
		{ "sum(first: number, more: number...) -> number", true, "any number of them" },
		{ "f(a: int|nil|str)", true, "one of several types" },
		{ "f( a :int , b ? : list ) ->bin|map", true, "spaces where one likes" },
		{ "event changed", true, "an event without a value" },
		{ "event changed(value: int)", true, "and with one" },
		{ "idempotent(a: int)", true, "a method of that name" },
		{ "", false, "nothing" },
		{ "add", false, "a method without parentheses" },
		{ "add(", false, "cut" },
		{ "add(a)", false, "no type" },
		{ "add(a: integer)", false, "no such type" },
		{ "add(a: int,)", false, "a comma too many" },
		{ "add(a?: int, b: int)", false,
		  "one that must be there behind one that need not" },
		{ "add(a: int..., b: int)", false, "something behind the variadic one" },
		{ "add(a?: int...)", false, "which is optional anyway" },
		{ "add(a: int) -> ", false, "no result" },
		{ "add(a: int) int", false, "no arrow" },
		{ "a.b()", false, "dots are for services" },
		{ "event changed(a: int, b: int)", false, "an event has one value" },
		{ "event changed(a: int) -> int", false, "and no result" },
		{ "idempotent event changed", false, "nor is it called" },
		{ "f(a: int)\n", false, "a newline" },
		{ "f(a: \x01int)", false, "a control character" },
	};
	struct method m;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK(contract_read(bytes_text(rows[i].line), &m) == rows[i].good);
	}
	CHECK(contract_read(bytes_text("idempotent add(a: int, b?: int, c: str...) -> int"), &m));
	CHECK_EQ(m.flags, METHOD_IDEMPOTENT);
	CHECK_EQ(m.n_arguments, 3);
	CHECK_EQ(m.n_needed, 1);
	CHECK(m.variadic && bytes_same(m.name, bytes_text("add")));
}

TEST(arguments_are_as_many_as_a_line_may_name)
{
	char line[METHOD_LINE_MAX + 1] = "f(";
	struct method m;

	for (unsigned i = 0; i < ARGUMENTS_MAX; i++)
		strcat(line, i ? ", a: int" : "a: int");
	strcat(line, ")");
	CHECK(contract_read(bytes_text(line), &m));
	line[strlen(line) - 1] = '\0';
	strcat(line, ", a: int)");
	CHECK(!contract_read(bytes_text(line), &m));
}

/* Arguments as MessagePack, in hexadecimal. */
TEST(arguments_fit_or_are_named)
{
	static const struct {
		const char *line;
		uint8_t bytes[12];
		size_t size;
		const char *why;
	} rows[] = {
		{ "f(a: int, b: int)", { 0x92, 1, 2 }, 3, "" },
		{ "f(a: int, b: int)", { 0x91, 1 }, 2, "argument 2 (b) is missing" },
		{ "f(a: int, b: int)", { 0 }, 0, "argument 1 (a) is missing" },
		{ "f(a: int)", { 0x92, 1, 2 }, 3, "2 arguments are too many: at most 1" },
		{ "f(a: int)", { 0x91, 0xa1, 'x' }, 3, "argument 1 (a) is str, not int" },
		{ "f(a: int|bool)", { 0x91, 0xc0 }, 2, "argument 1 (a) is nil, not bool|int" },
		{ "f(a: number)", { 0x91, 1 }, 2, "" },
		{ "f(a: int)", { 0x91, 0xca, 0, 0, 0, 0 }, 6, "argument 1 (a) is number, not int" },
		{ "f(a?: int)", { 0x90 }, 1, "" },
		{ "f(a?: int)", { 0x91, 0xc0 }, 2, "" },
		{ "f(a?: int, b?: str)", { 0x92, 0xc0, 0xa0 }, 3, "" },
		{ "f(a: str, more: int...)", { 0x94, 0xa0, 1, 2, 3 }, 5, "" },
		{ "f(a: str, more: int...)", { 0x91, 0xa0 }, 2, "" },
		{ "f(a: str, more: int...)",
		  { 0x93, 0xa0, 1, 0xc3 },
		  4,
		  "argument 3 (more) is bool, not int" },
		{ "f(a: str, more: int...)", { 0x92, 0xa0, 0xc0 }, 3, "argument 2 (more) is nil, not int" },
		{ "f(a?: str, more: int...)", { 0x92, 0xc0, 1 }, 3, "" },
		{ "f(a?: str, more: int|nil...)", { 0x92, 0xc0, 0xc0 }, 3, "" },
		{ "f(a: any)", { 0x91, 0x81, 1, 2 }, 4, "" },
		{ "f(a: any)", { 0x91, 0xd4, 1, 1 }, 4, "" },
		{ "f(a: map)", { 0x91, 0x90 }, 2, "argument 1 (a) is list, not map" },
		{ "f(a: list)", { 0x91, 0x91, 0xc1 }, 3, "the arguments are no MessagePack array" },
		{ "f(a: int)", { 0x81, 1, 2 }, 3, "the arguments are no MessagePack array" },
		{ "f(a: int)", { 0x91, 1, 1 }, 3, "the arguments are no MessagePack array" },
		{ "f()", { 0 }, 0, "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char why[COMPLAINT_MAX] = "";
		struct method m;
		bool takes;

		CHECK_ROW(rows[i].why);
		REQUIRE(contract_read(bytes_text(rows[i].line), &m));
		takes = contract_takes(&m, (leno_bytes){ rows[i].bytes, rows[i].size }, why);
		CHECK(takes == !*rows[i].why);
		if (!takes)
			CHECK_STR(why, rows[i].why);
	}
}

TEST(results_keep_what_the_line_promises)
{
	struct method m;

	REQUIRE(contract_read(bytes_text("f() -> int|nil"), &m));
	CHECK(contract_gives(&m, (leno_bytes){ NULL, 0 }));
	CHECK(contract_gives(&m, (leno_bytes){ "\x05", 1 }));
	CHECK(!contract_gives(&m, (leno_bytes){ "\xa0", 1 }));
	CHECK(!contract_gives(&m, (leno_bytes){ "\x05\x05", 2 }));
	REQUIRE(contract_read(bytes_text("f() -> str"), &m));
	CHECK(!contract_gives(&m, (leno_bytes){ NULL, 0 }));
	REQUIRE(contract_read(bytes_text("f()"), &m));
	CHECK(contract_gives(&m, (leno_bytes){ NULL, 0 }));
	CHECK(contract_gives(&m, (leno_bytes){ "\x90", 1 }));
	CHECK(!contract_gives(&m, (leno_bytes){ "\x91", 1 }));
}

TEST(names_and_patterns)
{
	static const struct { const char *pattern, *name; bool matches;
	} rows[] = {
		{ "a.b", "a.b", true },
		{ "a.b", "a.c", false },
		{ "*", "a", true },
		{ "a.*", "a.b.c", true },
		{ "a.*", "a", false },
		{ "*.changed", "x.y.changed", true },
		{ "*.changed", "x.change", false },
		{ "a*b*c", "aXXbYYc", true },
		{ "a*b*c", "aXXcYYb", false },
		{ "a**", "a", true },
		{ "*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false },
		{ "", "", true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].pattern);
		CHECK(pattern_matches(bytes_text(rows[i].pattern), bytes_text(rows[i].name)) ==
		      rows[i].matches);
	}
	CHECK(name_ok(bytes_text("a.b-c_9"), 63, true));
	CHECK(!name_ok(bytes_text("a.b"), 63, false));
	CHECK(!name_ok(bytes_text(".a"), 63, true) && !name_ok(bytes_text("a."), 63, true));
	CHECK(!name_ok(bytes_text(""), 63, true) && !name_ok(bytes_text("a b"), 63, true));
	CHECK(!name_ok(bytes_text("abc"), 2, true));
	CHECK(pattern_ok(bytes_text("*.a*")) && !pattern_ok(bytes_text("")) &&
	      !pattern_ok(bytes_text("?")));
}

TEST(versions_count_their_numbers)
{
	static const struct { const char *a, *b; int order;
	} rows[] = {
		{ "1.10", "1.9", 1 }, { "1.9", "1.10", -1 }, { "2", "1.9.9", 1 },
		{ "1", "1.0", -1 },   { "", "0", -1 },       { "01", "1", 0 },
		{ "1-a", "1-b", -1 }, { "3", "3", 0 },       { "99999999999", "100000000000", -1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].a);
		CHECK_EQ(version_order(bytes_text(rows[i].a), bytes_text(rows[i].b)),
		         rows[i].order);
	}
}

TEST_MAIN(TEST_CASE(lines_are_read_or_refused), TEST_CASE(arguments_are_as_many_as_a_line_may_name),
          TEST_CASE(arguments_fit_or_are_named), TEST_CASE(results_keep_what_the_line_promises),
          TEST_CASE(names_and_patterns), TEST_CASE(versions_count_their_numbers))
