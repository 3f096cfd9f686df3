/* check.h - unit tests without setjmp, so that one source runs natively and in wasm.
 *
 *	#include "support/check.h"
 *
 *	TEST(a_late_record_is_refused)
 *	{
 *		CHECK(window_take(&w, 1));              any condition
 *		CHECK_EQ(w.next, 2);                    two integers, printed when they differ
 *		CHECK_STR(leno_strerror(0), "success"); two strings
 *		CHECK_BYTES(got, want, 32);             two memories, first difference printed
 *		REQUIRE(p != NULL);                     as CHECK, and leaves the function when false
 *		SKIP("needs AES");                      leaves the test, counted as skipped
 *	}
 *
 *	TEST_MAIN(TEST_CASE(a_late_record_is_refused), TEST_CASE(another))
 *
 * A failed CHECK prints file:line and goes on; in a loop over a table, call
 * CHECK_ROW(row->why) first and failures name the row. An argument on the
 * command line runs only the tests whose name contains it. The exit code is 0
 * when all passed, 1 when one failed, 77 when all were skipped. Include it
 * from one file of a program: its functions are static. */
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct check_case {
	const char *name;
	void (*run)(void);
};

static struct {
	unsigned failures; /* in the test that runs now   */
	bool skipped;      /* so is the test that runs now */
	const char *row;   /* of its table, or NULL        */
} check_now;

__attribute__((unused, format(printf, 3, 4))) static void check_failed(const char *file, int line,
								       const char *format, ...)
{
	__builtin_va_list args;

	check_now.failures++;
	fprintf(stderr, "%s:%d: ", file, line);
	__builtin_va_start(args, format);
	vfprintf(stderr, format, args);
	__builtin_va_end(args);
	if (check_now.row)
		fprintf(stderr, " (row: %s)", check_now.row);
	fputc('\n', stderr);
}

__attribute__((unused)) static bool check_true(bool good, const char *file, int line,
					       const char *text)
{
	if (!good)
		check_failed(file, line, "not so: %s", text);
	return good;
}

/* Integers travel as their 64 bits, so that any two types compare without a warning. */
__attribute__((unused)) static bool check_eq(int64_t a, int64_t b, const char *file, int line,
					     const char *a_text, const char *b_text)
{
	if (a != b)
		check_failed(file, line, "%s is %" PRId64 ", not %s which is %" PRId64, a_text, a,
			     b_text, b);
	return a == b;
}

__attribute__((unused)) static bool check_str(const char *a, const char *b, const char *file,
					      int line, const char *text)
{
	bool same = a && b ? strcmp(a, b) == 0 : a == b;

	if (!same)
		check_failed(file, line, "%s is \"%s\", not \"%s\"", text, a ? a : "(null)",
			     b ? b : "(null)");
	return same;
}

__attribute__((unused)) static bool check_bytes(const void *a, const void *b, size_t n,
						const char *file, int line, const char *text)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < n; i++) {
		if (x[i] == y[i])
			continue;
		check_failed(file, line, "%s differs at byte %zu of %zu: %02x, not %02x", text, i,
			     n, (unsigned)x[i], (unsigned)y[i]);
		return false;
	}
	return true;
}

#define CHECK(cond)          check_true(!!(cond), __FILE__, __LINE__, #cond)
#define CHECK_EQ(a, b)       check_eq((int64_t)(a), (int64_t)(b), __FILE__, __LINE__, #a, #b)
#define CHECK_STR(a, b)      check_str(a, b, __FILE__, __LINE__, #a)
#define CHECK_BYTES(a, b, n) check_bytes(a, b, n, __FILE__, __LINE__, #a)
#define CHECK_ROW(why)       ((void)(check_now.row = (why)))

#define REQUIRE(cond)                                                 \
	do {                                                          \
		if (!check_true(!!(cond), __FILE__, __LINE__, #cond)) \
			return;                                       \
	} while (0)

#define SKIP(why)                                      \
	do {                                           \
		fprintf(stderr, "skipped: %s\n", why); \
		check_now.skipped = true;              \
		return;                                \
	} while (0)

#define TEST(name) static void name(void)

#define TEST_CASE(name)     \
	{                   \
#name, name \
	}

__attribute__((unused)) static int check_run(const char *file, const struct check_case *cases,
					     size_t n, int argc, char **argv)
{
	unsigned passed = 0, failed = 0, skipped = 0;
	const char *base = strrchr(file, '/');

	for (size_t i = 0; i < n; i++) {
		if (argc > 1 && !strstr(cases[i].name, argv[1]))
			continue;
		check_now.failures = 0;
		check_now.skipped = false;
		check_now.row = NULL;
		cases[i].run();
		if (check_now.failures) {
			fprintf(stderr, "failed: %s\n", cases[i].name);
			failed++;
		} else if (check_now.skipped) {
			skipped++;
		} else {
			passed++;
		}
	}
	printf("%s: %u passed, %u failed, %u skipped\n", base ? base + 1 : file, passed, failed,
	       skipped);
	if (failed)
		return 1;
	return skipped && !passed ? 77 : 0;
}

#define TEST_MAIN(...)                                                                       \
	int main(int argc, char **argv)                                                      \
	{                                                                                    \
		static const struct check_case cases[] = {__VA_ARGS__};                      \
		return check_run(__FILE__, cases, sizeof cases / sizeof *cases, argc, argv); \
	}
