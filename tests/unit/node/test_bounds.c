/* What memory_max bounds, and that nodes that may have little still work.
 * covers: src/base/budget.h src/node/events.c src/node/open.c */
#include "node/node.h"
#include "support/check.h"
#include "support/raw.h"

enum { LEAST = 1 << 20, NODES = 3 };

static struct wires w;
static unsigned messages, writables, done, answers;
static size_t largest;
static leno_id ids[NODES], writable_to;
static bool held;

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	messages++;
	if (b.size > largest)
		largest = b.size;
	if (leno_message_is_request(m))
		leno_reply(m, b);
}

static void on_writable(leno_node *n, void *user, const leno_id *to)
{
	writables++;
	writable_to = *to;
}

/* Who hears of room writes to somebody of whom there was no session: another has to give way. */
static void on_writable_write(leno_node *n, void *user, const leno_id *to)
{
	writable_to = *to;
	if (leno_id_same(to, &ids[1])) {
		leno_send(n, &ids[2], "t", (leno_bytes){"x", 1}, NULL);
		held = peers_get(n, &writable_to) != NULL;
	}
}

static void on_done(leno_node *n, void *user, uint64_t seq, uint32_t confirmed, uint32_t unknown)
{
	done += confirmed;
}

static void on_answer(leno_node *n, void *user, const leno_answer *a)
{
	answers += a->error == 0;
}

/* Node 0 in the middle; memory_max of all. */
static void join(size_t memory_max)
{
	wires_init(&w);
	messages = writables = done = answers = 0;
	largest = 0;
	for (int i = 0; i < NODES; i++) {
		leno_engine_config config = {.wall_ms = 1000, .now_us = w.now};

		memset(config.seed, 17 + i, sizeof config.seed);
		memset(config.identity, 99 + i, sizeof config.identity);
		config.options.memory_max = memory_max;
		config.options.queue_max = 1 << 30;    /* so that memory_max is what binds */
		config.handlers = (leno_handlers){.message = on_message, .writable = on_writable,
						  .broadcast_done = on_done};
		CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
		ids[i] = *leno_self(w.node[i]);
	}
	w.cut[1][2] = w.cut[2][1] = true;
	for (int i = 1; i < NODES; i++)
		CHECK_EQ(leno_engine_connect(w.node[i], "node:0"), 0);
	CHECK(wires_run(&w, 2000 * 1000));
	CHECK_EQ(leno_count(w.node[1]), NODES);
}

static uint64_t memory(int i)
{
	leno_stats stats;

	leno_get_stats(w.node[i], &stats);
	return stats.memory;
}

TEST(with_the_least_memory_all_that_there_is_still_works)
{
	static uint8_t big[LEAST / 4];

	join(LEAST);
	/* The largest that can be, one after another, to a neighbour and by a relay. */
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(leno_send(w.node[1], &ids[i % 2 ? 0 : 2], "big",
				   (leno_bytes){big, sizeof big}, NULL), 0);
		CHECK(wires_run(&w, 10 * 1000 * 1000));
		CHECK_EQ(largest, sizeof big);
		largest = 0;
	}
	CHECK_EQ(leno_broadcast(w.node[1], "all", (leno_bytes){big, 100}, NULL), 0);
	CHECK_EQ(leno_broadcast(w.node[1], "all", (leno_bytes){big, 20000}, NULL), 0);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(leno_request(w.node[1], &ids[2], "q", (leno_bytes){big, 100}, 9000,
				      on_answer, NULL, NULL), 0);
	CHECK(wires_run(&w, 10 * 1000 * 1000));
	CHECK_EQ(done, 4);
	CHECK_EQ(answers, 100);
	for (int i = 0; i < NODES; i++)
		CHECK(memory(i) <= LEAST);
	wires_free(&w);
}

/* Whatever is sent, of any kind, to nodes that read nothing. */
TEST(nothing_that_waits_goes_beyond_the_bound)
{
	static uint8_t big[60000];
	static const size_t sizes[] = {64, 1000, sizeof big};
	char type[16];

	for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
		unsigned taken = 0;

		join(4 << 20);
		for (unsigned i = 0; i < 40000; i++) {
			snprintf(type, sizeof type, "%u", i);
			taken += !leno_send(w.node[0], &ids[1 + i % 2], i % 9 ? "t" : type,
					    (leno_bytes){big, sizes[k]}, NULL);
			leno_broadcast(w.node[0], "b", (leno_bytes){big, sizes[k] / 16}, NULL);
			leno_request(w.node[0], &ids[1], "q", (leno_bytes){big, 1}, -1, on_answer,
				     NULL, NULL);
			if (i % 100 == 0)
				CHECK(memory(0) <= 4 << 20);
		}
		CHECK(taken > 10 && taken < 40000);
		CHECK(memory(0) > 1 << 20);
		CHECK(wires_run(&w, 30 * 1000 * 1000));
		CHECK(memory(0) <= 4 << 20);
		CHECK(memory(1) <= 4 << 20);
		wires_free(&w);
	}
}

/* The first has it all; the second hears of it when there is room, though nothing of its own
 * queue was ever sent. */
TEST(who_was_refused_for_anothers_sake_hears_when_there_is_room)
{
	static uint8_t big[60000];
	int error, sent = 0;

	join(LEAST);
	while ((error = leno_send(w.node[0], &ids[1], "t", (leno_bytes){big, sizeof big}, NULL)) == 0)
		sent++;
	CHECK_EQ(error, LENO_AGAIN);
	CHECK(sent > 3);
	CHECK_EQ(leno_send(w.node[0], &ids[2], "t", (leno_bytes){big, sizeof big}, NULL), LENO_AGAIN);
	CHECK_EQ(writables, 0);
	CHECK(wires_run(&w, 1000 * 1000));
	CHECK_EQ(messages, (unsigned)sent);
	CHECK_EQ(writables, 2);
	CHECK_EQ(leno_send(w.node[0], &ids[2], "t", (leno_bytes){big, sizeof big}, NULL), 0);
	CHECK_EQ(leno_send(w.node[0], &ids[2], "t", (leno_bytes){big, 2 * LEAST}, NULL), LENO_TOO_BIG);
	wires_free(&w);
}

TEST(who_hears_of_room_is_not_gone_while_it_is_told)
{
	static uint8_t big[60000];
	struct chunk *others = NULL;

	join(LEAST);
	w.node[0]->handlers.writable = on_writable_write;
	held = false;
	wires_cut(&w, 0);
	w.cut[0][1] = w.cut[1][0] = true;
	for (struct chunk *c; (c = pool_take(&w.node[0]->pool, POOL_SEND)); others = c)
		c->next = others;
	CHECK_EQ(leno_send(w.node[0], &ids[1], "t", (leno_bytes){big, sizeof big}, NULL), LENO_AGAIN);
	CHECK_EQ(w.node[0]->peers.count, 1);
	w.node[0]->peers.max = 1;
	while (others) {
		struct chunk *c = others;

		others = c->next;
		pool_give(&w.node[0]->pool, c, POOL_SEND);
	}
	CHECK(wires_run(&w, 1000 * 1000));
	CHECK(leno_id_same(&writable_to, &ids[1]));
	CHECK(held);
	wires_free(&w);
}

/* A visitor's broadcasts go by sessions, many in one item: no more than the other end takes. */
TEST(broadcasts_by_session_are_as_long_as_the_receiver_takes)
{
	static uint8_t small[300];

	wires_init(&w);
	done = 0;
	for (int i = 0; i < 2; i++) {
		leno_engine_config config = {.wall_ms = 1000, .now_us = w.now};

		memset(config.seed, 17 + i, sizeof config.seed);
		memset(config.identity, 99 + i, sizeof config.identity);
		config.options.message_max = i ? 0 : 1000;
		config.options.visitor = i;
		config.handlers = (leno_handlers){.message = on_message, .broadcast_done = on_done};
		CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
	}
	CHECK_EQ(leno_engine_connect(w.node[1], "node:0"), 0);
	CHECK(wires_run(&w, 2000 * 1000));
	for (int i = 0; i < 5; i++)
		CHECK_EQ(leno_broadcast(w.node[1], "all", (leno_bytes){small, sizeof small}, NULL), 0);
	CHECK(wires_run(&w, 2000 * 1000));
	CHECK_EQ(done, 5);
	/* The name of a type is not data: it may be longer than that. */
	char type[LENO_TYPE_MAX + 1] = "";
	memset(type, 'x', LENO_TYPE_MAX);
	session_set_message_max(peers_get(w.node[1], leno_self(w.node[0]))->session, 100);
	messages = 0;
	CHECK_EQ(leno_send(w.node[1], leno_self(w.node[0]), type, (leno_bytes){small, 100}, NULL), 0);
	CHECK_EQ(leno_send(w.node[1], leno_self(w.node[0]), type, (leno_bytes){small, 101}, NULL),
		 LENO_TOO_BIG);
	CHECK(wires_run(&w, 2000 * 1000));
	CHECK_EQ(messages, 1);
	wires_free(&w);
}

/* The first is gone, and all that may wait waits for it: what is said to the second goes, a
 * little at a time. */
TEST(who_is_gone_keeps_no_memory_from_who_is_there)
{
	static uint8_t big[60000];

	join(4 << 20);
	wires_cut(&w, 0);
	w.cut[0][1] = w.cut[1][0] = true;
	while (!leno_send(w.node[0], &ids[1], "t", (leno_bytes){big, sizeof big}, NULL))
		;
	for (int i = 0; i < 50; i++) {
		CHECK_EQ(leno_send(w.node[0], &ids[2], "t", (leno_bytes){big, 20000}, NULL), 0);
		CHECK(wires_run(&w, 1000));
	}
	CHECK_EQ(messages, 50);
	CHECK_EQ(leno_send(w.node[0], &ids[1], "t", (leno_bytes){big, sizeof big}, NULL), LENO_AGAIN);
	wires_free(&w);
}

/* A relay's slow link is full of what others send: its own messages go all the same. */
TEST(what_is_relayed_leaves_half_of_the_memory_to_what_is_ones_own)
{
	struct pool pool;
	struct relay relay;
	static uint8_t body[10000];
	size_t kept = 0;

	pool_init(&pool, 20);
	relay_init(&relay, &pool);
	while (relay_put(&relay, bytes_of(NULL, 0), bytes_of(body, sizeof body),
	                 bytes_of(NULL, 0), 0))
		kept++;
	CHECK(kept >= 20);
	CHECK(pool.n_out <= 11);
	relay_clear(&relay);
	pool_clear(&pool);
}

/* Each peer may name so many types: but all of them together only so much. */
TEST(names_that_peers_tell_are_bounded)
{
	static const char name[] = "a name of some length, as long as it may be, of a type that is never used";
	uint8_t item[ITEM_HEAD_MAX + sizeof name];
	static struct raw evil[12];

	join(LEAST);
	for (int k = 0; k < 12; k++) {
		raw_init(&evil[k], (uint8_t)(1 + k));
		REQUIRE(raw_open(&evil[k], &w, 0) && raw_speak(&evil[k], &w.node[0]->identity.public));
		for (uint32_t i = 0; i < 100; i++) {
			struct writer body = writer_of(item, sizeof item);

			body.at += write_item_head(item, &(struct item){.kind = ITEM_TYPE, .type = i});
			write_bytes(&body, name, sizeof name - 1);
			raw_tell(&evil[k], writer_bytes(&body));
		}
		CHECK(w.node[0]->types_budget.used <= w.node[0]->types_budget.max);
	}
	CHECK(w.node[0]->stats.refused_busy > 0);
	CHECK(memory(0) <= LEAST);
	for (int k = 0; k < 12; k++)
		raw_free(&evil[k]);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(with_the_least_memory_all_that_there_is_still_works),
	  TEST_CASE(nothing_that_waits_goes_beyond_the_bound),
	  TEST_CASE(who_was_refused_for_anothers_sake_hears_when_there_is_room),
	  TEST_CASE(who_hears_of_room_is_not_gone_while_it_is_told),
	  TEST_CASE(broadcasts_by_session_are_as_long_as_the_receiver_takes),
	  TEST_CASE(who_is_gone_keeps_no_memory_from_who_is_there),
	  TEST_CASE(what_is_relayed_leaves_half_of_the_memory_to_what_is_ones_own),
	  TEST_CASE(names_that_peers_tell_are_bounded))
