/* Large packets whose sealed part the link's record carries: the same packets, in two places.
 * (covers: src/session/seal.c src/session/session.c) */
#include "pair.h"

static uint8_t record[RECORD_ROOM], aside[RECORD_ROOM];
static struct writer frames, carried;

/* Both have keys, and know that the other has them: packets have no HELLO any more. */
static struct pair *settled(void)
{
	struct pair *p = pair_new(1, NULL);

	pair_path(p, PATH_RELAYED);
	for (int i = 0; i < 4; i++) {
		pair_put(p, i & 1, 100);
		pair_run(p, 1000000);
	}
	pair_check_done(p);
	return p;
}

static void rooms(size_t of_frames, size_t of_carried)
{
	frames = writer_of(record, of_frames);
	carried = writer_of(aside, of_carried);
}

/* What side `who` writes into one record that carries; packets. */
static unsigned make(struct pair *p, int who)
{
	unsigned n = 0;

	while (session_carry(p->side[who].session, &frames, &carried, p->now_us))
		n++;
	return n;
}

/* All of the record is for the other side. */
static void take(struct pair *p, int who)
{
	struct reader r = reader_of(writer_bytes(&frames)), c = reader_of(writer_bytes(&carried));
	struct packet packet;
	struct bytes inner;
	struct frame f;

	while (read_frame(&r, &f)) {
		CHECK(f.type == FRAME_CARRIED ? read_carried(f.body, &c, &packet)
		                              : read_packet(f.body, &packet));
		CHECK_EQ(session_take_packet(p->side[who].session, &packet, p->now_us, &inner), 1);
		CHECK(inner.data == packet.sealed.data); /* opened where it lay */
		pair_frames(p, who, inner, 0);
	}
	CHECK(read_end(&r) && read_end(&c));
}

TEST(large_packets_go_in_two_parts_and_small_ones_in_one)
{
	static const struct {
		size_t item;
		unsigned packets;
		bool carries;
	} rows[] = {
		{ 100, 1, false }, { 600, 1, false },  { 1100, 1, true },
		{ 9000, 1, true }, { 14000, 1, true }, { 100, 1, false },
	};
	struct pair *p = settled();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK(!session_carries(p->side[0].session));
		pair_put(p, 0, rows[i].item);
		CHECK_EQ(session_carries(p->side[0].session), rows[i].carries);
		rooms(1000, PACKET_MAX);
		CHECK_EQ(make(p, 0), rows[i].packets);
		CHECK_EQ(record[0], rows[i].carries ? FRAME_CARRIED : FRAME_PACKET);
		CHECK_EQ(writer_size(&carried) > rows[i].item, rows[i].carries);
		CHECK_EQ(writer_size(&frames) > rows[i].item, !rows[i].carries);
		CHECK(writer_size(&carried) <= PACKET_MAX);
		take(p, 1);
		CHECK_EQ(p->side[1].got, p->side[0].put);
		pair_run(p, 1000000);
		pair_check_done(p);
	}
	pair_free(p);
}

/* 60 KiB at once, in records of any rooms: whole packets, in order, while both parts fit. */
TEST(what_does_not_fit_waits_for_the_next_record)
{
	static const struct {
		size_t frames, carried;
		const char *why;
	} rows[] = {
		{ 1000, PACKET_MAX, "as a link gives it" },
		{ 100, PACKET_MAX, "room for one frame" },
		{ 1000, 4000, "room for a small part" },
		{ 2000, RECORD_ROOM, "more than a packet" },
	};
	struct pair *p = settled();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		for (int k = 0; k < 6; k++)
			CHECK_EQ(pair_put(p, 0, 10000), 0);
		for (int k = 0; k < 30 && session_carries(p->side[0].session); k++) {
			rooms(rows[i].frames, rows[i].carried);
			CHECK(make(p, 0) > 0);
			CHECK(!frames.full && !carried.full);
			take(p, 1);
		}
		pair_run(p, 1000000);
		pair_check_done(p);
	}
	pair_free(p);
}

TEST(without_room_nothing_is_written)
{
	static const struct {
		size_t frames, carried;
		const char *why;
	} rows[] = {
		{ 1000, 0, "nothing can be carried" },
		{ 1000, TAG_SIZE, "a tag alone" },
		{ 1000, 1000, "a part that is not worth it" },
		{ 0, PACKET_MAX, "no frame" },
		{ 2 + CARRIED_SIZE + PACKET_HEAD_MIN + SEALED_HEAD - 1, PACKET_MAX,
		  "almost a frame" },
	};
	struct pair *p = settled();

	pair_put(p, 0, 5000);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		rooms(rows[i].frames, rows[i].carried);
		CHECK_EQ(make(p, 0), 0);
		CHECK(writer_size(&frames) == 0 && writer_size(&carried) == 0);
		CHECK(session_carries(p->side[0].session));
	}
	rooms(2 + CARRIED_SIZE + PACKET_HEAD_MIN + SEALED_HEAD, PACKET_MAX);
	CHECK_EQ(make(p, 0), 1);
	take(p, 1);
	pair_run(p, 1000000);
	pair_check_done(p);
	pair_free(p);
}

TEST(a_changed_byte_of_either_part_is_refused)
{
	enum { HEAD = 2 + CARRIED_SIZE };
	struct pair *p = settled();
	struct packet packet;
	struct bytes inner;
	struct frame f;
	size_t n;

	pair_put(p, 0, 3000);
	rooms(1000, PACKET_MAX);
	CHECK_EQ(make(p, 0), 1);
	n = writer_size(&carried);
	for (size_t at = 0; at < SEALED_HEAD + n; at += at < SEALED_HEAD ? 1 : 97) {
		uint8_t front[sizeof record], copy[sizeof aside];
		struct reader r = reader_of(bytes_of(front, writer_size(&frames)));
		struct reader c = reader_of(bytes_of(copy, n));

		memcpy(front, record, sizeof front);
		memcpy(copy, aside, sizeof copy);
		if (at < SEALED_HEAD)
			front[HEAD + PACKET_HEAD_MIN + at] ^= 1;
		else
			copy[at - SEALED_HEAD] ^= 1;
		CHECK(read_frame(&r, &f) && read_carried(f.body, &c, &packet));
		CHECK(session_take_packet(p->side[1].session, &packet, p->now_us, &inner) != 1);
	}
	take(p, 1); /* none of that was believed: the packet itself still is */
	pair_run(p, 1000000);
	pair_check_done(p);
	pair_free(p);
}

TEST(only_packets_can_be_carried)
{
	struct pair *p = settled();

	pair_path(p, PATH_DIRECT);
	pair_put(p, 0, 5000);
	CHECK(!session_carries(p->side[0].session));
	rooms(1000, PACKET_MAX);
	CHECK(make(p, 0) > 0 && writer_size(&carried) == 0);
	pair_frames(p, 1, writer_bytes(&frames), p->side[1].session->via);
	pair_path(p, PATH_NONE);
	pair_put(p, 0, 5000);
	CHECK(!session_carries(p->side[0].session));
	pair_path(p, PATH_RELAYED);
	pair_run(p, 1000000);
	pair_check_done(p);
	pair_free(p);

	p = pair_new(2, NULL); /* before there are keys */
	pair_path(p, PATH_RELAYED);
	pair_put(p, 0, 5000);
	CHECK(!session_carries(p->side[0].session));
	rooms(1000, PACKET_MAX);
	CHECK_EQ(make(p, 0), 1);
	CHECK(record[0] == FRAME_PACKET && writer_size(&carried) == 0);
	pair_free(p);
}

TEST_MAIN(TEST_CASE(large_packets_go_in_two_parts_and_small_ones_in_one),
          TEST_CASE(what_does_not_fit_waits_for_the_next_record),
          TEST_CASE(without_room_nothing_is_written),
          TEST_CASE(a_changed_byte_of_either_part_is_refused),
          TEST_CASE(only_packets_can_be_carried))
