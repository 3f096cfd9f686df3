/* What a node holds in memory stays within memory_max, whatever its peers do or leave
 * undone: real processes, measured by the kernel (RssAnon). */
#include "host.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { MEMORY_MAX = 32 << 20, LINGER_MS = 1500, PATIENCE_MS = 20000 };

/* What the roles tell the test. */
struct told {
	char uri[3][320];
	leno_id id;                         /* of the last role                   */
	_Atomic bool ready[3];
	_Atomic long peak[3];               /* RssAnon beyond that at open, KiB   */
	_Atomic long taken, refused, confirmed, unknown;
	_Atomic bool done;
};

struct role {
	int number;
	long begin_kib;
	size_t size;
	long count;
	bool streams;
	leno_stream *stream;
	bool sent_all, up;
};

static struct told *told;

static long anon_kib(void)
{
	char line[256];
	long kib = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && kib < 0 && fgets(line, sizeof line, f))
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtol(line + 8, NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

static void look(leno_node *node, void *arg)
{
	struct role *r = arg;
	long kib = anon_kib() - r->begin_kib;

	if (kib > told->peak[r->number])
		told->peak[r->number] = kib;
	leno_after(node, 10, look, r, NULL);
}

static void on_stream(leno_node *node, void *user, leno_stream *s, const char *topic)
{
	leno_stream_accept(s, NULL, NULL);  /* and never reads */
}

static void check_done(struct role *r)
{
	if (r->sent_all && told->taken == told->confirmed + told->unknown)
		told->done = true;
}

static void on_sent(leno_node *node, void *user, const leno_id *to, uint64_t first, uint64_t last,
                    enum leno_outcome outcome, int error)
{
	struct role *r = user;
	long n = (long)(last - first + 1);

	if (first == 1 && r->count > 0)
		n--;                        /* the name of the type */
	if (outcome == LENO_CONFIRMED)
		told->confirmed += n;
	else
		told->unknown += n;
	check_done(r);
}

static void pour(leno_stream *s, void *user)
{
	static const uint8_t zeros[64 * 1024];
	size_t taken = sizeof zeros;

	while (taken == sizeof zeros)
		if (leno_stream_write(s, (leno_bytes){ zeros, sizeof zeros }, &taken))
			return;
}

static void flood(leno_node *node, struct role *r)
{
	static const uint8_t zeros[64 * 1024];
	static const leno_stream_handlers handlers = { .writable = pour };

	if (r->streams) {
		for (int i = 0; i < 50; i++)
			if (leno_stream_open(node, &told->id, "t", &handlers, NULL, &r->stream) == 0)
				pour(r->stream, NULL);
		return;
	}
	for (long i = 0; i < r->count; i++) {
		int error = leno_send(node, &told->id, "t", (leno_bytes){ zeros, r->size }, NULL);

		if (error == 0)
			told->taken++;
		else
			told->refused++;
		if (i % 256 == 0) {
			long kib = anon_kib() - r->begin_kib;
			if (kib > told->peak[r->number])
				told->peak[r->number] = kib;
		}
	}
	r->sent_all = true;
	check_done(r);
}

static void on_up(leno_node *node, void *user, const leno_info *info)
{
	struct role *r = user;

	if (r->count == 0 || r->up || !leno_id_same(&info->id, &told->id))
		return;
	r->up = true;
	flood(node, r);
}

/* A node of its own process, until it is killed. */
static _Noreturn void live(struct role *r, const char *connect)
{
	leno_options options = { .network = host_network(), .memory_max = MEMORY_MAX,
		                 .session_linger_ms = LINGER_MS, .log = host_silence };
	leno_handlers handlers = { .stream = on_stream, .sent = on_sent, .node_up = on_up };
	leno_node *node;

	options.queue_max = 1 << 30;        /* so that memory_max is what binds */
	if (leno_open(&node, &options, &handlers, r) || leno_listen(node, "tcp://127.0.0.1:0"))
		_exit(1);
	snprintf(told->uri[r->number], sizeof told->uri[0], "%s", leno_uri(node, 0));
	if (r->count == 0)
		told->id = *leno_self(node);
	if (connect && leno_connect(node, connect))
		_exit(1);
	r->begin_kib = anon_kib();
	look(node, r);
	told->ready[r->number] = true;
	leno_run(node);
	_exit(0);
}

static bool until(const _Atomic bool *flag, int64_t ms)
{
	for (int64_t end = host_now_ms() + ms; !*flag;) {
		if (host_now_ms() > end)
			return false;
		usleep(5000);
	}
	return true;
}

static pid_t start(struct role *r, const char *connect)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		live(r, connect);
	CHECK(until(&told->ready[r->number], 5000));
	return pid;
}

static const struct row {
	const char *why;
	size_t size;
	long count;
	bool relayed, freeze, streams;
} rows[] = {
	{ "ten thousand of 64 KiB to who takes them", 65536, 10000, false, false, false },
	{ "ten thousand of 64 KiB to who has frozen", 65536, 10000, false, true, false },
	{ "ten thousand of 64 KiB through a relay to who has frozen", 65536, 10000, true, true, false },
	{ "a million of 64 B to who takes them", 64, 1000000, false, false, false },
	{ "a million of 64 B through a relay", 64, 1000000, true, false, false },
	{ "fifty streams to who reads none of them", 0, 1, false, false, true },
	{ "fifty streams through a relay", 0, 1, true, false, true },
};

/* node_up of the last role comes once the relay has told of it. */
static void run(const struct row *row)
{
	struct role far = { .number = 0 }, relay = { .number = 1 };
	struct role near = { .number = 2, .size = row->size, .count = row->count,
		             .streams = row->streams };
	pid_t pids[3] = { 0 };
	const char *uri;

	memset(told, 0, sizeof *told);
	pids[0] = start(&far, NULL);
	uri = told->uri[0];
	if (row->relayed) {
		leno_id last = told->id;    /* the relay would tell its own */

		pids[1] = start(&relay, uri);
		told->id = last;
		uri = told->uri[1];
	}
	pids[2] = start(&near, uri);
	if (row->freeze) {
		usleep(100 * 1000);
		kill(pids[0], SIGSTOP);
	}
	if (row->streams) {
		usleep(3000 * 1000);
		CHECK(told->peak[0] > 1024 && told->confirmed > 100);   /* they do pour */
	} else {
		CHECK(until(&told->done, PATIENCE_MS));
		CHECK_EQ(told->taken + told->refused, row->count);
		CHECK_EQ(told->confirmed + told->unknown, told->taken);
		CHECK(row->freeze || told->unknown == 0);
	}
	for (int i = 0; i < 3; i++) {
		CHECK(told->peak[i] <= MEMORY_MAX / 1024 * 11 / 10);
		if (pids[i] > 0) {
			kill(pids[i], SIGKILL);
			waitpid(pids[i], NULL, 0);
		}
	}
}

TEST(memory_stays_within_its_bound_and_every_send_has_its_end)
{
	told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!told)
		abort();
	if (anon_kib() < 0)
		SKIP("this kernel does not tell RssAnon");
	if (getenv("LENO_SLOW"))
		SKIP("what a sanitizer keeps would be measured with it");
	host_network();                     /* one for all: named before they part */
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		run(&rows[i]);
		if (getenv("LENO_SHOW"))
			fprintf(stderr, "%s: peaks %ld %ld %ld KiB; taken %ld refused %ld confirmed %ld "
			        "unknown %ld\n", rows[i].why, told->peak[0], told->peak[1],
			        told->peak[2], told->taken, told->refused, told->confirmed,
			        told->unknown);
	}
}

TEST_MAIN(TEST_CASE(memory_stays_within_its_bound_and_every_send_has_its_end))
