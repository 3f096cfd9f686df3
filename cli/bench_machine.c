/* bench_machine.c - what leno reaches on this machine: this process, and two that it
 * forks, on loopback TCP in a network with a secret of their own.
 *
 *	bench ------------ sink        direct
 *	bench --- relay -- sink        relayed
 *
 * Each figure runs in leno_run(), started by a first send and ended by leno_stop()
 * in a callback, so that no loop of ours stands between the library and the clock. */
#include "app.h"
#include "bench.h"
#include "output.h"
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SAMPLES_MAX = 200000,
	SIZE_MAX_BENCH = 64 * 1024,
	PATIENCE_MS = 10000, /* for anything to happen at all */
	LOOK_MS = 100
};

struct child {
	pid_t pid;
	char uri[128];
};

struct bench {
	const struct settings *set;
	leno_ms each;
	uint8_t secret[32];
	char network[40];
	struct child sink, relay;
	char *data;

	leno_node *node; /* of the path that is being measured */
	const char *path;
	leno_id to;
	bool found, over; /* the sink is there; the time is over */
	bool moved;       /* something happened since we last looked */
	int64_t quiet_ms; /* since when nothing did */
	int error;
	size_t size;
	int64_t began_us, end_us, sent_us, done_us;
	uint64_t waiting, confirmed;
	uint64_t first_seq; /* of this figure: requests before it are confirmed, too */
	uint32_t *samples;
	size_t n_samples;
};

static leno_options bench_options(const struct bench *b, const char *name)
{
	return (leno_options){ .network = b->network,
		               .name = name,
		               .secret = { b->secret, sizeof b->secret } };
}

/* ---- the others -------------------------------------------------------------- */

static void on_child_message(leno_node *node, void *user, leno_message *message, const char *type,
                             leno_bytes data)
{
	if (leno_message_is_request(message))
		leno_reply(message, data);
}

/* Never returns: a forked node, until it is killed. */
static void child_main(const struct bench *b, const char *name, const char *connect, int to)
{
	static const leno_handlers handlers = { .message = on_child_message };
	leno_options options = bench_options(b, name);
	leno_node *node;
	const char *uri;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (leno_open(&node, &options, &handlers, NULL) != 0 ||
	    leno_listen(node, "tcp://127.0.0.1:0") != 0 ||
	    (connect != NULL && leno_connect(node, connect) != 0))
		_exit(1);
	uri = leno_uri(node, 0);
	if (uri == NULL || write(to, uri, strlen(uri)) < 0)
		_exit(1);
	close(to);
	leno_run(node);
	_exit(0);
}

static bool child_start(const struct bench *b, struct child *child, const char *name,
                        const char *connect)
{
	int ends[2];
	ssize_t n;

	if (pipe(ends) != 0)
		return false;
	child->pid = fork();
	if (child->pid == 0) {
		close(ends[0]);
		child_main(b, name, connect, ends[1]);
	}
	close(ends[1]);
	n = child->pid > 0 ? read(ends[0], child->uri, sizeof child->uri - 1) : -1;
	close(ends[0]);
	if (n <= 0)
		return false;
	child->uri[n] = '\0';
	return true;
}

static void child_end(struct child *child)
{
	if (child->pid <= 0)
		return;
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
}

/* ---- one path ---------------------------------------------------------------- */

static void bench_stop(struct bench *b, int error)
{
	b->error = b->error ? b->error : error;
	leno_stop(b->node);
}

/* Looks now and then whether anything moves, or somebody pressed Ctrl-C. */
static void on_look(leno_node *node, void *arg)
{
	struct bench *b = arg;
	int64_t now = clock_ms();

	if (b->moved)
		b->quiet_ms = now;
	b->moved = false;
	if (signals_interrupted())
		bench_stop(b, LENO_CLOSED);
	else if (now - b->quiet_ms > PATIENCE_MS)
		bench_stop(b, LENO_TIMEOUT);
	leno_after(node, LOOK_MS, on_look, b, NULL);
}

static int bench_run(struct bench *b)
{
	int error;

	b->quiet_ms = clock_ms();
	error = leno_run(b->node);
	return b->error ? b->error : error;
}

static void ask(struct bench *b);

static void on_answer(leno_node *node, void *user, const leno_answer *answer)
{
	struct bench *b = user;
	int64_t now = clock_us();

	b->moved = true;
	if (answer->error) {
		bench_stop(b, answer->error);
		return;
	}
	if (b->n_samples < SAMPLES_MAX)
		b->samples[b->n_samples++] = (uint32_t)(now - b->sent_us);
	if (now < b->end_us)
		ask(b);
	else
		bench_stop(b, 0);
}

static void ask(struct bench *b)
{
	int error;

	b->sent_us = clock_us();
	error = leno_request(b->node, &b->to, "echo", (leno_bytes){ b->data, b->size }, PATIENCE_MS,
	                     on_answer, b, NULL);
	if (error)
		bench_stop(b, error);
}

static void on_node_up(leno_node *node, void *user, const leno_info *info)
{
	struct bench *b = user;

	b->moved = true;
	if (b->found || strcmp(info->name, "sink") != 0)
		return;
	b->found = true;
	b->to = info->id;
	b->size = 64;
	b->end_us = 0; /* one answer, and no more */
	ask(b);
}

/* Whichever comes last, the end of the time or the last confirmation, ends it. */
static void settle(struct bench *b)
{
	b->over = b->over || clock_us() >= b->end_us;
	if (!b->over || b->waiting > 0)
		return;
	b->done_us = clock_us();
	bench_stop(b, 0);
}

static void fill(struct bench *b)
{
	uint64_t seq;
	int error = 0;

	while (!b->over) {
		for (int i = 0; i < 64 && error == 0; i++) {
			error = leno_send(b->node, &b->to, "rate", (leno_bytes){ b->data, b->size },
			                  &seq);
			if (error == 0 && b->first_seq == 0)
				b->first_seq = seq;
			b->waiting += error == 0;
		}
		b->over = clock_us() >= b->end_us;
		if (error == LENO_AGAIN)
			return;
		if (error) {
			bench_stop(b, error);
			return;
		}
	}
}

static void on_sent(leno_node *node, void *user, const leno_id *to, uint64_t first_seq,
                    uint64_t last_seq, enum leno_outcome outcome, int error)
{
	struct bench *b = user;
	uint64_t first = first_seq > b->first_seq ? first_seq : b->first_seq;
	uint64_t n = last_seq + 1 - first;

	b->moved = true;
	if (b->first_seq == 0 || last_seq < first)
		return;
	b->waiting -= n;
	if (outcome == LENO_CONFIRMED)
		b->confirmed += n;
	else
		bench_stop(b, error ? error : LENO_REFUSED);
	settle(b);
}

static void on_writable(leno_node *node, void *user, const leno_id *to)
{
	struct bench *b = user;

	b->moved = true;
	settle(b);
	fill(b);
}

static int measure_round_trip(struct bench *b)
{
	int error;

	b->size = 64;
	b->n_samples = 0;
	b->end_us = clock_us() + b->each * 1000;
	ask(b);
	error = bench_run(b);
	if (error)
		return error;
	bench_figure(b->set, b->path, "rtt_p50", b->size,
	             bench_percentile(b->samples, b->n_samples, 50), "us");
	bench_figure(b->set, b->path, "rtt_p99", b->size,
	             bench_percentile(b->samples, b->n_samples, 99), "us");
	return 0;
}

static int measure_rate(struct bench *b, size_t size)
{
	double seconds;
	int error;

	b->size = size;
	b->waiting = b->confirmed = b->first_seq = 0;
	b->over = false;
	b->began_us = clock_us();
	b->end_us = b->began_us + b->each * 1000;
	fill(b);
	error = bench_run(b);
	if (error)
		return error;
	seconds = (double)(b->done_us - b->began_us) / 1e6;
	bench_figure(b->set, b->path, "throughput", size, (double)b->confirmed / seconds, "msg/s");
	bench_figure(b->set, b->path, "bandwidth", size,
	             (double)b->confirmed * (double)size / seconds / 1e6, "MB/s");
	return 0;
}

static int measure_path(struct bench *b, const char *path, const char *uri)
{
	static const leno_handlers handlers = { .node_up = on_node_up,
		                                .sent = on_sent,
		                                .writable = on_writable };
	static const size_t sizes[] = { 64, 1024, SIZE_MAX_BENCH };
	leno_options options = bench_options(b, "bench");
	int error;

	b->path = path;
	b->found = false;
	b->error = 0;
	b->n_samples = 0;
	error = leno_open(&b->node, &options, &handlers, b);
	if (error)
		return error;
	leno_after(b->node, LOOK_MS, on_look, b, NULL);
	b->began_us = clock_us();
	error = leno_connect(b->node, uri);
	error = error ? error : bench_run(b);
	if (error == 0)
		bench_figure(b->set, path, "first", 64, (double)(clock_us() - b->began_us), "us");
	error = error ? error : measure_round_trip(b);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		error = error ? error : measure_rate(b, sizes[i]);
	leno_close(b->node);
	return error;
}

int bench_machine(const struct settings *set, leno_ms each)
{
	struct bench b = { .set = set, .each = each };
	int error = LENO_SYSTEM;

	if (getrandom(b.secret, sizeof b.secret, 0) != sizeof b.secret) {
		fail("no randomness for a secret: %s", strerror(errno));
		return EXIT_FAILED;
	}
	snprintf(b.network, sizeof b.network, "leno-bench-%ld", (long)getpid());
	b.data = need(calloc(1, SIZE_MAX_BENCH));
	b.samples = need(calloc(SAMPLES_MAX, sizeof *b.samples));
	if (!set->json)
		out("This machine: encrypted TCP on loopback between processes of leno's own.\n\n");
	out_drain();
	if (child_start(&b, &b.sink, "sink", NULL) &&
	    child_start(&b, &b.relay, "relay", b.sink.uri)) {
		signals_catch(false);
		signals_release();
		error = measure_path(&b, "direct", b.sink.uri);
		error = error ? error : measure_path(&b, "relayed", b.relay.uri);
	}
	child_end(&b.sink);
	child_end(&b.relay);
	free(b.data);
	free(b.samples);
	out_drain();
	if (error == 0)
		return EXIT_DONE;
	if (signals_interrupted())
		return EXIT_INTERRUPTED;
	fail("the measurement failed: %s", leno_strerror(error));
	return app_error_exit(error);
}
