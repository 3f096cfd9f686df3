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
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	BUFFER = 512 * 1024, /* asked for; the system may give less */
	LOCK_TRIES = 20,     /* of a second's fraction each         */
	LOCK_EVERY_MS = 50
};

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

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		peer = (struct ucred){ .uid = (uid_t)-1 };
	if (ret_pid)
		*ret_pid = peer.pid;
	return peer.uid == geteuid();
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

static bool lock_soon(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		poll(NULL, 0, LOCK_EVERY_MS);
	}
	return false;
}

/* The directory of a path, open and locked; or ADDRESS, ADDRESS_IN_USE. Whoever may open it
 * may hold the lock: that is waited for, but not long. */
static int lock_directory(struct driver *d, const char *path)
{
	char folder[ADDRESS_PATH + 1];
	char *slash;
	int fd;

	strcpy(folder, path);
	slash = strrchr(folder, '/');
	slash[slash == folder] = '\0'; /* "/" stays */
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		d->why = errno == EACCES ? "its folder cannot be entered: choose one of your own"
		                         : "its folder does not exist: make it first";
		return LENO_ADDRESS;
	}
	if (lock_soon(fd))
		return fd;
	close(fd);
	d->why = "another process has locked its folder: try again, or choose another folder";
	return LENO_ADDRESS_IN_USE;
}

/* LENO_OK, ADDRESS_IN_USE or ADDRESS. */
static int bind_path(struct driver *d, int fd, const char *path)
{
	struct sockaddr_storage at;
	socklen_t size = unixsock_path(path, &at);
	bool bound;

	/* The file gets the mode that the socket has: no moment when others may connect. */
	fchmod(fd, 0600);
	bound = bind(fd, (struct sockaddr *)&at, size) == 0;
	if (!bound && errno == EADDRINUSE) {
		if (!is_stale(&at, size, path)) {
			d->why = "the path is in use: choose another";
			return LENO_ADDRESS_IN_USE;
		}
		bound = unlink(path) == 0 && bind(fd, (struct sockaddr *)&at, size) == 0;
	}
	if (bound && listen(fd, BACKLOG) == 0)
		return LENO_OK;
	d->why = "the system does not let this user make it: choose a folder of your own";
	return LENO_ADDRESS;
}

int unixsock_listen(struct driver *d, const char *path)
{
	struct listener *l;
	char uri[URI_TEXT];
	struct stat st;
	int fd, lock, error;

	lock = lock_directory(d, path);
	if (lock < 0)
		return lock;
	fd = unixsock_new();
	error = fd < 0 ? fd : bind_path(d, fd, path);
	close(lock);
	if (error < 0) {
		if (fd >= 0)
			close(fd);
		return error;
	}
	snprintf(uri, sizeof uri, "local:%s", path);
	error = listener_open(d, fd, ADDRESS_SOCKET, uri, &l);
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
