/* test_talk.c - stories in which nothing breaks: everything arrives, wherever it goes.
 *
 * covers: src/driver/sim/talk.c src/driver/sim/calls.c src/driver/sim/pipe.c */
#include "support/check.h"

#include "driver/sim/sim.h"

#include <stdlib.h>

static const struct sim_profile slow = {
	.delay_us = 20000, .jitter_us = 3000, .bandwidth = 2000000, .buffer = 128 * 1024
};

/* A chain of so many nodes, each of which dials the next. */
static void chain(struct sim *sim, struct sim_node **nodes, unsigned n)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j" };
	char name[16];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof name, "n%u", i);
		nodes[i] = sim_node(sim, n <= 10 ? names[i] : name, NULL);
		if (i)
			sim_wire(nodes[i - 1], nodes[i], NULL);
	}
}

static bool all_confirmed(const struct sim_node *from, const struct sim_node *to, uint64_t n)
{
	struct sim_tally tally = sim_tally(from, to);

	CHECK_EQ(tally.sent, n);
	CHECK_EQ(tally.delivered, n);
	CHECK_EQ(tally.confirmed, n);
	return tally.confirmed == n;
}

TEST(neighbours_talk)
{
	struct sim *sim = sim_new(1);
	struct sim_node *n[2];

	chain(sim, n, 2);
	CHECK(sim_settle(sim, SECONDS(1)));
	CHECK_EQ(sim_ups(n[0], n[1]), 1);
	CHECK_EQ(sim_ups(n[1], n[0]), 1);
	sim_talk(n[0], n[1], 500, MS(1), 100);
	sim_talk(n[1], n[0], 500, 0, 64);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK(all_confirmed(n[0], n[1], 500));
	CHECK(all_confirmed(n[1], n[0], 500));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(a_message_crosses_one_two_and_many_relays)
{
	static const unsigned lengths[] = { 3, 4, 10, 20 };

	for (unsigned i = 0; i < 4; i++) {
		struct sim *sim = sim_new(10 + i);
		struct sim_node *n[20];
		unsigned last = lengths[i] - 1;

		chain(sim, n, lengths[i]);
		CHECK(sim_settle(sim, SECONDS(5)));
		sim_talk(n[0], n[last], 200, MS(1), 300);
		sim_talk(n[last], n[0], 20, MS(3), 9000);
		CHECK(sim_settle(sim, SECONDS(10)));
		CHECK(all_confirmed(n[0], n[last], 200));
		CHECK(all_confirmed(n[last], n[0], 20));
		CHECK(sim_invariants(sim));
		sim_free(sim);
	}
}

/* Sizes at which framing, packets and fragments change their ways. */
TEST(every_size_arrives_whole)
{
	static const size_t sizes[] = {
		0,     1,     15,    16,    127,   128,   16000,   16367,
		16384, 16385, 32767, 65535, 65536, 65537, 1 << 20, 5000000
	};
	struct sim *sim = sim_new(2);
	struct sim_node *n[3];

	chain(sim, n, 3);
	CHECK(sim_settle(sim, SECONDS(1)));
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		sim_talk(n[0], n[1], 1, 0, sizes[i]);
		sim_talk(n[0], n[2], 1, 0, sizes[i]);
	}
	CHECK(sim_settle(sim, SECONDS(30)));
	CHECK(all_confirmed(n[0], n[1], sizeof sizes / sizeof *sizes));
	CHECK(all_confirmed(n[0], n[2], sizeof sizes / sizeof *sizes));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(requests_are_answered_refused_or_time_out_alone)
{
	struct sim *sim = sim_new(3);
	struct sim_node *n[3];
	struct sim_got echo, late, refused, silent, twice;

	chain(sim, n, 3);
	CHECK(sim_settle(sim, SECONDS(1)));
	CHECK_EQ(sim_ask(n[0], n[2], "silent", "?", 200, &silent), 0);
	CHECK_EQ(sim_ask(n[0], n[2], "echo", "hello", 1000, &echo), 0);
	CHECK_EQ(sim_ask(n[0], n[2], "late", "later", 1000, &late), 0);
	CHECK_EQ(sim_ask(n[0], n[2], "refuse", "", 1000, &refused), 0);
	CHECK_EQ(sim_ask(n[0], n[2], "twice", "2", 1000, &twice), 0);
	CHECK(sim_run_until(sim, &silent.done, SECONDS(2)));

	CHECK(echo.done && echo.error == 0);
	CHECK_STR(echo.text, "hello");
	CHECK(late.done && late.error == 0);
	CHECK_STR(late.text, "later");
	CHECK(refused.done && refused.error == LENO_REFUSED && refused.code == 7);
	CHECK(twice.done && twice.error == 0);
	CHECK_EQ(silent.error, LENO_TIMEOUT);
	CHECK(sim_settle(sim, SECONDS(1)));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* An answer that comes after its request has timed out changes nothing. */
TEST(a_late_answer_is_harmless)
{
	struct sim *sim = sim_new(4);
	struct sim_node *n[2];
	struct sim_got got;

	chain(sim, n, 2);
	CHECK(sim_settle(sim, SECONDS(1)));
	CHECK_EQ(sim_ask(n[0], n[1], "late", "too late", 20, &got), 0);
	CHECK(sim_run_until(sim, &got.done, SECONDS(1)));
	CHECK_EQ(got.error, LENO_TIMEOUT);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(sim_ask(n[0], n[1], "echo", "again", 1000, &got), 0);
	CHECK(sim_run_until(sim, &got.done, SECONDS(1)));
	CHECK_EQ(got.error, 0);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(a_broadcast_reaches_all_once)
{
	struct sim *sim = sim_new(5);
	struct sim_node *n[8];
	uint32_t confirmed, unknown;

	chain(sim, n, 8);
	sim_wire(n[0], n[4], NULL);
	sim_wire(n[2], n[7], NULL);
	CHECK(sim_settle(sim, SECONDS(2)));
	for (unsigned i = 0; i < 30; i++)
		CHECK_EQ(sim_broadcast(n[3], i * 500), 0);
	CHECK(sim_settle(sim, SECONDS(10)));
	for (unsigned i = 0; i < 8; i++)
		CHECK_EQ(sim_casts_got(n[i]), i == 3 ? 0 : 30);
	sim_cast_last(n[3], &confirmed, &unknown);
	CHECK_EQ(confirmed, 7);
	CHECK_EQ(unknown, 0);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* A full queue says so, and says when there is room again. */
TEST(again_is_followed_by_writable)
{
	const leno_options small = { .queue_max = 64 * 1024 };
	struct sim *sim = sim_new(6);
	struct sim_node *a = sim_node(sim, "a", &small), *b = sim_node(sim, "b", NULL);
	unsigned sent = 0;

	sim_wire(a, b, &slow);
	CHECK(sim_settle(sim, SECONDS(2)));
	while (sent < 10000 && sim_send(a, b, 1000) == 0)
		sent++;
	CHECK(sent >= 30 && sent < 200);
	CHECK_EQ(sim_send(a, b, 1000), LENO_AGAIN);
	CHECK(sim_blocked(a, b));
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK(!sim_blocked(a, b));
	CHECK_EQ(sim_send(a, b, 1000), 0);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK(all_confirmed(a, b, sent + 1));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* The bulk does not delay what another session sends over the same relay. */
TEST(a_large_message_lets_small_ones_pass)
{
	bool slow_machine = getenv("LENO_SLOW") != NULL;
	struct sim *sim = sim_new(7);
	struct sim_node *n[3];
	struct sim_profile line = { .delay_us = 200, .bandwidth = 20000000, .buffer = 128 * 1024 };
	struct sim_got got;
	uint64_t before;

	chain(sim, n, 3);
	sim_cable(n[0], n[1], &line);
	sim_cable(n[1], n[2], &line);
	CHECK(sim_settle(sim, SECONDS(1)));
	CHECK_EQ(sim_send(n[0], n[2], slow_machine ? 8 << 20 : 64 << 20), 0);
	sim_run(sim, MS(300));
	CHECK_EQ(sim_tally(n[0], n[2]).delivered, 0);
	for (unsigned i = 0; i < 5; i++) {
		before = sim_now(sim);
		CHECK_EQ(sim_ask(n[0], n[1], "echo", "ping", 5000, &got), 0);
		CHECK(sim_run_until(sim, &got.done, SECONDS(5)));
		CHECK_EQ(got.error, 0);
		CHECK(got.at_us - before < MS(200));
	}
	CHECK(sim_settle(sim, SECONDS(60)));
	CHECK(all_confirmed(n[0], n[2], 1));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* Small messages of the same session go on after a large one; none overtakes it. */
TEST(small_messages_keep_their_order_behind_a_large_one)
{
	struct sim *sim = sim_new(8);
	struct sim_node *n[2];

	chain(sim, n, 2);
	CHECK(sim_settle(sim, SECONDS(1)));
	sim_talk(n[0], n[1], 10, 0, 10);
	sim_run(sim, MS(1));
	CHECK_EQ(sim_send(n[0], n[1], 3 << 20), 0);
	sim_talk(n[0], n[1], 10, 0, 10);
	CHECK(sim_settle(sim, SECONDS(20)));
	CHECK(all_confirmed(n[0], n[1], 21));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(a_message_over_the_receivers_bound_is_too_big)
{
	const leno_options modest = { .message_max = 100000 };
	struct sim *sim = sim_new(9);
	struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", &modest);

	sim_wire(a, b, NULL);
	CHECK(sim_settle(sim, SECONDS(1)));
	CHECK_EQ(sim_send(a, b, 90000), 0);
	CHECK(sim_settle(sim, SECONDS(2)));
	CHECK_EQ(sim_send(a, b, 200000), LENO_TOO_BIG);
	CHECK_EQ(sim_send(a, b, 50), 0);
	CHECK(sim_settle(sim, SECONDS(2)));
	CHECK(all_confirmed(a, b, 2));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(bytes_may_come_one_by_one)
{
	struct sim *sim = sim_new(11);
	struct sim_node *n[3];
	struct sim_profile dribble = sim_lan;

	dribble.dribble = 1;
	chain(sim, n, 3);
	sim_cable(n[0], n[1], &dribble);
	sim_cable(n[1], n[2], &dribble);
	CHECK(sim_settle(sim, SECONDS(5)));
	sim_talk(n[0], n[2], 20, MS(1), 500);
	sim_talk(n[2], n[1], 20, MS(1), 0);
	CHECK(sim_settle(sim, SECONDS(10)));
	CHECK(all_confirmed(n[0], n[2], 20));
	CHECK(all_confirmed(n[2], n[1], 20));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(a_network_with_a_secret_works_alike)
{
	static const uint8_t secret[32] = "thirty-two bytes that we know...";
	const leno_options options = { .secret = { secret, 32 }, .network = "ours" };
	struct sim *sim = sim_new(12);
	struct sim_node *a = sim_node(sim, "a", &options), *b = sim_node(sim, "b", &options),
			*c = sim_node(sim, "c", &options);

	sim_wire(a, b, NULL);
	sim_wire(c, b, NULL);
	CHECK(sim_settle(sim, SECONDS(1)));
	sim_talk(a, c, 100, MS(1), 100);
	sim_talk(c, a, 100, MS(1), 100);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK(all_confirmed(a, c, 100));
	CHECK(all_confirmed(c, a, 100));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST_MAIN(TEST_CASE(neighbours_talk), TEST_CASE(a_message_crosses_one_two_and_many_relays),
          TEST_CASE(every_size_arrives_whole),
          TEST_CASE(requests_are_answered_refused_or_time_out_alone),
          TEST_CASE(a_late_answer_is_harmless), TEST_CASE(a_broadcast_reaches_all_once),
          TEST_CASE(again_is_followed_by_writable), TEST_CASE(a_large_message_lets_small_ones_pass),
          TEST_CASE(small_messages_keep_their_order_behind_a_large_one),
          TEST_CASE(a_message_over_the_receivers_bound_is_too_big),
          TEST_CASE(bytes_may_come_one_by_one), TEST_CASE(a_network_with_a_secret_works_alike))
