/* socket.c - the plainest channel: a connected socket, read and written here because
 * bounded reads need the descriptor. Owns it. */
#include "base/mem.h"
#include "driver/uv/uv.h"

#include <errno.h>
#include <unistd.h>

struct socket_channel {
	struct channel channel;
	struct driver *driver;
	uv_poll_t poll;
	int fd;
};

static struct socket_channel *of(struct channel *c)
{
	return list_item(c, struct socket_channel, channel);
}

int socket_error(int system_error)
{
	switch (system_error) {
	case 0: return LENO_OK;
	case ECONNRESET:
	case EPIPE: return LENO_CLOSED;
	case ETIMEDOUT: return LENO_TIMEOUT;
	case ENOMEM:
	case ENOBUFS: return LENO_MEMORY;
	default: return LENO_SYSTEM;
	}
}

/* A read that does not fill the buffer has emptied the socket: asking once more
 * would cost a system call to hear EAGAIN. Whether there is more to read. */
static bool read_once(struct socket_channel *s)
{
	struct driver *d = s->driver;
	ssize_t n;

	do {
		n = recv(s->fd, d->read_buffer, READ_SIZE, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		pipe_gone(s->channel.pipe, n == 0 ? LENO_OK : socket_error(errno));
		return false;
	}
	pipe_take(s->channel.pipe, d->read_buffer, (size_t)n);
	return n == READ_SIZE && !d->closing && s->channel.pipe;
}

static void look(struct channel *c)
{
	while (read_once(of(c)))
		;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct socket_channel *s = poll->data;

	if (s->driver->closing)
		return;
	if (status < 0) {              /* libuv has stopped polling */
		pipe_broken(s->channel.pipe, LENO_CLOSED);
		return;
	}
	if (events & UV_WRITABLE)
		pipe_room(s->channel.pipe);
	if (events & UV_READABLE)
		for (int i = 0; i < READS_PER_TURN && read_once(s); i++)
			;
}

static void await(struct channel *c, bool room)
{
	uv_poll_start(&of(c)->poll, UV_READABLE | (room ? UV_WRITABLE : 0), on_ready);
}

static ssize_t write_some(struct channel *c, const uint8_t *data, size_t size)
{
	ssize_t n;

	do {
		n = send(of(c)->fd, data, size, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 && errno == EAGAIN ? 0 : n;
}

/* When the node closes nobody waits for the peer's end: so what came is read, since closing
 * a socket that holds unread bytes resets it. */
void socket_end(struct driver *d, int fd)
{
	shutdown(fd, SHUT_WR);
	if (d->closing)
		recv(fd, d->read_buffer, READ_SIZE, MSG_DONTWAIT);
}

static void end(struct channel *c)
{
	socket_end(of(c)->driver, of(c)->fd);
}

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void release(struct channel *c)
{
	struct socket_channel *s = of(c);

	uv_close((uv_handle_t *)&s->poll, on_closed);
	close(s->fd);                  /* libuv let go of it in uv_close() */
	s->fd = -1;
}

static const struct channel_ops ops = { write_some, await, look, end, release };

int socket_pipe(struct driver *d, int fd, const struct pipe_setup *setup, struct pipe **ret)
{
	struct socket_channel *s = mem_new(sizeof *s);

	if (!s || uv_poll_init(&d->loop, &s->poll, fd) != 0) {
		filter_free(setup->filter);
		close(fd);
		mem_free(s);
		return LENO_MEMORY;
	}
	s->channel.ops = &ops;
	s->driver = d;
	s->fd = fd;
	s->poll.data = s;
	uv_poll_start(&s->poll, UV_READABLE, on_ready);
	return pipe_open(d, &s->channel, setup, ret);
}
