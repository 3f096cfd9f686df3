/* `leno state` beside sharers that do not take what it writes: it says so, and fails.
 * covers: cli/cmd_state.c */
#include "host.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum { PATIENCE_MS = 20000 };

static char folder[] = "/tmp/leno-refused.XXXXXX", errors[64];
static struct host hosts[2];
static struct host *const all[] = { &hosts[0], &hosts[1] };
static leno_state *maps[2];

/* Two that share the map, each in its way; the command comes to the first. */
static void open_two(const leno_state_options *one, const leno_state_options *other)
{
	for (int i = 0; i < 2; i++) {
		host_open(&hosts[i]);
		CHECK_EQ(leno_state_share(hosts[i].node, "m", i ? other : one, NULL, NULL,
		                          &maps[i]), 0);
	}
	CHECK_EQ(leno_listen(hosts[0].node, "tcp://127.0.0.1:0"), 0);
	CHECK(leno_connect(hosts[1].node, leno_uri(hosts[0].node, 0)) >= 0);
	CHECK(host_until(all, 2, &hosts[0].links, 1, PATIENCE_MS));
	for (int64_t end = host_now_ms() + PATIENCE_MS; host_now_ms() < end;) {
		if (leno_state_synced(maps[0]) && leno_state_synced(maps[1]))
			return;
		host_pump(all, 2, 10);
	}
	CHECK(!"they know of each other");
}

static void close_two(void)
{
	for (int i = 0; i < 2; i++)
		leno_close(hosts[i].node);
}

static void become(const char *const *argv)
{
	int to = open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0600), nothing = open("/dev/null", O_RDWR);

	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	dup2(to, STDERR_FILENO);
	setenv("XDG_CONFIG_HOME", folder, 1);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

/* The exit code of `leno state VERB m KEY WORD`; -1 when it had to be ended. */
static int state(const char *verb, const char *key, const char *word)
{
	const char *const argv[] = { getenv("LENO_BIN"), "state", verb, "--network", host_network(),
		                     "--connect", leno_uri(hosts[0].node, 0), "--discover", "none",
		                     "m", key, word, NULL };
	int64_t end = host_now_ms() + PATIENCE_MS;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		become(argv);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (host_now_ms() > end) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		host_pump(all, 2, 10);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* One sentence, or none. */
static bool said(const char *what)
{
	char text[1024];
	FILE *f = fopen(errors, "r");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	return what ? strstr(text, what) && strchr(text, '\n') == text + n - 1 : n == 0;
}

static bool has(int i, const char *key)
{
	return leno_state_get(maps[i], (leno_bytes){ key, strlen(key) }, NULL, NULL);
}

TEST(a_full_copy_is_told_of)
{
	static const leno_state_options small = { .memory_max = 4096 };
	char key[16];

	open_two(&small, NULL);
	CHECK_EQ(state("set", "fits", "x"), 0);
	CHECK(said(NULL) && has(0, "fits") && has(1, "fits"));
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof key, "%d", i);
		CHECK_EQ(leno_state_set(maps[1], (leno_bytes){ key, strlen(key) },
		                        (leno_bytes){ "value", 5 }, NULL), 0);
	}
	host_for(all, 2, 200);
	CHECK_EQ(state("set", "k", "x"), 1);
	CHECK(said("its copy is full"));
	CHECK(!has(0, "k") && has(1, "k"));
	CHECK_EQ(state("add", "n", "5"), 1);
	CHECK(said("its copy is full"));
	CHECK_EQ(state("set", "fits", "y"), 0);        /* in place of what it has */
	CHECK(said(NULL));
	close_two();
}

TEST(whom_a_map_belongs_to_is_told_of)
{
	static const leno_state_options per_node = { .per_node = true };
	leno_state_options theirs = { .writer = { { 1 } } };

	open_two(&per_node, &per_node);
	CHECK_EQ(state("set", "k", "x"), 1);
	CHECK(said("another node's to write"));
	close_two();

	open_two(NULL, &theirs);                       /* one of them takes it */
	CHECK_EQ(state("set", "k", "x"), 1);
	CHECK(said("another node's to write"));
	CHECK(has(0, "k") && !has(1, "k"));
	CHECK_EQ(state("delete", "k", NULL), 1);
	CHECK(said("another node's to write"));
	CHECK(!has(0, "k"));
	close_two();
}

static void leave(void)
{
	unlink(errors);
	rmdir(folder);
}

TEST(there_is_a_command)
{
	CHECK(getenv("LENO_BIN") != NULL && mkdtemp(folder) != NULL);
	snprintf(errors, sizeof errors, "%s/err", folder);
	atexit(leave);
}

TEST_MAIN(TEST_CASE(there_is_a_command), TEST_CASE(a_full_copy_is_told_of),
          TEST_CASE(whom_a_map_belongs_to_is_told_of))
