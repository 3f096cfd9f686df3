/* Memory that both ends of a local: pipe share: floods of real processes, one that is killed or
 * stopped amidst, and what goes on without memory or descriptors.
 * covers: src/driver/uv/shared.c src/driver/uv/ring.c */
#include "mate.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { FEW = 20 };

/* A pipe that has ended lingers for a moment. */
static bool unmapped(struct mate *m)
{
	for (int64_t end = host_now_ms() + 5000; rings() > 0 && host_now_ms() < end;)
		pump(&m, 1, 20);
	return rings() == 0;
}

/* Another process: dials ours, sends `goal` messages and takes what comes, until it is killed
 * or has `expected`. With `few` it has no descriptors left once it is linked. */
static pid_t start(uint32_t goal, int expected, bool few, FILE *tell)
{
	pid_t pid = fork();
	struct mate m;

	if (pid != 0)
		return pid;
	if (!mate_open(&m, goal) || leno_connect(m.node, uri) < 0)
		_exit(2);
	m.tell = tell;
	if (!until(&m, &m.ups, 1))
		_exit(3);
	if (few) {
		struct rlimit limit;

		getrlimit(RLIMIT_NOFILE, &limit);
		limit.rlim_cur = 3;
		setrlimit(RLIMIT_NOFILE, &limit);
		until(&m, &m.downs, 1);
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (!until(&m, &m.got, expected))
		_exit(4);
	while (m.confirmed < (uint64_t)goal + (goal > 0))
		pump((struct mate *[]){ &m }, 1, 100);
	leno_close(m.node);
	_exit(m.gap ? 5 : 0);
}

static int end_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(quiet_pipes_have_no_ring)
{
	struct mate m;
	pid_t pid;

	REQUIRE(listening(&m, FEW));
	pid = start(FEW, FEW, false, NULL);
	CHECK(until(&m, &m.got, FEW));
	CHECK_EQ(rings(), 0);
	until(&m, &m.downs, 1);
	CHECK_EQ(end_of(pid), 0);
	leno_close(m.node);
}

TEST(both_directions_are_flooded)
{
	struct mate m;
	pid_t pid;

	REQUIRE(listening(&m, MANY));
	pid = start(MANY, MANY, false, NULL);
	CHECK(until(&m, &m.got, MANY / 2));
	CHECK_EQ(rings(), 2);
	CHECK(until(&m, &m.got, MANY));
	CHECK(until(&m, &m.downs, 1));
	CHECK(!m.gap);
	CHECK_EQ(end_of(pid), 0);
	CHECK_EQ(m.confirmed, MANY + 1);
	CHECK(unmapped(&m));
	leno_close(m.node);
}

/* What it heard of as confirmed is had, and what came is without a gap. */
TEST(the_writer_is_killed)
{
	uint64_t confirmed = 0, read_one;
	struct mate m;
	int fds[2];
	FILE *tell, *told;
	pid_t pid;

	REQUIRE(listening(&m, 0) && pipe(fds) == 0);
	tell = fdopen(fds[1], "w");
	told = fdopen(fds[0], "r");
	setbuf(tell, NULL);
	pid = start(UINT32_MAX, 0, false, tell);
	fclose(tell);
	CHECK(until(&m, &m.got, MANY / 2));
	CHECK_EQ(rings(), 1);
	kill(pid, SIGKILL);
	end_of(pid);
	while (fread(&read_one, sizeof read_one, 1, told) == 1)
		confirmed = read_one;
	CHECK(until(&m, &m.downs, 1));
	CHECK(confirmed > 0 && (uint64_t)m.got + 1 >= confirmed);
	CHECK(!m.gap);
	CHECK(unmapped(&m));
	fclose(told);
	leno_close(m.node);
}

/* It takes nothing for a while: nothing is lost, and what waits is bounded. */
TEST(the_reader_is_stopped)
{
	struct mate m;
	uint32_t stopped;
	pid_t pid;

	REQUIRE(listening(&m, 4 * MANY));
	pid = start(0, 4 * MANY, false, NULL);
	CHECK(until(&m, &m.ups, 1));
	while (m.confirmed < MANY / 2)
		pump((struct mate *[]){ &m }, 1, 100);
	CHECK_EQ(rings(), 1);
	kill(pid, SIGSTOP);
	for (int64_t end = host_now_ms() + 300; host_now_ms() < end;)
		pump((struct mate *[]){ &m }, 1, 50);
	stopped = m.next;
	CHECK((m.next - m.confirmed) * SIZE < 8 << 20);
	for (int64_t end = host_now_ms() + 300; host_now_ms() < end;)
		pump((struct mate *[]){ &m }, 1, 50);
	CHECK_EQ(m.next, stopped);
	kill(pid, SIGCONT);
	CHECK(until(&m, &m.downs, 1));
	CHECK_EQ(end_of(pid), 0);
	CHECK_EQ(m.confirmed, 4 * MANY + 1);
	leno_close(m.node);
}

/* An eighth of its memory is less than a ring: it neither makes nor takes one. */
TEST(a_small_node_has_no_rings)
{
	struct mate m;
	pid_t pid;

	memory_max = 1 << 20;
	REQUIRE(listening(&m, MANY));
	memory_max = 0;
	pid = start(MANY, MANY, false, NULL);
	while (m.confirmed <= MANY && m.downs == 0) {
		pump((struct mate *[]){ &m }, 1, 100);
		if (!CHECK_EQ(rings(), 0))
			break;
	}
	CHECK(until(&m, &m.downs, 1));
	CHECK_EQ(m.downs, 1);
	CHECK_EQ(end_of(pid), 0);
	CHECK_EQ(m.got, MANY);
	leno_close(m.node);
}

/* The peer cannot take the descriptors: the pipe breaks, and the next one has no ring. */
TEST(the_reader_has_no_descriptors)
{
	struct mate m;
	pid_t pid;

	REQUIRE(listening(&m, MANY));
	pid = start(0, MANY, true, NULL);
	CHECK(until(&m, &m.ups, 2));
	while (m.confirmed <= MANY && m.links > 0) {
		pump((struct mate *[]){ &m }, 1, 100);
		CHECK_EQ(rings(), 0);
	}
	CHECK_EQ(end_of(pid), 0);
	CHECK(until(&m, &m.downs, 2));
	CHECK_EQ(m.confirmed, MANY + 1);
	leno_close(m.node);
}

TEST(the_writer_has_no_descriptors)
{
	struct rlimit all, few;
	struct mate m;
	pid_t pid;

	REQUIRE(listening(&m, 0));
	pid = start(0, MANY, false, NULL);
	CHECK(until(&m, &m.ups, 1));
	getrlimit(RLIMIT_NOFILE, &all);
	few = all;
	few.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &few);
	m.goal = MANY;
	feed(&m);
	while (m.confirmed <= MANY && m.links > 0)
		pump((struct mate *[]){ &m }, 1, 100);
	setrlimit(RLIMIT_NOFILE, &all);
	CHECK_EQ(rings(), 0);
	CHECK(until(&m, &m.downs, 1));
	CHECK_EQ(m.downs, 1);
	CHECK_EQ(end_of(pid), 0);
	CHECK_EQ(m.confirmed, MANY + 1);
	leno_close(m.node);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		TEST_CASE(quiet_pipes_have_no_ring),
		TEST_CASE(both_directions_are_flooded),
		TEST_CASE(the_writer_is_killed),
		TEST_CASE(the_reader_is_stopped),
		TEST_CASE(a_small_node_has_no_rings),
		TEST_CASE(the_reader_has_no_descriptors),
		TEST_CASE(the_writer_has_no_descriptors),
	};

	return run_cases(__FILE__, cases, sizeof cases / sizeof *cases, argc, argv);
}
