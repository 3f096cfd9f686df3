/* test_calls.c - calls by chance while links, relays and providers break: each has one end, a
 * result is the right one, and what may be done once is never done twice. */
#include "support/check.h"

#include "driver/sim/sim.h"
#include "driver/sim/story.h"

enum { NODES = 6, CALLERS = 3, CALLS = 900, STEPS = 300 };

static struct story_call {
	bool asked, once;
	unsigned ends, done;           /* how often it ended, and was carried out */
	int error;
	int64_t result;
} calls[CALLS];

static int64_t first_int(leno_bytes b)
{
	leno_unpack u = leno_unpack_from(b);
	leno_value v = { .integer = -1 };

	while (leno_unpack_next(&u, &v) && v.kind == LENO_ARRAY)
		;
	return v.integer;
}

static void work(leno_node *n, void *user, leno_incoming *in, leno_bytes arguments)
{
	int64_t number = first_int(arguments);
	uint8_t buf[16];
	leno_pack p = leno_pack_into(buf, sizeof buf);
	(void)n, (void)user;

	if (number >= 0 && number < CALLS)
		calls[number].done++;
	leno_pack_int(&p, number * 2);
	leno_call_reply(in, leno_pack_bytes(&p));
}

static void on_done(leno_node *n, void *user, const leno_answer *a)
{
	struct story_call *c = user;
	(void)n;

	c->ends++;
	c->error = a->error;
	c->result = a->error ? 0 : first_int(a->data);
}

/* Again and again: a life that has just begun has none, and others swap theirs. */
static void offer(struct sim *sim, struct sim_node *node)
{
	static const leno_method methods[] = { { "once(n: int) -> int", work },
	                                       { "idempotent often(n: int) -> int", work } };
	leno_service s = { .methods = methods, .n_methods = 2, .concurrency = 2, .waiting = 50 };

	s.version = sim_random(sim, 2) ? "1" : "2";
	if (!sim_leno(node))
		return;
	if (sim_random(sim, 10) == 0)
		leno_service_unregister(sim_leno(node), "work");
	else
		CHECK_EQ(leno_service_register(sim_leno(node), "work", &s, NULL), 0);
}

static void call(struct sim *sim, struct sim_node *from, unsigned number)
{
	struct story_call *c = &calls[number];
	const leno_call_options o = { .timeout = (leno_ms)(100 + sim_random(sim, 4000)) };
	uint8_t buf[16];
	leno_pack p = leno_pack_into(buf, sizeof buf);

	leno_pack_array(&p, 1);
	leno_pack_int(&p, number);
	c->once = sim_random(sim, 2);
	c->asked = !leno_call(sim_leno(from), "work", c->once ? "once" : "often",
	                      leno_pack_bytes(&p), &o, on_done, c, NULL);
}

static void check_all(unsigned *ret_good, unsigned *ret_again)
{
	for (unsigned i = 0; i < CALLS; i++) {
		const struct story_call *c = &calls[i];

		CHECK_EQ(c->ends, c->asked);
		CHECK(c->asked || c->done == 0);
		CHECK(!c->once || c->done <= 1);
		if (c->ends && c->error == 0) {
			CHECK(c->done >= 1 && c->result == 2 * (int64_t)i);
			++*ret_good;
		}
		*ret_again += c->done > 1;
	}
}

TEST(calls_survive_harm_with_one_end_each)
{
	const unsigned between = FAULT_KILL | FAULT_CUT | FAULT_ONE_WAY | FAULT_STALL |
	                         FAULT_FREEZE | FAULT_PARTITION;
	const unsigned of_providers = FAULT_CRASH | FAULT_VANISH | FAULT_LEAVE;
	unsigned good = 0, again = 0;

	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct sim *sim = sim_new(seed);
		struct sim_node *n[NODES];
		char name[8];

		memset(calls, 0, sizeof calls);
		for (unsigned i = 0; i < NODES; i++) {
			snprintf(name, sizeof name, "n%u", i);
			n[i] = sim_node(sim, name, NULL);
			for (unsigned k = 0; k < i; k++)
				if (k + 1 == i || sim_random(sim, 2))
					sim_wire(n[i], n[k], NULL);
		}
		CHECK(sim_settle(sim, SECONDS(10)));
		for (unsigned step = 0; step < STEPS; step++) {
			for (unsigned i = CALLERS; i < NODES && step % 5 == 0; i++)
				offer(sim, n[i]);
			for (unsigned i = 0; i < CALLERS; i++)
				call(sim, n[i], step * CALLERS + i);
			if (step % 20 == 10)
				story_harm(sim, n, NODES, between, SECONDS(2));
			if (step % 30 == 20)
				story_harm(sim, n + CALLERS, NODES - CALLERS, of_providers,
				           SECONDS(2));
			sim_run(sim, MS(20));
		}
		sim_heal(sim);
		CHECK(sim_settle(sim, SECONDS(60)));
		sim_run(sim, SECONDS(6));
		for (unsigned i = 0; i < NODES; i++)
			sim_services(n[i]);
		check_all(&good, &again);
		CHECK(sim_invariants(sim));
		sim_free(sim);
	}
	printf("%u of %u calls had a result; %u were done again\n", good, 8 * CALLS, again);
	CHECK(good > 8 * CALLS / 2 && again > 0);
}

TEST_MAIN(TEST_CASE(calls_survive_harm_with_one_end_each))
