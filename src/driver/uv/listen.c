/* listen.c - doors: listening sockets, of every kind.
 * Takes connections from the kernel, gives pipes.
 *
 *  1. Without descriptors nobody spins: who waits is shed with the spare one, so that
 *     he hears of it, and accepting pauses. */
#define _GNU_SOURCE
#include "base/mem.h"
#include "driver/uv/uv.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_door(uv_poll_t *poll, int status, int events);

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void pause_accepting(struct driver *d)
{
	list_each (it, after, &d->listeners)
		if (list_item(it, struct listener, in)->fd >= 0)
			uv_poll_stop(&list_item(it, struct listener, in)->poll);
	uv_timer_start(&d->resume, listener_resume, PAUSE_MS, 0);
}

void listener_resume(uv_timer_t *timer)
{
	struct driver *d = timer->data;

	list_each (it, after, &d->listeners)
		if (list_item(it, struct listener, in)->fd >= 0)
			uv_poll_start(&list_item(it, struct listener, in)->poll, UV_READABLE,
			              on_door);
}

/* Turns away who waits, as far as the spare descriptor allows. */
static void shed(struct listener *l)
{
	struct driver *d = l->driver;

	for (int i = 0; i < ACCEPTS_PER_TURN && d->spare >= 0; i++) {
		int fd;

		close(d->spare);
		fd = accept(l->fd, NULL, NULL);
		if (fd >= 0)
			close(fd);
		d->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
	}
}

static void take_in(struct listener *l, int fd, const struct sockaddr_storage *from)
{
	struct driver *d = l->driver;
	char uri[URI_TEXT] = "local:";
	struct pipe_setup setup = { door_class(l->kind), 0, uri, NULL };

	if (setup.class == LENO_PIPE_LOCAL) {
		if (!unixsock_mine(fd, NULL)) {
			loop_log(d, LENO_LOG_WARN, "%s: refused a process of another user", l->uri);
			close(fd);
			return;
		}
	} else {
		tcp_tune(fd);
		tcp_uri(from, l->kind, "", uri);
	}
	if (door_filter(d, l->kind, NULL, &setup.filter) < 0)
		close(fd);
	else if (setup.class == LENO_PIPE_LOCAL)
		shared_pipe(d, fd, &setup, NULL);
	else
		socket_pipe(d, fd, &setup, NULL);
}

/* What accept() failed with: is it this one connection's fault alone? */
static bool is_passing(int error)
{
	switch (error) {
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
	case ETIMEDOUT:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET: return true;
	default: return false;
	}
}

static void on_door(uv_poll_t *poll, int status, int events)
{
	struct listener *l = poll->data;
	struct driver *d = l->driver;

	/* A handler may have closed this door meanwhile. */
	for (int i = 0; i < ACCEPTS_PER_TURN && !d->closing && l->fd >= 0; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t size = sizeof from;
		int fd = accept4(l->fd, (struct sockaddr *)&from, &size,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			take_in(l, fd, &from);
			continue;
		}
		if (errno == EAGAIN)
			return;
		if (is_passing(errno))
			continue;
		loop_log(d, LENO_LOG_WARN, "%s: cannot accept (%s): pausing for %d ms", l->uri,
		         strerror(errno), PAUSE_MS);
		if (errno == EMFILE || errno == ENFILE)
			shed(l);
		pause_accepting(d);
		return;
	}
}

static bool takes_both(int fd)
{
	int only = 1;
	socklen_t size = sizeof only;

	return getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size) == 0 && !only;
}

int listener_open(struct driver *d, int fd, enum address_kind kind, const char *uri,
                  struct listener **ret)
{
	struct listener *l = mem_new(sizeof *l);

	if (!l || uv_poll_init(&d->loop, &l->poll, fd) != 0) {
		close(fd);
		mem_free(l);
		return LENO_MEMORY;
	}
	l->driver = d;
	l->fd = fd;
	l->both = takes_both(fd);
	l->kind = kind;
	l->poll.data = l;
	snprintf(l->uri, sizeof l->uri, "%s", uri);
	list_init(&l->in);
	list_append(&d->listeners, &l->in);
	d->doors_due_ms = 0;
	if (!uv_is_active((uv_handle_t *)&d->resume))
		uv_poll_start(&l->poll, UV_READABLE, on_door);
	if (ret)
		*ret = l;
	mdns_changed(d);
	return LENO_OK;
}

int listener_note(struct driver *d, int fd, enum address_kind kind, const char *uri,
                  struct listener **ret)
{
	struct listener *l = mem_new(sizeof *l);

	if (!l)
		return LENO_MEMORY;
	l->driver = d;
	l->fd = -1;
	l->both = takes_both(fd);
	l->kind = kind;
	snprintf(l->uri, sizeof l->uri, "%s", uri);
	list_init(&l->in);
	list_append(&d->listeners, &l->in);
	d->doors_due_ms = 0;
	*ret = l;
	return LENO_OK;
}

void listener_end(struct listener *l)
{
	list_remove(&l->in);
	mdns_changed(l->driver);
	l->driver->doors_due_ms = 0;
	if (l->fd < 0) {
		mem_free(l);
		return;
	}
	uv_close((uv_handle_t *)&l->poll, on_closed);
	unixsock_remove(l);
	close(l->fd);
	l->fd = -1;
}

void listener_clear(struct driver *d)
{
	list_each (it, after, &d->listeners)
		listener_end(list_item(it, struct listener, in));
}

/* ---- leno.h ----------------------------------------------------------------- */

static int listen_at(struct driver *d, const char *uri)
{
	struct address a;
	int error = address_parse(uri, &a);

	if (error == LENO_OK)
		error = door_check(d, a.kind);
	if (error < 0)
		return error;
	if (address_is_net(&a))
		return tcp_listen(d, &a);
	return a.kind == ADDRESS_SOCKET ? unixsock_listen(d, a.path) : local_listen(d);
}

int leno_listen(leno_node *node, const char *uri)
{
	struct driver *d = driver_of(node);
	int error;

	if (!uri)
		return LENO_URI;
	if (d->closing)
		return LENO_CLOSED;
	d->why = NULL;
	error = inherit_is(uri) ? inherit_listen(d, uri) : listen_at(d, uri);
	if (error == LENO_OK) {
		struct listener *newest = list_item(d->listeners.prev, struct listener, in);

		snprintf(newest->asked, sizeof newest->asked, "%s", uri);
	} else if (error != LENO_OPEN_NETWORK && d->why) {
		loop_log(d, LENO_LOG_WARN, "cannot listen at %s: %s", uri, d->why);
	}
	return error;
}

int leno_unlisten(leno_node *node, const char *uri)
{
	struct driver *d = driver_of(node);

	list_each (it, after, &d->listeners) {
		struct listener *l = list_item(it, struct listener, in);

		if (!uri || l->hidden || (strcmp(l->asked, uri) != 0 && strcmp(l->uri, uri) != 0))
			continue;
		if (l->kind == ADDRESS_LOCAL)
			return local_unlisten(d, l);
		if (l->kind == ADDRESS_UDP)
			udp_unlisten(l);
		else
			listener_end(l);
		return LENO_OK;
	}
	return LENO_URI;
}

const char *leno_uri(leno_node *node, size_t n)
{
	struct driver *d = driver_of(node);

	list_each (it, after, &d->listeners) {
		struct listener *l = list_item(it, struct listener, in);

		if (!l->hidden && n-- == 0)
			return l->uri;
	}
	return NULL;
}
