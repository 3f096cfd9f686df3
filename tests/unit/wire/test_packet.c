/* covers: src/wire/packet.c */
#include "wire/packet.h"

#include "support/check.h"
#include "wire/frame.h"

static const leno_id to = { { 1 } }, from = { { 2 } }, gate = { { 3 } };

TEST(a_packet_comes_back_with_the_gates_that_its_flags_name)
{
	for (uint8_t flags = 0; flags < 8; flags++) {
		struct packet p = { .flags = flags, .hops = 9, .kind = PACKET_SEALED, .to = to,
			.from = from, .to_gate = gate, .from_gate = gate }, back;
		uint8_t buf[PACKET_HEAD_MAX + SEALED_HEAD + 3];
		struct writer w = writer_of(buf, sizeof buf);

		write_packet_head(&w, &p);
		write_bytes(&w, "index, countabc", SEALED_HEAD + 3);
		CHECK(!w.full);
		CHECK(read_packet(writer_bytes(&w), &back));
		CHECK_EQ(back.flags, flags);
		CHECK_EQ(back.hops, 9);
		CHECK(leno_id_same(&back.to, &to) && leno_id_same(&back.from, &from));
		CHECK_EQ(leno_id_same(&back.to_gate, &gate), (flags & PACKET_TO_GATE) != 0);
		CHECK_EQ(leno_id_same(&back.from_gate, &gate), (flags & PACKET_FROM_GATE) != 0);
		CHECK(bytes_same(back.body, bytes_text("index, count")));
		CHECK(bytes_same(back.sealed, bytes_text("abc")));
	}
}

TEST(what_is_no_packet_is_refused)
{
	static const struct { uint8_t flags, kind; size_t size; const char *why; } rows[] = {
		{ 0, 0, PACKET_HEAD_MIN, "kind 0" },
		{ 0, PACKET_REFUSED + 1, PACKET_HEAD_MIN, "a kind of the future" },
		{ 16, PACKET_INIT, PACKET_HEAD_MIN, "a flag of the future" },
		{ 0, PACKET_INIT, PACKET_HEAD_MIN - 1, "too short" },
		{ PACKET_TO_GATE, PACKET_INIT, PACKET_HEAD_MIN + 15, "too short for its gate" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t buf[PACKET_HEAD_MAX] = { rows[i].flags, 5, rows[i].kind };
		struct packet p;
		CHECK_ROW(rows[i].why);
		CHECK(!read_packet(bytes_of(buf, rows[i].size), &p));
	}
}

TEST(only_what_is_sealed_stands_apart)
{
	static const struct { uint8_t kind; size_t size, body, sealed; const char *why; } rows[] = {
		{ PACKET_INIT, 20, 20, 0, "a greeting has no sealed part" },
		{ PACKET_RESPONSE, 20, 20, 0, "nor has the answer" },
		{ PACKET_REFUSED, 4, 4, 0, "nor a refusal" },
		{ PACKET_SEALED, 20, SEALED_HEAD, 8, "sealed" },
		{ PACKET_SEALED, SEALED_HEAD, SEALED_HEAD, 0, "nothing sealed" },
		{ PACKET_SEALED, 7, 7, 0, "the session's to refuse" },
		{ PACKET_SEALED, 0, 0, 0, "the same" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t buf[PACKET_HEAD_MIN + 20] = { 0, 5, rows[i].kind };
		struct packet p;
		CHECK_ROW(rows[i].why);
		CHECK(read_packet(bytes_of(buf, PACKET_HEAD_MIN + rows[i].size), &p));
		CHECK_EQ(p.body.size, rows[i].body);
		CHECK_EQ(p.sealed.size, rows[i].sealed);
	}
}

/* Of 100 bytes that the record carries. */
TEST(a_carried_packet_takes_what_is_its_own)
{
	enum { FRONT = PACKET_HEAD_MIN + SEALED_HEAD };
	static const struct {
		const char *why;
		unsigned kind, carried;
		size_t front;            /* bytes behind the size */
		bool good;
	} rows[] = {
		{ "some of it", PACKET_SEALED, 40, FRONT, true },
		{ "all of it", PACKET_SEALED, 100, FRONT, true },
		{ "a tag alone", PACKET_SEALED, SEALED_MIN, FRONT, true },
		{ "less than a tag", PACKET_SEALED, SEALED_MIN - 1, FRONT, false },
		{ "nothing", PACKET_SEALED, 0, FRONT, false },
		{ "more than is carried", PACKET_SEALED, 101, FRONT, false },
		{ "much more", PACKET_SEALED, 0xffff, FRONT, false },
		{ "without its counter", PACKET_SEALED, 40, FRONT - 1, false },
		{ "with a sealed part of its own", PACKET_SEALED, 40, FRONT + 1, false },
		{ "a greeting", PACKET_INIT, 40, FRONT, false },
		{ "an answer", PACKET_RESPONSE, 40, FRONT, false },
		{ "a refusal", PACKET_REFUSED, 40, FRONT, false },
		{ "no kind", 0, 40, FRONT, false },
		{ "half a head", PACKET_SEALED, 40, 20, false },
	};
	static const uint8_t all[100];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t buf[CARRIED_MAX] = { (uint8_t)rows[i].carried, (uint8_t)(rows[i].carried >> 8),
			0, 5, (uint8_t)rows[i].kind };
		struct reader carried = reader_of(bytes_of(all, sizeof all));
		struct packet p = { 0 };
		CHECK_ROW(rows[i].why);
		CHECK_EQ(read_carried(bytes_of(buf, CARRIED_SIZE + rows[i].front), &carried, &p),
		         rows[i].good);
		CHECK_EQ(p.sealed.size, rows[i].good ? rows[i].carried : 0);
		CHECK(!rows[i].good || (p.sealed.data == all && carried.at == all + p.sealed.size));
		CHECK(!read_carried(bytes_of(buf, 1), &carried, &p)); /* half a size */
	}
}

TEST(a_carried_packet_is_written_as_it_is_read)
{
	static const uint8_t all[50];
	static const leno_id relays[ROUTE_MAX] = { { { 4 } }, { { 5 } }, { { 6 } }, { { 7 } },
	                                           { { 8 } }, { { 9 } }, { { 10 } }, { { 11 } } };
	struct packet p = { .hops = 9, .kind = PACKET_SEALED, .to = to, .from = from,
		.flags = PACKET_TO_GATE | PACKET_FROM_GATE | PACKET_ROUTE, .n_route = ROUTE_MAX,
		.route = relays }, back;
	struct reader carried = reader_of(bytes_of(all, sizeof all)), r;
	uint8_t buf[3 + CARRIED_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct frame f;

	write_carried(&w, PACKET_HEAD_MAX + SEALED_HEAD, 30);
	write_packet_head(&w, &p);
	write_bytes(&w, "index, count", SEALED_HEAD);
	CHECK(!w.full && writer_left(&w) == 0);
	r = reader_of(writer_bytes(&w));
	CHECK(read_frame(&r, &f) && f.type == FRAME_CARRIED && read_end(&r));
	CHECK(read_carried(f.body, &carried, &back));
	CHECK(leno_id_same(&back.to, &to) && bytes_same(back.body, bytes_text("index, count")));
	CHECK_EQ(back.sealed.size, 30);
	CHECK_EQ(reader_left(&carried), 20);
}

/* The relays of a route by the first bytes of their ids; 1 is `to`, 2 is `from`. */
TEST(a_route_comes_back_as_it_was_or_is_refused)
{
	static const struct {
		uint8_t n, at, ids[ROUTE_MAX + 1];
		size_t cut;
		bool good;
		const char *why;
	} rows[] = {
		{ 1, 0, { 4 }, 0, true, "one relay" },
		{ 1, 1, { 4 }, 0, true, "all passed" },
		{ 8, 3, { 4, 5, 6, 7, 8, 9, 10, 11 }, 0, true, "as many as there may be" },
		{ 0, 0, { 0 }, 0, false, "none" },
		{ 9, 0, { 4, 5, 6, 7, 8, 9, 10, 11, 12 }, 0, false, "too many" },
		{ 2, 3, { 4, 5 }, 0, false, "more passed than there are" },
		{ 2, 0, { 4, 4 }, 0, false, "one twice" },
		{ 3, 0, { 4, 5, 4 }, 0, false, "back again" },
		{ 2, 0, { 4, 1 }, 0, false, "by way of the goal" },
		{ 2, 0, { 2, 4 }, 0, false, "by way of the sender" },
		{ 2, 0, { 4, 5 }, 1, false, "too short" },
		{ 255, 0, { 4 }, 0, false, "far too short" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t n = rows[i].n <= ROUTE_MAX + 1 ? rows[i].n : 1;
		struct packet p = { .flags = PACKET_FROM_GATE, .kind = PACKET_INIT, .to = to,
			            .from = from, .from_gate = gate }, back;
		uint8_t buf[PACKET_HEAD_MAX + 16];
		struct writer w = writer_of(buf, sizeof buf);
		leno_id id = { { 0 } };

		CHECK_ROW(rows[i].why);
		write_packet_head(&w, &p);
		buf[0] |= PACKET_ROUTE;
		write_u8(&w, rows[i].n);
		write_u8(&w, rows[i].at);
		for (size_t k = 0; k < n; k++) {
			id.bytes[0] = rows[i].ids[k];
			write_id(&w, &id);
		}
		CHECK(!w.full);
		if (!CHECK_EQ(read_packet(bytes_of(buf, writer_size(&w) - rows[i].cut), &back),
		              rows[i].good) || !rows[i].good)
			continue;
		CHECK_EQ(back.n_route, rows[i].n);
		CHECK_EQ(back.at, rows[i].at);
		CHECK_EQ(back.body.size, 0);
		for (size_t k = 0; k < n; k++)
			CHECK_EQ(back.route[k].bytes[0], rows[i].ids[k]);
		uint8_t again[PACKET_HEAD_MAX];
		struct writer copy = writer_of(again, sizeof again);
		write_packet_head(&copy, &back);
		CHECK(bytes_same(writer_bytes(&copy), writer_bytes(&w)));
	}
}

TEST(an_answer_goes_back_the_way_that_the_question_came)
{
	const leno_id relays[3] = { { { 4 } }, { { 5 } }, { { 6 } } };
	struct packet got = { .flags = PACKET_ROUTE | PACKET_FROM_GATE, .at = 3, .n_route = 3,
		              .route = relays, .from_gate = gate, .to = to, .from = from };
	struct packet back = { .kind = PACKET_RESPONSE, .to = from, .from = to };
	leno_id ids[ROUTE_MAX];

	packet_turn(&got, &back, ids);
	CHECK_EQ(back.flags, PACKET_ROUTE | PACKET_TO_GATE);
	CHECK(leno_id_same(&back.to_gate, &gate));
	CHECK_EQ(back.n_route, 3);
	CHECK_EQ(back.at, 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(back.route[i].bytes[0], 6 - i);
	got.flags = 0;
	back.flags = 0;
	packet_turn(&got, &back, ids);
	CHECK_EQ(back.flags, 0);
}

TEST_MAIN(TEST_CASE(a_packet_comes_back_with_the_gates_that_its_flags_name),
          TEST_CASE(what_is_no_packet_is_refused), TEST_CASE(only_what_is_sealed_stands_apart),
          TEST_CASE(a_carried_packet_takes_what_is_its_own),
          TEST_CASE(a_carried_packet_is_written_as_it_is_read),
          TEST_CASE(a_route_comes_back_as_it_was_or_is_refused),
          TEST_CASE(an_answer_goes_back_the_way_that_the_question_came))
