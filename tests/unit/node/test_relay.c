/* covers: src/node/relay.c */
#include "node/relay.h"

#include "support/check.h"
#include "wire/frame.h"
#include "wire/limits.h"

static uint8_t body[PACKET_MAX], record[RECORD_FRAMES];

TEST(packets_leave_in_order_and_whole)
{
	struct pool pool;
	struct relay relay;
	size_t seen = 0;

	pool_init(&pool, 1000);
	relay_init(&relay, &pool);
	for (size_t i = 0; i < 200; i++) {
		body[0] = (uint8_t)i;
		CHECK(relay_put(&relay, bytes_text("head"), bytes_of(body, 1 + i * 7), i));
	}
	while (relay_has(&relay)) {
		struct writer w = writer_of(record, sizeof record);
		struct frame f;

		CHECK(relay_make(&relay, &w, 200));
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

TEST(what_does_not_fit_is_dropped)
{
	struct pool pool;
	struct relay relay;
	size_t kept = 0;

	pool_init(&pool, 100000);
	relay_init(&relay, &pool);
	while (relay_put(&relay, bytes_of(NULL, 0), bytes_of(body, 10000), 0))
		kept++;
	CHECK_EQ(kept, RELAY_QUEUE_MAX / 10006);
	CHECK(!relay_put(&relay, bytes_text("x"), bytes_of(body, PACKET_MAX), 0));
	relay_clear(&relay);
	CHECK(!relay_has(&relay));
	pool_clear(&pool);
}

/* By its own wait, or by the length of the queue; the mark is in the first byte. */
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
		CHECK(relay_put(&relay, bytes_of(body, 1), bytes_of(NULL, 0), rows[i].put_us));
		for (size_t n = 0; n < rows[i].before; n += PACKET_MAX)
			CHECK(relay_put(&relay, bytes_of(NULL, 0), bytes_of(body, PACKET_MAX), 0));
		CHECK_EQ(relay_wait_us(&relay, rows[i].make_us), rows[i].make_us - rows[i].put_us);
		CHECK(relay_make(&relay, &w, rows[i].make_us));
		r = reader_of(writer_bytes(&w));
		CHECK(read_frame(&r, &f));
		CHECK_EQ(f.body.data[0], rows[i].marked ? 7 : 6);
		CHECK_EQ(relay.marked > 0, rows[i].marked);
		relay_clear(&relay);
		pool_clear(&pool);
	}
}

TEST_MAIN(TEST_CASE(packets_leave_in_order_and_whole),
          TEST_CASE(what_does_not_fit_is_dropped),
          TEST_CASE(who_waits_long_is_marked))
