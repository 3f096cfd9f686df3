/* DATA_ON, which says no offset: when it is said, and what becomes of it when it comes. */
#include "pair.h"
#include "support/check.h"

enum { VIA = 3, OTHER = 4 };

/* ---- saying ------------------------------------------------------------------------------ */

/* What the next record has of data: its frame's type, and the size of that frame's body. */
static uint8_t said(struct pair *p, size_t *ret_size)
{
	uint8_t record[RECORD_ROOM], type = 0;
	struct writer w = writer_of(record, sizeof record);
	struct reader r;
	struct frame f;

	CHECK(session_make(p->side[0].session, &w, p->now_us));
	r = reader_of(writer_bytes(&w));
	while (read_frame(&r, &f)) {
		if (f.type != FRAME_DATA && f.type != FRAME_DATA_ON)
			continue;
		CHECK_EQ(type, 0);
		type = f.type;
		*ret_size = f.body.size;
	}
	pair_frames(p, 1, writer_bytes(&w), p->vias);
	return type;
}

/* The two know each other, and have said all their HELLOs. */
static struct pair *pair_direct(uint64_t seed)
{
	struct pair *p = pair_new(seed, NULL);

	pair_path(p, PATH_DIRECT);
	pair_put(p, 0, 20);
	pair_run(p, 1000000);
	return p;
}

static void nothing(struct pair *p)
{
	(void)p;
}

static void settles(struct pair *p)
{
	pair_run(p, 1000000);
}

static void another_link(struct pair *p)
{
	pair_path(p, PATH_DIRECT);
}

static void there_and_back(struct pair *p)
{
	struct session *s = p->side[0].session;

	session_set_path(s, PATH_RELAYED, 99, p->now_us);
	session_set_path(s, PATH_DIRECT, p->vias, p->now_us);
}

static void gap(struct pair *p)
{
	pair_run(p, 1000000);
	p->side[1].session->gap_due = p->side[1].session->ack_due = true;
	pair_run(p, 1000000);
}

static void asked_who_it_is(struct pair *p)
{
	pair_run(p, 1000000);
	p->side[0].session->hello_due = true;
}

static void another_life(struct pair *p)
{
	pair_end(p, 0);
}

static void life_there(struct pair *p)
{
	pair_run(p, 1000000);
	pair_end(p, 1);
	pair_run(p, 1000000);
}

TEST(data_goes_on_without_an_offset_until_something_stands_between)
{
	static const struct {
		const char *why;
		void (*happens)(struct pair *);
		uint8_t type;
	} rows[] = {
		{ "at once", nothing, FRAME_DATA_ON },
		{ "when all was acknowledged", settles, FRAME_DATA_ON },
		{ "another link", another_link, FRAME_DATA },
		{ "the same link again", there_and_back, FRAME_DATA },
		{ "GAP", gap, FRAME_DATA },
		{ "HELLO", asked_who_it_is, FRAME_DATA },
		{ "another life of ours", another_life, FRAME_DATA },
		{ "another life of the peer", life_there, FRAME_DATA },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pair *p = pair_direct(1 + i);
		size_t size;

		CHECK_ROW(rows[i].why);
		pair_put(p, 0, 20);
		CHECK_EQ(said(p, &size), FRAME_DATA);
		CHECK_EQ(size, 4 + 1 + 20);
		pair_put(p, 0, 20);
		CHECK_EQ(said(p, &size), FRAME_DATA_ON);
		CHECK_EQ(size, 1 + 20);
		rows[i].happens(p);
		pair_put(p, 0, 20);
		CHECK_EQ(said(p, &size), rows[i].type);
		pair_put(p, 0, 20);
		CHECK_EQ(said(p, &size), FRAME_DATA_ON);
		CHECK_EQ(size, 1 + 20);
		pair_run(p, 1000000);
		CHECK_EQ(p->side[1].got, 5);
		CHECK_EQ(p->side[0].errors + p->side[1].errors, 0);
		pair_free(p);
	}
}

/* Packets may be lost: each says where its bytes belong. */
TEST(sealed_packets_say_their_offsets)
{
	struct pair *p = pair_new(20, NULL);

	pair_path(p, PATH_DIRECT);
	pair_put(p, 0, 20);
	pair_run(p, 1000000);
	pair_path(p, PATH_RELAYED);
	for (int i = 0; i < 3; i++) {
		pair_put(p, 0, 20);
		pair_run(p, 1000000);
		CHECK(p->side[0].session->out.on == NOWHERE);
	}
	pair_check_done(p);
	pair_free(p);
}

/* ---- taking ------------------------------------------------------------------------------ */

static struct bytes hello(uint8_t *buf, uint64_t sid)
{
	struct writer w = writer_of(buf, 80);

	write_u64(&w, sid);
	write_u64(&w, 0);
	write_varint(&w, 6);
	for (int i = 0; i < 5; i++)
		write_varint(&w, 0);
	write_u8(&w, 0);
	return writer_bytes(&w);
}

/* A step: what comes, by which link, what is said to it, and how many items are there then. */
struct step {
	uint8_t type;
	uint32_t via;
	const char *body;
	size_t size;
	int error;
	unsigned items;
};

#define HELLO_BY(via)               { FRAME_HELLO, via, NULL, 0, 0, 0 }
#define DATA_BY(via, body, items)   { FRAME_DATA, via, body, sizeof body - 1, 0, items }
#define ON_BY(via, body, err, items) { FRAME_DATA_ON, via, body, sizeof body - 1, err, items }

static void take_steps(const struct step *steps, size_t n)
{
	struct pair *p = pair_new(30, NULL);
	struct session *s = p->side[0].session;
	struct bytes item;
	unsigned items = 0;
	uint8_t buf[80];

	session_set_path(s, PATH_DIRECT, VIA, p->now_us);
	for (size_t i = 0; i < n && steps[i].type; i++) {
		struct bytes body = steps[i].type == FRAME_HELLO
		                            ? hello(buf, 7)
		                            : bytes_of(steps[i].body, steps[i].size);
		struct frame f = { steps[i].type, body };

		CHECK_EQ(session_take(s, &f, steps[i].via, p->now_us), steps[i].error);
		while (session_next(s, &item))
			items += item.size == 1 && item.data[0] == 'a' + items;
		if (steps[i].type != FRAME_HELLO)
			CHECK_EQ(items, steps[i].items);
	}
	pair_free(p);
}

TEST(it_goes_on_where_the_last_data_of_its_link_ended)
{
	static const struct {
		const char *why;
		struct step steps[8];
	} rows[] = {
		{ "behind DATA, and behind itself",
		  { HELLO_BY(VIA), DATA_BY(VIA, "\0\0\0\0\1a", 1), ON_BY(VIA, "\1b", 0, 2),
		    ON_BY(VIA, "\1", 0, 2), ON_BY(VIA, "c\1d", 0, 4) } },
		{ "nothing in it", { HELLO_BY(VIA), DATA_BY(VIA, "\0\0\0\0\1a", 1), ON_BY(VIA, "", 0, 1),
		                     ON_BY(VIA, "\1b", 0, 2) } },
		{ "what is known is known",
		  { HELLO_BY(VIA), DATA_BY(VIA, "\0\0\0\0\1a\1b", 2), DATA_BY(VIA, "\0\0\0\0\1a", 2),
		    ON_BY(VIA, "\1b\1c", 0, 3) } },
		{ "behind a gap: it waits at its place",
		  { HELLO_BY(VIA), DATA_BY(VIA, "\2\0\0\0\1b", 0), ON_BY(VIA, "\1c", 0, 0),
		    DATA_BY(VIA, "\0\0\0\0\1a", 3), ON_BY(VIA, "\1b\1c\1d", 0, 4) } },
		{ "before any HELLO, and behind it alone",
		  { ON_BY(VIA, "\1a", 0, 0), HELLO_BY(VIA), ON_BY(VIA, "\1a", LENO_PROTOCOL, 0) } },
		{ "DATA before the HELLO was none",
		  { DATA_BY(VIA, "\0\0\0\0\1a", 0), HELLO_BY(VIA), ON_BY(VIA, "\1b", LENO_PROTOCOL, 0) } },
		{ "behind another HELLO",
		  { HELLO_BY(VIA), DATA_BY(VIA, "\0\0\0\0\1a", 1), HELLO_BY(VIA),
		    ON_BY(VIA, "\1b", LENO_PROTOCOL, 1) } },
		{ "by a link that does not count: as DATA",
		  { HELLO_BY(VIA), DATA_BY(VIA, "\0\0\0\0\1a", 1), ON_BY(OTHER, "\1x", 0, 1),
		    DATA_BY(OTHER, "\2\0\0\0\1x", 1), ON_BY(VIA, "\1b", 0, 2) } },
		{ "by another link that has said HELLO",
		  { HELLO_BY(VIA), DATA_BY(VIA, "\0\0\0\0\1a", 1), HELLO_BY(OTHER),
		    ON_BY(VIA, "\1x", 0, 1), ON_BY(OTHER, "\1b", LENO_PROTOCOL, 1) } },
		{ "DATA by it tells the place",
		  { HELLO_BY(VIA), DATA_BY(VIA, "\0\0\0\0\1a", 1), HELLO_BY(OTHER),
		    DATA_BY(OTHER, "\2\0\0\0\1b", 2), ON_BY(OTHER, "\1c", 0, 3) } },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		take_steps(rows[i].steps, sizeof rows[i].steps / sizeof *rows[i].steps);
	}
}

/* What does not count is answered with HELLO, as DATA is. */
TEST(one_that_does_not_count_is_answered)
{
	struct pair *p = pair_new(31, NULL);
	struct session *s = p->side[0].session;
	const struct frame f = { FRAME_DATA_ON, bytes_of("\1a", 2) };

	pair_path(p, PATH_DIRECT);
	pair_run(p, 1000000);
	CHECK(!session_wants(s));
	CHECK_EQ(session_take(s, &f, p->vias + 1, p->now_us), 0);
	CHECK(session_wants(s) && s->hello_due);
	pair_free(p);
}

TEST(in_a_sealed_packet_it_is_a_fault)
{
	struct pair *p = pair_new(32, NULL);
	const struct frame f = { FRAME_DATA_ON, bytes_of("\1a", 2) };

	pair_path(p, PATH_RELAYED);
	pair_put(p, 0, 20);
	pair_run(p, 1000000);
	CHECK_EQ(session_take(p->side[1].session, &f, 0, p->now_us), LENO_PROTOCOL);
	pair_free(p);
}

/* Bytes for which there was no memory have their place all the same. */
TEST(what_finds_no_memory_is_passed_over)
{
	struct pair *p = pair_direct(33);
	size_t size;

	pair_put(p, 0, 20);
	CHECK_EQ(said(p, &size), FRAME_DATA);
	p->side[1].setup.memory_max = 0;
	pair_put(p, 0, 20000);         /* begins in one record, goes on in the next */
	CHECK_EQ(said(p, &size), FRAME_DATA_ON);
	CHECK_EQ(said(p, &size), FRAME_DATA_ON);
	pair_put(p, 0, 20);
	CHECK_EQ(said(p, &size), FRAME_DATA_ON);
	CHECK_EQ(p->side[1].got, 2);
	p->side[1].setup.memory_max = 8 << 20;
	pair_run(p, 3000000);
	CHECK(p->side[0].setup.resent_bytes > 0);
	pair_check_done(p);
	pair_free(p);
}

TEST_MAIN(TEST_CASE(data_goes_on_without_an_offset_until_something_stands_between),
          TEST_CASE(sealed_packets_say_their_offsets),
          TEST_CASE(it_goes_on_where_the_last_data_of_its_link_ended),
          TEST_CASE(one_that_does_not_count_is_answered),
          TEST_CASE(in_a_sealed_packet_it_is_a_fault),
          TEST_CASE(what_finds_no_memory_is_passed_over))
