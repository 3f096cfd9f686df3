/* pipe.c - one open pipe: a connected socket between the kernel and the engine.
 * Takes bytes for leno_engine_take(), gives those of leno_engine_make().
 * Owns its descriptor; numbers it for the engine.
 *
 *   OPEN --pipe_finish (the engine closes)--> FINISHING --all written--> LINGERING
 *     |                                          |                          |
 *     +--the peer ends, an error--> gone <-------+--patience ends-----------+
 *
 *  1. make() is asked only when all it made before has been written.
 *  2. What the kernel did not take is kept, in order, and nothing overtakes it.
 *  3. A pipe's number is free again only when the engine knows that it is gone. */
#include "base/mem.h"
#include "driver/uv/uv.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int error_of(int system_error)
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

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void release_number(struct pipe *p)
{
	struct driver *d = p->driver;

	if (table_get(&d->pipes, p->number) == p)
		table_remove(&d->pipes, p->number);
	p->number = LENO_PIPES_MAX;
}

/* Frees it; the engine knows already, or never did. */
static void pipe_free(struct pipe *p)
{
	struct driver *d = p->driver;
	bool to_leader = p->to_leader && p->state == PIPE_OPEN;

	release_number(p);
	list_remove(&p->dirty);
	list_remove(&p->ending);
	p->left = mem_free(p->left);
	uv_close((uv_handle_t *)&p->poll, on_closed);
	close(p->fd); /* libuv let go of it in uv_close() */
	p->fd = -1;
	if (to_leader)
		local_lost(d, false);
}

/* What was made is thrown away, so that the engine is rid of the pipe. */
static void discard_made(struct pipe *p)
{
	struct driver *d = p->driver;

	while (leno_engine_make(d->node, p->number, d->write_buffer, WRITE_SIZE) > 0)
		;
}

/* The peer or the system ended it. */
static void pipe_gone(struct pipe *p, int error)
{
	struct driver *d = p->driver;
	leno_pipe pipe = p->number;
	enum pipe_state state = p->state;

	if (state == PIPE_FINISHING)
		discard_made(p);
	pipe_free(p);
	if (state == PIPE_OPEN && !d->closing)
		leno_engine_closed(d->node, pipe, error);
}

static void enqueue(struct pipe *p)
{
	list_append(&p->driver->dirty, &p->dirty);
}

/* ---- reading ---------------------------------------------------------------- */

/* A read that does not fill the buffer has emptied the socket: asking once more
 * would cost a system call to hear EAGAIN. Whether there is more to read. */
static bool read_once(struct pipe *p)
{
	struct driver *d = p->driver;
	ssize_t n;

	do {
		n = recv(p->fd, d->read_buffer, READ_SIZE, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		pipe_gone(p, n == 0 ? LENO_OK : error_of(errno));
		return false;
	}
	if (p->state == PIPE_OPEN) {
		loop_time(d);
		if (!d->closing)
			leno_engine_take(d->node, p->number, d->read_buffer, (size_t)n);
	}
	return n == READ_SIZE && !d->closing;
}

/* It is broken; but the peer's last bytes may lie before the error: its goodbye. */
static void last_look(struct pipe *p, int error)
{
	while (read_once(p))
		;
	if (p->fd >= 0 && !p->driver->closing)
		pipe_gone(p, error);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct pipe *p = poll->data;
	struct driver *d = p->driver;

	if (d->closing)
		return;
	if (status < 0) {
		last_look(p, LENO_CLOSED); /* libuv has stopped polling */
		return;
	}
	if (events & UV_WRITABLE)
		enqueue(p);
	if (events & UV_READABLE) {
		for (int i = 0; i < READS_PER_TURN; i++) {
			if (!read_once(p))
				return;
		}
	}
}

static void watch(struct pipe *p, bool blocked)
{
	if (p->blocked == blocked)
		return;
	p->blocked = blocked;
	uv_poll_start(&p->poll, UV_READABLE | (blocked ? UV_WRITABLE : 0), on_ready);
}

/* ---- writing ---------------------------------------------------------------- */

/* A blocked one is served when the socket has room: asking before costs a system call. */
void pipe_dirty(struct pipe *p)
{
	if (!p->blocked)
		enqueue(p);
}

/* How many of the bytes the kernel took; or -1 when the pipe is broken. */
static ssize_t write_some(struct pipe *p, const uint8_t *data, size_t size)
{
	ssize_t n;

	do {
		n = send(p->fd, data, size, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	return n;
}

/* Keeps what the kernel did not take. The room stays while the pipe is congested: one that
 * is full once is full often. When all is written it is given back: many pipes are idle. */
static bool keep_rest(struct pipe *p, const uint8_t *data, size_t size)
{
	if (p->left_capacity < size) {
		p->left = mem_free(p->left);
		p->left_capacity = 0;
		p->left = mem_new(size);
		if (!p->left)
			return false;
		p->left_capacity = size;
	}
	memcpy(p->left, data, size);
	p->left_from = 0;
	p->left_to = size;
	return true;
}

/* The engine has no more for this pipe. */
static void all_written(struct pipe *p)
{
	watch(p, false);
	p->left = mem_free(p->left);
	p->left_capacity = 0;
	if (p->state != PIPE_FINISHING)
		return;
	/* Closing a socket that holds unread bytes resets it, and what was just written,
	 * the reason, may be lost: so end our side, and await the other's. */
	p->state = PIPE_LINGERING;
	release_number(p);
	shutdown(p->fd, SHUT_WR);
}

enum flushed { FLUSH_EMPTY, FLUSH_MORE, FLUSH_FULL, FLUSH_BROKEN };

static enum flushed flush_left(struct pipe *p)
{
	ssize_t n;

	if (p->left_from == p->left_to)
		return FLUSH_MORE;
	n = write_some(p, p->left + p->left_from, p->left_to - p->left_from);
	if (n < 0)
		return FLUSH_BROKEN;
	p->left_from += (size_t)n;
	return p->left_from < p->left_to ? FLUSH_FULL : FLUSH_MORE;
}

static enum flushed flush_made(struct pipe *p)
{
	struct driver *d = p->driver;
	size_t made = leno_engine_make(d->node, p->number, d->write_buffer, WRITE_SIZE);
	ssize_t n;

	if (made == 0)
		return FLUSH_EMPTY;
	n = write_some(p, d->write_buffer, made);
	if (n < 0 || (n < (ssize_t)made && !keep_rest(p, d->write_buffer + n, made - (size_t)n)))
		return FLUSH_BROKEN;
	return n < (ssize_t)made ? FLUSH_FULL : FLUSH_MORE;
}

static enum flushed write_out(struct pipe *p)
{
	enum flushed what = flush_left(p);

	for (int i = 0; i < WRITES_PER_TURN && what == FLUSH_MORE; i++)
		what = flush_made(p);
	return what;
}

static void pipe_flush(struct pipe *p)
{
	list_remove(&p->dirty);
	if (p->state == PIPE_LINGERING)
		return;
	switch (write_out(p)) {
	case FLUSH_EMPTY: all_written(p); break;
	case FLUSH_MORE: enqueue(p); break; /* others first */
	case FLUSH_FULL: watch(p, true); break;
	case FLUSH_BROKEN: last_look(p, errno == ENOMEM ? LENO_MEMORY : LENO_CLOSED); break;
	}
}

void pipe_flush_all(struct driver *d)
{
	struct list now;

	if (list_empty(&d->dirty))
		return;
	/* A list of its own: a pipe that wants another turn gets it in the next one. */
	now = d->dirty;
	now.next->prev = now.prev->next = &now;
	list_init(&d->dirty);
	while (!list_empty(&now))
		pipe_flush(list_item(now.next, struct pipe, dirty));
}

/* ---- ending ----------------------------------------------------------------- */

void pipe_patience(uv_timer_t *timer)
{
	struct driver *d = timer->data;

	while (!list_empty(&d->ending)) {
		struct pipe *p = list_item(d->ending.next, struct pipe, ending);

		if (p->end_ms > uv_now(&d->loop)) {
			uv_timer_start(timer, pipe_patience, p->end_ms - uv_now(&d->loop), 0);
			return;
		}
		pipe_gone(p, LENO_OK);
	}
}

void pipe_finish(struct pipe *p)
{
	struct driver *d = p->driver;

	if (p->state != PIPE_OPEN)
		return;
	p->state = PIPE_FINISHING;
	p->end_ms = uv_now(&d->loop) + LINGER_MS;
	list_append(&d->ending, &p->ending); /* all wait equally long: in order */
	if (!uv_is_active((uv_handle_t *)&d->end))
		uv_timer_start(&d->end, pipe_patience, LINGER_MS, 0);
	pipe_dirty(p);
	if (p->to_leader) {
		p->to_leader = false;
		local_lost(d, true);
	}
}

void pipe_clear(struct driver *d)
{
	for (size_t i = 0; i < d->pipes.room; i++) {
		struct pipe *p = d->pipes.at[i];

		if (!p)
			continue;
		p->to_leader = false;
		write_out(p);
		shutdown(p->fd, SHUT_WR);
		recv(p->fd, d->read_buffer, READ_SIZE, MSG_DONTWAIT);
		pipe_free(p);
	}
	while (!list_empty(&d->ending))
		pipe_free(list_item(d->ending.next, struct pipe, ending));
}

/* ---- beginning -------------------------------------------------------------- */

static leno_pipe take_number(struct driver *d)
{
	for (leno_pipe i = 0; i < LENO_PIPES_MAX; i++) {
		leno_pipe pipe = (d->cursor + i) % LENO_PIPES_MAX;

		if (table_get(&d->pipes, pipe))
			continue;
		d->cursor = (pipe + 1) % LENO_PIPES_MAX;
		return pipe;
	}
	return LENO_PIPES_MAX;
}

int pipe_open(struct driver *d, int fd, enum leno_pipe_class class, uint32_t dial, const char *uri,
              struct pipe **ret)
{
	leno_pipe pipe = take_number(d);
	struct pipe *p = pipe < LENO_PIPES_MAX ? mem_new(sizeof *p) : NULL;
	int error;

	if (!p || table_put(&d->pipes, pipe, p)) {
		mem_free(p);
		close(fd);
		return pipe < LENO_PIPES_MAX ? LENO_MEMORY : LENO_LIMIT;
	}
	p->driver = d;
	p->fd = fd;
	p->number = pipe;
	p->poll.data = p;
	list_init(&p->dirty);
	list_init(&p->ending);
	if (uv_poll_init(&d->loop, &p->poll, fd) != 0) {
		table_remove(&d->pipes, pipe);
		close(fd);
		mem_free(p);
		return LENO_SYSTEM;
	}
	uv_poll_start(&p->poll, UV_READABLE, on_ready);
	loop_time(d);
	error = leno_engine_opened(d->node, pipe, class, dial, uri);
	if (error < 0) {
		pipe_free(p);
		return error;
	}
	if (ret)
		*ret = p;
	return LENO_OK;
}
