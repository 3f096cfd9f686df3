/* inherit.c - doors that another process has opened and handed over: "fd:3" is the descriptor of
 * a stream socket that listens, and what is spoken there may be said before it, "tls+fd:3".
 *
 *  1. The descriptor stays its owner's: we have a duplicate.
 *  2. A path that a unix socket is bound to is not ours to remove. */
#define _GNU_SOURCE
#include "driver/uv/uv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define MARK "fd:"

/* Where the number begins; NULL: it is another URI. *ret_kind is 0 when no scheme is said. */
static const char *take_apart(const char *uri, int *ret_kind)
{
	size_t n = strcspn(uri, "+:");

	*ret_kind = 0;
	if (strncmp(uri, MARK, sizeof MARK - 1) == 0)
		return uri + sizeof MARK - 1;
	if (uri[n] != '+' || strncmp(uri + n + 1, MARK, sizeof MARK - 1) != 0)
		return NULL;
	for (int kind = ADDRESS_TCP; kind <= ADDRESS_ANY; kind++) {
		const char *scheme = address_scheme((enum address_kind)kind);

		if (strlen(scheme) == n && memcmp(scheme, uri, n) == 0)
			*ret_kind = kind;
	}
	return *ret_kind ? uri + n + sizeof MARK : NULL;
}

bool inherit_is(const char *uri)
{
	int kind;

	return take_apart(uri, &kind) != NULL;
}

static bool parse_fd(const char *text, int *ret)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n > INT_MAX)
		return false;
	*ret = (int)n;
	return true;
}

static int option(int fd, int name)
{
	int value = 0;
	socklen_t size = sizeof value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : 0;
}

/* The family of a stream socket that listens; 0: it is none that we could accept at. */
static int family_of(int fd)
{
	int family = option(fd, SO_DOMAIN);

	if (option(fd, SO_TYPE) != SOCK_STREAM || !option(fd, SO_ACCEPTCONN))
		return 0;
	return family == AF_INET || family == AF_INET6 || family == AF_UNIX ? family : 0;
}

/* Takes fd. */
static int adopt_unix(struct driver *d, int fd)
{
	struct sockaddr_un at = { 0 };
	socklen_t size = sizeof at;
	char uri[URI_TEXT];

	getsockname(fd, (struct sockaddr *)&at, &size);
	if (at.sun_path[0] != '/') {
		d->why = "a unix socket needs a whole path";
		close(fd);
		return LENO_ADDRESS;
	}
	snprintf(uri, sizeof uri, "local:%.*s", (int)sizeof at.sun_path, at.sun_path);
	return listener_open(d, fd, ADDRESS_SOCKET, uri, NULL);
}

int inherit_listen(struct driver *d, const char *uri)
{
	int kind, family, theirs, fd;
	const char *number = take_apart(uri, &kind);

	if (!parse_fd(number, &theirs))
		return LENO_URI;
	family = family_of(theirs);
	if (!family) {
		d->why = "no stream socket that listens was handed over under that number";
		return LENO_ADDRESS;
	}
	if (kind == ADDRESS_UDP) {
		d->why = "udp:// needs a socket of its own: say udp://HOST:PORT";
		return LENO_ADDRESS;
	}
	if (family == AF_UNIX && kind) {
		d->why = "a unix socket has no scheme: say fd: alone";
		return LENO_ADDRESS;
	}
	if (kind && door_check(d, (enum address_kind)kind) < 0)
		return LENO_URI;
	fd = fcntl(theirs, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return LENO_SYSTEM;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (family == AF_UNIX)
		return adopt_unix(d, fd);
	return tcp_adopt(d, fd, kind ? (enum address_kind)kind : ADDRESS_TCP);
}
