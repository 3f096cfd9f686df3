/* covers: src/wire/packet.c */
#include "wire/packet.h"

#include "support/check.h"

static const leno_id to = { { 1 } }, from = { { 2 } }, gate = { { 3 } };

TEST(a_packet_comes_back_with_the_gates_that_its_flags_name)
{
	for (uint8_t flags = 0; flags < 8; flags++) {
		struct packet p = { .flags = flags, .hops = 9, .kind = PACKET_SEALED, .to = to,
			.from = from, .to_gate = gate, .from_gate = gate }, back;
		uint8_t buf[PACKET_HEAD_MAX + 3];
		struct writer w = writer_of(buf, sizeof buf);

		write_packet_head(&w, &p);
		write_bytes(&w, "abc", 3);
		CHECK(!w.full);
		CHECK(read_packet(writer_bytes(&w), &back));
		CHECK_EQ(back.flags, flags);
		CHECK_EQ(back.hops, 9);
		CHECK(leno_id_same(&back.to, &to) && leno_id_same(&back.from, &from));
		CHECK_EQ(leno_id_same(&back.to_gate, &gate), (flags & PACKET_TO_GATE) != 0);
		CHECK_EQ(leno_id_same(&back.from_gate, &gate), (flags & PACKET_FROM_GATE) != 0);
		CHECK(bytes_same(back.body, bytes_text("abc")));
	}
}

TEST(what_is_no_packet_is_refused)
{
	static const struct { uint8_t flags, kind; size_t size; const char *why; } rows[] = {
		{ 0, 0, PACKET_HEAD_MIN, "kind 0" },
		{ 0, PACKET_REFUSED + 1, PACKET_HEAD_MIN, "a kind of the future" },
		{ 8, PACKET_INIT, PACKET_HEAD_MIN, "a flag of the future" },
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

TEST_MAIN(TEST_CASE(a_packet_comes_back_with_the_gates_that_its_flags_name),
          TEST_CASE(what_is_no_packet_is_refused))
