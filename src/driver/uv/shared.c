/* shared.c - the channel of local: pipes: a unix socket, and memory that both ends share for
 * each direction that turns out to be busy. Owns socket and rings (ring.h).
 *
 *   a direction, at its writer:    SOCKET --it is busy, and the peer can--> RING
 *   and at its reader:             SOCKET --a marker with two descriptors--> RING
 *
 * With its first bytes each end sends a descriptor, which means nothing but that it takes rings.
 * A marker is one byte with the ring's file and a socket on which the writer hears that there is
 * room. Behind it the direction's socket carries bells, single bytes for a reader who sleeps, and
 * its end.
 *
 *  1. Quiet pipes have no ring. Without memory or descriptors the socket goes on being used.
 *  2. Who announces has kept a place among RINGS_MAX, in which it takes the peer's ring.
 *  3. Bells are read away only when the ring is empty: so what is left has an unread bell, or
 *     stands in rings.due for a turn of its own.
 *  4. The socket's end counts when the ring is empty: who is killed has said what it wrote.
 *  5. No call waits: descriptors that came from outside are only sent to, without waiting. */
#define _GNU_SOURCE
#include "base/mem.h"
#include "driver/uv/ring.h"
#include "driver/uv/uv.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	RINGS_MAX = 256,          /* each way; fewer when memory_max is small          */
	MEMORY_PART = 8,          /* of memory_max at most, each way                   */
	BUSY_BYTES = 256 * 1024,  /* written in BUSY_MS: the direction gets a ring     */
	BUSY_MS = 500,
	FILES = 4,                /* heard at a time: what fits CMSG_SPACE for three, too */
	MARKED = 2,               /* with a marker: the ring's file, and who is told of room */
	BELLS = 64,               /* read at a time                                    */
	LOOKS = 4                 /* at a counter that moves, before it is called a lie */
};

static_assert(RING_SIZE - RING_LOW >= LENO_MAKE_MIN, "who was woken can make something");

#define MARKER 'R'

struct shared_channel {
	struct channel channel;
	struct driver *driver;
	uv_poll_t poll, room;
	int fd;
	int mine, theirs;         /* to be told of room, and to tell; or -1            */
	int handles;              /* that libuv has                                    */
	bool polls_room;          /* of the socket                                     */
	bool announced, may;      /* we take rings; the peer does                      */
	bool greeted;             /* the peer has said so, or tried                    */
	bool wants, never;        /* a ring to write to; it cannot be had              */
	bool quiet;               /* no bell is unread, but nobody rings: we are awake */
	uint64_t since_ms;        /* `sent` is counted from then on                    */
	size_t sent;
	struct list due;          /* in driver->rings.due                              */
	struct ring out, in;
};

static struct shared_channel *of(struct channel *c)
{
	return list_item(c, struct shared_channel, channel);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A bell that finds no place is not needed: others lie there unheard. */
static void ring_bell(int fd)
{
	send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- descriptors on their way ------------------------------------------------------- */

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(FILES * sizeof(int))];
};

static ssize_t send_with(int fd, const uint8_t *data, size_t size, const int *files, size_t n)
{
	struct iovec bytes = { (void *)(uintptr_t)data, size };
	union control control = { .head = { .cmsg_level = SOL_SOCKET,
		                            .cmsg_type = SCM_RIGHTS,
		                            .cmsg_len = CMSG_LEN(n * sizeof(int)) } };
	struct msghdr m = { .msg_iov = &bytes,
		            .msg_iovlen = 1,
		            .msg_control = &control,
		            .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	ssize_t sent;

	memcpy(CMSG_DATA(&control.head), files, n * sizeof(int));
	do {
		sent = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	return sent;
}

struct heard {
	int files[FILES];
	size_t n;
	bool lost;                /* some more, for which there was no place           */
};

static void hear(struct msghdr *m, struct heard *ret)
{
	ret->n = 0;
	ret->lost = m->msg_flags & MSG_CTRUNC;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n && ret->n < FILES; i++)
			memcpy(&ret->files[ret->n++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

/* ---- what comes --------------------------------------------------------------------- */

static void refuse(struct shared_channel *s, int error, const char *why)
{
	loop_log(s->driver, LENO_LOG_WARN, "%s: dropped: %s", s->channel.pipe->uri, why);
	pipe_gone(s->channel.pipe, error);
}

/* Bells are read away, and the end is seen. False: the pipe is gone. */
static bool hear_bells(struct shared_channel *s)
{
	uint8_t bells[BELLS];
	ssize_t n;

	do {
		n = recv(s->fd, bells, sizeof bells, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	s->quiet = true;
	if (n > 0 || (n < 0 && errno == EAGAIN) || !ring_empty(&s->in))
		return true;
	pipe_gone(s->channel.pipe, n == 0 ? LENO_OK : socket_error(errno));
	return false;
}

/* Brings what is in the ring, for a while; asleep when there is no more. */
static void serve(struct shared_channel *s)
{
	struct driver *d = s->driver;

	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t n = ring_take(&s->in, d->read_buffer, READ_SIZE);

		if (n < 0) {
			refuse(s, LENO_PROTOCOL, "its shared memory says what cannot be");
			return;
		}
		if (n > 0) {
			if (ring_frees(&s->in))
				ring_bell(s->theirs);
			pipe_take(s->channel.pipe, d->read_buffer, (size_t)n);
			if (d->closing || !s->channel.pipe)
				return;
			continue;
		}
		if (!hear_bells(s))
			return;
		if (ring_sleep(&s->in)) {
			s->quiet = false;
			return;
		}
	}
	if (s->quiet)
		list_append(&d->rings.due, &s->due);
}

void shared_turn(struct driver *d)
{
	struct list now;

	if (list_empty(&d->rings.due))
		return;
	now = d->rings.due;
	now.next->prev = now.prev->next = &now;
	list_init(&d->rings.due);
	while (!list_empty(&now)) {
		struct shared_channel *s = list_item(now.next, struct shared_channel, due);

		list_remove(&s->due);
		if (!d->closing)
			serve(s);
	}
}

/* To a plain unix socket nothing that is sent waits, whatever else is done with it meanwhile. */
static bool is_bell(int fd)
{
	int domain = 0, type = 0;
	socklen_t size = sizeof domain;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

/* The peer writes to this ring from now on. */
static int adopt(struct shared_channel *s, struct heard *h, const char **ret_why)
{
	int error = is_bell(h->files[1]) ? ring_adopt(&s->in, h->files[0]) : LENO_PROTOCOL;

	if (error == LENO_OK) {
		s->theirs = h->files[1];
		h->files[1] = -1;
	} else {
		/* Others here may make theirs the same way: this costs one pipe, not all of them. */
		s->driver->rings.off = true;
		*ret_why = error == LENO_MEMORY ? "no memory to map what it would share"
		                                : "the memory that it would share is not as it must be";
	}
	return error;
}

/* Descriptors came with these bytes, of which this is the last. */
static int take_files(struct shared_channel *s, struct heard *h, uint8_t last, bool *ret_marker,
                      const char **ret_why)
{
	if (!s->greeted && h->n + h->lost == 1) {
		s->greeted = true;
		s->may = h->n == 1;
		return LENO_OK;
	}
	*ret_marker = s->greeted && s->announced && !s->in.shared && last == MARKER;
	if (*ret_marker && h->lost && h->n < MARKED) {
		s->driver->rings.off = true;
		*ret_why = "no descriptors for the memory that it would share";
		return LENO_SYSTEM;
	}
	if (*ret_marker && h->n == MARKED)
		return adopt(s, h, ret_why);
	*ret_why = "it sent descriptors that nobody asked for";
	return LENO_PROTOCOL;
}

/* False: there is no more, or the socket brings no bytes any longer. */
static bool take_from_socket(struct shared_channel *s, struct msghdr *m, size_t n)
{
	struct driver *d = s->driver;
	struct heard h;
	bool marker = false, any;
	const char *why = "";
	int error = LENO_OK;

	hear(m, &h);
	any = h.n > 0 || h.lost;
	if (any)
		error = take_files(s, &h, d->read_buffer[n - 1], &marker, &why);
	while (h.n > 0)
		close_fd(&h.files[--h.n]);
	if (error < 0) {
		refuse(s, error, why);
		return false;
	}
	n -= marker;
	if (n > 0)
		pipe_take(s->channel.pipe, d->read_buffer, n);
	/* A read that ends with descriptors, or fills the buffer, may not have emptied it. */
	return (any || n == READ_SIZE) && !marker && !d->closing && s->channel.pipe;
}

static bool read_once(struct shared_channel *s)
{
	struct driver *d = s->driver;
	struct iovec bytes = { d->read_buffer, READ_SIZE };
	union control control;
	struct msghdr m = { .msg_iov = &bytes,
		            .msg_iovlen = 1,
		            .msg_control = &control,
		            .msg_controllen = sizeof control };
	ssize_t n;

	do {
		n = recvmsg(s->fd, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		pipe_gone(s->channel.pipe, n == 0 ? LENO_OK : socket_error(errno));
		return false;
	}
	return take_from_socket(s, &m, (size_t)n);
}

static void take(struct shared_channel *s)
{
	for (int i = 0; i < READS_PER_TURN && !s->in.shared && read_once(s); i++)
		;
	if (s->channel.pipe && s->in.shared && !s->driver->closing)
		serve(s);
}

static void look(struct channel *c)
{
	take(of(c));
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct shared_channel *s = poll->data;

	if (s->driver->closing)
		return;
	if (status < 0) {              /* libuv has stopped polling */
		pipe_broken(s->channel.pipe, LENO_CLOSED);
		return;
	}
	if (events & UV_WRITABLE)
		pipe_room(s->channel.pipe);
	if (events & UV_READABLE)
		take(s);
}

static void poll_socket(struct shared_channel *s, bool room)
{
	s->polls_room = room;
	uv_poll_start(&s->poll, UV_READABLE | (room ? UV_WRITABLE : 0), on_ready);
}

/* ---- what goes ---------------------------------------------------------------------- */

static size_t rings_max(const struct driver *d)
{
	size_t max = d->memory_max / MEMORY_PART / RING_SIZE;

	return max < RINGS_MAX ? max : RINGS_MAX;
}

/* There is room in our ring. When the peer is gone the socket tells. */
static void on_room(uv_poll_t *poll, int status, int events)
{
	struct shared_channel *s = poll->data;
	uint8_t bells[BELLS];
	ssize_t n = recv(s->mine, bells, sizeof bells, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		uv_poll_stop(poll);
	else if (!s->driver->closing)
		pipe_room(s->channel.pipe);
}

static bool listen_for_room(struct shared_channel *s)
{
	if (uv_poll_init(&s->driver->loop, &s->room, s->mine) != 0)
		return false;
	s->handles++;
	s->room.data = s;
	uv_poll_start(&s->room, UV_READABLE, on_room);
	return true;
}

/* Sends the marker, when all that went before has left. EAGAIN: not yet. */
static int hand_over(struct shared_channel *s, int file)
{
	static const uint8_t marker = MARKER;
	int pair[2], n;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		return errno;
	n = send_with(s->fd, &marker, 1, (int[]){ file, pair[1] }, 2) == 1 ? 0 : errno;
	close(pair[1]);
	if (n == 0)
		s->mine = pair[0];
	else
		close(pair[0]);
	return n;
}

/* The rest goes by a ring, if one can be had. -1: the pipe is broken. */
static int switch_over(struct shared_channel *s)
{
	struct driver *d = s->driver;
	int file, error;

	if (d->rings.made >= rings_max(d) || ring_create(&s->out, &file) < 0) {
		s->never = true;
		return 0;
	}
	error = hand_over(s, file);
	close(file);
	if (error != 0) {
		ring_free(&s->out);
		s->never = error != EAGAIN;
		return 0;
	}
	d->rings.made++;
	if (s->polls_room)
		poll_socket(s, false);
	return listen_for_room(s) ? 0 : -1;
}

static ssize_t write_ring(struct shared_channel *s, const uint8_t *data, size_t size)
{
	size_t done = 0;

	for (int i = 0; i < LOOKS; i++) {
		uint8_t *at;
		ssize_t room = ring_room(&s->out, &at);
		size_t n = size - done;

		if (room < 0)
			return -1;
		if ((size_t)room < n)
			n = (size_t)room;
		memcpy(at, data + done, n);
		done += n;
		if (n > 0 && ring_put(&s->out, n))
			ring_bell(s->fd);
		if (done == size || ring_wait(&s->out))
			return (ssize_t)done;
	}
	return -1;                     /* it is free and is not, again and again */
}

/* With the first bytes goes that we take rings, when there is a place for one. */
static ssize_t write_first(struct shared_channel *s, const uint8_t *data, size_t size)
{
	struct driver *d = s->driver;
	ssize_t n = -1;

	if (!d->rings.off && d->rings.announced < rings_max(d) && d->spare >= 0)
		n = send_with(s->fd, data, size, &d->spare, 1);
	if (n > 0) {
		s->announced = true;
		d->rings.announced++;
		return n;
	}
	s->never = true;
	return send(s->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* It is full, or much went through it lately. */
static bool is_busy(struct shared_channel *s, size_t sent, size_t size)
{
	uint64_t now = uv_now(&s->driver->loop);

	if (now - s->since_ms >= BUSY_MS) {
		s->since_ms = now;
		s->sent = 0;
	}
	s->sent += sent;
	return sent < size || s->sent >= BUSY_BYTES;
}

static ssize_t write_socket(struct shared_channel *s, const uint8_t *data, size_t size)
{
	ssize_t n;

	do {
		n = s->announced || s->never ? send(s->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT)
		                             : write_first(s, data, size);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		return n;
	n = n < 0 ? 0 : n;
	s->wants = is_busy(s, (size_t)n, size);
	return n;
}

static ssize_t write_some(struct channel *c, const uint8_t *data, size_t size)
{
	struct shared_channel *s = of(c);

	if (s->wants && s->may && s->announced && !s->never && !s->out.shared &&
	    switch_over(s) < 0)
		return -1;
	return s->out.shared ? write_ring(s, data, size) : write_socket(s, data, size);
}

/* What is made fits: nothing of it is kept and copied once more. */
static size_t room_of(struct channel *c)
{
	struct shared_channel *s = of(c);
	uint8_t *at;
	ssize_t room;

	if (!s->out.shared)
		return WRITE_SIZE;
	for (int i = 0; i < LOOKS; i++) {
		room = ring_room(&s->out, &at);
		if (room < 0 || room >= LENO_MAKE_MIN)
			return room < 0 ? WRITE_SIZE : (size_t)room;
		if (ring_wait(&s->out))
			return 0;
	}
	return WRITE_SIZE;             /* and the write finds it broken */
}

/* A ring needs no telling: who could not write all has said so there. */
static void await(struct channel *c, bool room)
{
	struct shared_channel *s = of(c);

	room = room && !s->out.shared;
	if (room != s->polls_room)
		poll_socket(s, room);
}

/* ---- beginning and end -------------------------------------------------------------- */

static void end(struct channel *c)
{
	socket_end(of(c)->driver, of(c)->fd);
}

static void on_closed(uv_handle_t *handle)
{
	struct shared_channel *s = handle->data;

	if (--s->handles == 0)
		mem_free(s);
}

static void release(struct channel *c)
{
	struct shared_channel *s = of(c);
	struct driver *d = s->driver;

	d->rings.announced -= s->announced;
	d->rings.made -= s->out.shared != NULL;
	list_remove(&s->due);
	ring_free(&s->out);
	ring_free(&s->in);
	uv_close((uv_handle_t *)&s->poll, on_closed);
	if (s->handles > 1)
		uv_close((uv_handle_t *)&s->room, on_closed);
	close_fd(&s->fd);              /* libuv let go of them in uv_close() */
	close_fd(&s->mine);
	close_fd(&s->theirs);
}

static const struct channel_ops ops = { write_some, await, look, end, release, room_of };

int shared_pipe(struct driver *d, int fd, const struct pipe_setup *setup, struct pipe **ret)
{
	struct shared_channel *s = mem_new(sizeof *s);

	if (!s || uv_poll_init(&d->loop, &s->poll, fd) != 0) {
		filter_free(setup->filter);
		close(fd);
		mem_free(s);
		return LENO_MEMORY;
	}
	s->channel.ops = &ops;
	s->driver = d;
	s->fd = fd;
	s->mine = s->theirs = -1;
	s->handles = 1;
	s->poll.data = s;
	list_init(&s->due);
	poll_socket(s, false);
	return pipe_open(d, &s->channel, setup, ret);
}
