/* covers: src/base/map.c src/base/mem.c */
#include "base/map.h"

#include "base/mem.h"
#include "leno.h"
#include "support/check.h"

struct thing {
	int before;
	uint32_t key;
	bool in;
};

enum { THINGS = 3000 };
static struct thing things[THINGS];
static const uint8_t seed[16] = { 1, 2, 3 };

TEST(a_map_agrees_with_a_plain_table_through_random_changes)
{
	struct map m;
	uint32_t r = 7;
	size_t count = 0, seen = 0, cursor = 0;

	map_init(&m, offsetof(struct thing, key), sizeof(uint32_t), THINGS, seed);
	for (uint32_t i = 0; i < THINGS; i++)
		things[i].key = i * 64;
	for (int step = 0; step < 60000; step++) {
		r = r * 1664525u + 1013904223u;
		struct thing *t = &things[(r >> 8) % THINGS];
		CHECK(map_get(&m, &t->key) == (t->in ? t : NULL));
		if (t->in) {
			CHECK(map_remove(&m, &t->key) == t);
			count--;
		} else {
			CHECK_EQ(map_put(&m, t), 0);
			count++;
		}
		t->in = !t->in;
		CHECK(map_get(&m, &t->key) == (t->in ? t : NULL));
		CHECK(map_get(&m, &t->key) == (t->in ? t : NULL));
		CHECK_EQ(m.count, count);
	}
	for (const struct thing *t; (t = map_next(&m, &cursor));)
		seen += t->in;
	CHECK_EQ(seen, count);
	map_clear(&m);
}

TEST(a_full_map_refuses_and_says_which_bound_it_was)
{
	struct map m;

	map_init(&m, offsetof(struct thing, key), sizeof(uint32_t), 2, seed);
	CHECK(map_get(&m, &things[0].key) == NULL);
	CHECK(map_remove(&m, &things[0].key) == NULL);
	mem_fail(1, 0);
	CHECK_EQ(map_put(&m, &things[0]), LENO_MEMORY);
	mem_fail(0, 0);
	CHECK_EQ(map_put(&m, &things[0]), 0);
	CHECK_EQ(map_put(&m, &things[1]), 0);
	CHECK_EQ(map_put(&m, &things[2]), LENO_LIMIT);
	map_clear(&m);
}

TEST(siphash_gives_the_values_of_its_authors)
{
	/* key 00..0f; the paper's appendix A (15 bytes), and the empty message */
	const uint64_t key[2] = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };
	uint8_t in[15];

	for (uint8_t i = 0; i < sizeof in; i++)
		in[i] = i;
	CHECK(siphash24(key, in, sizeof in) == 0xa129ca6149be45e5u);
	CHECK(siphash24(key, in, 0) == 0x726fdb47dd0e0e31u);
}

TEST_MAIN(TEST_CASE(a_map_agrees_with_a_plain_table_through_random_changes),
          TEST_CASE(a_full_map_refuses_and_says_which_bound_it_was),
          TEST_CASE(siphash_gives_the_values_of_its_authors))
