/* test_admission.c - networks with a key: who is let in, and who is not any more.
 *
 * covers: src/node/admit.c src/node/revoke.c src/node/join.c src/node/issue.c
 * covers: src/driver/sim/keys.c */
#include "support/check.h"

#include "driver/sim/sim.h"

static const leno_options telling = { .log_level = LENO_LOG_WARN };

static struct sim_node *member(struct sim *sim, const char *name)
{
	struct sim_node *node = sim_late_node(sim, name, &telling);

	sim_certify(node, LENO_MEMBER, 0);
	sim_start(node);
	return node;
}

static struct sim_node *holder(struct sim *sim)
{
	struct sim_node *node = sim_late_node(sim, "key", NULL);

	sim_hold_key(node);
	sim_start(node);
	return node;
}

/* key - b - c - d */
struct chain {
	struct sim *sim;
	struct sim_node *key, *b, *c, *d;
};

static struct chain chain(uint64_t seed)
{
	struct sim *sim = sim_new(seed);
	struct chain t = { sim, holder(sim), member(sim, "b"), member(sim, "c"),
		           member(sim, "d") };

	sim_wire(t.key, t.b, NULL);
	sim_wire(t.b, t.c, NULL);
	sim_wire(t.c, t.d, NULL);
	CHECK(sim_settle(sim, SECONDS(5)));
	return t;
}

static void end(struct chain *t)
{
	CHECK(sim_invariants(t->sim));
	sim_free(t->sim);
}

TEST(who_has_a_certificate_is_let_in_and_nobody_else)
{
	struct chain t = chain(1);
	struct sim_node *stranger = sim_node(t.sim, "stranger", NULL);

	sim_wire(stranger, t.c, NULL);
	sim_run(t.sim, SECONDS(5));
	CHECK(!sim_sees(t.c, stranger) && !sim_sees(stranger, t.c));
	CHECK(sim_stats(t.c).refused_certificate > 0);
	CHECK(sim_logged(t.c, "no certificate of this network"));
	sim_crash(stranger);
	sim_send(t.key, t.d, 100);
	sim_broadcast(t.d, 100);
	CHECK(sim_settle(t.sim, SECONDS(5)));
	CHECK_EQ(sim_tally(t.key, t.d).confirmed, 1);
	end(&t);
}

TEST(an_invitation_is_good_for_its_uses_and_no_more)
{
	struct chain t = chain(2);
	struct sim_node *guest[3];
	char name[24];
	int error;

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "guest%d", i);
		guest[i] = sim_late_node(t.sim, name, NULL);
		sim_invite(guest[i], 7, 2, MINUTES(10));
		sim_start(guest[i]);
		sim_wire(guest[i], t.key, NULL);
		sim_run(t.sim, SECONDS(2));
		CHECK(sim_joined_by(guest[i], &error));
		CHECK_EQ(error, i < 2 ? 0 : LENO_LIMIT);
		CHECK(!sim_sees(t.key, guest[i]));
		sim_crash(guest[i]);
	}
	sim_invite(guest[0], 7, 2, MINUTES(10)); /* the same keys again: no other use */
	sim_start(guest[0]);
	sim_run(t.sim, SECONDS(2));
	CHECK(sim_joined_by(guest[0], &error));
	CHECK_EQ(error, 0);
	sim_restart(guest[0]);
	sim_start(guest[1]);
	CHECK(sim_settle(t.sim, SECONDS(10)));
	CHECK(sim_sees(t.d, guest[0]) && sim_sees(guest[1], t.d));
	end(&t);
}

TEST(who_has_no_key_asks_the_one_who_has)
{
	struct chain t = chain(3);
	struct sim_node *guest = sim_late_node(t.sim, "guest", NULL);
	int error;

	sim_invite(guest, 1, 1, MINUTES(10));
	sim_start(guest);
	sim_wire(guest, t.d, NULL);
	sim_run(t.sim, SECONDS(3));
	CHECK(sim_joined_by(guest, &error));
	CHECK_EQ(error, 0);
	CHECK(!sim_sees(guest, t.d) && !sim_sees(t.d, guest) && !sim_sees(guest, t.key));
	sim_restart(guest);
	CHECK(sim_settle(t.sim, SECONDS(10)));
	end(&t);
}

TEST(an_invitation_that_has_expired_is_refused_by_the_key_holder)
{
	struct chain t = chain(4);
	struct sim_node *guest = sim_late_node(t.sim, "guest", NULL);
	int error;

	sim_invite(guest, 1, 1, SECONDS(3));
	sim_run(t.sim, SECONDS(4));
	sim_start(guest);
	sim_wire(guest, t.c, NULL);
	sim_run(t.sim, SECONDS(3));
	CHECK(sim_joined_by(guest, &error));
	CHECK_EQ(error, LENO_EXPIRED);
	CHECK(sim_stats(t.key).refused_expired > 0);
	end(&t);
}

TEST(a_guest_can_do_nothing_but_ask)
{
	struct chain t = chain(5);
	struct sim_node *guest = sim_late_node(t.sim, "guest", NULL);
	uint64_t delivered;

	sim_invite(guest, 1, 1, MINUTES(10));
	sim_start(guest);
	sim_wire(guest, t.b, NULL);
	sim_run(t.sim, SECONDS(2));
	delivered = sim_delivered(t.sim);
	sim_send(guest, t.b, 10);
	CHECK(sim_send(guest, t.c, 10) != 0);
	CHECK(sim_broadcast(guest, 10) != 0);
	sim_run(t.sim, SECONDS(2));
	CHECK_EQ(sim_delivered(t.sim), delivered);
	CHECK(sim_stats(t.b).refused_role > 0);
	sim_run(t.sim, SECONDS(40)); /* it has overstayed */
	CHECK(sim_stats(guest).handshakes > 1);
	end(&t);
}

TEST(who_is_revoked_is_out_within_seconds_and_stays_out)
{
	struct chain t = chain(6);
	uint64_t casts, delivered;

	sim_send(t.key, t.d, 100);
	CHECK(sim_settle(t.sim, SECONDS(5)));
	sim_revoke(t.key, t.d);
	sim_run(t.sim, SECONDS(1));
	CHECK(!sim_sees(t.key, t.d) && !sim_sees(t.b, t.d) && !sim_sees(t.c, t.d));
	CHECK_EQ(sim_last_why(t.key, t.d), LENO_WHY_REFUSED);
	CHECK(sim_send(t.key, t.d, 100) != 0);
	CHECK(!sim_sees(t.d, t.c));
	CHECK(sim_logged(t.d, "revoked"));

	casts = sim_casts_got(t.c);
	delivered = sim_tally(t.d, t.c).delivered;
	sim_restart(t.d);
	sim_wire(t.d, t.b, NULL); /* by another door */
	sim_broadcast(t.d, 50);
	sim_send(t.d, t.b, 50);
	sim_run(t.sim, SECONDS(20));
	CHECK(sim_stats(t.b).refused_revoked > 0);
	CHECK(!sim_sees(t.b, t.d) && !sim_sees(t.c, t.d));
	CHECK_EQ(sim_casts_got(t.c), casts);
	CHECK_EQ(sim_tally(t.d, t.c).delivered, delivered);
	CHECK(sim_settle(t.sim, SECONDS(10)));
	end(&t);
}

TEST(a_revocation_reaches_the_other_side_when_it_comes_back)
{
	struct chain t = chain(7);

	sim_partition(t.sim, t.key, t.b, NULL);
	sim_run(t.sim, SECONDS(20));
	sim_revoke(t.key, t.d);
	sim_run(t.sim, SECONDS(20));
	CHECK(sim_sees(t.c, t.d)); /* there nobody can know */
	CHECK_EQ(sim_revoked(t.b), 1);
	CHECK_EQ(sim_revoked(t.c), 0);
	sim_heal(t.sim);
	CHECK(sim_settle(t.sim, MINUTES(2)));
	CHECK(!sim_sees(t.c, t.d));
	CHECK_EQ(sim_revoked(t.c), 1);

	/* Who was away comes back and hears; who has heard does not forget. */
	sim_crash(t.key);
	sim_crash(t.b);
	sim_restart(t.c);
	sim_run(t.sim, SECONDS(20));
	CHECK_EQ(sim_revoked(t.c), 1);
	CHECK(!sim_sees(t.c, t.d));
	end(&t);
}

TEST(a_certificate_ends_with_its_time)
{
	struct chain t = chain(8);
	struct sim_node *late = sim_late_node(t.sim, "late", NULL);

	sim_certify(late, LENO_MEMBER, SECONDS(30));
	sim_start(late);
	sim_wire(late, t.d, NULL);
	CHECK(sim_settle(t.sim, SECONDS(10)));
	sim_send(t.key, late, 10);
	sim_run(t.sim, SECONDS(20));
	CHECK(sim_sees(t.key, late));
	sim_run(t.sim, SECONDS(12));
	CHECK(!sim_sees(t.key, late) && !sim_sees(t.d, late));
	CHECK(sim_logged(late, "has expired"));
	sim_run(t.sim, SECONDS(20));
	CHECK(sim_stats(t.d).refused_expired > 0);
	sim_certify(late, LENO_MEMBER, 0);
	sim_restart(late);
	CHECK(sim_settle(t.sim, SECONDS(60)));
	CHECK(sim_sees(t.key, late));
	end(&t);
}

TEST(no_path_leads_through_an_observer_and_its_broadcasts_are_not_taken)
{
	struct sim *sim = sim_new(9);
	struct sim_node *key = holder(sim), *b = member(sim, "b"),
			*o = sim_late_node(sim, "o", NULL);

	sim_certify(o, LENO_OBSERVER, 0);
	sim_start(o);
	sim_wire(key, o, NULL);
	sim_wire(o, b, NULL);
	sim_run(sim, SECONDS(3));
	CHECK(sim_sees(key, o) && sim_sees(o, key) && sim_sees(o, b));
	CHECK(!sim_sees(key, b) && !sim_sees(b, key));
	CHECK_EQ(leno_role_of(sim_leno(key), sim_id(o)), LENO_OBSERVER);
	CHECK_EQ(leno_broadcast(sim_leno(o), "x", (leno_bytes){ 0 }, NULL), LENO_ROLE);
	sim_send(o, key, 10);
	sim_send(key, o, 10);
	sim_wire(key, b, NULL);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK(sim_sees(key, b));
	CHECK_EQ(sim_tally(o, key).confirmed, 1);
	CHECK_EQ(sim_stats(o).forwarded, 0);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* Nobody is told more than once of what a crowd of revocations says. */
TEST(stories_with_a_key_end_well)
{
	for (uint64_t seed = 201; seed < 216; seed++) {
		struct sim *sim = sim_new(seed);
		struct sim_node *key = holder(sim), *n[6];
		char name[24];

		for (int i = 0; i < 6; i++) {
			snprintf(name, sizeof name, "n%d", i);
			n[i] = member(sim, name);
			sim_wire(n[i], i ? n[sim_random(sim, (uint64_t)i)] : key, NULL);
		}
		sim_run(sim, sim_random(sim, SECONDS(2)));
		sim_partition(sim, n[0], n[1], n[2], NULL);
		sim_revoke(key, n[5]);
		sim_run(sim, sim_random(sim, SECONDS(20)));
		sim_heal(sim);
		CHECK(sim_settle(sim, MINUTES(2)));
		for (int i = 0; i < 5; i++)
			CHECK_EQ(sim_revoked(n[i]), 1);
		CHECK(sim_invariants(sim));
		sim_free(sim);
	}
}

TEST_MAIN(TEST_CASE(who_has_a_certificate_is_let_in_and_nobody_else),
          TEST_CASE(an_invitation_is_good_for_its_uses_and_no_more),
          TEST_CASE(who_has_no_key_asks_the_one_who_has),
          TEST_CASE(an_invitation_that_has_expired_is_refused_by_the_key_holder),
          TEST_CASE(a_guest_can_do_nothing_but_ask),
          TEST_CASE(who_is_revoked_is_out_within_seconds_and_stays_out),
          TEST_CASE(a_revocation_reaches_the_other_side_when_it_comes_back),
          TEST_CASE(a_certificate_ends_with_its_time),
          TEST_CASE(no_path_leads_through_an_observer_and_its_broadcasts_are_not_taken),
          TEST_CASE(stories_with_a_key_end_well))
