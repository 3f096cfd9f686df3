/* signals.c - what ends a command, and its children's ends.
 *
 *  1. Once caught, signals are blocked except inside signals_poll(), so that none is missed
 *     between a test of its flag and sleeping. */
#include "signals.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t got_interrupt, got_terminate, got_child, got_hangup;
static sigset_t signals_outside; /* the mask while sleeping */
static bool signals_caught;
static bool hangup_reloads;
static int terminal = -1; /* a descriptor of ours that was one at the beginning */

static void on_signal(int number)
{
	if (number == SIGINT)
		got_interrupt = 1;
	else if (number == SIGCHLD)
		got_child = 1;
	else if (number == SIGHUP && hangup_reloads)
		got_hangup = 1;
	else
		got_terminate = 1;
}

void signals_catch(bool reloads)
{
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;

	if (signals_caught)
		return;
	signals_caught = true;
	hangup_reloads = reloads;
	for (int fd = STDERR_FILENO; fd >= STDIN_FILENO; fd--)
		terminal = isatty(fd) ? fd : terminal;
	sigemptyset(&blocked);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) {
		sigaddset(&blocked, caught[i]);
		sigaction(caught[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &blocked, &signals_outside);
	for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
		sigdelset(&signals_outside, caught[i]);
	signal(SIGPIPE, SIG_IGN);
}

void signals_release(void)
{
	sigprocmask(SIG_SETMASK, &signals_outside, NULL);
}

int signals_interrupted(void)
{
	return got_interrupt ? SIGINT : got_terminate ? SIGTERM : 0;
}

bool signals_hangup(void)
{
	if (!got_hangup)
		return false;
	got_hangup = 0;
	if (terminal < 0 || isatty(terminal))
		return true;
	got_terminate = 1;
	return false;
}

bool signals_child(void)
{
	bool got = got_child;

	got_child = 0;
	return got;
}

int signals_poll(struct pollfd *fds, nfds_t n, int64_t ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	return ppoll(fds, n, ms < 0 ? NULL : &t, signals_caught ? &signals_outside : NULL);
}
