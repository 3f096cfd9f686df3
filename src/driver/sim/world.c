/* world.c - virtual time: a heap of events, a source of chance, a running digest.
 *
 * Events are ordered by (time, serial), so that equal times keep the order in which
 * they were thought of. An event of a node's life goes through one gate, fire(): the
 * dead do not hear it, the frozen hear it when they thaw.
 *
 *  1. Time stops at the first broken promise.
 *  2. The digest covers what nodes saw and what pipes carried, never an address. */
#include "world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	SAMPLE_US = 1000000 /* memory is looked at so often */
};

void *world_grow(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p) {
		fputs("leno-sim: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *world_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p) {
		fputs("leno-sim: out of memory\n", stderr);
		abort();
	}
	return p;
}

/* ---- chance ------------------------------------------------------------------ */

/* splitmix64 (Steele, Lea, Flood 2014): spreads a seed, and mixes small numbers. */
uint64_t world_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static uint64_t rotl(uint64_t x, unsigned n)
{
	return (x << n) | (x >> (64 - n));
}

/* xoshiro256** (Blackman, Vigna 2018). It moves the world alone; the engines expand
 * the seeds that it gives them with their own ChaCha20. */
static uint64_t chance(struct sim *sim)
{
	uint64_t *s = sim->random;
	uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint64_t sim_random(struct sim *sim, uint64_t below)
{
	return below ? chance(sim) % below : 0;
}

/* ---- digest and trace -------------------------------------------------------- */

/* FNV-1a over words of eight bytes: a difference anywhere changes all that follows. */
void world_hash(struct sim *sim, const void *data, size_t size)
{
	const uint8_t *p = data;
	uint64_t h = sim->digest;

	for (; size >= 8; size -= 8, p += 8) {
		uint64_t word = 0;

		for (unsigned i = 0; i < 8; i++) /* little-endian everywhere */
			word |= (uint64_t)p[i] << (8 * i);
		h = (h ^ word) * 0x100000001b3;
		h ^= h >> 32;
	}
	for (; size; size--)
		h = (h ^ *p++) * 0x100000001b3;
	sim->digest = h;
}

static void hash_number(struct sim *sim, uint64_t n)
{
	sim->digest = (sim->digest ^ n) * 0x100000001b3;
	sim->digest ^= sim->digest >> 32;
}

/* A handler ran: kind is its letter. */
void world_note(struct sim_node *node, char kind, uint64_t a, uint64_t b, uint64_t c)
{
	struct sim *sim = node->sim;

	hash_number(sim, sim->now_us);
	hash_number(sim, (uint64_t)(unsigned char)kind << 32 | node->index);
	hash_number(sim, a);
	hash_number(sim, b);
	hash_number(sim, c);
}

void world_tell(struct sim_node *node, const char *format, ...)
{
	struct sim *sim = node->sim;
	va_list args;

	if (!sim->trace)
		return;
	fprintf(sim->trace, "%5" PRIu64 ".%06" PRIu64 " %-8s ", sim->now_us / 1000000,
	        sim->now_us % 1000000, node->name);
	va_start(args, format);
	vfprintf(sim->trace, format, args);
	va_end(args);
	fputc('\n', sim->trace);
}

/* The first broken promise is kept: those behind it are its consequences. */
void world_fail(struct sim *sim, const char *format, ...)
{
	va_list args;
	int n;

	if (sim->failed)
		return;
	sim->failed = true;
	n = snprintf(sim->failure, sizeof sim->failure,
	             "at %" PRIu64 ".%06" PRIu64 " s: ", sim->now_us / 1000000,
	             sim->now_us % 1000000);
	va_start(args, format);
	vsnprintf(sim->failure + n, sizeof sim->failure - (size_t)n, format, args);
	va_end(args);
	if (sim->trace)
		fprintf(sim->trace, "BROKEN %s\n", sim->failure);
}

/* ---- events ------------------------------------------------------------------ */

static bool before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->serial < b->serial;
}

static void sift_up(struct event *heap, size_t i)
{
	struct event moved = heap[i];

	for (; i && before(&moved, &heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = moved;
}

static void sift_down(struct event *heap, size_t n)
{
	struct event moved = heap[0];
	size_t i = 0;

	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && before(&heap[child + 1], &heap[child]))
			child++;
		if (!before(&heap[child], &moved))
			break;
		heap[i] = heap[child];
	}
	heap[i] = moved;
}

/* The result may be amended (user) until the next push. */
struct event *world_push(struct sim *sim, uint64_t at, event_fn *fire, struct sim_node *node,
                         struct pipe *pipe, int side, uint64_t arg)
{
	struct event e = { .at = at < sim->now_us ? sim->now_us : at,
		           .serial = ++sim->serial,
		           .fire = fire,
		           .node = node,
		           .life = node ? node->life : 0,
		           .side = side,
		           .pipe = pipe,
		           .arg = arg };
	size_t i = sim->n_events++;

	if (i == sim->events_room) {
		sim->events_room = sim->events_room ? 2 * sim->events_room : 256;
		sim->heap = world_grow(sim->heap, sim->events_room * sizeof *sim->heap);
	}
	if (pipe)
		wire_ref(pipe);
	sim->heap[i] = e;
	sift_up(sim->heap, i);
	for (; sim->heap[i].serial != e.serial; i = (i - 1) / 2)
		;
	return &sim->heap[i];
}

static struct event pop(struct sim *sim)
{
	struct event first = sim->heap[0];

	sim->heap[0] = sim->heap[--sim->n_events];
	if (sim->n_events)
		sift_down(sim->heap, sim->n_events);
	return first;
}

void world_defer(struct sim_node *node, const struct event *e)
{
	if (node->n_deferred == node->deferred_room) {
		node->deferred_room = node->deferred_room ? 2 * node->deferred_room : 16;
		node->deferred =
			world_grow(node->deferred, node->deferred_room * sizeof *node->deferred);
	}
	node->deferred[node->n_deferred++] = *e;
}

void world_release(struct sim_node *node)
{
	for (size_t i = 0; i < node->n_deferred; i++) {
		const struct event *e = &node->deferred[i];
		struct event *again = world_push(node->sim, node->sim->now_us, e->fire, node,
		                                 e->pipe, e->side, e->arg);

		again->user = e->user;
		again->owns = e->owns;
		again->life = e->life;
		if (e->pipe)
			wire_unref(e->pipe);
	}
	node->n_deferred = 0;
}

void world_forget(struct sim_node *node)
{
	for (size_t i = 0; i < node->n_deferred; i++) {
		if (node->deferred[i].pipe)
			wire_unref(node->deferred[i].pipe);
		if (node->deferred[i].owns)
			free(node->deferred[i].user);
	}
	node->n_deferred = 0;
}

static void fire(struct sim *sim, const struct event *e)
{
	struct sim_node *node = e->node;

	if (node && node->leno && node->life == e->life && node->frozen) {
		world_defer(node, e); /* with its pipe and what it owns */
		return;
	}
	if (!node || (node->leno && node->life == e->life))
		e->fire(sim, e);
	if (e->pipe)
		wire_unref(e->pipe);
	if (e->owns)
		free(e->user);
}

/* ---- running ----------------------------------------------------------------- */

/* Stories may have called leno.h directly: take what that made. */
static void take_outputs(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_nodes; i++) {
		struct sim_node *node = sim->nodes[i];

		if (!node->leno || node->frozen || !node->touched)
			continue;
		node->touched = false;
		node_enter(node);
		node_leave(node);
	}
}

static bool run(struct sim *sim, const bool *flag, uint64_t us)
{
	uint64_t end = sim->now_us + us;

	take_outputs(sim);
	while (!sim->failed && !(flag && *flag) && sim->n_events && sim->heap[0].at <= end) {
		struct event e = pop(sim);

		sim->now_us = e.at;
		fire(sim, &e);
		if (sim->now_us - sim->sampled_us >= SAMPLE_US) {
			sim->sampled_us = sim->now_us;
			audit_memory(sim);
		}
	}
	if (!sim->failed && !(flag && *flag))
		sim->now_us = end;
	return !sim->failed && (!flag || *flag);
}

bool sim_run(struct sim *sim, uint64_t us)
{
	return run(sim, NULL, us);
}

bool sim_run_until(struct sim *sim, const bool *flag, uint64_t us)
{
	return run(sim, flag, us);
}

struct call {
	void (*fn)(struct sim *, void *);
	void *arg;
	bool owns;
};

static void call_later(struct sim *sim, const struct event *e)
{
	struct call *call = e->user;

	call->fn(sim, call->arg);
	if (call->owns)
		free(call->arg);
}

static void after(struct sim *sim, uint64_t us, struct call what)
{
	struct call *call = world_alloc(sizeof *call);
	struct event *e = world_push(sim, sim->now_us + us, call_later, NULL, NULL, 0, 0);

	*call = what;
	e->user = call;
	e->owns = true;
}

void sim_after(struct sim *sim, uint64_t us, void (*fn)(struct sim *, void *arg), void *arg)
{
	after(sim, us, (struct call){ fn, arg, false });
}

void sim_after_own(struct sim *sim, uint64_t us, void (*fn)(struct sim *, void *arg), void *arg)
{
	after(sim, us, (struct call){ fn, arg, true });
}

/* ---- beginning and end ------------------------------------------------------- */

struct sim *sim_new(uint64_t seed)
{
	struct sim *sim = world_alloc(sizeof *sim);

	sim->seed = seed;
	sim->digest = 0xcbf29ce484222325;
	for (uint64_t i = 0; i < 4; i++)
		sim->random[i] = world_mix(seed + i * 0x632be59bd9b4e019);
	sim->taken = world_alloc(SIM_READ_MAX);
	sim->made = world_alloc(SIM_READ_MAX);
	ledger_open(sim);
	return sim;
}

void sim_free(struct sim *sim)
{
	if (!sim)
		return;
	for (uint32_t i = 0; i < sim->n_nodes; i++)
		if (sim->nodes[i]->leno)
			node_end(sim->nodes[i], true);
	while (sim->n_events) {
		struct event e = pop(sim);

		if (e.fire == call_later && ((struct call *)e.user)->owns)
			free(((struct call *)e.user)->arg);
		if (e.owns)
			free(e.user);
		if (e.pipe)
			wire_unref(e.pipe);
	}
	ledger_close(sim);
	wire_free_all(sim);
	for (uint32_t i = 0; i < sim->n_nodes; i++) {
		struct sim_node *node = sim->nodes[i];

		for (size_t u = 0; u < node->n_uris; u++)
			free(node->uris[u]);
		free(node->uris);
		for (size_t k = 0; k < node->n_doors; k++)
			free(node->doors[k]);
		free(node->slots);
		free(node->deferred);
		free(node->cables);
		free(node->log);
		keys_free(node);
		free(node);
	}
	free(sim->nodes);
	free(sim->by_id);
	free(sim->heap);
	free(sim->taken);
	free(sim->made);
	free(sim);
}

uint64_t sim_now(const struct sim *sim)
{
	return sim->now_us;
}

uint64_t sim_digest(const struct sim *sim)
{
	return sim->digest;
}

uint64_t sim_bytes(const struct sim *sim)
{
	return sim->bytes;
}

void sim_trace(struct sim *sim, FILE *file)
{
	sim->trace = file;
}

void sim_mute(struct sim *sim, bool muted)
{
	sim->muted = muted;
}

const char *sim_failure(const struct sim *sim)
{
	return sim->failed ? sim->failure : NULL;
}

bool sim_invariants(struct sim *sim)
{
	audit_memory(sim);
	audit_counters(sim);
	if (sim->failed && !sim->muted)
		fprintf(stderr, "seed %" PRIu64 ": %s\n", sim->seed, sim->failure);
	return !sim->failed;
}
