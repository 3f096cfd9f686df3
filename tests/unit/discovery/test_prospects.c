/* Whom to dial without having been asked to: those with whom there is talk, seldom where it
 * fails, and never many at a time. */
#include "discovery/prospects.h"

#include "support/check.h"

enum { MS = 1000, SECOND = 1000 * 1000 };

static struct prospects p;

static leno_id id_of(unsigned n)
{
	return (leno_id){ { 1, (uint8_t)(n >> 8), (uint8_t)n } };
}

static struct addresses at(const char *first, const char *second)
{
	struct addresses a = { .n = second ? 2 : 1 };

	a.at[0].uri = bytes_text(first);
	if (second)
		a.at[1].uri = bytes_text(second);
	return a;
}

static bool begin(unsigned n, const char *uri, uint64_t now_us)
{
	leno_id id = id_of(n);

	return prospects_try(&p, &id, bytes_text(uri), now_us, 0);
}

static void fail(unsigned n, size_t n_addresses, uint64_t now_us)
{
	leno_id id = id_of(n);

	prospects_failed(&p, &id, n_addresses, now_us, 0);
}

static void make(unsigned n, const char *uri, uint64_t now_us)
{
	leno_id id = id_of(n);

	CHECK(begin(n, uri, now_us));
	prospects_made(&p, &id, now_us);
}

static void talk(unsigned n, uint64_t bytes, bool crosses, uint64_t now_us)
{
	leno_id id = id_of(n);

	prospects_talk(&p, &id, bytes, crosses, now_us);
}

static bool next_is(unsigned n, uint64_t now_us)
{
	leno_id id, want = id_of(n);
	uint64_t moved;

	return prospects_busiest(&p, now_us, &id, &moved) && leno_id_same(&id, &want);
}

static bool is_next(uint64_t now_us)
{
	leno_id id;
	uint64_t moved;

	return prospects_busiest(&p, now_us, &id, &moved);
}

TEST(talk_makes_a_prospect_and_the_busiest_is_first)
{
	prospects_init(&p);
	CHECK(!is_next(0));
	CHECK_EQ(prospects_due(&p), NEVER_DUE);
	talk(1, WORTH - 1, false, 0);
	CHECK(!is_next(0));
	talk(1, 1, false, 0);
	CHECK(next_is(1, 0));
	talk(2, 10 * WORTH, false, 0);
	CHECK(next_is(2, 0));
	CHECK_EQ(prospects_due(&p), 0);
	for (int i = 0; i < 100; i++)
		prospects_look(&p);
	CHECK(!is_next(0));                            /* long ago: it counts no more */
	CHECK_EQ(prospects_due(&p), NEVER_DUE);
}

TEST(the_one_with_the_higher_id_lets_the_other_begin)
{
	prospects_init(&p);
	talk(1, WORTH, true, SECOND);
	CHECK(!is_next(SECOND + CROSS_MS * MS - 1));
	talk(1, WORTH, true, SECOND + MS);             /* going on does not put it off */
	CHECK(next_is(1, SECOND + CROSS_MS * MS));
	CHECK_EQ(prospects_due(&p), SECOND + CROSS_MS * MS);
}

TEST(addresses_are_tried_in_turn_then_the_node_rests_longer_each_time)
{
	struct addresses a = at("tcp://x:1", "tcp://y:1");
	leno_id id = id_of(1);
	uint64_t now = 0, delay = RETRY_FIRST_MS / 2 * MS; /* random 0: half of it */
	size_t i;

	prospects_init(&p);
	for (int round = 0; round < 12; round++) {
		for (size_t k = 0; k < 2; k++) {
			now += HOST_LAST_MS * MS;      /* the hosts' own rest is over */
			if (!prospects_ready(&p, &id, now))
				now = p.at[0].due_us;
			CHECK(prospects_address(&p, &id, &a, false, now, 0, &i));
			CHECK_EQ(i, k);
			CHECK(begin(1, k ? "tcp://y:1" : "tcp://x:1", now));
			CHECK(!prospects_ready(&p, &id, now));
			fail(1, 2, now);
		}
		CHECK(!prospects_ready(&p, &id, now + delay - 1));
		CHECK(prospects_ready(&p, &id, now + delay));
		delay = 2 * delay < RETRY_LAST_MS / 2 * UINT64_C(1000) ? 2 * delay : RETRY_LAST_MS / 2 * UINT64_C(1000);
	}
	CHECK_EQ(delay, RETRY_LAST_MS / 2 * UINT64_C(1000));
	make(1, "tcp://x:1", now = p.at[0].due_us);
	prospects_ended(&p, &id, false, now, 0);
	CHECK(prospects_ready(&p, &id, now + LOOK_MS * MS)); /* it was there: soon again */
}

TEST(what_reaches_only_its_own_machine_is_left_to_those_who_are_there)
{
	struct addresses a = at("tcp://127.0.0.1:1", "tcp://x:1");
	leno_id id = id_of(1);
	size_t i;

	a.at[0].reach = REACH_MACHINE;
	prospects_init(&p);
	CHECK(prospects_address(&p, &id, &a, true, 0, 0, &i) && i == 0);
	CHECK(prospects_address(&p, &id, &a, false, 0, 0, &i) && i == 1);
	a.n = 1;
	prospects_init(&p);
	CHECK(!prospects_address(&p, &id, &a, false, 0, 0, &i));
	CHECK(!prospects_ready(&p, &id, 0));           /* it waits as if that had failed */
}

/* Whatever names its maker gives to made-up nodes: it is one door. */
TEST(a_host_at_which_a_try_failed_rests_whoever_is_said_to_be_there)
{
	static const char *const names[] = { "tcp://victim:1", "tcp://victim:22", "ws://victim:80/x",
	                                     "tcp://victim" };
	uint64_t now = 0, knocks = 0;

	prospects_init(&p);
	for (unsigned n = 0; now < 3600 * UINT64_C(1000000); n++, now += SECOND) {
		struct addresses a = at(names[n % 4], NULL);
		leno_id id = id_of(n);
		size_t i;

		if (!prospects_may(&p, now) || !prospects_ready(&p, &id, now) ||
		    !prospects_address(&p, &id, &a, false, now, 0, &i))
			continue;
		CHECK(begin(n, names[n % 4], now));
		fail(n, 1, now);
		knocks++;
	}
	CHECK(knocks >= 8 && knocks <= 24);
	/* Another host does not suffer for it; brackets are part of no name. */
	struct addresses b = at("tcp://[2001:db8::1]:7", "tcp://[2001:db8::2]:7");
	leno_id id = id_of(60000);
	size_t i;

	CHECK(prospects_address(&p, &id, &b, false, now, 0, &i) && i == 0);
	CHECK(begin(60000, "tcp://[2001:db8::1]:7", now));
	fail(60000, 2, now);
	CHECK(prospects_address(&p, &id, &b, false, now, 0, &i) && i == 1);
}

TEST(tries_are_few_at_a_time_and_slower_while_they_fail)
{
	uint64_t now = SECOND;
	unsigned tries = 0;

	prospects_init(&p);
	CHECK(prospects_may(&p, now));
	CHECK(begin(1, "tcp://a:1", now));
	CHECK(!prospects_may(&p, now + TRY_GAP_MS / 2 * MS - 1));
	now += TRY_GAP_MS * MS;
	CHECK(prospects_may(&p, now));
	CHECK(begin(2, "tcp://b:1", now));
	now += SECOND;
	CHECK(!prospects_may(&p, now));                /* TRIES_MAX under way */
	talk(3, 10 * WORTH, false, now);
	CHECK_EQ(prospects_due(&p), NEVER_DUE);
	fail(1, 1, now);
	fail(2, 1, now);
	for (uint64_t end = now + 100 * SECOND; now < end; now += 10 * MS) {
		char uri[32];

		if (!prospects_may(&p, now))
			continue;
		snprintf(uri, sizeof uri, "tcp://h%u:1", tries);
		CHECK(begin(10 + tries, uri, now));
		fail(10 + tries, 1, now);
		tries++;
	}
	CHECK(tries >= 30 && tries <= 50);             /* one in half of TRY_GAP_LAST_MS */
	make(900, "tcp://good:1", now += 10 * SECOND);
	CHECK(begin(901, "tcp://g:1", now += TRY_GAP_MS * MS));
	CHECK(prospects_may(&p, now + TRY_GAP_MS * MS));
}

TEST(links_are_unused_after_a_while_and_the_weakest_is_known)
{
	leno_id id, one = id_of(1);
	uint64_t moved;

	prospects_init(&p);
	CHECK(!prospects_weakest(&p, &id, &moved));
	make(1, "tcp://a:1", 0);
	make(2, "tcp://b:1", SECOND);
	CHECK_EQ(p.held, 2);
	CHECK(!prospects_idle(&p, IDLE_MS * MS - 1, &id));
	CHECK(prospects_idle(&p, IDLE_MS * UINT64_C(1000), &id) && leno_id_same(&id, &one));
	prospects_used(&p, &one, 500, 2 * SECOND);
	CHECK(prospects_idle(&p, (IDLE_MS + 9000) * UINT64_C(1000), &id) && !leno_id_same(&id, &one));
	CHECK(prospects_weakest(&p, &id, &moved) && !leno_id_same(&id, &one) && moved == 0);
	prospects_ended(&p, &id, true, 0, 0);
	CHECK(!prospects_ready(&p, &id, UNUSED_MS / 2 * MS - 1));
	prospects_unwanted(&p, &one, 0, 0);            /* held: nothing changes */
	CHECK_EQ(p.held, 1);
}

TEST(who_was_sent_away_is_not_tried_and_not_forgotten)
{
	leno_id one = id_of(1);

	prospects_init(&p);
	prospects_shun(&p, &one);
	for (unsigned n = 2; n < 1000; n++)
		talk(n, n, false, 0);
	CHECK(!prospects_ready(&p, &one, 1000 * UINT64_C(1000000)));
	talk(1, 1000 * WORTH, false, 0);
	CHECK(!next_is(1, 0));
	CHECK_EQ(p.trying + p.held, 0);
}

TEST_MAIN(TEST_CASE(talk_makes_a_prospect_and_the_busiest_is_first),
          TEST_CASE(the_one_with_the_higher_id_lets_the_other_begin),
          TEST_CASE(addresses_are_tried_in_turn_then_the_node_rests_longer_each_time),
          TEST_CASE(what_reaches_only_its_own_machine_is_left_to_those_who_are_there),
          TEST_CASE(a_host_at_which_a_try_failed_rests_whoever_is_said_to_be_there),
          TEST_CASE(tries_are_few_at_a_time_and_slower_while_they_fail),
          TEST_CASE(links_are_unused_after_a_while_and_the_weakest_is_known),
          TEST_CASE(who_was_sent_away_is_not_tried_and_not_forgotten))
