/* Two engines, joined by nothing but function calls: a node needs no more.
 * covers: src/node/open.c src/node/up.c src/node/down.c src/node/conns.c src/node/peers.c
 * covers: src/node/events.c src/node/send.c src/node/timers.c src/node/look.c src/node/keep.c */
#include <leno/engine.h>

#include "support/check.h"

enum { SIDES = 2, BUF = 64 * 1024 };

struct side {
	leno_node *node;
	int ups, downs, links, messages, answers, refusals;
	uint64_t confirmed;
	char text[64];
	leno_id other;
};

static struct side sides[SIDES];
static uint64_t now;

static void on_up(leno_node *n, void *user, const leno_info *info)
{
	struct side *s = user;
	(void)n;

	s->ups++;
	s->other = info->id;
}

static void on_down(leno_node *n, void *user, const leno_id *id, enum leno_why why)
{
	struct side *s = user;
	(void)n, (void)id, (void)why;

	s->downs++;
}

static void on_link(leno_node *n, void *user, const leno_id *id, const char *uri)
{
	struct side *s = user;
	(void)n, (void)id, (void)uri;

	s->links++;
}

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	struct side *s = user;
	(void)n;

	s->messages++;
	snprintf(s->text, sizeof s->text, "%s:%.*s", type, (int)b.size, (const char *)b.data);
	if (leno_message_is_request(m) && strcmp(type, "no") == 0)
		CHECK_EQ(leno_refuse(m, 42, "not today"), 0);
	else if (leno_message_is_request(m))
		CHECK_EQ(leno_reply(m, (leno_bytes){ "pong", 4 }), 0);
}

static void on_sent(leno_node *n, void *user, const leno_id *to, uint64_t first, uint64_t last,
                    enum leno_outcome outcome, int error)
{
	struct side *s = user;
	(void)n, (void)to, (void)error;

	if (outcome == LENO_CONFIRMED)
		s->confirmed += last - first + 1;
}

static void on_answer(leno_node *n, void *user, const leno_answer *a)
{
	struct side *s = user;
	(void)n;

	if (a->error == 0 && a->data.size == 4)
		s->answers++;
	if (a->error == LENO_REFUSED && a->code == 42 && strcmp(a->why, "not today") == 0)
		s->refusals++;
}

static void open_side(int i, const char *network)
{
	leno_engine_config config = { .wall_ms = 1000, .now_us = now, .user = &sides[i] };

	sides[i] = (struct side){ 0 };
	memset(config.seed, 17 + i, sizeof config.seed);
	memset(config.identity, 99 + i, sizeof config.identity);
	config.options.network = network;
	config.options.name = i ? "bob" : "ada";
	config.handlers = (leno_handlers){ .node_up = on_up, .node_down = on_down,
		.link_up = on_link, .message = on_message, .sent = on_sent };
	CHECK_EQ(leno_engine_open(&sides[i].node, &config), 0);
}

/* Moves bytes between the two until both fall silent; `piece` bytes at a time. */
static void pump(size_t piece)
{
	static uint8_t buf[BUF];
	bool moved = true;

	for (int rounds = 0; moved && rounds < 10000; rounds++) {
		moved = false;
		for (int i = 0; i < SIDES; i++) {
			leno_out out;
			size_t size;

			while (leno_engine_next(sides[i].node, &out))
				moved = true;
			while ((size = leno_engine_make(sides[i].node, 0, buf, sizeof buf)) > 0) {
				moved = true;
				for (size_t at = 0; at < size; at += piece)
					leno_engine_take(sides[1 - i].node, 0, buf + at,
					                 size - at < piece ? size - at : piece);
			}
		}
	}
}

static void pass(uint64_t us)
{
	for (uint64_t end = now + us; now < end;) {
		now += 1000;
		for (int i = 0; i < SIDES; i++)
			leno_engine_time(sides[i].node, now);
		pump(SIZE_MAX / 2);
	}
}

static void join(size_t piece)
{
	open_side(0, NULL);
	open_side(1, NULL);
	CHECK_EQ(leno_engine_opened(sides[0].node, 0, LENO_PIPE_STREAM, 0, "a"), 0);
	CHECK_EQ(leno_engine_opened(sides[1].node, 0, LENO_PIPE_STREAM, 0, "b"), 0);
	leno_engine_closed(sides[0].node, 0, 0);
	CHECK_EQ(leno_engine_connect(sides[0].node, "test:b"), 0);
	leno_engine_time(sides[0].node, ++now);
	leno_out out;
	while (leno_engine_next(sides[0].node, &out))
		if (out.kind == LENO_OUT_DIAL)
			CHECK_EQ(leno_engine_opened(sides[0].node, 0, LENO_PIPE_STREAM, out.dial,
			                            out.uri), 0);
	pump(piece);
}

static void part(void)
{
	leno_engine_free(sides[0].node);
	leno_engine_free(sides[1].node);
}

TEST(two_nodes_meet_and_talk)
{
	uint64_t seq;

	join(SIZE_MAX / 2);
	for (int i = 0; i < SIDES; i++) {
		CHECK_EQ(sides[i].ups, 1);
		CHECK_EQ(sides[i].links, 1);
		CHECK_EQ(leno_count(sides[i].node), 2);
	}
	CHECK_EQ(leno_send(sides[0].node, &sides[0].other, "chat", (leno_bytes){ "hi", 2 }, &seq), 0);
	pump(SIZE_MAX / 2);
	CHECK_STR(sides[1].text, "chat:hi");
	CHECK(sides[0].confirmed >= seq);
	CHECK_EQ(leno_request(sides[1].node, &sides[1].other, "ask", (leno_bytes){ 0 }, 1000,
	                      on_answer, &sides[1], NULL), 0);
	CHECK_EQ(leno_request(sides[1].node, &sides[1].other, "no", (leno_bytes){ 0 }, 1000,
	                      on_answer, &sides[1], NULL), 0);
	pump(SIZE_MAX / 2);
	CHECK_EQ(sides[1].answers, 1);
	CHECK_EQ(sides[1].refusals, 1);
	part();
}

TEST(bytes_may_come_one_at_a_time)
{
	join(1);
	CHECK_EQ(sides[0].ups + sides[1].ups, 2);
	CHECK_EQ(leno_send(sides[1].node, &sides[1].other, "t", (leno_bytes){ "x", 1 }, NULL), 0);
	pump(1);
	CHECK_STR(sides[0].text, "t:x");
	part();
}

TEST(a_goodbye_is_heard_at_once)
{
	join(SIZE_MAX / 2);
	leno_engine_goodbye(sides[0].node);
	pump(SIZE_MAX / 2);
	CHECK_EQ(sides[1].downs, 1);
	CHECK_EQ(leno_count(sides[1].node), 1);
	part();
}

TEST(another_network_is_refused_and_counted)
{
	leno_stats stats;

	open_side(0, "red");
	open_side(1, "blue");
	CHECK_EQ(leno_engine_connect(sides[0].node, "test:b"), 0);
	leno_engine_time(sides[0].node, ++now);
	leno_out out;
	while (leno_engine_next(sides[0].node, &out))
		if (out.kind == LENO_OUT_DIAL)
			leno_engine_opened(sides[0].node, 0, LENO_PIPE_STREAM, out.dial, out.uri);
	leno_engine_opened(sides[1].node, 0, LENO_PIPE_STREAM, 0, "b");
	pump(SIZE_MAX / 2);
	leno_get_stats(sides[1].node, &stats);
	CHECK_EQ(stats.refused_network, 1);
	CHECK_EQ(sides[0].ups + sides[1].ups, 0);
	part();
}

TEST(a_crowd_that_only_connects_keeps_nobody_out)
{
	leno_stats stats;
	leno_out out;

	open_side(0, NULL);
	open_side(1, NULL);
	for (leno_pipe pipe = 1; pipe <= 100; pipe++)
		CHECK_EQ(leno_engine_opened(sides[1].node, pipe, LENO_PIPE_STREAM, 0, "crowd"), 0);
	CHECK_EQ(leno_engine_connect(sides[0].node, "test:b"), 0);
	leno_engine_time(sides[0].node, ++now);
	while (leno_engine_next(sides[0].node, &out))
		if (out.kind == LENO_OUT_DIAL)
			leno_engine_opened(sides[0].node, 0, LENO_PIPE_STREAM, out.dial, out.uri);
	CHECK_EQ(leno_engine_opened(sides[1].node, 0, LENO_PIPE_STREAM, 0, "b"), 0);
	pump(SIZE_MAX / 2);
	CHECK_EQ(sides[0].ups + sides[1].ups, 2);
	leno_get_stats(sides[1].node, &stats);
	CHECK_EQ(stats.refused_busy, 100 - 64 + 1);
	part();
}

TEST(idle_nodes_stay_together)
{
	join(SIZE_MAX / 2);
	pass(20 * 1000 * 1000);
	CHECK_EQ(sides[0].downs + sides[1].downs, 0);
	CHECK_EQ(leno_count(sides[0].node), 2);
	part();
}

TEST(to_oneself_and_to_nobody_are_errors)
{
	leno_id nobody = { { 1, 2, 3 } };

	join(SIZE_MAX / 2);
	CHECK_EQ(leno_send(sides[0].node, leno_self(sides[0].node), "t", (leno_bytes){ 0 }, NULL),
	         LENO_SELF);
	CHECK_EQ(leno_send(sides[0].node, &nobody, "t", (leno_bytes){ 0 }, NULL), LENO_NO_NODE);
	part();
}

TEST_MAIN(TEST_CASE(two_nodes_meet_and_talk), TEST_CASE(bytes_may_come_one_at_a_time),
          TEST_CASE(a_goodbye_is_heard_at_once),
          TEST_CASE(another_network_is_refused_and_counted),
          TEST_CASE(a_crowd_that_only_connects_keeps_nobody_out),
          TEST_CASE(idle_nodes_stay_together), TEST_CASE(to_oneself_and_to_nobody_are_errors))
