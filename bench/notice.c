/* notice.c - how long until a node hears that its neighbour is gone:
 *   killed        SIGKILL under traffic; its system closes the connection
 *   frozen        SIGSTOP under traffic; nothing says that it is gone
 *   frozen_idle   SIGSTOP while nothing is sent, with heartbeats every 200 ms
 *                 of which 2 may be missed */
#include "harness.h"

#ifndef BENCH_WITHOUT_LENO
#include "node.h"
#include <signal.h>
#include <sys/mman.h>

enum { UP_MS = 5000, TRAFFIC_MS = 200, NOTICE_MS = 10000, IDLE_BEAT_MS = 200, IDLE_MISSES = 2 };
enum { SIZE = 64 };
enum { BUSY, IDLE };

struct near {
	struct stage *stage;
	leno_id       far;
	bool          up;
};

struct result {
	_Atomic uint64_t noticed_ns;
};

static char payload[SIZE];

static void pump(leno_node *node, void *user, const leno_id *to)
{
	struct near *me = user;

	if (me->stage->variant == BUSY && leno_id_same(to, &me->far))
		while (!leno_send(node, to, "b", (leno_bytes){ payload, SIZE }, NULL))
			;
}

static void begin(leno_node *node, void *user, const leno_info *info)
{
	struct near *me = user;

	if (me->up || !is_left_id(me->stage, &info->id))
		return;
	me->up = true;
	me->far = info->id;
	ready(me->stage);
	pump(node, me, &me->far);
}

static void notice(struct near *me, const leno_id *id)
{
	struct result *r = me->stage->more;

	if (!me->up || !leno_id_same(id, &me->far) || atomic_load(&r->noticed_ns))
		return;
	atomic_store(&r->noticed_ns, now_ns());
	ring(me->stage);
}

static void node_down(leno_node *node, void *user, const leno_id *id, enum leno_why why)
{
	(void)node, (void)why;
	notice(user, id);
}

static void link_down(leno_node *node, void *user, const leno_id *id, enum leno_why why, int error)
{
	(void)node, (void)error;
	if (why != LENO_WHY_REPLACED)
		notice(user, id);
}

static leno_options options(const struct stage *s)
{
	leno_options o = { 0 };

	if (s->variant == IDLE) {
		o.heartbeat_ms = IDLE_BEAT_MS;
		o.heartbeat_misses = IDLE_MISSES;
	}
	return o;
}

static void run_near(struct stage *s)
{
	struct near me = { .stage = s };
	const leno_options o = options(s);
	leno_node *node = open_node(&o, &(leno_handlers){ .node_up = begin, .node_down = node_down,
	                                                  .link_down = link_down,
	                                                  .writable = pump }, &me);

	must(leno_connect(node, read_note(s, ADDRESS)), "leno_connect");
	must(leno_run(node), "leno_run");
}

static void run_far(struct stage *s)
{
	const leno_options o = options(s);
	leno_node *node = open_node(&o, NULL, NULL);

	leave_id(s, node);
	listen_here(s, node, ADDRESS);
	ready(s);
	must(leno_run(node), "leno_run");
}

static bool has_noticed(struct stage *s)
{
	const struct result *r = s->more;

	return atomic_load(&r->noticed_ns) > 0;
}

static bool measure_notice(struct stage *s, int variant, int signal, const char *metric)
{
	struct result *r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	                        -1, 0);
	uint64_t start;
	bool ok;

	if (r == MAP_FAILED)
		return false;
	stage_clear(s, THROUGHPUT, SIZE, variant);
	s->more = r;
	stage_start(s, FAR, run_far, 1);
	ok = stage_wait_ready(s, FAR, UP_MS);
	if (ok) {
		stage_start(s, NEAR, run_near, 0);
		ok = stage_wait_ready(s, NEAR, UP_MS);
	}
	if (ok) {
		/* Idle, it also has to have heard some heartbeats. */
		sleep_ms(variant == IDLE ? TRAFFIC_MS + 3 * IDLE_BEAT_MS : TRAFFIC_MS);
		start = now_ns();
		if (signal == SIGKILL)
			stage_kill(s, FAR);
		else
			kill(s->pid[FAR], signal);
		ok = stage_wait(s, has_noticed, NOTICE_MS);
		if (ok && r->noticed_ns < start)
			fprintf(stderr, "bench: %s: the neighbour was given up before\n", metric);
		else if (ok)
			report("leno", metric, SIZE, (double)(r->noticed_ns - start) / 1e6, "ms");
	}
	stage_end(s);
	munmap(r, sizeof *r);
	return ok;
}

static bool measure_killed(struct stage *s)
{
	return measure_notice(s, BUSY, SIGKILL, "killed");
}

static bool measure_frozen(struct stage *s)
{
	return measure_notice(s, BUSY, SIGSTOP, "frozen");
}

static bool measure_frozen_idle(struct stage *s)
{
	return measure_notice(s, IDLE, SIGSTOP, "frozen_idle");
}
#endif

const struct figure notice_figures[] = {
#ifndef BENCH_WITHOUT_LENO
	{ "notice", 5, measure_killed },
	{ "notice", 5, measure_frozen },
	{ "notice", 3, measure_frozen_idle },
#endif
	{ NULL, 0, NULL }
};
