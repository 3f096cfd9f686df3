/* scale.c - a figure: what does one change cost in a mesh of many?
 *
 * Each node dials three others. Once all see all and costs have come to rest, the
 * bytes of a quiet window are counted, then those of the same window with one cable
 * cut, then with it mended. The differences are what the change cost. */
#include "story.h"

#include <stdlib.h>

enum {
	DIALS = 3,
	LOOK_US = 100000,
	LIMIT_US = 300000000,
	REST_US = 20000000,  /* costs are published at most every five seconds */
	WINDOW_US = 20000000 /* a multiple of the heartbeat                    */
};

static bool all_counted(struct sim_node **nodes, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (leno_count(sim_leno(nodes[i])) != n)
			return false;
	return true;
}

static uint64_t window(struct sim *sim)
{
	uint64_t before = sim_bytes(sim);

	sim_run(sim, WINDOW_US);
	return sim_bytes(sim) - before;
}

static void start_later(struct sim *sim, void *arg)
{
	(void)sim;
	sim_start(arg);
}

static void build(struct sim *sim, struct sim_node **nodes, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char name[16];

		snprintf(name, sizeof name, "n%u", i);
		nodes[i] = sim_late_node(sim, name, NULL);
	}
	for (unsigned i = 0; i < n; i++) {
		if (i)
			sim_wire(nodes[i], nodes[sim_random(sim, i)], NULL);
		for (unsigned k = 1; k < DIALS && n > DIALS; k++) {
			unsigned to = (unsigned)sim_random(sim, n);

			if (to != i)
				sim_wire(nodes[i], nodes[to], NULL);
		}
		sim_after(sim, sim_random(sim, SECONDS(1)), start_later, nodes[i]);
	}
}

static void measure(struct sim *sim, struct sim_node **nodes, unsigned n, struct scale_end *ret)
{
	struct sim_node *a = nodes[n / 2], *b = NULL;

	sim_run(sim, SECONDS(1));
	while (sim_now(sim) < LIMIT_US && !sim_failure(sim) && !all_counted(nodes, n))
		sim_run(sim, LOOK_US);
	ret->settled_us = sim_now(sim);
	if (!all_counted(nodes, n)) {
		snprintf(ret->why, sizeof ret->why, "not all see all after %u s",
		         LIMIT_US / 1000000);
		return;
	}
	ret->join_bytes = sim_bytes(sim);
	sim_run(sim, REST_US);
	ret->idle_bytes = window(sim);
	for (unsigned i = 0; i < n && !b; i++)
		if (sim_pipes(a, nodes[i]))
			b = nodes[i];
	if (!b)
		return;
	sim_cut(a, b);
	sim_kill(a, b);
	ret->cut_bytes = window(sim);
	sim_mend(a, b);
	ret->mend_bytes = window(sim);
}

void scale_run(uint64_t seed, unsigned n, FILE *trace, struct scale_end *ret)
{
	struct sim *sim = sim_new(seed);
	struct sim_node **nodes = calloc(n, sizeof(*nodes));

	if (!nodes)
		abort();
	*ret = (struct scale_end){ .window_us = WINDOW_US };
	sim_mute(sim, true);
	sim_trace(sim, trace);
	build(sim, nodes, n);
	measure(sim, nodes, n, ret);
	if (sim_failure(sim))
		snprintf(ret->why, sizeof ret->why, "%s", sim_failure(sim));
	ret->ok = !ret->why[0];
	sim_free(sim);
	free(nodes);
}
