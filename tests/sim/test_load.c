/* test_load.c - stories of how busy providers are: what is told of it, when, and where calls go.
 *
 * covers: src/node/offers.c src/node/calls.c src/service/desk.c */
#include "support/check.h"
#include "support/shop.h"

/* ---- those who call once ------------------------------------------------------------- */

enum { PROVIDERS = 3, CALLERS = 18, EACH_MS = 20, WORK_MS = 1000 };

struct errand {
	struct sim_node *from;
	struct got got;
};

/* Work of a second that is done when the sim says so, as a process does it. */
struct work { struct shop *shop; unsigned number; };

static void work_done(struct sim *sim, void *arg)
{
	struct work *w = arg;
	(void)sim;

	CHECK_EQ(answer(w->shop, w->number, 1), 0);
}

static void work(leno_node *n, void *user, leno_incoming *in, leno_bytes arguments)
{
	struct shop *shop = user;
	struct work *w = calloc(1, sizeof *w);

	*w = (struct work){ .shop = shop, .number = shop->n_held };
	hold(n, user, in, arguments);
	sim_after_own(shop->sim, MS(WORK_MS), work_done, w);
}

static void call_once(struct sim *sim, void *arg)
{
	struct errand *e = arg;
	(void)sim;

	CHECK(leno_synced(sim_leno(e->from)));
	CHECK_EQ(leno_call(sim_leno(e->from), "shop", "work", (leno_bytes){ 0 }, NULL, on_done,
	                   &e->got, NULL),
	         0);
}

static void come(struct sim *sim, void *arg)
{
	struct errand *e = arg;

	sim_start(e->from);
	sim_after(sim, MS(5), call_once, e);
}

/* Each is new in the mesh, knows what the records say and is gone after one call. The way to
 * one provider is shorter by a hair. */
TEST(those_who_call_once_do_not_all_go_to_who_is_nearest)
{
	static const leno_method lines[] = { { "work() -> int", work } };
	static const leno_service service = { .methods = lines, .n_methods = 1, .concurrency = 2 };
	static const struct sim_profile ways[PROVIDERS] = { { .delay_us = 100 }, { .delay_us = 200 },
	                                                    { .delay_us = 300 } };
	const leno_options visitor = { .visitor = true };
	struct sim *sim = sim_new(31);
	struct sim_node *door = sim_node(sim, "door", NULL);
	struct shop shops[PROVIDERS];
	struct errand errands[CALLERS];
	char name[16];

	memset(shops, 0, sizeof shops);
	memset(errands, 0, sizeof errands);
	for (unsigned i = 0; i < PROVIDERS; i++) {
		snprintf(name, sizeof name, "provider%u", i);
		shops[i].node = sim_node(sim, name, NULL);
		shops[i].sim = sim;
		sim_wire(shops[i].node, door, &ways[i]);
	}
	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 0; i < PROVIDERS; i++)
		CHECK_EQ(leno_service_register(sim_leno(shops[i].node), "shop", &service,
		                               &shops[i]), 0);
	sim_run(sim, SECONDS(1));
	for (unsigned i = 0; i < CALLERS; i++) {
		snprintf(name, sizeof name, "caller%u", i);
		errands[i].from = sim_late_node(sim, name, &visitor);
		sim_dial(errands[i].from, door, 0);
		sim_after(sim, MS(EACH_MS) * i, come, &errands[i]);
	}
	sim_run(sim, SECONDS(10));
	for (unsigned i = 0; i < CALLERS; i++)
		CHECK(errands[i].got.times == 1 && errands[i].got.error == 0);
	for (unsigned i = 0; i < PROVIDERS; i++) {
		CHECK(shops[i].n_held >= CALLERS / PROVIDERS - 2);
	}
	for (unsigned i = 0; i < CALLERS; i++)
		sim_leave(errands[i].from);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* ---- what is told -------------------------------------------------------------------- */

static bool is_busy(void *arg, const leno_service_info *s)
{
	*(unsigned *)arg = s->load;
	return true;
}

static unsigned load_seen(struct world *w)
{
	unsigned load = 0;

	leno_services(sim_leno(w->c), is_busy, &load);
	return load;
}

/* How often c sees another load within this time. */
static unsigned changes(struct world *w, unsigned ms)
{
	unsigned count = 0, last = load_seen(w), now;

	for (unsigned i = 0; i < ms; i++) {
		sim_run(w->sim, MS(1));
		now = load_seen(w);
		count += now != last;
		last = now;
	}
	return count;
}

TEST(others_soon_know_who_is_full_and_who_is_not_any_more)
{
	struct world *w = begin(32);
	struct got got[3];

	offer(w->b, &w->at_b, "1", 2, 0);
	sim_run(w->sim, SECONDS(1));
	CHECK_EQ(call(w->a, "hold", 0, NULL, &got[0]), 0);
	sim_run(w->sim, MS(100));
	CHECK_EQ(load_seen(w), 64);            /* half */
	CHECK_EQ(call(w->a, "hold", 0, NULL, &got[1]), 0);
	CHECK_EQ(call(w->a, "hold", 0, NULL, &got[2]), 0);
	sim_run(w->sim, MS(600));
	CHECK_EQ(load_seen(w), 128 + 8);       /* full, and one waits */
	answer(&w->at_b, 0, 1);
	sim_run(w->sim, MS(2000));
	CHECK_EQ(load_seen(w), 128 + 8);       /* still full: it is worth no record */
	answer(&w->at_b, 1, 1);
	answer(&w->at_b, 2, 1);
	sim_run(w->sim, MS(600));
	CHECK_EQ(load_seen(w), 0);
	end(w);
}

TEST(a_busy_provider_is_told_of_twice_a_second_at_most_and_a_brief_call_never)
{
	struct world *w = begin(33);
	struct got got;
	unsigned seen = 0;

	offer(w->b, &w->at_b, "1", 1, 0);
	sim_run(w->sim, SECONDS(1));
	for (unsigned i = 0; i < 5; i++) {     /* 20 ms each second */
		CHECK_EQ(call(w->a, "hold", 0, NULL, &got), 0);
		sim_run(w->sim, MS(20));
		answer(&w->at_b, i, 1);
		CHECK_EQ(changes(w, 980), 0);
	}
	for (unsigned i = 5; i < 25; i++) {    /* 200 ms, and as long a pause: 20 times up and down */
		CHECK_EQ(call(w->a, "hold", 0, NULL, &got), 0);
		seen += changes(w, 200);
		answer(&w->at_b, i, 1);
		seen += changes(w, 200);
	}
	CHECK(seen > 2 && seen <= 16);         /* in 8 s */
	sim_run(w->sim, SECONDS(1));
	CHECK_EQ(load_seen(w), 0);
	end(w);
}

TEST_MAIN(TEST_CASE(those_who_call_once_do_not_all_go_to_who_is_nearest),
          TEST_CASE(others_soon_know_who_is_full_and_who_is_not_any_more),
          TEST_CASE(a_busy_provider_is_told_of_twice_a_second_at_most_and_a_brief_call_never))
