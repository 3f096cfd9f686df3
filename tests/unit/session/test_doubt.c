/* test_doubt.c - routes that packets name, what is counted of those that were altered, and
 * how one end tells the other whom it suspects.
 * covers: src/session/doubt.c */
#include "pair.h"

static const leno_id relays[ROUTE_MAX] = { { { 1 } }, { { 2 } }, { { 3 } }, { { 4 } },
	                                   { { 5 } }, { { 6 } }, { { 7 } }, { { 8 } } };

static struct pair *settled(uint64_t seed)
{
	struct pair *p = pair_new(seed, NULL);

	pair_path(p, PATH_RELAYED);
	pair_put(p, 0, 100);
	pair_run(p, 1000000);
	pair_check_done(p);
	return p;
}

static bool packet_of(const struct flight *f, struct packet *ret)
{
	struct reader r = reader_of(bytes_of(f->data, f->size));
	struct frame frame;

	return read_frame(&r, &frame) && read_packet(frame.body, ret);
}

static struct session_doubt doubt_of(size_t n)
{
	struct session_doubt d = { .why = DOUBT_DAMAGE, .n = n };

	for (size_t i = 0; i < n; i++) {
		d.relays[i].bytes[5] = (uint8_t)(i + 1);
		d.strikes[i] = (uint8_t)(2 * i + 1);
	}
	return d;
}

TEST(a_doubt_is_heard_once)
{
	struct session_doubt said, heard;

	for (size_t n = 1; n <= DOUBTS_MAX; n += DOUBTS_MAX - 1) {
		struct pair *p = settled(n);

		said = doubt_of(n);
		session_doubt(p->side[1].session, &said);
		pair_run(p, 100000);
		CHECK(session_take_doubt(p->side[0].session, &heard));
		CHECK_EQ(heard.n, n);
		CHECK_EQ(heard.why, DOUBT_DAMAGE);
		CHECK_BYTES(heard.relays, said.relays, sizeof said.relays);
		CHECK_BYTES(heard.strikes, said.strikes, sizeof said.strikes);
		CHECK(!session_take_doubt(p->side[0].session, &heard));
		pair_put(p, 0, 100);
		pair_run(p, 100000);
		pair_check_done(p);
		pair_free(p);
	}
}

/* Only a responder that has not heard from the initiator has no keys to say it under. */
TEST(a_doubt_is_reason_enough_for_a_handshake)
{
	struct pair *p = pair_new(20, NULL);
	struct session_doubt said = doubt_of(2), heard;

	pair_path(p, PATH_RELAYED);
	session_doubt(p->side[0].session, &said);
	pair_run(p, 200000);
	CHECK(session_take_doubt(p->side[1].session, &heard));
	session_doubt(p->side[0].session, &said);
	session_doubt(p->side[0].session, NULL);       /* taken back before it went */
	pair_run(p, 200000);
	CHECK(!session_take_doubt(p->side[1].session, &heard));
	pair_free(p);
}

TEST(what_is_no_doubt_is_a_fault)
{
	static const struct { uint8_t why; size_t size; int error; const char *reason; } rows[] = {
		{ 1, 1 + 17, 0, "one relay" },
		{ 2, 1 + 16 * 17, 0, "sixteen" },
		{ 0, 1 + 17, LENO_PROTOCOL, "no reason" },
		{ 3, 1 + 17, LENO_PROTOCOL, "a reason of the future" },
		{ 1, 1, LENO_PROTOCOL, "nobody" },
		{ 1, 0, LENO_PROTOCOL, "nothing" },
		{ 1, 1 + 17 - 1, LENO_PROTOCOL, "too short" },
		{ 1, 1 + 17 + 1, LENO_PROTOCOL, "too long" },
		{ 1, 1 + 17 * 17, LENO_PROTOCOL, "too many" },
	};
	struct pair *p = settled(30);
	struct session_doubt heard;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t body[1 + 17 * 17] = { rows[i].why };
		struct frame f = { FRAME_DOUBT, bytes_of(body, rows[i].size) };

		CHECK_ROW(rows[i].reason);
		CHECK_EQ(session_take(p->side[0].session, &f, 0, p->now_us), rows[i].error);
		CHECK_EQ(session_take_doubt(p->side[0].session, &heard), !rows[i].error);
	}
	pair_free(p);
}

/* Packets of any length with each route stay within PACKET_MAX, see pair_make(). */
TEST(packets_name_their_route)
{
	for (size_t n = 0; n <= ROUTE_MAX; n++) {
		struct pair *p = settled(40 + n);
		struct side *a = &p->side[0];
		leno_id gate = { { 77 } };
		struct packet packet;

		CHECK_EQ(session_set_route(a->session, relays, n), n > 0);
		CHECK(!session_set_route(a->session, relays, n));
		if (n % 2)
			session_set_gate(a->session, &gate);
		for (int i = 0; i < 30; i++)
			pair_put(p, 0, 4000);
		CHECK(pair_make(p, 0));
		REQUIRE(packet_of(&a->flights[0], &packet));
		CHECK_EQ((packet.flags & PACKET_ROUTE) != 0, n > 0);
		CHECK_EQ(packet.n_route, n);
		CHECK_EQ(packet.at, 0);
		if (n > 0)
			CHECK_BYTES(packet.route, relays, n * sizeof *relays);
		CHECK(SEALED_HEAD + packet.sealed.size + 35 + 32 + (n ? 2 + 16 * n : 0) <=
		      PACKET_MAX);
		CHECK(packet.sealed.size > PACKET_MAX - 400);
		pair_run(p, 2000000);
		pair_check_done(p);
		pair_free(p);
	}
}

/* What is under way by the old one is not waited for. */
TEST(another_route_sends_again)
{
	struct pair *p = settled(60);
	struct side *a = &p->side[0];

	pair_put(p, 0, 100);
	CHECK(pair_make(p, 0));
	CHECK(!pair_make(p, 0));
	free(a->flights[0].data);
	a->n_flights = 0;                              /* lost */
	CHECK(session_set_route(a->session, relays, 2));
	CHECK(pair_make(p, 0));
	pair_run(p, 100000);
	pair_check_done(p);
	pair_free(p);
}

/* Handshakes too; and whoever was asked along a route answers along it, if told to. */
TEST(an_init_is_answered_along_its_route)
{
	struct pair *p = pair_new(61, NULL);
	struct side *a = &p->side[0], *b = &p->side[1];
	uint8_t buf[HANDSHAKE_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct packet init, response;
	struct bytes frames;

	pair_path(p, PATH_RELAYED);
	pair_put(p, 0, 50);
	CHECK(pair_make(p, 0));
	CHECK(!pair_make(p, 0));
	session_set_route(a->session, relays, 3);      /* tried again at once, that way */
	CHECK(pair_make(p, 0));
	REQUIRE(packet_of(&a->flights[1], &init));
	CHECK_EQ(init.kind, PACKET_INIT);
	CHECK_EQ(init.n_route, 3);
	CHECK(!session_answer(b->session, &init, &w)); /* nothing is due */
	CHECK_EQ(session_take_packet(b->session, &init, p->now_us, &frames), PACKET_GREETS);
	CHECK(session_answer(b->session, &init, &w));
	REQUIRE(read_packet(writer_bytes(&w), &response));
	CHECK_EQ(response.kind, PACKET_RESPONSE);
	CHECK_EQ(response.n_route, 3);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(response.route[i].bytes[0], 3 - i);
	CHECK(!session_wants(b->session));
	CHECK_EQ(session_take_packet(a->session, &response, p->now_us, &frames), 0);
	pair_run(p, 1000000);
	pair_check_done(p);
	pair_free(p);
}

/* Nobody who does not know the index is counted, whatever he sends. */
TEST(only_packets_of_a_known_index_count_as_damaged)
{
	static const struct { int at; unsigned damaged; size_t left; const char *why; } rows[] = {
		{ 0, 0, SIZE_MAX, "another index" },
		{ SEALED_HEAD, 1, SIZE_MAX, "what is sealed" },
		{ 4, 1, SIZE_MAX, "the counter" },
		{ -1, 1, 30, "shorter" },
		{ -1, 1, 5, "less than a tag" },
		{ -1, 1, 0, "nothing" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pair *p = settled(70 + i);
		struct side *a = &p->side[0], *b = &p->side[1];
		struct packet packet;
		struct bytes frames;

		CHECK_ROW(rows[i].why);
		pair_put(p, 0, 40);
		CHECK(pair_make(p, 0));
		REQUIRE(packet_of(&a->flights[0], &packet));
		if (rows[i].at >= 0)         /* body and sealed lie side by side */
			((uint8_t *)(uintptr_t)packet.body.data)[rows[i].at] ^= 0x40;
		if (packet.sealed.size > rows[i].left)
			packet.sealed.size = rows[i].left;
		CHECK(session_take_packet(b->session, &packet, p->now_us, &frames) <= 0);
		CHECK_EQ(session_damaged(b->session), rows[i].damaged);
		pair_free(p);
	}
}

TEST(questions_without_an_answer_are_counted)
{
	struct pair *p = pair_new(80, NULL);
	struct side *a = &p->side[0];

	pair_path(p, PATH_RELAYED);
	CHECK_EQ(session_unanswered(a->session), 0);
	pair_put(p, 0, 50);
	p->frozen = true;
	pair_run(p, 3000000);
	CHECK(session_unanswered(a->session) >= 5);
	p->frozen = false;
	pair_run(p, 3000000);
	CHECK_EQ(session_unanswered(a->session), 0);
	pair_check_done(p);
	p->frozen = true;                              /* keys, but silence */
	pair_put(p, 0, 50);
	pair_run(p, 5000000);
	CHECK(session_unanswered(a->session) >= 4);
	p->frozen = false;
	pair_run(p, 3000000);
	CHECK_EQ(session_unanswered(a->session), 0);
	pair_free(p);
}

TEST_MAIN(TEST_CASE(a_doubt_is_heard_once), TEST_CASE(a_doubt_is_reason_enough_for_a_handshake),
          TEST_CASE(what_is_no_doubt_is_a_fault), TEST_CASE(packets_name_their_route),
          TEST_CASE(another_route_sends_again), TEST_CASE(an_init_is_answered_along_its_route),
          TEST_CASE(only_packets_of_a_known_index_count_as_damaged),
          TEST_CASE(questions_without_an_answer_are_counted))
