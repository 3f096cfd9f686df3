/* test_ledger.c - a ledger that cannot complain is worth nothing: each lie is caught.
 *
 * covers: src/driver/sim/ledger.c src/driver/sim/body.c */
#include "support/check.h"

#include "driver/sim/book.h"

struct lie {
	struct sim *sim;
	struct sim_node *a, *b;
};

/* Two nodes that have exchanged two messages, confirmed. */
static struct lie begin(void)
{
	struct sim *sim = sim_new(1);
	struct lie l = { sim, sim_node(sim, "a", NULL), sim_node(sim, "b", NULL) };

	sim_mute(sim, true);
	sim_wire(l.a, l.b, NULL);
	CHECK(sim_settle(sim, SECONDS(1)));
	sim_talk(l.a, l.b, 2, 0, 100);
	CHECK(sim_settle(sim, SECONDS(1)));
	CHECK_EQ(sim_tally(l.a, l.b).confirmed, 2);
	CHECK(sim_invariants(sim));
	return l;
}

static void end(struct lie *l, const char *sentence)
{
	CHECK(!sim_invariants(l->sim));
	CHECK(sim_failure(l->sim) && strstr(sim_failure(l->sim), sentence));
	CHECK(!sim_run(l->sim, 1)); /* time stands still */
	sim_free(l->sim);
}

static leno_bytes body(struct lie *l, uint32_t number, size_t size)
{
	struct body_head head = { 1, number, size };

	return (leno_bytes){ body_make(l->sim, body_key('m', 0, 1, 1, number), &head), size };
}

TEST(a_repeated_message_is_caught)
{
	struct lie l = begin();

	ledger_message(l.b, l.a, "text", body(&l, 1, 100));
	end(&l, "arrived twice");
}

TEST(a_message_that_nobody_sent_is_caught)
{
	struct lie l = begin();

	ledger_message(l.b, l.a, "text", body(&l, 7, 100));
	end(&l, "fits none");
}

TEST(a_changed_byte_is_caught)
{
	struct lie l = begin();
	uint8_t changed[100];

	sim_cut(l.a, l.b);
	CHECK_EQ(sim_send(l.a, l.b, 100), 0);
	memcpy(changed, body(&l, 2, 100).data, 100);
	changed[99] ^= 1;
	ledger_message(l.b, l.a, "text", (leno_bytes){ changed, 100 });
	end(&l, "arrived changed");
}

TEST(an_overtaken_message_is_caught)
{
	struct lie l = begin();

	sim_cut(l.a, l.b);
	CHECK_EQ(sim_send(l.a, l.b, 100), 0);
	CHECK_EQ(sim_send(l.a, l.b, 100), 0);
	ledger_message(l.b, l.a, "text", body(&l, 3, 100));
	CHECK(sim_invariants(l.sim));
	ledger_message(l.b, l.a, "text", body(&l, 2, 100));
	end(&l, "arrived after number 3");
}

TEST(a_false_confirmation_is_caught)
{
	struct lie l = begin();
	uint64_t seq = 0;

	sim_cut(l.a, l.b);
	CHECK_EQ(sim_send(l.a, l.b, 100), 0);
	seq = book_flow(l.a, l.b)->sent[2].seq;
	ledger_sent(l.a, l.b, seq, seq, LENO_CONFIRMED);
	end(&l, "never arrived");
}

TEST(an_outcome_said_twice_is_caught)
{
	struct lie l = begin();
	uint64_t seq = book_flow(l.a, l.b)->sent[0].seq;

	ledger_sent(l.a, l.b, seq, seq, LENO_CONFIRMED);
	end(&l, "ended twice");
}

TEST(giving_up_on_the_living_is_caught)
{
	struct lie l = begin();
	uint64_t seq = 0;

	sim_cut(l.a, l.b);
	CHECK_EQ(sim_send(l.a, l.b, 100), 0);
	seq = book_flow(l.a, l.b)->sent[2].seq;
	ledger_sent(l.a, l.b, seq, seq, LENO_UNKNOWN);
	end(&l, "though both live on");
}

TEST(a_node_that_comes_up_twice_is_caught)
{
	struct lie l = begin();

	ledger_up(l.a, l.b);
	end(&l, "told twice");
}

TEST(silence_is_caught)
{
	struct lie l = begin();
	const char *why = NULL;

	sim_cut(l.a, l.b);
	CHECK_EQ(sim_send(l.a, l.b, 100), 0);
	sim_run(l.sim, MS(100));
	CHECK(!sim_settled(l.sim, &why));
	CHECK(why && strstr(why, "has not ended"));
	CHECK(!sim_settle(l.sim, MS(100)));
	sim_free(l.sim);
}

TEST_MAIN(TEST_CASE(a_repeated_message_is_caught), TEST_CASE(a_message_that_nobody_sent_is_caught),
          TEST_CASE(a_changed_byte_is_caught), TEST_CASE(an_overtaken_message_is_caught),
          TEST_CASE(a_false_confirmation_is_caught), TEST_CASE(an_outcome_said_twice_is_caught),
          TEST_CASE(giving_up_on_the_living_is_caught),
          TEST_CASE(a_node_that_comes_up_twice_is_caught), TEST_CASE(silence_is_caught))
