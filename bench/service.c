/* service.c - calls of a service, checked against its contract, between two nodes of a network
 * with a secret, over loopback TCP.
 *   leno-call    one after the other; and 100 in flight, each answered one followed by another
 *   flight_lost  100,000 in flight at once: how many were not answered rightly */
#include "harness.h"

#ifndef BENCH_WITHOUT_LENO
#include "node.h"
#include <sys/mman.h>

enum { SIZE = 64, IN_FLIGHT = 100, MANY = 100000, UP_MS = 5000, MANY_MS = 60000 };
enum { ECHO, HOLD };

struct near {
	struct stage *stage;
	leno_node    *node;
	uint8_t       room[SIZE + 16];
	leno_bytes    arguments;
	uint64_t      start_ns, answered, asked;
	bool          up;
};

struct result {
	_Atomic uint64_t right, wrong, held;
};

/* ---- far: who serves ---- */

static leno_incoming **held;
static size_t          n_held;

static leno_bytes first_of(leno_bytes arguments)
{
	leno_unpack u = leno_unpack_from(arguments);
	leno_value head;

	leno_unpack_next(&u, &head);
	return leno_unpack_whole(&u);
}

static void echo(leno_node *node, void *user, leno_incoming *call, leno_bytes arguments)
{
	(void)node, (void)user;
	must(leno_call_reply(call, first_of(arguments)), "leno_call_reply");
}

/* None is answered before all are there. */
static void hold(leno_node *node, void *user, leno_incoming *call, leno_bytes arguments)
{
	struct result *r = ((struct stage *)user)->more;
	(void)node;

	held[n_held++] = call;
	atomic_store(&r->held, n_held);
	if (n_held < MANY)
		return;
	for (size_t i = 0; i < MANY; i++)
		must(leno_call_reply(held[i], first_of(arguments)), "leno_call_reply");
}

static const leno_method methods[] = { { "idempotent echo(b: bin) -> bin", echo },
	                               { "hold(b: bin) -> bin", hold } };

static void far(struct stage *s)
{
	const leno_options o = { .memory_max = (size_t)4 << 30, .queue_max = 64 << 20 };
	leno_service service = { .methods = methods, .n_methods = 2, .concurrency = 2 * MANY };
	leno_node *node = open_node(&o, NULL, s);

	held = calloc(MANY, sizeof *held);
	need(held != NULL, "calloc");
	leave_id(s, node);
	must(leno_service_register(node, "bench", &service, s), "leno_service_register");
	listen_here(s, node, ADDRESS);
	ready(s);
	must(leno_run(node), "leno_run");
}

/* ---- near: who calls ---- */

static void call_one(struct near *me);

static void answered(leno_node *node, void *user, const leno_answer *answer)
{
	struct near *me = user;
	(void)node;

	must(answer->error, "answer");
	if (me->stage->mode == THROUGHPUT)
		received(me->stage, ++me->answered);
	else
		lap(me->stage, me->start_ns);
	call_one(me);
}

static void call_one(struct near *me)
{
	me->start_ns = now_ns();
	must(leno_call(me->node, "bench", "echo", me->arguments, NULL, answered, me, NULL),
	     "leno_call");
}

static void counted(leno_node *node, void *user, const leno_answer *answer)
{
	struct near *me = user;
	struct result *r = me->stage->more;
	const uint8_t *b = answer->data.data;
	(void)node;

	if (answer->error || answer->data.size != SIZE + 2 || b[2] != 'x')
		atomic_fetch_add(&r->wrong, 1);
	else
		atomic_fetch_add(&r->right, 1);
	if (++me->answered == MANY)
		ring(me->stage);
}

static void pump(leno_node *node, void *user, const leno_id *to)
{
	const leno_call_options patient = { .timeout = -1 };
	struct near *me = user;
	int error = 0;
	(void)to;

	while (me->up && me->stage->variant == HOLD && me->asked < MANY && !error) {
		error = leno_call(node, "bench", "hold", me->arguments, &patient, counted, me,
		                  NULL);
		me->asked += !error;
	}
	if (error != LENO_AGAIN)
		must(error, "leno_call");
}

static void begin(leno_node *node, void *user, const leno_service_info *info)
{
	struct near *me = user;
	int in_flight = me->stage->mode == THROUGHPUT ? IN_FLIGHT : 1;

	if (me->up)
		return;
	me->up = true;
	if (me->stage->variant == HOLD)
		pump(node, me, &info->node);
	for (int i = 0; me->stage->variant == ECHO && i < in_flight; i++)
		call_one(me);
}

static void near(struct stage *s)
{
	static const char payload[SIZE] = "x";
	const leno_options o = { .memory_max = (size_t)4 << 30, .queue_max = 64 << 20 };
	struct near me = { .stage = s };
	leno_pack p = leno_pack_into(me.room, sizeof me.room);

	leno_pack_array(&p, 1);
	leno_pack_bin(&p, (leno_bytes){ payload, SIZE });
	me.arguments = leno_pack_bytes(&p);
	me.node = open_node(&o, &(leno_handlers){ .service_up = begin, .writable = pump }, &me);
	must(leno_connect(me.node, read_note(s, ADDRESS)), "leno_connect");
	must(leno_run(me.node), "leno_run");
}

/* ---- many at once ---- */

static bool all_answered(struct stage *s)
{
	const struct result *r = s->more;

	return atomic_load(&r->right) + atomic_load(&r->wrong) == MANY;
}

static bool measure_flight(struct stage *s)
{
	struct result *r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	                        -1, 0);
	uint64_t start;

	if (r == MAP_FAILED)
		return false;
	stage_clear(s, THROUGHPUT, SIZE, HOLD);
	s->more = r;
	stage_start(s, FAR, far, 1);
	if (stage_wait_ready(s, FAR, UP_MS)) {
		start = now_ns();
		stage_start(s, NEAR, near, 0);
		stage_wait(s, all_answered, MANY_MS);
		report("leno", "flight_lost", SIZE, (double)(MANY - atomic_load(&r->right)),
		       "calls");
		report("leno", "flight_time", SIZE, (double)(now_ns() - start) / 1e6, "ms");
	}
	stage_end(s);
	s->more = NULL;
	munmap(r, sizeof *r);
	return true;
}
#endif

const struct peer service_peers[] = {
#ifndef BENCH_WITHOUT_LENO
	{ "leno-call", ECHO, NULL, far, near, far, near, false, 64 },
#endif
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, false, 0 }
};

const struct figure service_figures[] = {
#ifndef BENCH_WITHOUT_LENO
	{ "flight", 2, measure_flight },
#endif
	{ NULL, 0, NULL }
};
