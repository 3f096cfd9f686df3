/* covers: src/node/relay.c */
#include "node/relay.h"

#include "support/check.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/packet.h"

static uint8_t body[PACKET_MAX], record[RECORD_FRAMES], aside[PACKET_MAX];
static const struct bytes none;

TEST(packets_leave_in_order_and_whole)
{
	struct pool pool;
	struct relay relay;
	size_t seen = 0;

	pool_init(&pool, 1000);
	relay_init(&relay, &pool);
	for (size_t i = 0; i < 200; i++) {
		body[0] = (uint8_t)i;
		CHECK(relay_put(&relay, bytes_text("head"), bytes_of(body, 1 + i * 7), none, i));
	}
	while (relay_has(&relay)) {
		struct writer w = writer_of(record, sizeof record);
		struct frame f;

		relay_make(&relay, &w, NULL, 200);
		REQUIRE(writer_size(&w) > 0);
		for (struct reader r = reader_of(writer_bytes(&w)); read_frame(&r, &f); seen++) {
			CHECK_EQ(f.type, FRAME_PACKET);
			CHECK_EQ(f.body.size, 4 + 1 + seen * 7);
			CHECK_EQ(f.body.data[4], (uint8_t)seen);
		}
	}
	CHECK_EQ(seen, 200);
	CHECK_EQ(pool.n_out, 0);
	pool_clear(&pool);
}

/* ---- records that carry ------------------------------------------------------------------ */

enum { FRONT = PACKET_HEAD_MIN + SEALED_HEAD };

/* A packet whose sealed part says its number all over. */
static bool put(struct relay *r, uint8_t number, size_t sealed)
{
	struct packet p = { .hops = 3, .kind = PACKET_SEALED, .to = { { number } } };
	uint8_t head[PACKET_HEAD_MAX];
	struct writer w = writer_of(head, sizeof head);

	write_packet_head(&w, &p);
	memset(body, number, sealed);
	return relay_put(r, writer_bytes(&w), bytes_text("index, count"), bytes_of(body, sealed),
	                 0);
}

static bool whole(const struct packet *p, uint8_t number, size_t sealed)
{
	bool same = p->sealed.size == sealed && p->to.bytes[0] == number &&
	            bytes_same(p->body, bytes_text("index, count"));

	for (size_t i = 0; same && i < sealed; i++)
		same = p->sealed.data[i] == number;
	return same;
}

/* One record; the number of the packet that comes next. */
static uint8_t take(struct relay *relay, uint8_t number, const size_t *sizes, bool carries,
                    size_t *ret_carried)
{
	struct writer w = writer_of(record, sizeof record), c = writer_of(aside, sizeof aside);
	struct reader r, carried;
	struct packet p;
	struct frame f;

	relay_make(relay, &w, carries ? &c : NULL, 0);
	r = reader_of(writer_bytes(&w));
	carried = reader_of(writer_bytes(&c));
	CHECK(reader_left(&r) > 0);
	for (; read_frame(&r, &f); number++) {
		bool large = carries && sizes[number] >= CARRIED_MIN;

		CHECK_EQ(f.type, large ? FRAME_CARRIED : FRAME_PACKET);
		CHECK(large ? read_carried(f.body, &carried, &p) : read_packet(f.body, &p));
		CHECK(whole(&p, number, sizes[number]));
	}
	CHECK(read_end(&r) && read_end(&carried));
	*ret_carried += writer_size(&c);
	return number;
}

TEST(large_packets_are_carried_and_nobody_overtakes)
{
	static const size_t sizes[] = { 2000,  16,   1024,  1023, PACKET_MAX - FRONT, 500, 1024,
		                        14000, 3000, 12000, 100,  PACKET_MAX - FRONT };
	enum { N = sizeof sizes / sizeof *sizes };

	for (int carries = 0; carries < 2; carries++) {
		size_t carried = 0, large = 0;
		struct relay relay;
		struct pool pool;
		uint8_t next = 0;

		pool_init(&pool, 1000);
		relay_init(&relay, &pool);
		CHECK(!relay_carries(&relay));
		for (uint8_t i = 0; i < N; i++) {
			CHECK(put(&relay, i, sizes[i]));
			large += sizes[i] >= CARRIED_MIN ? sizes[i] : 0;
		}
		while (relay_has(&relay) && next < N) {
			CHECK_EQ(relay_carries(&relay), sizes[next] >= CARRIED_MIN);
			next = take(&relay, next, sizes, carries, &carried);
		}
		CHECK_EQ(next, N);
		CHECK_EQ(carried, carries ? large : 0);
		CHECK_EQ(pool.n_out, 0);
		pool_clear(&pool);
	}
}

TEST(without_room_for_both_parts_a_packet_waits)
{
	static const struct {
		const char *why;
		size_t frames, carried;
		bool goes;
	} rows[] = {
		{ "just enough", 2 + CARRIED_SIZE + FRONT, 2000, true },
		{ "a byte less for the frame", 1 + CARRIED_SIZE + FRONT, 2000, false },
		{ "a byte less for what is carried", 2 + CARRIED_SIZE + FRONT, 1999, false },
		{ "no room at all", 0, 0, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct writer w = writer_of(record, rows[i].frames),
			      c = writer_of(aside, rows[i].carried);
		struct relay relay;
		struct pool pool;

		CHECK_ROW(rows[i].why);
		pool_init(&pool, 1000);
		relay_init(&relay, &pool);
		CHECK(put(&relay, 1, 2000));
		relay_make(&relay, &w, &c, 0);
		CHECK_EQ(relay_has(&relay), !rows[i].goes);
		CHECK_EQ(writer_size(&w), rows[i].goes ? rows[i].frames : 0);
		CHECK_EQ(writer_size(&c), rows[i].goes ? 2000 : 0);
		CHECK(!w.full && !c.full);
		relay_clear(&relay);
		pool_clear(&pool);
	}
}

TEST(what_does_not_fit_is_dropped)
{
	struct pool pool;
	struct relay relay;
	size_t kept = 0;

	pool_init(&pool, 100000);
	relay_init(&relay, &pool);
	while (relay_put(&relay, none, bytes_of(body, 5000), bytes_of(body, 5000), 0))
		kept++;
	CHECK_EQ(kept, RELAY_QUEUE_MAX / 10008);
	relay_clear(&relay);
	CHECK(!relay_put(&relay, bytes_text("x"), none, bytes_of(body, PACKET_MAX), 0));
	CHECK(!relay_put(&relay, bytes_text("x"), bytes_of(body, PACKET_MAX), none, 0));
	CHECK(!relay_has(&relay));
	pool_clear(&pool);
}

/* By its own wait, or by the length of the queue; the mark is in the first byte. */
TEST(links_that_do_not_empty_leave_room_for_others)
{
	struct relay full[2], other;
	struct pool pool;

	pool_init(&pool, 200);
	for (int i = 0; i < 2; i++) {
		relay_init(&full[i], &pool);
		while (relay_put(&full[i], none, bytes_of(body, 5000), none, 0))
			;
	}
	relay_init(&other, &pool);
	for (int i = 0; i < 20; i++)
		CHECK(relay_put(&other, none, bytes_of(body, 5000), none, 0));
	relay_clear(&other);
	for (int i = 0; i < 2; i++)
		relay_clear(&full[i]);
	CHECK_EQ(pool.n_out, 0);
	pool_clear(&pool);
}

TEST(who_waits_long_is_marked)
{
	static const struct row {
		const char *why;
		uint64_t put_us, make_us;
		size_t before;          /* bytes in the queue already */
		bool marked;
	} rows[] = {
		{ "at once", 1000, 1000, 0, false },
		{ "just not too long", 1000, 1000 + RELAY_MARK_US, 0, false },
		{ "too long", 1000, 1001 + RELAY_MARK_US, 0, true },
		{ "over the end of the low bits", 0xffffffff, 0x100000000 + 100, 0, false },
		{ "too long, over the end", 0xffffffff, 0x100000000 + RELAY_MARK_US, 0, true },
		{ "a long queue", 1000, 1000, RELAY_QUEUE_MARK, true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct writer w = writer_of(record, sizeof record);
		struct pool pool;
		struct relay relay;
		struct frame f;
		struct reader r;

		CHECK_ROW(rows[i].why);
		pool_init(&pool, 100000);
		relay_init(&relay, &pool);
		CHECK_EQ(relay_wait_us(&relay, 5), 0);
		body[0] = 6;
		CHECK(relay_put(&relay, bytes_of(body, 1), none, none, rows[i].put_us));
		for (size_t n = 0; n < rows[i].before; n += PACKET_MAX)
			CHECK(relay_put(&relay, none, bytes_of(body, PACKET_MAX), none, 0));
		CHECK_EQ(relay_wait_us(&relay, rows[i].make_us), rows[i].make_us - rows[i].put_us);
		relay_make(&relay, &w, NULL, rows[i].make_us);
		r = reader_of(writer_bytes(&w));
		CHECK(read_frame(&r, &f));
		CHECK_EQ(f.body.data[0], rows[i].marked ? 7 : 6);
		CHECK_EQ(relay.marked > 0, rows[i].marked);
		relay_clear(&relay);
		pool_clear(&pool);
	}
}

TEST_MAIN(TEST_CASE(packets_leave_in_order_and_whole),
          TEST_CASE(large_packets_are_carried_and_nobody_overtakes),
          TEST_CASE(without_room_for_both_parts_a_packet_waits),
          TEST_CASE(what_does_not_fit_is_dropped),
          TEST_CASE(links_that_do_not_empty_leave_room_for_others),
          TEST_CASE(who_waits_long_is_marked))
