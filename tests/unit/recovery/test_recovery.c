/* What has come, what is lost, and when silence is too long.
 * covers: src/recovery/recovery.c */
#include "recovery/recovery.h"

#include "base/mem.h"
#include "support/check.h"

enum { MSEC = 1000, SIZE = 1000 };

static struct recovery r;
static struct ranges again;
static struct feedback got;

static void begin(void)
{
	recovery_clear(&r);
	ranges_clear(&again);
	recovery_move(&r, true, 0);
}

static void begin_first(void)
{
	recovery_init(&r);
	ranges_init(&again);
	begin();
}

static void end(void)
{
	recovery_clear(&r);
	ranges_clear(&again);
}

/* Packet n carries the bytes [100 n, 100 n + 100). */
static bool send_one(uint64_t number, uint64_t us)
{
	const struct sent s = { .number = number, .from = 100 * number, .length = 100,
	                        .size = SIZE, .us = us };

	if (!recovery_reserve(&r))
		return false;
	recovery_sent(&r, &s);
	return true;
}

static void send_many(uint64_t from, uint64_t to, uint64_t us)
{
	for (uint64_t n = from; n <= to; n++)
		CHECK(send_one(n, us));
}

static void hear(uint64_t newest, uint64_t oldest, uint64_t now_us)
{
	const struct report p = { .n = 1, .spans = { { newest, oldest } } };

	got = (struct feedback){ 0 };
	recovery_heard(&r, &p, &again, now_us, &got);
}

/* RFC 9002, section 5.3. */
TEST(round_trips_are_smoothed)
{
	struct rtt t = { 0 };

	rtt_take(&t, 40 * MSEC, 30 * MSEC, 7);
	CHECK_EQ(t.smooth_us, 40 * MSEC);              /* the first counts whole */
	CHECK_EQ(t.var_us, 20 * MSEC);
	CHECK_EQ(t.first_us, 7);
	rtt_take(&t, 120 * MSEC, 0, 8);
	CHECK_EQ(t.smooth_us, (7 * 40 + 120) * MSEC / 8);
	CHECK_EQ(t.var_us, (3 * 20 + 80) * MSEC / 4);
	CHECK_EQ(t.least_us, 40 * MSEC);
	rtt_take(&t, 70 * MSEC, 20 * MSEC, 9);         /* the peer waited 20 of them */
	CHECK_EQ(t.smooth_us, (7 * 50 + 50) * MSEC / 8);
	rtt_take(&t, 50 * MSEC, 20 * MSEC, 9);         /* which cannot be: below the least */
	CHECK_EQ(t.smooth_us, 50 * MSEC);
	rtt_take(&t, UINT64_MAX, UINT64_MAX, 10);
	CHECK(t.smooth_us > 0 && t.var_us > 0);
}

TEST(what_is_reported_has_come)
{
	begin_first();
	send_many(0, 9, 1000);
	CHECK_EQ(r.in_flight, 10 * SIZE);
	hear(3, 0, 21000);
	CHECK_EQ(got.packets, 4);
	CHECK_EQ(got.bytes, 4 * SIZE);
	CHECK_EQ(got.lost, 0);
	CHECK_EQ(got.rtt_us, 20000);
	CHECK_EQ(r.in_flight, 6 * SIZE);
	hear(3, 0, 31000);                             /* again: nothing new, no round trip */
	CHECK_EQ(got.packets, 0);
	CHECK_EQ(got.rtt_us, 0);
	hear(20, 0, 41000);                            /* newer ones carry no data of ours */
	CHECK_EQ(got.packets, 6);
	CHECK_EQ(got.rtt_us, 0);
	CHECK_EQ(r.in_flight, 0);
	CHECK_EQ(again.n, 0);
	end();
}

/* RFC 9002, section 6.1.1 and 6.1.2. */
TEST(a_packet_is_lost_when_three_later_ones_have_come_or_by_time)
{
	begin_first();
	send_many(0, 9, 1000);
	hear(2, 1, 11000);                             /* 0 is missing: but by two only */
	CHECK_EQ(got.lost, 0);
	CHECK_EQ(r.overdue_us, 1000 + 10000 * 9 / 8);
	hear(3, 1, 11500);
	CHECK_EQ(got.lost, 1);
	CHECK_EQ(got.lost_last, 0);
	CHECK(again.n == 1 && again.at[0].from == 0 && again.at[0].to == 100);
	CHECK(r.overdue_us == NEVER);
	CHECK_EQ(r.in_flight, 6 * SIZE);

	hear(9, 9, 12000);                             /* 4 to 6 by number, 7 and 8 by time */
	CHECK_EQ(got.lost, 3);
	CHECK(r.overdue_us != NEVER && r.overdue_us > 12000);
	got = (struct feedback){ 0 };
	recovery_find_lost(&r, &again, r.overdue_us, &got);
	CHECK_EQ(got.lost, 2);
	CHECK_EQ(got.lost_last, 8);
	CHECK(again.n == 2 && again.at[1].from == 400 && again.at[1].to == 900);
	CHECK_EQ(r.in_flight, 0);
	CHECK_EQ(r.count, 0);
	end();
}

/* Numbers, not offsets: what was sent again has a number of its own. */
TEST(the_second_sending_is_told_from_the_first)
{
	begin_first();
	send_many(0, 0, 1000);
	recovery_sent(&r, &(struct sent){ .number = 1, .from = 0, .length = 100, .size = SIZE,
	                                  .us = 50000 });
	hear(0, 0, 51000);
	CHECK_EQ(got.rtt_us, 50000);
	hear(1, 0, 60000);
	CHECK_EQ(got.rtt_us, 10000);
	end();
}

TEST(all_lost_for_long_is_persistent_congestion)
{
	static const struct row {
		const char *why;
		uint64_t each_us;
		bool one_came, persistent;
	} rows[] = {
		{ "a burst of losses", 1 * MSEC, false, false },
		{ "for three times the patience", 20 * MSEC, false, true },
		{ "but one in the middle came", 20 * MSEC, true, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t at = 20 * MSEC;

		CHECK_ROW(rows[i].why);
		begin_first();
		send_many(0, 0, 0);
		hear(0, 0, 10 * MSEC);
		for (uint64_t n = 1; n <= 16; n++, at += rows[i].each_us)
			CHECK(send_one(n, at));
		if (rows[i].one_came)
			hear(8, 8, at);
		CHECK(send_one(20, at));
		hear(20, 20, at + 10 * MSEC);
		CHECK_EQ(got.persistent, rows[i].persistent);
		end();
	}
}

TEST(what_the_peer_has_read_has_come)
{
	begin_first();
	send_many(0, 3, 1000);
	recovery_read(&r, 250);
	CHECK_EQ(r.in_flight, 2 * SIZE);
	hear(3, 2, 2000);
	CHECK_EQ(got.packets, 2);
	end();
}

TEST(patience_doubles_to_its_bound)
{
	struct range oldest;
	uint64_t last = 0;

	begin_first();
	send_many(0, 0, 0);
	recovery_arm(&r, 0);
	CHECK_EQ(r.silent_us, PTO_FIRST_US);
	recovery_arm(&r, 5);                           /* from the first on */
	CHECK_EQ(r.silent_us, PTO_FIRST_US);
	CHECK(recovery_silent(&r, &oldest));
	CHECK(oldest.from == 0 && oldest.to == 100);
	CHECK(!recovery_silent(&r, &oldest));          /* nothing is under way any more */
	for (int i = 0; i < 12; i++) {
		recovery_arm(&r, 0);
		CHECK(r.silent_us >= last && r.silent_us <= PTO_MAX_US);
		last = r.silent_us;
		recovery_silent(&r, &oldest);
		CHECK(r.silent_us == NEVER);
	}
	CHECK_EQ(last, PTO_MAX_US);
	send_many(1, 1, 100);
	hear(1, 1, 100 + 20 * MSEC);
	recovery_news(&r, true, 1000000);              /* smooth + 4 var + the peer's delay */
	CHECK_EQ(r.silent_us, 1000000 + 20 * MSEC + 4 * 10 * MSEC + ACK_DELAY_US);
	recovery_news(&r, false, 1000000);
	CHECK(r.silent_us == NEVER);
	end();
}

TEST(another_path_has_nothing_under_way)
{
	begin_first();
	send_many(0, 5, 1000);
	hear(2, 2, 2000);
	recovery_move(&r, true, 0);
	CHECK(r.in_flight == 0 && r.count == 0 && r.overdue_us == NEVER && r.rtt.smooth_us == 0);
	send_many(6, 7, 3000);
	hear(5, 0, 4000);                              /* of the old one */
	CHECK(got.packets == 0 && got.lost == 0);
	CHECK_EQ(r.in_flight, 2 * SIZE);
	recovery_move(&r, false, 0);
	recovery_arm(&r, 1);
	CHECK(r.silent_us == NEVER);                   /* a link says itself when it is dead */
	CHECK_EQ(r.next, 8);
	end();
}

TEST(the_ring_has_a_bound_and_needs_no_memory_for_a_few)
{
	uint64_t n = 0;

	begin_first();
	while (send_one(n, n))
		n++;
	CHECK_EQ(n, SENT_MAX);
	CHECK(recovery_full(&r));
	hear(0, 0, 5000);
	CHECK(!recovery_full(&r));
	CHECK(send_one(n, n));
	n++;
	begin();
	mem_fail(1, 1);
	for (uint64_t i = 0; i < SENT_FEW; i++)
		CHECK(send_one(n + i, 1));
	CHECK(!send_one(n + SENT_FEW, 1));
	CHECK(recovery_full(&r));
	hear(n, n, 5000);
	CHECK(!recovery_full(&r));
	CHECK(send_one(n + SENT_FEW, 1));
	mem_fail(0, 0);
	end();
}

TEST_MAIN(TEST_CASE(round_trips_are_smoothed), TEST_CASE(what_is_reported_has_come),
          TEST_CASE(a_packet_is_lost_when_three_later_ones_have_come_or_by_time),
          TEST_CASE(the_second_sending_is_told_from_the_first),
          TEST_CASE(all_lost_for_long_is_persistent_congestion),
          TEST_CASE(what_the_peer_has_read_has_come), TEST_CASE(patience_doubles_to_its_bound),
          TEST_CASE(another_path_has_nothing_under_way),
          TEST_CASE(the_ring_has_a_bound_and_needs_no_memory_for_a_few))
