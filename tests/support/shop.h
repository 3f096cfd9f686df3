/* shop.h - what stories of services share: a shop that several nodes may offer, and what became
 * of calls to it. */
#pragma once

#include "support/check.h"

#include "driver/sim/sim.h"

#include <stdlib.h>

enum { HELD_MAX = 64 };

/* A provider's own things: how often it was called, and what it has yet to answer. */
struct shop {
	struct sim *sim;
	struct sim_node *node;
	unsigned calls, cancelled, drained, n_held;
	leno_incoming *held[HELD_MAX];
};

struct got {
	bool done;
	int error, code;
	int64_t value;
	unsigned times, beats;
	int64_t beat;
	char why[256];
	uint64_t at_us;
	struct sim *sim;
};

static inline leno_bytes packed_int(int64_t n)
{
	static uint8_t buf[16];
	leno_pack p = leno_pack_into(buf, sizeof buf);

	leno_pack_int(&p, n);
	return leno_pack_bytes(&p);
}

static int64_t int_of(leno_bytes b)
{
	leno_unpack u = leno_unpack_from(b);
	leno_value v = { .integer = 0 };

	leno_unpack_next(&u, &v);
	return v.integer;
}

static inline void on_done(leno_node *n, void *user, const leno_answer *a)
{
	struct got *g = user;
	(void)n;

	g->done = true;
	g->times++;
	g->error = a->error;
	g->code = a->code;
	g->value = a->error ? 0 : int_of(a->data);
	g->at_us = g->sim ? sim_now(g->sim) : 0;
	snprintf(g->why, sizeof g->why, "%s", a->why);
}

static inline void add(leno_node *n, void *user, leno_incoming *in, leno_bytes arguments)
{
	struct shop *shop = user;
	leno_unpack u = leno_unpack_from(arguments);
	leno_value v;
	int64_t sum = 0;
	(void)n;

	shop->calls++;
	leno_unpack_next(&u, &v);
	while (leno_unpack_next(&u, &v))
		sum += v.integer;
	CHECK_EQ(leno_call_reply(in, packed_int(sum)), 0);
}

static inline void fail(leno_node *n, void *user, leno_incoming *in, leno_bytes arguments)
{
	(void)n, (void)user, (void)arguments;
	CHECK_EQ(leno_call_reply(in, (leno_bytes){ "\xa1x", 2 }), LENO_ARGUMENT); /* not promised */
	CHECK_EQ(leno_call_fail(in, 77, "out of paper"), 0);
}

static inline void hold(leno_node *n, void *user, leno_incoming *in, leno_bytes arguments)
{
	struct shop *shop = user;
	(void)n, (void)arguments;

	shop->calls++;
	shop->held[shop->n_held++ % HELD_MAX] = in;
}

static inline void on_cancelled(leno_node *n, void *user, leno_incoming *in)
{
	struct shop *shop = user;
	(void)n;

	shop->cancelled++;
	CHECK(leno_call_cancelled(in));
	for (unsigned i = 0; i < shop->n_held; i++)
		if (shop->held[i] == in)
			shop->held[i] = NULL;
	CHECK(leno_call_reply(in, packed_int(0)) <= 0);
}

static inline void on_drained(leno_node *n, void *user)
{
	struct shop *shop = user;
	(void)n;

	shop->drained++;
}

static const leno_method methods[] = {
	{ "idempotent add(first: int, more: int...) -> int", add },
	{ "fail() -> int", fail },
	{ "hold() -> int", hold },
	{ "idempotent hold_again() -> int", hold },
	{ "event sold(price: int)", NULL },
};

static inline int offer(struct sim_node *node, struct shop *shop, const char *version,
                        unsigned concurrency, unsigned waiting)
{
	leno_service s = { .version = version,
		           .methods = methods,
		           .n_methods = 5,
		           .concurrency = concurrency,
		           .waiting = waiting,
		           .cancelled = on_cancelled,
		           .drained = on_drained };

	shop->node = node;
	return leno_service_register(sim_leno(node), "shop", &s, shop);
}

static inline int call(struct sim_node *from, const char *method, int64_t a,
                       const leno_call_options *o, struct got *got)
{
	uint8_t buf[32];
	leno_pack p = leno_pack_into(buf, sizeof buf);

	memset(got, 0, sizeof *got);
	if (strcmp(method, "add") == 0) {
		leno_pack_array(&p, 2);
		leno_pack_int(&p, a);
		leno_pack_int(&p, 1);
	}
	return leno_call(sim_leno(from), "shop", method, leno_pack_bytes(&p), o, on_done, got,
	                 NULL);
}

static inline int answer(struct shop *shop, unsigned i, int64_t n)
{
	leno_incoming *in = shop->held[i];

	sim_leno(shop->node);                  /* a story touches it */
	shop->held[i] = NULL;
	return leno_call_reply(in, packed_int(n));
}

/* a - r - b, and c beside b. */
struct world {
	struct sim *sim;
	struct sim_node *a, *r, *b, *c;
	struct shop at_b, at_c;
};

static inline struct world *begin(uint64_t seed)
{
	struct world *w = calloc(1, sizeof *w);

	w->sim = sim_new(seed);
	w->a = sim_node(w->sim, "a", NULL);
	w->r = sim_node(w->sim, "r", NULL);
	w->b = sim_node(w->sim, "b", NULL);
	w->c = sim_node(w->sim, "c", NULL);
	sim_wire(w->a, w->r, NULL);
	sim_wire(w->r, w->b, NULL);
	sim_wire(w->r, w->c, NULL);
	CHECK(sim_settle(w->sim, SECONDS(5)));
	return w;
}

static inline void end(struct world *w)
{
	sim_run(w->sim, MS(50));               /* what was registered last is told */
	for (unsigned i = 0; i < 4; i++)
		sim_services((struct sim_node *[]){ w->a, w->r, w->b, w->c }[i]);
	CHECK(sim_settle(w->sim, SECONDS(10)));
	CHECK(sim_invariants(w->sim));
	sim_free(w->sim);
	free(w);
}

static inline bool wait_for(struct world *w, const struct got *got)
{
	return sim_run_until(w->sim, &got->done, SECONDS(20));
}
