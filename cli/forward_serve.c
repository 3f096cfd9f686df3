/* forward_serve.c - from a stream to a TCP connection of this machine.
 *
 *   forwards_take -> RESOLVING --addresses--> CONNECTING --the first that answers-->
 *   conn_join -> over
 *
 *  1. Only what is on the list is resolved, and connected to.
 *  2. Names are resolved beside the loop, for each connection anew.
 *  3. What the other end says meanwhile waits in the stream, and there is room for it. */
#include "forward_serve.h"
#include "conn.h"
#include "mates.h"
#include "output.h"
#include "target.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct forwards {
	struct app *app;
	struct background *background;
	enum event_style style;
	struct target allowed[LIST_MAX];
	size_t n_allowed;
	struct mates *mates;
	struct conn *first;
	unsigned count;
};

/* The way to a connection; outlives it while its name is being resolved. */
struct reach {
	struct forwards *all;
	struct conn *conn; /* NULL: nobody waits for it any more */
	struct target to;
	char text[TARGET_TEXT];
	bool resolving, joined;
	struct addrinfo *found, *at;
	int result; /* of getaddrinfo()                       */
	int fd;     /* on its way to `at`; or -1              */
	leno_timer late;
	char why[CONN_WHY];
};

/* ---- the end -------------------------------------------------------------------- */

static void stop_trying(struct reach *r)
{
	if (r->late != 0)
		leno_cancel(r->all->app->node, r->late);
	r->late = 0;
	if (r->fd < 0)
		return;
	app_unwatch(r->all->app, r->fd);
	close(r->fd);
	r->fd = -1;
}

static void reach_free(struct reach *r)
{
	stop_trying(r);
	if (r->found != NULL)
		freeaddrinfo(r->found);
	free(r);
}

static void tell(const struct reach *r, const char *state, const struct conn *c, const char *error)
{
	const struct event_forward e = {
		.peer = &c->peer,
		.state = state,
		.to = r->text,
		.bytes_in = c->bytes,
		.bytes_out = c->in.bytes,
		.took_us = r->joined ? clock_us() - c->began_us : 0,
		.error = error,
	};

	event_forward(r->all->style, &e);
}

/* Nobody waits for it any more. */
static void reach_leave(struct reach *r)
{
	r->conn = NULL;
	if (!r->resolving)
		reach_free(r);
}

static void on_over(struct conn *c, int code, const char *why)
{
	struct reach *r = c->more;

	r->all->count--;
	mates_end(r->all->mates, &c->peer);
	tell(r, r->joined || code == 0 ? "closed" : "refused", c, code ? why : NULL);
	reach_leave(r);
}

/* ---- the way -------------------------------------------------------------------- */

static void try_next(struct reach *r);

static void failed(struct reach *r, const char *why)
{
	stop_trying(r);
	snprintf(r->why, sizeof r->why, "%.180s: %s", r->text, why);
	r->at = r->at->ai_next;
	try_next(r);
}

static void on_late(leno_node *node, void *arg)
{
	struct reach *r = arg;

	r->late = 0;
	failed(r, "no answer");
}

static void connected(struct reach *r)
{
	int fd = r->fd;

	r->fd = -1;
	stop_trying(r);
	r->joined = true;
	tell(r, "open", r->conn, NULL);
	conn_join(r->conn, fd);
}

static void on_connected(struct app *app, short revents, void *arg)
{
	struct reach *r = arg;
	int error = 0;
	socklen_t size = sizeof error;

	getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error)
		failed(r, strerror(error));
	else
		connected(r);
}

static void try_next(struct reach *r)
{
	struct app *app = r->all->app;

	if (r->at == NULL) {
		conn_fail(r->conn, CONN_FAILED, r->why);
		return;
	}
	r->fd = socket(r->at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->fd < 0) {
		failed(r, strerror(errno));
	} else if (connect(r->fd, r->at->ai_addr, r->at->ai_addrlen) == 0) {
		connected(r);
	} else if (errno != EINPROGRESS) {
		failed(r, strerror(errno));
	} else {
		app_watch(app, r->fd, POLLOUT, on_connected, r);
		leno_after(app->node, FORWARD_CONNECT_MS, on_late, r, &r->late);
	}
}

static void resolve(struct reach *r, int flags)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		                        .ai_flags = flags | AI_NUMERICSERV };
	char port[8];

	snprintf(port, sizeof port, "%u", r->to.port);
	r->result = getaddrinfo(r->to.host, port, &hints, &r->found);
}

static void resolved(struct reach *r)
{
	if (r->result != 0) {
		snprintf(r->why, sizeof r->why, "%.180s: %s", r->text, gai_strerror(r->result));
		r->found = NULL;
	}
	r->at = r->found;
	try_next(r);
}

static void resolve_name(void *arg)
{
	resolve(arg, 0);
}

static void on_resolved(void *arg, bool worked)
{
	struct reach *r = arg;

	r->resolving = false;
	if (r->conn == NULL)
		reach_free(r);
	else if (worked)
		resolved(r);
}

/* ---- who may ---------------------------------------------------------------------- */

static const struct target *find_allowed(const struct forwards *all, const struct target *asked)
{
	for (size_t i = 0; i < all->n_allowed; i++) {
		if (target_matches(&all->allowed[i], asked))
			return &all->allowed[i];
	}
	return NULL;
}

static void refuse(struct forwards *all, leno_stream *stream, const char *to, int code,
                   const char *why)
{
	const struct event_forward e = {
		.peer = leno_stream_peer(stream), .state = "refused", .to = to, .error = why
	};

	event_forward(all->style, &e);
	leno_stream_abort(stream, code, why);
}

static void begin(struct forwards *all, leno_stream *stream, const struct target *to)
{
	struct reach *r = need(calloc(1, sizeof *r));

	*r = (struct reach){ .all = all, .to = *to, .fd = -1 };
	target_text(to, r->text);
	r->conn = conn_new(all->app, &all->first, leno_stream_peer(stream), on_over, all);
	r->conn->stream = stream;
	r->conn->more = r;
	all->count++;
	mates_begin(all->mates, &r->conn->peer);
	leno_stream_accept(stream, &conn_handlers, r->conn);
	resolve(r, AI_NUMERICHOST);
	if (r->result == 0) {
		resolved(r);
		return;
	}
	r->resolving = true;
	background_run(all->background, resolve_name, on_resolved, r);
}

void forwards_take(struct forwards *all, leno_stream *stream, const char *topic)
{
	const char *text = topic + strlen(FORWARD_TOPIC);
	const struct target *allowed;
	struct target asked;
	char why[CONN_WHY];

	if (!target_parse(text, &asked)) {
		refuse(all, stream, text, CONN_DENIED, "that is no HOST:PORT");
		return;
	}
	allowed = find_allowed(all, &asked);
	if (allowed == NULL) {
		snprintf(why, sizeof why,
		         "that node does not connect others to %s%.100s; "
		         "`leno up --allow-forward HOST:PORT` does",
		         *asked.host ? "" : "its port ", *asked.host ? text : text + 1);
		refuse(all, stream, text, CONN_DENIED, why);
		return;
	}
	if (all->count == FORWARDS_MAX) {
		refuse(all, stream, text, CONN_BUSY, "that node has too many connections at once");
		return;
	}
	begin(all, stream, allowed);
}

static void on_lost(void *arg, const leno_id *id)
{
	conns_fail_of(&((struct forwards *)arg)->first, id, "it was not heard any more");
}

/* ---- all of them ---------------------------------------------------------------------- */

struct forwards *forwards_new(struct app *app, struct background *b, const struct list *allowed,
                              enum event_style style)
{
	struct forwards *all = need(calloc(1, sizeof *all));

	*all = (struct forwards){ .app = app, .background = b, .style = style };
	for (size_t i = 0; i < allowed->count; i++) {
		struct target *to = &all->allowed[all->n_allowed];

		if (target_parse(allowed->items[i], to) && to->port > 0 && *to->host) {
			all->n_allowed++;
			continue;
		}
		fail("%s--allow-forward %s: say HOST:PORT, as in 127.0.0.1:22",
		     settings_where(app->set, allowed->items[i]), allowed->items[i]);
		free(all);
		return NULL;
	}
	if (all->n_allowed > 0)
		conn_limits();
	all->mates = mates_new(app, FORWARD_SILENT_MS, on_lost, all);
	return all;
}

void forwards_adopt(struct forwards *all, struct forwards *other)
{
	memcpy(all->allowed, other->allowed, sizeof all->allowed);
	all->n_allowed = other->n_allowed;
	forwards_free(other);
}

void forwards_free(struct forwards *all)
{
	if (all == NULL)
		return;
	while (all->first != NULL) {
		struct reach *r = all->first->more;

		conn_free(all->first);
		reach_leave(r);
	}
	mates_free(all->mates);
	free(all);
}
