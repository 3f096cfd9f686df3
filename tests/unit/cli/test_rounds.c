/* test_rounds.c - who is asked when, however many there are, and what all of it comes to. */
#include "support/check.h"

#include "rounds.h"

#include <stdio.h>

enum { NODES = 200 };

static struct app app;
static struct {
	struct round_node *asked[2 * NODES];
	size_t n, answered;
	int refuse; /* what asking gives */
} seen;

static int ask(struct rounds *r, struct round_node *one)
{
	if (seen.refuse)
		return seen.refuse;
	seen.asked[seen.n++] = one;
	return 0;
}

static void on_answered(struct rounds *r, struct round_node *one, const leno_answer *answer)
{
	CHECK(one->state == ROUND_OVER && answer->why != NULL);
	seen.answered++;
}

static void begin(struct rounds *r, bool farthest_first, unsigned levels)
{
	*r = (struct rounds){ .app = &app, .farthest_first = farthest_first, .ask = ask,
		            .answered = on_answered };

	memset(&seen, 0, sizeof seen);
	for (unsigned i = 0; i < NODES; i++) {
		char name[16];

		snprintf(name, sizeof name, "n%03u", NODES - i);
		rounds_add(r, &(leno_info){ .name = name, .hops = 1 + i % levels });
	}
}

static void answer(size_t i, int error)
{
	rounds_done(NULL, seen.asked[i], &(leno_answer){ .error = error, .why = "" });
}

TEST(no_more_are_under_way_than_may_be)
{
	struct rounds r;

	begin(&r, false, 3);
	rounds_sort(&r);
	CHECK_STR(r.nodes[0].name, "n001");
	CHECK(!rounds_work(&r) && seen.n == ROUND_MAX);
	CHECK(!rounds_work(&r) && seen.n == ROUND_MAX);
	answer(5, 0);
	CHECK(!rounds_work(&r) && seen.n == ROUND_MAX + 1);
	for (size_t i = 0; i < NODES; i++) {
		if (i != 5)
			answer(i, 0);
		CHECK_EQ(rounds_work(&r), i == NODES - 1);
	}
	CHECK(seen.n == NODES && seen.answered == NODES && rounds_exit(&r) == EXIT_DONE);
	rounds_free(&r);
}

/* Nobody is asked before all that are farther away have answered. */
TEST(the_farthest_are_asked_first)
{
	struct rounds r;
	unsigned hops = 4;

	begin(&r, true, 4);
	rounds_sort(&r);
	CHECK(r.nodes[0].hops == 4 && r.nodes[NODES - 1].hops == 1);
	for (size_t i = 0; i < NODES; i++) {
		CHECK(!rounds_work(&r));
		CHECK(seen.asked[i]->hops <= hops);
		hops = seen.asked[i]->hops;
		CHECK_EQ(seen.asked[seen.n - 1]->hops, hops);
		answer(i, 0);
	}
	CHECK(hops == 1 && rounds_work(&r));
	rounds_free(&r);
}

TEST(what_cannot_be_asked_now_is_asked_later_or_told)
{
	struct rounds r;

	begin(&r, true, 2);
	rounds_sort(&r);
	seen.refuse = LENO_AGAIN;
	CHECK(!rounds_work(&r) && seen.answered == 0);
	seen.refuse = LENO_NO_NODE;
	CHECK(rounds_work(&r));
	CHECK(seen.answered == NODES && r.failed == NODES && rounds_exit(&r) == EXIT_FAILED);
	rounds_free(&r);
}

TEST(answers_that_are_missing_are_a_code_of_their_own)
{
	struct rounds r;

	begin(&r, false, 1);
	for (size_t i = 0; i < NODES; i++) {
		rounds_work(&r);
		answer(i, i % 2 ? LENO_TIMEOUT : 0);
	}
	CHECK(rounds_work(&r) && rounds_exit(&r) == EXIT_TIMEOUT);
	rounds_free(&r);
	begin(&r, false, 1);
	for (size_t i = 0; i < NODES; i++) {
		rounds_work(&r);
		answer(i, i == 7 ? LENO_REFUSED : i == 8 ? LENO_TIMEOUT : 0);
	}
	CHECK(rounds_work(&r) && rounds_exit(&r) == EXIT_FAILED);
	rounds_free(&r);
}

TEST_MAIN(TEST_CASE(no_more_are_under_way_than_may_be), TEST_CASE(the_farthest_are_asked_first),
          TEST_CASE(what_cannot_be_asked_now_is_asked_later_or_told),
          TEST_CASE(answers_that_are_missing_are_a_code_of_their_own))
