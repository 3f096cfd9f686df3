/* main.c - what is measured, how often, and in which order.
 * Within a pass one size of one kind is measured for all peers before the next,
 * so that what is compared was measured seconds apart. */
#include "harness.h"
#include <fnmatch.h>
#include <signal.h>

enum {
	SIZES_MAX  = 8,
	FIRSTS     = 3,             /* first replies a pass, of which the median  */
	RETRIES    = 4,             /* of a window that other work disturbed      */
	BUDGET_S   = 150,           /* while windows may be measured again        */
	DEADLINE_S = 225            /* then print what there is                   */
};
static const double OTHERS_MAX = .08;  /* part of the CPUs: more is a disturbance */

static const struct peer *const peer_tables[] = {
	tcp_peers, tls_peers, ws_peers, http_peers, udp_peers, zmq_peers, nng_peers, nats_peers, leno_peers,
	service_peers, stream_peers
};
static const struct figure *const figure_tables[] = {
	text_figures, wire_figures, idle_figures, notice_figures, scale_figures,
	group_figures, state_figures, service_figures
};

static const struct {
	enum mode   mode;
	const char *names[2];       /* that -m knows it by */
	bool        every_size;
} kinds[] = {
	{ THROUGHPUT,  { "throughput", "cpu" }, true  },
	{ ROUND_TRIP,  { "rtt", "rtt_p50" },    true  },
	{ FIRST,       { "first", "first" },    false },
	{ ALLOCATIONS, { "allocs", "allocs" },  false },
};

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

static struct {
	int         passes;
	const char *peers, *metrics;    /* globs, or NULL: all */
	size_t      size[SIZES_MAX];
	int         sizes;
	bool        again;              /* disturbed windows   */
} want = { 5, NULL, NULL, { 64, 1024, 65536 }, 3, true };

static uint64_t start_ns;
static int      done, planned;      /* measurements, for the schedule  */
static double   others_worst, others_sum;
static int      others_count;
static volatile sig_atomic_t time_is_up;

static void on_alarm(int sig)
{
	(void)sig;
	time_is_up = 1;
}

/* Is the name one of the globs, which are separated by commas? */
static bool chosen(const char *globs, const char *name)
{
	char copy[256], *rest = NULL;

	if (!globs)
		return true;
	snprintf(copy, sizeof copy, "%s", globs);
	for (char *g = strtok_r(copy, ",", &rest); g; g = strtok_r(NULL, ",", &rest))
		if (!fnmatch(g, name, 0))
			return true;
	return false;
}

bool peer_chosen(const char *name)
{
	return chosen(want.peers, name);
}

static bool takes_part(const struct peer *p, int kind, size_t size)
{
	const enum mode m = kinds[kind].mode;
	const bool can = m == ALLOCATIONS ? p->counted && p->sink
	               : m == THROUGHPUT  ? p->sink != NULL
	                                  : p->echo != NULL;

	return can && (!p->only || p->only == size) && chosen(want.peers, p->name) &&
	       (chosen(want.metrics, kinds[kind].names[0]) ||
	        chosen(want.metrics, kinds[kind].names[1]));
}

/* Ahead of a schedule that ends at the budget? */
static bool has_time(void)
{
	const double spent = (double)(now_ns() - start_ns) / 1e9;

	return want.again && !time_is_up &&
	       spent < 3 + (double)BUDGET_S * done / (planned ? planned : 1);
}

/* Measures until a window was quiet enough or time is short; keeps the quietest. */
static bool measure_quiet(struct stage *s, const struct peer *p, enum mode mode, size_t size,
                          struct sample *ret)
{
	struct sample got;
	bool any = false;

	for (int i = 0; i < RETRIES; i++) {
		const bool ok = measure(s, p, mode, size, &got);

		if (ok && (!any || got.others < ret->others)) {
			*ret = got;
			any = true;
		}
		if ((any && ret->others < OTHERS_MAX) || !has_time())
			break;
	}
	return any;
}

static bool measure_first(struct stage *s, const struct peer *p, size_t size, struct sample *ret)
{
	double us[FIRSTS];
	int n = 0;

	for (int i = 0; i < FIRSTS; i++) {
		int at = n;

		if (!measure(s, p, FIRST, size, ret))
			continue;
		for (; at && us[at - 1] > ret->first_us; at--)
			us[at] = us[at - 1];
		us[at] = ret->first_us;
		n++;
	}
	ret->first_us = n ? us[n / 2] : 0;
	return n > 0;
}

static void report_sample(const struct peer *p, enum mode mode, size_t size,
                          const struct sample *got)
{
	switch (mode) {
	case THROUGHPUT:
		report(p->name, "throughput", size, got->rate, "msg/s");
		report(p->name, "cpu", size, got->cpu_ns, "ns/msg");
		if (p->relay)
			report(p->name, "relay_cpu", size, got->relay_ns, "ns/msg");
		break;
	case ROUND_TRIP:
		report(p->name, "rtt_p50", size, got->p50_us, "us");
		report(p->name, "rtt_p99", size, got->p99_us, "us");
		break;
	case FIRST:
		report(p->name, "first", size, got->first_us, "us");
		break;
	case ALLOCATIONS:
		report(p->name, "allocs", size, got->allocations, "allocs/msg");
		break;
	}
	if (mode == FIRST)
		return;
	others_sum += got->others;
	others_count++;
	if (got->others > others_worst)
		others_worst = got->others;
}

static void run_one(struct stage *s, const struct peer *p, enum mode mode, size_t size)
{
	struct sample got = { 0 };
	const bool ok = mode == FIRST ? measure_first(s, p, size, &got)
	                              : measure_quiet(s, p, mode, size, &got);

	done++;
	if (ok)
		report_sample(p, mode, size, &got);
}

/* All that one pass measures; with a NULL stage only counts it. */
static int run_peers(struct stage *s)
{
	int n = 0;

	for (int k = 0; k < COUNT(kinds); k++)
		for (int i = 0; i < (kinds[k].every_size ? want.sizes : 1); i++)
			for (int t = 0; t < COUNT(peer_tables); t++)
				for (const struct peer *p = peer_tables[t]; p->name; p++) {
					if (!takes_part(p, k, want.size[i]) || time_is_up)
						continue;
					n++;
					if (s)
						run_one(s, p, kinds[k].mode, want.size[i]);
				}
	return n;
}

static void run_figures(struct stage *s, int pass)
{
	for (int t = 0; t < COUNT(figure_tables); t++)
		for (const struct figure *f = figure_tables[t]; f->name; f++) {
			if (pass >= f->passes_max || time_is_up || !chosen(want.peers, "leno") ||
			    !chosen(want.metrics, f->name))
				continue;
			if (!f->measure(s))
				fprintf(stderr, "bench: %s: could not be measured\n", f->name);
			stage_end(s);
		}
}

_Noreturn static void usage(FILE *out)
{
	fprintf(out,
	        "usage: leno-bench [-q] [-u] [-v] [-n passes] [-w ms] [-p peers] [-m metrics] [-s sizes]\n"
	        "                  [-l file]\n"
	        "  -p  peers by name, globs separated by commas:  -p 'leno*,zmq,tcp'\n"
	        "  -m  throughput (with cpu), rtt, first, allocs, wire, idle, text, notice, scale,\n"
	        "      group, state\n"
	        "  -s  payload sizes in bytes, 1 to %d:            -s 64,1024\n"
	        "  -n  passes, of which the median (5)\n"
	        "  -w  length of a window in ms (%d)\n"
	        "  -l  the shared library whose text is measured\n"
	        "  -q  quick: one pass of short windows, to see that all works\n"
	        "  -u  keep windows that other work on this machine disturbed\n"
	        "  -v  say on stderr what is being measured\n",
	        MESSAGE_MAX, window_ms);
	exit(out == stdout ? 0 : 2);
}

static bool read_sizes(char *list)
{
	char *rest = NULL;

	want.sizes = 0;
	for (char *t = strtok_r(list, ",", &rest); t; t = strtok_r(NULL, ",", &rest)) {
		const long n = strtol(t, NULL, 10);

		if (n < 1 || n > MESSAGE_MAX || want.sizes == SIZES_MAX)
			return false;
		want.size[want.sizes++] = (size_t)n;
	}
	return want.sizes > 0;
}

static void read_options(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "n:w:p:m:s:l:quvh")) != -1)
		switch (o) {
		case 'n': want.passes = atoi(optarg); break;
		case 'w': window_ms = atoi(optarg); break;
		case 'p': want.peers = optarg; break;
		case 'm': want.metrics = optarg; break;
		case 'l': leno_library = optarg; break;
		case 'q':
			want.passes = 1;
			want.again = false;
			window_ms = 40;
			warm_ms = 15;
			break;
		case 's':
			if (!read_sizes(optarg))
				usage(stderr);
			break;
		case 'u': want.again = false; break;
		case 'v': verbose = true; break;
		case 'h': usage(stdout);
		default:  usage(stderr);
		}
	if (optind != argc || want.passes < 1 || want.passes > 15 || window_ms < 10 ||
	    window_ms > 2000)
		usage(stderr);
}

int main(int argc, char **argv)
{
	struct stage s;

	read_options(argc, argv);
	if (!stage_init(&s)) {
		fprintf(stderr, "bench: %s\n", strerror(errno));
		return 1;
	}
	signal(SIGALRM, on_alarm);
	signal(SIGPIPE, SIG_IGN);
	alarm(DEADLINE_S);
	start_ns = now_ns();
	planned = want.passes * run_peers(NULL);
	for (int pass = 0; pass < want.passes && !time_is_up; pass++) {
		if (verbose)
			fprintf(stderr, "bench: pass %d of %d\n", pass + 1, want.passes);
		run_peers(&s);
		run_figures(&s, pass);
	}
	report_print(stdout);
	if (time_is_up)
		printf("# time was up: some figures rest on fewer passes\n");
	if (others_count)
		printf("# other work took %.0f %% of the CPUs in the mean window, %.0f %% in the worst\n",
		       100 * others_sum / others_count, 100 * others_worst);
	return 0;
}
