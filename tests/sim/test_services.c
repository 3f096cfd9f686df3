/* test_services.c - stories of services: providers that come, die, are full or are replaced,
 * callers that give up, are parted from them, or mean harm.
 *
 * covers: src/node/services.c src/node/offers.c src/node/provide.c src/node/calls.c
 * covers: src/node/calling.c */
#include "support/check.h"
#include "support/shop.h"

TEST(a_call_finds_its_provider_and_each_error_is_its_own)
{
	struct world *w = begin(1);
	struct got got;
	leno_call_options at_c = { .node = sim_id(w->c) };

	CHECK_EQ(call(w->a, "add", 1, NULL, &got), LENO_NO_SERVICE);
	CHECK_EQ(offer(w->b, &w->at_b, "1.0", 0, 0), 0);
	CHECK(sim_run(w->sim, MS(200)));
	CHECK_EQ(sim_services(w->a), 1);
	CHECK_EQ(call(w->a, "add", 41, NULL, &got), 0);
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.error, 0);
	CHECK_EQ(got.value, 42);
	CHECK_EQ(call(w->a, "fail", 0, NULL, &got), 0);
	CHECK(wait_for(w, &got));
	CHECK(got.error == LENO_REFUSED && got.code == 77);
	CHECK_STR(got.why, "out of paper");
	CHECK_EQ(call(w->a, "sell", 0, NULL, &got), 0);
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.error, LENO_NO_METHOD);
	CHECK_EQ(call(w->a, "sold", 0, NULL, &got), 0);        /* an event is no method */
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.error, LENO_NO_METHOD);
	memset(&got, 0, sizeof got);
	CHECK_EQ(leno_call(sim_leno(w->a), "shop", "add", (leno_bytes){ "\x92\x01\xa1x", 4 }, NULL,
	                   on_done, &got, NULL), 0);
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.error, LENO_ARGUMENTS);
	CHECK_STR(got.why, "argument 2 (more) is str, not int");
	CHECK_EQ(call(w->a, "add", 1, &at_c, &got), 0);
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.error, LENO_NO_SERVICE);
	CHECK_EQ(w->at_b.calls, 1);
	end(w);
}

TEST(a_node_calls_its_own_services_too)
{
	struct world *w = begin(2);
	struct got got;

	offer(w->a, &w->at_b, "1", 1, 4);
	CHECK_EQ(call(w->a, "add", 1, NULL, &got), 0);
	CHECK(!got.done);                      /* handlers run in inputs only */
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.value, 2);
	CHECK_EQ(call(w->a, "hold", 0, &(leno_call_options){ .timeout = 50 }, &got), 0);
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.error, LENO_TIMEOUT);
	CHECK_EQ(w->at_b.cancelled, 1);
	CHECK_EQ(call(w->a, "fail", 0, NULL, &got), 0);
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.code, 77);
	end(w);
}

TEST(a_dead_provider_fails_its_calls_at_once_and_what_may_be_done_twice_goes_elsewhere)
{
	struct world *w = begin(3);
	struct got once, twice;
	leno_call_options forever = { .timeout = -1 };
	uint64_t died_us;

	offer(w->b, &w->at_b, "1", 0, 0);
	sim_run(w->sim, MS(200));
	CHECK_EQ(call(w->a, "hold", 0, &forever, &once), 0);
	CHECK_EQ(call(w->a, "hold_again", 0, &forever, &twice), 0);
	once.sim = twice.sim = w->sim;
	sim_run(w->sim, MS(50));
	CHECK_EQ(w->at_b.n_held, 2);
	offer(w->c, &w->at_c, "1", 0, 0);
	sim_run(w->sim, MS(200));
	sim_crash(w->b);
	died_us = sim_now(w->sim);
	CHECK(wait_for(w, &once));
	CHECK_EQ(once.error, LENO_UNREACHABLE);
	CHECK(once.at_us - died_us < MS(100));
	sim_run(w->sim, MS(50));
	CHECK(!twice.done && w->at_c.n_held == 1);
	answer(&w->at_c, 0, 5);
	CHECK(wait_for(w, &twice));
	CHECK(twice.error == 0 && twice.value == 5);
	CHECK(once.times == 1 && twice.times == 1);
	sim_crash(w->c);
	sim_run(w->sim, MS(200));
	CHECK_EQ(call(w->a, "add", 0, NULL, &once), LENO_NO_SERVICE);
	sim_start(w->b);
	sim_start(w->c);
	end(w);
}

TEST(cancellation_and_deadlines_reach_the_handler)
{
	struct world *w = begin(4);
	struct got got, other;
	leno_call_id id = 0;

	offer(w->b, &w->at_b, "1", 1, 4);
	sim_run(w->sim, MS(200));
	memset(&got, 0, sizeof got);
	CHECK_EQ(leno_call(sim_leno(w->a), "shop", "hold", (leno_bytes){ 0 }, NULL, on_done, &got,
	                   &id),
	         0);
	CHECK_EQ(call(w->a, "hold", 0, NULL, &other), 0);      /* it waits for its turn */
	sim_run(w->sim, MS(50));
	CHECK_EQ(w->at_b.n_held, 1);
	CHECK(leno_call_left(w->at_b.held[0]) > 9000);
	CHECK_EQ(leno_call_cancel(sim_leno(w->a), id), 0);
	CHECK_EQ(leno_call_cancel(sim_leno(w->a), id), LENO_ARGUMENT);
	sim_run(w->sim, MS(50));
	CHECK_EQ(w->at_b.cancelled, 1);
	CHECK(!got.done && w->at_b.n_held == 2);               /* so the other has its turn */
	answer(&w->at_b, 1, 9);
	CHECK(wait_for(w, &other));
	CHECK_EQ(other.value, 9);
	CHECK_EQ(call(w->a, "hold", 0, &(leno_call_options){ .timeout = 100 }, &got), 0);
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.error, LENO_TIMEOUT);
	sim_run(w->sim, MS(20));
	CHECK_EQ(w->at_b.cancelled, 2);
	/* Who cannot be told knows the deadline itself. */
	CHECK_EQ(call(w->a, "hold", 0, &(leno_call_options){ .timeout = 100 }, &got), 0);
	sim_run(w->sim, MS(50));
	CHECK_EQ(w->at_b.n_held, 4);
	sim_stall(w->a, w->r, SECONDS(2));
	sim_run(w->sim, MS(100));
	CHECK_EQ(w->at_b.cancelled, 3);
	/* And who asked may go. */
	CHECK_EQ(call(w->c, "hold", 0, NULL, &other), 0);
	sim_run(w->sim, MS(50));
	sim_crash(w->c);
	sim_run(w->sim, MS(200));
	CHECK_EQ(w->at_b.cancelled, 4);
	sim_start(w->c);
	end(w);
}

TEST(who_is_full_says_so_and_others_are_asked)
{
	struct world *w = begin(5);
	struct got got[8];
	unsigned busy = 0;

	offer(w->b, &w->at_b, "1", 2, 3);
	sim_run(w->sim, MS(200));
	for (unsigned i = 0; i < 8; i++)
		CHECK_EQ(call(w->a, "hold", 0, NULL, &got[i]), 0);
	sim_run(w->sim, MS(50));
	CHECK_EQ(w->at_b.n_held, 2);
	for (unsigned i = 0; i < 8; i++)
		busy += got[i].done && got[i].error == LENO_BUSY;
	CHECK_EQ(busy, 3);
	for (unsigned i = 0; i < 5; i++) {
		CHECK_EQ(answer(&w->at_b, i, i), 0);
		sim_run(w->sim, MS(10));
	}
	for (unsigned i = 0; i < 5; i++)
		CHECK(got[i].done && got[i].error == 0 && got[i].value == (int64_t)i);
	offer(w->c, &w->at_c, "1", 3, UINT32_MAX);
	sim_run(w->sim, MS(200));
	for (unsigned i = 0; i < 8; i++)
		CHECK_EQ(call(w->a, "hold", 0, NULL, &got[i]), 0);
	sim_run(w->sim, MS(50));
	for (unsigned i = 0; i < 8; i++)
		CHECK(!got[i].done);           /* room for five and three */
	end(w);
}

static int offer_one(struct sim_node *node, struct shop *shop, size_t first, unsigned concurrency)
{
	const leno_service s = { .methods = methods + first, .n_methods = 1,
		                 .concurrency = concurrency, .waiting = UINT32_MAX };

	shop->node = node;
	return leno_service_register(sim_leno(node), "shop", &s, shop);
}

TEST(a_method_is_found_where_it_is_though_others_offer_the_service_too)
{
	struct world *w = begin(23);
	struct got got[2];

	CHECK_EQ(offer_one(w->b, &w->at_b, 0, 0), 0);          /* add */
	CHECK_EQ(offer_one(w->c, &w->at_c, 2, 1), 0);          /* hold, one at once */
	sim_run(w->sim, MS(200));
	for (unsigned i = 0; i < 20; i++) {
		CHECK_EQ(call(w->a, "add", i, NULL, &got[0]), 0);
		CHECK(wait_for(w, &got[0]));
		CHECK_EQ(got[0].error, 0);
	}
	CHECK_EQ(call(w->a, "hold", 0, NULL, &got[0]), 0);
	sim_run(w->sim, MS(50));
	for (unsigned i = 0; i < 10; i++) {                    /* whoever is asked first */
		CHECK_EQ(call(w->a, "hold", 0, NULL, &got[1]), 0);
		CHECK(wait_for(w, &got[1]));
		CHECK_EQ(got[1].error, LENO_BUSY);
	}
	CHECK_EQ(call(w->a, "sell", 0, NULL, &got[1]), 0);
	CHECK(wait_for(w, &got[1]));
	CHECK_EQ(got[1].error, LENO_NO_METHOD);
	CHECK_EQ(call(w->a, "add", 1, &(leno_call_options){ .node = sim_id(w->c) }, &got[1]), 0);
	CHECK(wait_for(w, &got[1]));
	CHECK_EQ(got[1].error, LENO_NO_METHOD);                /* there alone */
	CHECK(!got[0].done && w->at_b.calls == 20);
	end(w);
}

TEST(who_has_the_method_is_waited_for_though_others_offer_the_service_too)
{
	static const struct sim_profile far = { .delay_us = 20000 };

	for (unsigned seed = 40; seed < 50; seed++) {
		struct world *w = begin(seed);
		struct got got;

		sim_cable(w->r, w->b, &far);           /* it has gone before that is known */
		CHECK_EQ(offer_one(w->b, &w->at_b, 0, 0), 0);  /* add */
		CHECK_EQ(offer_one(w->c, &w->at_c, 2, 0), 0);  /* hold */
		sim_run(w->sim, MS(300));
		CHECK_EQ(leno_service_unregister(sim_leno(w->b), "shop"), 0);
		CHECK_EQ(call(w->a, "add", 1, NULL, &got), 0);
		sim_run(w->sim, MS(300));
		CHECK_EQ(offer_one(w->b, &w->at_b, 0, 0), 0);
		CHECK(wait_for(w, &got));
		CHECK(got.error == 0 && got.value == 2);
		end(w);
	}
}

TEST(calls_go_where_there_is_less_to_do)
{
	struct world *w = begin(6);
	struct got got[200];

	offer(w->b, &w->at_b, "1", 4, 0);
	offer(w->c, &w->at_c, "1", 4, 0);
	sim_run(w->sim, MS(200));
	for (unsigned i = 0; i < 200; i++) {
		CHECK_EQ(call(w->a, "add", i, NULL, &got[i]), 0);
		sim_run(w->sim, MS(1));
	}
	sim_run(w->sim, MS(50));
	CHECK_EQ(w->at_b.calls + w->at_c.calls, 200);
	CHECK(w->at_b.calls > 50 && w->at_c.calls > 50);
	for (unsigned i = 0; i < 8; i++)       /* b alone is kept busy */
		CHECK_EQ(call(w->a, "hold", 0, &(leno_call_options){ .node = sim_id(w->b) },
		              &got[i]),
		         0);
	sim_run(w->sim, MS(50));
	w->at_b.calls = w->at_c.calls = 0;
	for (unsigned i = 100; i < 150; i++) {
		CHECK_EQ(call(w->a, "add", i, NULL, &got[i]), 0);
		sim_run(w->sim, MS(1));
	}
	CHECK(w->at_c.calls >= 49);
	end(w);
}

/* A caller without a pause, while b gives way to a newer version at c, and that to one in its
 * place. */
enum { STREAM_CALLS = 400 };

static int offer_in(struct sim_node *node, struct shop *shop, const char *zone, const char *version)
{
	const leno_service s = { .version = version, .n_labels = 1, .labels = &zone,
		                 .methods = methods, .n_methods = 5 };

	return leno_service_register(sim_leno(node), "shop", &s, shop);
}

TEST(who_names_a_label_or_a_version_is_served_there_alone)
{
	struct world *w = begin(19);
	struct got got;
	leno_call_options in_c = { .label = "zone=c" }, old = { .version = "1.9" };
	leno_call_options both = { .label = "zone=b", .version = "1.10" };

	CHECK_EQ(offer_in(w->b, &w->at_b, "zone=b", "1.9"), 0);
	CHECK_EQ(offer_in(w->c, &w->at_c, "zone=c", "1.10"), 0);
	sim_run(w->sim, MS(300));
	for (unsigned i = 0; i < 8; i++) {
		const leno_call_options *o = i % 2 ? &in_c : i % 4 ? NULL : &old;

		CHECK_EQ(call(w->a, "add", 40 + i, o, &got), 0);
		CHECK(wait_for(w, &got));
		CHECK(got.error == 0 && got.value == 41 + i);
	}
	CHECK(w->at_b.calls == 2 && w->at_c.calls == 6);       /* and the newest when none is named */
	CHECK_EQ(call(w->a, "add", 1, &both, &got), LENO_NO_SERVICE);
	old.node = both.node = in_c.node = sim_id(w->b);       /* and so it is where a node is named */
	CHECK_EQ(call(w->a, "add", 1, &both, &got), LENO_NO_SERVICE);
	CHECK_EQ(call(w->a, "add", 1, &in_c, &got), LENO_NO_SERVICE);
	CHECK_EQ(call(w->a, "add", 1, &old, &got), 0);
	CHECK(wait_for(w, &got));
	CHECK(got.error == 0 && w->at_b.calls == 3);
	end(w);
}

static void call_on(struct world *w, struct got *got, unsigned *next, unsigned count)
{
	for (; count > 0; count--, (*next)++) {
		CHECK_EQ(call(w->a, "add", *next, NULL, &got[*next]), 0);
		sim_run(w->sim, MS(1));
	}
}

TEST(a_new_version_takes_over_without_a_failed_call)
{
	struct world *w = begin(7);
	struct got *got = calloc(STREAM_CALLS, sizeof *got);
	struct shop again = { .calls = 0 };
	unsigned next = 0;

	offer(w->b, &w->at_b, "1.9", 0, 0);
	sim_run(w->sim, MS(200));
	call_on(w, got, &next, 100);
	CHECK_EQ(offer(w->c, &w->at_c, "1.10", 0, 0), 0);
	CHECK_EQ(leno_service_unregister(sim_leno(w->b), "shop"), 0);
	call_on(w, got, &next, 100);
	CHECK_EQ(w->at_b.drained, 1);
	CHECK_EQ(offer(w->c, &again, "1.11", 0, 0), 0);
	call_on(w, got, &next, 200);
	sim_run(w->sim, SECONDS(2));
	CHECK_EQ(w->at_c.drained, 1);
	CHECK_EQ(sim_services(w->a), 1);
	for (unsigned i = 0; i < STREAM_CALLS; i++)
		CHECK(got[i].times == 1 && got[i].error == 0 && got[i].value == i + 1);
	CHECK_EQ(w->at_b.calls + w->at_c.calls + again.calls, STREAM_CALLS);
	CHECK(w->at_b.calls >= 100 && w->at_c.calls > 50 && again.calls > 150);
	free(got);
	end(w);
}

TEST(what_runs_ends_with_the_older_version)
{
	struct world *w = begin(8);
	struct got first, second;
	struct shop newer = { 0 };

	offer(w->b, &w->at_b, "1", 1, 4);
	sim_run(w->sim, MS(200));
	call(w->a, "hold", 0, NULL, &first);
	call(w->a, "hold", 0, NULL, &second);
	sim_run(w->sim, MS(50));
	offer(w->b, &newer, "2", 1, 4);
	sim_run(w->sim, MS(50));
	CHECK(w->at_b.n_held == 1 && w->at_b.drained == 0);
	answer(&w->at_b, 0, 1);
	sim_run(w->sim, MS(50));
	CHECK(first.done && w->at_b.n_held == 2 && w->at_b.drained == 0);
	answer(&w->at_b, 1, 2);
	CHECK(wait_for(w, &second));
	CHECK(second.value == 2 && newer.calls == 0);
	sim_run(w->sim, MS(10));
	CHECK_EQ(w->at_b.drained, 1);
	end(w);
}

TEST(a_partition_fails_calls_and_a_heal_brings_the_service_back)
{
	struct world *w = begin(9);
	struct got got;

	offer(w->b, &w->at_b, "1", 0, 0);
	sim_run(w->sim, MS(200));
	CHECK_EQ(call(w->a, "hold", 0, &(leno_call_options){ .timeout = -1 }, &got), 0);
	sim_run(w->sim, MS(50));
	sim_partition(w->sim, w->a, NULL);
	CHECK(sim_run_until(w->sim, &got.done, SECONDS(20)));
	CHECK_EQ(got.error, LENO_UNREACHABLE);
	sim_run(w->sim, SECONDS(1));
	CHECK_EQ(sim_services(w->a), 0);
	CHECK_EQ(w->at_b.cancelled, 1);
	sim_heal(w->sim);
	CHECK(sim_settle(w->sim, SECONDS(20)));
	CHECK_EQ(sim_services(w->a), 1);
	CHECK_EQ(call(w->a, "add", 1, NULL, &got), 0);
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.value, 2);
	end(w);
}

/* ---- who reads slowly ----------------------------------------------------------------- */

enum { BULK = 20000, BULKS = 40 };

static void bulk(leno_node *n, void *user, leno_incoming *in, leno_bytes arguments)
{
	static uint8_t data[BULK], buf[BULK + 8];
	leno_pack p = leno_pack_into(buf, sizeof buf);
	(void)n, (void)arguments;

	leno_pack_bin(&p, (leno_bytes){ data, BULK });
	CHECK_EQ(leno_call_reply(in, leno_pack_bytes(&p)), 0);
	(*(unsigned *)user)++;
}

static void on_bulk(leno_node *n, void *user, const leno_answer *a)
{
	struct got *g = user;
	(void)n;

	CHECK_EQ(a->error, 0);
	g->times += a->data.size == BULK + 3;
}

/* Their queue takes three of them: the others wait, and the handler need not know. */
TEST(answers_wait_for_who_reads_slowly)
{
	static const struct sim_profile thin = { .delay_us = 2000, .bandwidth = 400000,
	                                         .buffer = 16 * 1024 };
	static const leno_method lines[] = { { "bulk() -> bin", bulk } };
	const leno_options little = { .queue_max = 64 * 1024 };
	leno_service s = { .methods = lines, .n_methods = 1 };
	struct sim *sim = sim_new(16);
	struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", &little);
	struct got got = { 0 };
	unsigned served = 0;

	sim_wire(a, b, &thin);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK_EQ(leno_service_register(sim_leno(b), "bulk", &s, &served), 0);
	sim_run(sim, MS(300));
	for (unsigned i = 0; i < BULKS; i++)
		CHECK_EQ(leno_call(sim_leno(a), "bulk", "bulk", (leno_bytes){ 0 }, NULL, on_bulk,
		                   &got, NULL),
		         0);
	sim_run(sim, MS(100));
	CHECK(served == BULKS && got.times < 10);
	sim_run(sim, SECONDS(8));
	CHECK_EQ(got.times, BULKS);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

static void brief(leno_node *n, void *user, leno_incoming *in, leno_bytes arguments)
{
	static uint8_t data[1000], buf[sizeof data + 8];
	leno_pack p = leno_pack_into(buf, sizeof buf);
	int error;
	(void)n, (void)arguments;

	leno_pack_bin(&p, (leno_bytes){ data, sizeof data });
	error = leno_call_reply(in, leno_pack_bytes(&p));
	CHECK(error == 0 || error == LENO_AGAIN);
	*(unsigned *)user += error == 0;
}

static void on_brief(leno_node *n, void *user, const leno_answer *a)
{
	struct got *g = user;
	(void)n;

	g->times += a->error == 0;
}

TEST(who_does_not_read_its_answers_leaves_room_for_others)
{
	static const struct sim_profile thin = { .delay_us = 2000, .bandwidth = 20000,
	                                         .buffer = 16 * 1024 };
	static const leno_method lines[] = { { "brief() -> bin", brief } };
	const leno_options little = { .queue_max = 64 * 1024, .memory_max = 1 << 20 };
	leno_service s = { .methods = lines, .n_methods = 1 };
	struct sim *sim = sim_new(18);
	struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", &little);
	struct sim_node *c = sim_node(sim, "c", NULL);
	struct got slow = { 0 }, other = { 0 };
	unsigned served = 0;

	sim_wire(a, b, &thin);
	sim_wire(c, b, NULL);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK_EQ(leno_service_register(sim_leno(b), "brief", &s, &served), 0);
	sim_run(sim, SECONDS(1));
	for (unsigned i = 0; i < 300; i++)
		CHECK_EQ(leno_call(sim_leno(a), "brief", "brief", (leno_bytes){ 0 }, NULL, on_brief,
		                   &slow, NULL),
		         0);
	sim_run(sim, SECONDS(1));
	CHECK(served > 64 && served < 300 && slow.times < served);
	for (unsigned i = 0; i < 20; i++) {
		CHECK_EQ(leno_call(sim_leno(c), "brief", "brief", (leno_bytes){ 0 }, NULL, on_brief,
		                   &other, NULL),
		         0);
		sim_run(sim, MS(20));
	}
	CHECK_EQ(other.times, 20);
	sim_run(sim, SECONDS(20));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* ---- harm ------------------------------------------------------------------------------- */

TEST(a_hostile_caller_is_answered_or_refused_and_harms_nobody)
{
	struct world *w = begin(12);
	static const char *const types[] = { "leno/call",     "leno/cancel", "leno/progress",
		                             "leno/contract", "leno/event",  "leno/time" };
	struct got got, flood[300];
	uint8_t rubbish[64];

	offer(w->b, &w->at_b, "1", 1, 8);
	sim_run(w->sim, MS(200));
	for (unsigned i = 0; i < 600; i++) {
		size_t size = sim_random(w->sim, sizeof rubbish);
		leno_bytes b = { rubbish, size };

		for (size_t k = 0; k < size; k++)
			rubbish[k] = (uint8_t)sim_random(w->sim, 256);
		if (i % 2)                     /* begins as a call of the right method does */
			memcpy(rubbish, "\x00\x00\x04shop\x03" "add", 11);
		CHECK_EQ(leno_request(sim_leno(w->a), sim_id(w->b), types[i % 6], b, 1000, on_done,
		                      &flood[0], NULL),
		         0);
		CHECK_EQ(leno_send(sim_leno(w->a), sim_id(w->b), types[i % 6], b, NULL), 0);
	}
	sim_run(w->sim, SECONDS(2));
	for (unsigned i = 0; i < 300; i++)
		CHECK_EQ(call(w->c, "hold", 0, NULL, &flood[i]), 0);
	sim_run(w->sim, MS(100));
	for (unsigned i = 9; i < 300; i++)
		CHECK(flood[i].done && flood[i].error == LENO_BUSY);
	CHECK_EQ(w->at_b.n_held, 1);
	sim_crash(w->c);
	sim_run(w->sim, MS(300));
	CHECK_EQ(call(w->a, "add", 1, NULL, &got), 0);
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.value, 2);
	sim_start(w->c);
	end(w);
}

TEST_MAIN(
	TEST_CASE(a_call_finds_its_provider_and_each_error_is_its_own),
	TEST_CASE(a_node_calls_its_own_services_too),
	TEST_CASE(
		a_dead_provider_fails_its_calls_at_once_and_what_may_be_done_twice_goes_elsewhere),
	TEST_CASE(cancellation_and_deadlines_reach_the_handler),
	TEST_CASE(who_is_full_says_so_and_others_are_asked),
	TEST_CASE(a_method_is_found_where_it_is_though_others_offer_the_service_too),
	TEST_CASE(who_has_the_method_is_waited_for_though_others_offer_the_service_too),
	TEST_CASE(calls_go_where_there_is_less_to_do),
	TEST_CASE(who_names_a_label_or_a_version_is_served_there_alone),
	TEST_CASE(a_new_version_takes_over_without_a_failed_call),
	TEST_CASE(what_runs_ends_with_the_older_version),
	TEST_CASE(a_partition_fails_calls_and_a_heal_brings_the_service_back),
	TEST_CASE(answers_wait_for_who_reads_slowly),
	TEST_CASE(who_does_not_read_its_answers_leaves_room_for_others),
	TEST_CASE(a_hostile_caller_is_answered_or_refused_and_harms_nobody))
