/* Streams between engines: bytes in order, credit, half-close, abort, fairness, and ends.
 * covers: src/node/streams.c src/node/stream_api.c src/stream/flow.c src/stream/flows.c */
#include "node/node.h"
#include "support/check.h"
#include "support/wires.h"

enum { SECOND = 1000 * 1000, KIB = 1024, ENDS = 40 };

/* One end of a stream, as an application keeps it. */
struct end {
	leno_stream *stream;
	uint64_t     to_write, written, read;
	bool         reads;          /* at once, all that comes           */
	bool         finish;         /* when all is written               */
	bool         ended, closed, wrong;
	int          error, code;
	char         why[64];
	unsigned     readables, writables;
};

static struct wires w;
static leno_id ids[WIRES_NODES];
static struct end near[ENDS], far[ENDS];
static unsigned n_near, n_far, pings;
static bool far_accepts, far_reads;

/* The byte at this place of every stream. */
static uint8_t byte_at(uint64_t at)
{
	return (uint8_t)(at * 131 + (at >> 8));
}

static void pour(struct end *e)
{
	uint8_t piece[8 * KIB];
	size_t taken = 1;

	while (e->stream && e->written < e->to_write && taken > 0) {
		size_t n = e->to_write - e->written < sizeof piece
		           ? (size_t)(e->to_write - e->written) : sizeof piece;

		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(e->written + i);
		CHECK_EQ(leno_stream_write(e->stream, (leno_bytes){piece, n}, &taken), 0);
		e->written += taken;
		if (taken < n)
			return;
	}
	if (e->stream && e->finish && e->written == e->to_write) {
		e->finish = false;
		CHECK_EQ(leno_stream_finish(e->stream), 0);
	}
}

static void drain(struct end *e)
{
	leno_bytes b;

	while ((b = leno_stream_peek(e->stream)).size > 0) {
		const uint8_t *at = b.data;

		for (size_t i = 0; i < b.size; i++)
			e->wrong |= at[i] != byte_at(e->read + i);
		e->read += b.size;
		leno_stream_skip(e->stream, b.size);
	}
	e->ended = leno_stream_ended(e->stream);
}

static void on_readable(leno_stream *s, void *user)
{
	struct end *e = user;

	e->readables++;
	if (e->reads)
		drain(e);
}

static void on_writable(leno_stream *s, void *user)
{
	struct end *e = user;

	e->writables++;
	pour(e);
}

static void on_closed(leno_stream *s, void *user, int error, int code, const char *why)
{
	struct end *e = user;

	CHECK(!e->closed);
	e->closed = true;
	e->error = error;
	e->code = code;
	strncpy(e->why, why, sizeof e->why - 1);
	e->stream = NULL;
}

static const leno_stream_handlers handlers = {
	.readable = on_readable, .writable = on_writable, .closed = on_closed
};

static void on_stream(leno_node *n, void *user, leno_stream *s, const char *topic)
{
	struct end *e = &far[n_far % ENDS];

	if (!far_accepts)
		return;
	n_far++;
	e->stream = s;
	e->reads = far_reads;
	CHECK_STR(leno_stream_topic(s), topic);
	CHECK_EQ(leno_stream_accept(s, &handlers, e), 0);
	pour(e);
}

static void on_ping(leno_node *n, void *user, const leno_answer *a)
{
	pings += a->error == 0;
}

static void join_with(int nodes, size_t memory_max)
{
	wires_init(&w);
	memset(near, 0, sizeof near);
	memset(far, 0, sizeof far);
	n_near = n_far = pings = 0;
	far_accepts = far_reads = true;
	for (int i = 0; i < nodes; i++) {
		leno_engine_config config = {.wall_ms = 1000, .now_us = w.now};

		memset(config.seed, 7 + i, sizeof config.seed);
		memset(config.identity, 55 + i, sizeof config.identity);
		config.options.memory_max = memory_max;
		config.handlers.stream = on_stream;
		CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
		ids[i] = *leno_self(w.node[i]);
	}
	for (int i = 1; i < nodes; i++) {
		char uri[] = "node:0";

		uri[5] = (char)('0' + i - 1);
		CHECK_EQ(leno_engine_connect(w.node[i], uri), 0);
	}
	CHECK(wires_run(&w, 2 * SECOND));
}

static void join(int nodes)
{
	join_with(nodes, 0);
}

static struct end *open_to(int to, uint64_t size)
{
	struct end *e = &near[n_near++];

	e->to_write = size;
	e->reads = e->finish = true;
	CHECK_EQ(leno_stream_open(w.node[0], &ids[to], "topic", &handlers, e, &e->stream), 0);
	pour(e);
	return e;
}

TEST(bytes_arrive_in_order_and_both_ends_hear_the_end)
{
	static const struct row {
		const char *why;
		int nodes;
		uint64_t size, back;
	} rows[] = {
		{"nothing at all", 2, 0, 0},
		{"one byte", 2, 1, 0},
		{"an answer alone", 2, 0, 1000},
		{"more than a window, to a neighbour", 2, 3000 * KIB, 10},
		{"both ways at once", 2, 2000 * KIB, 2000 * KIB},
		{"across a relay", 3, 3000 * KIB, 300 * KIB},
		{"across two", 4, 1000 * KIB, 1000 * KIB},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];

		CHECK_ROW(r->why);
		join(r->nodes);
		far[0].to_write = r->back;
		far[0].finish = true;
		struct end *e = open_to(r->nodes - 1, r->size);
		CHECK(wires_run(&w, 30 * SECOND));
		CHECK_EQ(n_far, 1);
		CHECK_EQ(far[0].read, r->size);
		CHECK_EQ(e->read, r->back);
		CHECK(far[0].ended && e->ended && !e->wrong && !far[0].wrong);
		CHECK(e->closed && far[0].closed);
		CHECK_EQ(e->error, 0);
		CHECK_EQ(far[0].error, 0);
		wires_free(&w);
	}
}

TEST(a_reader_that_does_not_read_slows_its_writer_and_nobody_else)
{
	join(2);
	far_reads = false;
	struct end *slow = open_to(1, 20000 * KIB);
	CHECK(wires_run(&w, SECOND));
	leno_stream_info at, later;
	leno_stream_get_info(slow->stream, &at);
	CHECK(at.written < LENO_STREAM_BUFFER + LENO_STREAM_WINDOW);
	CHECK_EQ(at.confirmed, 0);
	CHECK(wires_run(&w, 60 * SECOND));
	leno_stream_get_info(slow->stream, &later);
	CHECK_EQ(later.written, at.written);

	far_reads = true;
	struct end *quick = open_to(1, 5000 * KIB);
	CHECK_EQ(leno_ping(w.node[0], &ids[1], 1000, on_ping, NULL), 0);
	CHECK(wires_run(&w, 5 * SECOND));
	CHECK(quick->closed == false && far[1].ended); /* its other half is open */
	CHECK_EQ(far[1].read, 5000 * KIB);
	CHECK_EQ(pings, 1);

	far[0].reads = true;
	drain(&far[0]);
	CHECK(wires_run(&w, 5 * SECOND));
	CHECK_EQ(far[0].read, 20000 * KIB);
	CHECK(far[0].ended && !far[0].wrong);
	wires_free(&w);
}

TEST(one_half_may_be_closed_long_before_the_other)
{
	join(2);
	struct end *e = open_to(1, 10);
	CHECK(wires_run(&w, SECOND));
	CHECK(far[0].ended && !far[0].closed && !e->closed);
	far[0].to_write = 100;
	far[0].finish = true;
	pour(&far[0]);
	CHECK(wires_run(&w, SECOND));
	CHECK_EQ(e->read, 100);
	CHECK(e->closed && far[0].closed);
	CHECK_EQ(e->error, 0);
	wires_free(&w);
}

TEST(an_abort_is_heard_with_its_reason_and_drops_what_waits)
{
	join(2);
	far_reads = false;
	struct end *e = open_to(1, 1000 * KIB);
	CHECK(wires_run(&w, SECOND));
	leno_stream_abort(e->stream, 42, "no longer wanted");
	CHECK(wires_run(&w, SECOND));
	CHECK(!e->closed);
	CHECK(far[0].closed);
	CHECK_EQ(far[0].error, LENO_REFUSED);
	CHECK_EQ(far[0].code, 42);
	CHECK_STR(far[0].why, "no longer wanted");

	e = open_to(1, 10);                    /* said nothing of yet: no trace of it */
	leno_stream_abort(e->stream, 0, NULL);
	e = open_to(1, 10);
	CHECK(wires_run(&w, SECOND));
	CHECK_EQ(n_far, 2);

	far_accepts = false;
	e = open_to(1, 10);
	CHECK(wires_run(&w, SECOND));
	CHECK(e->closed);
	CHECK_EQ(e->error, LENO_REFUSED);
	wires_free(&w);
}

TEST(streams_share_by_their_weights)
{
	join(2);
	struct end *light = open_to(1, 100000 * KIB), *heavy = open_to(1, 100000 * KIB);

	CHECK_EQ(leno_stream_weigh(heavy->stream, 64), 0);
	CHECK_EQ(leno_stream_weigh(heavy->stream, 0), LENO_ARGUMENT);
	CHECK_EQ(leno_stream_weigh(heavy->stream, 256), LENO_ARGUMENT);
	for (int i = 0; i < 400; i++) {        /* a while, not to the end */
		for (int n = 0; n < WIRES_NODES; n++)
			wires_serve(&w, n);
		for (int k = 0; k < WIRES_MAX; k++)
			for (int end = 0; end < 2; end++) {
				if (w.wire[k].used && w.wire[k].way[end].wants)
					wires_make(&w, k, end, 1);
				wires_deliver(&w, k, end, SIZE_MAX, SIZE_MAX);
			}
		wires_step(&w, w.now + 10);
	}
	CHECK(far[0].read > 500 * KIB);
	CHECK(far[1].read > 3 * far[0].read && far[1].read < 5 * far[0].read);
	CHECK(!light->closed);
	wires_free(&w);
}

TEST(a_stream_outlives_its_link)
{
	join(3);
	struct end *e = open_to(2, 3000 * KIB);

	for (int i = 0; i < 30; i++) {
		wires_step(&w, w.now + 500);
		for (int n = 0; n < WIRES_NODES; n++)
			wires_serve(&w, n);
		for (int k = 0; k < WIRES_MAX; k++)
			for (int end = 0; end < 2; end++) {
				if (w.wire[k].used && w.wire[k].way[end].wants)
					wires_make(&w, k, end, 1);
				wires_deliver(&w, k, end, SIZE_MAX, SIZE_MAX);
			}
		if (i % 10 == 9)
			wires_cut(&w, 0);
	}
	CHECK(!far[0].ended);
	CHECK(wires_run(&w, 30 * SECOND));
	CHECK(far[0].ended && !far[0].wrong);
	CHECK_EQ(far[0].read, 3000 * KIB);
	CHECK(!e->closed);
	wires_free(&w);
}

TEST(the_end_of_a_session_ends_its_streams)
{
	join(2);
	far_reads = false;
	struct end *e = open_to(1, 1000 * KIB);
	CHECK(wires_run(&w, SECOND));
	leno_engine_goodbye(w.node[1]);
	CHECK(wires_pump(&w));
	CHECK(wires_run(&w, SECOND));
	CHECK(e->closed);
	CHECK_EQ(e->error, LENO_CLOSED);
	leno_engine_free(w.node[1]);
	w.node[1] = NULL;
	wires_free(&w);
}

/* What is granted is set aside: 16 streams of 64 KiB fit a quarter of 4 MiB. */
TEST(what_is_granted_fits_the_memory)
{
	join_with(2, 4 << 20);
	far_reads = false;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 6; i++) {
			struct end *e = &near[i];
			int error = leno_stream_open(w.node[0], &ids[1], "t", &handlers, e,
			                             &e->stream);

			CHECK(error == 0 || error == LENO_LIMIT);
			if (!error) {
				e->to_write = 256 * KIB;
				pour(e);
			}
		}
		CHECK(wires_run(&w, SECOND));
	}
	CHECK(n_far <= 16);
	leno_stats s;
	leno_get_stats(w.node[1], &s);
	CHECK(s.memory <= 4 << 20);
	wires_free(&w);
}

/* Node 1 has all in its memory that it has granted to eight readers who do not read: what it
 * relays, and what it writes itself, goes on. */
TEST(readers_that_do_not_read_keep_no_memory_from_relays_and_writers)
{
	struct end mine = {.to_write = 300 * KIB, .finish = true};

	join_with(3, 3 << 20);
	far_reads = false;
	for (int i = 0; i < 6; i++)
		open_to(1, 256 * KIB);
	CHECK(wires_run(&w, SECOND));
	CHECK_EQ(n_far, 6);
	CHECK_EQ(w.node[1]->flow_setup.granted, 6 * FLOW_WINDOW_MIN);
	far_reads = true;
	open_to(2, 1000 * KIB);
	CHECK_EQ(leno_stream_open(w.node[1], &ids[2], "t", &handlers, &mine, &mine.stream), 0);
	pour(&mine);
	CHECK(wires_run(&w, 5 * SECOND));
	CHECK_EQ(n_far, 8);
	CHECK_EQ(far[6].read + far[7].read, 1300 * KIB);
	CHECK(far[6].ended && far[7].ended);
	CHECK_EQ(w.node[1]->stats.dropped, 0);
	wires_free(&w);
}

/* Node 1 has as much to send to who is gone as it may: what it has granted to others comes
 * all the same, and waits there for its reader. */
TEST(what_is_granted_is_kept_whatever_is_sent)
{
	static const uint8_t big[60000];
	unsigned sent = 0;
	int error;

	join_with(3, 3 << 20);
	far_reads = false;
	struct end *e = &near[0];
	CHECK_EQ(leno_stream_open(w.node[0], &ids[1], "t", &handlers, e, &e->stream), 0);
	CHECK(wires_run(&w, SECOND));
	CHECK_EQ(n_far, 1);
	wires_cut(&w, 1);
	w.cut[1][2] = w.cut[2][1] = true;
	while (!(error = leno_send(w.node[1], &ids[2], "t", (leno_bytes){big, sizeof big}, NULL)))
		sent++;
	CHECK_EQ(error, LENO_AGAIN);
	CHECK(sent > 8);
	e->to_write = FLOW_WINDOW_MIN;
	e->finish = true;
	pour(e);
	CHECK(wires_run(&w, SECOND));
	CHECK(!e->closed && !far[0].closed);
	drain(&far[0]);
	CHECK_EQ(far[0].read, FLOW_WINDOW_MIN);
	CHECK(far[0].ended);
	wires_free(&w);
}

/* The queue back is full of messages: that there is no room for another stream is said behind
 * them, and ends nothing else. */
TEST(an_open_that_cannot_be_taken_waits_for_its_answer)
{
	static const uint8_t big[5000];
	uint64_t life;

	join_with(2, 3 << 20);
	far_reads = false;
	for (int i = 0; i < 4; i++)
		open_to(1, 10);
	CHECK(wires_run(&w, SECOND));
	CHECK_EQ(n_far, 4);
	life = peers_get(w.node[1], &ids[0])->life;
	w.node[1]->flow_setup.budget = w.node[1]->flow_setup.granted;
	w.node[1]->session_setup.queue_max = 50000;
	while (!leno_send(w.node[1], &ids[0], "t", (leno_bytes){big, sizeof big}, NULL))
		;
	while (!leno_send(w.node[1], &ids[0], "t", (leno_bytes){big, 1}, NULL))
		;
	for (int i = 0; i < 3; i++)
		open_to(1, 10);
	wires_serve(&w, 0);
	CHECK(wires_make(&w, 0, 1, SIZE_MAX));         /* node 1 has dialled: node 0 is end 1 */
	CHECK(wires_deliver(&w, 0, 1, SIZE_MAX, SIZE_MAX));
	CHECK(wires_run(&w, SECOND));
	CHECK_EQ(n_far, 4);
	for (int i = 4; i < 7; i++) {
		CHECK(near[i].closed);
		CHECK_EQ(near[i].error, LENO_REFUSED);
		CHECK_EQ(near[i].code, LENO_LIMIT);
	}
	CHECK(!near[0].closed && !far[0].closed);
	CHECK_EQ(peers_get(w.node[1], &ids[0])->life, life);
	CHECK_EQ(streams_count(peers_get(w.node[1], &ids[0])), 4);
	wires_free(&w);
}

/* However little it takes at a time. */
TEST(a_stream_comes_in_pieces_that_its_reader_takes)
{
	char topic[LENO_TYPE_MAX + 1] = "";

	join(2);
	wires_cut(&w, 0);
	leno_engine_free(w.node[1]);
	w.node[1] = NULL;
	leno_engine_config config = {.wall_ms = 5000, .now_us = w.now};
	memset(config.identity, 99, sizeof config.identity);
	config.options.message_max = 1;
	config.handlers.stream = on_stream;
	CHECK_EQ(leno_engine_open(&w.node[1], &config), 0);
	ids[1] = *leno_self(w.node[1]);
	CHECK_EQ(leno_engine_connect(w.node[1], "node:0"), 0);
	CHECK(wires_run(&w, 2 * SECOND));
	memset(topic, 'x', LENO_TYPE_MAX);
	struct end *e = &near[n_near++];
	e->to_write = 300 * KIB;
	e->finish = true;
	CHECK_EQ(leno_stream_open(w.node[0], &ids[1], topic, &handlers, e, &e->stream), 0);
	pour(e);
	CHECK(wires_run(&w, 5 * SECOND));
	CHECK_EQ(n_far, 1);
	CHECK_EQ(far[0].read, 300 * KIB);
	CHECK(far[0].ended && !far[0].wrong);
	wires_free(&w);
}

/* Who opens as many as it can leaves some to others; nor do windows that grow take all. */
TEST(one_peer_does_not_take_what_all_streams_have)
{
	struct end late = {.to_write = 100 * KIB, .finish = true};
	struct end wide = {.to_write = 100 * KIB, .finish = true};
	unsigned open = 0;

	join(3);
	w.node[1]->flow_setup.budget = 20 * FLOW_WINDOW_MIN;
	far_reads = false;
	for (int i = 0; i < 30; i++)
		open_to(1, 10);
	CHECK(wires_run(&w, SECOND));
	for (int i = 0; i < 30; i++)
		open += !near[i].closed;
	CHECK_EQ(open, 16);
	CHECK_EQ(n_far, open);
	far_reads = true;
	CHECK_EQ(leno_stream_open(w.node[2], &ids[1], "t", &handlers, &late, &late.stream), 0);
	pour(&late);
	CHECK_EQ(leno_stream_open(w.node[1], &ids[2], "t", &handlers, &wide, &wide.stream), 0);
	pour(&wide);
	CHECK(wires_run(&w, SECOND));
	CHECK(!late.closed && !wide.closed);
	CHECK_EQ(far[open].read + far[open + 1].read, 200 * KIB);
	wires_free(&w);
}

static unsigned flood;

static void on_room(leno_node *n, void *user, const leno_id *to)
{
	static const uint8_t big[5000];

	while (flood > 0 && !far[0].ended &&
	       leno_send(n, to, "t", (leno_bytes){big, sizeof big}, NULL) == 0)
		flood--;
}

/* As long as there is room in the queue it is filled with messages. */
TEST(messages_without_end_do_not_stop_a_stream)
{
	join(2);
	w.node[0]->handlers.writable = on_room;
	flood = 20000;
	on_room(w.node[0], NULL, &ids[1]);
	struct end *e = open_to(1, 200 * KIB);
	CHECK(wires_run(&w, SECOND));
	CHECK(far[0].ended && !e->wrong);
	CHECK(flood > 0);                      /* it ended in the midst of them */
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(bytes_arrive_in_order_and_both_ends_hear_the_end),
          TEST_CASE(a_reader_that_does_not_read_slows_its_writer_and_nobody_else),
          TEST_CASE(one_half_may_be_closed_long_before_the_other),
          TEST_CASE(an_abort_is_heard_with_its_reason_and_drops_what_waits),
          TEST_CASE(streams_share_by_their_weights),
          TEST_CASE(a_stream_outlives_its_link),
          TEST_CASE(the_end_of_a_session_ends_its_streams),
          TEST_CASE(what_is_granted_fits_the_memory),
          TEST_CASE(readers_that_do_not_read_keep_no_memory_from_relays_and_writers),
          TEST_CASE(an_open_that_cannot_be_taken_waits_for_its_answer),
          TEST_CASE(a_stream_comes_in_pieces_that_its_reader_takes),
          TEST_CASE(one_peer_does_not_take_what_all_streams_have),
          TEST_CASE(messages_without_end_do_not_stop_a_stream),
          TEST_CASE(what_is_granted_is_kept_whatever_is_sent))
