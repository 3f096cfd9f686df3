/* What goes into which record, seen from the wire: large packets are carried from link to link,
 * and keep nobody else waiting.
 * covers: src/node/down.c src/node/relay.c */
#include "support/check.h"
#include "support/wires.h"

#include "link/record.h"

enum { NODES = 3, A = 0, RELAY = 1, B = 2, MS = 1000 };

static struct wires w;
static leno_id ids[NODES];
static unsigned got[NODES][NODES]; /* by whom, from whom */

/* Of each hop from A to B: its records, how many that carry came one after another, and the
 * first of what they carried. */
enum { HOPS = 2, PIECE = 2000 };
static const int hops[HOPS][2] = { { A, RELAY }, { RELAY, B } };
static struct watch {
	unsigned n_carrying, run, longest_run;
	size_t carried, sealed;
	uint8_t piece[PIECE];
	bool has_piece;
} watches[HOPS];

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	unsigned *by = user;

	for (int i = 0; i < NODES; i++)
		by[i] += leno_id_same(leno_message_from(m), &ids[i]);
}

static void join(void)
{
	wires_init(&w);
	memset(got, 0, sizeof got);
	for (int i = 0; i < NODES; i++) {
		leno_engine_config config = { .wall_ms = 1000, .now_us = w.now, .user = got[i] };

		memset(config.seed, 17 + i, sizeof config.seed);
		memset(config.identity, 99 + i, sizeof config.identity);
		config.handlers.message = on_message;
		CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
		ids[i] = *leno_self(w.node[i]);
	}
	CHECK_EQ(leno_engine_connect(w.node[A], "node:1"), 0);
	CHECK_EQ(leno_engine_connect(w.node[B], "node:1"), 0);
	CHECK(wires_run(&w, 2000 * MS));
	CHECK_EQ(leno_count(w.node[A]), NODES);
}

static void look_at(struct watch *watch, const uint8_t *at, size_t size)
{
	while (size > 0) {
		int whole = record_measure(at, size);
		size_t carried;

		if (!CHECK(whole > 0 && (size_t)whole <= size))
			return;
		carried = at[1] & RECORD_CARRIES >> 8 ? at[2] | (size_t)at[3] << 8 : 0;
		watch->n_carrying += carried > 0;
		watch->run = carried > 0 ? watch->run + 1 : 0;
		if (watch->longest_run < watch->run)
			watch->longest_run = watch->run;
		watch->carried += carried;
		watch->sealed += (size_t)whole - carried;
		if (!watch->has_piece && carried >= PIECE) {
			memcpy(watch->piece, at + RECORD_CARRY_HEAD, PIECE);
			watch->has_piece = true;
		}
		at += whole;
		size -= (size_t)whole;
	}
}

/* As wires_run(), but the wire is narrow, so that data waits; and it is looked at. */
static bool move(void)
{
	bool moved = false;

	for (int i = 0; i < NODES; i++)
		moved |= wires_serve(&w, i);
	for (int n = 0; n < WIRES_MAX; n++)
		for (int end = 0; w.wire[n].used && end < 2; end++) {
			struct wires_way *way = &w.wire[n].way[end];

			if (way->wants)
				moved |= wires_make(&w, n, end, 32 * 1024);
			for (int i = 0; i < HOPS; i++)
				if (w.wire[n].node[end] == hops[i][0] &&
				    w.wire[n].node[!end] == hops[i][1])
					look_at(&watches[i], way->data, way->size);
			moved |= wires_deliver(&w, n, end, SIZE_MAX, 7000);
		}
	return moved;
}

static void run(uint64_t ms)
{
	for (uint64_t end = w.now + ms * MS; w.now < end; wires_step(&w, end))
		while (move())
			;
}

static void send(int from, int to, size_t size, int count)
{
	static uint8_t data[64 * 1024];

	for (int i = 0; i < count; i++)
		CHECK_EQ(leno_send(w.node[from], &ids[to], "t", (leno_bytes){ data, size }, NULL),
		         0);
}

/* A session has its keys, and nothing more to say. */
static void begin(void)
{
	join();
	send(A, B, 10, 1);
	send(A, RELAY, 10, 1);
	send(RELAY, B, 10, 1);
	run(300);
	CHECK(got[B][A] == 1 && got[RELAY][A] == 1 && got[B][RELAY] == 1);
	memset(got, 0, sizeof got);
	memset(watches, 0, sizeof watches);
}

TEST(large_packets_are_carried_over_every_link)
{
	static const struct {
		const char *why;
		size_t size;
		int count;
		bool carried;
	} rows[] = {
		{ "small ones that wait together", 64, 2000, true },
		{ "of 1 KiB", 1024, 200, true },
		{ "of 64 KiB", 64 * 1024, 10, true },
		{ "a small one alone", 64, 1, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t all = rows[i].size * (size_t)rows[i].count;

		CHECK_ROW(rows[i].why);
		begin();
		send(A, B, rows[i].size, rows[i].count);
		run(1000);
		CHECK_EQ(got[B][A], rows[i].count);
		for (int hop = 0; hop < HOPS; hop++) {
			const struct watch *seen = &watches[hop];

			CHECK_EQ(seen->n_carrying > 0, rows[i].carried);
			CHECK(!rows[i].carried || seen->carried >= all);
			CHECK(seen->sealed < all / 20 + 2000);
		}
		wires_free(&w);
	}
}

/* What SECURITY.md says: who watches both links recognises a packet by what is carried. */
TEST(what_is_carried_is_the_same_on_both_links)
{
	begin();
	send(A, B, 5000, 1);
	run(100);
	CHECK(watches[0].has_piece && watches[1].has_piece);
	CHECK_BYTES(watches[0].piece, watches[1].piece, PIECE);
	wires_free(&w);
}

TEST(a_neighbours_data_waits_for_no_more_than_two_records_that_carry)
{
	static const struct {
		const char *why;
		int from, to, hop;
	} rows[] = {
		{ "both begin at one node", A, RELAY, 0 },
		{ "a relay has data of its own", RELAY, B, 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct watch *seen = &watches[rows[i].hop];
		const unsigned *direct = &got[rows[i].to][rows[i].from];

		CHECK_ROW(rows[i].why);
		begin();
		send(A, B, 60 * 1024, 16);
		send(rows[i].from, rows[i].to, 60 * 1024, 16);
		while (*direct < 16 && move())
			;
		CHECK(seen->n_carrying > 0 && seen->longest_run <= 2);
		run(2000);
		CHECK_EQ(*direct, 16);
		CHECK_EQ(got[B][A], 16);
		wires_free(&w);
	}
}

TEST(broadcasts_and_packets_share_a_link)
{
	static uint8_t data[8000];

	begin();
	for (int i = 0; i < 20; i++) {
		send(A, B, 30 * 1024, 1);
		CHECK_EQ(leno_broadcast(w.node[A], "all", (leno_bytes){ data, sizeof data }, NULL),
		         0);
	}
	run(2000);
	CHECK_EQ(got[B][A], 20 + 20);
	CHECK_EQ(got[RELAY][A], 20);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(large_packets_are_carried_over_every_link),
          TEST_CASE(what_is_carried_is_the_same_on_both_links),
          TEST_CASE(a_neighbours_data_waits_for_no_more_than_two_records_that_carry),
          TEST_CASE(broadcasts_and_packets_share_a_link))
