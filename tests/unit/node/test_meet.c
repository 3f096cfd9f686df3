/* A meeting point and its guests, one of them made by hand: what a guest may say, and that
 * many of them take nothing from others.
 * covers: src/node/meet.c */
#define WIRES_ROOM 400
#include "node/meet.h"
#include "support/check.h"
#include "support/raw.h"

enum { SECOND = 1000 * 1000 };

static struct wires w;

static leno_node *open_point(bool rendezvous)
{
	leno_engine_config config = {.wall_ms = 1000};

	wires_init(&w);
	w.now = 10 * SECOND;
	config.now_us = w.now;
	memset(config.seed, 17, sizeof config.seed);
	memset(config.identity, 99, sizeof config.identity);
	config.options.rendezvous = rendezvous;
	config.options.links_max = 4;
	CHECK_EQ(leno_engine_open(&w.node[0], &config), 0);
	return w.node[0];
}

static bool come(struct raw *r, uint8_t seed, const char *uri)
{
	raw_init(r, seed);
	r->uri = uri;
	network_init(&r->network, MEETING_NETWORK, NULL);
	r->setup.guest = true;
	return raw_shake(r, &w, 0);
}

static void say(struct raw *r, uint8_t topic, const char *blob, uint32_t seconds)
{
	struct meet m = {.topic = {topic}, .seconds = seconds, .blob = bytes_text(blob)};
	uint8_t text[256];
	struct writer body = writer_of(text, sizeof text);

	meet_write(&body, &m);
	raw_say(r, FRAME_MEET, writer_bytes(&body));
	raw_hear(r);
}

/* Time passes for guests that show signs of life. */
static void wait(struct raw *a, struct raw *b, unsigned tenths)
{
	for (; tenths > 0; tenths--) {
		wires_run(&w, SECOND / 10);
		if (a->wire >= 0)
			raw_say(a, FRAME_PING, bytes_of("12345678", 8));
		raw_say(b, FRAME_PING, bytes_of("12345678", 8));
		raw_hear(a);
		raw_hear(b);
	}
}

TEST(guests_hear_of_each_other_and_are_nobody_to_the_mesh)
{
	struct raw a, b;
	leno_stats stats;

	open_point(true);
	REQUIRE(come(&a, 1, "tcp://192.0.2.1:5") && come(&b, 2, "tcp://192.0.2.2:5"));
	say(&a, 7, "a", 60);
	CHECK_EQ(a.heard[FRAME_MET], 1);
	CHECK_EQ(a.met.n, 0);
	say(&b, 7, "b", 60);
	CHECK_EQ(b.met.n, 1);
	wait(&a, &b, 20);
	CHECK_EQ(a.heard[FRAME_MET], 2);
	CHECK_EQ(a.met.n, 1);
	CHECK_EQ(leno_count(w.node[0]), 1);
	leno_get_stats(w.node[0], &stats);
	CHECK_EQ(stats.links, 0);
	CHECK_EQ(a.heard[FRAME_LINKS] + a.heard[FRAME_RECORD] + a.heard[FRAME_ROOT], 0);
	raw_free(&a);
	say(&b, 7, "b", 60);
	wait(&a, &b, 10);
	CHECK_EQ(b.met.n, 0);                          /* gone with its link */
	raw_free(&b);
	wires_free(&w);
}

TEST(a_guest_has_nothing_else_to_say)
{
	static const struct {
		const char *why;
		uint8_t type, reason;
		struct bytes body;
	} rows[] = {
		{"LINKS", FRAME_LINKS, CLOSE_PROTOCOL, {(const uint8_t *)"\0\1\0\0\0\0\0\0\0", 9}},
		{"a record", FRAME_RECORD, CLOSE_PROTOCOL, {(const uint8_t *)"x", 1}},
		{"a packet", FRAME_PACKET, CLOSE_PROTOCOL, {(const uint8_t *)"x", 1}},
		{"a session", FRAME_HELLO, CLOSE_PROTOCOL, {(const uint8_t *)"x", 1}},
		{"what the point says", FRAME_MET, CLOSE_PROTOCOL, {(const uint8_t *)"x", 1}},
		{"no MEET", FRAME_MEET, CLOSE_PROTOCOL, {(const uint8_t *)"x", 1}},
		{"of a later version", 0x42, 0, {(const uint8_t *)"x", 1}},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct raw r;

		CHECK_ROW(rows[i].why);
		open_point(true);
		REQUIRE(come(&r, 1, "tcp://192.0.2.1:5"));
		raw_say(&r, rows[i].type, rows[i].body);
		raw_hear(&r);
		CHECK_EQ(r.reason, rows[i].reason);
		raw_free(&r);
		wires_free(&w);
	}
}

TEST(who_floods_is_put_out)
{
	struct raw r, patient;
	int words = 0;

	open_point(true);
	REQUIRE(come(&r, 1, "tcp://192.0.2.1:5") && come(&patient, 2, "tcp://192.0.2.2:5"));
	say(&patient, 7, "p", 60);
	for (; r.wire >= 0 && words < 100; words++)
		say(&r, 7, "x", 60);
	CHECK_EQ(words, MEET_BURST + 1);
	CHECK_EQ(r.reason, CLOSE_LIMIT);
	CHECK(patient.wire >= 0);
	CHECK(patient.heard[FRAME_MET] <= 2);
	raw_free(&r);
	raw_free(&patient);
	wires_free(&w);
}

TEST(nobody_is_a_guest_where_there_is_no_point)
{
	struct raw r;

	open_point(false);
	CHECK(!come(&r, 1, "tcp://192.0.2.1:5"));
	CHECK_EQ(r.error, LENO_FOREIGN);
	raw_free(&r);
	wires_free(&w);
}

/* One host brings all guests that there may be: others come in nevertheless, it cannot more. */
TEST(one_host_does_not_keep_others_out)
{
	static struct raw crowd[MEET_GUESTS_MAX], more, other[3];
	unsigned left = 0;

	open_point(true);
	for (size_t i = 0; i < MEET_GUESTS_MAX; i++)
		REQUIRE(come(&crowd[i], (uint8_t)i, "tcp://192.0.2.1:5"));
	come(&more, 1, "tcp://192.0.2.1:6");
	raw_hear(&more);
	CHECK_EQ(more.reason, CLOSE_LIMIT);
	for (size_t i = 0; i < 3; i++) {
		REQUIRE(come(&other[i], (uint8_t)(i + 1), "tcp://192.0.2.2:5"));
		raw_hear(&other[i]);
		CHECK_EQ(other[i].reason, 0);
		say(&other[i], 7, "o", 60);
		CHECK_EQ(other[i].heard[FRAME_MET], 1);
	}
	CHECK_EQ(other[2].met.n, 2);
	for (size_t i = 0; i < MEET_GUESTS_MAX; i++) {
		raw_hear(&crowd[i]);
		left += crowd[i].reason == 0;
		raw_free(&crowd[i]);
	}
	CHECK_EQ(left, MEET_GUESTS_MAX - 3);
	for (size_t i = 0; i < 3; i++)
		raw_free(&other[i]);
	raw_free(&more);
	wires_free(&w);
}

static void visit(int from, const char *uri)
{
	leno_engine_config config = {.wall_ms = 1000, .now_us = w.now};

	memset(config.seed, from, sizeof config.seed);
	memset(config.identity, from, sizeof config.identity);
	CHECK_EQ(leno_engine_open(&w.node[from], &config), 0);
	CHECK_EQ(leno_engine_meet(w.node[from], uri), 0);
}

/* Its place is free for another, and the guest leaves: it would be told of to others. */
TEST(a_point_that_is_forgotten_is_visited_no_more)
{
	char uri[] = "node:0";

	open_point(true);
	visit(1, uri);
	wires_run(&w, SECOND);
	CHECK_EQ(w.node[0]->meet->live, 1);
	for (uri[5] = '5'; uri[5] < '8'; uri[5]++)
		CHECK_EQ(leno_engine_meet(w.node[1], uri), 0);
	CHECK_EQ(leno_engine_meet(w.node[1], "node:9"), LENO_LIMIT);
	CHECK_EQ(leno_engine_forget(w.node[1], "rendezvous:node:0"), 0);
	CHECK_EQ(leno_engine_forget(w.node[1], "rendezvous:node:0"), LENO_URI);
	CHECK_EQ(leno_engine_meet(w.node[1], "node:9"), 0);
	wires_run(&w, SECOND);
	CHECK_EQ(w.node[0]->meet->live, 0);
	CHECK_EQ(w.node[1]->meet->live, 0);
	wires_free(&w);
}

/* Whoever is dialled as a point hears of no other network, whatever was forgotten meanwhile. */
TEST(a_dial_that_is_forgotten_opens_nothing)
{
	leno_out out;

	open_point(true);
	visit(1, "x");
	leno_engine_time(w.node[1], w.now);
	REQUIRE(leno_engine_next(w.node[1], &out) && out.kind == LENO_OUT_DIAL);
	CHECK_EQ(leno_engine_forget(w.node[1], "rendezvous:x"), 0);
	CHECK_EQ(leno_engine_opened(w.node[1], 0, LENO_PIPE_STREAM, out.dial, "x"), LENO_URI);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(a_point_that_is_forgotten_is_visited_no_more),
          TEST_CASE(a_dial_that_is_forgotten_opens_nothing),
          TEST_CASE(guests_hear_of_each_other_and_are_nobody_to_the_mesh),
          TEST_CASE(a_guest_has_nothing_else_to_say), TEST_CASE(who_floods_is_put_out),
          TEST_CASE(nobody_is_a_guest_where_there_is_no_point),
          TEST_CASE(one_host_does_not_keep_others_out))
