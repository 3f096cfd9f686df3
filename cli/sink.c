/* sink.c - standard output and standard error, written to without ever waiting.
 *
 * O_NONBLOCK belongs to the open file, which the shell and others share. So each is opened
 * once more for us alone; a socket is sent to with MSG_DONTWAIT; and where neither can be
 * (a terminal of another user, no /proc) the flag is set for the time of one write.
 *
 *  1. No write waits, except to a regular file.
 *  2. The flags that others share are what they were when sink_write() returns. */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { UNKNOWN, REGULAR, OWN, SOCKET, SHARED };

static struct sink {
	enum kind kind;
	int own; /* opened by us; else the descriptor itself */
} sinks[2];

static struct sink *sink_of(int fd)
{
	struct sink *s = &sinks[fd == STDERR_FILENO];
	char path[32];
	struct stat st;

	if (s->kind != UNKNOWN)
		return s;
	s->own = fd;
	if (fstat(fd, &st) < 0 || S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)) {
		s->kind = REGULAR;
	} else if (S_ISSOCK(st.st_mode)) {
		s->kind = SOCKET;
	} else {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		s->own = sink_is_missing(fd)
		                 ? -1
		                 : open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		s->kind = s->own >= 0 ? OWN : SHARED;
		s->own = s->own >= 0 ? s->own : fd;
	}
	return s;
}

static ssize_t write_shared(int fd, const void *data, size_t size)
{
	int flags = fcntl(fd, F_GETFL), error;
	ssize_t n;

	if (flags < 0 || flags & O_NONBLOCK || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return write(fd, data, size);
	n = write(fd, data, size);
	error = errno;
	fcntl(fd, F_SETFL, flags);
	errno = error;
	return n;
}

ssize_t sink_write(int fd, const void *data, size_t size)
{
	const struct sink *s = sink_of(fd);
	ssize_t n = -1;

	do {
		switch (s->kind) {
		case SOCKET: n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL); break;
		case SHARED: n = write_shared(fd, data, size); break;
		default: n = write(s->own, data, size);
		}
	} while (n < 0 && errno == EINTR);
	return n < 0 && errno == EAGAIN ? 0 : n;
}

void sink_close(int fd)
{
	struct sink *s = sink_of(fd);
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (s->kind == OWN)
		close(s->own);
	if (nothing >= 0)
		dup2(nothing, fd);
	close(nothing < 0 ? fd : nothing);
	s->kind = UNKNOWN;
}

bool sink_is_file(int fd)
{
	return sink_of(fd)->kind == REGULAR;
}

bool sink_is_terminal(int fd)
{
	return isatty(fd) == 1;
}

bool sink_is_missing(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY;
}
