/* How the window grows and shrinks, and when silence is loss. */
#include "session/window.h"
#include "support/check.h"

TEST(the_round_trip_is_smoothed)
{
	struct window w;

	window_reset(&w, true);
	window_sent(&w, 100, false, 1000);
	window_arm(&w, 1000);
	CHECK_EQ(w.due_us, 1000 + PTO_FIRST_US);
	window_sent(&w, 200, false, 2000);             /* one is measured at a time */
	window_acked(&w, 200, 200, false, 41000);
	CHECK_EQ(w.srtt_us, 40000);
	CHECK_EQ(w.var_us, 20000);
	CHECK(w.due_us == NEVER);
	window_sent(&w, 300, false, 50000);
	window_acked(&w, 300, 100, true, 170000);
	CHECK_EQ(w.srtt_us, (7 * 40000 + 120000) / 8);
	CHECK_EQ(w.due_us, 170000 + 3 * w.srtt_us);
}

TEST(what_was_sent_again_is_not_measured)
{
	struct window w;

	window_reset(&w, true);
	window_sent(&w, 100, false, 1000);
	window_sent(&w, 100, true, 2000);
	window_acked(&w, 100, 100, false, 900000);
	CHECK_EQ(w.srtt_us, 0);
}

TEST(it_doubles_then_grows_by_a_packet_a_round)
{
	struct window w;

	window_reset(&w, true);
	window_acked(&w, CWND_START, CWND_START, true, 1);
	CHECK_EQ(w.cwnd, 2 * CWND_START);
	CHECK(window_cut(&w, 100000));
	CHECK_EQ(w.cwnd, CWND_START);
	CHECK(!window_cut(&w, 100001));                /* once a round trip */
	window_acked(&w, 0, CWND_START, true, 1);
	CHECK_EQ(w.cwnd, CWND_START + PACKET_MAX);
	window_acked(&w, 0, CWND_START, true, 1);
	CHECK_EQ(w.cwnd, CWND_START + PACKET_MAX);
	window_acked(&w, 0, CWND_START, true, 1);
	CHECK_EQ(w.cwnd, CWND_START + 2 * PACKET_MAX);
	for (int i = 0; i < 1000; i++)
		window_acked(&w, 0, SESSION_WINDOW, true, 1);
	CHECK_EQ(w.cwnd, SESSION_WINDOW);
	for (uint64_t i = 0; i < 20; i++)
		window_expired(&w, 1000000 * i);
	CHECK_EQ(w.cwnd, CWND_MIN);
}

TEST(patience_doubles_to_its_bound)
{
	struct window w;
	uint64_t last = 0;

	window_reset(&w, true);
	for (int i = 0; i < 12; i++) {
		window_arm(&w, 0);
		CHECK(w.due_us >= last && w.due_us <= PTO_MAX_US);
		last = w.due_us;
		window_expired(&w, 0);
		CHECK(w.due_us == NEVER);
	}
	CHECK_EQ(last, PTO_MAX_US);
}

TEST(a_direct_path_has_no_timer)
{
	struct window w;

	window_reset(&w, false);
	window_sent(&w, 100, false, 1);
	window_arm(&w, 1);
	CHECK(w.due_us == NEVER);
	window_acked(&w, 100, 100, true, 500);
	CHECK(w.due_us == NEVER);
	CHECK_EQ(w.srtt_us, 499);
}

TEST_MAIN(TEST_CASE(the_round_trip_is_smoothed), TEST_CASE(what_was_sent_again_is_not_measured),
          TEST_CASE(it_doubles_then_grows_by_a_packet_a_round),
          TEST_CASE(patience_doubles_to_its_bound), TEST_CASE(a_direct_path_has_no_timer))
