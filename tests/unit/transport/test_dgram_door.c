/* Strangers: what they cost, and what they get. */
#include "datagrams.h"

#include <leno.h>

static struct dgram_door door;
static const struct dgram_address here = { 2, { 1, 10 } }, there = { 2, { 1, 11 } };
static const struct dgram_name name = { { 1, 2, 3, 4, 5, 6, 7, 8 }, { 9, 10 } };
static uint8_t answer[DGRAM_RETRY_SIZE];
static struct dgram_greeting greeting;

static enum dgram_verdict say(const struct dgram_name *who, const struct dgram_cookie *c,
                              const struct dgram_address *from, uint64_t now_us)
{
	uint8_t hello[DGRAM_BASE];

	return dgram_door_take(&door, from, hello, dgram_write_hello(hello, who, c), now_us, answer,
	                       &greeting);
}

static void begin(uint8_t first)
{
	uint8_t seed[32] = { first, 1, 2, 3 };

	dgram_door_init(&door, seed);
}

/* The cookie that this one is given at this time. */
static struct dgram_cookie ask(uint64_t now_us)
{
	static const struct dgram_cookie none;
	struct dgram_cookie c = { 0 };

	CHECK_EQ(say(&name, &none, &here, now_us), DGRAM_ANSWER);
	CHECK(dgram_is(answer, sizeof answer, DGRAM_RETRY));
	CHECK(dgram_tagged(answer, sizeof answer, name.key));
	CHECK_BYTES(answer + 2, name.id, DGRAM_ID);
	dgram_read_retry(answer, &c);
	return c;
}

TEST(a_proof_opens_the_door)
{
	struct dgram_cookie c;
	struct dgram_name own;

	begin(1);
	c = ask(SECONDS(100));
	CHECK_EQ(say(&name, &c, &here, SECONDS(100)), DGRAM_GREET);
	CHECK_BYTES(&greeting.peer, &name, sizeof name);
	own = greeting.own;
	CHECK_EQ(say(&name, &c, &here, SECONDS(109)), DGRAM_GREET);   /* again: the same */
	CHECK_BYTES(&greeting.own, &own, sizeof own);
	CHECK(memcmp(own.id, name.id, sizeof own.id) != 0);
}

TEST(a_proof_is_for_one_address_one_name_and_ten_seconds)
{
	struct dgram_name other = name;
	struct dgram_cookie c, wrong;

	begin(1);
	c = wrong = ask(SECONDS(100));
	wrong.proof ^= 1;
	CHECK_EQ(say(&name, &c, &there, SECONDS(100)), DGRAM_ANSWER);
	CHECK_EQ(say(&name, &wrong, &here, SECONDS(100)), DGRAM_ANSWER);
	CHECK_EQ(say(&name, &c, &here, SECONDS(111)), DGRAM_ANSWER);
	CHECK_EQ(say(&name, &c, &here, SECONDS(99)), DGRAM_ANSWER);   /* not from the future */
	other.key[0] ^= 1;
	CHECK_EQ(say(&other, &c, &here, SECONDS(100)), DGRAM_ANSWER);
	other = name;
	other.id[0] ^= 1;
	CHECK_EQ(say(&other, &c, &here, SECONDS(100)), DGRAM_ANSWER);
	begin(2);                                                    /* the listener restarts */
	CHECK_EQ(say(&name, &c, &here, SECONDS(100)), DGRAM_ANSWER);
}

/* Whoever sends first datagrams gets back less than they are; most get nothing. */
TEST(a_flood_is_answered_by_less)
{
	uint64_t came = 0, went = 0, seed = 1;
	uint8_t hello[DGRAM_BASE];
	struct dgram_cookie c = { 0 };
	size_t made;

	begin(1);
	made = mem_fail(0, 0);
	for (int i = 0; i < 100000; i++) {
		struct dgram_name who = name;
		struct dgram_address from = { 6, { 0 } };
		size_t size;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		memcpy(who.id, &seed, sizeof seed);
		memcpy(from.bytes, (uint8_t *)&seed + 2, 6);
		c.proof = seed;
		size = dgram_write_hello(hello, &who, &c);
		if (i % 3 == 0)
			size = (size_t)i % DGRAM_BASE;           /* cut short */
		if (i % 3 == 1)
			hello[i % DGRAM_BASE] ^= 1;              /* damaged */
		came += size;
		switch (dgram_door_take(&door, &from, hello, size, SECONDS(1), answer, &greeting)) {
		case DGRAM_IGNORE: break;
		case DGRAM_ANSWER: went += sizeof answer; break;
		case DGRAM_GREET: CHECK(!"a guess opened the door"); break;
		}
	}
	CHECK(went > 0 && went * 30 < came);
	CHECK_EQ(mem_fail(0, 0), made - made);                       /* nothing was allocated */
}

/* Another version is answered by the one that is spoken here, and that ends the dial. */
TEST(versions_differ)
{
	struct net *n = net_new(1);
	struct dgram_address to;
	uint8_t hello[DGRAM_MOST];
	size_t size;

	begin(1);
	net_dial(n);
	size = dgram_make(n->ends[0].d, hello, n->now_us, &to);
	REQUIRE(size == DGRAM_BASE);
	hello[1] = DGRAM_VERSION + 1;
	dgram_tag(hello, size, hello + DGRAM_HEAD);
	CHECK_EQ(dgram_door_take(&door, &here, hello, size, SECONDS(1), answer, &greeting),
	         DGRAM_ANSWER);
	CHECK_EQ(answer[1], DGRAM_VERSION);
	answer[1] = DGRAM_VERSION + 1;                               /* as an older one sees it */
	dgram_tag(answer, sizeof answer, hello + DGRAM_HEAD);
	dgram_take(n->ends[0].d, &here, answer, sizeof answer, n->now_us, net_sink, &n->ends[0]);
	CHECK_EQ(dgram_error(n->ends[0].d), LENO_OLD);
	net_free(n);
}

/* Each of the four first datagrams may be lost; so may all, for a while. */
TEST(what_is_lost_of_the_beginning_is_said_again)
{
	for (int which = 0; which < 4; which++) {
		struct net *n = net_new(50 + (uint64_t)which);

		n->ends[which % 2].lose_next = 1 + which / 2;
		net_dial(n);
		n->ends[0].total = n->ends[1].total = 1000;
		CHECK(net_finish(n, MS(1500)));
		net_free(n);
	}
}

/* Who sees the key may answer again and again: that does not make the dialler a fountain. */
TEST(no_end_of_cookies)
{
	struct net *n = net_new(3);
	struct dgram_name own;
	struct dgram_address to;
	uint8_t buf[DGRAM_MOST], retry[DGRAM_RETRY_SIZE];
	unsigned said = 0;

	net_dial(n);
	said += dgram_make(n->ends[0].d, buf, n->now_us, &to) > 0;
	memcpy(own.id, buf + 2, DGRAM_ID);
	memcpy(own.key, buf + DGRAM_HEAD, DGRAM_KEY);
	for (uint32_t i = 1; i < 1000; i++) {
		struct dgram_cookie c = { i, i };

		dgram_take(n->ends[0].d, &here, retry, dgram_write_retry(retry, &own, &c),
		           n->now_us, net_sink, NULL);
		said += dgram_make(n->ends[0].d, buf, n->now_us, &to) > 0;
	}
	CHECK(said > 1 && said < 10);
	net_free(n);
}

/* Answers that were not asked for, or by somebody who does not know the key. */
TEST(a_forged_answer_is_nothing)
{
	struct net *n = net_new(2);
	struct dgram_name forged = { { 0 }, { 1 } };
	uint8_t buf[DGRAM_BASE];
	struct dgram_cookie c = { 1, 2 };

	net_dial(n);
	memcpy(forged.id, dgram_id(n->ends[0].d), DGRAM_ID);
	dgram_take(n->ends[0].d, &here, buf, dgram_write_accept(buf, &forged, &name), n->now_us,
	           net_sink, NULL);
	CHECK(!dgram_is_open(n->ends[0].d));
	dgram_take(n->ends[0].d, &here, buf, dgram_write_retry(buf, &forged, &c), n->now_us,
	           net_sink, NULL);
	CHECK_EQ(net_counts(n, 0).bad, 2);
	n->ends[0].total = 1000;
	CHECK(net_finish(n, SECONDS(1)));
	net_free(n);
}

TEST_MAIN(TEST_CASE(a_proof_opens_the_door),
          TEST_CASE(a_proof_is_for_one_address_one_name_and_ten_seconds),
          TEST_CASE(a_flood_is_answered_by_less), TEST_CASE(versions_differ),
          TEST_CASE(what_is_lost_of_the_beginning_is_said_again),
          TEST_CASE(no_end_of_cookies), TEST_CASE(a_forged_answer_is_nothing))
