/* state.c - how long a late joiner takes for a shared map: from its start in a process of its own,
 * connecting included, until it has each of the keys. */
#include "harness.h"

#ifndef BENCH_WITHOUT_LENO
#include "node.h"

enum { KEYS = 1000000, COPY_MAX = 512 << 20, FILL_MS = 30000, JOIN_MS = 60000 };

static leno_state *share(leno_node *node, const leno_state_handlers *handlers, void *user)
{
	const leno_state_options o = { .memory_max = COPY_MAX };
	leno_state *map;

	must(leno_state_share(node, "map", &o, handlers, user, &map), "leno_state_share");
	return map;
}

static void run_first(struct stage *s)
{
	leno_node *node = open_node(NULL, NULL, s);
	leno_state *map = share(node, NULL, NULL);

	for (int i = 0; i < KEYS; i++) {
		char key[24];
		int size = snprintf(key, sizeof key, "sensor/%07d", i);

		must(leno_state_set(map, (leno_bytes){ key, (size_t)size },
		                    (leno_bytes){ &i, sizeof i }, NULL), "leno_state_set");
	}
	listen_here(s, node, ADDRESS);
	ready(s);
	must(leno_run(node), "leno_run");
}

static void synced(leno_state *map, void *user)
{
	struct stage *s = user;
	leno_state_info info;

	leno_state_get_info(map, &info);
	if (info.entries < KEYS)
		fail("the late joiner", "it is told that it is synced, and is not");
	atomic_store(&s->board->reply_ns, now_ns());
	ring(s);
}

static void run_late(struct stage *s)
{
	static const leno_state_handlers handlers = { .synced = synced };
	leno_node *node;

	atomic_store(&s->board->start_ns, now_ns());
	node = open_node(NULL, NULL, s);
	must(leno_connect(node, s->board->note[ADDRESS]), "leno_connect");
	share(node, &handlers, s);
	ready(s);
	must(leno_run(node), "leno_run");
}

static bool has_joined(struct stage *s)
{
	return atomic_load(&s->board->reply_ns) > 0;
}

static bool measure_join(struct stage *s)
{
	bool ok;

	stage_clear(s, THROUGHPUT, 0, 0);
	stage_start(s, FAR, run_first, 0);
	ok = stage_wait_ready(s, FAR, FILL_MS);
	if (ok)
		stage_start(s, NEAR, run_late, 1);
	ok = ok && stage_wait(s, has_joined, JOIN_MS);
	if (ok)
		report("leno", "state_join", KEYS,
		       (double)(s->board->reply_ns - s->board->start_ns) / 1e6, "ms");
	stage_end(s);
	return ok;
}
#endif

const struct figure state_figures[] = {
#ifndef BENCH_WITHOUT_LENO
	{ "state", 1, measure_join },
#endif
	{ NULL, 0, NULL }
};
