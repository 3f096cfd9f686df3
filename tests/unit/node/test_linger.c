/* What handlers do at the end of a session, and when a node goes: nothing of it is lost.
 * covers: src/node/timers.c src/node/peers.c */
#include "node/node.h"
#include "support/check.h"
#include "support/wires.h"

enum { LINGER_MS = 1000 };

struct side {
	int unknown, sends, answers, requests;
	bool again, leave;
	leno_id other;
};

static struct wires w;
static struct side ada;

static void on_answer(leno_node *n, void *user, const leno_answer *a)
{
	ada.answers++;
	CHECK_EQ(a->error, LENO_UNREACHABLE);
	if (ada.leave)
		leno_engine_goodbye(n);
}

static void on_sent(leno_node *n, void *user, const leno_id *to, uint64_t first, uint64_t last,
		    enum leno_outcome outcome, int error)
{
	if (outcome != LENO_UNKNOWN)
		return;
	ada.unknown++;
	if (!ada.again)
		return;
	ada.again = false;
	ada.sends += !leno_send(n, to, "t", (leno_bytes){"x", 1}, NULL);
	ada.requests += !leno_request(n, to, "t", (leno_bytes){"x", 1}, -1, on_answer, NULL, NULL);
}

static void join(void)
{
	wires_init(&w);
	ada = (struct side){0};
	for (int i = 0; i < 2; i++) {
		leno_engine_config config = {.wall_ms = 1000, .now_us = w.now};

		memset(config.seed, 17 + i, sizeof config.seed);
		memset(config.identity, 99 + i, sizeof config.identity);
		config.options.session_linger_ms = LINGER_MS;
		if (i == 0)
			config.handlers.sent = on_sent;
		CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
	}
	ada.other = *leno_self(w.node[1]);
	CHECK_EQ(leno_engine_connect(w.node[0], "node:1"), 0);
	CHECK(wires_run(&w, 1000 * 1000));
	CHECK_EQ(leno_count(w.node[0]), 2);
}

TEST(what_is_sent_in_answer_to_unknown_has_an_outcome_too)
{
	join();
	ada.again = true;
	wires_kill(&w, 1);
	CHECK_EQ(leno_send(w.node[0], &ada.other, "t", (leno_bytes){"x", 1}, NULL), 0);
	CHECK(wires_run(&w, 1500 * 1000));
	CHECK_EQ(ada.unknown, 1);
	CHECK_EQ(ada.sends, 1);
	CHECK_EQ(ada.requests, 1);
	CHECK(wires_run(&w, 1500 * 1000));
	CHECK_EQ(ada.unknown, 2);
	CHECK_EQ(ada.answers, 1);
	wires_free(&w);
}

TEST(after_a_goodbye_no_request_is_answered)
{
	join();
	ada.leave = true;
	for (int i = 0; i < 3; i++)
		CHECK_EQ(leno_request(w.node[0], &ada.other, "t", (leno_bytes){"x", 1}, -1, on_answer,
				      NULL, NULL), 0);
	wires_kill(&w, 1);
	CHECK(wires_run(&w, 2000 * 1000));
	CHECK_EQ(ada.answers, 1);
	wires_free(&w);
}

/* A peer takes no more in its next life: what is too big would only break that one. */
TEST(a_renewed_session_knows_the_peers_bound)
{
	static uint8_t big[300 * 1000];
	struct peer *p;

	join();
	w.node[1]->session_setup.message_max = w.node[1]->link_setup.message_max = 100 * 1000;
	leno_disconnect(w.node[0], &ada.other);
	CHECK_EQ(leno_engine_connect(w.node[0], "node:1"), 0);
	CHECK(wires_run(&w, 1000 * 1000));
	CHECK_EQ(leno_send(w.node[0], &ada.other, "t", (leno_bytes){"x", 1}, NULL), 0);
	CHECK(wires_run(&w, 300 * 1000));
	CHECK_EQ(leno_send(w.node[0], &ada.other, "t", (leno_bytes){big, sizeof big}, NULL),
		 LENO_TOO_BIG);
	p = peers_get(w.node[0], &ada.other);
	REQUIRE(p);
	peers_end(p, LENO_CLOSED);
	CHECK_EQ(leno_send(w.node[0], &ada.other, "t", (leno_bytes){big, sizeof big}, NULL),
		 LENO_TOO_BIG);
	CHECK_EQ(leno_send(w.node[0], &ada.other, "t", (leno_bytes){"x", 1}, NULL), 0);
	CHECK(wires_run(&w, 300 * 1000));
	CHECK_EQ(ada.unknown, 0);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(a_renewed_session_knows_the_peers_bound),
	  TEST_CASE(what_is_sent_in_answer_to_unknown_has_an_outcome_too),
	  TEST_CASE(after_a_goodbye_no_request_is_answered))
