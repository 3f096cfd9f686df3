/* Two replicas by their words: whatever each has, both end with all of it, and only what
 * differs travels. covers: src/state/words.c src/state/pull.c */
#include "exchange.h"


TEST(random_replicas_become_the_same)
{
	static const unsigned sizes[] = { 0, 1, 20, 300, 5000 };
	enum { N = sizeof sizes / sizeof *sizes };

	for (unsigned i = 0; i < N * N; i++) {
		struct store a, b;
		uint8_t buf[80];

		chance_state = i;
		replica_init(&a);
		replica_init(&b);
		for (unsigned j = 0; j < sizes[i % N]; j++) {
			struct entry e = random_entry(buf, 2000);

			replica_put(&a, &e);
		}
		for (unsigned j = 0; j < sizes[i / N]; j++) {
			struct entry e = random_entry(buf, 2000);

			replica_put(&b, &e);
		}
		exchange(&a, &b, NULL);
		exchange(&b, &a, NULL);
		CHECK(replicas_same(&a, &b));
		CHECK_EQ(exchange(&a, &b, NULL).words, 2);     /* ASK, SAME */
		store_clear(&a);
		store_clear(&b);
	}
}

static void put_number(struct store *s, unsigned i, uint64_t stamp)
{
	uint8_t buf[24];
	struct entry e = { .kind = ENTRY_VALUE, .stamp = stamp, .writer = { { 1 } } };

	e.key = bytes_of(buf, (size_t)snprintf((char *)buf, sizeof buf, "key-%u", i));
	e.value = e.key;
	CHECK_EQ(replica_put(s, &e), 1);
}

TEST(a_late_joiner_asks_once)
{
	struct store a, b;
	struct traffic t;

	replica_init(&a);
	replica_init(&b);
	for (unsigned i = 0; i < 20000; i++)
		put_number(&a, i, 2);
	t = exchange(&b, &a, NULL);
	CHECK(replicas_same(&a, &b));
	CHECK_EQ(t.entries, 20000);
	CHECK(t.bytes < 20000 * 55);
	store_clear(&a);
	store_clear(&b);
}

TEST(only_differences_travel)
{
	struct store a, b;
	struct traffic t;

	replica_init(&a);
	replica_init(&b);
	for (unsigned i = 0; i < 20000; i++) {
		put_number(&a, i, 2);
		put_number(&b, i, 2);
	}
	put_number(&a, 4711, 4);
	put_number(&a, 30000, 4);
	put_number(&b, 12, 4);                 /* what it has besides is not asked for twice */
	t = exchange(&b, &a, NULL);
	CHECK(t.entries <= 3);
	CHECK(t.bytes < 8000);
	exchange(&a, &b, NULL);
	CHECK(replicas_same(&a, &b));
	store_clear(&a);
	store_clear(&b);
}

TEST(of_a_map_per_node_each_tells_its_own)
{
	static const leno_id me = { { 1 } }, other = { { 2 } };
	struct store a, b;

	replica_init(&a);
	replica_init(&b);
	put_number(&a, 1, 2);
	CHECK_EQ(exchange(&b, &a, &other).entries, 0);
	CHECK_EQ(exchange(&b, &a, &me).entries, 1);
	store_clear(&a);
	store_clear(&b);
}

TEST(what_nobody_asked_for_is_refused)
{
	struct store s;
	struct pull pull = { 0 };
	struct supply supply = { 0 };
	struct word ask = { .op = STATE_ASK }, got;
	uint8_t rest[8 * FETCH_MAX];

	replica_init(&s);
	got = (struct word){ .op = STATE_SAME };
	CHECK_EQ(pull_take(&pull, &s, &got), LENO_PROTOCOL);
	CHECK_EQ(pull_begin(&pull), 0);
	CHECK_EQ(pull_take(&pull, &s, &got), LENO_PROTOCOL);
	CHECK(pull_next(&pull, &s, &got, rest));
	CHECK(!pull_next(&pull, &s, &got, rest));
	got = (struct word){ .op = STATE_SAME };
	CHECK_EQ(pull_take(&pull, &s, &got), 0);
	CHECK(pull_over(&pull));
	pull_end(&pull);
	for (int i = 0; i < PULL_WINDOW; i++)
		CHECK_EQ(supply_take(&supply, &ask), 0);
	CHECK_EQ(supply_take(&supply, &ask), LENO_PROTOCOL);
	supply_end(&supply);
	store_clear(&s);
}

TEST_MAIN(TEST_CASE(random_replicas_become_the_same), TEST_CASE(a_late_joiner_asks_once),
          TEST_CASE(only_differences_travel), TEST_CASE(of_a_map_per_node_each_tells_its_own),
          TEST_CASE(what_nobody_asked_for_is_refused))
