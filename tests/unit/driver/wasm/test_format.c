/* What stands for printf in leno.wasm writes what the C library's would, NUL and cut included.
 * native only: there the library's own can be asked.
 * covers: src/driver/wasm/format.c */
#include "support/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef vsnprintf                /* clang's fortified headers make macros of them */
#undef snprintf
#define vsnprintf wasm_vsnprintf
#define snprintf wasm_snprintf
int wasm_vsnprintf(char *ret, size_t size, const char *format, va_list args);
int wasm_snprintf(char *ret, size_t size, const char *format, ...);
#include "../../../../src/driver/wasm/format.c"
#undef vsnprintf
#undef snprintf

#define SAME(size, ...)                                                                             \
	do {                                                                                        \
		char ours[64], theirs[64];                                                          \
		memset(ours, 'x', sizeof ours);                                                     \
		memset(theirs, 'x', sizeof theirs);                                                 \
		CHECK_EQ(wasm_snprintf(ours, size, __VA_ARGS__),                                    \
		         snprintf(theirs, size, __VA_ARGS__));                                      \
		CHECK_BYTES(ours, theirs, sizeof ours);                                             \
	} while (0)

TEST(what_the_core_writes_is_written_as_by_the_library)
{
	volatile size_t room = 64, little = 5;       /* not known to the compiler */

	SAME(room, "%s", "");
	SAME(room, "a %s and %.3s, %.*s.", "text", "cut short", 2, "more");
	SAME(room, "%u %d %d %d", 4294967295u, -1, 2147483647, (int)-2147483647 - 1);
	SAME(room, "%zu %llu %x", (size_t)12345, 18446744073709551615ull, 0xbeefu);
	SAME(room, "100%%");
	SAME(little, "%s", "1234");
	SAME(little, "%s", "12345");
	SAME(little, "%s is %d", "longer", 7);
	CHECK_EQ(wasm_snprintf(NULL, 0, "%d", 12345), 5);
}

TEST_MAIN(TEST_CASE(what_the_core_writes_is_written_as_by_the_library))
