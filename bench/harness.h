/* harness.h - how every peer is measured, and what its file may use for it.
 *
 * Each measurement forks its roles into processes of their own and ends them:
 *
 *   throughput   source --> [relay] --> sink    the sink counts what it holds
 *   round trip   ping  <--> [relay] <--> echo   one message in flight
 *   first        as round trip, from the start of ping to its first reply:
 *                the set-up of its library, connect, handshake, one round trip
 *   allocations  as throughput, with every malloc of every role counted
 *
 * source and ping have one CPU, sink and echo another, a relay may run on
 * both. Threads that a library starts stay on the CPU of their process.
 * Listening roles bind port 0 and leave the address on the board, where the
 * others read it. The parent sleeps while roles run, and reads counters.
 *
 *  1. The parent starts no thread and calls no library that is measured, so
 *     that each role begins with a clean process.
 *  2. Every wait of the parent has an end, and every role dies with it.
 *  3. A measurement that failed leaves a sentence, and no figure. */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum {
	MESSAGE_MAX = 64 * 1024,    /* largest payload that is measured          */
	DEPTH       = 1000,         /* messages a queue may hold, as libzmq ships */
	LAPS_MAX    = 1 << 18,      /* round trips kept from one window          */
	NOTES       = 4,            /* sentences the roles can leave each other  */
	NOTE_SIZE   = 256,
	ROLES_MAX   = 128,
	CACHE_LINES = 128           /* apart enough that no prefetch shares them */
};

enum mode { THROUGHPUT, ROUND_TRIP, FIRST, ALLOCATIONS };
enum phase { WARM, MEASURE };
enum role { RELAY, FAR, NEAR }; /* far: sink and echo; near: source and ping */
enum note { ADDRESS, ADDRESS_BEHIND, KEY, KEY_BEHIND };  /* of the relay's far side */

/* Shared by the parent and all roles of one measurement. */
struct board {
	alignas(CACHE_LINES) _Atomic uint64_t received;     /* by the sink  */
	alignas(CACHE_LINES) _Atomic uint64_t allocations;  /* by all roles */
	alignas(CACHE_LINES) _Atomic int phase;
	_Atomic bool     ready[ROLES_MAX];
	_Atomic uint64_t start_ns;                          /* of near      */
	_Atomic uint64_t reply_ns;                          /* its first    */
	char             note[NOTES][NOTE_SIZE];
	_Atomic uint64_t tap_bytes[2];                      /* from near, from far */
	_Atomic uint64_t tap_reads[2];
	alignas(CACHE_LINES) _Atomic uint32_t laps;
	uint32_t         lap_ns[LAPS_MAX];
};

/* One measurement, as its roles and the parent see it. */
struct stage {
	struct board *board;
	enum mode     mode;
	size_t        size;         /* of the payload                            */
	int           variant;      /* from the row of the peer                  */
	int           self;         /* which role this process is                */
	int           awaited;      /* by stage_wait_ready                       */
	void         *more;         /* shared memory of a figure's own, or NULL  */
	int           bell[2];      /* a pipe: roles ring, the parent wakes      */
	pid_t         pid[ROLES_MAX];
};

typedef void role_fn(struct stage *);

struct peer {
	const char *name;
	int         variant;
	role_fn    *relay;          /* NULL: source and sink meet directly       */
	role_fn    *sink, *source;  /* NULL: no throughput                       */
	role_fn    *echo, *ping;    /* NULL: no round trips                      */
	bool        counted;        /* its allocations are a figure too          */
	size_t      only;           /* the one size at which it is measured, or 0 */
};

/* What is not a stream of messages between two ends: run by the parent, which
 * starts its own roles and reports what it finds. */
struct figure {
	const char *name;
	int         passes_max;     /* slow ones do not take part in every pass  */
	bool      (*measure)(struct stage *);
};

bool peer_chosen(const char *name);     /* by option -p; for figures of several peers */

/* The shared library whose text is measured (option -l), or NULL. */
extern const char *leno_library;

/* Tables, each ended by a row without a name; empty where the library was not
 * found by the build. */
extern const struct peer tcp_peers[], tls_peers[], ws_peers[], http_peers[], udp_peers[], zmq_peers[],
	nng_peers[], nats_peers[], leno_peers[], service_peers[], stream_peers[];
extern const struct figure text_figures[], wire_figures[], idle_figures[],
	notice_figures[], scale_figures[], group_figures[], state_figures[], service_figures[];

/* ---- for roles ---- */

_Noreturn void fail(const char *what, const char *why);
static inline void need(bool ok, const char *what)
{
	if (!ok)
		fail(what, strerror(errno));
}

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* The sink holds that many messages, counted from its start. */
static inline void received(struct stage *s, uint64_t total)
{
	atomic_store_explicit(&s->board->received, total, memory_order_relaxed);
}

/* A round trip that began then has just ended. */
void lap(struct stage *, uint64_t start_ns);

/* This role can be talked to: its address and keys are on the board. */
void ready(struct stage *);
void ring(struct stage *);

void        leave_note(struct stage *, enum note, const char *text);
const char *read_note(const struct stage *, enum note);

/* A role between near and far that passes on bytes and counts them: far is at
 * ADDRESS, near finds the tap at ADDRESS_BEHIND; both are tcp URIs. */
void tap(struct stage *);

/* TCP on loopback, for the peers that are made of it and for taps. Those that
 * take or give bytes end the process quietly when the other end is gone. */
int  bench_listen(int *ret_port);
int  bench_accept(int listener);
int  bench_dial(int port);
void read_all(int fd, void *, size_t);
void write_all(int fd, const void *, size_t);

/* ---- for the parent and its figures ---- */

extern int  window_ms, warm_ms;
extern bool verbose;

bool     stage_init(struct stage *);
void     stage_clear(struct stage *, enum mode, size_t size, int variant);
void     stage_start(struct stage *, int role, role_fn *, int cpu); /* cpu -1: any */
bool     stage_wait_ready(struct stage *, int role, int timeout_ms);
bool     stage_wait(struct stage *, bool (*done)(struct stage *), int timeout_ms);
void     stage_kill(struct stage *, int role);  /* at once, and waits for its end */
void     stage_end(struct stage *);             /* of all roles */
double   stage_cpu_ns(const struct stage *, int role);
void     sleep_ms(int);

/* What one measurement gave; what its mode does not measure is 0. */
struct sample {
	double rate;                /* messages a second, counted by the sink    */
	double cpu_ns;              /* of all roles, a message                   */
	double relay_ns;            /* of the relay alone, a message             */
	double allocations;         /* of all roles, a message                   */
	double p50_us, p99_us, first_us;
	double others;              /* part of the CPUs that other work took     */
};

/* False, with a sentence on stderr, if nothing came through. */
bool measure(struct stage *, const struct peer *, enum mode, size_t, struct sample *ret);

/* ---- allocations (alloc.c) ---- */

/* From here on each malloc, calloc and realloc of this process adds one. False
 * where that cannot be done. */
bool count_allocations(_Atomic uint64_t *into);

/* ---- results (report.c) ---- */

void report(const char *peer, const char *metric, size_t, double, const char *unit);
void report_print(FILE *);      /* the median of what was reported, line by line */

#endif
