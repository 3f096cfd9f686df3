/* How the window grows and shrinks: the published formulas, step by step.
 * covers: src/recovery/congestion.c */
#include "session/window.h"

#include "support/check.h"

static struct congestion c;
static uint64_t number;            /* of the packet that was sent last */

static void begin(void)
{
	congestion_init(&c, &session_window);
	number = 1;
}

/* A report of so many packets of these bytes each, while `fly` more are under way. */
static void hear(uint32_t packets, uint32_t size, uint32_t marked, uint64_t fly, uint32_t rtt_us)
{
	struct feedback f = { .packets = packets, .bytes = packets * size, .marked = marked,
	                      .rtt_us = rtt_us, .limited = true };

	number += packets;
	f.heard = number;
	f.next = number + fly;
	congestion_take(&c, &f);
}

static void lose(uint64_t last, uint64_t fly, bool persistent)
{
	struct feedback f = { .lost = 1, .lost_last = last, .heard = number, .next = number + fly,
	                      .persistent = persistent, .limited = true };

	congestion_take(&c, &f);
}

TEST(slow_start_doubles_up_to_the_first_mark)
{
	begin();
	CHECK_EQ(c.cwnd, CWND_START);
	hear(8, CWND_START / 8, 0, 8, 10000);
	CHECK_EQ(c.cwnd, 2 * CWND_START);
	hear(16, CWND_START / 8, 1, 16, 10000);        /* halves, and grows by nothing */
	CHECK_EQ(c.cwnd, CWND_START);
	CHECK_EQ(c.phase, AVOIDANCE);
	hear(8, CWND_START / 8, 8, 8, 10000);          /* sent before: answered already */
	CHECK_EQ(c.cwnd, CWND_START);
}

/* 2 / W with W = 32 packets: a quarter. */
TEST(alpha_starts_where_it_settles)
{
	begin();
	c.cwnd = 64 * CONGESTION_STEP;
	hear(1, 1000, 1, 8, 0);
	CHECK_EQ(c.cwnd, 32 * CONGESTION_STEP);
	CHECK_EQ(c.alpha, ALPHA_ONE / 4);
}

/* RFC 8257, 3.3: alpha = alpha (1 - g) + g F, once a window; cwnd (1 - alpha / 2). */
TEST(alpha_is_the_average_share_of_marks)
{
	uint32_t alpha, cwnd;

	begin();
	c.cwnd = 64 * CONGESTION_STEP;
	hear(1, 1000, 1, 4, 0);
	hear(4, 1000, 4, 4, 0);                        /* of before the cut: tells nothing */
	alpha = c.alpha;
	CHECK_EQ(alpha, ALPHA_ONE / 4);
	hear(4, 1000, 0, 4, 0);                        /* a window without marks */
	CHECK_EQ(c.alpha, alpha - alpha / 16);
	alpha = c.alpha;
	cwnd = c.cwnd;
	hear(1, 1000, 1, 4, 0);                        /* the first mark of a window cuts */
	CHECK_EQ(c.cwnd, cwnd - (uint32_t)((uint64_t)cwnd * alpha / ALPHA_ONE / 2));
	cwnd = c.cwnd;
	hear(3, 1000, 1, 4, 0);                        /* the second does not */
	CHECK_EQ(c.cwnd, cwnd);
	hear(1, 1000, 0, 4, 0);                        /* its end: two of five */
	CHECK_EQ(c.alpha, alpha - alpha / 16 + ALPHA_ONE / 5 * 2 / 16);
	for (int i = 0; i < 1000; i++)
		hear(4, 1000, 4, 4, 0);
	CHECK(c.alpha > ALPHA_ONE - ALPHA_ONE / 100 && c.alpha <= ALPHA_ONE);
	CHECK_EQ(c.cwnd, CWND_MIN);
	for (int i = 0; i < 1000; i++)
		hear(4, 1000, 0, 4, 0);
	CHECK(c.alpha < ALPHA_ONE / 1000);
}

TEST(it_grows_by_a_packet_a_window)
{
	uint32_t cwnd;

	begin();
	lose(0, 0, false);
	cwnd = c.cwnd;
	CHECK_EQ(cwnd, CWND_START / 2);
	hear(4, cwnd / 4, 0, 4, 0);
	CHECK_EQ(c.cwnd, cwnd + CONGESTION_STEP);
	hear(1, cwnd, 0, 4, 0);
	CHECK_EQ(c.cwnd, cwnd + CONGESTION_STEP);
	hear(1, CONGESTION_STEP, 0, 4, 0);
	CHECK_EQ(c.cwnd, cwnd + 2 * CONGESTION_STEP);
	for (int i = 0; i < 100000; i++)
		hear(1, PACKET_MAX, 0, 0, 0);
	CHECK(c.cwnd > cwnd && c.cwnd <= CWND_MAX);
}

/* RFC 9002, 7.3.2 */
TEST(losses_halve_once_a_window)
{
	begin();
	c.cwnd = 1 << 20;
	hear(1, 0, 0, 10, 0);
	lose(1, 10, false);
	CHECK_EQ(c.cwnd, 1 << 19);
	lose(5, 20, false);                            /* sent before that */
	CHECK_EQ(c.cwnd, 1 << 19);
	hear(9, 10000, 0, 20, 0);                      /* and makes nothing grow */
	CHECK_EQ(c.cwnd, 1 << 19);
	lose(number + 5, 20, false);
	CHECK_EQ(c.cwnd, 1 << 18);
}

/* A window that relays have marked, and then dropped of, is halved, not quartered. */
TEST(marks_and_losses_of_one_window_halve_it_once)
{
	begin();
	c.cwnd = 1 << 20;
	hear(1, 0, 1, 100, 0);
	CHECK_EQ(c.cwnd, 1 << 19);
	lose(50, 100, false);
	CHECK_EQ(c.cwnd, 1 << 19);
	hear(1, 0, 1, 100, 0);
	CHECK_EQ(c.cwnd, 1 << 19);
}

/* RFC 9002, 7.6.2 */
TEST(persistent_congestion_begins_anew)
{
	begin();
	c.cwnd = 1 << 20;
	lose(1, 10, true);
	CHECK_EQ(c.cwnd, CWND_MIN);
	CHECK_EQ(c.threshold, 1 << 19);
	hear(20, CWND_MIN / 10, 0, 4, 50000);
	CHECK(c.cwnd > CWND_MIN && c.phase == SLOW_START);
	for (int i = 0; i < 20; i++)
		hear(20, 4000, 0, 4, 50000 + 10000 * (uint32_t)i);
	CHECK_EQ(c.phase, AVOIDANCE);                  /* at the threshold: not by delay */
	CHECK(c.cwnd >= 1 << 19);
}

/* RFC 9406, 4.2: with a round trip of 80 ms, 10 ms more are too much. */
TEST(slow_start_ends_by_delay)
{
	static const struct row {
		const char *why;
		uint32_t rtt_us[8];
		enum phase after[8];
	} rows[] = {
		{ "it stays as it is", { 80000, 80000, 80000, 80000 },
		  { SLOW_START, SLOW_START, SLOW_START, SLOW_START } },
		{ "a little", { 80000, 84000, 88000, 92000 },
		  { SLOW_START, SLOW_START, SLOW_START, SLOW_START } },
		{ "more, for long", { 80000, 95000, 95000, 95000, 95000, 95000, 95000, 95000 },
		  { SLOW_START, CAUTIOUS, CAUTIOUS, CAUTIOUS, CAUTIOUS, CAUTIOUS, AVOIDANCE,
		    AVOIDANCE } },
		{ "and less again", { 80000, 95000, 80000, 80000 },
		  { SLOW_START, CAUTIOUS, SLOW_START, SLOW_START } },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		begin();
		for (unsigned k = 0; k < 8 && rows[i].rtt_us[k]; k++) {
			for (unsigned sample = 0; sample <= RTT_SAMPLES; sample++)
				hear(1, 10, 0, RTT_SAMPLES, rows[i].rtt_us[k]);
			CHECK_EQ(c.phase, rows[i].after[k]);
		}
	}
}

TEST(cautious_growth_is_a_quarter)
{
	uint32_t cwnd;

	begin();
	c.phase = CAUTIOUS;
	cwnd = c.cwnd;
	hear(1, 4000, 0, 100, 0);
	CHECK_EQ(c.cwnd, cwnd + 1000);
}

TEST(what_is_not_used_does_not_grow)
{
	struct feedback f = { .packets = 1, .bytes = 10000, .heard = 5, .next = 6 };

	begin();
	congestion_take(&c, &f);
	CHECK_EQ(c.cwnd, CWND_START);
}

TEST(a_report_of_much_does_not_grow_it_at_one_bound)
{
	begin();
	hear(1000, PACKET_MAX, 0, 1000, 0);
	CHECK_EQ(c.cwnd, CWND_START + GROWTH_MAX);
}

/* Another path: what is still heard of packets that went by the old one is its own affair. */
TEST(marks_and_losses_of_another_path_count_for_nothing)
{
	begin();
	hear(8, CWND_START / 8, 0, 8, 10000);
	congestion_move(&c, number + 8);               /* eight more are under way, there */
	hear(8, CWND_START / 8, 8, 8, 0);
	lose(number - 1, 8, false);
	CHECK_EQ(c.cwnd, CWND_START);
	CHECK_EQ(c.phase, SLOW_START);
	hear(8, CWND_START / 8, 0, 8, 10000);
	CHECK_EQ(c.cwnd, 2 * CWND_START);
	hear(1, CWND_START / 8, 1, 8, 10000);          /* these went by this one */
	CHECK_EQ(c.phase, AVOIDANCE);
}

TEST_MAIN(TEST_CASE(slow_start_doubles_up_to_the_first_mark),
          TEST_CASE(alpha_starts_where_it_settles), TEST_CASE(alpha_is_the_average_share_of_marks),
          TEST_CASE(it_grows_by_a_packet_a_window), TEST_CASE(losses_halve_once_a_window),
          TEST_CASE(marks_and_losses_of_one_window_halve_it_once),
          TEST_CASE(persistent_congestion_begins_anew), TEST_CASE(slow_start_ends_by_delay),
          TEST_CASE(cautious_growth_is_a_quarter), TEST_CASE(what_is_not_used_does_not_grow),
          TEST_CASE(a_report_of_much_does_not_grow_it_at_one_bound),
          TEST_CASE(marks_and_losses_of_another_path_count_for_nothing))
