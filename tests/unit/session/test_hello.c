/* Which life speaks with which; and what counts before they agree. */
#include "pair.h"

struct words {
	uint64_t p, e, incarnation, offset, items, credit;
};

static struct frame hello(uint8_t *buf, const struct words *h)
{
	struct writer w = writer_of(buf, 80);

	write_u64(&w, h->p);
	write_u64(&w, h->e);
	write_varint(&w, h->incarnation);
	write_varint(&w, 0);
	write_varint(&w, h->offset);
	write_varint(&w, h->items);
	write_varint(&w, h->credit);
	write_varint(&w, 1000);
	write_u8(&w, 0);
	return (struct frame){ FRAME_HELLO, writer_bytes(&w) };
}

TEST(a_table_of_hellos)
{
	enum { OURS = 1 };
	static const struct row {
		const char *why;
		struct words h;
		int error;
		uint64_t peer_after;   /* 0: not known */
	} rows[] = {
		{ "no id", { 0, 0, 5, 0, 0, 0 }, LENO_PROTOCOL, 0 },
		{ "speaks with a life of ours that is over", { 9, 77, 5, 0, 0, 0 }, 0, 0 },
		{ "the first", { 10, 0, 5, 0, 0, 0 }, 0, 10 },
		{ "the same again", { 10, 0, 5, 0, 0, 0 }, 0, 10 },
		{ "it knows us", { 10, OURS, 5, 0, 0, 1 << 20 }, 0, 10 },
		{ "it has what we never sent", { 10, OURS, 5, 100, 0, 0 }, LENO_PROTOCOL, 10 },
		{ "it has items that we never put", { 10, OURS, 5, 0, 1, 0 }, LENO_PROTOCOL, 10 },
		{ "an older life", { 9, OURS, 5, 0, 0, 0 }, 0, 10 },
		{ "an older incarnation", { 99, OURS, 4, 0, 0, 0 }, 0, 10 },
		{ "the same, speaks with an old one", { 10, 77, 5, 0, 0, 0 }, 0, 10 },
		{ "a newer life", { 11, OURS, 5, 0, 0, 0 }, LENO_CLOSED, 10 },
		{ "a newer incarnation", { 1, 0, 6, 0, 0, 0 }, LENO_CLOSED, 10 },
	};
	struct pair *p = pair_new(1, NULL);
	struct session *s = p->side[0].session;
	uint8_t buf[80];

	session_set_path(s, PATH_DIRECT, 3, p->now_us);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct words h = rows[i].h;
		struct frame f;

		CHECK_ROW(rows[i].why);
		if (h.e == OURS)
			h.e = s->my_sid;
		f = hello(buf, &h);
		CHECK_EQ(session_take(s, &f, 3, p->now_us), rows[i].error);
		CHECK_EQ(s->peer_sid, rows[i].peer_after);
		CHECK(session_wants(s));
	}
	/* The last one closed it: renewed, it is taken. A life that is over stays so. */
	uint64_t before = s->my_sid;
	struct frame f = hello(buf, &(struct words){ .p = 1, .incarnation = 6 });
	session_renew(s, p->now_us);
	CHECK(s->my_sid > before);
	CHECK_EQ(session_take(s, &f, 3, p->now_us), 0);
	CHECK_EQ(s->peer_sid, 1);
	CHECK_EQ(session_peer_incarnation(s), 6);
	session_renew(s, p->now_us);
	CHECK_EQ(session_take(s, &f, 3, p->now_us), 0);
	CHECK_EQ(s->peer_sid, 0);
	pair_free(p);
}

TEST(a_hello_is_whole_or_nothing)
{
	struct pair *p = pair_new(2, NULL);
	struct session *s = p->side[0].session;
	uint8_t buf[81] = { 0 };
	struct frame f = hello(buf, &(struct words){ .p = 1, .incarnation = 6 });
	size_t size = f.body.size;

	for (size_t n = 0; n <= size + 1; n++) {
		f.body = bytes_of(buf, n);
		CHECK_EQ(session_take(s, &f, 3, p->now_us), n == size ? 0 : LENO_PROTOCOL);
	}
	pair_free(p);
}

TEST(data_counts_only_behind_a_hello_of_its_link)
{
	struct pair *p = pair_new(3, NULL);
	struct session *s = p->side[0].session;
	uint8_t buf[80], data[] = { 0, 0, 0, 0, 1, 'x' };
	struct frame f = hello(buf, &(struct words){ .p = 1, .incarnation = 6 });
	struct frame d = { FRAME_DATA, bytes_of(data, sizeof data) };
	struct bytes item;

	session_set_path(s, PATH_DIRECT, 3, p->now_us);
	CHECK_EQ(session_take(s, &d, 3, p->now_us), 0);
	CHECK(!session_next(s, &item));
	CHECK_EQ(session_take(s, &f, 3, p->now_us), 0);
	CHECK_EQ(session_take(s, &d, 4, p->now_us), 0);
	CHECK(!session_next(s, &item));
	CHECK_EQ(session_take(s, &d, 0, p->now_us), 0);        /* no packet was opened */
	CHECK(!session_next(s, &item));
	CHECK_EQ(session_take(s, &d, 3, p->now_us), 0);
	CHECK(session_next(s, &item) && item.size == 1);
	pair_free(p);
}

TEST(a_goodbye_needs_the_right_id)
{
	struct pair *p = pair_new(4, NULL);
	struct session *s = p->side[0].session;
	uint8_t buf[80], sid[8] = { 7 };
	struct frame f = hello(buf, &(struct words){ .p = 8, .incarnation = 6 });
	struct frame bye = { FRAME_BYE, bytes_of(sid, 8) };

	CHECK_EQ(session_take(s, &bye, 3, p->now_us), 0);
	CHECK_EQ(session_take(s, &f, 3, p->now_us), 0);
	CHECK_EQ(session_take(s, &bye, 3, p->now_us), 0);
	sid[0] = 8;
	CHECK_EQ(session_take(s, &bye, 3, p->now_us), LENO_CLOSED);
	bye.body.size = 7;
	CHECK_EQ(session_take(s, &bye, 3, p->now_us), LENO_PROTOCOL);
	pair_free(p);
}

TEST(a_restarted_peer_gets_what_is_put_after)
{
	for (int relayed = 0; relayed < 2; relayed++)
		for (int who = 0; who < 2; who++) {
			struct pair *p = pair_new(5, NULL);

			pair_path(p, relayed ? PATH_RELAYED : PATH_DIRECT);
			for (int i = 0; i < 10; i++)
				pair_put(p, i & 1, 0);
			pair_run(p, 1000000);
			pair_put(p, !who, 100);
			pair_restart(p, who);
			pair_run(p, 1000000);
			CHECK_EQ(p->side[!who].closed, 1);
			CHECK_EQ(p->side[!who].lost_upto, p->side[!who].put);
			pair_put(p, who, 100);
			pair_put(p, !who, 100);
			pair_run(p, 1000000);
			for (int i = 0; i < 2; i++) {
				CHECK_EQ(p->side[i].confirmed, p->side[i].put);
				CHECK_EQ(p->side[!i].got, p->side[i].put);
			}
			CHECK_EQ(p->side[!who].closed, 1);     /* once is enough */
			pair_free(p);
		}
}

/* The first life of side 1 takes an item and ends before a word of it was heard: side 0 must
 * begin anew, for what it has sent may have been dealt with. */
TEST(a_life_that_ended_unheard_ends_what_was_said_to_it)
{
	for (int relayed = 0; relayed < 2; relayed++) {
		struct pair *p = pair_new(7, NULL);

		pair_path(p, relayed ? PATH_RELAYED : PATH_DIRECT);
		CHECK_EQ(pair_put(p, 0, 100), 0);
		for (int i = 0; i < 100 && p->side[1].items == 0; i++) {
			pair_make(p, 0);
			p->now_us += DELAY_US;
			pair_arrive(p, 0);
			if (p->side[1].items == 0) {
				pair_make(p, 1);
				p->now_us += DELAY_US;
				pair_arrive(p, 1);
			}
		}
		pair_end(p, 1);
		p->side[0].records_out = 0;
		pair_run(p, 1000000);
		CHECK(p->side[0].records_out < 20);    /* they do not go on about it */
		CHECK_EQ(pair_put(p, 0, 100), 0);
		CHECK_EQ(pair_put(p, 1, 100), 0);
		pair_run(p, 1000000);
		CHECK_EQ(p->side[0].closed, 1);
		CHECK_EQ(p->side[0].lost_upto, 1);
		CHECK_EQ(p->side[0].confirmed, 2);
		CHECK_EQ(p->side[1].confirmed, 1);
		CHECK_EQ(p->side[1].items, 2);
		pair_free(p);
	}
}

/* The path goes away after every single byte of what one side writes. */
TEST(the_path_may_change_at_every_byte)
{
	for (int kind = 0; kind < 4; kind++)
		for (size_t cut = 0; cut < 400; cut += kind ? 3 : 1) {
			enum session_path before = kind & 1 ? PATH_RELAYED : PATH_DIRECT;
			enum session_path after = kind & 2 ? PATH_RELAYED : PATH_DIRECT;
			struct pair *p = pair_new(6 + cut, NULL);
			uint8_t buf[2000];
			struct writer w;

			pair_path(p, before);
			pair_put(p, 0, 60);
			pair_put(p, 1, 60);
			pair_run(p, 500000);
			for (int i = 0; i < 6; i++)
				pair_put(p, 0, 20 + 17 * (size_t)i);
			w = writer_of(buf, cut);               /* what fits has arrived, ... */
			while (session_make(p->side[0].session, &w, p->now_us))
				;
			if (writer_size(&w))
				pair_frames(p, 1, writer_bytes(&w), before == PATH_DIRECT ? p->vias : 0);
			pair_path(p, after);                   /* ... but no answer to it */
			pair_put(p, 0, 33);
			pair_run(p, 3000000);
			pair_check_done(p);
			pair_free(p);
		}
}

TEST_MAIN(TEST_CASE(a_table_of_hellos), TEST_CASE(a_hello_is_whole_or_nothing),
          TEST_CASE(data_counts_only_behind_a_hello_of_its_link),
          TEST_CASE(a_goodbye_needs_the_right_id),
          TEST_CASE(a_restarted_peer_gets_what_is_put_after),
          TEST_CASE(a_life_that_ended_unheard_ends_what_was_said_to_it),
          TEST_CASE(the_path_may_change_at_every_byte))
