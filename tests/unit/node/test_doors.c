/* Who comes in, who gives way, and what is told of a link that ends.
 * covers: src/node/conns.c src/node/up.c */
#include "node/node.h"
#include "support/check.h"
#include "support/raw.h"

static struct wires w;

static struct {
	unsigned ups, downs, lines;
	enum leno_why why;
	int error;
	char line[200];
} heard;

static void on_link_up(leno_node *n, void *user, const leno_id *id, const char *uri)
{
	heard.ups++;
}

static void on_link_down(leno_node *n, void *user, const leno_id *id, enum leno_why why, int error)
{
	heard.downs++;
	heard.why = why;
	heard.error = error;
}

static void on_line(void *user, enum leno_log_level level, const char *line)
{
	heard.lines++;
	snprintf(heard.line, sizeof heard.line, "%s", line);
}

static leno_node *open_node(uint32_t links_max)
{
	leno_engine_config config = {.wall_ms = 1000};

	wires_init(&w);
	config.now_us = w.now;
	memset(config.seed, 17, sizeof config.seed);
	memset(config.identity, 99, sizeof config.identity);
	config.options.links_max = links_max;
	config.options.log = on_line;
	config.options.log_level = LENO_LOG_WARN;
	config.handlers = (leno_handlers){.link_up = on_link_up, .link_down = on_link_down};
	memset(&heard, 0, sizeof heard);
	CHECK_EQ(leno_engine_open(&w.node[0], &config), 0);
	return w.node[0];
}

TEST(why_the_other_end_closed_is_told)
{
	static const struct {
		const char *why;
		uint8_t reason;
		enum leno_why told;
		int error;
		const char *line;
	} rows[] = {
		{"a goodbye", CLOSE_GOODBYE, LENO_WHY_GOODBYE, 0, ""},
		{"its application", CLOSE_DISCONNECT, LENO_WHY_GOODBYE, 0, ""},
		{"a reason of later versions", 99, LENO_WHY_GOODBYE, 0, ""},
		{"no reason at all", 0, LENO_WHY_GOODBYE, 0, ""},
		{"another link", CLOSE_DUPLICATE_LINK, LENO_WHY_REPLACED, 0, ""},
		{"it gives way to another life", CLOSE_DUPLICATE_NODE, LENO_WHY_RESTARTED, 0,
		 "closed by raw: its identity runs elsewhere"},
		{"protocol", CLOSE_PROTOCOL, LENO_WHY_REFUSED, LENO_PROTOCOL,
		 "closed by raw: it could not read what we said"},
		{"a limit", CLOSE_LIMIT, LENO_WHY_REFUSED, LENO_LIMIT,
		 "closed by raw: it has no room for another link"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct raw other;

		CHECK_ROW(rows[i].why);
		open_node(0);
		raw_init(&other, 1);
		REQUIRE(raw_open(&other, &w, 0));
		CHECK_EQ(heard.ups, 1);
		raw_say(&other, FRAME_CLOSE, bytes_of(&rows[i].reason, 1));
		CHECK_EQ(heard.downs, 1);
		CHECK_EQ(heard.why, rows[i].told);
		CHECK_EQ(heard.error, rows[i].error);
		CHECK_STR(heard.line, rows[i].line);
		raw_hear(&other);
		raw_free(&other);
		wires_free(&w);
	}
}

TEST(a_full_node_says_so_in_the_log_too)
{
	struct raw first, second;
	leno_stats stats;

	open_node(1);
	raw_init(&first, 1);
	raw_init(&second, 2);
	REQUIRE(raw_open(&first, &w, 0));
	CHECK(!raw_open(&second, &w, 0));
	CHECK_EQ(second.reason, CLOSE_LIMIT);
	CHECK_STR(heard.line, "refused raw: there is no room for another link");
	leno_get_stats(w.node[0], &stats);
	CHECK_EQ(stats.refused_busy, 1);
	raw_free(&first);
	raw_free(&second);
	wires_free(&w);
}

/* Its process was killed, or its address changed: the old link is still there, silent. */
TEST(at_the_bound_a_neighbour_that_comes_anew_replaces_its_own_link)
{
	struct raw first, again;
	leno_stats stats;

	open_node(1);
	raw_init(&first, 1);
	raw_init(&again, 1);
	REQUIRE(raw_open(&first, &w, 0));
	again.turn = first.turn;
	again.random.key[0] ^= 1;             /* another process */
	CHECK(raw_open(&again, &w, 0));
	raw_hear(&first);
	CHECK(first.wire < 0);                 /* it was not listed any more */
	leno_get_stats(w.node[0], &stats);
	CHECK_EQ(stats.links, 1);
	CHECK_EQ(heard.downs, 0);
	raw_free(&first);
	raw_free(&again);
	wires_free(&w);
}

/* A stranger that says hello, and never goes on. */
static int knock(leno_pipe pipe)
{
	static uint8_t buf[64 * 1024];
	uint8_t hello[71] = {'l', 'e', 'n', 'o', 1, 1, 1, [39] = 9};
	struct network network;
	leno_out out;
	int error = leno_engine_opened(w.node[0], pipe, LENO_PIPE_STREAM, 0, "crowd");

	if (error)
		return error;
	network_init(&network, "default", NULL);
	network_tag(&network, hello + 7, hello + 23);
	leno_engine_take(w.node[0], pipe, hello, sizeof hello);
	while (leno_engine_next(w.node[0], &out))
		;
	CHECK(leno_engine_make(w.node[0], pipe, buf, sizeof buf) > 0);
	return 0;
}

TEST(a_crowd_that_says_hello_keeps_nobody_out_for_long)
{
	leno_pipe pipe = 100;
	struct raw member;
	leno_stats stats;

	open_node(0);
	for (int i = 0; i < STRANGERS_MAX; i++)
		CHECK_EQ(knock(pipe++), 0);
	CHECK_EQ(knock(pipe++), LENO_BUSY);    /* they have had no time to go on */
	wires_step(&w, w.now + 250 * 1000);
	CHECK_EQ(knock(pipe++), LENO_BUSY);
	w.now += 300 * 1000;
	leno_engine_time(w.node[0], w.now);
	raw_init(&member, 1);
	CHECK(raw_open(&member, &w, 0));
	for (int i = 0; i < STRANGERS_MAX; i++)
		CHECK_EQ(knock(pipe++), 0);    /* it has no need of the place any more */
	leno_get_stats(w.node[0], &stats);
	CHECK_EQ(stats.links, 1);
	raw_free(&member);
	wires_free(&w);
}

/* One pipe is dry, the other is full for a while: meanwhile inputs come. */
TEST(a_goodbye_takes_its_time)
{
	struct raw fast, slow;
	leno_stats stats;
	leno_out out;

	open_node(0);
	raw_init(&fast, 1);
	raw_init(&slow, 2);
	REQUIRE(raw_open(&fast, &w, 0) && raw_open(&slow, &w, 0));
	CHECK_EQ(leno_send(w.node[0], &fast.self.id, "t", (leno_bytes){"x", 1}, NULL), 0);
	raw_hear(&fast);
	leno_engine_goodbye(w.node[0]);
	while (leno_engine_next(w.node[0], &out))
		;
	CHECK(wires_make(&w, fast.wire, 1, SIZE_MAX));    /* and so it is dry, and closed */
	for (int i = 0; i < 5; i++)
		leno_engine_time(w.node[0], w.now += 100 * 1000);
	leno_get_stats(w.node[0], &stats);
	CHECK_EQ(stats.links, 1);
	CHECK(!peers_get(w.node[0], &fast.self.id)->conn);
	CHECK(wires_make(&w, slow.wire, 1, SIZE_MAX));
	leno_engine_time(w.node[0], w.now += 300 * 1000);
	fast.wire = slow.wire = -1;
	raw_free(&fast);
	raw_free(&slow);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(a_goodbye_takes_its_time),
	  TEST_CASE(a_crowd_that_says_hello_keeps_nobody_out_for_long),
	  TEST_CASE(at_the_bound_a_neighbour_that_comes_anew_replaces_its_own_link),
	  TEST_CASE(why_the_other_end_closed_is_told),
	  TEST_CASE(a_full_node_says_so_in_the_log_too))
