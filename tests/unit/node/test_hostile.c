/* Members that lie, and strangers: what they say costs nobody else anything.
 * covers: src/node/up.c src/node/conns.c */
#include "node/node.h"
#include "support/check.h"
#include "support/raw.h"

static struct wires w;
static unsigned messages, refusals_logged, crowded_logged, faults_logged;

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	messages++;
}

static void on_line(void *user, enum leno_log_level level, const char *line)
{
	refusals_logged += strstr(line, "refused") != NULL;
	faults_logged += strstr(line, "broke the session protocol") != NULL;
	crowded_logged += strstr(line, "nodes_max") != NULL;
}

static void open_node_as(int i, enum leno_role role)
{
	leno_engine_config config = {.wall_ms = 1000, .now_us = w.now};

	config.options.endpoint = role == LENO_ENDPOINT;
	config.options.visitor = role == LENO_VISITOR;
	config.options.log = on_line;
	config.options.log_level = LENO_LOG_WARN;
	config.handlers.message = on_message;
	messages = refusals_logged = faults_logged = 0;
	memset(config.seed, 17 + i, sizeof config.seed);
	memset(config.identity, 99 + i, sizeof config.identity);
	CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
}

static void open_node(int i)
{
	open_node_as(i, LENO_MEMBER);
}

static struct public_keys keys_of(int i)
{
	struct identity identity;
	uint8_t seed[32];

	memset(seed, 99 + i, sizeof seed);
	identity_from_seed(&identity, seed);
	return identity.public;
}

TEST(an_incarnation_that_cannot_be_said_again_is_refused)
{
	struct raw evil;

	wires_init(&w);
	open_node(0);
	raw_init(&evil, 1);
	evil.setup.incarnation = UINT64_C(1) << 63;
	if (raw_open(&evil, &w, 0))
		raw_say(&evil, FRAME_DATA, bytes_of("\0\0\0\0x", 5));
	raw_hear(&evil);
	CHECK_EQ(evil.heard[FRAME_LINKS], 0);
	raw_free(&evil);
	wires_free(&w);
}

/* Type 0 is "t"; then a message of it. */
static const uint8_t type_item[] = {0, 't'}, message_item[] = {1, 'x'};

TEST(a_packet_that_was_here_before_is_counted_and_logged)
{
	struct public_keys keys;
	struct raw evil;
	leno_stats stats;

	wires_init(&w);
	open_node(0);
	keys = keys_of(0);
	raw_init(&evil, 1);
	REQUIRE(raw_open(&evil, &w, 0) && raw_speak(&evil, &keys));
	raw_tell(&evil, bytes_of(type_item, 2));
	raw_tell(&evil, bytes_of(message_item, 2));
	CHECK_EQ(messages, 1);
	raw_record(&evil, bytes_of(evil.told, evil.told_size));
	raw_record(&evil, bytes_of(evil.told, evil.told_size));
	leno_get_stats(w.node[0], &stats);
	CHECK_EQ(messages, 1);
	CHECK_EQ(stats.refused_replay, 2);
	CHECK_EQ(refusals_logged, 1);          /* a line a second */
	raw_free(&evil);
	wires_free(&w);
}

/* A new life of the session, and a size that is none. */
static void speak_nonsense(struct raw *r, uint64_t sid)
{
	uint8_t hello[64];
	struct writer w_ = writer_of(hello, sizeof hello);

	write_u64(&w_, sid);
	write_u64(&w_, 0);
	write_varint(&w_, r->setup.incarnation);
	for (int i = 0; i < 3; i++)            /* meant, offset, items */
		write_varint(&w_, 0);
	write_varint(&w_, 1 << 20);
	write_varint(&w_, 1 << 20);
	write_u8(&w_, 0);
	raw_say(r, FRAME_HELLO, writer_bytes(&w_));
	raw_say(r, FRAME_DATA, bytes_of("\0\0\0\0\x80\0", 6));
}

TEST(faults_are_counted_and_fill_no_log)
{
	struct raw evil;
	leno_stats stats;

	wires_init(&w);
	open_node(0);
	raw_init(&evil, 1);
	REQUIRE(raw_open(&evil, &w, 0));
	for (uint64_t i = 1; i <= 20; i++)
		speak_nonsense(&evil, i << 32);
	leno_get_stats(w.node[0], &stats);
	CHECK_EQ(stats.refused_protocol, 20);
	CHECK_EQ(faults_logged, 1);            /* a line a second */
	raw_free(&evil);
	wires_free(&w);
}

static struct bytes packet_of(uint8_t buf[128], enum packet_kind kind, const leno_id *to,
			      const leno_id *from, const leno_id *from_gate,
			      const leno_id *to_gate)
{
	struct packet p = {.hops = HOPS_MAX, .kind = (uint8_t)kind, .to = *to, .from = *from};
	struct writer writer = writer_of(buf, 128);

	p.flags = (uint8_t)((from_gate ? PACKET_FROM_GATE : 0) | (to_gate ? PACKET_TO_GATE : 0));
	p.from_gate = from_gate ? *from_gate : p.from_gate;
	p.to_gate = to_gate ? *to_gate : p.to_gate;
	write_packet_head(&writer, &p);
	write_bytes(&writer, (uint8_t[40]){1, 2, 3, 4}, 40);
	return writer_bytes(&writer);
}

TEST(packets_that_nobody_can_open_are_refused_seldom)
{
	uint8_t buf[128];
	struct raw evil;
	leno_id self;

	wires_init(&w);
	open_node(0);
	self = *leno_self(w.node[0]);
	raw_init(&evil, 1);
	REQUIRE(raw_open(&evil, &w, 0));
	for (unsigned i = 0; i < 100; i++) {
		leno_id from = {{(uint8_t)i, 9}};

		raw_say(&evil, FRAME_PACKET, packet_of(buf, PACKET_SEALED, &self, &from, NULL,
							 NULL));
		raw_hear(&evil);
		wires_step(&w, w.now + 1000);
	}
	CHECK_EQ(evil.heard[FRAME_PACKET], 2);
	raw_free(&evil);
	wires_free(&w);
}

/* By the stamp of a gate a packet got past the rule of endpoints. */
TEST(a_gate_passes_on_to_visitors_alone_and_an_endpoint_not_even_that)
{
	static const struct {
		const char *why;
		enum leno_role gate, to;
		unsigned arrives;
	} rows[] = {
		{"to a visitor: this is what gates are for", LENO_MEMBER, LENO_VISITOR, 1},
		{"to a member", LENO_MEMBER, LENO_MEMBER, 0},
		{"by an endpoint, between two links that are not local", LENO_ENDPOINT,
		 LENO_VISITOR, 0},
		{"the same, to a member", LENO_ENDPOINT, LENO_MEMBER, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct raw evil, other;
		uint8_t buf[128];
		leno_id self;

		CHECK_ROW(rows[i].why);
		wires_init(&w);
		open_node_as(0, rows[i].gate);
		self = *leno_self(w.node[0]);
		raw_init(&evil, 1);
		raw_init(&other, 2);
		other.setup.role = rows[i].to;
		REQUIRE(raw_open(&evil, &w, 0) && raw_open(&other, &w, 0));
		raw_say(&evil, FRAME_PACKET, packet_of(buf, PACKET_SEALED, &other.self.id,
						       &evil.self.id, NULL, &self));
		raw_hear(&other);
		CHECK_EQ(other.heard[FRAME_PACKET], rows[i].arrives);
		raw_free(&evil);
		raw_free(&other);
		wires_free(&w);
	}
}

static unsigned confirmed;

static void on_sent(leno_node *n, void *user, const leno_id *to, uint64_t first, uint64_t last,
		    enum leno_outcome outcome, int error)
{
	confirmed += outcome == LENO_CONFIRMED ? (unsigned)(last - first + 1) : 0;
}

/* Ada (0) and cyd (2) speak across bob (1), who has a hostile neighbour. */
TEST(a_forged_stamp_of_a_gate_draws_nothing_away)
{
	struct raw evil;
	uint8_t buf[128];
	leno_id ada, cyd;

	wires_init(&w);
	for (int i = 0; i < 3; i++)
		open_node(i);
	w.node[0]->handlers.sent = on_sent;
	confirmed = 0;
	ada = *leno_self(w.node[0]);
	cyd = *leno_self(w.node[2]);
	CHECK_EQ(leno_engine_connect(w.node[0], "node:1"), 0);
	CHECK_EQ(leno_engine_connect(w.node[2], "node:1"), 0);
	CHECK(wires_run(&w, 1000 * 1000));
	CHECK_EQ(leno_send(w.node[0], &cyd, "t", (leno_bytes){"x", 1}, NULL), 0);
	CHECK(wires_run(&w, 1000 * 1000));
	CHECK_EQ(confirmed, 2);                /* the name of the type, and it */
	raw_init(&evil, 1);
	REQUIRE(raw_open(&evil, &w, 1));
	raw_say(&evil, FRAME_PACKET,
		packet_of(buf, PACKET_SEALED, &ada, &cyd, &evil.self.id, NULL));
	raw_say(&evil, FRAME_PACKET,
		packet_of(buf, PACKET_INIT, &ada, &cyd, &evil.self.id, NULL));
	raw_hear(&evil);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(leno_send(w.node[0], &cyd, "t", (leno_bytes){"x", 1}, NULL), 0);
	CHECK(wires_run(&w, 1000 * 1000));
	CHECK_EQ(confirmed, 5);
	CHECK_EQ(messages, 4);
	raw_free(&evil);
	wires_free(&w);
}

/* A visitor behind bob, its id at home in the mesh afterwards. */
TEST(a_gate_is_learnt_of_a_visitor_and_forgotten_when_it_joins)
{
	struct public_keys keys;
	struct raw guest;
	struct peer *p;

	wires_init(&w);
	open_node(0);
	open_node(1);
	keys = keys_of(0);
	CHECK_EQ(leno_engine_connect(w.node[0], "node:1"), 0);
	CHECK(wires_run(&w, 1000 * 1000));
	raw_init(&guest, 1);
	guest.setup.role = LENO_VISITOR;
	REQUIRE(raw_open(&guest, &w, 1) && raw_speak(&guest, &keys));
	raw_tell(&guest, bytes_of(type_item, 2));
	raw_tell(&guest, bytes_of(message_item, 2));
	CHECK_EQ(messages, 1);
	p = peers_get(w.node[0], &guest.self.id);
	REQUIRE(p);
	CHECK(p->visitor && p->has_gate && leno_id_same(&p->gate, leno_self(w.node[1])));
	raw_free(&guest);
	raw_init(&guest, 1);
	guest.setup.incarnation = 2;
	REQUIRE(raw_open(&guest, &w, 0));
	raw_publish(&guest, &guest.self);
	CHECK(!p->has_gate);
	raw_free(&guest);
	wires_free(&w);
}

/* How often node 0 dials "x:1" in so many seconds, when that answers by these bytes. */
static unsigned dials_in(unsigned seconds, const void *answer, size_t size)
{
	static uint8_t buf[64 * 1024];
	leno_node *n = w.node[0];
	unsigned dials = 0;
	leno_out out;

	for (unsigned t = 0; t < seconds; t++) {
		leno_engine_time(n, w.now += 1000 * 1000);
		while (leno_engine_next(n, &out)) {
			uint8_t copy[64];

			if (out.kind != LENO_OUT_DIAL)
				continue;
			dials++;
			CHECK_EQ(leno_engine_opened(n, 5, LENO_PIPE_STREAM, out.dial, "x"), 0);
			while (leno_engine_make(n, 5, buf, sizeof buf) > 0)
				;
			memcpy(copy, answer, size);
			leno_engine_take(n, 5, copy, size);
			leno_engine_closed(n, 5, 0);
		}
	}
	return dials;
}

TEST(a_stranger_who_says_that_is_myself_stops_no_dialling)
{
	static const uint8_t refusal[] = {'l', 'e', 'n', 'o', 1, 5, 0};
	unsigned others;

	wires_init(&w);
	open_node(0);
	CHECK_EQ(leno_engine_connect(w.node[0], "x:1"), 0);
	CHECK(dials_in(600, refusal, sizeof refusal) > 50);
	CHECK(refusals_logged > 50);           /* and not in silence */
	CHECK_EQ(leno_engine_connect(w.node[0], "x:1"), 0);
	others = dials_in(60, refusal, sizeof refusal);
	CHECK(others > 5);
	wires_free(&w);
}

/* Node 0 at both ends: pipe 5 dials, pipe 6 is the door. */
static void dial_oneself(uint32_t dial)
{
	static uint8_t buf[64 * 1024];
	leno_node *n = w.node[0];
	bool moved = true;
	size_t size;

	CHECK_EQ(leno_engine_opened(n, 5, LENO_PIPE_STREAM, dial, "x"), 0);
	CHECK_EQ(leno_engine_opened(n, 6, LENO_PIPE_STREAM, 0, "x"), 0);
	while (moved) {
		moved = false;
		for (leno_pipe end = 5; end <= 6; end++)
			while ((size = leno_engine_make(n, end, buf, sizeof buf)) > 0) {
				leno_engine_take(n, end == 5 ? 6 : 5, buf, size);
				moved = true;
			}
	}
	leno_engine_closed(n, 5, 0);
	leno_engine_closed(n, 6, 0);
}

/* Its own door behind another address: that may lead elsewhere tomorrow. */
TEST(oneself_is_dialled_seldom_and_not_never)
{
	unsigned dials = 0;
	leno_out out;

	wires_init(&w);
	open_node(0);
	CHECK_EQ(leno_engine_connect(w.node[0], "x:1"), 0);
	for (int t = 0; t < 600; t++) {
		leno_engine_time(w.node[0], w.now += 1000 * 1000);
		while (leno_engine_next(w.node[0], &out))
			if (out.kind == LENO_OUT_DIAL) {
				dials++;
				dial_oneself(out.dial);
			}
	}
	CHECK(dials > 50 && dials < 150);
	CHECK_EQ(refusals_logged, 0);          /* nothing is wrong */
	wires_free(&w);
}

/* A member makes nodes up, as many as it likes, to its neighbour's face or from afar: they
 * push out each other, not those who come. */
static void invent(int at)
{
	leno_engine_config config = {.wall_ms = 1000, .options.log = on_line};
	struct raw evil;
	leno_stats stats;

	wires_init(&w);
	open_node(1);
	open_node(2);
	config.now_us = w.now;
	config.options.nodes_max = 16;
	config.options.log_level = LENO_LOG_WARN;
	CHECK_EQ(leno_engine_open(&w.node[0], &config), 0);
	CHECK_EQ(leno_engine_connect(w.node[1], "node:0"), 0);
	CHECK(wires_run(&w, 1000 * 1000));
	raw_init(&evil, 1);
	REQUIRE(raw_open(&evil, &w, at));
	crowded_logged = 0;
	for (uint8_t i = 0; i < 100; i++) {
		uint8_t seed[32] = {i, 88};
		struct identity invented;

		identity_from_seed(&invented, seed);
		raw_publish(&evil, &invented);
	}
	CHECK(evil.wire >= 0);
	CHECK(wires_run(&w, 500 * 1000));
	leno_get_stats(w.node[0], &stats);
	CHECK(stats.refused_nodes >= 80);
	CHECK_EQ(crowded_logged, 1);
	CHECK_EQ(leno_engine_connect(w.node[2], "node:1"), 0);
	CHECK(wires_run(&w, 2000 * 1000));
	CHECK_EQ(leno_count(w.node[0]), 3);
	raw_free(&evil);
	wires_free(&w);
}

TEST(records_of_nodes_that_nobody_can_reach_keep_no_newcomer_out)
{
	for (int at = 0; at < 2; at++) {
		CHECK_ROW(at ? "from afar" : "face to face");
		invent(at);
	}
}

TEST_MAIN(TEST_CASE(faults_are_counted_and_fill_no_log),
	  TEST_CASE(records_of_nodes_that_nobody_can_reach_keep_no_newcomer_out),
	  TEST_CASE(a_stranger_who_says_that_is_myself_stops_no_dialling),
	  TEST_CASE(oneself_is_dialled_seldom_and_not_never),
	  TEST_CASE(a_forged_stamp_of_a_gate_draws_nothing_away),
	  TEST_CASE(a_gate_is_learnt_of_a_visitor_and_forgotten_when_it_joins),
	  TEST_CASE(a_gate_passes_on_to_visitors_alone_and_an_endpoint_not_even_that),
	  TEST_CASE(packets_that_nobody_can_open_are_refused_seldom),
	  TEST_CASE(a_packet_that_was_here_before_is_counted_and_logged),
	  TEST_CASE(an_incarnation_that_cannot_be_said_again_is_refused))
