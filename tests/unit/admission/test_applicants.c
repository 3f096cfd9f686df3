/* Those of whom the host decides: asked once, with an end, and never without bound. */
#include "admission/applicants.h"

#include "base/mem.h"
#include "base/timers.h"
#include "support/check.h"

static leno_id id_of(unsigned n)
{
	return (leno_id){{(uint8_t)n, (uint8_t)(n >> 8), 1}};
}

TEST(a_ticket_is_good_for_one_answer)
{
	struct applicants a = {0};
	leno_id one = id_of(1), two = id_of(2);
	leno_ticket first, second;

	CHECK_EQ(applicants_ask(&a, &one, 100, &first), 0);
	CHECK_EQ(applicants_ask(&a, &two, 100, &second), 0);
	CHECK(first != 0 && first != second);
	CHECK_EQ(applicants_find(&a, &one)->state, APPLICANT_WAITS);
	CHECK_EQ(applicants_decide(&a, first, true, 200), 0);
	CHECK_EQ(applicants_decide(&a, first, false, 200), LENO_NO_NODE);
	CHECK_EQ(applicants_find(&a, &one)->state, APPLICANT_IN);
	CHECK_EQ(applicants_decide(&a, second, false, 200), 0);
	CHECK_EQ(applicants_find(&a, &two)->state, APPLICANT_OUT);
	CHECK_EQ(applicants_decide(&a, 77, true, 200), LENO_NO_NODE);
	CHECK_EQ(a.waiting, 0);
	applicants_clear(&a);
}

TEST(silence_is_no_and_a_no_is_forgotten)
{
	struct applicants a = {0};
	leno_id one = id_of(1);
	leno_ticket ticket;
	uint64_t end = 100 + APPLICANT_MS * UINT64_C(1000);

	CHECK_EQ(applicants_due(&a), NEVER);
	applicants_ask(&a, &one, 100, &ticket);
	CHECK_EQ(applicants_due(&a), end);
	applicants_expire(&a, end - 1);
	CHECK_EQ(applicants_find(&a, &one)->state, APPLICANT_WAITS);
	applicants_expire(&a, end);
	CHECK_EQ(applicants_find(&a, &one)->state, APPLICANT_OUT);
	CHECK_EQ(applicants_decide(&a, ticket, true, end), LENO_NO_NODE);
	end = applicants_due(&a);
	applicants_expire(&a, end);
	CHECK(!applicants_find(&a, &one));
	CHECK_EQ(applicants_let_in(&a, &one), 0);
	CHECK_EQ(applicants_due(&a), NEVER);
	applicants_clear(&a);
}

TEST(those_who_wait_are_few_and_those_who_are_known_are_bounded)
{
	struct applicants a = {0};
	leno_ticket ticket;
	leno_id id, first = id_of(0);

	for (unsigned i = 0; i < APPLICANTS_WAIT_MAX; i++) {
		id = id_of(i);
		CHECK_EQ(applicants_ask(&a, &id, i, &ticket), 0);
	}
	id = id_of(9999);
	CHECK_EQ(applicants_ask(&a, &id, 0, &ticket), LENO_BUSY);
	for (unsigned i = 0; i < APPLICANTS_MAX + 50; i++) {
		id = id_of(1000 + i);
		CHECK_EQ(applicants_let_in(&a, &id), 0);
		CHECK(a.count <= APPLICANTS_MAX);
	}
	CHECK(applicants_find(&a, &first)); /* who waits is not forgotten */
	CHECK_EQ(applicants_let_in(&a, &first), 0);
	CHECK_EQ(a.waiting, APPLICANTS_WAIT_MAX - 1);
	applicants_clear(&a);
	mem_fail(1, 1);
	CHECK_EQ(applicants_ask(&a, &first, 0, &ticket), LENO_MEMORY);
	mem_fail(0, 0);
	CHECK_EQ(a.waiting, 0);
}

TEST_MAIN(TEST_CASE(a_ticket_is_good_for_one_answer),
	  TEST_CASE(silence_is_no_and_a_no_is_forgotten),
	  TEST_CASE(those_who_wait_are_few_and_those_who_are_known_are_bounded))
