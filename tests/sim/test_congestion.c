/* test_congestion.c - sessions across a relay whose second line is narrow: how much of it
 * they use, how long packets wait at the relay, how they share, what losses cost, and whether
 * it is what was published of DCTCP.
 *
 * covers: src/driver/sim/pipe.c */
#include <stdlib.h>

#include "support/check.h"

#include "driver/sim/sim.h"
#include "node/node.h"
#include "session/inside.h"
#include "session/window.h"

enum {
	SENDERS_MAX = 8,
	KERNEL = 64 * 1024,    /* what a socket takes beyond the bytes on the line: tcp.c */
	BODY = 30000
};
#define MB ((uint64_t)1000000)

static const leno_options roomy = { .queue_max = 24 << 20, .memory_max = 512 << 20 };

/* Senders - relay - receiver, all through the one line behind the relay. */
struct narrow {
	struct sim *sim;
	struct sim_node *from[SENDERS_MAX], *relay, *to;
	unsigned n;
	uint64_t bandwidth;
	/* of watch(): */
	uint64_t looks, wait_sum_us, wait_max_us, long_waits;
	double alpha_sum;
};

static struct sim_profile line_of(uint64_t bandwidth, uint64_t rtt_us)
{
	return (struct sim_profile){ .delay_us = rtt_us / 2, .bandwidth = bandwidth,
		                     .segment = 8000,
		                     .buffer = bandwidth * rtt_us / 1000000 + KERNEL,
		                     .class = LENO_PIPE_STREAM };
}

/* Sender i is i * spread_us farther away (there and back). */
static struct narrow narrow(uint64_t seed, unsigned n, uint64_t bandwidth, uint64_t rtt_us,
                            uint64_t spread_us)
{
	static const char *const names[] = { "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7" };
	struct sim_profile far = line_of(bandwidth, rtt_us);
	struct narrow s = { .sim = sim_new(seed), .n = n, .bandwidth = bandwidth };

	s.relay = sim_node(s.sim, "relay", NULL);
	s.to = sim_node(s.sim, "to", &roomy);
	sim_wire(s.relay, s.to, &far);
	for (unsigned i = 0; i < n; i++) {
		struct sim_profile near = line_of(4 * bandwidth, 100 + i * spread_us);

		s.from[i] = sim_node(s.sim, names[i], &roomy);
		sim_wire(s.from[i], s.relay, &near);
	}
	CHECK(sim_settle(s.sim, SECONDS(3)));
	return s;
}

/* Each sends more than the line can take in this time. */
static void pour(struct narrow *s, uint64_t us)
{
	for (unsigned i = 0; i < s->n; i++)
		sim_talk(s->from[i], s->to, (unsigned)(s->bandwidth * us / 1000000 / BODY + 2000),
		         0, BODY);
}

static struct session *session_of(struct sim_node *from, struct sim_node *to)
{
	return peers_get(sim_leno(from), sim_id(to))->session;
}

/* Lets it run, looking at the relay each half millisecond; the bytes that came meanwhile. */
static uint64_t watch(struct narrow *s, uint64_t us)
{
	uint64_t before = sim_delivered_bytes(s->sim), end = sim_now(s->sim) + us;

	s->looks = s->wait_sum_us = s->wait_max_us = s->long_waits = 0;
	s->alpha_sum = 0;
	for (; sim_now(s->sim) < end && sim_run(s->sim, 500); s->looks++) {
		uint64_t wait_us = sim_stats(s->relay).relay_queue_us;

		s->wait_sum_us += wait_us;
		s->long_waits += wait_us > MS(20);
		if (wait_us > s->wait_max_us)
			s->wait_max_us = wait_us;
		s->alpha_sum += session_of(s->from[0], s->to)->out.congestion.alpha;
	}
	return sim_delivered_bytes(s->sim) - before;
}

static double used(const struct narrow *s, uint64_t bytes, uint64_t us)
{
	return (double)bytes * 1e6 / (double)us / (double)s->bandwidth;
}

static void say(const struct narrow *s, const char *what, double use)
{
	printf("  %-26s use %5.1f %%, wait %5.2f ms, at most %5.2f ms\n", what, 100 * use,
	       (double)s->wait_sum_us / (double)s->looks / 1000, (double)s->wait_max_us / 1000);
}

/* 85 % of the line, and nobody waits for 20 ms at the relay. */
TEST(one_session_fills_the_line_and_no_queue)
{
	static const struct row {
		const char *why;
		uint64_t bandwidth, rtt_us, warm_us, us;
	} rows[] = {
		{ "1 MB/s, 2 ms", 1 * MB, MS(2), SECONDS(4), SECONDS(5) },
		{ "1 MB/s, 20 ms", 1 * MB, MS(20), SECONDS(4), SECONDS(5) },
		{ "1 MB/s, 100 ms", 1 * MB, MS(100), SECONDS(5), SECONDS(5) },
		{ "10 MB/s, 2 ms", 10 * MB, MS(2), SECONDS(2), SECONDS(2) },
		{ "10 MB/s, 20 ms", 10 * MB, MS(20), SECONDS(2), SECONDS(2) },
		{ "10 MB/s, 100 ms", 10 * MB, MS(100), SECONDS(4), SECONDS(3) },
		{ "50 MB/s, 2 ms", 50 * MB, MS(2), MS(300), MS(300) },
		{ "50 MB/s, 20 ms", 50 * MB, MS(20), MS(600), MS(400) },
		{ "50 MB/s, 100 ms", 50 * MB, MS(100), MS(2200), MS(1000) },
	};

	const size_t n = sizeof rows / sizeof *rows, slow = n - 3;

	for (size_t i = 0; i < (getenv("LENO_SLOW") ? slow : n); i++) {
		struct narrow s = narrow(i + 1, 1, rows[i].bandwidth, rows[i].rtt_us, 0);
		double use;

		CHECK_ROW(rows[i].why);
		pour(&s, rows[i].warm_us + rows[i].us);
		watch(&s, rows[i].warm_us);
		use = used(&s, watch(&s, rows[i].us), rows[i].us);
		say(&s, rows[i].why, use);
		CHECK(use > 0.85);
		CHECK(s.wait_max_us < MS(20));
		CHECK_EQ(sim_stats(s.from[0]).probes, 0);
		CHECK(sim_invariants(s.sim));
		sim_free(s.sim);
	}
}

/* Jain's index of what each got: 1 is equal shares, 1 / n is one for all. */
static double jain(const struct narrow *s, uint64_t us)
{
	double sum = 0, squares = 0;
	uint64_t before[SENDERS_MAX];

	for (unsigned i = 0; i < s->n; i++)
		before[i] = sim_tally(s->from[i], s->to).confirmed;
	sim_run(s->sim, us);
	for (unsigned i = 0; i < s->n; i++) {
		double got = (double)(sim_tally(s->from[i], s->to).confirmed - before[i]);

		sum += got;
		squares += got * got;
	}
	return sum * sum / (squares * s->n);
}

TEST(eight_sessions_share_a_line)
{
	static const struct row {
		const char *why;
		uint64_t bandwidth, rtt_us, spread_us;
		double fair;
	} rows[] = {
		{ "10 MB/s, 10 ms", 10 * MB, MS(10), 0, 0.9 },
		{ "20 MB/s, 20 ms", 20 * MB, MS(20), 0, 0.9 },
		/* As with every window: who is nearer gets more, and nobody starves. */
		{ "20 MB/s, 5 to 40 ms", 20 * MB, MS(5), MS(5), 0.5 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct narrow s = narrow(20 + i, 8, rows[i].bandwidth, rows[i].rtt_us,
		                         rows[i].spread_us);
		double fair, use;

		CHECK_ROW(rows[i].why);
		pour(&s, SECONDS(8));
		watch(&s, SECONDS(3));
		fair = jain(&s, SECONDS(3));
		use = used(&s, watch(&s, SECONDS(1)), SECONDS(1));
		say(&s, rows[i].why, use);
		printf("  %-26s fairness %.3f\n", "", fair);
		CHECK(fair > rows[i].fair);
		CHECK(use > 0.85);
		CHECK(s.wait_max_us < MS(20));
		CHECK(sim_invariants(s.sim));
		sim_free(s.sim);
	}
}

/* Alizadeh et al., Data Center TCP, SIGCOMM 2010, section 3.3: one flow's window swings by
 * W* alpha / 2 about the threshold K, with alpha = sqrt(2 / W*), W* = C RTT + K in packets. */
TEST(it_does_what_was_published_of_dctcp)
{
	struct narrow s = narrow(30, 1, 20 * MB, MS(20), 0);
	double packets = (20e6 * (0.02 + RELAY_MARK_US / 1e6) + KERNEL) / CONGESTION_STEP;
	double predicted = 0, alpha, wait;

	pour(&s, SECONDS(4));
	watch(&s, SECONDS(2));
	watch(&s, SECONDS(2));
	while (predicted * predicted < 2 / packets)
		predicted += 0.001;
	alpha = s.alpha_sum / (double)s.looks / ALPHA_ONE;
	wait = (double)s.wait_sum_us / (double)s.looks;
	printf("  W* %.0f packets: alpha %.3f, predicted %.3f; wait %.1f ms, threshold %.1f ms\n",
	       packets, alpha, predicted, wait / 1000, RELAY_MARK_US / 1000.0);
	CHECK(alpha > predicted / 2 && alpha < predicted * 2);
	CHECK(wait > RELAY_MARK_US / 4.0 && wait < RELAY_MARK_US * 1.5);
	CHECK(s.wait_max_us < 2 * RELAY_MARK_US);
	CHECK_EQ(sim_stats(s.from[0]).lost_packets, 0);
	sim_free(s.sim);
}

/* Slow start on a fat line runs a relay's queue over: mended by reports alone. */
TEST(an_overflow_is_mended_without_a_timer)
{
	struct narrow s = narrow(31, 1, 50 * MB, MS(100), 0);
	leno_stats stats;

	pour(&s, SECONDS(2));
	watch(&s, SECONDS(2));
	stats = sim_stats(s.from[0]);
	printf("  %u packets lost, %u KB sent again, %u probes\n", (unsigned)stats.lost_packets,
	       (unsigned)(stats.resent_bytes / 1000), (unsigned)stats.probes);
	CHECK(sim_stats(s.relay).dropped > 0);
	CHECK_EQ(stats.lost_packets, sim_stats(s.relay).dropped);
	CHECK(stats.resent_bytes <= stats.lost_packets * PACKET_MAX);
	CHECK_EQ(stats.probes, 0);
	CHECK(sim_invariants(s.sim));
	sim_free(s.sim);
}

/* from - r1 - r2 - to, and r1 - r3 - to, a little farther: what waits at r1 for r2 dies with
 * their pipe, while the path of `from` begins as before, so that nothing tells it. A window
 * that dies as a whole leaves nobody to report it: one probe each time. */
TEST(a_window_that_dies_on_the_way_costs_a_probe)
{
	struct sim *sim = sim_new(32);
	struct sim_node *from = sim_node(sim, "from", &roomy), *r1 = sim_node(sim, "r1", NULL),
			*r2 = sim_node(sim, "r2", NULL), *r3 = sim_node(sim, "r3", NULL),
			*to = sim_node(sim, "to", NULL);
	struct sim_profile near = line_of(80 * MB, 200), fast = line_of(10 * MB, MS(4)),
			   slow = line_of(10 * MB, MS(8));
	leno_stats stats;

	sim_wire(from, r1, &near);
	sim_wire(r1, r2, &fast);
	sim_wire(r2, to, &near);
	sim_wire(r1, r3, &slow);
	sim_wire(r3, to, &near);
	CHECK(sim_settle(sim, SECONDS(3)));
	sim_talk(from, to, 1500, 0, BODY);
	for (unsigned i = 0; i < 10; i++) {
		sim_run(sim, MS(200));
		sim_kill(r1, r2);
	}
	CHECK(sim_settle(sim, SECONDS(30)));
	stats = sim_stats(from);
	printf("  %u packets lost, %u KB sent again, %u probes\n", (unsigned)stats.lost_packets,
	       (unsigned)(stats.resent_bytes / 1000), (unsigned)stats.probes);
	CHECK(stats.lost_packets > 0);
	CHECK(stats.probes <= 10);
	CHECK_EQ(sim_tally(from, to).confirmed, 1500);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST_MAIN(TEST_CASE(one_session_fills_the_line_and_no_queue),
          TEST_CASE(eight_sessions_share_a_line), TEST_CASE(it_does_what_was_published_of_dctcp),
          TEST_CASE(an_overflow_is_mended_without_a_timer),
          TEST_CASE(a_window_that_dies_on_the_way_costs_a_probe))
