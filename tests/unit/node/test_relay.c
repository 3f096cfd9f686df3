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
		CHECK(relay_put(&relay, bytes_text("head"), bytes_of(body, 1 + i * 7)));
	}
	while (relay_has(&relay)) {
		struct writer w = writer_of(record, sizeof record);
		struct frame f;

		CHECK(relay_make(&relay, &w));
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

TEST(what_does_not_fit_is_dropped_and_a_long_queue_says_so)
{
	struct pool pool;
	struct relay relay;
	size_t kept = 0;

	pool_init(&pool, 100000);
	relay_init(&relay, &pool);
	CHECK(!relay_crowded(&relay));
	while (relay_put(&relay, bytes_of(NULL, 0), bytes_of(body, 10000)))
		kept++;
	CHECK_EQ(kept, RELAY_QUEUE_MAX / 10002);
	CHECK(relay_crowded(&relay));
	CHECK(!relay_put(&relay, bytes_text("x"), bytes_of(body, PACKET_MAX)));
	relay_clear(&relay);
	CHECK(!relay_has(&relay));
	pool_clear(&pool);
}

TEST_MAIN(TEST_CASE(packets_leave_in_order_and_whole),
          TEST_CASE(what_does_not_fit_is_dropped_and_a_long_queue_says_so))
