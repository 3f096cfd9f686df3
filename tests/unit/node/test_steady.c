/* Traffic that has found its pace asks for no memory: counted, over ten thousand messages.
 * covers: src/base/pool.c src/base/tape.c src/node/down.c src/node/up.c src/node/relay.c */
#include "base/mem.h"
#include "support/check.h"
#include "support/wires.h"

enum { MESSAGES = 10000, BURST = 50 };

static struct wires w;
static leno_id ids[WIRES_NODES];
static unsigned arrived, answered;

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	arrived++;
	if (leno_message_is_request(m))
		CHECK_EQ(leno_reply(m, b), 0);
}

static void on_answer(leno_node *n, void *user, const leno_answer *a)
{
	answered += a->error == 0;
}

static void join(int nodes)
{
	wires_init(&w);
	arrived = answered = 0;
	for (int i = 0; i < nodes; i++) {
		leno_engine_config config = {.wall_ms = 1000, .now_us = w.now};

		memset(config.seed, 17 + i, sizeof config.seed);
		memset(config.identity, 99 + i, sizeof config.identity);
		config.handlers.message = on_message;
		CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
		ids[i] = *leno_self(w.node[i]);
	}
	for (int i = 1; i < nodes; i++) {
		char uri[] = "node:0";

		uri[5] = (char)('0' + i - 1);
		CHECK_EQ(leno_engine_connect(w.node[i], uri), 0);
	}
	CHECK(wires_run(&w, 2000 * 1000));
	CHECK_EQ(leno_count(w.node[0]), nodes);
}

static void talk(int to, size_t size, bool requests)
{
	static const uint8_t data[16 * 1024];
	leno_bytes bytes = {data, size};

	for (int i = 0; i < MESSAGES; i++) {
		CHECK_EQ(requests ? leno_request(w.node[0], &ids[to], "steady", bytes, 5000,
						 on_answer, NULL, NULL)
				  : leno_send(w.node[0], &ids[to], "steady", bytes, NULL), 0);
		if (i % BURST == BURST - 1)
			CHECK(wires_run(&w, 1000));
	}
	CHECK(wires_run(&w, 300 * 1000));
}

struct row {
	const char *why;
	int nodes;
	size_t size;
	bool requests;
};

TEST(ten_thousand_messages_allocate_nothing)
{
	static const struct row rows[] = {
		{"small, to a neighbour", 2, 64, false},
		{"of 4 KiB, to a neighbour", 2, 4096, false},
		{"small, across a relay", 3, 64, false},
		{"of 4 KiB, across a relay", 3, 4096, false},
		{"requests to a neighbour", 2, 64, true},
		{"requests across a relay", 3, 64, true},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];

		CHECK_ROW(row->why);
		join(row->nodes);
		talk(row->nodes - 1, row->size, row->requests);
		mem_fail(SIZE_MAX, 0);
		talk(row->nodes - 1, row->size, row->requests);
		CHECK_EQ(mem_fail(0, 0), 0);
		CHECK_EQ(arrived, 2 * MESSAGES);
		CHECK(!row->requests || answered == 2 * MESSAGES);
		wires_free(&w);
	}
}

TEST_MAIN(TEST_CASE(ten_thousand_messages_allocate_nothing))
