/* test_state_refused.c - stories of changes that another sharer does not take: who has made them
 * hears of it, soon and seldom.
 *
 * covers: src/node/state_refuse.c src/node/state_talk.c */
#include "support/maps.h"

static struct refusals {
	unsigned times;
	int error;
	leno_id by;
	bool answered, before;         /* a ping; what was refused had been told then */
} told[MAX];

static void on_refused(leno_state *st, void *user, const leno_id *by, int error)
{
	struct refusals *r = user;

	r->times++;
	r->error = error;
	r->by = *by;
}

static void share_hearing(unsigned i, const leno_state_options *o)
{
	static const leno_state_handlers handlers = { .refused = on_refused };

	CHECK_EQ(leno_state_share(sim_leno(n[i]), "map", o, &handlers, &told[i], &m[i]), 0);
}

static void on_answer(leno_node *node, void *user, const leno_answer *a)
{
	struct refusals *r = user;

	CHECK_EQ(a->error, 0);
	r->answered = true;
	r->before = r->times > 0;
}

/* Writes, asks, waits for the answer: as `leno state set` does. */
static void write_and_ask(unsigned i, unsigned of, const char *key)
{
	told[i].times = told[i].error = 0;
	told[i].answered = told[i].before = false;
	set(i, key, "x");
	CHECK_EQ(leno_ping(sim_leno(n[i]), sim_id(n[of]), 5000, on_answer, &told[i]), 0);
	CHECK(sim_run_until(sim, &told[i].answered, SECONDS(10)));
}

/* b - a - c: a has the map, c is a visitor's as the command is, or a member. */
static void three(uint64_t seed, bool visits, const struct sim_profile *link)
{
	const leno_options last = { .visitor = visits };

	memset(told, 0, sizeof told);
	begin(seed, 2);
	n[2] = sim_node(sim, "c", &last);
	sim_wire(n[0], n[1], NULL);
	sim_wire(n[0], n[2], link);
	CHECK(sim_settle(sim, SECONDS(5)));
}

static void fill(unsigned i, unsigned from, unsigned to)
{
	char key[16];

	for (unsigned at = from; at < to; at++) {
		snprintf(key, sizeof key, "k%u", at);
		set(i, key, "value");
	}
}

TEST(who_writes_hears_that_a_copy_is_full)
{
	static const leno_state_options small = { .memory_max = 16 * 1024 };

	for (unsigned visits = 0; visits < 2; visits++) {
		three(110 + visits, visits, NULL);
		share_hearing(0, &small);
		share_hearing(1, NULL);
		sim_run(sim, SECONDS(2));
		share_hearing(2, NULL);
		sim_run(sim, SECONDS(2));
		write_and_ask(2, 0, "fits");
		CHECK(!told[2].before);
		fill(1, 0, 200);                       /* at one go */
		sim_run(sim, SECONDS(2));
		CHECK(told[1].times > 0 && told[1].times < 10);
		CHECK(told[1].error == LENO_MEMORY && leno_id_same(&told[1].by, sim_id(n[0])));
		CHECK_EQ(told[2].times, 0);
		write_and_ask(2, 0, "does not");
		CHECK(told[2].before && told[2].times == 1 && told[2].error == LENO_MEMORY);
		CHECK(leno_id_same(&told[2].by, sim_id(n[0])));
		sim_run(sim, SECONDS(1));
		CHECK_STR(get(1, "does not"), "x");
		CHECK_STR(get(0, "does not"), "");
		CHECK_EQ(told[0].times, 0);
		write_and_ask(2, 0, "fits");           /* it changes in place */
		CHECK(!told[2].before);
		/* What it asks for again, and has no room for still, nobody hears of. */
		told[1].times = 0;
		sim_run(sim, MINUTES(12));
		CHECK(info_of(0).pulls > 1);
		for (unsigned i = 0; i < 3; i++)
			CHECK_EQ(told[i].times, 0);
		end();
	}
}

/* As all who do not know how a map is shared: the command is one of them. */
TEST(who_writes_hears_that_it_is_not_theirs)
{
	for (unsigned i = 0; i < 4; i++) {
		leno_state_options theirs = { .per_node = i < 2 };

		three(120 + i, i % 2, NULL);
		if (!theirs.per_node)
			theirs.writer = *sim_id(n[0]);
		share_hearing(0, &theirs);
		share_hearing(1, &theirs);
		sim_run(sim, SECONDS(2));
		set(0, "own", "x");
		share_hearing(2, NULL);
		sim_run(sim, SECONDS(4));
		CHECK_EQ(told[0].times + told[1].times, 0);
		write_and_ask(2, 0, "k");
		CHECK(told[2].before && told[2].error == LENO_REFUSED);
		sim_run(sim, SECONDS(1));
		CHECK_EQ(told[2].times, 2);            /* by either */
		CHECK_STR(get(0, "k"), "");
		sim_run(sim, MINUTES(2));
		CHECK_EQ(told[0].times + told[1].times, 0);
		CHECK_EQ(told[2].times, 2);
		end();
	}
}

TEST(who_writes_hears_that_its_clock_is_ahead)
{
	for (unsigned visits = 0; visits < 2; visits++) {
		three(130 + visits, visits, NULL);
		for (unsigned i = 0; i < 3; i++) {
			tell_wall(i, i == 2 ? MINUTES(10) : 0);
			share_hearing(i, NULL);
		}
		sim_run(sim, SECONDS(4));
		write_and_ask(2, 0, "k");
		CHECK(told[2].before && told[2].error == LENO_LIMIT);
		sim_run(sim, SECONDS(30));
		CHECK_EQ(told[2].times, 2);
		CHECK_STR(get(0, "k"), "");
		tell_wall(2, 0);
		write_and_ask(2, 0, "k");
		CHECK(!told[2].before);
		CHECK_STR(get(0, "k"), "x");
		end();
	}
}

/* Though a large copy is on its way to it, which the refusal would have to wait for. */
TEST(a_refusal_comes_before_the_answer_to_what_is_asked_later)
{
	static const struct sim_profile slow = { .delay_us = MS(20), .bandwidth = 1 << 20 };
	leno_state_options theirs = { 0 };

	three(140, true, &slow);
	theirs.writer = *sim_id(n[0]);
	share_hearing(0, &theirs);
	fill(0, 0, 20000);
	share_hearing(2, NULL);
	for (int i = 0; entries(2) < 1000 && i < 5000; i++)
		sim_run(sim, MS(1));
	CHECK(entries(2) < 20000);
	write_and_ask(2, 0, "k");
	CHECK(told[2].before);
	CHECK(entries(2) < 20000);
	end();
}

/* And though its application has filled the queue, but for what is small. */
TEST(a_refusal_finds_room_where_an_answer_does)
{
	static const struct sim_profile slow = { .delay_us = MS(5), .bandwidth = 4 << 20 };
	leno_state_options theirs = { 0 };
	int error = 0;

	three(145, false, &slow);
	theirs.writer = *sim_id(n[0]);
	share_hearing(0, &theirs);
	share_hearing(2, NULL);
	sim_run(sim, SECONDS(4));
	for (int i = 0; !error && i < 1000; i++)
		error = sim_send(n[0], n[2], 60 * 1000);
	CHECK_EQ(error, LENO_AGAIN);
	write_and_ask(2, 0, "k");
	CHECK(told[2].before);
	sim_run(sim, SECONDS(10));
	end();
}

/* One sharer's change that another passes on to a visitor is not the other's to hear of. */
TEST(who_passes_on_hears_nothing)
{
	static const leno_state_options small = { .memory_max = 16 * 1024 };

	for (unsigned writer = 0; writer < 2; writer++) {      /* of the lower id, or not */
		three(150, true, NULL);
		share_hearing(0, NULL);
		share_hearing(1, NULL);
		sim_run(sim, SECONDS(2));
		share_hearing(2, &small);
		sim_run(sim, SECONDS(2));
		fill(writer, 0, 500);
		sim_run(sim, SECONDS(20));
		CHECK(entries(!writer) == 500 && entries(2) < 400);
		CHECK(told[writer].times > 0 && leno_id_same(&told[writer].by, sim_id(n[2])));
		CHECK_EQ(told[!writer].times, 0);
		end();
	}
}

static void on_synced(leno_state *st, void *user)
{
	CHECK_EQ(leno_state_set(st, text("k"), text("x"), NULL), 0);
}

/* In a row; the last one takes nothing but its own. */
static void four_of_whom_one_refuses(uint64_t seed)
{
	leno_state_options theirs = { 0 };

	memset(told, 0, sizeof told);
	row(seed, 4);
	theirs.writer = *sim_id(n[3]);
	for (unsigned i = 0; i < 4; i++)
		share(i, i == 3 ? &theirs : NULL);
	sim_run(sim, SECONDS(2));
}

/* One neighbour is met before the others are heard of: but who is in sync writes to all of them,
 * and is told. */
TEST(who_is_in_sync_knows_all_who_are_to_take_it)
{
	static const leno_state_handlers handlers = { .synced = on_synced, .refused = on_refused };
	static const leno_options visitor = { .visitor = true };

	for (unsigned seed = 160; seed < 180; seed++) {
		four_of_whom_one_refuses(seed);
		n[4] = sim_node(sim, "v", seed < 170 ? &visitor : NULL);
		CHECK_EQ(leno_state_share(sim_leno(n[4]), "map", NULL, &handlers, &told[4],
		                          &m[4]), 0);
		if (seed < 170)
			sim_wire(n[4], n[0], NULL);
		else
			sim_wire(n[0], n[4], NULL);    /* it dials nobody */
		sim_run(sim, SECONDS(5));
		CHECK_EQ(told[4].times, 1);
		for (unsigned i = 0; i < 3; i++)
			CHECK_STR(get(i, "k"), "x");
		CHECK_STR(get(3, "k"), "");
		end();
	}
}

/* What leads there may take its time: a name that is looked up, others that are dialled first. */
TEST(who_is_connected_late_knows_them_all_the_same)
{
	static const leno_state_handlers handlers = { .synced = on_synced, .refused = on_refused };
	static const leno_options visitor = { .visitor = true };

	for (unsigned seed = 170; seed < 180; seed++) {
		four_of_whom_one_refuses(seed);
		n[4] = sim_node(sim, "v", &visitor);
		sim_wire(n[4], n[0], NULL);
		sim_cut(n[4], n[0]);
		CHECK_EQ(leno_state_share(sim_leno(n[4]), "map", NULL, &handlers, &told[4],
		                          &m[4]), 0);
		sim_run(sim, SECONDS(8));
		CHECK(!leno_state_synced(m[4]));
		sim_mend(n[4], n[0]);
		sim_run(sim, SECONDS(20));
		CHECK_EQ(told[4].times, 1);
		for (unsigned i = 0; i < 3; i++)
			CHECK_STR(get(i, "k"), "x");
		end();
	}
}

TEST_MAIN(TEST_CASE(who_writes_hears_that_a_copy_is_full),
          TEST_CASE(who_writes_hears_that_it_is_not_theirs),
          TEST_CASE(who_writes_hears_that_its_clock_is_ahead),
          TEST_CASE(a_refusal_comes_before_the_answer_to_what_is_asked_later),
          TEST_CASE(a_refusal_finds_room_where_an_answer_does),
          TEST_CASE(who_passes_on_hears_nothing),
          TEST_CASE(who_is_in_sync_knows_all_who_are_to_take_it),
          TEST_CASE(who_is_connected_late_knows_them_all_the_same))
