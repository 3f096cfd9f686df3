/* activation.c - see activation.h; sd_listen_fds(3) and sd_notify(3) describe both protocols. */
#include "activation.h"
#include "common.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
	size_t n;
	char *names[ACTIVATION_MAX]; /* "unknown" where none was said */
	struct sockaddr_un manager;
	socklen_t manager_size;      /* 0: nobody is to be told       */
} a;

static void read_names(char *names)
{
	for (size_t i = 0; i < a.n; i++) {
		char *name = names ? strsep(&names, ":") : NULL;

		a.names[i] = need(strdup(name != NULL && *name ? name : "unknown"));
		fcntl(ACTIVATION_FIRST + (int)i, F_SETFD, FD_CLOEXEC);
	}
}

static void read_descriptors(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	long n, owner;

	if (pid == NULL || count == NULL || !parse_count(pid, 1, INT32_MAX, &owner) ||
	    owner != (long)getpid() || !parse_count(count, 0, INT32_MAX, &n))
		return;
	if (n > ACTIVATION_MAX) {
		fail("%ld sockets were handed over, of which the first %d are known", n,
		     ACTIVATION_MAX);
		n = ACTIVATION_MAX;
	}
	a.n = (size_t)n;
	read_names(getenv("LISTEN_FDNAMES"));
}

static void read_manager(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path != NULL ? strlen(path) : 0;

	if (n < 2 || n >= sizeof a.manager.sun_path || (*path != '/' && *path != '@'))
		return;
	a.manager.sun_family = AF_UNIX;
	memcpy(a.manager.sun_path, path, n);
	if (*path == '@')
		a.manager.sun_path[0] = '\0';
	a.manager_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

void activation_begin(void)
{
	read_descriptors();
	read_manager();
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	unsetenv("NOTIFY_SOCKET");
}

size_t activation_find(const char *name, int ret[ACTIVATION_MAX])
{
	size_t n = 0;
	long number;

	if (parse_count(name, ACTIVATION_FIRST, INT32_MAX, &number)) {
		ret[0] = (int)number;
		return number < ACTIVATION_FIRST + (long)a.n;
	}
	for (size_t i = 0; i < a.n; i++) {
		if (strcmp(a.names[i], name) == 0)
			ret[n++] = ACTIVATION_FIRST + (int)i;
	}
	return n;
}

/* A manager that does not listen is no reason to do anything else. */
static void tell(const char *text)
{
	int fd;

	if (a.manager_size == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&a.manager,
	       a.manager_size);
	close(fd);
}

void activation_ready(void)
{
	tell("READY=1");
}

void activation_reloading(void)
{
	char text[64];

	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_us());
	tell(text);
}

void activation_stopping(void)
{
	tell("STOPPING=1");
}
