/* Two replicas by their words: whatever each has, both end with all of it, and only what
 * differs travels. covers: src/state/words.c src/state/pull.c */
#include "exchange.h"

#include "support/known.h"


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

static void known_word(const char *name, struct word v, struct bytes rest)
{
	static uint8_t buf[1024];
	struct writer w = writer_of(buf, sizeof buf);
	struct word back;

	for (uint8_t i = 0; i < STATE_TAG; i++)
		v.tag[i] = 0xa0 + i;
	write_word(&w, &v);
	write_bytes(&w, rest.data, rest.size);
	KNOWN(name, writer_bytes(&w));
	CHECK(read_word(writer_bytes(&w), &back));
}

TEST(words_as_the_protocol_has_them)
{
	const struct range range = { 2, 0xab00000000000000 };
	uint8_t rest[512], eight[8], sub[24] = { 1 };
	struct writer w = writer_of(rest, sizeof rest);
	struct entry e = { .kind = ENTRY_VALUE, .key = bytes_text("key"), .value = bytes_text("value"),
	                   .stamp = 1700000000000 << 16, .writer = { { 9, 8, 7 } } };

	known_open("state");
	known_word("meet", (struct word){ .op = STATE_MEET, .flags = MEET_ANSWER, .met_ms = 1700000000000,
	                                  .digest = { 0x1122334455667788, 300 } }, bytes_of(NULL, 0));
	known_word("leave", (struct word){ .op = STATE_LEAVE }, bytes_of(NULL, 0));
	known_word("ask", (struct word){ .op = STATE_ASK, .range = range, .digest = { 5, 6 } },
	           bytes_of(NULL, 0));
	known_word("same", (struct word){ .op = STATE_SAME, .range = range }, bytes_of(NULL, 0));
	for (uint64_t i = 0; i < FANOUT; i++) {
		write_u64(&w, i);
		write_varint(&w, i);
	}
	known_word("node", (struct word){ .op = STATE_NODE, .range = range }, writer_bytes(&w));
	w = writer_of(rest, sizeof rest);
	write_u64(&w, 0xab01020304050607);
	write_u64(&w, 0x42);
	known_word("list", (struct word){ .op = STATE_LIST, .range = range }, writer_bytes(&w));
	known_word("fetch", (struct word){ .op = STATE_FETCH }, bytes_of(rest, 8));
	w = writer_of(rest, sizeof rest);
	write_entry(&w, &e);
	e.kind = ENTRY_COUNT;
	e.sub = bytes_of(sub, sizeof sub);
	e.value = entry_u64(eight, (uint64_t)-7);
	write_entry(&w, &e);
	e.kind = ENTRY_MEMBER;
	e.sub = bytes_of(sub, 17);
	e.stamp |= 1;
	e.dead = true;
	e.value = entry_u64(eight, 1700000000001);
	write_entry(&w, &e);
	known_word("entries", (struct word){ .op = STATE_ENTRIES, .flags = ENTRIES_LAST },
	           writer_bytes(&w));
	known_word("refused", (struct word){ .op = STATE_REFUSED, .why = REFUSED_FOREIGN },
	           bytes_of(NULL, 0));
	known_close();
}

TEST(a_refusal_says_why_and_nothing_else)
{
	static const struct {
		uint8_t tail[2];
		size_t size;
		bool good;
		const char *why;
	} rows[] = {
		{ { 0 }, 0, false, "it says nothing" },
		{ { 0 }, 1, false, "no reason has this number" },
		{ { REFUSED_FULL }, 1, true, "the first" },
		{ { REFUSED_AHEAD }, 1, true, "the last" },
		{ { REFUSED_AHEAD + 1 }, 1, false, "nobody knows it" },
		{ { REFUSED_FULL, 0 }, 2, false, "more than a reason" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t text[1 + STATE_TAG + 2] = { STATE_REFUSED };
		struct word w;

		memcpy(text + 1 + STATE_TAG, rows[i].tail, sizeof rows[i].tail);
		if (!CHECK_EQ(read_word(bytes_of(text, 1 + STATE_TAG + rows[i].size), &w), rows[i].good))
			printf("%s\n", rows[i].why);
	}
}

/* The hash of a name, and the digest of an entry. */
TEST(hashes_and_digests_as_the_protocol_has_them)
{
	const struct entry e = { .kind = ENTRY_VALUE, .key = bytes_text("key"), .stamp = 1700000000000 << 16,
	                         .value = bytes_text("value"), .writer = { { 9, 8, 7 } } };
	uint8_t key[32], eight[8];
	const struct stored *s;
	struct store store;

	for (uint8_t i = 0; i < 32; i++)
		key[i] = i;
	CHECK_EQ(store_init(&store, 1 << 20, key), 0);
	CHECK_EQ(replica_put(&store, &e), 1);
	s = store_find(&store, e.kind, e.key, e.sub);
	REQUIRE(s != NULL);
	known_open("state_digest");
	KNOWN("hash", entry_u64(eight, s->hash));
	KNOWN("digest", entry_u64(eight, s->digest));
	known_close();
	store_clear(&store);
}

TEST_MAIN(TEST_CASE(words_as_the_protocol_has_them), TEST_CASE(a_refusal_says_why_and_nothing_else),
          TEST_CASE(hashes_and_digests_as_the_protocol_has_them), TEST_CASE(random_replicas_become_the_same), TEST_CASE(a_late_joiner_asks_once),
          TEST_CASE(only_differences_travel), TEST_CASE(of_a_map_per_node_each_tells_its_own),
          TEST_CASE(what_nobody_asked_for_is_refused))
