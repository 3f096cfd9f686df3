/* idle.c - what a node with one neighbour costs while nothing happens: memory
 * of its own (RssAnon), bytes on the wire, times that it wakes.
 * A node may wake for what it hears and for what it says, which is heartbeats;
 * what it wakes more than that is idle_spurious. */
#include "harness.h"

#ifndef BENCH_WITHOUT_LENO
#include "node.h"

enum { SETTLE_MS = 2500, WATCH_MS = 6000, UP_MS = 5000 };

struct moment {
	double wakes[2], reads, bytes;
};

/* The number after "name:" in /proc/PID/status, or -1. */
static double status_of(pid_t pid, const char *name)
{
	char path[64], line[256];
	double value = -1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (value < 0 && fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = strtod(line + strlen(name) + 1, NULL);
	fclose(f);
	return value;
}

static void is_up(leno_node *node, void *user, const leno_info *info)
{
	struct stage *s = user;

	(void)node;
	if (is_left_id(s, &info->id))
		ready(s);
}

static void run_near(struct stage *s)
{
	leno_node *node = open_node(NULL, &(leno_handlers){ .node_up = is_up }, s);

	must(leno_connect(node, read_note(s, ADDRESS_BEHIND)), "leno_connect");
	must(leno_run(node), "leno_run");
}

static void run_far(struct stage *s)
{
	leno_node *node = open_node(NULL, NULL, NULL);

	leave_id(s, node);
	listen_here(s, node, ADDRESS);
	ready(s);
	must(leno_run(node), "leno_run");
}

static struct moment look(const struct stage *s)
{
	const struct board *b = s->board;

	return (struct moment){
		.wakes = { status_of(s->pid[NEAR], "voluntary_ctxt_switches"),
		           status_of(s->pid[FAR], "voluntary_ctxt_switches") },
		.reads = (double)(b->tap_reads[0] + b->tap_reads[1]),
		.bytes = (double)(b->tap_bytes[0] + b->tap_bytes[1]),
	};
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static bool watch(struct stage *s)
{
	const double seconds = WATCH_MS / 1e3;
	struct moment from, to;
	double wakes, memory;

	sleep_ms(SETTLE_MS);
	from = look(s);
	sleep_ms(WATCH_MS);
	to = look(s);
	memory = larger(status_of(s->pid[NEAR], "RssAnon"), status_of(s->pid[FAR], "RssAnon"));
	if (memory < 0 || to.wakes[0] < 0 || to.wakes[1] < 0)
		return false;
	wakes = larger(to.wakes[0] - from.wakes[0], to.wakes[1] - from.wakes[1]);
	report("leno", "idle_memory", 0, memory, "KiB");
	report("leno", "idle_traffic", 0, (to.bytes - from.bytes) / seconds, "B/s");
	report("leno", "idle_wakes", 0, wakes / seconds, "1/s");
	report("leno", "idle_spurious", 0, larger(0, wakes - (to.reads - from.reads)) / seconds,
	       "1/s");
	return true;
}

static bool measure_idle(struct stage *s)
{
	bool ok;

	stage_clear(s, THROUGHPUT, 0, 0);
	stage_start(s, FAR, run_far, 1);
	ok = stage_wait_ready(s, FAR, UP_MS);
	if (ok) {
		stage_start(s, RELAY, tap, -1);
		ok = stage_wait_ready(s, RELAY, UP_MS);
	}
	if (ok) {
		stage_start(s, NEAR, run_near, 0);
		ok = stage_wait_ready(s, NEAR, UP_MS) && watch(s);
	}
	stage_end(s);
	return ok;
}
#endif

const struct figure idle_figures[] = {
#ifndef BENCH_WITHOUT_LENO
	{ "idle", 1, measure_idle },
#endif
	{ NULL, 0, NULL }
};
