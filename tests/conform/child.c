/* child.c - see child.h. */
#include "conform/child.h"

#include "conform/scheme.h"

#include <leno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

bool child_main(int argc, char **argv)
{
	leno_options options = { 0 };
	leno_node *node;

	if (argc != 4 || strcmp(argv[1], "child") != 0)
		return false;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves nobody behind */
	scheme_options(&options);
	options.network = argv[2];
	if (leno_open(&node, &options, NULL, NULL) < 0 || leno_listen(node, argv[3]) < 0)
		exit(1);
	printf("%s\n", leno_uri(node, 0));
	fflush(stdout);
	leno_run(node);
	exit(0);
}

bool child_start(struct child *c, const char *network, const char *uri)
{
	int out[2];
	FILE *in;
	bool up;

	if (pipe(out))
		return false;
	c->pid = fork();
	if (c->pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		execl("/proc/self/exe", "conform", "child", network, uri, NULL);
		_exit(1);
	}
	close(out[1]);
	in = fdopen(out[0], "r");
	up = c->pid > 0 && in && fgets(c->uri, sizeof c->uri, in);
	if (in)
		fclose(in);
	c->uri[strcspn(c->uri, "\n")] = '\0';
	return up;
}

void child_kill(struct child *c)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
}
