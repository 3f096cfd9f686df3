/* Those that ask and leave, one after another without end: what is left of them.
 * covers: src/node/peers.c src/node/timers.c */
#include "node/node.h"
#include "support/check.h"
#include "support/wires.h"

enum { MS = 1000, SECOND = 1000 * MS, NODES_FEW = 8, LINGER_MS = 900 * 1000 };

static struct wires w;
static unsigned messages, confirmed, unknown, answers;
static leno_id ada;
static leno_id asker;             /* who is asked back from within a message, when not zero */

static void on_answer(leno_node *n, void *user, const leno_answer *a)
{
	answers++;
}

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	messages++;
	if (leno_message_is_request(m))
		leno_reply(m, b);
}

static void on_sent(leno_node *n, void *user, const leno_id *to, uint64_t first, uint64_t last,
		    enum leno_outcome outcome, int error)
{
	*(outcome == LENO_CONFIRMED ? &confirmed : &unknown) += (unsigned)(last - first + 1);
}

static void open_node(int i, int identity, bool visitor)
{
	leno_engine_config config = {.wall_ms = 1000 + w.now / 1000, .now_us = w.now};

	memset(config.seed, 17 + identity, sizeof config.seed);
	memset(config.identity, 99 + identity, sizeof config.identity);
	config.options.visitor = visitor;
	config.options.nodes_max = i == 0 ? NODES_FEW : 0;
	config.handlers = (leno_handlers){.message = on_message};
	if (i == 0)
		config.handlers.sent = on_sent;
	CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
}

/* Ada (0) and the gate (1), joined. */
static void begin(void)
{
	wires_init(&w);
	messages = confirmed = unknown = answers = 0;
	open_node(0, 0, false);
	open_node(1, 1, false);
	ada = *leno_self(w.node[0]);
	CHECK_EQ(leno_engine_connect(w.node[0], "node:1"), 0);
	CHECK(wires_run(&w, SECOND));
}

/* Node 2 comes to a node (1: the gate, 0: ada herself), and says something to ada. */
static void visit(int identity, const char *by)
{
	open_node(2, identity, true);
	CHECK_EQ(leno_engine_connect(w.node[2], by), 0);
	CHECK(wires_run(&w, 100 * MS));
	CHECK_EQ(leno_send(w.node[2], &ada, "t", (leno_bytes){"x", 1}, NULL), 0);
	CHECK_EQ(leno_request(w.node[2], &ada, "t", (leno_bytes){"x", 1}, 1000, on_answer, NULL,
			      NULL), 0);
	CHECK(wires_run(&w, 400 * MS));
}

static void leave(bool politely)
{
	if (politely) {
		leno_engine_goodbye(w.node[2]);
		CHECK(wires_pump(&w));
	}
	wires_kill(&w, 2);
	CHECK(wires_run(&w, 100 * MS));
}

static uint64_t sessions(void)
{
	leno_stats stats;

	leno_get_stats(w.node[0], &stats);
	return stats.sessions;
}

TEST(one_that_says_goodbye_leaves_nothing)
{
	for (int direct = 0; direct < 2; direct++) {
		begin();
		for (int i = 0; i < 3 * NODES_FEW; i++) {
			visit(10 + i, direct ? "node:0" : "node:1");
			leave(true);
			CHECK_EQ(sessions(), 0);
		}
		CHECK_EQ(messages, 2 * 3 * NODES_FEW);
		CHECK_EQ(answers, 3 * NODES_FEW);
		wires_free(&w);
	}
}

TEST(those_that_are_killed_give_way_to_those_that_come)
{
	for (int direct = 0; direct < 2; direct++) {
		begin();
		for (int i = 0; i < 3 * NODES_FEW; i++) {
			visit(10 + i, direct ? "node:0" : "node:1");
			leave(false);
			CHECK(sessions() <= NODES_FEW);
		}
		CHECK_EQ(messages, 2 * 3 * NODES_FEW);
		CHECK(wires_run(&w, UINT64_C(1000) * SECOND));
		CHECK_EQ(sessions(), 0);               /* an hour later: the linger's end */
		wires_free(&w);
	}
}

/* Whoever may have the answer does not give way: but nothing waits for ever. */
TEST(what_was_sent_to_one_that_was_killed_has_an_outcome)
{
	leno_stats before, after;
	leno_id guest;

	begin();
	visit(10, "node:1");
	guest = *leno_self(w.node[2]);
	wires_kill(&w, 2);
	confirmed = 0;
	CHECK_EQ(leno_send(w.node[0], &guest, "t", (leno_bytes){"x", 1}, NULL), 0);
	CHECK(wires_run(&w, UINT64_C(800) * SECOND));
	CHECK_EQ(unknown, 0);
	CHECK(wires_run(&w, UINT64_C(110) * SECOND));
	CHECK_EQ(unknown, 2);                          /* the name of the type, and it */
	CHECK_EQ(confirmed, 0);
	CHECK_EQ(sessions(), 0);
	leno_get_stats(w.node[0], &before);
	CHECK(wires_run(&w, UINT64_C(600) * SECOND));
	leno_get_stats(w.node[0], &after);
	CHECK_EQ(after.resent_bytes, before.resent_bytes);
	wires_free(&w);
}

/* Heard all the time: however long it stays, it is not thrown out. */
TEST(one_that_stays_and_speaks_is_kept)
{
	begin();
	visit(10, "node:1");
	for (int i = 0; i < 30; i++) {
		CHECK(wires_run(&w, UINT64_C(60) * SECOND));
		CHECK_EQ(leno_send(w.node[2], &ada, "t", (leno_bytes){"x", 1}, NULL), 0);
	}
	CHECK(wires_run(&w, SECOND));
	CHECK_EQ(messages, 2 + 30);
	CHECK_EQ(sessions(), 1);
	leave(true);
	wires_free(&w);
}

/* Ada has never seen who she writes to from within a message: somebody may have to give way,
 * but not the one whose message this is. */
static void on_message_write(leno_node *n, void *user, leno_message *m, const char *type,
			     leno_bytes b)
{
	if (!leno_id_same(leno_message_from(m), &asker))
		CHECK(leno_send(n, &asker, "t", (leno_bytes){"y", 1}, NULL) <= 0);
	if (leno_message_is_request(m))
		leno_reply(m, b);
}

TEST(nobody_gives_way_while_it_is_being_dealt_with)
{
	begin();
	for (int i = 0; i < NODES_FEW; i++) {
		visit(10 + i, "node:1");
		leave(false);
	}
	CHECK_EQ(sessions(), NODES_FEW);
	asker = *leno_self(w.node[1]);
	w.node[0]->handlers.message = on_message_write;
	visit(10 + NODES_FEW - 1, "node:1");
	CHECK_EQ(answers, NODES_FEW + 1);
	CHECK(peers_get(w.node[0], &asker));
	leave(true);
	wires_free(&w);
}

/* A session that was forgotten and begun anew does not begin its numbers anew: whoever waits
 * for the outcome of one could not tell. */
TEST(numbers_of_what_is_sent_never_come_twice)
{
	uint64_t first, second;
	leno_id guest;

	begin();
	visit(10, "node:1");
	guest = *leno_self(w.node[2]);
	CHECK_EQ(leno_send(w.node[0], &guest, "t", (leno_bytes){"x", 1}, &first), 0);
	leave(true);
	CHECK_EQ(sessions(), 0);
	visit(10, "node:1");
	CHECK_EQ(leno_send(w.node[0], &guest, "t", (leno_bytes){"x", 1}, &second), 0);
	CHECK(second > first);
	leave(true);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(numbers_of_what_is_sent_never_come_twice),
	  TEST_CASE(one_that_says_goodbye_leaves_nothing),
	  TEST_CASE(those_that_are_killed_give_way_to_those_that_come),
	  TEST_CASE(what_was_sent_to_one_that_was_killed_has_an_outcome),
	  TEST_CASE(one_that_stays_and_speaks_is_kept),
	  TEST_CASE(nobody_gives_way_while_it_is_being_dealt_with))
