/* What was broadcast is kept until it is done, and told of once. */
#include "message/aired.h"

#include "base/mem.h"
#include "base/timers.h"
#include "support/check.h"

static const uint8_t seed[16] = { 9 };
static const leno_id self = { { 1 } };
static const leno_id ids[4] = { { { 10 } }, { { 11 } }, { { 12 } }, { { 13 } } };
static struct aired a;
static const uint8_t budget_room[100000];

static void open_with(unsigned targets, size_t max)
{
	aired_init(&a, max, NULL, 4, seed);
	for (unsigned i = 0; i < targets; i++)
		CHECK_EQ(aired_aim(&a, &ids[i]), 0);
}

static uint64_t put(size_t size)
{
	static const uint8_t zeros[BROADCAST_MAX];
	uint64_t seq = 0;

	CHECK_EQ(aired_put(&a, bytes_text("t"), bytes_of(zeros, size), &seq), 0);
	return seq;
}

static bool ack(unsigned who, uint64_t seq)
{
	return aired_ack(&a, aired_target(&a, &ids[who]), seq, 0, 0);
}

static void expect_done(uint64_t seq, unsigned confirmed, unsigned unknown)
{
	uint64_t got = 0;
	uint32_t c = 99, u = 99;

	CHECK(aired_next_done(&a, &got, &c, &u));
	CHECK_EQ(got, seq);
	CHECK_EQ(c, confirmed);
	CHECK_EQ(u, unknown);
}

static bool none_done(void)
{
	uint64_t seq;
	uint32_t c, u;

	return !aired_next_done(&a, &seq, &c, &u);
}

TEST(it_is_done_when_each_target_has_acknowledged_it)
{
	open_with(3, 1000);
	CHECK_EQ(put(10), 1);
	CHECK_EQ(put(10), 2);
	CHECK(ack(0, 2));
	CHECK(ack(1, 1));
	CHECK(none_done());
	CHECK(ack(2, 2));
	expect_done(1, 3, 0);
	CHECK(none_done());
	CHECK(!ack(1, 1));                 /* once is enough */
	CHECK(!ack(0, 1));                 /* what is older says nothing */
	CHECK(ack(1, 2));
	expect_done(2, 3, 0);
	CHECK(none_done());
	CHECK_EQ(a.used, 0);
	aired_clear(&a);
}

/* A million of four bytes would hold tens of megabytes beside their own. */
TEST(what_goes_beside_an_item_counts_too)
{
	struct budget budget = { .max = 100000 };
	unsigned n = 0;
	uint64_t seq;

	aired_init(&a, 1 << 30, &budget, 4, seed);
	CHECK_EQ(aired_put(&a, bytes_text(""), bytes_of(budget_room, sizeof budget_room), &seq),
	         LENO_MEMORY);             /* never: so there is nothing to wait for */
	CHECK_EQ(aired_aim(&a, &ids[0]), 0);
	while (aired_put(&a, bytes_text(""), bytes_of("four", 4), &seq) == 0)
		n++;
	CHECK_EQ(aired_put(&a, bytes_text(""), bytes_of("four", 4), &seq), LENO_AGAIN);
	CHECK(n > 500 && n < 1500 * sizeof(uint64_t) / sizeof(void *)); /* pointers, mostly */
	CHECK(ack(0, n));
	expect_done(1, 1, 0);
	CHECK_EQ(aired_put(&a, bytes_text(""), bytes_of("four", 4), &seq), 0);
	aired_clear(&a);
	CHECK_EQ(budget.used, 0);
}

TEST(with_nobody_there_it_is_done_at_once)
{
	open_with(0, 1000);
	put(10);
	expect_done(1, 0, 0);
	CHECK(!aired_unframed(&a));
	aired_clear(&a);
}

TEST(who_goes_is_unknown_of_what_it_has_not_acknowledged)
{
	open_with(2, 1000);
	put(1);
	put(1);
	put(1);
	ack(0, 3);
	ack(1, 1);
	expect_done(1, 2, 0);
	aired_gone(&a, &ids[1]);
	aired_gone(&a, &ids[1]);           /* once is enough */
	expect_done(2, 1, 1);
	expect_done(3, 1, 1);
	put(1);
	ack(0, 4);
	expect_done(4, 1, 0);
	aired_clear(&a);
}

TEST(who_comes_later_owes_nothing_of_before)
{
	open_with(1, 1000);
	put(1);
	CHECK_EQ(aired_aim(&a, &ids[1]), 0);
	CHECK_EQ(aired_aim(&a, &ids[1]), 0);
	put(1);
	ack(0, 2);
	expect_done(1, 1, 0);
	CHECK(none_done());
	ack(1, 2);
	expect_done(2, 2, 0);
	aired_clear(&a);
}

TEST(the_queue_is_bounded_and_one_always_fits)
{
	uint64_t seq;

	open_with(1, 100);
	put(5000);
	CHECK_EQ(aired_put(&a, bytes_text("t"), bytes_of(NULL, 0), &seq), LENO_AGAIN);
	ack(0, 1);
	expect_done(1, 1, 0);
	for (unsigned i = 0; i < 10; i++)
		put(7);                    /* 10 bytes with their heads */
	CHECK_EQ(aired_put(&a, bytes_text("t"), bytes_of(NULL, 0), &seq), LENO_AGAIN);
	aired_clear(&a);
	open_with(4, 100);
	CHECK_EQ(aired_aim(&a, &(leno_id){ { 14 } }), LENO_LIMIT);
	aired_clear(&a);
}

TEST(without_memory_nothing_has_changed)
{
	uint64_t seq;

	open_with(1, 1000);
	for (size_t nth = 1; nth <= 2; nth++) {
		mem_fail(nth, 0);
		CHECK_EQ(aired_put(&a, bytes_text("t"), bytes_of("x", 1), &seq), LENO_MEMORY);
		mem_fail(0, 0);
	}
	CHECK_EQ(a.last, 0);
	mem_fail(1, 0);
	CHECK_EQ(aired_aim(&a, &ids[2]), LENO_MEMORY);
	mem_fail(0, 0);
	CHECK(!aired_target(&a, &ids[2]));
	CHECK_EQ(put(1), 1);
	aired_clear(&a);
}

static bool frame(struct cast *ret)
{
	static uint8_t buf[CAST_FRAME_MAX];
	struct writer w = writer_of(buf, CAST_FRAME_MAX);

	if (!aired_frame(&a, &self, 5, &w))
		return false;
	CHECK(!w.full && writer_left(&w) >= CAST_SIGNATURE);
	CHECK(read_cast(bytes_of(buf, writer_size(&w) + CAST_SIGNATURE), ret));
	CHECK(ret->incarnation == 5 && leno_id_same(&ret->origin, &self));
	return true;
}

TEST(many_small_ones_share_a_frame)
{
	struct cast c;

	open_with(1, 1 << 20);
	for (unsigned i = 0; i < 300; i++)
		put(100);
	REQUIRE(frame(&c));
	CHECK(c.first == 1 && c.number == 1 && c.behind == 0 && c.count > 100);
	for (uint64_t next = 1 + c.count, number = 2; next <= 300; next += c.count, number++) {
		REQUIRE(frame(&c));
		CHECK(c.first == next && c.number == number);
		CHECK_EQ(c.behind, next - 1);      /* nobody has acknowledged any */
	}
	CHECK(!frame(&c));
	aired_clear(&a);
}

TEST(a_large_one_goes_in_fragments_between_others)
{
	struct cast c;
	size_t got = 0;

	open_with(1, 4 << 20);
	put(1);
	put(BROADCAST_MAX);
	put(1);
	REQUIRE(frame(&c));
	CHECK_EQ(c.count, 1);
	for (uint32_t i = 0; i == 0 || i < c.fragments; i++) {
		REQUIRE(frame(&c));
		CHECK_EQ(c.first, 2);
		CHECK_EQ(c.fragment, i);
		CHECK_EQ(c.fragments, CAST_FRAGMENTS_MAX);
		got += c.items.size;
	}
	CHECK_EQ(got, aired_item(&a, 2).size);
	REQUIRE(frame(&c));
	CHECK(c.first == 3 && c.fragments == 0);
	aired_clear(&a);
}

TEST(what_is_done_needs_no_frame)
{
	struct cast c;

	open_with(1, 4 << 20);
	put(100000);
	put(1);
	REQUIRE(frame(&c));                /* the first fragment */
	ack(0, 1);                         /* it came by session meanwhile */
	expect_done(1, 1, 0);
	REQUIRE(frame(&c));
	CHECK(c.first == 2 && c.fragments == 0 && c.behind == 0);
	aired_clear(&a);
}

TEST(packing_takes_what_fits_whole)
{
	uint8_t buf[64];
	struct writer w = writer_of(buf, sizeof buf);

	open_with(1, 1000);
	put(20);
	put(20);
	put(20);
	CHECK_EQ(aired_pack(&a, 1, 3, &w), 2);
	w = writer_of(buf, sizeof buf);
	CHECK_EQ(aired_pack(&a, 3, 3, &w), 1);
	put(100);
	w = writer_of(buf, sizeof buf);
	CHECK_EQ(aired_pack(&a, 4, 4, &w), 0);
	aired_clear(&a);
}

TEST(help_comes_later_each_time_and_at_once_after_progress)
{
	struct target *t;

	open_with(1, 1000);
	t = aired_target(&a, &ids[0]);
	CHECK(aired_due(&a, t) == NEVER);  /* it has nothing to acknowledge */
	put(1);
	CHECK(aired_due(&a, t) == NEVER);  /* who put it did not know the time */
	aired_clock(&a, 1000);
	CHECK_EQ(aired_due(&a, t), 251000);
	aired_helped(t, 251000);
	CHECK_EQ(aired_due(&a, t), 751000);
	for (unsigned i = 0; i < 10; i++)
		aired_helped(t, 800000);
	CHECK_EQ(aired_due(&a, t), 5800000);
	aired_gone(&a, &ids[0]);
	expect_done(1, 0, 1);

	/* A slow path is no loss: twice what an acknowledgement took is waited for. */
	CHECK_EQ(aired_aim(&a, &ids[0]), 0);
	t = aired_target(&a, &ids[0]);
	put(1);
	put(1);
	aired_clock(&a, 1000000);
	CHECK(aired_ack(&a, t, 2, 0, 1600000));
	CHECK_EQ(aired_due(&a, t), 2800000);
	CHECK(aired_ack(&a, t, 2, 3, 1610000)); /* fragments are progress too */
	CHECK(!aired_ack(&a, t, 2, 3, 1620000));
	CHECK_EQ(aired_due(&a, t), 1610000 + 900000);
	aired_clear(&a);
}

/* The same, counted item by item. */
enum { STEPS = 4000, ITEMS = STEPS, TARGETS = 4 };
static struct model {
	bool aimed[TARGETS];
	uint64_t acked[TARGETS], first, last;
	unsigned left[ITEMS + 1], confirmed[ITEMS + 1], unknown[ITEMS + 1];
} model;

static void model_count(unsigned who, uint64_t upto, unsigned *counts)
{
	for (uint64_t s = model.acked[who] + 1; s <= upto; s++) {
		model.left[s]--;
		counts[s]++;
	}
	model.acked[who] = upto;
}

static void model_step(unsigned what, unsigned who, unsigned much)
{
	uint64_t upto = model.acked[who] + much;

	if (what < 4) {
		CHECK_EQ(put(1), ++model.last);
		for (unsigned i = 0; i < TARGETS; i++)
			model.left[model.last] += model.aimed[i];
	} else if (!model.aimed[who]) {
		CHECK_EQ(aired_aim(&a, &ids[who]), 0);
		model.aimed[who] = true;
		model.acked[who] = model.last;
	} else if (what < 9) {
		upto = upto < model.last ? upto : model.last;
		CHECK_EQ(ack(who, upto), upto > model.acked[who]);
		model_count(who, upto, model.confirmed);
	} else if (much == 0) {
		aired_gone(&a, &ids[who]);
		model.aimed[who] = false;
		model_count(who, model.last, model.unknown);
	}
	for (; model.first <= model.last && model.left[model.first] == 0; model.first++)
		expect_done(model.first, model.confirmed[model.first], model.unknown[model.first]);
	CHECK(none_done());
}

TEST(ranges_count_as_their_items_one_by_one)
{
	uint32_t random = 1;

	open_with(0, 100000);
	model = (struct model){ .first = 1 };
	for (unsigned i = 0; i < STEPS; i++) {
		random = random * 1664525 + 1013904223;
		model_step((random >> 28) % 10, random >> 26 & 3, random >> 20 & 7);
	}
	CHECK(model.first > STEPS / 8);
	aired_clear(&a);
}

TEST(what_is_given_back_is_owed_again_while_it_is_kept)
{
	open_with(2, 1000);
	for (unsigned i = 0; i < 4; i++)
		put(10);
	CHECK(ack(0, 4));
	CHECK(ack(1, 1));
	expect_done(1, 2, 0);
	CHECK(!aired_back(&a, aired_target(&a, &ids[0]), 0)); /* 1 is done */
	CHECK(aired_back(&a, aired_target(&a, &ids[0]), 1));
	CHECK_EQ(aired_target(&a, &ids[0])->given, 4);       /* not again before it asks */
	CHECK(aired_back(&a, aired_target(&a, &ids[0]), 3)); /* so much it has not */
	CHECK(ack(1, 4));
	CHECK(none_done());
	CHECK(ack(0, 2));
	expect_done(2, 2, 0);
	aired_gone(&a, &ids[0]);
	expect_done(3, 1, 1);
	expect_done(4, 1, 1);
	aired_clear(&a);
}

/* Else it would take away what others are counted for. */
TEST(nobody_gives_back_what_was_not_for_it)
{
	open_with(1, 1000);
	put(10);
	CHECK_EQ(aired_aim(&a, &ids[1]), 0);
	put(10);
	CHECK(ack(1, 2));
	CHECK(!aired_back(&a, aired_target(&a, &ids[1]), 0));
	CHECK(none_done());
	CHECK(aired_back(&a, aired_target(&a, &ids[1]), 1));
	CHECK(ack(0, 2));
	expect_done(1, 1, 0);
	CHECK(none_done());
	CHECK(ack(1, 2));
	expect_done(2, 2, 0);
	aired_clear(&a);
}

TEST(what_ends_for_others_that_are_gone_counts_them)
{
	open_with(2, 1000);
	put(10);
	CHECK(ack(0, 1) && ack(1, 1));
	expect_done(1, 2, 0);
	aired_gone(&a, &ids[1]);
	put(10);
	put(10);
	aired_missed(&a, 1);
	put(10);
	CHECK(ack(0, 4));
	expect_done(2, 1, 0);
	expect_done(3, 1, 1);
	expect_done(4, 1, 0);
	aired_clear(&a);
}

TEST(who_has_just_what_it_was_given_lacks_what_was_put_before)
{
	struct target *t;

	open_with(1, 1000);
	t = aired_target(&a, &ids[0]);
	for (unsigned i = 0; i < 6; i++)
		put(10);
	aired_clock(&a, 1000);
	put(10);
	aired_clock(&a, 3000);
	CHECK_EQ(aired_lacks(&a, t), 0);        /* it was never helped */
	t->given = 2;
	t->helped_us = 2000;
	CHECK(ack(0, 1));
	CHECK_EQ(aired_lacks(&a, t), 0);        /* there is more to come of it */
	CHECK(ack(0, 2));
	CHECK_EQ(aired_lacks(&a, t), 6);
	t->given = 6;
	CHECK(ack(0, 6));
	CHECK_EQ(aired_lacks(&a, t), 0);        /* 7 may be under way */
	aired_clear(&a);
}

TEST_MAIN(TEST_CASE(what_is_given_back_is_owed_again_while_it_is_kept),
          TEST_CASE(nobody_gives_back_what_was_not_for_it),
          TEST_CASE(what_ends_for_others_that_are_gone_counts_them),
          TEST_CASE(who_has_just_what_it_was_given_lacks_what_was_put_before),
          TEST_CASE(ranges_count_as_their_items_one_by_one),
          TEST_CASE(it_is_done_when_each_target_has_acknowledged_it),
          TEST_CASE(what_goes_beside_an_item_counts_too),
          TEST_CASE(with_nobody_there_it_is_done_at_once),
          TEST_CASE(who_goes_is_unknown_of_what_it_has_not_acknowledged),
          TEST_CASE(who_comes_later_owes_nothing_of_before),
          TEST_CASE(the_queue_is_bounded_and_one_always_fits),
          TEST_CASE(without_memory_nothing_has_changed),
          TEST_CASE(many_small_ones_share_a_frame),
          TEST_CASE(a_large_one_goes_in_fragments_between_others),
          TEST_CASE(what_is_done_needs_no_frame), TEST_CASE(packing_takes_what_fits_whole),
          TEST_CASE(help_comes_later_each_time_and_at_once_after_progress))
