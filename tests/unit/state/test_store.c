/* One replica: histories in any order end alike, digests are those of what is there. */
#include "exchange.h"

#include "base/mem.h"

/* Commutative, associative, idempotent: any order, with repeats, and by way of others. */
TEST(histories_converge_in_any_order)
{
	enum { N = 400, ROUNDS = 20 };
	static uint8_t bufs[N][80];
	static struct entry history[N];

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct store a, b, c;

		chance_state = round;
		for (int i = 0; i < N; i++)
			history[i] = random_entry(bufs[i], 1 + round * 5);
		replica_init(&a);
		replica_init(&b);
		replica_init(&c);
		for (int i = 0; i < N; i++) {
			replica_put(&a, &history[i]);
			replica_put(&b, &history[N - 1 - i]);
			replica_put(i % 2 ? &b : &c, &history[chance(N)]);
			replica_put(&c, &history[(i * 7) % N]);
		}
		for (int i = 0; i < N; i++)
			replica_put(&c, &history[i]);
		CHECK(replicas_same(&a, &b));
		CHECK(replicas_same(&a, &c));
		for (int i = 0; i < N; i++) {
			const struct stored *x = store_find(&a, history[i].kind, history[i].key, history[i].sub);
			const struct stored *y = store_find(&b, history[i].kind, history[i].key, history[i].sub);
			struct entry ex, ey;

			if (!CHECK(x && y))
				break;
			ex = stored_entry(x);
			ey = stored_entry(y);
			CHECK_EQ(entry_order(&ex, &ey), 0);
			CHECK(entry_order(&history[i], &ex) <= 0);
		}
		store_clear(&a);
		store_clear(&b);
		store_clear(&c);
	}
}

static struct entry numbered(uint8_t *buf, unsigned i)
{
	int n = snprintf((char *)buf, 24, "key-%u", i);

	return (struct entry){ .kind = ENTRY_VALUE, .key = bytes_of(buf, (size_t)n), .stamp = 2,
	                       .writer = { { 1 } } };
}

TEST(digests_at_all_levels_are_the_sum_of_what_is_there)
{
	struct store s;
	uint8_t buf[24];

	replica_init(&s);
	for (unsigned i = 0; i < 3000; i++) {
		struct entry e = numbered(buf, i);

		CHECK_EQ(replica_put(&s, &e), 1);
		CHECK_EQ(replica_put(&s, &e), 0);
	}
	CHECK(s.depth >= 2);
	for (unsigned level = 0; level < 6; level++) {
		struct digest whole = store_digest(&s, (struct range){ 0 }), sum = { 0 };
		struct range r = { level, 0 };

		for (uint64_t i = 0; i < (uint64_t)1 << 4 * level; i++) {
			struct digest d;

			r.prefix = level ? i << (64 - 4 * level) : 0;
			d = store_digest(&s, r);
			sum.sum += d.sum;
			sum.count += d.count;
			if (level == 5 && i > 5000)
				break;
		}
		if (level < 5) {
			CHECK_EQ(sum.sum, whole.sum);
			CHECK_EQ(sum.count, whole.count);
		}
	}
	store_clear(&s);
	CHECK_EQ(s.budget.used, 0);
}

TEST(fewer_buckets_hold_the_same_in_the_same_order)
{
	struct store s, t;
	struct walk at = { 0 }, bt = { 0 };
	uint8_t buf[24];

	replica_init(&s);
	replica_init(&t);
	for (unsigned i = 0; i < 3000; i++) {
		struct entry e = numbered(buf, i);

		replica_put(&s, &e);
		replica_put(&t, &e);
	}
	CHECK_EQ(t.depth, 2);
	CHECK(store_shrink(&t) && store_shrink(&t) && !store_shrink(&t));
	CHECK(t.depth == 0 && t.budget.used < s.budget.used);
	CHECK(replicas_same(&s, &t));
	for (const struct stored *e; (e = store_walk(&s, (struct range){ 0 }, &at));) {
		const struct stored *f = store_walk(&t, (struct range){ 0 }, &bt);

		REQUIRE(CHECK(f && f->hash == e->hash));
	}
	t.depth_most = DEPTH_MAX;
	for (unsigned i = 3000; i < 3010; i++) {
		struct entry e = numbered(buf, i);

		replica_put(&s, &e);
		CHECK_EQ(replica_put(&t, &e), 1);
	}
	CHECK_EQ(t.depth, 2);
	CHECK(replicas_same(&s, &t));
	store_clear(&s);
	store_clear(&t);
	CHECK_EQ(t.budget.used, 0);
}

TEST(a_walk_meets_each_entry_once_in_one_order)
{
	struct store s;
	struct walk w = { 0 };
	uint8_t buf[24];
	uint64_t last = 0;
	size_t n = 0;

	replica_init(&s);
	for (unsigned i = 0; i < 500; i++) {
		struct entry e = numbered(buf, i);

		replica_put(&s, &e);
		e.kind = ENTRY_MEMBER;             /* three of one hash */
		for (uint8_t j = 0; j < 3; j++) {
			uint8_t sub[17] = { j };

			e.sub = bytes_of(sub, sizeof sub);
			replica_put(&s, &e);
		}
	}
	for (const struct stored *e; (e = store_walk(&s, (struct range){ 0 }, &w)); n++) {
		CHECK(e->hash >= last);
		last = e->hash;
		if (n == 300)                      /* the tree grows under it */
			for (unsigned i = 0; i < 5000; i++) {
				struct entry more = numbered(buf, i);

				more.stamp = 1 << 20;
				if (store_find(&s, more.kind, more.key, more.sub))
					replica_put(&s, &more);
			}
	}
	CHECK_EQ(n, 2000);
	store_clear(&s);
}

static void expire(struct store *s, uint64_t before_ms, struct walk *at, size_t looks)
{
	for (struct stored *e; (e = store_expired(s, before_ms, at, &looks));) {
		store_drop(s, e);
		at->past--;
	}
}

TEST(what_is_dropped_is_out_of_all_sums_and_the_dead_go_when_it_is_time)
{
	struct store s, empty;
	struct walk at = { 0 };
	uint8_t buf[24], when[8];

	replica_init(&s);
	replica_init(&empty);
	for (unsigned i = 0; i < 1000; i++) {
		struct entry e = numbered(buf, i);

		e.dead = true;
		e.value = entry_u64(when, i);
		replica_put(&s, &e);
	}
	for (int i = 0; i < 50; i++)
		expire(&s, 600, &at, 100);
	CHECK_EQ(store_count(&s), 400);
	CHECK_EQ(s.n_dead, 400);
	for (int i = 0; i < 50; i++)
		expire(&s, 1000, &at, 100);
	CHECK_EQ(store_digest(&s, (struct range){ 0 }).sum, 0);
	CHECK_EQ(store_count(&s), 0);
	store_clear(&s);
	store_clear(&empty);
}

TEST(no_more_than_its_budget_and_no_harm_without_memory)
{
	struct store s;
	uint8_t buf[24];
	unsigned i = 0;
	int error = 1;

	CHECK_EQ(store_init(&s, 64 * 1024, exchange_key), 0);
	for (; error == 1; i++) {
		struct entry e = numbered(buf, i);

		error = replica_put(&s, &e);
		CHECK(s.budget.used <= s.budget.max);
	}
	CHECK_EQ(error, LENO_MEMORY);
	CHECK(i > 300);
	CHECK_EQ(store_count(&s), i - 1);
	s.budget.max = s.budget.used;          /* full to the last byte, and written to all the same */
	for (unsigned at = 11; at < 14; at++) {
		struct entry e = numbered(buf, at);

		e.stamp = 4;
		CHECK_EQ(replica_put(&s, &e), 1);
		e.value = bytes_of(e.value.data, 0);
		e.stamp = 6;
		CHECK_EQ(replica_put(&s, &e), 1);
		CHECK(s.budget.used <= s.budget.max);
		e = numbered(buf, at);
		e.value = bytes_of(exchange_key, sizeof exchange_key);
		e.stamp = 8;
		CHECK_EQ(replica_put(&s, &e), LENO_MEMORY);
		CHECK_EQ(store_find(&s, e.kind, e.key, e.sub)->stamp, 6);
	}
	for (size_t nth = 1; nth < 8; nth++) {
		struct entry e = numbered(buf, 1);

		e.stamp = 4 + 2 * nth;
		mem_fail(nth, 1);
		error = replica_put(&s, &e);
		mem_fail(0, 0);
		CHECK(error == 1 || error == LENO_MEMORY);
	}
	CHECK_EQ(store_count(&s), i - 1);
	store_clear(&s);
	mem_fail(1, 1);
	CHECK_EQ(store_init(&s, 64 * 1024, exchange_key), LENO_MEMORY);
	mem_fail(0, 0);
}

TEST_MAIN(TEST_CASE(histories_converge_in_any_order),
          TEST_CASE(digests_at_all_levels_are_the_sum_of_what_is_there),
          TEST_CASE(a_walk_meets_each_entry_once_in_one_order),
          TEST_CASE(fewer_buckets_hold_the_same_in_the_same_order),
          TEST_CASE(what_is_dropped_is_out_of_all_sums_and_the_dead_go_when_it_is_time),
          TEST_CASE(no_more_than_its_budget_and_no_harm_without_memory))
