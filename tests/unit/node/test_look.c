/* What links and sessions have carried, as leno.h tells it: the counters of two ends fit
 * each other, and the traffic.
 * covers: src/node/look.c src/session/counts.c */
#include "support/check.h"
#include "support/wires.h"

enum { SECOND = 1000 * 1000, INFOS = 8 };

struct seen {
	leno_link_info    links[INFOS];
	leno_session_info sessions[INFOS];
	unsigned n_links, n_sessions;
};

static struct wires w;
static leno_id ids[WIRES_NODES];
static unsigned answers;

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	if (leno_message_is_request(m))
		leno_reply(m, b);
}

static void on_stream(leno_node *n, void *user, leno_stream *s, const char *topic)
{
	leno_stream_accept(s, NULL, NULL);
}

static void on_answer(leno_node *n, void *user, const leno_answer *a)
{
	answers += a->error == 0;
}

static void open_as(int i, bool visitor)
{
	static const char *const names[] = { "ada", "bob", "cyd", "" };
	leno_engine_config config = { .wall_ms = 1000 + w.now / 1000, .now_us = w.now };

	memset(config.seed, 7 + i, sizeof config.seed);
	memset(config.identity, 55 + i, sizeof config.identity);
	config.options.name = names[i];
	config.options.visitor = visitor;
	config.handlers = (leno_handlers){ .message = on_message, .stream = on_stream };
	CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
	ids[i] = *leno_self(w.node[i]);
}

static void open_node(int i)
{
	open_as(i, false);
}

static void open_visitor(int i)
{
	open_as(i, true);
}

/* A chain: the last one meets the first across the others. */
static void chain(int nodes)
{
	wires_init(&w);
	answers = 0;
	for (int i = 0; i < nodes; i++)
		open_node(i);
	for (int i = 1; i < nodes; i++) {
		char uri[] = "node:0";

		uri[5] = (char)('0' + i - 1);
		CHECK_EQ(leno_engine_connect(w.node[i], uri), 0);
	}
	CHECK(wires_run(&w, SECOND));
}

static bool take_link(void *arg, const leno_link_info *info)
{
	struct seen *s = arg;

	s->links[s->n_links++] = *info;
	return s->n_links < INFOS;
}

static bool take_session(void *arg, const leno_session_info *info)
{
	struct seen *s = arg;

	s->sessions[s->n_sessions++] = *info;
	return s->n_sessions < INFOS;
}

static struct seen look(int i)
{
	struct seen s = { .n_links = 0 };

	leno_links(w.node[i], take_link, &s);
	leno_sessions(w.node[i], take_session, &s);
	return s;
}

static leno_session_info session(int i, int with)
{
	struct seen s = look(i);

	for (unsigned k = 0; k < s.n_sessions; k++)
		if (leno_id_same(&s.sessions[k].id, &ids[with]))
			return s.sessions[k];
	return (leno_session_info){ .name = "none" };
}

static bool stop_at_once(void *arg, const leno_link_info *info)
{
	++*(int *)arg;
	return false;
}

static void send_some(int from, int to, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		CHECK_EQ(leno_send(w.node[from], &ids[to], "t", (leno_bytes){ "data", 4 }, NULL), 0);
}

TEST(a_link_tells_what_went_over_it)
{
	struct seen a, b;
	leno_stats stats;
	int calls = 0;

	chain(2);
	send_some(0, 1, 10);
	CHECK(wires_run(&w, 3 * SECOND));
	a = look(0);
	b = look(1);
	REQUIRE(a.n_links == 1 && b.n_links == 1);
	CHECK(leno_id_same(&a.links[0].id, &ids[1]) && leno_id_same(&b.links[0].id, &ids[0]));
	CHECK_STR(a.links[0].name, "bob");
	CHECK_STR(b.links[0].uri, "node:0");
	CHECK(b.links[0].dialled && !a.links[0].dialled && !a.links[0].local);
	CHECK(a.links[0].bytes_out > 40 && a.links[0].records_out > 0);
	CHECK_EQ(a.links[0].bytes_out, b.links[0].bytes_in);
	CHECK_EQ(a.links[0].bytes_in, b.links[0].bytes_out);
	CHECK_EQ(a.links[0].records_out, b.links[0].records_in);
	CHECK(a.links[0].age_ms >= 3900 && a.links[0].age_ms <= 4100);
	leno_get_stats(w.node[0], &stats);
	CHECK_EQ(stats.bytes_out, a.links[0].bytes_out);
	CHECK_EQ(stats.records_in, a.links[0].records_in);
	leno_links(w.node[0], stop_at_once, &calls);
	CHECK_EQ(calls, 1);
	wires_free(&w);
}

TEST(a_session_tells_what_both_ends_agree_on)
{
	leno_session_info a, b;
	leno_stats stats;

	chain(2);
	send_some(0, 1, 10);
	CHECK_EQ(leno_request(w.node[0], &ids[1], "q", (leno_bytes){ "x", 1 }, 1000, on_answer,
	                      NULL, NULL), 0);
	CHECK_EQ(leno_ping(w.node[0], &ids[1], 1000, on_answer, NULL), 0);
	a = session(0, 1);
	CHECK(a.waiting_bytes > 40);
	CHECK_EQ(a.unconfirmed_bytes, 0);
	CHECK_EQ(a.items_confirmed, 0);
	CHECK(wires_run(&w, SECOND));
	CHECK_EQ(answers, 2);
	a = session(0, 1);
	b = session(1, 0);
	CHECK_STR(a.name, "bob");
	CHECK_EQ(a.path, LENO_PATH_DIRECT);
	CHECK_EQ(a.window_bytes, 0);
	CHECK_EQ(a.lives, 1);
	CHECK_EQ(a.sent, 11);          /* a ping is no message */
	CHECK_EQ(b.received, 11);
	CHECK_EQ(b.sent, 1);
	CHECK_EQ(a.received, 1);
	CHECK_EQ(a.items_out, 14);     /* two names of types, and the ping */
	CHECK_EQ(a.items_confirmed, 14);
	CHECK_EQ(b.items_in, 14);
	CHECK_EQ(b.items_out, a.items_in);
	CHECK_EQ(a.bytes_out, b.bytes_in);
	CHECK_EQ(a.bytes_in, b.bytes_out);
	CHECK_EQ(a.waiting_bytes + a.unconfirmed_bytes + a.resent_bytes + a.items_unknown, 0);
	leno_get_stats(w.node[0], &stats);
	CHECK_EQ(stats.sent, 11);
	CHECK_EQ(stats.received, 1);
	wires_free(&w);
}

TEST(a_relay_counts_for_each_link_what_leaves_by_it)
{
	leno_session_info a;
	struct seen b;
	leno_stats stats;

	chain(3);
	send_some(0, 2, 200);
	CHECK(wires_run(&w, SECOND));
	a = session(0, 2);
	b = look(1);
	CHECK_EQ(a.path, LENO_PATH_RELAYED);
	CHECK_STR(a.name, "cyd");
	CHECK_EQ(a.items_confirmed, 201);
	CHECK(a.rtt_us > 0 && a.window_bytes > 0);
	CHECK_EQ(a.lost_packets, 0);
	REQUIRE(b.n_links == 2);
	leno_get_stats(w.node[1], &stats);
	CHECK(b.links[0].forwarded > 0 && b.links[1].forwarded > 0);
	CHECK_EQ(b.links[0].forwarded + b.links[1].forwarded, stats.forwarded);
	CHECK_EQ(b.links[0].dropped + b.links[1].dropped, stats.dropped);
	CHECK_EQ(b.links[0].marked + b.links[1].marked, stats.marked);
	CHECK_EQ(b.links[0].relay_bytes + b.links[1].relay_bytes, 0);
	CHECK_EQ(b.n_sessions, 0);
	wires_free(&w);
}

TEST(a_link_that_does_not_empty_shows_its_queue_and_what_it_dropped)
{
	static uint8_t data[32 * 1024];
	struct seen b = { .n_links = 0 };
	leno_stats stats;

	chain(3);
	for (int i = 0; i < 60; i++)
		leno_send(w.node[0], &ids[2], "t", (leno_bytes){ data, sizeof data }, NULL);
	/* What the relay makes stays where it is: the wire to the third is full. */
	for (int rounds = 0; rounds < 2000 && (b.n_links < 2 || b.links[1].relay_bytes == 0);
	     rounds++) {
		wires_serve(&w, 0);
		wires_make(&w, 0, 0, SIZE_MAX);
		wires_make(&w, 0, 1, SIZE_MAX);
		wires_deliver(&w, 0, 0, SIZE_MAX, SIZE_MAX);
		wires_deliver(&w, 0, 1, SIZE_MAX, SIZE_MAX);
		b = look(1);
	}
	REQUIRE(b.n_links == 2);
	leno_get_stats(w.node[1], &stats);
	CHECK_EQ(b.links[0].relay_bytes + b.links[1].relay_bytes > 0, 1);
	CHECK_EQ(b.links[0].forwarded + b.links[1].forwarded, stats.forwarded);
	CHECK(wires_run(&w, 5 * SECOND));
	b = look(1);
	CHECK_EQ(b.links[0].relay_bytes + b.links[1].relay_bytes, 0);
	CHECK_EQ(session(0, 2).items_confirmed, session(0, 2).items_out);
	wires_free(&w);
}

TEST(streams_are_counted_while_they_are_open)
{
	leno_stream *s = NULL;
	size_t taken = 0;

	chain(2);
	CHECK_EQ(leno_stream_open(w.node[0], &ids[1], "t", NULL, NULL, &s), 0);
	CHECK_EQ(session(0, 1).streams, 1);
	CHECK_EQ(leno_stream_write(s, (leno_bytes){ "0123456789", 10 }, &taken), 0);
	CHECK(session(0, 1).waiting_bytes >= 10);
	CHECK(wires_run(&w, SECOND));
	CHECK_EQ(session(1, 0).streams, 1);
	CHECK_EQ(session(0, 1).waiting_bytes, 0);
	leno_stream_abort(s, 1, "enough");
	CHECK(wires_run(&w, SECOND));
	CHECK_EQ(session(0, 1).streams + session(1, 0).streams, 0);
	CHECK_EQ(session(0, 1).sent, 0);
	wires_free(&w);
}

/* The other end is killed and comes back: what it had not confirmed is unknown, and all
 * that was counted stays. */
TEST(a_session_that_begins_anew_keeps_its_counters)
{
	leno_session_info a, before;

	chain(2);
	send_some(0, 1, 10);
	CHECK(wires_run(&w, SECOND));
	before = session(0, 1);
	wires_kill(&w, 1);
	send_some(0, 1, 5);
	w.now += SECOND;
	open_node(1);
	CHECK_EQ(leno_engine_connect(w.node[1], "node:0"), 0);
	CHECK(wires_run(&w, 5 * SECOND));
	send_some(0, 1, 3);
	CHECK(wires_run(&w, SECOND));
	a = session(0, 1);
	CHECK_EQ(a.lives, 2);
	CHECK_EQ(a.sent, 18);
	CHECK(a.items_unknown >= 5);
	CHECK_EQ(a.items_confirmed + a.items_unknown, a.items_out);
	CHECK(a.items_confirmed >= before.items_confirmed + 3);
	CHECK(a.bytes_out > before.bytes_out);
	CHECK(a.age_ms > before.age_ms);
	wires_free(&w);
}

/* Commands come and go by the thousand, through whatever gate: only those that are there are
 * sessions. */
TEST(a_visitor_that_said_goodbye_is_no_session_any_more)
{
	for (int gate = 0; gate < 2; gate++) {
		chain(2);
		open_visitor(2);
		CHECK_EQ(leno_engine_connect(w.node[2], gate ? "node:1" : "node:0"), 0);
		CHECK(wires_run(&w, SECOND));
		CHECK_EQ(leno_request(w.node[2], &ids[0], "q", (leno_bytes){ "x", 1 }, 1000,
		                      on_answer, NULL, NULL), 0);
		CHECK(wires_run(&w, SECOND));
		CHECK_EQ(answers, 1);
		CHECK_EQ(session(0, 2).received, 1);
		CHECK_EQ(session(0, 2).items_out, 1);
		leno_engine_goodbye(w.node[2]);
		CHECK(wires_run(&w, SECOND));
		CHECK_STR(session(0, 2).name, "none");
		CHECK_EQ(look(0).n_sessions, 0);
		leno_engine_free(w.node[2]);
		open_visitor(2);               /* numbers go on, counters begin anew */
		CHECK_EQ(leno_engine_connect(w.node[2], "node:1"), 0);
		CHECK(wires_run(&w, SECOND));
		CHECK_EQ(leno_request(w.node[2], &ids[0], "q", (leno_bytes){ "x", 1 }, 1000,
		                      on_answer, NULL, NULL), 0);
		CHECK(wires_run(&w, SECOND));
		CHECK_EQ(answers, 2);
		CHECK_EQ(session(0, 2).items_out, 1);
		CHECK_EQ(session(0, 2).items_confirmed, 1);
		wires_free(&w);
	}
}

TEST_MAIN(TEST_CASE(a_link_tells_what_went_over_it),
          TEST_CASE(a_session_tells_what_both_ends_agree_on),
          TEST_CASE(a_relay_counts_for_each_link_what_leaves_by_it),
          TEST_CASE(a_link_that_does_not_empty_shows_its_queue_and_what_it_dropped),
          TEST_CASE(streams_are_counted_while_they_are_open),
          TEST_CASE(a_session_that_begins_anew_keeps_its_counters),
          TEST_CASE(a_visitor_that_said_goodbye_is_no_session_any_more))
