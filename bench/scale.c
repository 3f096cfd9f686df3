/* scale.c - sixty processes in one mesh: how long after the last one's start
 * every node sees every other, for the three shapes that are hard on a mesh.
 *   star    all have dialled the first: one node with 59 neighbours
 *   chain   each has dialled the one before: 59 hops from end to end
 *   full    each has dialled all before it: 1,770 links */
#include "harness.h"

#ifndef BENCH_WITHOUT_LENO
#include "node.h"
#include <assert.h>
#include <sys/mman.h>

enum { NODES = 60, UP_MS = 5000, ALL_MS = 15000 };
enum shape { STAR, CHAIN, FULL };
static_assert((int)NODES <= (int)ROLES_MAX, "each node is a role");

struct crowd {                  /* shared by all */
	char uri[NODES][NOTE_SIZE];
	_Atomic uint64_t all_ns[NODES]; /* when it saw all; 0: it does not */
};

static void look_around(struct stage *s, leno_node *node)
{
	struct crowd *c = s->more;
	const bool all = leno_count(node) >= NODES;

	if (all == (atomic_load(&c->all_ns[s->self]) > 0))
		return;
	atomic_store(&c->all_ns[s->self], all ? now_ns() : 0);
	ring(s);
}

static void node_up(leno_node *node, void *user, const leno_info *info)
{
	(void)info;
	look_around(user, node);
}

static void node_down(leno_node *node, void *user, const leno_id *id, enum leno_why why)
{
	(void)id, (void)why;
	look_around(user, node);
}

static void run_node(struct stage *s)
{
	struct crowd *c = s->more;
	const int first = s->variant == STAR ? 0 : s->variant == CHAIN ? s->self - 1 : 0;
	const int last  = s->variant == STAR ? 0 : s->self - 1;
	const leno_options o = { .dials_max = NODES, .links_max = 2 * NODES };
	leno_node *node = open_node(&o, &(leno_handlers){ .node_up = node_up,
	                                                  .node_down = node_down }, s);

	must(leno_listen(node, "tcp://127.0.0.1:0"), "leno_listen");
	snprintf(c->uri[s->self], NOTE_SIZE, "%s", leno_uri(node, 0));
	ready(s);
	for (int i = first; s->self > 0 && i <= last; i++)
		must(leno_connect(node, c->uri[i]), "leno_connect");
	must(leno_run(node), "leno_run");
}

static bool all_see_all(struct stage *s)
{
	struct crowd *c = s->more;

	for (int i = 0; i < NODES; i++)
		if (!atomic_load(&c->all_ns[i]))
			return false;
	return true;
}

static bool measure_shape(struct stage *s, enum shape shape, const char *metric)
{
	struct crowd *c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	                       -1, 0);
	uint64_t start = 0, end = 0;
	bool ok = true;

	if (c == MAP_FAILED)
		return false;
	stage_clear(s, THROUGHPUT, 0, shape);
	s->more = c;
	for (int i = 0; ok && i < NODES; i++) {
		start = now_ns();
		stage_start(s, i, run_node, -1);
		ok = stage_wait_ready(s, i, UP_MS);
	}
	ok = ok && stage_wait(s, all_see_all, ALL_MS);
	for (int i = 0; i < NODES; i++)
		if (c->all_ns[i] > end)
			end = c->all_ns[i];
	stage_end(s);
	if (ok)
		report("leno", metric, NODES, end > start ? (double)(end - start) / 1e6 : 0, "ms");
	munmap(c, sizeof *c);
	return ok;
}

static bool measure_star(struct stage *s)
{
	return measure_shape(s, STAR, "scale_star");
}

static bool measure_chain(struct stage *s)
{
	return measure_shape(s, CHAIN, "scale_chain");
}

static bool measure_full(struct stage *s)
{
	return measure_shape(s, FULL, "scale_full");
}
#endif

const struct figure scale_figures[] = {
#ifndef BENCH_WITHOUT_LENO
	{ "scale", 3, measure_star },
	{ "scale", 3, measure_chain },
	{ "scale", 3, measure_full },
#endif
	{ NULL, 0, NULL }
};
