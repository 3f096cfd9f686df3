/* What a peer may say of a stream, and what may not be: verdicts, each with its reason.
 * covers: src/stream/flow.c src/stream/flows.c */
#include "stream/flows.h"

#include "message/item.h"
#include "support/check.h"
#include "support/known.h"

enum { BUDGET = 1 << 20 };

static struct pool pool;
static struct flow_setup setup;
static struct flow flow;

static void begin(bool ours)
{
	pool_init(&pool, 1000);
	setup = (struct flow_setup){ .pool = &pool, .budget = BUDGET };
	CHECK_EQ(flow_init(&flow, &setup, (struct flow_key){ 0, ours }), 0);
	flow.credit = FLOW_WINDOW_MIN;
}

static void end(void)
{
	flow_clear(&flow);
	CHECK_EQ(setup.granted, 0);
	pool_clear(&pool);
}

/* Says all that can be said now; returns how many bytes of data were among it. */
static size_t say_all(void)
{
	struct flow_item item;
	size_t bytes = 0;

	while (flow_make(&flow, 1000, &item)) {
		if (item.op == FLOW_DATA)
			bytes += item.data.size;
		flow_made(&flow, &item);
	}
	return bytes;
}

static void write_zeros(size_t size)
{
	static const uint8_t zeros[FLOW_BUFFER];

	CHECK_EQ(flow_write(&flow, bytes_of(zeros, size)), size);
}

static int take(enum flow_op op, const char *text, size_t size)
{
	int error = flow_take(&flow, op, bytes_of(text, size));

	if (!error && op == FLOW_DATA)
		CHECK_EQ(flow_settle(&flow), 0);
	return error;
}

TEST(what_a_peer_may_not_say)
{
	static const struct row {
		const char *why;
		enum flow_op op;
		const char *body;
		size_t size;
		int verdict;
	} rows[] = {
		{ "a second OPEN", FLOW_OPEN, "\1", 1, LENO_PROTOCOL },
		{ "no such word", (enum flow_op)7, "", 0, LENO_PROTOCOL },
		{ "a credit that is cut", FLOW_CREDIT, "\1", 1, LENO_PROTOCOL },
		{ "a credit with more behind it", FLOW_CREDIT, "\0\xff\xff\xff\x01\0", 6, LENO_PROTOCOL },
		{ "less credit than before", FLOW_CREDIT, "\0\1", 2, LENO_PROTOCOL },
		{ "read more than was sent", FLOW_CREDIT, "\x65\xff\xff\xff\x01", 5, LENO_PROTOCOL },
		{ "read what was sent", FLOW_CREDIT, "\x64\xff\xff\xff\x01", 5, 0 },
		{ "FINISH with a body", FLOW_FINISH, "x", 1, LENO_PROTOCOL },
		{ "DONE before we have finished", FLOW_DONE, "", 0, LENO_PROTOCOL },
		{ "an abort that is cut", FLOW_ABORT, "\1\0\0", 3, LENO_PROTOCOL },
		{ "an abort", FLOW_ABORT, "\7\0\0\0why", 7, 0 },
		{ "bytes", FLOW_DATA, "abc", 3, 0 },
		{ "no bytes", FLOW_DATA, "", 0, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		begin(true);
		write_zeros(100);
		CHECK_EQ(say_all(), 100);
		CHECK_EQ(take(rows[i].op, rows[i].body, rows[i].size), rows[i].verdict);
		end();
	}
}

TEST(nothing_comes_beyond_what_was_granted_or_behind_the_end)
{
	static const char zeros[FLOW_WINDOW_MIN + 1];

	begin(false);
	CHECK_EQ(take(FLOW_DATA, zeros, FLOW_WINDOW_MIN + 1), LENO_PROTOCOL);
	CHECK_EQ(take(FLOW_DATA, zeros, FLOW_WINDOW_MIN), 0);
	CHECK_EQ(take(FLOW_DATA, zeros, 1), LENO_PROTOCOL);
	CHECK_EQ(take(FLOW_FINISH, "", 0), 0);
	CHECK_EQ(take(FLOW_FINISH, "", 0), LENO_PROTOCOL);
	CHECK_EQ(take(FLOW_DATA, "", 0), LENO_PROTOCOL);
	CHECK(!flow_ended(&flow));
	while (flow_peek(&flow).size > 0)
		flow_skip(&flow, flow_peek(&flow).size, 0, 0);
	CHECK(flow_ended(&flow));
	end();
}

TEST(bytes_that_are_read_at_once_are_not_copied)
{
	begin(false);
	CHECK_EQ(flow_take(&flow, FLOW_DATA, bytes_text("hello")), 0);
	CHECK_BYTES(flow_peek(&flow).data, "hello", 5);
	flow_skip(&flow, 2, 0, 0);
	CHECK_EQ(flow_settle(&flow), 0);       /* the rest is kept */
	CHECK_EQ(flow_take(&flow, FLOW_DATA, bytes_text(" you")), 0);
	CHECK_BYTES(flow_peek(&flow).data, "llo", 3);
	flow_skip(&flow, 3, 0, 0);
	CHECK_BYTES(flow_peek(&flow).data, " you", 4);
	flow_skip(&flow, 4, 0, 0);
	CHECK_EQ(flow_settle(&flow), 0);
	CHECK_EQ(pool.n_out, 0);
	CHECK_EQ(flow.read, 9);
	end();
}

TEST(nothing_is_said_beyond_the_credit)
{
	begin(true);
	write_zeros(FLOW_BUFFER);
	CHECK_EQ(say_all(), FLOW_WINDOW_MIN);
	CHECK(!flow_wants(&flow));
	CHECK_EQ(take(FLOW_CREDIT, "\0\x90\x80\x04", 4), 0);       /* 16 more */
	CHECK_EQ(say_all(), 16);
	flow_finish(&flow);
	CHECK(!flow_wants(&flow));             /* not before the rest */
	end();
}

/* A reader that keeps pace widens its window, but not beyond the budget of all. */
TEST(a_window_grows_for_who_waits_and_as_the_budget_allows)
{
	static const char zeros[FLOW_WINDOW_MIN / 2];
	uint64_t now_us = 0;

	begin(false);
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(take(FLOW_DATA, zeros, sizeof zeros), 0);
		while (flow_peek(&flow).size > 0)
			flow_skip(&flow, flow_peek(&flow).size, now_us, 1000);
		say_all();
		now_us += 500;
	}
	CHECK_EQ(flow.window, BUDGET / 2);     /* doubled while it fitted */
	CHECK(setup.granted <= BUDGET);
	end();

	begin(false);
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(take(FLOW_DATA, zeros, sizeof zeros), 0);
		while (flow_peek(&flow).size > 0)
			flow_skip(&flow, flow_peek(&flow).size, now_us, 1000);
		say_all();
		now_us += 50000;
	}
	CHECK_EQ(flow.window, FLOW_WINDOW_MIN);
	end();
}

TEST(windows_that_grow_leave_room_for_others_to_begin)
{
	static const char zeros[FLOW_WINDOW_MIN / 2];
	struct flow others[6];
	uint64_t now_us = 0;

	begin(false);
	setup.budget = 10 * FLOW_WINDOW_MIN;
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(take(FLOW_DATA, zeros, sizeof zeros), 0);
		while (flow_peek(&flow).size > 0)
			flow_skip(&flow, flow_peek(&flow).size, now_us, 1000);
		say_all();
		now_us += 500;
	}
	CHECK_EQ(flow.window, 4 * FLOW_WINDOW_MIN);
	for (int i = 0; i < 6; i++)
		CHECK_EQ(flow_init(&others[i], &setup, (struct flow_key){ 1, 0 }), 0);
	for (int i = 0; i < 6; i++)
		flow_clear(&others[i]);
	end();
}

/* The application may look at it later: until then others begin where it was. */
TEST(what_will_not_come_is_not_set_aside_any_more)
{
	begin(false);
	CHECK_EQ(take(FLOW_DATA, "unread", 6), 0);
	CHECK_EQ(setup.granted, FLOW_WINDOW_MIN);
	flow_part(&flow);
	CHECK(setup.granted < FLOW_WINDOW_MIN / 2);
	CHECK(bytes_same(flow_peek(&flow), bytes_of("unread", 6)));
	flow_skip(&flow, 6, 0, 1000);
	CHECK(!flow_wants(&flow));
	end();
}

/* One item as it lies in the session; item->data stands behind it. */
static void known_item(const char *name, struct flow_key key, const struct flow_item *item)
{
	uint8_t buf[ITEM_HEAD_MAX + FLOW_HEAD_MAX + 32];
	size_t n = write_item_head(buf, &(struct item){ .kind = ITEM_STREAM, .type = key.number });
	struct flow_key back;
	struct item read;
	enum flow_op op;
	struct bytes body;

	n += flow_write_head(buf + n, key, item);
	bytes_copy(buf + n, item->data.data, item->data.size);
	KNOWN(name, bytes_of(buf, n + item->data.size));
	CHECK(read_item(bytes_of(buf, n + item->data.size), &read));
	CHECK(flow_read(read.data, read.type, &back, &op, &body));
	CHECK_EQ(op, item->op);
	CHECK_EQ(back.number, key.number);
	CHECK_EQ(back.ours, !key.ours);        /* the other end sees it so */
}

TEST(the_words_are_as_the_protocol_shows_them)
{
	const struct flow_key ours = { 0, 1 }, theirs = { 0, 0 }, far = { 31, 1 };
	struct flow_item item;

	known_open("streams");
	begin(true);
	CHECK(flow_make(&flow, 100, &item));
	item.data = bytes_text("log");
	known_item("open", ours, &item);
	flow_made(&flow, &item);
	CHECK_EQ(flow_take(&flow, FLOW_DATA, bytes_text("hello")), 0);
	flow_skip(&flow, 5, 0, 0);
	flow.limit = flow.read + flow.window;
	flow.credit_due = true;
	CHECK(flow_make(&flow, 100, &item));
	known_item("credit", theirs, &item);
	flow_made(&flow, &item);
	known_item("data", ours, &(struct flow_item){ .op = FLOW_DATA, .data = bytes_text("hello") });
	flow_finish(&flow);
	CHECK(flow_make(&flow, 100, &item));
	known_item("finish", ours, &item);
	CHECK_EQ(take(FLOW_FINISH, "", 0), 0);
	flow_made(&flow, &item);
	CHECK(flow_make(&flow, 100, &item));
	known_item("done", theirs, &item);
	flow_abort(&flow, 9, bytes_text("no"));
	CHECK(flow_make(&flow, 100, &item));
	known_item("abort", far, &item);
	known_close();
	end();
}

TEST(numbers_rise_and_are_never_used_again)
{
	static const uint8_t seed[16];
	struct flow_key key = { 0, 0 };
	struct flows all;
	int error;

	begin(false);
	flows_init(&all, seed);
	CHECK(flows_find(&all, key, &error) == NULL && error == LENO_PROTOCOL);
	CHECK_EQ(flows_opened(&all, 0), 0);
	CHECK_EQ(flows_add(&all, &flow), 0);
	CHECK(flows_find(&all, key, &error) == &flow && error == 0);
	flows_remove(&all, &flow);
	CHECK(flows_find(&all, key, &error) == NULL && error == 0);
	CHECK_EQ(flows_opened(&all, 0), LENO_PROTOCOL);
	CHECK_EQ(flows_opened(&all, 5), 0);    /* a gap is one that was aborted unsaid */
	CHECK_EQ(flows_opened(&all, 3), LENO_PROTOCOL);
	CHECK_EQ(flows_opened(&all, UINT32_MAX), LENO_PROTOCOL);
	flows_clear(&all);
	end();
}

TEST_MAIN(TEST_CASE(what_a_peer_may_not_say),
          TEST_CASE(nothing_comes_beyond_what_was_granted_or_behind_the_end),
          TEST_CASE(bytes_that_are_read_at_once_are_not_copied),
          TEST_CASE(nothing_is_said_beyond_the_credit),
          TEST_CASE(a_window_grows_for_who_waits_and_as_the_budget_allows),
          TEST_CASE(windows_that_grow_leave_room_for_others_to_begin),
          TEST_CASE(what_will_not_come_is_not_set_aside_any_more),
          TEST_CASE(the_words_are_as_the_protocol_shows_them),
          TEST_CASE(numbers_rise_and_are_never_used_again))
