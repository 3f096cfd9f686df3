/* scale.c - a figure: what does one change cost in a mesh of many?
 *
 * Each node dials three others (one, when nodes make links by themselves: then links are
 * counted, and that is all). Once all see all and costs have come to rest, the
 * bytes of a quiet window are counted, then those of the same window with one cable
 * cut, then with it mended. The differences are what the change cost. */
#include "story.h"

#include <stdlib.h>

enum {
	DIALS = 3,
	TALKS = 2,
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

static void build(struct sim *sim, struct sim_node **nodes, unsigned n, bool advertise)
{
	unsigned dials = advertise ? 1 : DIALS;

	for (unsigned i = 0; i < n; i++) {
		char name[16], uri[24];

		snprintf(name, sizeof name, "n%u", i);
		snprintf(uri, sizeof uri, "sim:%s", name);
		nodes[i] = sim_late_node(sim, name, NULL);
		if (advertise)
			sim_advertise(nodes[i], uri);
	}
	for (unsigned i = 0; i < n; i++) {
		if (i)
			sim_wire(nodes[i], nodes[sim_random(sim, i)], NULL);
		for (unsigned k = 1; k < dials && n > dials; k++) {
			unsigned to = (unsigned)sim_random(sim, n);

			if (to != i)
				sim_wire(nodes[i], nodes[to], NULL);
		}
		sim_after(sim, sim_random(sim, SECONDS(1)), start_later, nodes[i]);
	}
}

static bool count_link(void *arg, const leno_link_info *info)
{
	unsigned *count = arg;

	count[0]++;
	count[1] += info->dialled;
	return true;
}

static void count_links(struct sim_node **nodes, unsigned n, struct scale_links *ret)
{
	*ret = (struct scale_links){ .least = UINT32_MAX };
	for (unsigned i = 0; i < n; i++) {
		unsigned count[2] = { 0, 0 };

		leno_links(sim_leno(nodes[i]), count_link, count);
		ret->all += count[0];
		ret->least = count[0] < ret->least ? count[0] : ret->least;
		ret->most = count[0] > ret->most ? count[0] : ret->most;
		ret->dialled_most = count[1] > ret->dialled_most ? count[1] : ret->dialled_most;
	}
}

/* Each talks with some others, all at once. */
static void talk(struct sim *sim, struct sim_node **nodes, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < TALKS; k++) {
			unsigned to = (unsigned)sim_random(sim, n);

			if (to != i)
				sim_talk(nodes[i], nodes[to], REST_US / SECONDS(1), SECONDS(1), 200);
		}
}

static void measure(struct sim *sim, struct sim_node **nodes, unsigned n, bool advertise,
                    struct scale_end *ret)
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
	if (advertise) {
		count_links(nodes, n, &ret->quiet);
		talk(sim, nodes, n);
		sim_run(sim, REST_US);
		count_links(nodes, n, &ret->busy);
		return;
	}
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

void scale_run(uint64_t seed, unsigned n, bool advertise, FILE *trace, struct scale_end *ret)
{
	struct sim *sim = sim_new(seed);
	struct sim_node **nodes = calloc(n, sizeof(*nodes));

	if (!nodes)
		abort();
	*ret = (struct scale_end){ .window_us = WINDOW_US };
	sim_mute(sim, true);
	sim_trace(sim, trace);
	build(sim, nodes, n, advertise);
	measure(sim, nodes, n, advertise, ret);
	if (sim_failure(sim))
		snprintf(ret->why, sizeof ret->why, "%s", sim_failure(sim));
	ret->ok = !ret->why[0];
	sim_free(sim);
	free(nodes);
}
