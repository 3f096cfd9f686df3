/* The set of those that have been revoked: what is news, what is not, and that it is bounded. */
#include "admission/revoked.h"

#include "base/mem.h"
#include "net.h"
#include "support/check.h"

enum { NOW_MS = 5000 };

static leno_id id_of(unsigned n)
{
	return (leno_id){{(uint8_t)n, (uint8_t)(n >> 8)}};
}

TEST(each_is_news_once)
{
	struct admission a, other;
	struct revoked r = {0};
	struct paper p;
	leno_id one = id_of(1), two = id_of(2);
	struct bytes raw;

	net_open(&a, 1);
	net_open(&other, 2);
	raw = net_revocation(&p, &a, &one, 0);
	CHECK_EQ(revoked_take(&r, raw, a.key, NOW_MS), 1);
	CHECK_EQ(revoked_take(&r, raw, a.key, NOW_MS), 0);
	CHECK(revoked_has(&r, &one) && !revoked_has(&r, &two));
	CHECK_EQ(revoked_take(&r, net_revocation(&p, &other, &two, 0), a.key, NOW_MS),
		 LENO_PROTOCOL);
	CHECK_EQ(revoked_take(&r, bytes_of(raw.data, raw.size - 1), a.key, NOW_MS), LENO_PROTOCOL);
	CHECK_EQ(r.count, 1);
	revoked_clear(&r);
}

TEST(who_knows_the_same_has_the_same_digest_in_any_order)
{
	struct admission a;
	struct revoked r = {0}, s = {0};
	struct paper p;

	net_open(&a, 1);
	for (unsigned i = 0; i < 20; i++) {
		leno_id up = id_of(i), down = id_of(19 - i);

		revoked_take(&r, net_revocation(&p, &a, &up, 0), a.key, NOW_MS);
		revoked_take(&s, net_revocation(&p, &a, &down, 0), a.key, NOW_MS);
	}
	CHECK_BYTES(r.digest, s.digest, sizeof r.digest);
	CHECK(r.digest[0] != 0);
	revoked_clear(&r);
	revoked_clear(&s);
}

TEST(links_are_told_from_where_they_stand)
{
	struct admission a;
	struct revoked r = {0};
	struct paper p;
	const struct revoked_entry *e;
	uint64_t told = 0;
	unsigned n = 0;

	net_open(&a, 1);
	CHECK(!revoked_after(&r, 0));
	for (unsigned i = 0; i < 5; i++) {
		leno_id id = id_of(i);

		revoked_take(&r, net_revocation(&p, &a, &id, 0), a.key, NOW_MS);
	}
	for (; (e = revoked_after(&r, told)); told = e->number, n++)
		CHECK(e->number > told);
	CHECK_EQ(n, 5);
	CHECK_EQ(told, r.last);
	revoked_clear(&r);
}

/* One that lasts longer takes the place of the other, and is told as news. */
TEST(what_has_expired_goes_and_what_lasts_longer_stays)
{
	struct admission a;
	struct revoked r = {0};
	struct paper p;
	leno_id one = id_of(1);

	net_open(&a, 1);
	CHECK_EQ(revoked_take(&r, net_revocation(&p, &a, &one, NOW_MS), a.key, NOW_MS), 0);
	CHECK_EQ(revoked_take(&r, net_revocation(&p, &a, &one, NOW_MS + 5), a.key, NOW_MS), 1);
	CHECK_EQ(revoked_take(&r, net_revocation(&p, &a, &one, NOW_MS + 4), a.key, NOW_MS), 0);
	CHECK_EQ(revoked_take(&r, net_revocation(&p, &a, &one, NOW_MS + 9), a.key, NOW_MS), 1);
	CHECK_EQ(r.count, 1);
	revoked_expire(&r, NOW_MS + 8);
	CHECK(revoked_has(&r, &one));
	revoked_expire(&r, NOW_MS + 9);
	CHECK(!revoked_has(&r, &one));
	CHECK(r.digest[0] == 0 && r.digest[1] == 0);
	CHECK_EQ(revoked_take(&r, net_revocation(&p, &a, &one, 0), a.key, NOW_MS), 1);
	CHECK_EQ(revoked_take(&r, net_revocation(&p, &a, &one, NOW_MS + 9), a.key, NOW_MS), 0);
	revoked_clear(&r);
}

TEST(it_is_bounded_and_does_without_memory)
{
	struct admission a;
	struct revoked r = {0};
	struct paper p;
	leno_id id = id_of(0);

	net_open(&a, 1);
	mem_fail(1, 1);
	CHECK_EQ(revoked_take(&r, net_revocation(&p, &a, &id, 0), a.key, NOW_MS), LENO_MEMORY);
	mem_fail(0, 0);
	for (unsigned i = 0; i < REVOKED_MAX; i++) {
		id = id_of(i);
		CHECK_EQ(revoked_take(&r, net_revocation(&p, &a, &id, 0), a.key, NOW_MS), 1);
	}
	id = id_of(REVOKED_MAX);
	CHECK_EQ(revoked_take(&r, net_revocation(&p, &a, &id, 0), a.key, NOW_MS), LENO_LIMIT);
	CHECK_EQ(r.count, REVOKED_MAX);
	revoked_clear(&r);
}

TEST_MAIN(TEST_CASE(each_is_news_once),
	  TEST_CASE(who_knows_the_same_has_the_same_digest_in_any_order),
	  TEST_CASE(links_are_told_from_where_they_stand),
	  TEST_CASE(what_has_expired_goes_and_what_lasts_longer_stays),
	  TEST_CASE(it_is_bounded_and_does_without_memory))
