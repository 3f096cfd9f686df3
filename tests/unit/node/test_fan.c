/* What a node believes of a broadcast's frame: one that its source signed, in the life that
 * is known, once. Frames are given to fan_take() as if a neighbour had sent them. */
#include "base/mem.h"
#include "node/fan.h"
#include "support/check.h"

enum { SIDES = 2, BUF = 64 * 1024, ADA = 0, BOB = 1 };

static leno_node *nodes[SIDES];
static unsigned got[SIDES], done[SIDES], confirmed[SIDES];
static char text[64];
static uint64_t now = 1000;

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	CHECK(leno_message_is_broadcast(m) && !leno_message_is_request(m));
	CHECK_EQ(leno_reply(m, b), LENO_NOT_REQUEST);
	snprintf(text, sizeof text, "%s:%.*s", type, (int)b.size, (const char *)b.data);
	got[user == &nodes[BOB]]++;
}

static void on_done(leno_node *n, void *user, uint64_t seq, uint32_t yes, uint32_t unknown)
{
	done[user == &nodes[BOB]]++;
	confirmed[user == &nodes[BOB]] += yes;
}

static void pump(void)
{
	static uint8_t buf[BUF];
	bool moved = true;

	while (moved) {
		moved = false;
		for (int i = 0; i < SIDES; i++) {
			leno_out out;
			size_t size;

			while (leno_engine_next(nodes[i], &out))
				if (out.kind == LENO_OUT_DIAL)
					for (int k = 0; k < SIDES; k++)
						leno_engine_opened(nodes[i ^ k], 0, LENO_PIPE_STREAM,
						                   k ? 0 : out.dial, "pipe");
			while ((size = leno_engine_make(nodes[i], 0, buf, sizeof buf)) > 0) {
				moved = true;
				leno_engine_take(nodes[!i], 0, buf, size);
			}
		}
	}
}

static void pass(uint64_t ms)
{
	for (uint64_t i = 0; i < ms; i++) {
		now += 1000;
		for (int k = 0; k < SIDES; k++)
			leno_engine_time(nodes[k], now);
		pump();
	}
}

static void open_both(void)
{
	for (int i = 0; i < SIDES; i++) {
		leno_engine_config config = { .wall_ms = 1000, .now_us = now, .user = &nodes[i] };

		memset(config.seed, 7 + i, sizeof config.seed);
		memset(config.identity, 40 + i, sizeof config.identity);
		config.handlers = (leno_handlers){ .message = on_message,
			                           .broadcast_done = on_done };
		got[i] = done[i] = confirmed[i] = 0;
		CHECK_EQ(leno_engine_open(&nodes[i], &config), 0);
	}
	CHECK_EQ(leno_engine_connect(nodes[ADA], "bob"), 0);
	pass(500);
	CHECK_EQ(leno_count(nodes[ADA]), 2);
	CHECK_EQ(leno_count(nodes[BOB]), 2);
}

static void close_both(void)
{
	for (int i = 0; i < SIDES; i++)
		leno_engine_free(nodes[i]);
}

static struct conn *link_of(leno_node *n)
{
	return list_item(n->conns.next, struct conn, all);
}

struct forged {
	const char *why;
	bool from_bob;            /* he claims to be the source himself            */
	bool from_nobody;         /* whom nobody knows                             */
	uint64_t incarnation;
	uint64_t number;
	bool signed_by_bob;       /* else by Ada, whose frame it says it is        */
	size_t flip;              /* this byte is changed; 0: none                 */
	bool cut;
	bool heard, refused;
};

/* Bob is given a frame that says it is Ada's. */
static void give(const struct forged *row)
{
	static uint8_t buf[FAN_DOMAIN + CAST_FRAME_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct cast c = { .origin = nodes[ADA]->identity.id, .incarnation = row->incarnation,
	                  .number = row->number, .first = row->number, .count = 1 };
	size_t size;

	if (row->from_bob)
		c.origin = nodes[BOB]->identity.id;
	if (row->from_nobody)
		c.origin.bytes[0] ^= 1;
	write_bytes(&w, CAST_DOMAIN, FAN_DOMAIN);
	write_cast_head(&w, &c);
	write_sized(&w, bytes_text("news"));
	write_sized(&w, bytes_text("hello"));
	crypto_sign(w.at, writer_bytes(&w), nodes[row->signed_by_bob]->identity.ed_secret);
	size = writer_size(&w) + SIGNATURE_SIZE;
	buf[row->flip] ^= row->flip > 0;
	nodes[BOB]->depth++;
	fan_take(link_of(nodes[BOB]), FRAME_BROADCAST, bytes_of(buf + FAN_DOMAIN, size - FAN_DOMAIN - row->cut));
	node_settle(nodes[BOB]);
	nodes[BOB]->depth--;
}

TEST(only_what_its_source_signed_is_believed)
{
	static const struct forged rows[] = {
		{ "as it should be", .incarnation = 1000, .number = 1, .heard = true },
		{ "signed by another", .incarnation = 1000, .number = 1, .signed_by_bob = true,
		  .refused = true },
		{ "a byte of the data is changed", .incarnation = 1000, .number = 1,
		  .flip = FAN_DOMAIN + 37, .refused = true },
		{ "a bit of the signature is changed", .incarnation = 1000, .number = 1,
		  .flip = FAN_DOMAIN + 50, .refused = true },
		{ "the number is changed, so that it seems new", .incarnation = 1000, .number = 1,
		  .flip = FAN_DOMAIN + 25, .refused = true },
		{ "a byte is missing", .incarnation = 1000, .number = 1, .cut = true,
		  .refused = true },
		{ "of a life before the one that is known", .incarnation = 999, .number = 1 },
		{ "of a life that is not known yet", .incarnation = 1001, .number = 1,
		  .heard = true },
		{ "of a node that nobody knows", .from_nobody = true, .incarnation = 1000,
		  .number = 1 },
		{ "his own, come back", .from_bob = true, .incarnation = 1000, .number = 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		leno_stats stats;

		CHECK_ROW(rows[i].why);
		open_both();
		give(&rows[i]);
		leno_get_stats(nodes[BOB], &stats);
		CHECK_EQ(got[BOB], rows[i].heard);
		CHECK_EQ(stats.refused_protocol, rows[i].refused);
		CHECK_EQ(link_of(nodes[BOB])->finishing, rows[i].refused);
		if (rows[i].heard)
			CHECK_STR(text, "news:hello");
		close_both();
	}
}

TEST(a_replay_is_dropped_before_its_signature_is_looked_at)
{
	static const struct forged good = { .incarnation = 1000, .number = 1 };
	static const struct forged next = { .incarnation = 1000, .number = 2 };
	static const struct forged bad = { .incarnation = 1000, .number = 1,
	                                   .signed_by_bob = true };

	open_both();
	give(&good);
	give(&good);
	give(&bad);
	give(&next);
	give(&good);
	CHECK_EQ(got[BOB], 2);
	CHECK(!link_of(nodes[BOB])->finishing);
	close_both();
}

TEST(a_newer_life_begins_a_new_stream)
{
	static const struct forged rows[] = {
		{ "its first", .incarnation = 1000, .number = 5, .heard = true },
		{ "the next life, with low numbers again", .incarnation = 1007, .number = 1,
		  .heard = true },
		{ "the life before", .incarnation = 1000, .number = 6 },
		{ "a newer one that it did not sign", .incarnation = 1008, .number = 1,
		  .signed_by_bob = true, .refused = true },
	};
	unsigned heard = 0;

	open_both();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		give(&rows[i]);
		heard += rows[i].heard;
		CHECK_EQ(got[BOB], heard);
		CHECK_EQ(link_of(nodes[BOB])->finishing, rows[i].refused);
	}
	close_both();
}

TEST(what_is_queued_together_goes_under_one_signature)
{
	leno_stats stats;

	open_both();
	for (unsigned i = 0; i < 200; i++)
		CHECK_EQ(leno_broadcast(nodes[ADA], "t", (leno_bytes){ "x", 1 }, NULL), 0);
	CHECK_EQ(nodes[ADA]->fan->all.aired.number, 0);
	pump();
	CHECK_EQ(nodes[ADA]->fan->all.aired.number, 1);
	CHECK_EQ(got[BOB], 200);
	CHECK_EQ(done[ADA], 0);
	pass(60);
	CHECK_EQ(done[ADA], 200);
	CHECK_EQ(confirmed[ADA], 200);
	CHECK(nodes[ADA]->fan->timer.slot == 0 && nodes[BOB]->fan->timer.slot == 0);
	leno_get_stats(nodes[BOB], &stats);
	CHECK_EQ(stats.received, 200);
	close_both();
}

TEST(what_cannot_be_sent_is_said_at_once)
{
	static char long_type[LENO_TYPE_MAX + 2];
	static uint8_t much[BROADCAST_MAX + 1];
	const leno_bytes none = { NULL, 0 };
	uint64_t seq = 0;

	open_both();
	memset(long_type, 't', LENO_TYPE_MAX + 1);
	CHECK_EQ(leno_broadcast(NULL, "t", none, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_broadcast(nodes[ADA], NULL, none, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_broadcast(nodes[ADA], long_type, none, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_broadcast(nodes[ADA], "t", (leno_bytes){ NULL, 1 }, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_broadcast(nodes[ADA], "t", (leno_bytes){ much, sizeof much }, NULL),
	         LENO_TOO_BIG);
	CHECK_EQ(leno_broadcast(nodes[ADA], long_type + 1, none, &seq), 0);
	CHECK_EQ(seq, 1);
	leno_engine_goodbye(nodes[ADA]);
	CHECK_EQ(leno_broadcast(nodes[ADA], "t", none, NULL), LENO_CLOSED);
	close_both();
}

/* A host that slept does not find all to be late when it speaks at last. */
TEST(a_broadcast_after_a_long_silence_is_not_sent_twice)
{
	leno_stats stats;

	open_both();
	CHECK_EQ(leno_broadcast(nodes[ADA], "t", (leno_bytes){ "x", 1 }, NULL), 0);
	pass(100);
	CHECK_EQ(leno_broadcast(nodes[ADA], "t", (leno_bytes){ "x", 1 }, NULL), 0);
	now += 1000000;
	leno_engine_time(nodes[ADA], now);
	CHECK_EQ(aired_target(&nodes[ADA]->fan->all.aired, &nodes[BOB]->identity.id)->given, 0);
	pass(100);
	CHECK_EQ(done[ADA], 2);
	leno_get_stats(nodes[BOB], &stats);
	CHECK_EQ(stats.received, 2);
	close_both();
}

TEST(without_memory_nothing_breaks)
{
	for (size_t nth = 1; nth < 40; nth++) {
		unsigned sent = 0;

		open_both();
		mem_fail(nth, 0);
		for (unsigned i = 0; i < 20; i++)
			sent += leno_broadcast(nodes[ADA], "t", (leno_bytes){ "x", 1 }, NULL) == 0;
		pump();
		pass(5);
		mem_fail(0, 0);
		pass(3000);
		CHECK_EQ(got[BOB], sent);
		CHECK_EQ(done[ADA], sent);
		close_both();
	}
}

TEST_MAIN(TEST_CASE(only_what_its_source_signed_is_believed),
          TEST_CASE(a_replay_is_dropped_before_its_signature_is_looked_at),
          TEST_CASE(a_newer_life_begins_a_new_stream),
          TEST_CASE(what_is_queued_together_goes_under_one_signature),
          TEST_CASE(what_cannot_be_sent_is_said_at_once),
          TEST_CASE(a_broadcast_after_a_long_silence_is_not_sent_twice),
          TEST_CASE(without_memory_nothing_breaks))
