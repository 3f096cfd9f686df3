/* avahi_poll.c - watches and timeouts of avahi as handles of libuv.
 *
 * A datagram is looked at before avahi is told that there is one, and taken away when it is
 * none of its business (mdns_gate.h).
 *
 *  1. Memory of a handle is freed when libuv has closed it. */
#include "driver/uv/avahi_poll.h"

#include "base/mem.h"

#include <errno.h>
#include <leno.h>
#include <sys/socket.h>
#include <time.h>

enum {
	DATAGRAMS_PER_TURN = 64 /* looked at, of one socket */
};

struct AvahiWatch {
	uv_poll_t poll;
	struct avahi_poll *of;
	int fd;
	bool datagrams;
	bool freed;
	AvahiWatchEvent happened;
	AvahiWatchCallback callback;
	void *userdata;
};

struct AvahiTimeout {
	uv_timer_t timer;
	AvahiTimeoutCallback callback;
	void *userdata;
};

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

/* ---- watches ------------------------------------------------------------------- */

static void tell(AvahiWatch *w, AvahiWatchEvent events)
{
	w->happened = events;
	w->callback(w, w->fd, events, w->userdata);
	w->happened = 0;
}

/* Takes away what nobody wants, up to the first datagram that avahi may read, or until
 * there are none. Whether there is one. */
static bool let_through(AvahiWatch *w)
{
	struct avahi_poll *p = w->of;

	for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
		ssize_t n = recv(w->fd, p->packet, sizeof p->packet,
		                 MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);

		if (n < 0)
			return errno != EAGAIN && errno != EINTR; /* avahi clears the error */
		if (gate_take(&p->gate, p->packet, (size_t)n, uv_now(p->loop)) == GATE_PASS)
			return true;
		recv(w->fd, p->packet, 1, MSG_DONTWAIT);
	}
	return false;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	AvahiWatch *w = poll->data;

	if (status < 0) {
		tell(w, AVAHI_WATCH_ERR);
		return;
	}
	if (events & UV_WRITABLE)
		tell(w, AVAHI_WATCH_OUT);
	if (!w->freed && (events & UV_READABLE) && (!w->datagrams || let_through(w)))
		tell(w, AVAHI_WATCH_IN);
}

static void watch_update(AvahiWatch *w, AvahiWatchEvent event)
{
	int events = (event & AVAHI_WATCH_IN ? UV_READABLE : 0) |
	             (event & AVAHI_WATCH_OUT ? UV_WRITABLE : 0);

	if (events)
		uv_poll_start(&w->poll, events, on_poll);
	else
		uv_poll_stop(&w->poll);
}

static bool is_datagrams(int fd)
{
	int domain = 0, type = 0;
	socklen_t size = sizeof domain;

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
	return type == SOCK_DGRAM && (domain == AF_INET || domain == AF_INET6);
}

static AvahiWatch *watch_new(const AvahiPoll *api, int fd, AvahiWatchEvent event,
                             AvahiWatchCallback callback, void *userdata)
{
	struct avahi_poll *p = api->userdata;
	AvahiWatch **spare = p->watches, *w;

	while (spare < p->watches + AVAHI_WATCHES && !*spare)
		spare++;
	if (spare == p->watches + AVAHI_WATCHES || uv_poll_init(p->loop, &(*spare)->poll, fd) != 0)
		return NULL;
	w = *spare;
	*spare = NULL;
	w->of = p;
	w->fd = fd;
	w->datagrams = is_datagrams(fd);
	w->callback = callback;
	w->userdata = userdata;
	w->poll.data = w;
	watch_update(w, event);
	return w;
}

static AvahiWatchEvent watch_get_events(AvahiWatch *w)
{
	return w->happened;
}

static void watch_free(AvahiWatch *w)
{
	w->freed = true;
	uv_close((uv_handle_t *)&w->poll, on_closed);
}

/* ---- timeouts ------------------------------------------------------------------ */

static void on_timer(uv_timer_t *timer)
{
	AvahiTimeout *t = timer->data;

	t->callback(t, t->userdata);
}

/* avahi names a time of day; how long it is until then is all that a loop can keep. */
static void timeout_update(AvahiTimeout *t, const struct timeval *at)
{
	struct timespec now;
	int64_t left_us;

	if (!at) {
		uv_timer_stop(&t->timer);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	left_us = ((int64_t)at->tv_sec - now.tv_sec) * 1000000 + at->tv_usec - now.tv_nsec / 1000;
	uv_timer_start(&t->timer, on_timer, left_us > 0 ? (uint64_t)left_us / 1000 + 1 : 0, 0);
}

static AvahiTimeout *timeout_new(const AvahiPoll *api, const struct timeval *at,
                                 AvahiTimeoutCallback callback, void *userdata)
{
	struct avahi_poll *p = api->userdata;
	AvahiTimeout **spare = p->timeouts, *t;

	while (spare < p->timeouts + AVAHI_TIMEOUTS && !*spare)
		spare++;
	if (spare == p->timeouts + AVAHI_TIMEOUTS)
		return NULL;
	t = *spare;
	*spare = NULL;
	t->callback = callback;
	t->userdata = userdata;
	uv_timer_init(p->loop, &t->timer);
	t->timer.data = t;
	timeout_update(t, at);
	return t;
}

static void timeout_free(AvahiTimeout *t)
{
	uv_close((uv_handle_t *)&t->timer, on_closed);
}

void avahi_poll_clear(struct avahi_poll *p)
{
	for (size_t i = 0; i < AVAHI_WATCHES; i++)
		p->watches[i] = mem_free(p->watches[i]);
	for (size_t i = 0; i < AVAHI_TIMEOUTS; i++)
		p->timeouts[i] = mem_free(p->timeouts[i]);
}

/* Whether there is memory for all of them. */
static bool make_spares(struct avahi_poll *p)
{
	bool good = true;

	for (size_t i = 0; i < AVAHI_WATCHES; i++) {
		p->watches[i] = mem_new(sizeof *p->watches[i]);
		good &= p->watches[i] != NULL;
	}
	for (size_t i = 0; i < AVAHI_TIMEOUTS; i++) {
		p->timeouts[i] = mem_new(sizeof *p->timeouts[i]);
		good &= p->timeouts[i] != NULL;
	}
	return good;
}

int avahi_poll_init(struct avahi_poll *p, uv_loop_t *loop)
{
	p->loop = loop;
	p->api = (AvahiPoll){ .userdata = p,
		              .watch_new = watch_new,
		              .watch_update = watch_update,
		              .watch_get_events = watch_get_events,
		              .watch_free = watch_free,
		              .timeout_new = timeout_new,
		              .timeout_update = timeout_update,
		              .timeout_free = timeout_free };
	gate_init(&p->gate, uv_now(loop));
	if (make_spares(p))
		return LENO_OK;
	avahi_poll_clear(p);
	return LENO_MEMORY;
}
