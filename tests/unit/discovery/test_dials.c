/* Addresses are dialled again and again, later each time, until someone proves itself. */
#include "discovery/dials.h"

#include "base/mem.h"
#include "support/check.h"

static struct timers timers;
static struct dials d;
static const leno_id one = { { 1 } }, two = { { 2 } };

static void open_it(void)
{
	timers_init(&timers);
	dials_init(&d, &timers, 3);
}

static void close_it(void)
{
	dials_clear(&d);
	CHECK_EQ(d.count, 0);
	CHECK_EQ(timers.capacity, 0);
	timers_clear(&timers);
}

static struct dial *add(const char *uri)
{
	CHECK_EQ(dials_add(&d, uri, 1000), 0);
	return dials_by_uri(&d, uri);
}

TEST(an_address_is_due_at_once_and_kept_once)
{
	struct dial *x;

	open_it();
	x = add("tcp://a:1");
	REQUIRE(x);
	CHECK(x->state == DIAL_WAITING && x->keep && !x->known);
	CHECK_EQ(x->timer.due_us, 1000);
	CHECK(dials_find(&d, x->number) == x);
	CHECK(add("tcp://a:1") == x);
	CHECK_EQ(d.count, 1);
	CHECK(!dials_by_uri(&d, "tcp://b:1"));
	CHECK(!dials_find(&d, x->number + 1));
	add("tcp://b:1");
	dials_remove(&d, x);
	CHECK(!dials_by_uri(&d, "tcp://a:1"));
	CHECK_EQ(d.count, 1);
	close_it();
}

TEST(delays_double_with_jitter_up_to_a_bound)
{
	static const struct {
		const char *why;
		uint32_t from_ms, to_ms;
	} rows[] = {
		{ "half of the first delay to all of it", 50, 100 },
		{ "twice", 100, 200 },
		{ "four times", 200, 400 },
		{ "eight", 400, 800 },
		{ "sixteen", 800, 1600 },
		{ "thirty-two", 1600, 3200 },
		{ "sixty-four", 3200, 6400 },
		{ "the bound", 5000, 10000 },
		{ "for ever", 5000, 10000 },
	};
	static const uint64_t randoms[] = { 0, 1, 49999, 123456789, UINT64_MAX };

	for (size_t k = 0; k < sizeof randoms / sizeof *randoms; k++) {
		struct dial *x;

		open_it();
		x = add("tcp://a:1");
		REQUIRE(x);
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			CHECK_ROW(rows[i].why);
			x->state = DIAL_DIALLING;
			dials_lost(&d, x, 0, randoms[k]);
			CHECK_EQ(x->state, DIAL_WAITING);
			CHECK(x->timer.due_us >= rows[i].from_ms * UINT64_C(1000));
			CHECK(x->timer.due_us < rows[i].to_ms * UINT64_C(1000));
		}
		CHECK_ROW("who is put out at once for want of room has no success");
		dials_proved(&d, x, &one, 1000);
		CHECK(x->state == DIAL_HELD && x->timer.slot == 0);
		dials_shut(x, 1000 + 999999);
		dials_lost(&d, x, 1000 + 999999, randoms[k]);
		CHECK(x->timer.due_us >= 5000000);
		CHECK_ROW("later than at once it was one");
		dials_proved(&d, x, &one, 1000);
		dials_shut(x, 1000 + 1000000);
		dials_lost(&d, x, 1000 + 1000000, randoms[k]);
		CHECK(x->timer.due_us < 1001000 + 100000);
		CHECK_ROW("whoever proves who it is begins anew");
		dials_proved(&d, x, &one, 2000000);
		dials_lost(&d, x, 2000000, randoms[k]);
		CHECK(x->timer.due_us < 2000000 + 100000);
		close_it();
	}
}

TEST(what_is_not_to_be_kept_rests)
{
	struct dial *x;

	open_it();
	x = add("tcp://a:1");
	REQUIRE(x);
	dials_proved(&d, x, &one, 0);
	x->keep = false;
	dials_lost(&d, x, 0, 7);
	CHECK(x->state == DIAL_WAITING && x->timer.slot == 0);
	CHECK(add("tcp://a:1") == x);
	CHECK(x->keep && x->timer.due_us == 1000); /* asked for again, it wakes */
	dials_self(x);
	dials_lost(&d, x, 0, 7);
	CHECK(x->state == DIAL_WAITING && x->timer.due_us >= DIAL_LAST_MS / 2 * 1000);
	close_it();
}

TEST(all_addresses_of_a_peer_are_found)
{
	struct dial *a, *b, *c;

	open_it();
	a = add("tcp://a:1");
	b = add("tcp://b:1");
	c = add("tcp://c:1");
	add("tcp://nobody:1");
	REQUIRE(a && b && c);
	dials_proved(&d, a, &one, 0);
	dials_proved(&d, b, &two, 0);
	dials_proved(&d, c, &one, 0);
	CHECK(dials_by_peer(&d, &one, NULL) == a);
	CHECK(dials_by_peer(&d, &one, a) == c);
	CHECK(!dials_by_peer(&d, &one, c));
	CHECK(dials_by_peer(&d, &two, NULL) == b);
	close_it();
}

TEST(there_are_bounds)
{
	char uri[URI_MAX + 1];

	open_it();
	memset(uri, 'x', URI_MAX);
	uri[URI_MAX] = '\0';
	CHECK_EQ(dials_add(&d, uri, 0), LENO_URI);
	uri[URI_MAX - 1] = '\0';
	CHECK_EQ(dials_add(&d, uri, 0), 0);
	for (unsigned i = 1; i < DIALS_MAX; i++) {
		snprintf(uri, sizeof uri, "tcp://host:%u", i);
		CHECK_EQ(dials_add(&d, uri, 0), 0);
	}
	CHECK_EQ(dials_add(&d, "tcp://more", 0), LENO_LIMIT);
	CHECK_EQ(dials_add(&d, uri, 0), 0);       /* it is there already */
	close_it();
}

TEST(without_memory_it_says_so)
{
	open_it();
	for (size_t nth = 1; nth <= 2; nth++) {
		mem_fail(nth, 0);
		CHECK_EQ(dials_add(&d, "tcp://a:1", 0), LENO_MEMORY);
		mem_fail(0, 0);
		CHECK_EQ(d.count, 0);
	}
	CHECK(add("tcp://a:1"));
	close_it();
}

TEST_MAIN(TEST_CASE(an_address_is_due_at_once_and_kept_once),
          TEST_CASE(delays_double_with_jitter_up_to_a_bound),
          TEST_CASE(what_is_not_to_be_kept_rests), TEST_CASE(all_addresses_of_a_peer_are_found),
          TEST_CASE(there_are_bounds), TEST_CASE(without_memory_it_says_so))
