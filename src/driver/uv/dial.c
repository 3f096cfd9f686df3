/* dial.c - dials: from a URI that the engine names to an open pipe, or a failure.
 *
 * The addresses of the URI are tried in turn, each for a while. A dial ends always
 * later than it began, because the engine takes no input while it gives outputs.
 *
 *   dial_start --a name--> looking up --dial_resolved--> trying 1st, 2nd, ...
 *       \------numeric, or a path-----------------------/   |           |
 *                                                 opened()       dial_failed()
 *
 *  1. Each dial is answered exactly once, unless the node closes first. */
#include "base/mem.h"
#include "driver/uv/dialable.h"
#include "driver/uv/polled.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* One socket that connects. It outlives its dial until libuv let go of it. */
struct attempt {
	uv_poll_t poll;
	struct dial *dial;
	int fd;
};

struct dial {
	struct driver *driver;
	struct list in; /* driver->dials */
	uint32_t number;
	struct address address;
	struct resolve *asked;
	struct attempt *attempt;
	struct channel *datagrams; /* instead of an attempt */
	uv_timer_t timer; /* runs out: on with the next address */
	size_t n, next;
	struct sockaddr_storage addresses[ADDRESSES_MAX];
	int error; /* of the last try */
	bool hearsay, beside; /* see leno_out: not everything may be dialled */
	char uri[URI_TEXT];
};

static void on_timer(uv_timer_t *timer);

static int error_of(int system_error)
{
	switch (system_error) {
	case ECONNREFUSED:
	case ENOENT:
	case EACCES: return LENO_REFUSED;
	case ETIMEDOUT: return LENO_TIMEOUT;
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
	case EINVAL: return LENO_ADDRESS;
	case EAGAIN: return LENO_BUSY; /* a unix socket with a full backlog */
	case ENETUNREACH:
	case EHOSTUNREACH: return LENO_UNREACHABLE;
	case ENOMEM:
	case ENOBUFS: return LENO_MEMORY;
	default: return LENO_SYSTEM;
	}
}

/* ---- one address -------------------------------------------------------------- */

static void on_attempt_closed(uv_handle_t *handle)
{
	mem_free(list_item(handle, struct attempt, poll));
}

/* Lets go of the socket, and returns it: it is the caller's. -1: there was none. */
static int attempt_end(struct dial *dial)
{
	struct attempt *a = dial->attempt;
	int fd;

	if (!a)
		return -1;
	fd = a->fd;
	dial->attempt = NULL;
	a->dial = NULL;
	uv_close((uv_handle_t *)&a->poll, on_attempt_closed);
	return fd;
}

static void attempt_abandon(struct dial *dial)
{
	struct channel *datagrams = dial->datagrams;
	int fd = attempt_end(dial);

	if (fd >= 0)
		close(fd);
	dial->datagrams = NULL;
	if (datagrams)
		udp_abandon(datagrams);
}

static void on_dial_closed(uv_handle_t *handle)
{
	mem_free(list_item(handle, struct dial, timer));
}

static void dial_free(struct dial *dial)
{
	attempt_abandon(dial);
	dial->asked = resolve_forget(dial->asked);
	list_remove(&dial->in);
	uv_close((uv_handle_t *)&dial->timer, on_dial_closed);
}

static void dial_succeed(struct dial *dial)
{
	struct driver *d = dial->driver;
	bool polled = dial->address.kind == ADDRESS_HTTP || dial->address.kind == ADDRESS_HTTPS;
	char uri[URI_TEXT];
	struct pipe_setup setup = { door_class(dial->address.kind), dial->number, uri, NULL };
	int fd, error;

	fd = attempt_end(dial);
	strcpy(uri, dial->uri);
	if (address_is_net(&dial->address)) {
		tcp_tune(fd);
	} else if (!unixsock_mine(fd, NULL)) {
		loop_log(d, LENO_LOG_WARN, "%s: refused a process of another user", uri);
		close(fd);
		dial->error = LENO_REFUSED;
		uv_timer_start(&dial->timer, on_timer, 0, 0);
		return;
	}
	if (polled)
		error = polled_pipe(d, fd, &dial->address, &setup);
	else
		error = door_filter(d, dial->address.kind, &dial->address, &setup.filter);
	dial_free(dial);
	if (polled)
		; /* it has the socket */
	else if (error < 0)
		close(fd);
	else if (setup.class == LENO_PIPE_LOCAL)
		error = shared_pipe(d, fd, &setup, NULL);
	else
		error = socket_pipe(d, fd, &setup, NULL);
	if (error < 0)
		leno_engine_dial_failed(d->node, setup.dial, error);
}

void dial_connected(struct dial *dial, struct channel *c)
{
	struct driver *d = dial->driver;
	char uri[URI_TEXT];
	struct pipe_setup setup = { door_class(dial->address.kind), dial->number, uri, NULL };
	int error;

	strcpy(uri, dial->uri);
	dial->datagrams = NULL;
	dial_free(dial);
	error = pipe_open(d, c, &setup, NULL);
	if (error < 0)
		leno_engine_dial_failed(d->node, setup.dial, error);
}

void dial_refused(struct dial *dial, int error)
{
	dial->error = error;
	attempt_abandon(dial);
	on_timer(&dial->timer);
}

static void on_connected(uv_poll_t *poll, int status, int events)
{
	struct attempt *a = list_item(poll, struct attempt, poll);
	struct dial *dial = a->dial;
	socklen_t size = sizeof(int);
	int error = 0;

	if (!dial || dial->driver->closing)
		return;
	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		error = errno;
	if (error == 0 && status == 0) {
		dial_succeed(dial);
		return;
	}
	dial->error = error_of(error);
	attempt_abandon(dial);
	on_timer(&dial->timer);
}

/* Whether the address is being tried now. */
static bool attempt_begin(struct dial *dial, const struct sockaddr_storage *at)
{
	bool local = at->ss_family == AF_UNIX;
	socklen_t size = local ? sizeof(struct sockaddr_un) : tcp_size(at);
	struct attempt *a = mem_new(sizeof *a);
	int fd;

	if (!a)
		return false;
	fd = local ? unixsock_new()
	           : socket(at->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || (connect(fd, (const struct sockaddr *)at, size) < 0 && errno != EINPROGRESS &&
	               errno != EINTR)) {
		dial->error = error_of(errno);
		goto failed;
	}
	if (uv_poll_init(&dial->driver->loop, &a->poll, fd) != 0)
		goto failed;
	a->dial = dial;
	a->fd = fd;
	dial->attempt = a;
	uv_poll_start(&a->poll, UV_WRITABLE, on_connected);
	return true;
failed:
	if (fd >= 0)
		close(fd);
	mem_free(a);
	return false;
}

static bool datagrams_begin(struct dial *dial, const struct sockaddr_storage *at)
{
	int error = udp_dial(dial->driver, dial, at, &dial->datagrams);

	if (error < 0)
		dial->error = error;
	return error == LENO_OK;
}

/* ---- the dial ----------------------------------------------------------------- */

/* Gives no input: so it may run at any time. */
static bool attempt_next(struct dial *dial)
{
	bool datagrams = dial->address.kind == ADDRESS_UDP;

	while (dial->next < dial->n) {
		const struct sockaddr_storage *at = &dial->addresses[dial->next++];

		if (dial->hearsay && !dialable_by_hearsay(at, dial->beside)) {
			dial->error = LENO_ADDRESS;
			continue;
		}
		if (datagrams ? datagrams_begin(dial, at) : attempt_begin(dial, at)) {
			uv_timer_start(&dial->timer, on_timer, TRY_MS, 0);
			return true;
		}
	}
	return false;
}

/* On with the next address. */
static void on_timer(uv_timer_t *timer)
{
	struct dial *dial = list_item(timer, struct dial, timer);
	struct driver *d = dial->driver;

	if (d->closing)
		return;
	if (dial->attempt || dial->datagrams) {
		dial->error = LENO_TIMEOUT;
		attempt_abandon(dial);
	}
	if (attempt_next(dial))
		return;
	loop_time(d);
	if (!d->closing)
		leno_engine_dial_failed(d->node, dial->number, dial->error);
	dial_free(dial);
}

void dial_resolved(struct driver *d, uint32_t number, int error, struct sockaddr_storage *found,
                   size_t n)
{
	list_each (it, after, &d->dials) {
		struct dial *dial = list_item(it, struct dial, in);

		if (dial->number != number)
			continue;
		dial->asked = resolve_forget(dial->asked);
		dial->error = error;
		dial->n = n;
		memcpy(dial->addresses, found, n * sizeof *found);
		on_timer(&dial->timer);
		return;
	}
}

static bool can_be_dialled(const struct address *a)
{
	return !address_is_net(a) ||
	       (a->port != 0 && strcmp(a->host, "*") != 0 && a->kind != ADDRESS_ANY);
}

/* Another node's word alone leads to no file. Nor does it choose the path of a request to who may be
 * no node, but a service that does what the path says: only TLS proves before whose door it is. */
static bool leads_astray(const struct address *a)
{
	bool clear = a->kind == ADDRESS_WS || a->kind == ADDRESS_HTTP;

	return !address_is_net(a) || (clear && strcmp(a->path, "/") != 0);
}

/* What the URI says, or who is asked what it means. */
static int dial_prepare(struct dial *dial)
{
	const struct address *a = &dial->address;
	int error = address_parse(dial->uri, &dial->address);

	if (error < 0)
		return error;
	dial->n = 1;
	if (dial->hearsay && leads_astray(a))
		return LENO_URI;
	if (!address_is_net(a)) {
		unixsock_path(a->path, &dial->addresses[0]);
		return LENO_OK;
	}
	if (!can_be_dialled(a))
		return LENO_URI;
	if (door_by_proxy(dial->driver, a->kind)) {
		if (dial->hearsay)             /* where the proxy would be led cannot be looked at */
			return LENO_ADDRESS;
		a = &dial->driver->proxy;
	}
	if (tcp_numeric(a, &dial->addresses[0]))
		return LENO_OK;
	dial->n = 0;
	return a->bracketed ? LENO_ADDRESS
	                    : resolve_start(dial->driver, dial->number, a, &dial->asked);
}

void dial_start(struct driver *d, const leno_out *out)
{
	uint32_t number = out->dial;
	const char *uri = out->uri;
	struct dial *dial;
	int error;

	if (strncmp(uri, MDNS_URI, strlen(MDNS_URI)) == 0)
		uri += strlen(MDNS_URI);
	if (strcmp(uri, "local:") == 0 && !out->hearsay) {
		local_dial(d, number);
		return;
	}
	dial = mem_new(sizeof *dial);
	if (!dial) {
		d->lost.number = number;
		d->lost.error = LENO_MEMORY;
		return;
	}
	dial->driver = d;
	dial->number = number;
	dial->hearsay = out->hearsay;
	dial->beside = out->beside;
	snprintf(dial->uri, sizeof dial->uri, "%s", uri);
	uv_timer_init(&d->loop, &dial->timer);
	list_init(&dial->in);
	list_append(&d->dials, &dial->in);
	error = dial_prepare(dial);
	if (error < 0) {
		dial->n = 0;
		dial->error = error;
	}
	if (!dial->asked && !attempt_next(dial))
		uv_timer_start(&dial->timer, on_timer, 0, 0);
}

void dial_tell_lost(struct driver *d)
{
	uint32_t number = d->lost.number;

	d->lost.number = 0;
	leno_engine_dial_failed(d->node, number, d->lost.error);
}

void dial_clear(struct driver *d)
{
	list_each (it, after, &d->dials)
		dial_free(list_item(it, struct dial, in));
}

int dial_meet(struct driver *d, const char *uri)
{
	struct address a;

	if (address_parse(uri, &a) < 0 || !address_is_net(&a) || !can_be_dialled(&a))
		return LENO_URI;
	if (!d->sealed)                        /* strangers of that name would be led here */
		return LENO_OPEN_NETWORK;
	return d->closing ? LENO_CLOSED : leno_engine_meet(d->node, uri);
}

/* ---- leno.h --------------------------------------------------------------------- */

int leno_connect(leno_node *node, const char *uri)
{
	struct driver *d = driver_of(node);
	struct address a;
	int error = address_parse(uri, &a);

	if (error < 0)
		return error;
	if (d->closing)
		return LENO_CLOSED;
	if (!can_be_dialled(&a))
		return LENO_URI;
	d->why = NULL;
	error = door_check_dial(d, a.kind);
	if (error < 0 && d->why)
		loop_log(d, LENO_LOG_WARN, "cannot connect to %s: %s", uri, d->why);
	return error < 0 ? error : leno_engine_connect(node, uri);
}

int leno_forget(leno_node *node, const char *uri)
{
	if (!uri)
		return LENO_URI;
	/* Discovery dials it, too, and goes on. */
	if (driver_of(node)->local.discovers && strcmp(uri, "local:") == 0)
		return LENO_OK;
	return leno_engine_forget(node, uri);
}
