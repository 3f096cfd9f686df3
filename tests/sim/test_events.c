/* test_events.c - stories of events, of what goes beside an answer, of many services, and of time.
 *
 * covers: src/node/emit.c src/node/clock.c src/driver/sim/watch.c */
#include "support/check.h"
#include "support/shop.h"

/* ---- events ------------------------------------------------------------------------ */

static void on_event(leno_node *n, void *user, const leno_id *from, const char *event,
                     leno_bytes value)
{
	struct got *g = user;
	(void)n, (void)from;

	g->times++;
	g->value = int_of(value);
	snprintf(g->why, sizeof g->why, "%s", event);
}

TEST(events_are_heard_once_by_who_wants_them_whoever_emits_them)
{
	struct world *w = begin(10);
	struct got a = { 0 }, also = { 0 }, c = { 0 };
	size_t missed = 9;

	offer(w->b, &w->at_b, "1", 0, 0);
	offer(w->r, &w->at_c, "1", 0, 0);
	CHECK_EQ(leno_subscribe(sim_leno(w->a), "shop.*", on_event, &also), 0);
	CHECK_EQ(leno_subscribe(sim_leno(w->a), "shop.*", on_event, &a), 0);   /* anew: once */
	CHECK_EQ(leno_subscribe(sim_leno(w->c), "*.lost", on_event, &c), 0);
	sim_run(w->sim, MS(300));
	CHECK_EQ(leno_emit(sim_leno(w->b), "shop.sold", packed_int(5), &missed), 0);
	sim_run(w->sim, MS(50));
	CHECK(a.times == 1 && a.value == 5 && also.times == 0 && c.times == 0 && missed == 0);
	CHECK_STR(a.why, "shop.sold");
	CHECK_EQ(leno_emit(sim_leno(w->b), "shop.sold", (leno_bytes){ "\xa1x", 2 }, NULL),
	         LENO_ARGUMENT);
	CHECK_EQ(leno_emit(sim_leno(w->b), "shop sold", packed_int(5), NULL), LENO_ARGUMENT);
	sim_crash(w->b);                       /* what another emits is heard all the same */
	sim_run(w->sim, MS(200));
	CHECK_EQ(leno_emit(sim_leno(w->r), "shop.sold", packed_int(6), NULL), 0);
	CHECK_EQ(leno_emit(sim_leno(w->r), "shop.lost", packed_int(7), NULL), 0);
	sim_run(w->sim, MS(50));
	CHECK(a.times == 3 && c.times == 1 && c.value == 7);
	sim_kill(w->a, w->r);                  /* a broken link loses and repeats nothing */
	CHECK_EQ(leno_emit(sim_leno(w->r), "shop.sold", packed_int(8), NULL), 0);
	CHECK_EQ(leno_emit(sim_leno(w->c), "shop.sold", packed_int(9), NULL), 0);
	sim_run(w->sim, SECONDS(1));
	CHECK(a.times >= 4 && a.times <= 5);
	a.times = 0;
	CHECK_EQ(leno_emit(sim_leno(w->a), "shop.own", packed_int(1), NULL), 0);
	CHECK_EQ(a.times, 0);                  /* handlers run in inputs only */
	sim_run(w->sim, MS(10));
	CHECK_EQ(a.times, 1);
	CHECK_EQ(leno_unsubscribe(sim_leno(w->a), "shop.*"), 0);
	CHECK_EQ(leno_unsubscribe(sim_leno(w->a), "shop.*"), LENO_ARGUMENT);
	CHECK_EQ(leno_emit(sim_leno(w->r), "shop.sold", packed_int(8), NULL), 0);  /* on its way */
	sim_run(w->sim, MS(200));
	CHECK_EQ(a.times, 1);
	sim_start(w->b);
	end(w);
}

/* ---- beside the answer --------------------------------------------------------------- */

static void on_progress(leno_node *n, void *user, leno_call_id id, leno_bytes value)
{
	struct got *g = user;
	(void)n, (void)id;

	CHECK(!g->done);
	g->beats++;
	g->beat = int_of(value);
}

struct echo { leno_stream *stream; char text[64]; size_t size; bool closed; };

static void on_readable(leno_stream *s, void *user)
{
	struct echo *e = user;

	e->size += leno_stream_read(s, e->text + e->size, sizeof e->text - e->size);
	if (leno_stream_ended(s))
		leno_stream_finish(s);
}

static void on_closed(leno_stream *s, void *user, int error, int code, const char *why)
{
	struct echo *e = user;
	(void)s, (void)error, (void)code, (void)why;

	e->closed = true;
}

static const leno_stream_handlers echoing = { .readable = on_readable, .closed = on_closed };
static struct echo caller_end, provider_end;

static void on_call_stream(leno_node *n, void *user, leno_call_id id, leno_stream *s)
{
	size_t taken;
	(void)n, (void)user, (void)id;

	CHECK_EQ(leno_stream_accept(s, &echoing, &caller_end), 0);
	CHECK_EQ(leno_stream_write(s, (leno_bytes){ "from the caller", 15 }, &taken), 0);
	leno_stream_finish(s);
}

TEST(progress_and_streams_go_beside_the_answer)
{
	struct world *w = begin(11);
	struct got got;
	leno_call_options o = { .progress = on_progress, .stream = on_call_stream };
	size_t taken;

	memset(&caller_end, 0, sizeof caller_end);
	memset(&provider_end, 0, sizeof provider_end);
	offer(w->b, &w->at_b, "1", 0, 0);
	sim_run(w->sim, MS(200));
	CHECK_EQ(call(w->a, "hold", 0, &o, &got), 0);
	sim_run(w->sim, MS(50));
	REQUIRE(w->at_b.n_held == 1);
	sim_leno(w->b);
	for (int i = 1; i <= 3; i++)
		CHECK_EQ(leno_call_progress(w->at_b.held[0], packed_int(i)), 0);
	CHECK_EQ(leno_call_progress(w->at_b.held[0], (leno_bytes){ "\xc1", 1 }), LENO_ARGUMENT);
	CHECK_EQ(leno_call_stream(w->at_b.held[0], &echoing, &provider_end, &provider_end.stream),
	         0);
	leno_stream_write(provider_end.stream, (leno_bytes){ "from the provider", 17 }, &taken);
	leno_stream_finish(provider_end.stream);
	sim_run(w->sim, MS(50));
	CHECK(got.beats == 3 && got.beat == 3 && !got.done);
	CHECK(caller_end.closed && provider_end.closed);
	CHECK(caller_end.size == 17 && memcmp(caller_end.text, "from the provider", 17) == 0);
	CHECK(provider_end.size == 15 && memcmp(provider_end.text, "from the caller", 15) == 0);
	answer(&w->at_b, 0, 3);
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.value, 3);
	CHECK_EQ(call(w->a, "hold", 0, NULL, &got), 0);        /* who wants no stream refuses it */
	sim_run(w->sim, MS(50));
	memset(&provider_end, 0, sizeof provider_end);
	sim_leno(w->b);
	CHECK_EQ(leno_call_stream(w->at_b.held[1], &echoing, &provider_end, &provider_end.stream),
	         0);
	sim_run(w->sim, MS(50));
	CHECK(provider_end.closed);
	answer(&w->at_b, 1, 3);
	CHECK(wait_for(w, &got));
	end(w);
}

/* The opening of a stream takes its turn, and an answer that is given at once waits for it. */
TEST(an_answer_does_not_overtake_the_stream_of_its_call)
{
	struct world *w = begin(17);
	struct got got;
	leno_call_options o = { .stream = on_call_stream };
	leno_stream *second;
	size_t taken;

	memset(&caller_end, 0, sizeof caller_end);
	memset(&provider_end, 0, sizeof provider_end);
	offer(w->b, &w->at_b, "1", 0, 0);
	sim_run(w->sim, MS(200));
	CHECK_EQ(call(w->a, "hold", 0, &o, &got), 0);
	sim_run(w->sim, MS(50));
	REQUIRE(w->at_b.n_held == 1);
	sim_leno(w->b);
	CHECK_EQ(leno_call_stream(w->at_b.held[0], &echoing, &provider_end, &provider_end.stream),
	         0);
	CHECK_EQ(leno_call_stream(w->at_b.held[0], NULL, NULL, &second), 0);
	leno_stream_abort(second, 0, "");
	leno_stream_write(provider_end.stream, (leno_bytes){ "from the provider", 17 }, &taken);
	leno_stream_finish(provider_end.stream);
	answer(&w->at_b, 0, 3);
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.value, 3);
	sim_run(w->sim, MS(50));
	CHECK(caller_end.size == 17 && provider_end.size == 15);
	CHECK(caller_end.closed && provider_end.closed);
	/* One that is given up before anybody knew of it keeps nothing waiting. */
	CHECK_EQ(call(w->a, "hold", 0, &o, &got), 0);
	sim_run(w->sim, MS(50));
	REQUIRE(w->at_b.n_held == 2);
	sim_leno(w->b);
	CHECK_EQ(leno_call_stream(w->at_b.held[1], NULL, NULL, &second), 0);
	answer(&w->at_b, 1, 4);
	leno_stream_abort(second, 0, "");
	CHECK(wait_for(w, &got));
	CHECK_EQ(got.value, 4);
	end(w);
}

/* ---- many --------------------------------------------------------------------------------- */

TEST(of_sixty_nodes_all_two_hundred_services_are_known_within_a_second)
{
	struct sim *sim = sim_new(13);
	struct sim_node *nodes[60];
	char name[32];
	leno_service s = { .version = "1.0", .methods = methods, .n_methods = 5 };
	struct shop shop = { 0 };
	bool all = false;
	uint64_t from_us;

	for (unsigned i = 0; i < 60; i++) {
		snprintf(name, sizeof name, "n%u", i);
		nodes[i] = sim_node(sim, name, NULL);
		for (unsigned k = 1; k <= 2 && i > 0; k++)
			sim_wire(nodes[i], nodes[sim_random(sim, i)], NULL);
	}
	CHECK(sim_settle(sim, SECONDS(20)));
	for (unsigned i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "service.%u", i);
		CHECK_EQ(leno_service_register(sim_leno(nodes[i % 60]), name, &s, &shop), 0);
	}
	from_us = sim_now(sim);
	while (!all && sim_now(sim) - from_us < SECONDS(5)) {
		sim_run(sim, MS(10));
		all = true;
		for (unsigned i = 0; i < 60 && all; i++)
			all = sim_services(nodes[i]) == 200;
	}
	printf("all known after %u ms\n", (unsigned)((sim_now(sim) - from_us) / 1000));
	CHECK(all && sim_now(sim) - from_us <= SECONDS(1));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(a_node_offers_no_more_than_its_record_holds)
{
	struct world *w = begin(14);
	char name[64];
	leno_service s = { .version = "1.0" };
	int error = 0;
	unsigned n = 0;

	for (; !error; n++) {
		snprintf(name, sizeof name, "a-service-with-a-name-of-some-length-%02u", n);
		error = leno_service_register(sim_leno(w->a), name, &s, NULL);
	}
	CHECK_EQ(error, LENO_LIMIT);
	CHECK(n > 25 && n <= 49);
	sim_run(w->sim, MS(300));
	CHECK_EQ(sim_services(w->b), n - 1);
	CHECK_EQ(leno_service_unregister(sim_leno(w->a), "a-service-with-a-name-of-some-length-00"),
	         0);
	CHECK_EQ(leno_service_register(sim_leno(w->a), name, &s, NULL), 0);
	CHECK_EQ(leno_service_register(sim_leno(w->a), "no name", &s, NULL), LENO_ARGUMENT);
	s.methods = &(leno_method){ "f(a: integer)", add };
	s.n_methods = 1;
	CHECK_EQ(leno_service_register(sim_leno(w->a), "f", &s, NULL), LENO_ARGUMENT);
	end(w);
}

/* ---- time ----------------------------------------------------------------------------------- */

static leno_clock clock_got;
static bool clock_done;

static void on_clock(leno_node *n, void *user, const leno_clock *c)
{
	(void)n, (void)user;
	clock_got = *c;
	clock_done = true;
}

static void compare(struct world *w)
{
	clock_done = false;
	CHECK_EQ(leno_clock_compare(sim_leno(w->a), sim_id(w->b), 1000, on_clock, NULL), 0);
	CHECK(sim_run_until(w->sim, &clock_done, SECONDS(2)));
}

TEST(clocks_are_compared_and_heartbeats_told)
{
	struct world *w = begin(15);
	int64_t before;

	compare(w);
	before = clock_got.offset_us;
	CHECK(clock_got.error == 0 && clock_got.rtt_us >= 400 && clock_got.rtt_us < 2000);
	sim_jump(w->b, SECONDS(3));
	CHECK(sim_settle(w->sim, SECONDS(5)));
	compare(w);
	CHECK(clock_got.error == 0 && clock_got.rtt_us >= 400 && clock_got.rtt_us < 2000);
	CHECK(llabs(clock_got.offset_us - before - 3000000) <= clock_got.rtt_us);
	sim_crash(w->b);
	sim_run(w->sim, MS(10));
	compare(w);
	CHECK_EQ(clock_got.error, LENO_UNREACHABLE);
	sim_run(w->sim, SECONDS(10));
	CHECK(sim_beats(w->a) >= 4);
	sim_start(w->b);
	end(w);
}

TEST_MAIN(TEST_CASE(events_are_heard_once_by_who_wants_them_whoever_emits_them),
          TEST_CASE(progress_and_streams_go_beside_the_answer),
          TEST_CASE(an_answer_does_not_overtake_the_stream_of_its_call),
          TEST_CASE(of_sixty_nodes_all_two_hundred_services_are_known_within_a_second),
          TEST_CASE(a_node_offers_no_more_than_its_record_holds),
          TEST_CASE(clocks_are_compared_and_heartbeats_told))
