/* child.h - a node in a process of its own, to be frozen and killed: this very program, run
 * with other arguments. It listens, and dials nobody. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	char uri[320];                  /* where it listens                              */
};

/* Whether this process is such a child; it has ended then. For the beginning of main(). */
bool child_main(int argc, char **argv);

/* False: it did not come up. */
bool child_start(struct child *, const char *network, const char *uri);
void child_kill(struct child *);        /* SIGKILL, and waits                            */
