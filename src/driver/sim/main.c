/* main.c - leno-sim: random stories from seeds, for people and for `make check`. */
#include "story.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char USAGE[] =
	"usage: leno-sim [option]...\n"
	"Runs a mesh of real nodes in virtual time, harms it, heals it, and checks that\n"
	"every promise was kept. One seed gives one run, and one digest.\n"
	"\n"
	"  --seed N          one story (default 1)\n"
	"  --seeds A..B      these stories\n"
	"  --nodes N         so many nodes (default: the seed says, 2 to 9)\n"
	"  --topology NAME   random, chain, star, ring or full (default random)\n"
	"  --seconds S       of harm, before all is healed (default 5)\n"
	"  --faults LIST     all, none, or names with commas between: kill cut one-way\n"
	"                    stall partition crash vanish leave freeze jump dial profile\n"
	"  --secret          the network has a secret\n"
	"  --advertise       nodes say where they are dialled, and make links by themselves\n"
	"  --key             the network has a key, and one node is revoked\n"
	"  --trace           a line an event, with its virtual time\n"
	"  --quiet           only failures and the last line\n"
	"  --scale N         a figure instead: what one change costs among N nodes\n"
	"  --help            this\n"
	"\n"
	"Exit: 0 all kept, 1 a promise was broken, 2 usage.\n";

struct arguments {
	struct story story;
	uint64_t first, last;
	unsigned scale;
	bool quiet;
	const char *topology, *faults; /* as they were said, to say again */
};

static int usage(const char *what, const char *which)
{
	fprintf(stderr, "leno-sim: %s%s%s; see leno-sim --help\n", what, which ? ": " : "",
	        which ? which : "");
	return 2;
}

static bool read_number(const char *text, uint64_t most, uint64_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*ret = strtoull(text, &end, 10);
	return !*end && *ret <= most;
}

static bool read_seeds(const char *text, struct arguments *args)
{
	char first[24];
	const char *dots = strstr(text, "..");

	if (!dots || (size_t)(dots - text) >= sizeof first)
		return false;
	memcpy(first, text, (size_t)(dots - text));
	first[dots - text] = '\0';
	return read_number(first, UINT64_MAX, &args->first) &&
	       read_number(dots + 2, UINT64_MAX, &args->last) && args->first <= args->last;
}

static bool read_topology(const char *text, enum topology *ret)
{
	static const char *const names[] = { "random", "chain", "star", "ring", "full" };

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(text, names[i])) {
			*ret = (enum topology)i;
			return true;
		}
	return false;
}

static bool read_faults(const char *text, unsigned *ret)
{
	*ret = 0;
	if (!strcmp(text, "all"))
		*ret = FAULT_ALL;
	if (!strcmp(text, "all") || !strcmp(text, "none"))
		return true;
	while (*text) {
		size_t size = strcspn(text, ",");
		const struct fault_name *f = fault_names;

		while (f->name && (strlen(f->name) != size || memcmp(f->name, text, size) != 0))
			f++;
		if (!f->name)
			return false;
		*ret |= f->fault;
		text += size + (text[size] == ',');
	}
	return *ret != 0;
}

/* One option that takes a value. False: it was wrong. */
static bool read_value(struct arguments *args, const char *name, const char *value)
{
	uint64_t n = 0;

	if (!strcmp(name, "--seeds"))
		return read_seeds(value, args);
	if (!strcmp(name, "--topology"))
		return args->topology = value, read_topology(value, &args->story.topology);
	if (!strcmp(name, "--faults"))
		return args->faults = value, read_faults(value, &args->story.faults);
	if (!strcmp(name, "--seed")) {
		bool good = read_number(value, UINT64_MAX, &n);

		args->first = args->last = n;
		return good;
	}
	if (!read_number(value, 100000, &n) || !n)
		return false;
	if (!strcmp(name, "--nodes"))
		args->story.nodes = (unsigned)n;
	else if (!strcmp(name, "--seconds"))
		args->story.us = SECONDS(n);
	else
		args->scale = (unsigned)n;
	return true;
}

static int read_arguments(int argc, char **argv, struct arguments *args)
{
	static const char *const valued[] = { "--seed",    "--seeds",  "--nodes", "--topology",
		                              "--seconds", "--faults", "--scale" };

	for (int i = 1; i < argc; i++) {
		bool takes_value = false;

		for (unsigned k = 0; k < sizeof valued / sizeof *valued; k++)
			takes_value |= !strcmp(argv[i], valued[k]);
		if (takes_value) {
			if (i + 1 == argc)
				return usage("a value is missing after", argv[i]);
			if (!read_value(args, argv[i], argv[i + 1]))
				return usage("cannot be the value of", argv[i]);
			i++;
		} else if (!strcmp(argv[i], "--secret"))
			args->story.secret = true;
		else if (!strcmp(argv[i], "--advertise"))
			args->story.advertise = true;
		else if (!strcmp(argv[i], "--key"))
			args->story.key = true;
		else if (!strcmp(argv[i], "--trace"))
			args->story.trace = stdout;
		else if (!strcmp(argv[i], "--quiet"))
			args->quiet = true;
		else
			return usage("no such option", argv[i]);
	}
	return 0;
}

/* How to see this failure again. */
static void print_again(const struct arguments *args, uint64_t seed)
{
	printf("  again: leno-sim --seed %" PRIu64, seed);
	if (args->story.nodes)
		printf(" --nodes %u", args->story.nodes);
	if (args->topology)
		printf(" --topology %s", args->topology);
	printf(" --seconds %u", (unsigned)(args->story.us / 1000000));
	if (args->faults)
		printf(" --faults %s", args->faults);
	printf("%s%s --trace\n", args->story.secret ? " --secret" : "",
	       args->story.advertise ? " --advertise" : args->story.key ? " --key" : "");
}

static int run_seeds(struct arguments *args)
{
	uint64_t failed = 0, run = 0, messages = 0, digest = 0;

	for (uint64_t seed = args->first;; seed++) {
		struct story_end end;

		args->story.seed = seed;
		story_run(&args->story, &end);
		run++;
		failed += !end.ok;
		messages += end.messages;
		digest = digest * 31 + end.digest;
		if (!end.ok) {
			printf("seed %" PRIu64 ": FAILED, %s\n", seed, end.why);
			print_again(args, seed);
		} else if (!args->quiet) {
			printf("seed %" PRIu64 ": ok, %u nodes, %" PRIu64
			       " messages, digest %016" PRIx64 "\n",
			       seed, end.nodes, end.messages, end.digest);
		}
		fflush(stdout);
		if (seed == args->last)
			break;
	}
	if (args->first != args->last || args->quiet)
		printf("%" PRIu64 " seeds: %" PRIu64 " ok, %" PRIu64 " failed, %" PRIu64
		       " messages, digest %016" PRIx64 "\n",
		       run, run - failed, failed, messages, digest);
	return failed != 0;
}

static double share(uint64_t bytes, unsigned nodes)
{
	return (double)(int64_t)bytes / nodes;
}

static void print_links(unsigned nodes, const char *when, const struct scale_links *l)
{
	printf("scale %u: %s, %u to %u links a node, %.2f on average, %u dialled at most\n", nodes,
	       when, l->least, l->most, share(l->all, nodes), l->dialled_most);
}

static int run_scale(const struct arguments *args)
{
	unsigned n = args->scale;
	struct scale_end end;
	int64_t cut, mended;

	scale_run(args->first, n, args->story.advertise, args->story.trace, &end);
	if (!end.ok) {
		printf("scale %u: FAILED, %s\n", n, end.why);
		return 1;
	}
	cut = (int64_t)(end.cut_bytes - end.idle_bytes);
	mended = (int64_t)(end.mend_bytes - end.idle_bytes);
	printf("scale %u: all see all after %.3f s, %.0f bytes a node\n", n,
	       (double)end.settled_us / 1e6, share(end.join_bytes, n));
	if (args->story.advertise) {
		print_links(n, "at rest", &end.quiet);
		print_links(n, "while they talk", &end.busy);
		return 0;
	}
	printf("scale %u: quiet, %.1f bytes a second and node\n", n,
	       share(end.idle_bytes, n) / ((double)end.window_us / 1e6));
	printf("scale %u: one link lost, %" PRId64 " bytes in all, %.1f a node\n", n, cut,
	       share((uint64_t)cut, n));
	printf("scale %u: one link more, %" PRId64 " bytes in all, %.1f a node\n", n, mended,
	       share((uint64_t)mended, n));
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments args = { .story = { .us = SECONDS(5), .faults = FAULT_ALL },
		                  .first = 1,
		                  .last = 1 };
	int error;

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--help")) {
			fputs(USAGE, stdout);
			return 0;
		}
	error = read_arguments(argc, argv, &args);
	if (error)
		return error;
	return args.scale ? run_scale(&args) : run_seeds(&args);
}
