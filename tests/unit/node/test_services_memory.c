/* Services while the nth allocation fails, for each n: an error is an error, each call has one
 * end, and with memory back they work. That nothing leaks is for a sanitizer to see. */
#include "base/mem.h"
#include "support/check.h"
#include "support/wires.h"

enum { SECOND_US = 1000 * 1000, STEPS = 400 };

static struct wires w;
static unsigned ended, made, heard, clocks;

static void on_done(leno_node *n, void *user, const leno_answer *a)
{
	ended++;
	*(int *)user = a->error;
}

static void echo(leno_node *n, void *user, leno_incoming *in, leno_bytes arguments)
{
	leno_call_progress(in, (leno_bytes){ "\x01", 1 });
	if (leno_call_reply(in, arguments))    /* no memory: it is still ours, and ends so or so */
		while (leno_call_fail(in, 1, "no memory") && mem_fail(0, 0))
			;
}

static void on_event(leno_node *n, void *user, const leno_id *from, const char *event, leno_bytes v)
{
	heard++;
}

static void on_clock(leno_node *n, void *user, const leno_clock *c)
{
	clocks++;
}

static bool open_side(int i)
{
	leno_engine_config config = { .wall_ms = 1000 + w.now, .now_us = w.now };
	int error;

	if (w.node[i])
		return true;
	memset(config.seed, 17 + i, sizeof config.seed);
	memset(config.identity, 99 + i, sizeof config.identity);
	error = leno_engine_open(&w.node[i], &config);
	CHECK(error == 0 || (error == LENO_MEMORY && !w.node[i]));
	return !error;
}

static void expect(int error)
{
	CHECK(error == 0 || error == LENO_MEMORY || error == LENO_NO_NODE ||
	      error == LENO_NO_SERVICE || error == LENO_AGAIN);
}

static void story(int *errors)
{
	static const leno_method methods[] = { { "idempotent echo(a: any...) -> list", echo },
		                               { "event e(a: int)", NULL } };
	const leno_service service = { .version = "1", .methods = methods, .n_methods = 2 };
	const leno_service newer = { .version = "2", .methods = methods, .n_methods = 2 };
	leno_id id;
	int error;

	if (!open_side(0) || !open_side(1))
		return;
	id = *leno_self(w.node[1]);
	leno_engine_connect(w.node[0], "node:1");
	wires_run(&w, SECOND_US);
	expect(leno_service_register(w.node[1], "s", &service, NULL));
	expect(leno_subscribe(w.node[0], "s.*", on_event, NULL));
	wires_run(&w, SECOND_US);
	for (int i = 0; i < 3; i++) {
		error = leno_call(w.node[i == 2], "s", "echo", (leno_bytes){ "\x91\x05", 2 }, NULL,
		                  on_done, &errors[i], NULL);
		expect(error);
		made += !error;
	}
	wires_run(&w, SECOND_US);
	expect(leno_emit(w.node[1], "s.e", (leno_bytes){ "\x05", 1 }, NULL));
	expect(leno_clock_compare(w.node[0], &id, 1000, on_clock, NULL));
	expect(leno_service_register(w.node[1], "s", &newer, NULL));
	wires_run(&w, 12 * SECOND_US);
	leno_unsubscribe(w.node[0], "s.*");
	leno_service_unregister(w.node[1], "s");
}

TEST(each_call_has_one_end_whatever_fails)
{
	int errors[3];
	size_t nth = 1, made_in_all = 0;
	bool and_after = true;

	for (size_t step = 0; step < STEPS; step++) {
		wires_init(&w);
		ended = made = 0;
		mem_fail(nth, and_after);
		story(errors);
		made_in_all = mem_fail(0, 0);
		CHECK(ended <= made);
		if (w.node[0] && w.node[1]) {
			wires_run(&w, 30 * SECOND_US);
			CHECK_EQ(ended, made);
		}
		wires_free(&w);
		if (made_in_all < nth)
			break;                 /* the whole story needed fewer */
		and_after = !and_after;
		nth += 1 + nth / 16;
	}
	CHECK(made_in_all < nth);
}

TEST(with_memory_all_of_it_works)
{
	int errors[3] = { 1, 1, 1 };

	wires_init(&w);
	ended = made = heard = clocks = 0;
	story(errors);
	CHECK(made == 3 && ended == 3 && heard == 1 && clocks == 1);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(errors[i], 0);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(with_memory_all_of_it_works), TEST_CASE(each_call_has_one_end_whatever_fails))
