/* group.c - one sender and a hundred members on one machine, each a process: messages a second
 * that all of them get.
 *   leno    leno_group_send(), the members linked to the sender (local:)
 *   zmq     a loop of zmq_send() over a socket for each member (PUSH to PULL, ipc)
 * Bytes on the wire, a message and member: leno's as it counts them on its pipes; of ZeroMQ the
 * payload and the two bytes that ZMTP puts before a frame of that size. */
#include "harness.h"

#include <assert.h>
#include <sys/mman.h>

enum { MEMBERS = 100, SENDER = MEMBERS, SIZE = 64, UP_MS = 20000, WIRE_ZMQ = 2,
       COUNT_MS = 10 };
static_assert((int)SENDER < (int)ROLES_MAX, "each member is a role, and the sender");

struct hall {                           /* shared by all */
	char path[NOTE_SIZE];           /* of a socket; ZeroMQ's go on with a number */
	struct {
		alignas(CACHE_LINES) _Atomic uint64_t got;
	} member[MEMBERS];
	_Atomic uint64_t bytes_out;     /* of the sender, all included              */
};

static char payload[SIZE];

#ifndef BENCH_WITHOUT_LENO
#include "node.h"

static leno_bytes key_of_hall(void)
{
	return (leno_bytes){ "bench", 5 };
}

static void count(leno_group *group, void *user, const leno_id *from, const char *type,
                  leno_bytes data, bool alone)
{
	struct stage *s = user;
	struct hall *h = s->more;
	static uint64_t n;                      /* a plain store, as on ZeroMQ's side */

	(void)group, (void)from, (void)type, (void)data, (void)alone;
	atomic_store_explicit(&h->member[s->self].got, ++n, memory_order_relaxed);
}

static void say_all(leno_group *group, void *user)
{
	(void)user;
	if (leno_group_count(group) < MEMBERS + 1)
		return;
	while (!leno_group_send(group, "b", (leno_bytes){ payload, SIZE }, NULL))
		;
}

static void tell_bytes(leno_node *node, void *arg)
{
	struct hall *h = arg;
	leno_stats stats;

	leno_get_stats(node, &stats);
	atomic_store(&h->bytes_out, stats.bytes_out);
	must(leno_after(node, COUNT_MS, tell_bytes, h, NULL), "leno_after");
}

static void on_joined(leno_group *group, void *user, const leno_id *id)
{
	(void)id;
	say_all(group, user);
}

static void run_member(struct stage *s)
{
	struct hall *h = s->more;
	static const leno_group_handlers handlers = { .message = count };
	const leno_options o = { .endpoint = true };
	leno_node *node = open_node(&o, NULL, s);
	leno_group *group;

	must(leno_group_join(node, key_of_hall(), &handlers, s, &group), "leno_group_join");
	must(leno_connect(node, h->path), "leno_connect");
	ready(s);
	must(leno_run(node), "leno_run");
}

static void run_sender(struct stage *s)
{
	struct hall *h = s->more;
	static const leno_group_handlers handlers = { .joined = on_joined, .writable = say_all };
	leno_node *node = open_node(NULL, NULL, s);
	leno_group *group;

	must(leno_group_join(node, key_of_hall(), &handlers, s, &group), "leno_group_join");
	must(leno_listen(node, h->path), "leno_listen");
	tell_bytes(node, h);
	ready(s);
	must(leno_run(node), "leno_run");
}
#endif

#ifdef HAVE_ZMQ
#include <zmq.h>

static void *open_at(void *context, const struct hall *h, int type, int member)
{
	char uri[NOTE_SIZE + 32];
	const int none = 0;
	void *z = zmq_socket(context, type);

	need(z && !zmq_setsockopt(z, ZMQ_LINGER, &none, sizeof none), "zmq_socket");
	snprintf(uri, sizeof uri, "ipc://%s.%d", h->path + sizeof "local:" - 1, member);
	need(type == ZMQ_PULL ? !zmq_bind(z, uri) : !zmq_connect(z, uri), uri);
	return z;
}

static void zmq_member(struct stage *s)
{
	struct hall *h = s->more;
	void *z = open_at(zmq_ctx_new(), h, ZMQ_PULL, s->self);
	zmq_msg_t m;

	zmq_msg_init(&m);
	ready(s);
	for (uint64_t n = 1; zmq_msg_recv(&m, z, 0) >= 0; n++)
		atomic_store_explicit(&h->member[s->self].got, n, memory_order_relaxed);
}

static void zmq_sender(struct stage *s)
{
	void *context = zmq_ctx_new(), *z[MEMBERS];

	for (int i = 0; i < MEMBERS; i++)
		z[i] = open_at(context, s->more, ZMQ_PUSH, i);
	ready(s);
	for (;;)
		for (int i = 0; i < MEMBERS; i++)
			if (zmq_send(z[i], payload, SIZE, 0) < 0)
				return;
}
#endif

static uint64_t sum(struct stage *s)
{
	struct hall *h = s->more;
	uint64_t all = 0;

	for (int i = 0; i < MEMBERS; i++)
		all += atomic_load(&h->member[i].got);
	return all;
}

static bool all_hear(struct stage *s)
{
	struct hall *h = s->more;

	for (int i = 0; i < MEMBERS; i++)
		if (atomic_load(&h->member[i].got) == 0)
			return false;
	return true;
}

/* Of the sender and all members. */
static double cpu_ns(struct stage *s)
{
	double all = 0;

	for (int i = 0; i <= MEMBERS; i++)
		all += stage_cpu_ns(s, i);
	return all;
}

static void report_hall(struct stage *s, const char *peer, bool counted)
{
	struct hall *h = s->more;
	uint64_t from, bytes, upto, start;
	double cpu;

	sleep_ms(2 * warm_ms);
	start = now_ns();
	from = sum(s);
	bytes = atomic_load(&h->bytes_out);
	cpu = cpu_ns(s);
	sleep_ms(4 * window_ms);
	upto = sum(s);
	report(peer, "group", SIZE,
	       (double)(upto - from) / MEMBERS / ((double)(now_ns() - start) / 1e9), "msg/s");
	if (upto == from)
		return;
	report(peer, "group_cpu", SIZE, (cpu_ns(s) - cpu) / (double)(upto - from), "ns");
	report(peer, "group_wire", SIZE,
		       counted ? (double)(atomic_load(&h->bytes_out) - bytes) / (double)(upto - from)
		               : SIZE + WIRE_ZMQ, "B");
}

/* The members start first, or the sender, whose socket they look for. */
static bool measure_hall(struct stage *s, const char *peer, role_fn *member, role_fn *sender,
                         bool sender_first)
{
	struct hall *h = mmap(NULL, sizeof *h, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	                      -1, 0);
	char folder[] = "/tmp/leno-bench.XXXXXX", path[NOTE_SIZE + 32];
	bool ok = true;

	if (h == MAP_FAILED || !mkdtemp(folder))
		return false;
	stage_clear(s, THROUGHPUT, SIZE, 0);
	s->more = h;
	snprintf(h->path, sizeof h->path, "local:%s/hall", folder);
	for (int i = 0; ok && i <= MEMBERS; i++) {
		const int role = sender_first ? (i + MEMBERS) % (MEMBERS + 1) : i;

		stage_start(s, role, role == SENDER ? sender : member, -1);
		ok = stage_wait_ready(s, role, UP_MS);
	}
	for (int i = 0; ok && i < UP_MS / 10 && !all_hear(s); i++)
		sleep_ms(10);
	ok = ok && all_hear(s);
	if (ok)
		report_hall(s, peer, sender_first);
	stage_end(s);
	for (int i = 0; i < MEMBERS; i++) {
		snprintf(path, sizeof path, "%s/hall.%d", folder, i);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/hall", folder);
	unlink(path);
	rmdir(folder);
	munmap(h, sizeof *h);
	return ok;
}

static bool measure_group(struct stage *s)
{
	bool ok = true;

#ifdef HAVE_ZMQ
	if (peer_chosen("zmq"))
		ok = measure_hall(s, "zmq", zmq_member, zmq_sender, false);
#endif
#ifndef BENCH_WITHOUT_LENO
	if (peer_chosen("leno"))
		ok = measure_hall(s, "leno", run_member, run_sender, true) && ok;
#endif
	return ok;
}

const struct figure group_figures[] = {
	{ "group", 3, measure_group },
	{ NULL, 0, NULL }
};
