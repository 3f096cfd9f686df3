/* Big items and their grants, memory that is out and comes back, what a peer may say of
 * where it stands. */
#include "pair.h"

TEST(a_big_item_waits_for_its_grant)
{
	struct pair *p = pair_new(1, NULL);
	struct stream *out = &p->side[0].session->out;

	pair_path(p, PATH_DIRECT);
	pair_put(p, 0, 8);
	pair_run(p, 100000);
	pair_put(p, 0, 20);
	pair_put(p, 0, 300000);
	pair_put(p, 0, 20);
	CHECK(pair_make(p, 0));
	CHECK_EQ(out->next, out->bigs[0].body);        /* its size, and no more */
	CHECK(!pair_make(p, 0));
	pair_run(p, 1000000);
	CHECK_EQ(out->n_bigs, 0);
	pair_check_done(p);
	pair_free(p);
}

TEST(a_message_of_64_kib_needs_no_grant)
{
	struct pair *p = pair_new(2, NULL);
	static uint8_t data[ITEM_FREE_MAX];
	uint8_t head[300] = { 0 };

	CHECK_EQ(session_put(p->side[0].session, bytes_of(head, sizeof head),
	                     bytes_of(data, sizeof data), NULL), 0);
	CHECK_EQ(p->side[0].session->out.n_bigs, 0);
	pair_free(p);
}

TEST(big_items_of_all_kinds_arrive)
{
	for (int relayed = 0; relayed < 2; relayed++) {
		struct pair *p = pair_new(3, NULL);

		pair_path(p, relayed ? PATH_RELAYED : PATH_DIRECT);
		for (size_t i = 0; i < 12; i++) {
			pair_put(p, 0, 66000 + i * 83000);
			pair_put(p, 1, 40);
			pair_put(p, 0, 40);
			if (i % 3 == 0)
				pair_run(p, 1000000);
		}
		pair_run(p, 30000000);
		pair_check_done(p);
		CHECK_EQ(p->side[0].setup.resent_bytes, 0);
		pair_free(p);
	}
}

TEST(memory_may_be_out_and_come_back)
{
	for (int relayed = 0; relayed < 2; relayed++) {
		struct pair *p = pair_new(4, NULL);

		pair_path(p, relayed ? PATH_RELAYED : PATH_DIRECT);
		pair_put(p, 0, 8);
		pair_run(p, 500000);
		p->side[1].setup.memory_used = p->side[1].setup.memory_max - 1000;
		pair_put(p, 0, 200000);                /* needs a grant ... */
		pair_put(p, 0, 20);
		pair_run(p, 5000000);
		CHECK_EQ(p->side[1].got, 1);
		CHECK(session_deadline(p->side[1].session) != NEVER);
		pair_put(p, 1, 500);                   /* the other way goes on */
		pair_run(p, 500000);
		CHECK_EQ(p->side[0].got, 1);
		p->side[1].setup.memory_used -= p->side[1].setup.memory_max - 1000;
		pair_run(p, 3000000);
		pair_check_done(p);
		for (int i = 0; i < 40; i++)           /* ... and what needs none */
			pair_put(p, 0, 9000);
		p->side[1].setup.memory_used += p->side[1].setup.memory_max - 300;
		pair_run(p, 300000);
		p->side[1].setup.memory_used -= p->side[1].setup.memory_max - 300;
		pair_run(p, 10000000);
		pair_check_done(p);
		pair_free(p);
	}
}

TEST(what_a_peer_says_of_its_place)
{
	static const struct row {
		const char *why;
		struct position at;
		int error;
		uint64_t start, next;
	} rows[] = {
		{ "nothing yet", { .credit = 1 << 20 }, 0, 0, 50 },
		{ "more than was sent", { .offset = 51 }, LENO_PROTOCOL, 0, 50 },
		{ "more items than were put", { .items = 11 }, LENO_PROTOCOL, 0, 50 },
		{ "some", { 30, 2, 1000, false }, 0, 30, 50 },
		{ "overtaken", { 20, 1, 5, true }, 0, 30, 50 },
		{ "a gap", { 30, 2, 1000, true }, 0, 30, 30 },
		{ "it had come after all", { 45, 3, 1000, false }, 0, 45, 45 },
	};
	struct pair *p = pair_new(5, NULL);
	struct stream *out = &p->side[0].session->out;
	uint8_t buf[200];
	struct writer w = writer_of(buf, sizeof buf);

	for (int i = 0; i < 10; i++)
		pair_put(p, 0, 13);
	CHECK(stream_make(out, &w, 1).to > 0);
	out->next = out->sent_max = 50;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(stream_take_position(out, &rows[i].at, 1000), rows[i].error);
		CHECK_EQ(out->tape.start, rows[i].start);
		CHECK_EQ(out->next, rows[i].next);
	}
	pair_free(p);
}

/* Whichever allocation fails: nothing is lost, repeated, or leaked. */
TEST(any_allocation_may_fail)
{
	for (int relayed = 0; relayed < 2; relayed++)
		for (size_t nth = 1; nth < 60; nth++) {
			struct pair *p = pair_new(6, NULL);

			pair_path(p, relayed ? PATH_RELAYED : PATH_DIRECT);
			mem_fail(nth, nth % 4 == 0);
			for (int i = 0; i < 8; i++) {
				int err = pair_put(p, i & 1, i == 4 ? 150000 : 3000);
				CHECK(err == 0 || err == LENO_MEMORY);
				pair_run(p, 30000);
			}
			mem_fail(0, 0);
			pair_run(p, 10000000);
			pair_check_done(p);
			pair_free(p);
		}
}

TEST(a_session_without_memory_is_none)
{
	struct pair *p = pair_new(7, NULL);

	mem_fail(1, 0);
	CHECK(session_new(&p->side[0].setup, &p->side[1].identity.public, 0) == NULL);
	mem_fail(0, 0);
	CHECK(session_free(NULL) == NULL);
	pair_free(p);
}

TEST_MAIN(TEST_CASE(a_big_item_waits_for_its_grant),
          TEST_CASE(a_message_of_64_kib_needs_no_grant),
          TEST_CASE(big_items_of_all_kinds_arrive), TEST_CASE(memory_may_be_out_and_come_back),
          TEST_CASE(what_a_peer_says_of_its_place), TEST_CASE(any_allocation_may_fail),
          TEST_CASE(a_session_without_memory_is_none))
