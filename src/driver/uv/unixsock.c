/* unixsock.c - unix sockets: abstract names, paths, and who is at the other end.
 *
 *  1. Both ends belong to one user: each asks the kernel about the other.
 *  2. A path is replaced only when nobody listens there; its directory is locked
 *     meanwhile, so that two who find it stale do not both replace it. */
#define _GNU_SOURCE
#include "driver/uv/secret.h"
#include "driver/uv/uv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BUFFER = 512 * 1024 }; /* asked for; the system may give less */

int unixsock_new(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int size = BUFFER;

	if (fd < 0)
		return LENO_SYSTEM;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	return fd;
}

socklen_t unixsock_path(const char *path, struct sockaddr_storage *ret)
{
	struct sockaddr_un *un = (struct sockaddr_un *)ret;

	memset(ret, 0, sizeof *ret);
	un->sun_family = AF_UNIX;
	strncpy(un->sun_path, path, sizeof un->sun_path - 1);
	return sizeof *un;
}

/* The name tells the user, because abstract names have no permissions, and the
 * network, as a hash, because its name may be of any length. The kernel keeps them
 * apart by network namespace. */
socklen_t unixsock_abstract(const char *network, struct sockaddr_storage *ret)
{
	struct sockaddr_un *un = (struct sockaddr_un *)ret;
	char tag[SECRET_TAG];
	int n;

	memset(ret, 0, sizeof *ret);
	un->sun_family = AF_UNIX;
	secret_tag(network, tag);
	n = snprintf(un->sun_path + 1, sizeof un->sun_path - 1, "leno/1/%lu/%s",
	             (unsigned long)geteuid(), tag);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

bool unixsock_mine(int fd, pid_t *ret_pid)
{
	struct ucred peer;
	socklen_t size = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != geteuid())
		return false;
	if (ret_pid)
		*ret_pid = peer.pid;
	return true;
}

/* ---- by path ---------------------------------------------------------------- */

/* Is there a socket at the path that refuses connections? */
static bool is_stale(const struct sockaddr_storage *at, socklen_t size, const char *path)
{
	struct stat st;
	bool stale;
	int fd;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = unixsock_new();
	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)at, size) < 0 && errno == ECONNREFUSED;
	close(fd);
	return stale;
}

/* The directory of a path, open and locked; or -1. */
static int lock_directory(const char *path)
{
	char folder[ADDRESS_PATH + 1];
	char *slash;
	int fd;

	strcpy(folder, path);
	slash = strrchr(folder, '/');
	slash[slash == folder] = '\0'; /* "/" stays */
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* LENO_OK, ADDRESS_IN_USE or ADDRESS. */
static int bind_path(int fd, const char *path)
{
	struct sockaddr_storage at;
	socklen_t size = unixsock_path(path, &at);
	bool bound;

	/* The file gets the mode that the socket has: no moment when others may connect. */
	fchmod(fd, 0600);
	bound = bind(fd, (struct sockaddr *)&at, size) == 0;
	if (!bound && errno == EADDRINUSE) {
		if (!is_stale(&at, size, path))
			return LENO_ADDRESS_IN_USE;
		bound = unlink(path) == 0 && bind(fd, (struct sockaddr *)&at, size) == 0;
	}
	return bound && listen(fd, BACKLOG) == 0 ? LENO_OK : LENO_ADDRESS;
}

int unixsock_listen(struct driver *d, const char *path)
{
	struct listener *l;
	char uri[URI_TEXT];
	struct stat st;
	int fd, lock, error;

	lock = lock_directory(path);
	if (lock < 0)
		return LENO_ADDRESS;
	fd = unixsock_new();
	error = fd < 0 ? fd : bind_path(fd, path);
	close(lock);
	if (error < 0) {
		if (fd >= 0)
			close(fd);
		return error;
	}
	snprintf(uri, sizeof uri, "local:%s", path);
	error = listener_open(d, fd, LENO_PIPE_LOCAL, uri, &l);
	if (error < 0) {
		unlink(path);
		return error;
	}
	if (lstat(path, &st) == 0) {
		l->device = st.st_dev;
		l->inode = st.st_ino;
		strcpy(l->path, path);
	}
	return LENO_OK;
}

void unixsock_remove(const struct listener *l)
{
	struct stat st;

	if (l->path[0] && lstat(l->path, &st) == 0 && st.st_dev == l->device &&
	    st.st_ino == l->inode)
		unlink(l->path);
}
