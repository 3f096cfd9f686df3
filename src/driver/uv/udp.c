/* udp.c - connections over datagrams: each is the channel of a pipe (transport/dgram.h does
 * the work), or belongs to a dial until it is answered.
 *
 *   udp_dial -----> a dial's --the answer comes--> a pipe's --release--> gone
 *   a HELLO with a proof of its address -----------^
 *
 *  1. Nothing is kept of strangers that have not proved where they are.
 *  2. What must go is made in udp_flush(), once for each turn of the loop, in batches.
 *  3. A connection that is released while its bytes are given away goes when that returns. */
#include "driver/uv/udp.h"

#include "base/mem.h"
#include "driver/uv/secret.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct udp_link {
	struct channel channel;
	struct driver *driver;
	struct udp_socket *socket;
	struct dgram *dgram;
	struct dial *dial;                /* waits for it; NULL: it has its pipe       */
	uint8_t name[DGRAM_ID];
	struct list in, dirty;
	uv_timer_t timer;
	uint64_t armed_ms;
	uint64_t moves;                   /* that were logged                          */
	unsigned refusals;
	bool awaits_room;
	bool rebound;                     /* in this silence                           */
	bool busy, released;
};

static struct udp_link *of(struct channel *c)
{
	return list_item(c, struct udp_link, channel);
}

static uint64_t now_us(void)
{
	return uv_hrtime() / 1000;
}

static void mark(struct udp_link *l)
{
	list_append(&l->driver->udp->dirty, &l->dirty);
}

/* ---- all of them -------------------------------------------------------------------- */

static int udp_begin(struct driver *d)
{
	uint8_t seed[48];
	struct udp *udp;
	size_t chunks;

	if (d->udp)
		return LENO_OK;
	udp = mem_take(sizeof *udp);
	if (!udp)
		return LENO_MEMORY;
	if (!secret_random(seed, sizeof seed)) {
		mem_free(udp);
		return LENO_SYSTEM;
	}
	udp_batch_clear(&udp->batch);
	list_init(&udp->sockets);
	list_init(&udp->links);
	list_init(&udp->dirty);
	map_init(&udp->names, offsetof(struct udp_link, name), DGRAM_ID, UDP_LINKS_MAX, seed + 32);
	dgram_door_init(&udp->door, seed);
	chunks = d->memory_max / UDP_SHARE / CHUNK_SIZE;
	pool_init(&udp->share.pool, chunks > UDP_CHUNKS_MIN ? chunks : UDP_CHUNKS_MIN);
	udp->share.hold = (struct budget){ 0, d->memory_max / UDP_SHARE };
	d->udp = udp;
	return LENO_OK;
}

static void on_socket_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void socket_free(struct udp_socket *s)
{
	list_remove(&s->in);
	uv_close((uv_handle_t *)&s->poll, on_socket_closed);
	close(s->fd);
	s->fd = -1;
}

static void on_socket(uv_poll_t *poll, int status, int events);

/* Takes fd, and closes it when it fails. */
static int socket_new(struct driver *d, int fd, bool dials, struct udp_socket **ret)
{
	struct udp_socket *s = mem_new(sizeof *s);

	if (!s || uv_poll_init(&d->loop, &s->poll, fd) != 0) {
		close(fd);
		mem_free(s);
		return LENO_MEMORY;
	}
	s->driver = d;
	s->fd = fd;
	s->dials = dials;
	s->poll.data = s;
	list_init(&s->in);
	list_append(&d->udp->sockets, &s->in);
	uv_poll_start(&s->poll, UV_READABLE, on_socket);
	*ret = s;
	return LENO_OK;
}

void udp_clear(struct driver *d)
{
	struct udp *udp = d->udp;

	if (!udp)
		return;
	list_each (it, after, &udp->sockets)
		socket_free(list_item(it, struct udp_socket, in));
	map_clear(&udp->names);
	pool_clear(&udp->share.pool);
	d->udp = mem_free(udp);
}

/* ---- what goes ------------------------------------------------------------------------ */

static void gone(struct udp_link *l, int error);

/* The system says that nobody is there: believed at once while we dial, later only when it
 * says so again and again, since anybody can send such a thing. */
static void refused(struct udp_link *l)
{
	if (l->dial || ++l->refusals >= UDP_REFUSALS_MAX)
		gone(l, l->dial ? LENO_REFUSED : LENO_CLOSED);
}

static bool send_batch(struct udp_link *l, uint64_t now)
{
	struct udp_batch *b = &l->driver->udp->batch;
	int error = b->n > 0 ? udp_transmit(l->socket, b, l->dgram, now) : 0;

	udp_batch_clear(b);
	return error == 0;
}


/* All that it has to send now, up to a bound. false: nobody is there. */
static bool transmit(struct udp_link *l)
{
	struct udp_batch *b = &l->driver->udp->batch;
	uint64_t now = now_us();
	struct dgram_out out;
	bool good = true;

	for (int batches = 0; batches < UDP_BATCHES_PER_TURN;) {
		uint8_t *at = b->bytes + b->used;

		if (!dgram_make_parts(l->dgram, at, now, &out)) {
			list_remove(&l->dirty);
			break;
		}
		if (b->n > 0 && !dgram_same_address(&out.to, &b->to))
			good &= send_batch(l, now);
		udp_batch_add(b, &out, at);
		if (udp_batch_full(b)) {
			good &= send_batch(l, now);
			batches++;
		}
	}
	return send_batch(l, now) && good;
}

static void on_timer(uv_timer_t *timer);

static void arm(struct udp_link *l)
{
	uint64_t due_us = dgram_deadline(l->dgram), now = uv_now(&l->driver->loop);
	uint64_t due_ms = due_us == UINT64_MAX ? NEVER_MS : due_us / 1000 + (due_us % 1000 > 0);

	if (due_ms == l->armed_ms)
		return;
	l->armed_ms = due_ms;
	if (due_ms == NEVER_MS)
		uv_timer_stop(&l->timer);
	else
		uv_timer_start(&l->timer, on_timer, due_ms > now ? due_ms - now : 0, 0);
}

bool udp_busy(const struct driver *d)
{
	return d->udp && !list_empty(&d->udp->dirty);
}

void udp_flush(struct driver *d)
{
	struct list now;

	if (!udp_busy(d))
		return;
	now = d->udp->dirty;
	now.next->prev = now.prev->next = &now;
	list_init(&d->udp->dirty);
	while (!list_empty(&now) && !d->closing) {
		struct udp_link *l = list_item(now.next, struct udp_link, dirty);

		mark(l);
		if (!transmit(l)) {
			refused(l);
			continue;
		}
		arm(l);
		if (l->awaits_room && dgram_room(l->dgram))
			pipe_room(l->channel.pipe);
	}
	while (!list_empty(&now))
		list_append(&d->udp->dirty, now.next);
}

/* ---- the channel ---------------------------------------------------------------------- */

static ssize_t write_some(struct channel *c, const uint8_t *data, size_t size)
{
	struct udp_link *l = of(c);

	if (dgram_error(l->dgram) != 0)
		return -1;
	mark(l);
	return (ssize_t)dgram_write(l->dgram, data, size);
}

static void await(struct channel *c, bool room)
{
	of(c)->awaits_room = room;
}

/* What lies in the socket may be of others, too: it is read as it comes. */
static void look(struct channel *c)
{
}

/* Once the node closes there is no other time. */
static void end(struct channel *c)
{
	struct udp_link *l = of(c);

	dgram_end(l->dgram);
	if (l->driver->closing)
		transmit(l);
	else
		mark(l);
}

static void on_link_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void say_reset(struct udp_link *l)
{
	struct udp_batch *b = &l->driver->udp->batch;
	struct dgram_out out = { 0 };

	dgram_place(l->dgram, &out.to);
	out.size = out.head = dgram_make_reset(l->dgram, b->bytes);
	if (out.size == 0)
		return;
	udp_batch_add(b, &out, b->bytes);
	send_batch(l, now_us());
}

static void link_free(struct udp_link *l)
{
	struct udp *udp = l->driver->udp;

	say_reset(l);
	map_remove(&udp->names, l->name);
	list_remove(&l->in);
	list_remove(&l->dirty);
	dgram_free(l->dgram);
	l->socket->links--;
	if (l->socket->dials || (l->socket->shut && l->socket->links == 0))
		socket_free(l->socket);
	uv_close((uv_handle_t *)&l->timer, on_link_closed);
}

static void release(struct channel *c)
{
	struct udp_link *l = of(c);

	l->released = true;
	if (!l->busy)
		link_free(l);
}

static const struct channel_ops ops = { write_some, await, look, end, release };

void udp_abandon(struct channel *c)
{
	of(c)->dial = NULL;
	release(c);
}

/* ---- what comes ----------------------------------------------------------------------- */

static void gone(struct udp_link *l, int error)
{
	struct dial *dial = l->dial;

	if (dial)
		dial_refused(dial, error);       /* abandons us */
	else
		pipe_gone(l->channel.pipe, error);
}

static void log_moves(struct udp_link *l)
{
	char uri[URI_TEXT];
	struct dgram_address to;
	struct dgram_counts c;

	dgram_count(l->dgram, &c);
	if (c.moves == l->moves)
		return;
	l->moves = c.moves;
	dgram_place(l->dgram, &to);
	udp_place_uri(&to, uri);
	loop_log(l->driver, LENO_LOG_INFO, "%s: its address is %s now", l->channel.pipe->uri, uri);
}

/* Something came, or time has passed. */
static void look_after(struct udp_link *l)
{
	struct dial *dial = l->dial;

	if (l->driver->closing)
		return;
	if (dgram_error(l->dgram) != 0 || dgram_ended(l->dgram)) {
		gone(l, dgram_error(l->dgram));
		return;
	}
	mark(l);
	if (dial && dgram_is_open(l->dgram)) {
		l->dial = NULL;
		dial_connected(dial, &l->channel);
		return;
	}
	if (!dial)
		log_moves(l);
}

/* Nobody answers: our own address may be another one now, to which this socket does not keep. From
 * a new one the peer sees us at a new place, and asks there. */
static void rebind(struct udp_link *l)
{
	struct udp_socket *old = l->socket;
	struct dgram_address to;
	int fd;

	dgram_place(l->dgram, &to);
	fd = udp_connected(&to);
	if (fd < 0 || socket_new(l->driver, fd, true, &l->socket) < 0)
		return;
	l->socket->link = l;
	socket_free(old);
}

static void on_timer(uv_timer_t *timer)
{
	struct udp_link *l = timer->data;
	bool silent;

	l->armed_ms = NEVER_MS;
	if (l->driver->closing)
		return;
	dgram_tick(l->dgram, now_us());
	silent = l->socket->dials && dgram_silences(l->dgram) >= UDP_SILENCES;
	if (silent && !l->rebound)
		rebind(l);
	l->rebound = silent;
	look_after(l);
}

static void give(void *user, uint8_t *data, size_t size)
{
	struct udp_link *l = user;

	if (l->channel.pipe && !l->released && !l->driver->closing)
		pipe_take(l->channel.pipe, data, size);
}

static void link_take(struct udp_link *l, const struct dgram_address *from, uint8_t *data,
                      size_t size)
{
	l->busy = true;
	l->refusals = 0;
	dgram_take(l->dgram, from, data, size, now_us(), give, l);
	l->busy = false;
	if (l->released)
		link_free(l);
	else
		look_after(l);
}

/* ---- beginning ------------------------------------------------------------------------ */

/* All places are taken: of those whose pipes have ended, and only wait for their peers, the one that
 * came first goes at once. Strangers that come and go faster would keep everybody out. */
static void make_room(struct udp *udp)
{
	list_each (it, after, &udp->links) {
		struct udp_link *l = list_item(it, struct udp_link, in);

		if (!l->channel.pipe || l->channel.pipe->state != PIPE_LINGERING || l->busy)
			continue;
		pipe_gone(l->channel.pipe, LENO_OK);
		return;
	}
}

static int link_new(struct udp_socket *s, const struct dgram_address *peer,
                    const struct dgram_greeting *g, struct udp_link **ret)
{
	struct udp *udp = s->driver->udp;
	struct dgram_setup setup = { .share = &udp->share, .peer = *peer };
	struct udp_link *l = mem_new(sizeof *l);
	int error = LENO_MEMORY;

	if (udp->names.count >= UDP_LINKS_MAX)
		make_room(udp);
	if (!secret_random(setup.seed, sizeof setup.seed))
		error = LENO_SYSTEM;
	else if (l)
		l->dgram = g ? dgram_accept(&setup, g, now_us()) : dgram_dial(&setup, now_us());
	if (l && l->dgram) {
		memcpy(l->name, dgram_id(l->dgram), DGRAM_ID);
		error = map_put(&udp->names, l);
	}
	if (error < 0) {
		if (l)
			dgram_free(l->dgram);
		mem_free(l);
		return error;
	}
	l->channel.ops = &ops;
	l->driver = s->driver;
	l->socket = s;
	s->links++;
	l->armed_ms = NEVER_MS;
	list_init(&l->in);
	list_init(&l->dirty);
	list_append(&udp->links, &l->in);
	uv_timer_init(&s->driver->loop, &l->timer);
	l->timer.data = l;
	mark(l);
	*ret = l;
	return LENO_OK;
}

static void greet(struct udp_socket *s, const struct dgram_address *from,
                  const struct dgram_greeting *g)
{
	struct driver *d = s->driver;
	struct udp_link *l = map_get(&d->udp->names, g->own.id);
	char uri[URI_TEXT];
	struct pipe_setup setup = { LENO_PIPE_DATAGRAM, 0, uri, NULL };
	int error;

	if (l) {
		dgram_greet_again(l->dgram);
		mark(l);
		return;
	}
	udp_place_uri(from, uri);
	error = link_new(s, from, g, &l);
	if (error < 0)
		leno_engine_refused(d->node, uri, error, "there is no room for its connection");
	else
		pipe_open(d, &l->channel, &setup, NULL);
}

static void take_stranger(struct udp_socket *s, const struct dgram_address *from, uint8_t *data,
                          size_t size)
{
	struct udp *udp = s->driver->udp;
	struct dgram_out out = { .to = *from, .size = DGRAM_RETRY_SIZE, .head = DGRAM_RETRY_SIZE };
	uint8_t answer[DGRAM_RETRY_SIZE];
	struct dgram_greeting g;

	switch (dgram_door_take(&udp->door, from, data, size, now_us(), answer, &g)) {
	case DGRAM_IGNORE: return;
	case DGRAM_ANSWER:
		udp_batch_add(&udp->batch, &out, answer);
		udp_transmit(s, &udp->batch, NULL, 0);
		udp_batch_clear(&udp->batch);
		return;
	case DGRAM_GREET: greet(s, from, &g); return;
	}
}

static void take_one(struct udp_socket *s, const struct dgram_address *from, uint8_t *data,
                     size_t size)
{
	struct udp_link *l;

	if (size < DGRAM_HEAD || s->fd < 0)
		return;
	if (!s->dials && !s->shut && data[0] == DGRAM_HELLO) {
		take_stranger(s, from, data, size);
		return;
	}
	l = map_get(&s->driver->udp->names, data + 2);
	if (l && l->socket == s)
		link_take(l, from, data, size);
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct udp_socket *s = poll->data;
	int error;

	if (s->driver->closing)
		return;
	error = udp_receive(s, s->driver->udp, take_one);
	if (error == ECONNREFUSED && s->fd >= 0 && s->link && !s->driver->closing)
		refused(s->link);
	else if (status < 0 && s->fd >= 0 && !s->driver->closing)
		uv_poll_start(&s->poll, UV_READABLE, on_socket);
}

int udp_listen(struct driver *d, int fd, const char *uri)
{
	struct udp_socket *s;
	struct listener *l;
	int error = udp_begin(d);

	if (error < 0) {
		close(fd);
		return error;
	}
	error = socket_new(d, fd, false, &s);
	if (error < 0)
		return error;
	error = listener_note(d, fd, ADDRESS_UDP, uri, &l);
	if (error < 0)
		socket_free(s);
	else
		l->udp = s;
	return error;
}

void udp_unlisten(struct listener *l)
{
	struct udp_socket *s = l->udp;

	listener_end(l);
	s->shut = true;
	if (s->links == 0)
		socket_free(s);
}

int udp_dial(struct driver *d, struct dial *dial, const struct sockaddr_storage *to,
             struct channel **ret)
{
	struct dgram_address peer;
	struct udp_socket *s;
	struct udp_link *l;
	int fd, error = udp_begin(d);

	if (error < 0)
		return error;
	udp_place_of(to, &peer);
	fd = udp_connected(&peer);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		return LENO_SYSTEM;
	if (fd < 0)
		return errno == ENETUNREACH || errno == EHOSTUNREACH ? LENO_UNREACHABLE
		                                                     : LENO_ADDRESS;
	error = socket_new(d, fd, true, &s);
	if (error < 0)
		return error;
	error = link_new(s, &peer, NULL, &l);
	if (error < 0) {
		socket_free(s);
		return error;
	}
	s->link = l;
	l->dial = dial;
	*ret = &l->channel;
	return LENO_OK;
}
