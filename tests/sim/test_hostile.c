/* test_hostile.c - a relay that alters, replays, reorders or withholds what it forwards: it
 * is found out, named, and gone around; nothing false is delivered, and what was confirmed
 * has arrived once.
 *
 * The hostile relay is a node like others, but for what this file puts into its queues: it
 * stands before: relay_put, by which all that a node forwards goes.
 * covers: src/node/suspects.c */
#include "support/check.h"
#include "support/hostile.h"

enum { MESSAGES = 300 };

static const struct sim_profile slow = { .delay_us = 10000, .buffer = 128 * 1024 };
static const leno_options talkative = { .log_level = LENO_LOG_INFO };

/* a - b - c, and the slow way round a - d - c. b is the hostile one. */
struct square {
	struct sim *sim;
	struct sim_node *a, *b, *c, *d;
};

static void begin(struct square *s, uint64_t seed, bool around)
{
	struct sim *sim = sim_new(seed);

	*s = (struct square){ sim, sim_node(sim, "ada", &talkative), sim_node(sim, "bob", &talkative),
		              sim_node(sim, "cyd", &talkative), sim_node(sim, "dan", &talkative) };
	memset(&evil, 0, sizeof evil);
	evil.sim = sim;
	evil.node = s->b;
	evil.victim = s->a;
	sim_wire(s->a, s->b, NULL);
	sim_wire(s->b, s->c, NULL);
	sim_wire(s->a, s->d, &slow);
	if (around)
		sim_wire(s->d, s->c, &slow);
	CHECK(sim_settle(sim, SECONDS(3)));
}

static void end(struct square *s)
{
	CHECK(sim_invariants(s->sim));
	sim_free(s->sim);
	evil.node = NULL;
}

static bool all_confirmed(const struct sim_node *from, const struct sim_node *to, uint64_t n)
{
	struct sim_tally t = sim_tally(from, to);

	CHECK_EQ(t.sent, n);
	CHECK_EQ(t.confirmed, n);
	CHECK_EQ(t.delivered, n);
	return t.confirmed == n;
}

/* ---- stories --------------------------------------------------------------------------- */

static const struct row {
	enum deed deed;
	const char *why;
	unsigned seconds;            /* by which all has come the other way           */
	bool named_a, named_c;       /* the log of which end names the relay          */
	bool before;                 /* hostile before the two have shaken hands      */
} rows[] = {
	{ FLIP, "a bit of all packets", 5, true, true, false },
	{ FLIP, "from the first sealed packet on", 5, true, true, true },
	{ FLIP_SOME, "a bit of some", 10, true, true, false },
	{ FLIP_ONE_WAY, "a bit of those from one end", 5, true, true, false },
	{ TRUNCATE, "the end is missing", 5, true, true, false },
	{ KEYS, "handshakes with the relay's keys", 10, true, true, true },
	{ EPHEMERAL, "handshakes with another key", 10, true, true, true },
	{ ANSWERS, "answers to handshakes", 5, true, true, true },
	{ WITHHOLD, "all that is sealed is dropped", 15, true, true, false },
};

static bool names_bob(const struct sim_node *node)
{
	return sim_logged(node, "by bob (") || sim_logged(node, "by way of bob (") ||
	       sim_logged(node, "says that our packets");
}

static void talk_both_ways(struct square *s, unsigned n)
{
	sim_talk(s->a, s->c, n, MS(1), 300);
	sim_talk(s->c, s->a, n, MS(1), 300);
}

TEST(a_hostile_relay_is_named_and_gone_around)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		/* By chance one end's handshakes may all be over before three were broken. */
		bool either = row->deed == KEYS || row->deed == EPHEMERAL;
		unsigned sent = MESSAGES;
		struct square s;
		uint64_t from_us;

		CHECK_ROW(row->why);
		begin(&s, 100 + i, true);
		if (!row->before) {
			talk_both_ways(&s, MESSAGES);
			sim_run(s.sim, MS(100));
		}
		evil.deed = row->deed;
		from_us = sim_now(s.sim);
		if (row->before)
			talk_both_ways(&s, MESSAGES);
		CHECK(sim_settle(s.sim, SECONDS(row->seconds)));
		CHECK(evil.harmed > 0);
		CHECK(all_confirmed(s.a, s.c, sent));
		CHECK(all_confirmed(s.c, s.a, sent));
		CHECK(either || names_bob(s.a) == row->named_a);
		CHECK(either || names_bob(s.c) == row->named_c);
		CHECK(sim_logged(s.a, ", the only relay; packets go another way now") ||
		      sim_logged(s.c, ", the only relay; packets go another way now"));
		CHECK(!sim_logged(s.a, "by dan") && !sim_logged(s.c, "by dan"));

		/* From now on nothing is lost any more: it goes by d. */
		evil.harmed = 0;
		talk_both_ways(&s, 100);
		CHECK(sim_settle(s.sim, SECONDS(3)));
		CHECK_EQ(evil.harmed, 0);
		CHECK(sim_now(s.sim) - from_us < SECONDS(30));
		end(&s);
	}
}

TEST(the_only_relay_is_named_and_delivers_nothing_false)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct square s;

		CHECK_ROW(row->why);
		begin(&s, 200 + i, false);
		if (!row->before) {
			talk_both_ways(&s, MESSAGES);
			sim_run(s.sim, MS(100));
		}
		evil.deed = row->deed;
		if (row->before)
			talk_both_ways(&s, MESSAGES);
		sim_run(s.sim, SECONDS(15));
		CHECK(evil.harmed > 0);
		CHECK(sim_logged(s.a, ", the only relay; there is no better way") ||
		      sim_logged(s.c, ", the only relay; there is no better way"));
		if (row->before)
			CHECK_EQ(sim_tally(s.a, s.c).delivered, 0);
		evil.deed = HONEST;
		CHECK(sim_settle(s.sim, SECONDS(10)));
		CHECK(all_confirmed(s.a, s.c, MESSAGES));
		CHECK(all_confirmed(s.c, s.a, MESSAGES));
		end(&s);
	}
}

/* Whatever it does to whichever packet: like loss, or like damage. */
TEST(any_bit_may_flip)
{
	for (unsigned i = 0; i < 5; i++) {
		struct square s;

		begin(&s, 300 + i, true);
		talk_both_ways(&s, MESSAGES);
		sim_run(s.sim, MS(50));
		evil.deed = FLIP_ANY;
		CHECK(sim_settle(s.sim, SECONDS(60)));
		CHECK(all_confirmed(s.a, s.c, MESSAGES));
		CHECK(all_confirmed(s.c, s.a, MESSAGES));
		end(&s);
	}
}

/* The window sees to it: no harm, and nobody is suspected. */
TEST(what_is_replayed_or_reordered_counts_once)
{
	static const enum deed deeds[] = { REPLAY, REORDER };

	for (unsigned i = 0; i < 2; i++) {
		struct square s;

		begin(&s, 400 + i, true);
		talk_both_ways(&s, 10);
		CHECK(sim_settle(s.sim, SECONDS(3)));
		evil.deed = deeds[i];
		talk_both_ways(&s, MESSAGES);
		CHECK(sim_run(s.sim, SECONDS(20)));
		CHECK(evil.harmed > 0);
		evil.deed = HONEST;
		CHECK(sim_settle(s.sim, SECONDS(10)));
		CHECK(all_confirmed(s.a, s.c, MESSAGES + 10));
		CHECK(all_confirmed(s.c, s.a, MESSAGES + 10));
		if (deeds[i] == REPLAY)
			CHECK(sim_stats(s.c).refused_replay > MESSAGES / 4);
		CHECK(!sim_logged(s.a, "altered") && !sim_logged(s.c, "altered"));
		end(&s);
	}
}

/* It comes back to the short way, is harmed again, and stays away twice as long. */
TEST(suspicion_ends_and_comes_back_longer)
{
	unsigned n = 0, quiet = 0, longest = 0;
	uint64_t forwarded;
	struct square s;

	begin(&s, 500, true);
	evil.deed = FLIP;
	for (; n < 600; n++) {
		evil.harmed = 0;
		talk_both_ways(&s, 10);
		sim_run(s.sim, SECONDS(1));
		quiet = evil.harmed ? 0 : quiet + 1;
		longest = quiet > longest ? quiet : longest;
	}
	CHECK(longest >= 230);
	CHECK(sim_settle(s.sim, SECONDS(5)));
	CHECK(all_confirmed(s.a, s.c, 10 * n));
	CHECK(all_confirmed(s.c, s.a, 10 * n));
	evil.deed = HONEST;
	sim_run(s.sim, MINUTES(20));
	forwarded = sim_stats(s.b).forwarded;
	talk_both_ways(&s, 100);
	CHECK(sim_settle(s.sim, SECONDS(5)));
	CHECK(sim_stats(s.b).forwarded > forwarded);
	end(&s);
}

/* a - b - e - c: two relays, of which nobody can say which it was; both are gone around. */
TEST(a_path_of_several_is_named)
{
	struct square s;
	struct sim_node *e;

	begin(&s, 600, false);
	e = sim_node(s.sim, "eve", &talkative);
	sim_kill(s.b, s.c);
	sim_cut(s.b, s.c);
	sim_wire(s.b, e, NULL);
	sim_wire(e, s.c, NULL);
	sim_wire(s.d, s.c, &slow);
	sim_run(s.sim, SECONDS(20));
	talk_both_ways(&s, MESSAGES);
	sim_run(s.sim, MS(50));
	evil.deed = FLIP;
	sim_run(s.sim, SECONDS(10));
	CHECK(all_confirmed(s.a, s.c, MESSAGES));
	CHECK(all_confirmed(s.c, s.a, MESSAGES));
	CHECK(sim_logged(s.a, "by eve (") || sim_logged(s.c, "by bob ("));
	CHECK(sim_logged(s.c, "), eve (") || sim_logged(s.a, "), bob ("));
	CHECK(!sim_logged(s.a, "the only relay") && !sim_logged(s.c, "the only relay"));
	end(&s);
}

/* The relay of the way around dies: another way, or the old one, and nothing is lost. */
TEST(the_way_around_may_break)
{
	struct square s;

	begin(&s, 700, true);
	talk_both_ways(&s, 1000);
	sim_run(s.sim, MS(50));
	evil.deed = FLIP;
	sim_run(s.sim, MS(600));
	sim_crash(s.d);
	sim_run(s.sim, SECONDS(5));
	sim_start(s.d);
	CHECK(sim_settle(s.sim, SECONDS(40)));
	CHECK(all_confirmed(s.a, s.c, 1000));
	CHECK(all_confirmed(s.c, s.a, 1000));
	end(&s);
}

/* a - b - c, and a - d - e - c. First b is hostile, then d leads astray what goes around b. */
TEST(a_route_that_is_changed_leads_astray_and_no_further)
{
	struct sim_node *e;
	struct square s;

	begin(&s, 900, false);
	e = sim_node(s.sim, "eve", &talkative);
	sim_wire(s.d, e, NULL);
	sim_wire(e, s.c, NULL);
	CHECK(sim_settle(s.sim, SECONDS(5)));
	talk_both_ways(&s, MESSAGES);
	sim_run(s.sim, MS(50));
	evil.deed = FLIP;
	CHECK(sim_settle(s.sim, SECONDS(5)));
	CHECK(all_confirmed(s.a, s.c, MESSAGES));
	evil.node = s.d;
	evil.deed = MISROUTE;
	evil.harmed = 0;
	talk_both_ways(&s, MESSAGES);
	CHECK(sim_settle(s.sim, SECONDS(30)));
	CHECK(evil.harmed > 0);
	CHECK(all_confirmed(s.a, s.c, 2 * MESSAGES));
	CHECK(all_confirmed(s.c, s.a, 2 * MESSAGES));
	end(&s);
}

/* A visitor v behind a; a - b - c and a - d - c: its gate is the first relay of each way. */
TEST(visitors_go_around_too)
{
	const leno_options visiting = { .visitor = true, .log_level = LENO_LOG_INFO };
	struct sim_got got[40];
	struct sim_node *v;
	struct square s;
	unsigned answers = 0;

	begin(&s, 950, true);
	v = sim_node(s.sim, "vic", &visiting);
	sim_wire(v, s.a, NULL);
	sim_run(s.sim, SECONDS(2));
	CHECK_EQ(sim_ask(v, s.c, "echo", "well?", 30000, &got[0]), 0);
	sim_run(s.sim, SECONDS(1));
	CHECK_EQ(got[0].error, 0);
	evil.deed = FLIP;
	for (unsigned i = 1; i < 40; i++) {
		CHECK_EQ(sim_ask(v, s.c, "echo", "and now?", 30000, &got[i]), 0);
		sim_run(s.sim, MS(200));
	}
	sim_run(s.sim, SECONDS(10));
	for (unsigned i = 1; i < 40; i++)
		answers += got[i].done && got[i].error == 0;
	CHECK_EQ(answers, 39);
	CHECK(sim_logged(v, "bob (") || sim_logged(s.c, "bob ("));
	end(&s);
}

/* Without memory for what is known of them, suspicion comes a packet later. */
TEST(suspicion_needs_no_memory_to_be_safe)
{
	for (size_t nth = 1; nth <= 12; nth++) {
		struct square s;

		begin(&s, 1000 + nth, true);
		talk_both_ways(&s, 1);
		CHECK(sim_settle(s.sim, SECONDS(1)));
		evil.deed = FLIP;
		for (unsigned i = 0; i < 20; i++) {
			CHECK_EQ(sim_send(s.a, s.c, 300), 0);
			CHECK_EQ(sim_send(s.c, s.a, 300), 0);
		}
		mem_fail(nth, nth % 3);
		sim_forgive(s.sim);
		sim_run(s.sim, MS(400));
		mem_fail(0, 0);
		CHECK(sim_settle(s.sim, SECONDS(20)));
		CHECK_EQ(sim_tally(s.a, s.c).open, 0);
		CHECK(sim_logged(s.a, "by bob (") || sim_logged(s.c, "by bob (") ||
		      sim_logged(s.a, "by way of bob (") || sim_logged(s.c, "by way of bob ("));
		end(&s);
	}
}

/* Ways of one length, of which each end and each relay takes what it likes: whoever is
 * suspected wrongly is come back to. a - (b | d | e) - (f | g | h) - c, all joined. */
TEST(among_many_ways_of_one_length_an_honest_one_is_found)
{
	unsigned met = 0;

	for (unsigned seed = 0; seed < 10; seed++) {
		struct sim_node *n[4];
		struct square s;

		begin(&s, 1100 + seed, false);
		sim_kill(s.b, s.c);
		sim_cut(s.b, s.c);
		for (unsigned i = 0; i < 4; i++)
			n[i] = sim_node(s.sim, (const char *[]){ "eve", "fay", "gus", "hal" }[i],
			                &talkative);
		sim_wire(s.a, n[0], NULL);
		sim_cable(s.a, s.d, NULL);
		for (unsigned i = 1; i < 4; i++) {
			sim_wire(s.b, n[i], NULL);
			sim_wire(s.d, n[i], NULL);
			sim_wire(n[0], n[i], NULL);
			sim_wire(n[i], s.c, NULL);
		}
		sim_run(s.sim, SECONDS(20));
		evil.node = seed % 2 ? n[1 + seed / 2 % 3] : s.b;
		talk_both_ways(&s, MESSAGES);
		sim_run(s.sim, MS(50));
		evil.deed = FLIP;
		sim_run(s.sim, SECONDS(15));
		CHECK(all_confirmed(s.a, s.c, MESSAGES));
		CHECK(all_confirmed(s.c, s.a, MESSAGES));
		met += evil.harmed > 0;
		end(&s);
	}
	CHECK(met >= 3);
}

/* A link that is slow, but nobody's to alter. */
TEST(a_direct_link_may_be_the_way_around)
{
	static const struct sim_profile slower = { .delay_us = 40000, .buffer = 128 * 1024 };
	struct square s;

	begin(&s, 800, false);
	sim_wire(s.a, s.c, &slower);
	sim_run(s.sim, SECONDS(20));
	talk_both_ways(&s, MESSAGES);
	sim_run(s.sim, MS(50));
	evil.deed = FLIP;
	CHECK(sim_settle(s.sim, SECONDS(5)));
	CHECK(all_confirmed(s.a, s.c, MESSAGES));
	CHECK(all_confirmed(s.c, s.a, MESSAGES));
	end(&s);
}

TEST_MAIN(TEST_CASE(a_hostile_relay_is_named_and_gone_around),
          TEST_CASE(the_only_relay_is_named_and_delivers_nothing_false),
          TEST_CASE(any_bit_may_flip), TEST_CASE(what_is_replayed_or_reordered_counts_once),
          TEST_CASE(suspicion_ends_and_comes_back_longer), TEST_CASE(a_path_of_several_is_named),
          TEST_CASE(the_way_around_may_break), TEST_CASE(a_direct_link_may_be_the_way_around),
          TEST_CASE(a_route_that_is_changed_leads_astray_and_no_further),
          TEST_CASE(visitors_go_around_too),
          TEST_CASE(among_many_ways_of_one_length_an_honest_one_is_found), TEST_CASE(suspicion_needs_no_memory_to_be_safe))
