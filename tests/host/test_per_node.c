/* test_per_node.c - `leno state --per-node`: what each node has set of its own in a map, and that it
 * goes when the node is killed. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "host.h"

enum { TEXT_MAX = 4096, PATIENCE_MS = 20000 };

static struct host hub;
static struct host *const hosts[] = { &hub };

/* ---- processes ------------------------------------------------------------------------ */

struct child {
	pid_t pid;
	int output;                 /* both of its outputs */
	char text[TEXT_MAX];
	size_t size;
};

static void child_free(struct child *c, int sign)
{
	kill(c->pid, sign);
	waitpid(c->pid, NULL, 0);
	close(c->output);
}

/* A node that has values of its own, for as long as it lives. */
static void be_node(const char *name, const char *value)
{
	static const leno_state_options own = { .per_node = true };
	const leno_options options = { .network = host_network(), .name = name,
		                       .log = host_silence };
	leno_handlers none = { 0 };
	leno_node *node;
	leno_state *map;

	if (leno_open(&node, &options, &none, NULL) ||
	    leno_state_share(node, "m", &own, NULL, NULL, &map) ||
	    leno_state_set(map, (leno_bytes){ "load", 4 }, (leno_bytes){ value, strlen(value) },
	                   NULL) ||
	    leno_connect(node, leno_uri(hub.node, 0)))
		_exit(1);
	leno_run(node);
	_exit(1);
}

static pid_t start_node(const char *name, const char *value)
{
	pid_t pid;

	host_network();             /* named after this process */
	pid = fork();
	if (pid == 0)
		be_node(name, value);
	return pid;
}

static void be_command(int output, const char *action, const char *more)
{
	const char *argv[] = { getenv("LENO_BIN"), "state", action, "m", "load", "--per-node",
		               "--network", host_network(), "--discover", "none", "--connect",
		               leno_uri(hub.node, 0), more, NULL };
	int nothing = open("/dev/null", O_RDWR);

	dup2(nothing, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static struct child start_command(const char *action, const char *more)
{
	struct child c = { 0 };
	int ends[2];

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	c.pid = fork();
	if (c.pid == 0)
		be_command(ends[1], action, more);
	close(ends[1]);
	c.output = ends[0];
	fcntl(c.output, F_SETFL, O_NONBLOCK);
	return c;
}

/* What it prints, until these words are in it; NULL: until it ends. */
static bool says(struct child *c, const char *words)
{
	int64_t end = host_now_ms() + PATIENCE_MS;

	while (host_now_ms() < end) {
		ssize_t n = read(c->output, c->text + c->size, TEXT_MAX - 1 - c->size);

		c->size += n > 0 ? (size_t)n : 0;
		c->text[c->size] = '\0';
		if (words ? strstr(c->text, words) != NULL : n == 0)
			return true;
		if (n == 0)
			return false;
		host_pump(hosts, 1, 10);
	}
	return false;
}

static int ends(struct child *c)
{
	int status = -1;

	CHECK(says(c, NULL));
	waitpid(c->pid, &status, 0);
	close(c->output);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- the tests ------------------------------------------------------------------------ */

static pid_t ada, bob;

static void begin(void)
{
	leno_id id;
	int64_t end = host_now_ms() + PATIENCE_MS;

	REQUIRE(getenv("LENO_BIN") != NULL);
	host_open(&hub);
	CHECK_EQ(leno_listen(hub.node, "tcp://127.0.0.1:0"), 0);
	ada = start_node("ada", "1");
	bob = start_node("bob", "2");
	while ((leno_find(hub.node, "ada", &id) || leno_find(hub.node, "bob", &id)) &&
	       host_now_ms() < end)
		host_pump(hosts, 1, 10);
}

static void finish(void)
{
	kill(ada, SIGKILL);
	kill(bob, SIGKILL);
	waitpid(ada, NULL, 0);
	waitpid(bob, NULL, 0);
	leno_close(hub.node);
}

TEST(each_value_is_shown_with_the_node_whose_it_is)
{
	struct child c;

	begin();
	c = start_command("get", NULL);
	CHECK_EQ(ends(&c), 0);
	CHECK_STR(c.text, "ada\t1\nbob\t2\n");
	c = start_command("dump", NULL);
	CHECK_EQ(ends(&c), 0);
	CHECK_STR(c.text, "ada\tload\t1\nbob\tload\t2\n");
	c = start_command("get", "--json");
	CHECK_EQ(ends(&c), 0);
	CHECK(strstr(c.text, "\"by_name\":\"ada\"") && strstr(c.text, "\"by_name\":\"bob\""));
	finish();
}

TEST(a_watch_tells_that_a_nodes_values_went_with_it)
{
	struct child people, machine;

	begin();
	people = start_command("watch", NULL);
	machine = start_command("watch", "--json");
	CHECK(says(&machine, "\"watching\""));
	host_for(hosts, 1, 500);        /* the other has said nothing yet */
	kill(ada, SIGKILL);
	CHECK(says(&people, "ada\tload is deleted\n"));
	CHECK(says(&machine, "\"by_name\":\"ada\"") && strstr(machine.text, "\"deleted\""));
	CHECK(!strstr(people.text, "bob") && !strstr(machine.text, "bob"));
	child_free(&people, SIGINT);
	child_free(&machine, SIGINT);
	finish();
}

TEST(nothing_is_written_for_a_node_that_is_gone_at_once)
{
	static const char *const actions[] = { "set", "delete", "add" };
	struct child c;

	begin();
	for (size_t i = 0; i < 3; i++) {
		c = start_command(actions[i], NULL);
		CHECK_EQ(ends(&c), 2);
		CHECK(strstr(c.text, "--per-node cannot") && strstr(c.text, actions[i]));
	}
	finish();
}

TEST_MAIN(TEST_CASE(each_value_is_shown_with_the_node_whose_it_is),
          TEST_CASE(a_watch_tells_that_a_nodes_values_went_with_it),
          TEST_CASE(nothing_is_written_for_a_node_that_is_gone_at_once))
