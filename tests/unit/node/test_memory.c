/* A story of three nodes in which the nth allocation fails, for each n: whatever fails, an
 * error is an error, nothing confirmed is lost or doubled, each send has one outcome, and
 * with memory back the nodes meet and talk. That nothing leaks is for a sanitizer to see.
 * covers: src/base/mem.c src/node/open.c src/node/conns.c src/node/peers.c src/node/send.c */
#include "base/mem.h"
#include "support/check.h"
#include "support/wires.h"

enum { SIDES = 3, MESSAGES_MAX = 64, BIG = 200 * 1000, RECOVERY_US = 120 * 1000 * 1000 };

/* What was sent, and what became of it. */
struct sent {
	leno_id to;
	uint64_t seq;
	bool by_broadcast;
	int from;
	int outcomes, confirmed, arrived;
};

struct side {
	int number;
	int open_answers;  /* requests that have had no answer yet */
	int pongs;
	leno_message *kept;
	leno_id id;
};

static struct wires w;
static struct side sides[SIDES];
static struct sent sent[MESSAGES_MAX];
static size_t n_sent;
static uint8_t big[BIG];

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	struct side *s = user;

	if (leno_message_is_request(m)) {
		if (strcmp(type, "later") == 0 && !s->kept)
			s->kept = leno_message_keep(m);
		else
			leno_reply(m, b);
		return;
	}
	CHECK(b.size > 0 && ((const uint8_t *)b.data)[0] < n_sent);
	if (b.size > 0)
		sent[((const uint8_t *)b.data)[0]].arrived++;
}

static void on_sent(leno_node *n, void *user, const leno_id *to, uint64_t first, uint64_t last,
		    enum leno_outcome outcome, int error)
{
	const struct side *s = user;

	CHECK(outcome != LENO_CONFIRMED || error == 0);
	for (size_t i = 0; i < n_sent; i++) {
		struct sent *x = &sent[i];

		if (x->by_broadcast || x->from != s->number || x->outcomes > 0 ||
		    !leno_id_same(&x->to, to) || x->seq < first || x->seq > last)
			continue;
		x->outcomes++;
		x->confirmed += outcome == LENO_CONFIRMED;
	}
}

static void on_broadcast(leno_node *n, void *user, uint64_t seq, uint32_t confirmed,
			 uint32_t unknown)
{
	const struct side *s = user;

	for (size_t i = 0; i < n_sent; i++)
		if (sent[i].by_broadcast && sent[i].from == s->number && sent[i].seq == seq) {
			sent[i].outcomes++;
			sent[i].confirmed += (int)confirmed;
		}
}

static void on_answer(leno_node *n, void *user, const leno_answer *a)
{
	struct side *s = user;

	s->open_answers--;
	s->pongs += a->error == 0;
	CHECK(s->open_answers >= 0);
}

/* Tries, and is content with "no memory". */
static bool open_side(int i)
{
	leno_engine_config config = {.wall_ms = 1000 + w.now, .now_us = w.now, .user = &sides[i]};
	static const char *const names[] = {"ada", "bob", "cyd"};
	static const char *const labels[] = {"k=v"};
	int error;

	if (w.node[i])
		return true;
	memset(config.seed, 17 + i, sizeof config.seed);
	memset(config.identity, 99 + i, sizeof config.identity);
	config.options.name = names[i];
	config.options.n_labels = 1;
	config.options.labels = labels;
	config.options.queue_max = 1 << 20;
	config.handlers = (leno_handlers){
		.message = on_message, .sent = on_sent, .broadcast_done = on_broadcast};
	error = leno_engine_open(&w.node[i], &config);
	CHECK(error == 0 || (error == LENO_MEMORY && !w.node[i]));
	if (!error)
		sides[i].id = *leno_self(w.node[i]);
	return !error;
}

static void expect(int error)
{
	CHECK(error == 0 || error == LENO_MEMORY || error == LENO_NO_NODE ||
	      error == LENO_AGAIN || error == LENO_ARGUMENT);
}

static void say(int from, int to, size_t size)
{
	struct sent *x = &sent[n_sent];
	int error;

	if (!w.node[from] || !w.node[to] || n_sent == MESSAGES_MAX)
		return;
	*x = (struct sent){.to = sides[to].id, .from = from};
	big[0] = (uint8_t)n_sent++;
	error = leno_send(w.node[from], &x->to, size > 100 ? "big" : "small",
			  (leno_bytes){big, size}, &x->seq);
	expect(error);
	if (error)
		x->outcomes = 1; /* it was never sent */
}

static void shout(int from)
{
	struct sent *x = &sent[n_sent];
	int error;

	if (!w.node[from] || n_sent == MESSAGES_MAX)
		return;
	*x = (struct sent){.from = from, .by_broadcast = true};
	big[0] = (uint8_t)n_sent++;
	error = leno_broadcast(w.node[from], "all", (leno_bytes){big, 300}, &x->seq);
	expect(error);
	if (error)
		x->outcomes = 1;
}

static void ask(int from, int to, const char *type, leno_ms timeout)
{
	int error;

	if (!w.node[from] || !w.node[to])
		return;
	sides[from].open_answers++;
	error = type ? leno_request(w.node[from], &sides[to].id, type, (leno_bytes){"?", 1},
				    timeout, on_answer, &sides[from], NULL)
		     : leno_ping(w.node[from], &sides[to].id, timeout, on_answer, &sides[from]);
	expect(error);
	sides[from].open_answers -= error != 0;
}

/* Two links dialled by bob, and one of his own that is a second one to ada. */
static void connect_all(void)
{
	if (w.node[1]) {
		expect(leno_engine_connect(w.node[1], "node:0"));
		expect(leno_engine_connect(w.node[1], "node:2"));
	}
	if (w.node[0])
		expect(leno_engine_connect(w.node[0], "node:1"));
}

static void run(uint64_t us)
{
	CHECK(wires_run(&w, us));
}

static void begin(void)
{
	wires_init(&w);
	memset(sides, 0, sizeof sides);
	n_sent = 0;
	for (int i = 0; i < SIDES; i++)
		sides[i].number = i;
	w.cut[0][2] = w.cut[2][0] = true;
}

static void tell_story(void)
{
	for (int i = 0; i < SIDES; i++)
		open_side(i);
	connect_all();
	run(500 * 1000);
	for (int i = 0; i < SIDES; i++) {
		say(i, (i + 1) % SIDES, 20);
		say(i, (i + 2) % SIDES, 3000);
		ask(i, (i + 1) % SIDES, "now", 2000);
		shout(i);
	}
	say(0, 2, BIG);
	ask(0, 2, "later", 2000);
	ask(2, 0, NULL, 2000);
	run(500 * 1000);
	leno_reply(sides[2].kept, (leno_bytes){"!", 1});
	sides[2].kept = NULL;
	if (w.node[1])
		leno_disconnect(w.node[1], &sides[2].id);
	run(300 * 1000);
	say(0, 2, 40);
	say(1, 0, 40);
	connect_all();
	run(2500 * 1000);
}

static bool all_know_all(void)
{
	for (int i = 0; i < SIDES; i++)
		if (leno_count(w.node[i]) != SIDES)
			return false;
	return true;
}

static bool all_settled(void)
{
	for (size_t i = 0; i < n_sent; i++)
		if (sent[i].outcomes == 0)
			return false;
	return sides[0].open_answers + sides[1].open_answers + sides[2].open_answers == 0;
}

/* With memory back everybody meets, and everything gets its outcome. */
static void recover(void)
{
	uint64_t end = w.now + RECOVERY_US;
	int before;

	for (int i = 0; i < SIDES; i++)
		CHECK(open_side(i));
	connect_all();
	while (w.now < end && !(all_know_all() && all_settled()))
		run(100 * 1000);
	CHECK(all_know_all());
	CHECK(all_settled());
	before = sides[0].pongs;
	ask(0, 2, "now", 5000);
	say(2, 0, 50);
	run(1000 * 1000);
	CHECK_EQ(sides[0].pongs, before + 1);
	for (size_t i = 0; i < n_sent; i++) {
		CHECK_EQ(sent[i].outcomes, 1);
		CHECK(sent[i].arrived >= sent[i].confirmed);
		CHECK(sent[i].arrived <= (sent[i].by_broadcast ? SIDES - 1 : 1));
	}
	CHECK_EQ(sent[n_sent - 1].confirmed, 1);
}

static void end(bool politely)
{
	for (int i = 0; politely && i < SIDES; i++)
		if (w.node[i])
			leno_engine_goodbye(w.node[i]);
	if (politely)
		CHECK(wires_pump(&w));
	wires_free(&w);
	leno_message_drop(sides[2].kept);
}

static size_t count(void)
{
	size_t made;

	begin();
	mem_fail(SIZE_MAX, 0);
	tell_story();
	made = mem_fail(0, 0);
	recover();
	end(true);
	return made;
}

/* Where a sanitizer makes all slow, a sample: another one as the code changes. */
static size_t stride(size_t made)
{
	size_t each = getenv("LENO_SLOW") ? 150 : 600;

	return made / each + 1;
}

static void fail_each(int and_after)
{
	size_t made = count(), step = stride(made);
	char row[64];

	CHECK(made > 100);
	for (size_t nth = 1; nth <= made && check_now.failures < 20; nth += step) {
		snprintf(row, sizeof row, "allocation %zu of %zu", nth, made);
		CHECK_ROW(row);
		begin();
		mem_fail(nth, and_after);
		tell_story();
		mem_fail(0, 0);
		recover();
		end(nth % 2);
	}
}

TEST(one_allocation_that_fails_harms_nothing_for_long)
{
	fail_each(0);
}

TEST(when_memory_runs_out_for_seconds_the_nodes_meet_again_afterwards)
{
	fail_each(1);
}

TEST(a_node_can_be_left_while_there_is_no_memory)
{
	size_t made = count(), step = stride(made) * 4;

	for (size_t nth = 1; nth <= made; nth += step) {
		begin();
		mem_fail(nth, 1);
		tell_story();
		end(nth % 2);
		mem_fail(0, 0);
	}
}

TEST_MAIN(TEST_CASE(one_allocation_that_fails_harms_nothing_for_long),
	  TEST_CASE(when_memory_runs_out_for_seconds_the_nodes_meet_again_afterwards),
	  TEST_CASE(a_node_can_be_left_while_there_is_no_memory))
