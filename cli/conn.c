/* conn.c - a socket and a stream, piece by piece.
 *
 *     socket --inlet--> stream        read while the stream takes it
 *     socket <--drain-- stream        written while the socket takes it, read no further
 *
 *  1. A direction that has ended ends the same direction on the other side, and no more.
 *  2. What ends otherwise than by both ends having finished is a reset for both.
 *  3. A slow reader costs a socket's buffer, one piece, and the stream's window. */
#include "conn.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void write_now(void *arg);

struct conn *conn_new(struct app *app, struct conn **first, const leno_id *peer,
                      void (*over)(struct conn *, int code, const char *why), void *owner)
{
	struct conn *c = need(calloc(1, sizeof *c));

	c->app = app;
	c->owner = owner;
	c->over = over;
	c->peer = *peer;
	c->fd = -1;
	c->began_us = clock_us();
	c->later = (struct app_later){ .fn = write_now, .arg = c };
	c->next = *first;
	c->at = first;
	if (c->next != NULL)
		c->next->at = &c->next;
	*first = c;
	return c;
}

static void close_socket(struct conn *c, bool reset)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	if (c->fd < 0)
		return;
	app_unwatch(c->app, c->fd);
	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	close(c->fd);
	c->fd = -1;
}

void conn_free(struct conn *c)
{
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	app_not_later(&c->later);
	close_socket(c, true);
	leno_stream_abort(c->stream, CONN_RESET, "the other end has gone");
	inlet_clear(&c->in);
	free(c);
}

static void over(struct conn *c, int code, const char *why)
{
	close_socket(c, code != 0);
	c->over(c, code, why);
	conn_free(c);
}

void conn_fail(struct conn *c, int code, const char *why)
{
	leno_stream_abort(c->stream, code, why);
	c->stream = NULL;
	over(c, code, why);
}

void conns_fail_of(struct conn **first, const leno_id *id, const char *why)
{
	for (struct conn *c = *first, *next; c != NULL; c = next) {
		next = c->next;
		if (leno_id_same(&c->peer, id))
			conn_fail(c, CONN_RESET, why);
	}
}

static void on_closed(leno_stream *stream, void *user, int error, int code, const char *why)
{
	struct conn *c = user;

	c->stream = NULL;
	if (error == LENO_REFUSED)
		over(c, code ? code : CONN_RESET, why);
	else
		over(c, error ? CONN_RESET : 0, error ? leno_strerror(error) : "");
}

/* ---- both directions ------------------------------------------------------------- */

static void on_socket(struct app *app, short revents, void *arg);

static void watch(struct conn *c)
{
	short events = (short)((c->in.state == INLET_OPEN ? POLLIN : 0) | (c->stuck ? POLLOUT : 0));

	if (c->watched && events == c->events)
		return;
	app_watch(c->app, c->fd, events, on_socket, c);
	c->watched = true;
	c->events = events;
}

/* False when it is over. */
static bool fill(struct conn *c)
{
	if (c->in.state != INLET_FAILED)
		return true;
	conn_fail(c, CONN_RESET, strerror(errno));
	return false;
}

static bool drain(struct conn *c)
{
	leno_bytes b;
	ssize_t n;

	while (!c->stuck && (b = leno_stream_peek(c->stream)).size > 0) {
		n = send(c->fd, b.data, b.size, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			conn_fail(c, CONN_RESET, strerror(errno));
			return false;
		}
		c->stuck = n < 0;
		if (n > 0) {
			c->bytes += (uint64_t)n;
			leno_stream_skip(c->stream, (size_t)n);
		}
	}
	if (!c->shut && leno_stream_ended(c->stream)) {
		c->shut = true;
		shutdown(c->fd, SHUT_WR);
	}
	return true;
}

static void write_now(void *arg)
{
	struct conn *c = arg;

	if (c->stream != NULL && c->fd >= 0 && drain(c))
		watch(c);
}

/* Many pieces may come in one step: they are written together. */
static void on_readable(leno_stream *stream, void *user)
{
	struct conn *c = user;

	app_later(c->app, &c->later);
}

static void on_writable(leno_stream *stream, void *user)
{
	struct conn *c = user;

	if (c->fd < 0)
		return;
	inlet_resume(&c->in);
	if (fill(c))
		watch(c);
}

const leno_stream_handlers conn_handlers = { .readable = on_readable,
	                                     .writable = on_writable,
	                                     .closed = on_closed };

/* Neither direction waits for the socket, and still it has something to say: that it was
 * reset, or that it has hung up and there is more to be read when the stream takes it. */
static bool take_trouble(struct conn *c)
{
	int error = 0;
	socklen_t size = sizeof error;

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error) {
		conn_fail(c, CONN_RESET, strerror(error));
		return false;
	}
	app_unwatch(c->app, c->fd);
	c->watched = false;
	return true;
}

static void on_socket(struct app *app, short revents, void *arg)
{
	struct conn *c = arg;

	if (c->events == 0) {
		take_trouble(c);
		return;
	}
	if (revents & (POLLOUT | POLLERR | POLLHUP) && c->stuck) {
		c->stuck = false;
		if (!drain(c))
			return;
	}
	if (revents & (POLLIN | POLLERR | POLLHUP))
		inlet_read(&c->in);
	if (fill(c))
		watch(c);
}

void conn_join(struct conn *c, int fd)
{
	c->fd = fd;
	c->in = (struct inlet){ .fd = fd, .stream = c->stream };
	conn_tune(fd);
	if (drain(c))
		watch(c);
}

/* ---- sockets ------------------------------------------------------------------------ */

void conn_tune(int fd)
{
	int on = 1;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

void conn_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}
