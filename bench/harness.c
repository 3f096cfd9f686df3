/* harness.c - forks the roles of one measurement, samples, ends them.
 * Owns the processes and the board between stage_clear and stage_end. */
#include "harness.h"
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum {
	UP_MS   = 5000,             /* for a role to be ready, or a first message */
	LOOK_MS = 20                /* between looks whether roles are still there */
};

int  window_ms = 150, warm_ms = 50;
bool verbose;
const char *leno_library;

/* ---- roles ---- */

void fail(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	_exit(1);
}

void ring(struct stage *s)
{
	const char c = 0;

	if (write(s->bell[1], &c, 1) < 0)      /* full: the parent wakes anyway */
		return;
}

void ready(struct stage *s)
{
	atomic_store(&s->board->ready[s->self], true);
	ring(s);
}

void lap(struct stage *s, uint64_t start_ns)
{
	struct board *b = s->board;
	const uint64_t now = now_ns();
	const uint32_t n = atomic_load_explicit(&b->laps, memory_order_relaxed);

	if (!atomic_load_explicit(&b->reply_ns, memory_order_relaxed)) {
		atomic_store(&b->reply_ns, now);
		ring(s);
	}
	if (atomic_load_explicit(&b->phase, memory_order_relaxed) != MEASURE || n == LAPS_MAX)
		return;
	b->lap_ns[n] = (uint32_t)(now - start_ns);
	atomic_store_explicit(&b->laps, n + 1, memory_order_release);
}

void leave_note(struct stage *s, enum note which, const char *text)
{
	snprintf(s->board->note[which], NOTE_SIZE, "%s", text);
}

const char *read_note(const struct stage *s, enum note which)
{
	return s->board->note[which];
}

/* ---- the stage ---- */

bool stage_init(struct stage *s)
{
	void *p = mmap(NULL, sizeof *s->board, PROT_READ | PROT_WRITE,
	               MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*s = (struct stage){ 0 };
	if (p == MAP_FAILED || pipe2(s->bell, O_NONBLOCK | O_CLOEXEC))
		return false;
	s->board = p;
	return true;
}

static void empty_bell(struct stage *s)
{
	char buf[256];

	while (read(s->bell[0], buf, sizeof buf) > 0)
		;
}

void stage_clear(struct stage *s, enum mode mode, size_t size, int variant)
{
	memset(s->board, 0, sizeof *s->board);
	empty_bell(s);
	s->mode = mode;
	s->size = size;
	s->variant = variant;
}

/* The nth CPU that this process may use; fewer CPUs than roles are shared. */
static void pin(int nth)
{
	cpu_set_t may, one;
	size_t i;
	int count;

	if (sched_getaffinity(0, sizeof may, &may) || (count = CPU_COUNT(&may)) < 2)
		return;
	nth %= count;
	for (i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &may) && nth-- == 0)
			break;
	CPU_ZERO(&one);
	CPU_SET(i, &one);
	sched_setaffinity(0, sizeof one, &one);
}

void stage_start(struct stage *s, int role, role_fn *fn, int cpu)
{
	const pid_t parent = getpid();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid) {
		s->pid[role] = pid > 0 ? pid : 0;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)               /* it died before we said so */
		_exit(1);
	signal(SIGPIPE, SIG_IGN);
	s->self = role;
	if (cpu >= 0)
		pin(cpu);
	if (s->mode == ALLOCATIONS && !count_allocations(&s->board->allocations))
		_exit(1);
	if (role == NEAR)
		atomic_store(&s->board->start_ns, now_ns());
	fn(s);
	_exit(0);
}

static bool someone_died(struct stage *s)
{
	for (int i = 0; i < ROLES_MAX; i++) {
		siginfo_t info = { .si_pid = 0 };

		if (s->pid[i] && (waitid(P_PID, (id_t)s->pid[i], &info,
		                         WEXITED | WNOHANG | WNOWAIT) || info.si_pid))
			return true;
	}
	return false;
}

bool stage_wait(struct stage *s, bool (*done)(struct stage *), int timeout_ms)
{
	const uint64_t end = now_ns() + (uint64_t)timeout_ms * 1000000U;
	struct pollfd p = { .fd = s->bell[0], .events = POLLIN };

	while (!done(s)) {
		if (now_ns() > end || someone_died(s))
			return done(s);
		if (poll(&p, 1, LOOK_MS) > 0)
			empty_bell(s);
	}
	return true;
}

static bool is_ready(struct stage *s)
{
	return atomic_load(&s->board->ready[s->awaited]);
}

static bool has_received(struct stage *s)
{
	return atomic_load(&s->board->received) > 0;
}

static bool has_reply(struct stage *s)
{
	return atomic_load(&s->board->reply_ns) > 0;
}

bool stage_wait_ready(struct stage *s, int role, int timeout_ms)
{
	s->awaited = role;
	return stage_wait(s, is_ready, timeout_ms);
}

void stage_kill(struct stage *s, int role)
{
	if (!s->pid[role])
		return;
	kill(s->pid[role], SIGKILL);
	waitpid(s->pid[role], NULL, 0);
	s->pid[role] = 0;
}

void stage_end(struct stage *s)
{
	for (int i = 0; i < ROLES_MAX; i++)     /* all first, so that none sees another go */
		if (s->pid[i])
			kill(s->pid[i], SIGKILL);
	for (int i = 0; i < ROLES_MAX; i++)
		stage_kill(s, i);
}

double stage_cpu_ns(const struct stage *s, int role)
{
	clockid_t clock;
	struct timespec t;

	if (!s->pid[role] || clock_getcpuclockid(s->pid[role], &clock) || clock_gettime(clock, &t))
		return 0;
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

void sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* ---- one measurement ---- */

/* Counters at one moment; a window is the difference of two. */
struct moment {
	double ns, received, allocations, cpu_ns, relay_ns, idle_ns;
};

/* What all CPUs together had nothing to do, since the machine started. */
static double idle_ns(void)
{
	unsigned long long idle = 0, waiting = 0;
	FILE *f = fopen("/proc/stat", "r");

	if (!f)
		return 0;
	if (fscanf(f, "cpu %*u %*u %*u %llu %llu", &idle, &waiting) != 2)
		idle = waiting = 0;
	fclose(f);
	return (double)(idle + waiting) * 1e9 / (double)sysconf(_SC_CLK_TCK);
}

static struct moment look(const struct stage *s)
{
	struct moment m;

	m.ns          = (double)now_ns();
	m.received    = (double)atomic_load(&s->board->received);
	m.allocations = (double)atomic_load(&s->board->allocations);
	m.relay_ns    = stage_cpu_ns(s, RELAY);
	m.cpu_ns      = stage_cpu_ns(s, NEAR) + stage_cpu_ns(s, FAR) + m.relay_ns;
	m.idle_ns     = idle_ns();
	return m;
}

static int by_length(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Not before the roles have ended: it sorts what ping writes. */
static void read_laps(struct board *b, struct sample *ret)
{
	const uint32_t n = atomic_load(&b->laps);

	if (!n)
		return;
	qsort(b->lap_ns, n, sizeof *b->lap_ns, by_length);
	ret->p50_us = b->lap_ns[n / 2] / 1e3;
	ret->p99_us = b->lap_ns[(uint64_t)n * 99 / 100] / 1e3;
}

static void read_window(struct stage *s, struct moment from, struct moment to, struct sample *ret)
{
	const double cpus = (double)sysconf(_SC_NPROCESSORS_ONLN);
	const double span = (to.ns - from.ns) * cpus;
	const double n = to.received - from.received;
	const double others = span - (to.idle_ns - from.idle_ns) - (to.cpu_ns - from.cpu_ns);

	ret->others = others > 0 ? others / span : 0;
	if (s->mode == ROUND_TRIP)
		read_laps(s->board, ret);
	if (n <= 0)
		return;
	ret->rate        = n * 1e9 / (to.ns - from.ns);
	ret->cpu_ns      = (to.cpu_ns - from.cpu_ns) / n;
	ret->relay_ns    = (to.relay_ns - from.relay_ns) / n;
	ret->allocations = (to.allocations - from.allocations) / n;
}

/* Starts all roles; what is missing, or NULL when messages come through. */
static const char *bring_up(struct stage *s, const struct peer *p)
{
	const bool counts = s->mode == THROUGHPUT || s->mode == ALLOCATIONS;

	if (p->relay) {
		stage_start(s, RELAY, p->relay, -1);
		if (!stage_wait_ready(s, RELAY, UP_MS))
			return "the relay did not come up";
	}
	stage_start(s, FAR, counts ? p->sink : p->echo, 1);
	if (!stage_wait_ready(s, FAR, UP_MS))
		return counts ? "the sink did not come up" : "echo did not come up";
	stage_start(s, NEAR, counts ? p->source : p->ping, 0);
	if (!stage_wait(s, counts ? has_received : has_reply, UP_MS))
		return counts ? "no message came through" : "no reply came back";
	return NULL;
}

bool measure(struct stage *s, const struct peer *p, enum mode mode, size_t size, struct sample *ret)
{
	struct sample got = { 0 };
	struct moment from, to;
	const char *missing;

	stage_clear(s, mode, size, p->variant);
	missing = bring_up(s, p);
	if (!missing && mode == FIRST) {
		got.first_us = (double)(s->board->reply_ns - s->board->start_ns) / 1e3;
		stage_end(s);
	} else if (!missing) {
		sleep_ms(warm_ms);
		from = look(s);
		atomic_store(&s->board->phase, MEASURE);
		sleep_ms(window_ms);
		to = look(s);
		atomic_store(&s->board->phase, WARM);
		stage_end(s);
		read_window(s, from, to, &got);
		if (mode == ROUND_TRIP ? got.p50_us <= 0 : got.rate <= 0)
			missing = "nothing came through in the window";
	}
	stage_end(s);
	if (missing) {
		fprintf(stderr, "bench: %s, %zu bytes: %s\n", p->name, size, missing);
		return false;
	}
	*ret = got;
	return true;
}
