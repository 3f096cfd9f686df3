/* test_seeds.c - every story that ever failed is told again; and one seed is one run.
 *
 * It is native only: it starts leno-sim.
 * covers: src/driver/sim/main.c src/driver/sim/story.c src/driver/sim/faults.c
 * covers: src/driver/sim/scale.c src/driver/sim/world.c */
#include "support/check.h"

#include "driver/sim/story.h"

#include <stdlib.h>

static struct story_end told(uint64_t seed, unsigned nodes, uint64_t us)
{
	struct story story = { .seed = seed, .nodes = nodes, .us = us, .faults = FAULT_ALL };
	struct story_end end;

	story_run(&story, &end);
	if (!end.ok)
		fprintf(stderr, "seed %u: %s\n", (unsigned)seed, end.why);
	return end;
}

TEST(one_seed_is_one_run)
{
	struct story_end first = told(5, 4, SECONDS(2)), again = told(5, 4, SECONDS(2)),
			 other = told(6, 4, SECONDS(2));

	CHECK(first.ok);
	CHECK_EQ(first.digest, again.digest);
	CHECK_EQ(first.bytes, again.bytes);
	CHECK(first.digest != other.digest);
}

/* Through the command itself, so that a line is exactly what people type. */
TEST(what_failed_once_never_does_again)
{
	const char *command = getenv("LENO_SIM");
	FILE *file = fopen(TESTS_DIR "/sim/seeds.txt", "r");
	char line[256], run[400];
	unsigned lines = 0;

	REQUIRE(file != NULL);
	if (!command) {
		fclose(file);
		SKIP("LENO_SIM does not name the simulator");
	}
	while (fgets(line, sizeof line, file)) {
		line[strcspn(line, "#\n")] = '\0';
		if (!line[strspn(line, " \t")])
			continue;
		lines++;
		snprintf(run, sizeof run, "'%s' --quiet %s", command, line);
		CHECK_ROW(line);
		CHECK(system(run) == 0);
	}
	CHECK_ROW(NULL);
	CHECK(lines > 0);
	fclose(file);
}

/* A change costs its own size: its bytes must not grow with the mesh. */
TEST(a_change_costs_its_own_size)
{
	struct scale_end small, large;

	scale_run(1, 20, false, NULL, &small);
	scale_run(1, 50, false, NULL, &large);
	CHECK(small.ok && large.ok);
	/* each node hears of it once, with its share of announcements: no more a node */
	CHECK((large.cut_bytes - large.idle_bytes) / 50 <
	      3 * ((small.cut_bytes - small.idle_bytes) / 20) + 2000);
}

/* Nodes that make links by themselves make few, however many nodes there are. */
TEST(links_a_node_do_not_grow_with_the_mesh)
{
	struct scale_end small, large;

	scale_run(1, 20, true, NULL, &small);
	scale_run(1, 60, true, NULL, &large);
	CHECK(small.ok && large.ok);
	CHECK(small.quiet.least >= 3 && large.quiet.least >= 3);
	CHECK(large.quiet.all <= 5 * 60 && large.quiet.all / 60 <= small.quiet.all / 20 + 1);
	CHECK(large.busy.dialled_most <= 16 && large.busy.all <= 10 * 60);
}

TEST_MAIN(TEST_CASE(one_seed_is_one_run), TEST_CASE(what_failed_once_never_does_again),
          TEST_CASE(a_change_costs_its_own_size),
          TEST_CASE(links_a_node_do_not_grow_with_the_mesh))
