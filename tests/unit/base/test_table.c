/* covers: src/base/table.c */
#include "base/table.h"

#include "base/mem.h"
#include "leno.h"
#include "support/check.h"

TEST(a_table_holds_what_was_put_and_nothing_else)
{
	static int things[300];
	struct table t = { 0 };

	CHECK(table_get(&t, 0) == NULL);
	for (size_t i = 0; i < 300; i += 3)
		CHECK_EQ(table_put(&t, i, &things[i]), 0);
	for (size_t i = 0; i < 1000; i++)
		CHECK(table_get(&t, i) == (i < 300 && i % 3 == 0 ? &things[i] : NULL));
	table_remove(&t, 3);
	table_remove(&t, 5000);
	CHECK(table_get(&t, 3) == NULL && table_get(&t, 6) == &things[6]);
	table_clear(&t);
	CHECK(table_get(&t, 6) == NULL);
}

TEST(a_table_that_gets_no_memory_is_as_it_was)
{
	struct table t = { 0 };
	int thing;

	CHECK_EQ(table_put(&t, 1, &thing), 0);
	mem_fail(1, 0);
	CHECK_EQ(table_put(&t, 1000, &thing), LENO_MEMORY);
	mem_fail(0, 0);
	CHECK(table_get(&t, 1) == &thing && table_get(&t, 1000) == NULL);
	CHECK_EQ(table_put(&t, 1000, &thing), 0);
	CHECK(table_get(&t, 1000) == &thing);
	table_clear(&t);
}

TEST_MAIN(TEST_CASE(a_table_holds_what_was_put_and_nothing_else),
          TEST_CASE(a_table_that_gets_no_memory_is_as_it_was))
