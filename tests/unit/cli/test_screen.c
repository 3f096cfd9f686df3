/* test_screen.c - what is typed, byte by byte. */
#include "support/check.h"

#include "screen.h"

TEST(keys_are_known_by_what_terminals_send_for_them)
{
	static const struct {
		const char *why, *bytes;
		size_t takes;
		enum key key;
	} rows[] = {
		{ "nothing", "", 0, KEY_OTHER },
		{ "a letter", "q", 1, KEY_QUIT },
		{ "the first of many", "jk", 1, KEY_DOWN },
		{ "one that means nothing", "x", 1, KEY_OTHER },
		{ "a byte of no text", "\xff", 1, KEY_OTHER },
		{ "an arrow", "\033[A", 3, KEY_UP },
		{ "an arrow of another mode", "\033OB", 3, KEY_DOWN },
		{ "an arrow with shift is another key", "\033[1;2A", 6, KEY_OTHER },
		{ "page down", "\033[6~q", 4, KEY_PAGE_DOWN },
		{ "home, in three ways", "\033[H", 3, KEY_FIRST },
		{ "home", "\033[1~", 4, KEY_FIRST },
		{ "home", "\033[7~", 4, KEY_FIRST },
		{ "end", "\033[F", 3, KEY_LAST },
		{ "the beginning of an arrow waits", "\033[", 0, KEY_OTHER },
		{ "escape may be the beginning of one", "\033", 0, KEY_OTHER },
		{ "escape and a letter are two", "\033q", 1, KEY_OTHER },
		{ "escape twice", "\033\033", 1, KEY_OTHER },
		{ "what never ends is dropped", "\033[1111111111111111", 18, KEY_OTHER },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		enum key key;

		CHECK_ROW(rows[i].why);
		CHECK_EQ(screen_key(rows[i].bytes, strlen(rows[i].bytes), &key), rows[i].takes);
		CHECK_EQ(key, rows[i].key);
	}
}

TEST_MAIN(TEST_CASE(keys_are_known_by_what_terminals_send_for_them))
