/* Two sessions in good weather: what they promise, and what it costs. */
#include <stdlib.h>

#include "pair.h"

static const uint8_t secret[32] = { 7 };

TEST(items_come_once_in_order_on_a_direct_link_without_keys)
{
	struct pair *p = pair_new(1, NULL);

	pair_path(p, PATH_DIRECT);
	for (int i = 0; i < 3000; i++) {
		CHECK_EQ(pair_put(p, 0, 0), 0);
		if (i % 3 == 0)
			CHECK_EQ(pair_put(p, 1, 0), 0);
		if (i % 50 == 0)
			pair_run(p, 2000);
	}
	pair_run(p, 1000000);
	pair_check_done(p);
	for (int i = 0; i < 2; i++) {
		CHECK(p->side[i].session->seal.current == NULL);
		CHECK(p->side[i].session->seal.pending == NULL);
		CHECK_EQ(p->side[i].setup.resent_bytes, 0);
	}
	CHECK(session_rtt_us(p->side[0].session) >= 2 * DELAY_US - 1000);
	pair_free(p);
}

TEST(items_come_once_in_order_across_relays)
{
	for (int with = 0; with < 2; with++) {
		struct pair *p = pair_new(2, with ? secret : NULL);

		pair_path(p, PATH_RELAYED);
		for (int i = 0; i < 2000; i++) {
			CHECK_EQ(pair_put(p, 0, 0), 0);
			if (i % 3 == 0)
				CHECK_EQ(pair_put(p, 1, 0), 0);
			if (i % 50 == 0)
				pair_run(p, 20000);
		}
		pair_run(p, 3000000);
		pair_check_done(p);
		CHECK_EQ(p->side[0].setup.resent_bytes, 0);
		pair_free(p);
	}
}

TEST(the_first_item_travels_with_the_hello_on_a_direct_link)
{
	struct pair *p = pair_new(3, NULL);

	pair_path(p, PATH_DIRECT);
	pair_put(p, 0, 20);
	CHECK(pair_make(p, 0));
	p->now_us += DELAY_US;
	CHECK(pair_arrive(p, 0));
	CHECK_EQ(p->side[1].got, 1);
	pair_run(p, 1000000);
	pair_check_done(p);
	pair_free(p);
}

TEST(an_idle_session_does_nothing_when_it_becomes_relayed)
{
	struct pair *p = pair_new(4, NULL);

	pair_path(p, PATH_RELAYED);
	CHECK(!session_wants(p->side[0].session));
	CHECK(session_deadline(p->side[0].session) == NEVER);
	CHECK(!pair_make(p, 0));
	pair_free(p);
}

TEST(both_may_start_at_once)
{
	struct pair *p = pair_new(5, secret);

	pair_path(p, PATH_RELAYED);
	pair_put(p, 0, 0);
	pair_put(p, 1, 0);
	pair_run(p, 1000000);
	pair_check_done(p);
	/* One handshake went through: both use the same one. */
	CHECK_EQ(p->side[0].session->seal.current->mine, p->side[1].session->seal.current->theirs);
	CHECK(p->side[0].session->seal.current->initiator);
	CHECK_EQ(p->now_us > 0, 1);
	pair_free(p);
}

TEST(one_small_message_costs_little_on_a_direct_link)
{
	struct pair *p = pair_new(6, NULL);
	size_t before, records;

	pair_path(p, PATH_DIRECT);
	for (int i = 0; i < 20; i++) {
		pair_put(p, 0, 64);
		pair_run(p, 100000);
	}
	before = p->side[0].bytes_out;
	records = p->side[0].records_out;
	pair_put(p, 0, 64);
	pair_run(p, 100000);
	CHECK_EQ(p->side[0].records_out - records, 1);
	CHECK_EQ(p->side[0].bytes_out - before, 2 + 1 + 64);   /* a frame's head, an item's size */
	pair_free(p);
}

TEST(a_record_is_filled_by_one_frame)
{
	struct pair *p = pair_new(7, NULL);
	uint8_t buf[RECORD_FRAMES];
	struct writer w;
	struct reader r;
	struct frame f;

	pair_path(p, PATH_DIRECT);
	pair_put(p, 0, 64);
	pair_run(p, 100000);
	for (int i = 0; i < 1000; i++)
		pair_put(p, 0, 64);
	w = writer_of(buf, sizeof buf);
	CHECK(session_make(p->side[0].session, &w, p->now_us));
	CHECK_EQ(writer_left(&w), 0);
	r = reader_of(writer_bytes(&w));
	CHECK(read_frame(&r, &f) && f.type == FRAME_DATA && read_end(&r));
	session_set_path(p->side[0].session, PATH_NONE, 0, p->now_us);
	pair_path(p, PATH_DIRECT);
	pair_run(p, 100000);
	pair_check_done(p);
	pair_free(p);
}

/* Whatever room there is: what is written is whole frames, and nothing is lost. */
TEST(any_room_is_good)
{
	for (int relayed = 0; relayed < 2; relayed++) {
		struct pair *p = pair_new(8, NULL);

		pair_path(p, relayed ? PATH_RELAYED : PATH_DIRECT);
		pair_put(p, 0, 300);
		pair_run(p, 1000000);
		for (size_t room = 0; room < 700; room++) {
			uint8_t buf[700];
			struct writer w = writer_of(buf, room);

			pair_put(p, 0, 8 + room % 400);
			while (session_make(p->side[0].session, &w, p->now_us))
				;
			CHECK(!w.full);
			if (writer_size(&w))
				pair_frames(p, 1, writer_bytes(&w), relayed ? 0 : p->vias);
		}
		pair_run(p, 1000000);
		pair_check_done(p);
		pair_free(p);
	}
}

TEST(again_until_half_is_free)
{
	struct pair *p = pair_new(9, NULL);
	struct session *s = p->side[0].session;
	size_t most = 0;

	p->side[0].setup.queue_max = 100000;
	pair_path(p, PATH_NONE);
	CHECK(!session_take_writable(s));
	while (pair_put(p, 0, 1000) == 0)
		most = session_queued(s);
	CHECK(most > 98000 && most <= 100000);
	CHECK_EQ(pair_put(p, 0, 1000), LENO_AGAIN);
	CHECK(!session_take_writable(s));
	pair_path(p, PATH_DIRECT);
	pair_run(p, 1000000);
	CHECK(session_take_writable(s));
	CHECK(!session_take_writable(s));
	CHECK_EQ(pair_put(p, 0, 300000), 0);           /* one always fits */
	CHECK_EQ(pair_put(p, 0, 8), LENO_AGAIN);
	pair_run(p, 1000000);
	CHECK(session_take_writable(s));
	pair_check_done(p);
	pair_free(p);
}

TEST(what_the_peer_does_not_accept_is_too_big)
{
	struct pair *p = pair_new(10, NULL);
	static uint8_t data[2000];

	p->side[1].setup.message_max = 1000;
	pair_path(p, PATH_DIRECT);
	pair_put(p, 0, 8);
	pair_run(p, 100000);
	CHECK_EQ(session_put(p->side[0].session, bytes_of(NULL, 0), bytes_of(data, 1001), NULL),
	         LENO_TOO_BIG);
	pair_check_done(p);
	session_set_message_max(p->side[1].session, 10);
	CHECK_EQ(session_put(p->side[1].session, bytes_of(NULL, 0), bytes_of(data, 11), NULL),
	         LENO_TOO_BIG);
	pair_free(p);
}

TEST(items_of_nothing_are_items)
{
	for (int relayed = 0; relayed < 2; relayed++) {
		struct pair *p = pair_new(11, NULL);
		struct side *a = &p->side[0], *b = &p->side[1];
		uint64_t first = 0, last = 0, n = 0;
		struct bytes none = bytes_of(NULL, 0), item;

		pair_path(p, relayed ? PATH_RELAYED : PATH_DIRECT);
		for (int i = 0; i < 5; i++)
			CHECK_EQ(session_put(a->session, none, none, NULL), 0);
		for (int i = 0; i < 200; i++) {
			p->now_us += 1000;
			while (pair_make(p, 0) || pair_make(p, 1))
				;
			for (size_t from = 0; from < 2; from++) {
				struct side *s = &p->side[from];
				for (size_t k = 0; k < s->n_flights; k++) {
					struct reader r = reader_of(bytes_of(s->flights[k].data,
					                                     s->flights[k].size));
					struct session *to = p->side[!from].session;
					struct bytes inner;
					struct packet q;
					struct frame f;
					while (read_frame(&r, &f)) {
						if (f.type == FRAME_PACKET) {
							read_packet(f.body, &q);
							if (session_take_packet(to, &q, p->now_us, &inner) == 1)
								r = reader_of(inner);
							continue;
						}
						session_take(to, &f, s->flights[k].via, p->now_us);
						while (session_next(to, &item)) {
							CHECK_EQ(item.size, 0);
							n++;
						}
					}
					free(s->flights[k].data);
				}
				s->n_flights = 0;
			}
		}
		CHECK_EQ(n, 5);
		CHECK(session_take_confirmed(a->session, &first, &last));
		CHECK(first == 1 && last == 5);
		CHECK(session_idle(a->session) && session_idle(b->session));
		pair_free(p);
	}
}

/* Confirmed is what has been dealt with: not what is being dealt with. */
TEST(an_item_in_its_callback_is_not_confirmed)
{
	struct pair *p = pair_new(12, NULL);
	struct side *a = &p->side[0], *b = &p->side[1];
	uint64_t first = 0, last = 0;
	uint8_t buf[1000];
	struct bytes item;
	struct reader r;
	struct frame f;
	struct writer w;

	pair_path(p, PATH_DIRECT);
	pair_put(p, 1, 8);
	pair_run(p, 100000);
	pair_put(p, 0, 8);
	pair_put(p, 0, 8);
	w = writer_of(buf, sizeof buf);
	CHECK(session_make(a->session, &w, p->now_us));
	r = reader_of(writer_bytes(&w));
	CHECK(read_frame(&r, &f));
	CHECK_EQ(session_take(b->session, &f, p->vias, p->now_us), 0);
	CHECK(session_next(b->session, &item));        /* 1 is with the callback */
	CHECK(session_next(b->session, &item));        /* 1 is done, 2 is with it */
	pair_item(p, 1, item);
	CHECK(pair_make(p, 1));                        /* which sends something meanwhile */
	CHECK(!session_next(b->session, &item));
	p->now_us += DELAY_US;
	r = reader_of(bytes_of(b->flights[0].data, b->flights[0].size));
	while (read_frame(&r, &f))
		CHECK_EQ(session_take(a->session, &f, p->vias, p->now_us), 0);
	CHECK(session_take_confirmed(a->session, &first, &last));
	CHECK(first == 1 && last == 1);
	CHECK(session_unconfirmed(a->session, &first, &last));
	CHECK(first == 2 && last == 2);
	a->confirmed = 1;
	p->side[1].skipped = 0;
	pair_run(p, 1000000);
	pair_check_done(p);
	pair_free(p);
}

TEST(a_goodbye_ends_it_behind_what_waits)
{
	for (int relayed = 0; relayed < 2; relayed++) {
		struct pair *p = pair_new(13, NULL);

		pair_path(p, relayed ? PATH_RELAYED : PATH_DIRECT);
		pair_put(p, 0, 8);
		pair_run(p, 1000000);
		pair_put(p, 0, 100);
		session_bye(p->side[0].session);
		CHECK_EQ(pair_put(p, 0, 8), LENO_CLOSED);
		pair_run(p, 1000000);
		CHECK_EQ(p->side[1].got, 2);
		CHECK_EQ(p->side[1].closed, 1);
		CHECK(!session_wants(p->side[0].session));
		CHECK(session_deadline(p->side[0].session) ==
		      seal_wipe_due(&p->side[0].session->seal));
		pair_free(p);
	}
}

TEST(steady_traffic_allocates_nothing)
{
	for (int relayed = 0; relayed < 2; relayed++) {
		struct pair *p = pair_new(14, NULL);
		size_t made;

		pair_path(p, relayed ? PATH_RELAYED : PATH_DIRECT);
		for (int round = 0; round < 40; round++) {
			if (round == 20)
				mem_fail(SIZE_MAX, 0);
			for (int i = 0; i < 100; i++)
				pair_put(p, i & 1, 64 + i);
			pair_run(p, 100000);
		}
		made = mem_fail(0, 0);
		CHECK_EQ(made, 0);
		pair_check_done(p);
		pair_free(p);
	}
}

TEST_MAIN(TEST_CASE(items_come_once_in_order_on_a_direct_link_without_keys),
          TEST_CASE(items_come_once_in_order_across_relays),
          TEST_CASE(the_first_item_travels_with_the_hello_on_a_direct_link),
          TEST_CASE(an_idle_session_does_nothing_when_it_becomes_relayed),
          TEST_CASE(both_may_start_at_once),
          TEST_CASE(one_small_message_costs_little_on_a_direct_link),
          TEST_CASE(a_record_is_filled_by_one_frame), TEST_CASE(any_room_is_good),
          TEST_CASE(again_until_half_is_free),
          TEST_CASE(what_the_peer_does_not_accept_is_too_big),
          TEST_CASE(items_of_nothing_are_items),
          TEST_CASE(an_item_in_its_callback_is_not_confirmed),
          TEST_CASE(a_goodbye_ends_it_behind_what_waits),
          TEST_CASE(steady_traffic_allocates_nothing))
