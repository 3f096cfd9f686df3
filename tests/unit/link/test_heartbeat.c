/* Who is alive, who is frozen, and how far away: two links in virtual time. */
#include "support/check.h"
#include "support/pair.h"

enum { FLIGHTS = 256, FLIGHT = 20000 };

/* Bytes on their way. The pipe keeps order; a rate of 0 is a pipe that is never full. */
struct flight {
	struct end *to;
	uint64_t due;
	size_t size, at;
	uint8_t bytes[FLIGHT];
};

static struct flight flights[FLIGHTS];
static size_t first, last;
static struct pair p;
static uint64_t now, delay;
static bool frozen[2];         /* the dialler; the responder: neither reads nor writes */
static uint64_t died[2];       /* when each found the other dead, or 0                 */
static unsigned wakes[2], idle_wakes[2];
static size_t wire_bytes[2];

static struct end *end_of(int i)
{
	return i ? &p.responder : &p.dialler;
}

static void world(uint64_t one_way_us)
{
	pair_init(&p);
	now = 1;
	delay = one_way_us;
	first = last = 0;
	for (int i = 0; i < 2; i++) {
		frozen[i] = false;
		died[i] = 0;
		wakes[i] = idle_wakes[i] = 0;
		wire_bytes[i] = 0;
	}
	CHECK(pair_start(&p, now));
}

static void land(void)
{
	for (; first != last && flights[first % FLIGHTS].due <= now; first++) {
		struct flight *f = &flights[first % FLIGHTS];

		if (frozen[f->to == &p.responder])
			return; /* and all behind it waits too, which is well enough here */
		if (!f->to->error && link_state(f->to->link) != LINK_DEAD)
			end_take(f->to, f->bytes, f->size, now);
	}
}

static void step(int i)
{
	struct end *e = end_of(i);
	struct flight *f = &flights[last % FLIGHTS];

	if (frozen[i] || link_state(e->link) == LINK_DEAD)
		return;
	if (link_deadline(e->link) <= now) {
		wakes[i]++;
		if (link_tick(e->link, now) == LENO_TIMEOUT)
			died[i] = now;
		idle_wakes[i] += !link_wants(e->link) && !died[i];
	}
	if (last - first >= FLIGHTS)
		return;
	f->size = end_make(e, f->bytes, FLIGHT, now);
	if (f->size == 0)
		return;
	f->to = end_of(!i);
	f->due = now + delay;
	wire_bytes[i] += f->size;
	last++;
}

/* Milliseconds pass. */
static void pass(unsigned ms)
{
	for (unsigned i = 0; i < ms; i++) {
		now += MS;
		land();
		step(0);
		step(1);
	}
}

static void finish(void)
{
	pair_free(&p);
}

TEST(both_ends_confirm_each_other_at_once)
{
	world(5 * MS);
	pass(50);
	CHECK(pair_open(&p));
	CHECK(link_rtt_us(p.dialler.link) > 0 && link_rtt_us(p.responder.link) > 0);
	finish();
}

TEST(an_idle_link_costs_little_and_lives)
{
	world(5 * MS);
	pass(1000);
	wire_bytes[0] = wire_bytes[1] = 0;
	wakes[0] = wakes[1] = 0;
	pass(60 * 1000);
	CHECK(pair_open(&p));
	CHECK_EQ(died[0] + died[1], 0);
	CHECK(wire_bytes[0] < 60 * 30 && wire_bytes[1] < 60 * 30);
	/* one end wakes to ask, the other one only when it is asked */
	CHECK(wakes[0] <= 31);
	CHECK(wakes[1] <= 1);
	CHECK(idle_wakes[0] == 0 && idle_wakes[1] == 0);
	finish();
}

TEST(the_round_trip_is_measured_at_both_ends_and_follows)
{
	world(20 * MS);
	pass(60 * 1000);
	for (int i = 0; i < 2; i++)
		CHECK(link_rtt_us(end_of(i)->link) >= 39 * MS &&
		      link_rtt_us(end_of(i)->link) <= 43 * MS);
	delay = 5 * MS; /* a better path: it is found while nothing else is said */
	pass(300 * 1000);
	for (int i = 0; i < 2; i++)
		CHECK(link_rtt_us(end_of(i)->link) >= 9 * MS &&
		      link_rtt_us(end_of(i)->link) <= 16 * MS);
	finish();
}

TEST(the_round_trip_is_measured_under_traffic_too)
{
	world(10 * MS);
	pass(100);
	delay = 30 * MS;
	for (int i = 0; i < 3000; i++) {
		p.dialler.send = p.responder.send = 1;
		p.dialler.send_each = p.responder.send_each = 10;
		pass(20);
	}
	for (int i = 0; i < 2; i++)
		CHECK(link_rtt_us(end_of(i)->link) > 50 * MS);
	finish();
}

TEST(a_frozen_peer_is_found_when_idle)
{
	for (int who = 0; who < 2; who++) {
		CHECK_ROW(who ? "the responder froze" : "the dialler froze");
		world(5 * MS);
		pass(10 * 1000);
		frozen[who] = true;
		pass(6500);
		/* interval x (misses + 1) after its last byte */
		CHECK(died[!who] > 0);
		CHECK(!pair_open(&p));
		finish();
	}
}

TEST(a_frozen_peer_is_found_in_time_for_each_setting)
{
	static const struct {
		const char *why;
		uint32_t heartbeat_ms, misses;
		uint64_t least_ms, most_ms;
	} rows[] = {
		{"the default", 2000, 2, 4000, 6200},
		{"quick", 200, 2, 400, 700},
		{"one interval and no more", 1000, 0, 0, 1200},
		{"patient", 5000, 5, 25000, 30500},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t since;

		CHECK_ROW(rows[i].why);
		world(5 * MS);
		for (int e = 0; e < 2; e++) {
			end_of(e)->setup.heartbeat_us = rows[i].heartbeat_ms * MS;
			end_of(e)->setup.misses = rows[i].misses;
		}
		pass(rows[i].misses ? 12 * 1000 : 500);
		CHECK(pair_open(&p));
		since = now;
		frozen[1] = true;
		pass(40 * 1000);
		CHECK(died[0] >= since + rows[i].least_ms * MS);
		CHECK(died[0] <= since + rows[i].most_ms * MS);
		finish();
	}
}

TEST(a_frozen_peer_is_found_at_once_under_traffic)
{
	for (int who = 0; who < 2; who++) {
		for (int both = 0; both < 2; both++) {
			uint64_t since;

			CHECK_ROW(who ? "the responder froze" : "the dialler froze");
			world(5 * MS);
			pass(100);
			for (int i = 0; i < 500; i++) {
				end_of(!who)->send = 1;
				end_of(who)->send = both && i < 250;
				end_of(0)->send_each = end_of(1)->send_each = 100;
				if (i == 250) {
					frozen[who] = true;
					since = now;
				}
				pass(5);
			}
			pass(100);
			CHECK(died[!who] > 0 && died[!who] <= since + 1010 * MS);
			finish();
		}
	}
}

/* The last message before the freeze, after a long silence, is enough. */
TEST(one_message_to_a_frozen_peer_finds_it)
{
	uint64_t since;

	world(5 * MS);
	pass(11 * 1000);
	frozen[1] = true;
	since = now;
	p.dialler.send = 1;
	p.dialler.send_each = 10;
	pass(1100);
	CHECK(died[0] > 0 && died[0] <= since + 1010 * MS);
	finish();
}

TEST(one_message_wakes_each_end_a_few_times_and_no_more)
{
	world(5 * MS);
	pass(8050);
	wakes[0] = wakes[1] = 0;
	p.dialler.send = 1;
	p.dialler.send_each = 10;
	pass(1500);
	CHECK(wakes[0] <= 2 && wakes[1] <= 2);
	CHECK(idle_wakes[0] == 0 && idle_wakes[1] == 0);
	CHECK(!p.dialler.link->heartbeat.owed && !p.responder.link->heartbeat.owed);
	finish();
}

TEST(a_flood_one_way_keeps_both_ends_alive)
{
	world(5 * MS);
	pass(100);
	for (int i = 0; i < 2000; i++) {
		p.dialler.send = 4;
		p.dialler.send_each = 1000;
		pass(5);
	}
	CHECK(pair_open(&p));
	CHECK_EQ(died[0] + died[1], 0);
	CHECK(wire_bytes[1] < 10 * 300); /* all that the receiver says of itself */
	finish();
}

/* Megabytes of its own before the sender's PING: the receiver speaks up by itself. */
TEST(who_reads_slowly_lives)
{
	static uint8_t wire[WIRE];
	size_t size, at = 0;

	world(0);
	pass(100);
	/* 100 KiB were sealed at once, and trickle in at 10 KiB a second */
	p.dialler.send = 100;
	p.dialler.send_each = 1024;
	size = end_make(&p.dialler, wire, sizeof wire, now);
	for (int i = 0; i < 1020; i++) {
		uint8_t back[FLIGHT];
		size_t n = at + 102 < size ? 102 : size - at;

		now += 10 * MS;
		end_take(&p.responder, wire + at, n, now);
		at += n;
		CHECK_EQ(link_tick(p.responder.link, now), 0);
		n = end_make(&p.responder, back, sizeof back, now);
		end_take(&p.dialler, back, n, now);
		CHECK_EQ(link_tick(p.dialler.link, now), 0);
	}
	CHECK_EQ(p.responder.n_data, 100);
	CHECK_EQ(p.dialler.error, 0);
	finish();
}

/* An end that was stalled itself (stopped, or starved) looks into its pipe first. */
TEST(who_was_stalled_does_not_blame_the_other)
{
	world(5 * MS);
	pass(5000);
	frozen[0] = true;
	pass(3000); /* not yet enough for the other end */
	now += 3100 * MS; /* nobody ran: the whole machine slept */
	frozen[0] = false;
	CHECK(link_deadline(p.dialler.link) <= now);
	CHECK_EQ(link_tick(p.dialler.link, now), 0);
	pass(1000);
	CHECK(pair_open(&p));
	CHECK_EQ(died[0] + died[1], 0);
	frozen[1] = true; /* the grace is given once */
	pass(7000);
	CHECK(died[0] > 0);
	finish();
}

/* Two bytes of rubbish are taken for the head of a record of 10 KiB, the heartbeats that follow
 * for the rest of it. */
TEST(a_record_that_does_not_end_ends_the_link)
{
	uint8_t head[] = { 0x00, 0x28 };

	world(5 * MS);
	pass(1000);
	end_take(&p.responder, head, sizeof head, now);
	pass(14000);
	CHECK_EQ(p.responder.error, 0);
	pass(4000);
	CHECK_EQ(p.responder.error, LENO_PROTOCOL);
	finish();
}

TEST(time_in_which_nobody_ran_does_not_count_for_a_record)
{
	static uint8_t record[FLIGHT];
	size_t size;

	world(5 * MS);
	pass(1000);
	p.dialler.send = 1;
	p.dialler.send_each = 8000;
	size = end_make(&p.dialler, record, sizeof record, now);
	end_take(&p.responder, record, 1000, now);
	now += 60 * SECOND; /* the machine slept */
	end_take(&p.responder, record + 1000, 1000, now);
	now += 5 * SECOND;
	end_take(&p.responder, record + 2000, size - 2000, now);
	CHECK_EQ(p.responder.error, 0);
	CHECK_EQ(p.responder.n_data, 1);
	finish();
}

/* ---- the heart alone ------------------------------------------------------------------- */

static struct heartbeat heart(void)
{
	struct heartbeat h;

	heartbeat_start(&h, 2 * SECOND, 2, 1 * SECOND, true, 0);
	return h;
}

static uint64_t ask(struct heartbeat *h, uint64_t at)
{
	uint8_t buf[64];
	struct writer w = writer_of(buf, sizeof buf);

	h->ping_due = true;
	heartbeat_write(h, &w, at);
	heartbeat_finish(h, &w, false, at);
	return at;
}

static bool answer(struct heartbeat *h, uint64_t clock, uint64_t at)
{
	uint8_t buf[8];
	struct writer w = writer_of(buf, sizeof buf);

	write_u64(&w, clock);
	return heartbeat_take_pong(h, writer_bytes(&w), at);
}

TEST(the_estimate_is_that_of_rfc_6298)
{
	struct heartbeat h = heart();

	CHECK_EQ(h.rtt_us, 0);
	answer(&h, ask(&h, 1000), 1000 + 800);
	CHECK_EQ(h.rtt_us, 800);
	CHECK_EQ(h.rtt_var_us, 400);
	answer(&h, ask(&h, 10000), 10000 + 1600);
	CHECK_EQ(h.rtt_us, 900);
	CHECK_EQ(h.rtt_var_us, 500);
	answer(&h, ask(&h, 20000), 20000 + 900);
	CHECK_EQ(h.rtt_us, 900);
	CHECK_EQ(h.rtt_var_us, 375);
}

/* A flood of our own delays what asks for the path's length, and so does a machine that wakes
 * slowly; a shorter way is seen at once. */
TEST(a_path_is_longer_when_it_stays_so)
{
	enum { LITTLE = 100 * 1000, MUCH = 1 << 20 };
	static const struct {
		const char *why;
		size_t moved;
		uint32_t trip_us, path_us;
	} rows[] = {
		{ "the first one counts", MUCH, 8000, 8000 },
		{ "a busy link takes longer, 1", MUCH, 800000, 8000 },
		{ "2", MUCH, 800000, 8000 },
		{ "3", MUCH, 800000, 8000 },
		{ "4", MUCH, 800000, 8000 },
		{ "some messages are no flood", LITTLE, 16000, 8000 },
		{ "longer", 0, 17000, 8000 },
		{ "longer", 0, 70000, 8000 },
		{ "longer, and so it is", 0, 18000, 16000 },
		{ "longer", 0, 70000, 16000 },
		{ "as long as ever", 0, 16000, 16000 },
		{ "a machine that was asleep, 3", 0, 70000, 16000 },
		{ "busy, and yet shorter", MUCH, 1000, 1000 },
		{ "longer, 1", 0, 9000, 1000 },
		{ "longer, 2", 0, 9000, 1000 },
		{ "longer, 3", 0, 9000, 1000 },
		{ "longer, 4", 0, 9000, 9000 },
	};
	struct heartbeat h = heart();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t at = (i + 1) * SECOND;

		CHECK_ROW(rows[i].why);
		heartbeat_moved(&h, rows[i].moved / 2);
		ask(&h, at - rows[i].trip_us);
		heartbeat_moved(&h, rows[i].moved / 2);
		CHECK(answer(&h, at - rows[i].trip_us, at));
		CHECK_EQ(h.rtt_path_us, rows[i].path_us);
	}
	CHECK(h.rtt_us > 50000);
}

/* Traffic leaves no pause to ask in; but PINGs ride along with it. */
TEST(a_path_that_got_much_longer_is_found_soon_under_traffic)
{
	unsigned seconds = 0;

	world(1 * MS);
	pass(10 * 1000);
	delay = 30 * MS;
	for (; seconds < 60 && link_rtt_path_us(p.dialler.link) < 50 * MS; seconds++)
		for (int i = 0; i < 50; i++) {
			p.dialler.send = p.responder.send = 1;
			p.dialler.send_each = p.responder.send_each = 10;
			pass(20);
		}
	CHECK(seconds >= 1 && seconds <= 12);
	finish();
}

TEST(odd_answers_change_nothing)
{
	static const struct {
		const char *why;
		uint64_t clock;
		bool counts;
	} rows[] = {
		{"the one that was asked", 5000, true},
		{"one before it", 4999, false},
		{"one after it", 5001, false},
		{"the largest number", UINT64_MAX, false},
		{"zero", 0, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct heartbeat h = heart();
		CHECK_ROW(rows[i].why);
		ask(&h, 5000);
		CHECK(answer(&h, rows[i].clock, 5100));
		CHECK_EQ(h.rtt_us, rows[i].counts ? 100 : 0);
		CHECK(answer(&h, rows[i].clock, 9999)); /* again: nobody asks any more */
		CHECK_EQ(h.rtt_us, rows[i].counts ? 100 : 0);
	}
}

TEST(no_time_at_all_is_still_an_estimate)
{
	struct heartbeat h = heart();

	for (int i = 0; i < 50; i++)
		answer(&h, ask(&h, 5000), 5000);
	CHECK_EQ(h.rtt_us, 1);
}

TEST(years_do_not_overflow)
{
	struct heartbeat h = heart();
	uint64_t year = UINT64_C(365) * 86400 * 1000000;

	for (int i = 0; i < 5; i++)
		answer(&h, ask(&h, 1), year);
	CHECK(h.rtt_us > 0 && h.rtt_us <= UINT32_MAX / 8);
}

/* An answer to a question that was asked before the last data pays for nothing. */
TEST(only_an_answer_from_behind_the_data_pays_the_debt)
{
	static const struct {
		const char *why;
		bool data_before, data_with, data_after, paid;
	} rows[] = {
		{"data, then the question", true, false, false, true},
		{"data in the question's record", false, true, false, true},
		{"the question, then data", false, false, true, false},
		{"the question between data", true, false, true, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct heartbeat h = heart();
		uint8_t buf[64];
		struct writer w = writer_of(buf, sizeof buf);

		CHECK_ROW(rows[i].why);
		h.ping_due = false;
		h.ping_last_us = 1000; /* the estimate is fresh */
		if (rows[i].data_before)
			heartbeat_finish(&h, &w, true, 1000);
		h.ping_due = true;
		heartbeat_write(&h, &w, 1000);
		heartbeat_finish(&h, &w, rows[i].data_with, 1000);
		if (rows[i].data_after)
			heartbeat_finish(&h, &w, true, 1000); /* at the same microsecond */
		CHECK(h.owed);
		CHECK(answer(&h, 1000, 1100));
		CHECK_EQ(h.owed, !rows[i].paid);
	}
}

TEST_MAIN(TEST_CASE(both_ends_confirm_each_other_at_once),
	  TEST_CASE(an_idle_link_costs_little_and_lives),
	  TEST_CASE(the_round_trip_is_measured_at_both_ends_and_follows),
	  TEST_CASE(the_round_trip_is_measured_under_traffic_too),
	  TEST_CASE(a_frozen_peer_is_found_when_idle),
	  TEST_CASE(a_frozen_peer_is_found_in_time_for_each_setting),
	  TEST_CASE(a_frozen_peer_is_found_at_once_under_traffic),
	  TEST_CASE(one_message_to_a_frozen_peer_finds_it),
	  TEST_CASE(one_message_wakes_each_end_a_few_times_and_no_more),
	  TEST_CASE(a_flood_one_way_keeps_both_ends_alive), TEST_CASE(who_reads_slowly_lives),
	  TEST_CASE(who_was_stalled_does_not_blame_the_other),
	  TEST_CASE(a_record_that_does_not_end_ends_the_link),
	  TEST_CASE(time_in_which_nobody_ran_does_not_count_for_a_record),
	  TEST_CASE(the_estimate_is_that_of_rfc_6298), TEST_CASE(a_path_is_longer_when_it_stays_so),
	  TEST_CASE(a_path_that_got_much_longer_is_found_soon_under_traffic),
	  TEST_CASE(odd_answers_change_nothing),
	  TEST_CASE(no_time_at_all_is_still_an_estimate), TEST_CASE(years_do_not_overflow),
	  TEST_CASE(only_an_answer_from_behind_the_data_pays_the_debt))
