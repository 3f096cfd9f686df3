/* A library that only busy processes need is loaded by them alone, in the middle of what they
 * say, of which nothing is lost.
 * covers: src/driver/uv/usage.c */
#include "mate.h"

#include <dlfcn.h>
#include <sys/wait.h>

#define LIBRARY "libIPSec_MB.so.1"

enum { FEW = 50 };

static bool mapped(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	bool found = false;

	while (maps && !found && fgets(line, sizeof line, maps))
		found = strstr(line, "libIPSec_MB") != NULL;
	if (maps)
		fclose(maps);
	return found;
}

/* Tried by another process, so that this one stays as it is. */
static bool installed(void)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(dlopen(LIBRARY, RTLD_NOW) ? 0 : 1);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(only_who_is_busy_loads_it)
{
	struct mate a, b, *both[] = { &a, &b };
	int64_t end = host_now_ms() + LONG_MS;

	if (!getenv("LENO_HAS_IPSEC_MB") || !installed())
		SKIP(LIBRARY " is not installed, or was not when leno was built");
	REQUIRE(listening(&a, 0) && mate_open(&b, FEW) && leno_connect(b.node, uri) == 0);
	while (b.confirmed < FEW && host_now_ms() < end)
		pump(both, 2, 100);
	CHECK(b.confirmed >= FEW && !mapped());
	b.goal = MANY;
	feed(&b);
	while (b.confirmed < MANY && host_now_ms() < end)
		pump(both, 2, 100);
	CHECK(b.confirmed >= MANY && !a.gap && mapped());
	leno_close(b.node);
	leno_close(a.node);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = { TEST_CASE(only_who_is_busy_loads_it) };

	return run_cases(__FILE__, cases, 1, argc, argv);
}
