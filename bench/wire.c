/* wire.c - what leno adds on the wire to a message, and to a record.
 * A tap counts the bytes. First single messages are sent, each after the one
 * before was confirmed, so that each is a record of its own; then a crowd that
 * shares records. With o bytes of overhead, n messages and k records each,
 *     o1 = n1 * message + k1 * record
 *     o2 = n2 * message + k2 * record
 * gives both. Heartbeats and the like count as part of the records. */
#include "harness.h"

#ifndef BENCH_WITHOUT_LENO
#include "node.h"
#include <sys/mman.h>

enum { SINGLES = 300, CROWD = 20000, SIZE = 64, DONE_MS = 5000 };

struct count {
	double overhead, messages, records;
};

struct near {
	struct stage *stage;
	leno_id       far;
	bool          up;
	int           sent, confirmed;
	struct count  mark;
};

struct result {                 /* left to the parent */
	struct count singles, crowd;
};

static char payload[SIZE];

static struct count look(const struct near *me, const leno_node *node)
{
	leno_stats stats;

	leno_get_stats(node, &stats);
	return (struct count){
		.overhead = (double)atomic_load(&me->stage->board->tap_bytes[0]) -
		            (double)me->sent * SIZE,
		.messages = me->sent,
		.records  = (double)stats.records_out,
	};
}

static struct count since(struct count mark, struct count now)
{
	return (struct count){
		now.overhead - mark.overhead,
		now.messages - mark.messages,
		now.records - mark.records,
	};
}

static int send_one(struct near *me, leno_node *node)
{
	const int error = leno_send(node, &me->far, "b", (leno_bytes){ payload, SIZE }, NULL);

	if (error && error != LENO_AGAIN)
		must(error, "leno_send");
	if (!error)
		me->sent++;
	return error;
}

static void send_crowd(leno_node *node, void *user, const leno_id *to)
{
	struct near *me = user;

	(void)to;
	while (me->confirmed > SINGLES && me->sent < SINGLES + 1 + CROWD && !send_one(me, node))
		;
}

/* The first message pays for the session and the name of the type: it is no part. */
static void take_outcome(leno_node *node, void *user, const leno_id *to, uint64_t first,
                         uint64_t last, enum leno_outcome outcome, int error)
{
	struct near *me = user;
	struct result *r = me->stage->more;

	if (outcome != LENO_CONFIRMED)
		must(error ? error : LENO_INTERNAL, "confirmation");
	/* The name of the type went before the first message, under a number of its own. */
	me->confirmed += me->confirmed ? (int)(last - first + 1) : 1;
	if (me->confirmed == 1)
		me->mark = look(me, node);
	if (me->confirmed == SINGLES + 1) {
		r->singles = since(me->mark, look(me, node));
		me->mark = look(me, node);
		send_crowd(node, me, to);
	} else if (me->confirmed == SINGLES + 1 + CROWD) {
		r->crowd = since(me->mark, look(me, node));
		ready(me->stage);
	} else if (me->confirmed <= SINGLES)
		send_one(me, node);
}

static void begin(leno_node *node, void *user, const leno_info *info)
{
	struct near *me = user;

	if (me->up || !is_left_id(me->stage, &info->id))
		return;
	me->up = true;
	me->far = info->id;
	send_one(me, node);
}

static void run_near(struct stage *s)
{
	struct near me = { .stage = s };
	leno_node *node = open_node(NULL, &(leno_handlers){ .node_up = begin, .sent = take_outcome,
	                                                    .writable = send_crowd }, &me);

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

static bool solve(const struct result *r)
{
	const struct count a = r->singles, b = r->crowd;
	const double det = a.messages * b.records - b.messages * a.records;

	if (det > -1 && det < 1)
		return false;
	report("leno", "wire_message", SIZE,
	       (a.overhead * b.records - b.overhead * a.records) / det, "B");
	report("leno", "wire_record", SIZE,
	       (a.messages * b.overhead - b.messages * a.overhead) / det, "B");
	report("leno", "wire_batch", SIZE, b.messages / b.records, "msg/record");
	return true;
}

static bool measure_wire(struct stage *s)
{
	struct result *r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	                        -1, 0);
	bool ok;

	if (r == MAP_FAILED)
		return false;
	stage_clear(s, THROUGHPUT, SIZE, 0);
	s->more = r;
	stage_start(s, FAR, run_far, 1);
	ok = stage_wait_ready(s, FAR, DONE_MS);
	if (ok) {
		stage_start(s, RELAY, tap, -1);
		ok = stage_wait_ready(s, RELAY, DONE_MS);
	}
	if (ok) {
		stage_start(s, NEAR, run_near, 0);
		ok = stage_wait_ready(s, NEAR, DONE_MS) && solve(r);
	}
	stage_end(s);
	munmap(r, sizeof *r);
	return ok;
}
#endif

const struct figure wire_figures[] = {
#ifndef BENCH_WITHOUT_LENO
	{ "wire", 5, measure_wire },
#endif
	{ NULL, 0, NULL }
};
