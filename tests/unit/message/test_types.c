/* Texts of types become numbers, the same at both ends. */
#include "message/types.h"

#include "base/mem.h"
#include "support/check.h"

static struct bytes text_of(unsigned i, char buf[32])
{
	snprintf(buf, 32, "type %u", i);
	return bytes_text(buf);
}

TEST(numbers_count_in_the_order_of_first_use)
{
	struct types t = { 0 };
	char buf[32];

	CHECK_EQ(types_find(&t, bytes_text("a")), -1);
	for (unsigned i = 0; i < TYPES_MAX; i++) {
		CHECK_EQ(types_add(&t, text_of(i, buf)), 0);
		CHECK_EQ(t.last, i);
	}
	for (unsigned i = 0; i < TYPES_MAX; i += 7) {
		CHECK_EQ(types_find(&t, text_of(i, buf)), i);
		CHECK_EQ(types_find(&t, text_of(i, buf)), i); /* from `last` */
		CHECK_STR(types_text(&t, i), buf);
	}
	CHECK_EQ(types_find(&t, bytes_text("another")), -1);
	CHECK(!types_text(&t, TYPES_MAX));
	CHECK_EQ(types_add(&t, bytes_text("one more")), LENO_LIMIT);
	types_clear(&t);
	CHECK(t.count == 0 && t.text_size == 0);
	CHECK_EQ(types_find(&t, text_of(3, buf)), -1);
	CHECK_EQ(types_add(&t, bytes_text("anew")), 0);
	CHECK_STR(types_text(&t, 0), "anew");
	types_clear(&t);
}

TEST(texts_are_bounded)
{
	static const struct {
		const char *why;
		size_t size;
		int error;
	} rows[] = {
		{ "the empty text is one", 0, 0 },
		{ "one byte", 1, 0 },
		{ "the longest", LENO_TYPE_MAX, 0 },
		{ "a byte longer", LENO_TYPE_MAX + 1, LENO_LIMIT },
	};
	char buf[LENO_TYPE_MAX + 1];
	struct types t = { 0 };
	int error = 0;

	memset(buf, 'x', sizeof buf);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(types_add(&t, bytes_of(buf, rows[i].size)), rows[i].error);
		if (!rows[i].error) {
			CHECK_EQ(strlen(types_text(&t, t.last)), rows[i].size);
			CHECK_EQ(types_find(&t, bytes_of(buf, rows[i].size)), t.last);
		}
	}
	CHECK_ROW("all together");
	while (!error) {
		buf[0]++;
		error = types_add(&t, bytes_of(buf, LENO_TYPE_MAX));
	}
	CHECK_EQ(error, LENO_LIMIT);
	CHECK(t.text_size <= TYPES_TEXT_MAX && t.text_size > TYPES_TEXT_MAX - LENO_TYPE_MAX);
	types_clear(&t);
}

TEST(without_memory_nothing_is_added)
{
	struct types t = { 0 };
	char buf[32];

	for (unsigned i = 0; i < 40; i++) {
		for (size_t nth = 1; nth <= 4; nth++) {
			uint32_t before = t.count;

			mem_fail(nth, 1);
			if (types_add(&t, text_of(i, buf)) == 0) {
				mem_fail(0, 0);
				CHECK_EQ(t.count, before + 1);
				break;
			}
			mem_fail(0, 0);
			CHECK_EQ(t.count, before);
			CHECK_EQ(types_find(&t, text_of(i, buf)), -1);
		}
		if (types_find(&t, text_of(i, buf)) < 0)
			CHECK_EQ(types_add(&t, text_of(i, buf)), 0);
	}
	for (unsigned i = 0; i < 40; i++)
		CHECK_EQ(types_find(&t, text_of(i, buf)), i);
	types_clear(&t);
}

TEST(all_that_it_holds_is_of_its_budget)
{
	struct budget budget = { .max = 5000 };
	struct types a = { .budget = &budget }, b = { .budget = &budget };
	char buf[32];
	unsigned n = 0;

	CHECK_EQ(types_add(&b, bytes_text("b")), 0);
	while (types_add(&a, text_of(n, buf)) == 0)
		n++;
	CHECK(n > 50 && n < 200);
	CHECK_EQ(types_add(&a, text_of(n, buf)), LENO_MEMORY);
	CHECK(budget.used <= budget.max && budget.used > budget.max / 2);
	CHECK_EQ(types_find(&a, text_of(n - 1, buf)), n - 1);
	types_clear(&a);
	CHECK_EQ(types_add(&b, text_of(n, buf)), 0);   /* there is room again */
	mem_fail(1, 1);
	CHECK_EQ(types_add(&a, text_of(n, buf)), LENO_MEMORY);
	mem_fail(0, 0);
	types_clear(&a);
	types_clear(&b);
	CHECK_EQ(budget.used, 0);
}

TEST(the_last_text_is_known_from_those_that_begin_like_it)
{
	struct types t = { 0 };

	CHECK(!types_last_is(&t, ""));
	CHECK_EQ(types_add(&t, bytes_text("chat")), 0);
	CHECK(types_last_is(&t, "chat"));
	CHECK(!types_last_is(&t, "cha"));
	CHECK(!types_last_is(&t, "chats"));
	CHECK(!types_last_is(&t, ""));
	CHECK_EQ(types_add(&t, bytes_text("")), 0);
	CHECK(types_last_is(&t, ""));
	CHECK(!types_last_is(&t, "chat"));
	types_clear(&t);
}

TEST_MAIN(TEST_CASE(the_last_text_is_known_from_those_that_begin_like_it),
          TEST_CASE(all_that_it_holds_is_of_its_budget),
          TEST_CASE(numbers_count_in_the_order_of_first_use), TEST_CASE(texts_are_bounded),
          TEST_CASE(without_memory_nothing_is_added))
