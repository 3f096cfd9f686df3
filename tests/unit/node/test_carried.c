/* A member whose records carry what they should not: the link ends, whatever it was.
 * covers: src/node/up.c */
#include <leno/engine.h>

#include "link/link.h"
#include "support/check.h"
#include "wire/packet.h"

enum { FRONT = PACKET_HEAD_MIN + SEALED_HEAD };

static struct identity self;
static struct network network;
static struct random dice;
static struct link_setup setup;
static struct link *link_;
static leno_node *node;
static uint8_t buf[64 * 1024];
static struct carrier carrier;
static bool closed;
static uint8_t reason;

/* All that the node says, of which a reason to close is heard. */
static void hear(void)
{
	struct bytes frames;
	struct frame f;
	leno_out out;
	size_t size;

	while (leno_engine_next(node, &out)) {
		while ((size = leno_engine_make(node, 0, buf, sizeof buf)) > 0) {
			uint8_t *at = buf;

			while (link_take(link_, &at, &size, 1, &frames) > 0)
				for (struct reader r = reader_of(frames); read_frame(&r, &f);)
					if (f.type == FRAME_CLOSE)
						reason = f.body.data[0];
		}
		closed |= out.kind == LENO_OUT_CLOSE;
	}
}

static void say_links(void)
{
	struct writer w = link_record_begin(link_, buf, sizeof buf, 1);
	uint8_t text[17] = { 0, 1 };

	memcpy(text + 9, link_id(link_), 8);
	CHECK(write_frame(&w, FRAME_LINKS, bytes_of(text, sizeof text)));
	leno_engine_take(node, 0, buf, link_record_end(link_, &w, 1));
	hear();
}

static void begin(bool links)
{
	leno_engine_config config = { .wall_ms = 1, .now_us = 1, .identity = { 1 } };

	CHECK(crypto_init());
	identity_from_seed(&self, (const uint8_t[32]){ 2 });
	network_init(&network, "default", NULL);
	random_init(&dice, (const uint8_t[32]){ 3 }, bytes_text("carried"));
	setup = (struct link_setup){ .self = &self,
		                     .network = &network,
		                     .random = &dice,
		                     .incarnation = 1,
		                     .name = "evil",
		                     .message_max = 1 << 20,
		                     .heartbeat_us = 2000000,
		                     .misses = 2,
		                     .silence_us = 1000000 };
	closed = false;
	reason = 0;
	CHECK_EQ(leno_engine_open(&node, &config), 0);
	CHECK_EQ(leno_engine_opened(node, 0, LENO_PIPE_STREAM, 0, "evil"), 0);
	link_ = link_new(&setup, true, 1);
	for (int i = 0; i < 2; i++) {
		leno_engine_take(node, 0, buf, link_make_handshake(link_, buf, sizeof buf, 1));
		hear();
	}
	if (links)
		say_links();
	CHECK(!closed && link_state(link_) == LINK_OPEN);
}

static void end(void)
{
	link_ = link_free(link_);
	leno_engine_free(node);
}

/* A packet to nobody that the node knows: it is dropped, which is not the link's fault. */
static void packet(struct writer *w, enum packet_kind kind, size_t carried)
{
	struct packet p = { .hops = 9, .kind = (uint8_t)kind, .to = { { 7 } }, .from = self.id };

	write_carried(w, FRONT, carried);
	write_packet_head(w, &p);
	write_bytes(w, "index, count", SEALED_HEAD);
}

TEST(what_is_carried_is_shared_out_to_the_last_byte)
{
	static const struct {
		const char *why;
		size_t carried, first, second; /* of the record; of its packets, 0: none */
		enum packet_kind kind;
		bool before_links, good;
	} rows[] = {
		{ "one packet has it all", 2000, 2000, 0, PACKET_SEALED, false, true },
		{ "two share it", 2000, 1500, 500, PACKET_SEALED, false, true },
		{ "a small packet may be carried", 16, 16, 0, PACKET_SEALED, false, true },
		{ "a byte is left over", 2000, 1999, 0, PACKET_SEALED, false, false },
		{ "a byte is short", 2000, 2001, 0, PACKET_SEALED, false, false },
		{ "the second wants more than is left", 2000, 1500, 501, PACKET_SEALED, false,
		  false },
		{ "less than a tag is left for the second", 2000, 1990, 10, PACKET_SEALED, false,
		  false },
		{ "nobody wants it", 2000, 0, 0, PACKET_SEALED, false, false },
		{ "in a record that carries nothing", 0, 500, 0, PACKET_SEALED, false, false },
		{ "a greeting is not carried", 2000, 2000, 0, PACKET_INIT, false, false },
		{ "nor its answer", 2000, 2000, 0, PACKET_RESPONSE, false, false },
		{ "nor a refusal", 2000, 2000, 0, PACKET_REFUSED, false, false },
		{ "before LINKS", 2000, 2000, 0, PACKET_SEALED, true, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		leno_stats stats;
		size_t size;

		CHECK_ROW(rows[i].why);
		begin(!rows[i].before_links);
		link_carrier_begin(link_, &carrier, buf, sizeof buf, 1);
		memset(carrier.carried.at, 0x55, rows[i].carried);
		carrier.carried.at += rows[i].carried;
		if (rows[i].first)
			packet(&carrier.frames, rows[i].kind, rows[i].first);
		if (rows[i].second)
			packet(&carrier.frames, rows[i].kind, rows[i].second);
		if (!rows[i].first)
			write_frame(&carrier.frames, 0x7f, bytes_of(NULL, 0)); /* of the future */
		size = link_carrier_end(link_, &carrier, 1);
		leno_engine_take(node, 0, buf, size);
		hear();
		CHECK_EQ(closed, !rows[i].good);
		CHECK_EQ(reason, rows[i].good ? 0 : CLOSE_PROTOCOL);
		leno_get_stats(node, &stats);
		if (rows[i].good)
			CHECK_EQ(stats.dropped, 1 + (rows[i].second > 0));
		end();
	}
}

TEST_MAIN(TEST_CASE(what_is_carried_is_shared_out_to_the_last_byte))
