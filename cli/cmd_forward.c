/* cmd_forward.c - `leno forward`: a port of this machine that leads to one at NODE.
 *
 *   seek NODE -> listen -> { accept -> a stream of its own, conn.c }
 *
 *  1. NODE is looked for anew for each connection, so that it may restart meanwhile.
 *  2. At most CONNECTIONS_MAX at once; those beyond wait in the system's queue.
 *  3. A stream that is over here may not be over for the session yet: the connection that
 *     finds no room for one is held, and nobody is accepted until it has got one. */
#include "app.h"
#include "conn.h"
#include "forward_serve.h"
#include "mates.h"
#include "output.h"
#include "target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CONNECTIONS_MAX = 900,  /* NODE has windows for 992 streams of one peer     */
	ACCEPTS = 64,           /* between two steps of the node                 */
	PAUSE_MS = 100,         /* without descriptors, before the next try      */
	HELD_MS = 10,           /* without a stream, before the next try         */
	SAY_MS = 1000           /* between two complaints of the same words      */
};
_Static_assert((int)CONNECTIONS_MAX < (int)LENO_STREAMS_MAX, "each has its stream");

struct forward {
	struct app app;
	char *who;
	struct target at, to;
	char topic[sizeof FORWARD_TOPIC + TARGET_TEXT];
	int fd;
	int held; /* accepted, without a stream; or -1 */
	bool found;
	leno_id node; /* which NODE is now */
	struct mates *mates;
	struct conn *first;
	unsigned count;
	char said[CONN_WHY];
	int64_t said_ms;
};

/* Each reason once a second: a browser tries many times. */
static void complain(struct forward *f, const char *why)
{
	int64_t now = clock_ms();

	if (strcmp(f->said, why) == 0 && now - f->said_ms < SAY_MS)
		return;
	snprintf(f->said, sizeof f->said, "%s", why);
	f->said_ms = now;
	fail("%s: %s", f->who, why);
}

/* ---- connections -------------------------------------------------------------------- */

static void on_acceptable(struct app *app, short revents, void *arg);

static void on_over(struct conn *c, int code, const char *why)
{
	struct forward *f = c->owner;

	mates_end(f->mates, &c->peer);
	if (f->count-- == CONNECTIONS_MAX && f->held < 0)
		app_watch(&f->app, f->fd, POLLIN, on_acceptable, f);
	if (code == LENO_REFUSED)
		complain(f, "that node forwards nothing; `leno up --allow-forward HOST:PORT` does");
	else if (code == LENO_LIMIT)
		complain(f, "that node has no room for another stream now; try again when others "
		            "have ended");
	else if (code != 0 && code != CONN_RESET)
		complain(f, why);
}

static void begin(struct forward *f, int fd);

static void on_pause_over(leno_node *node, void *arg)
{
	struct forward *f = arg;
	int fd = f->held;

	f->held = -1;
	app_watch(&f->app, f->fd, POLLIN, on_acceptable, f);
	if (fd >= 0)
		begin(f, fd);
}

static void pause_accepting(struct forward *f, leno_ms ms)
{
	app_unwatch(&f->app, f->fd);
	leno_after(f->app.node, ms, on_pause_over, f, &(leno_timer){ 0 });
}

/* NODE may have returned as another: who spoke with its old life will not be answered. */
static int find_node(struct forward *f)
{
	leno_id before = f->node;
	int error = leno_find(f->app.node, f->who, &f->node);

	if (error == 0 && !leno_id_same(&before, &f->node))
		conns_fail_of(&f->first, &before, "it has restarted");
	return error;
}

static void on_lost(void *arg, const leno_id *id)
{
	struct forward *f = arg;

	conns_fail_of(&f->first, id, "it was not heard any more");
}

static void begin(struct forward *f, int fd)
{
	int error = find_node(f);
	struct conn *c = conn_new(&f->app, &f->first, &f->node, on_over, f);

	f->count++;
	mates_begin(f->mates, &c->peer);
	if (error == 0)
		error = leno_stream_open(f->app.node, &c->peer, f->topic, &conn_handlers, c,
		                         &c->stream);
	if (error == 0) {
		conn_join(c, fd);
		return;
	}
	if (error == LENO_LIMIT) {
		f->count--;
		mates_end(f->mates, &c->peer);
		conn_free(c);
		f->held = fd;
		pause_accepting(f, HELD_MS);
		return;
	}
	c->fd = fd;
	conn_fail(c, CONN_FAILED, leno_strerror(error));
}

static void on_acceptable(struct app *app, short revents, void *arg)
{
	struct forward *f = arg;

	for (int i = 0; i < ACCEPTS && f->count < CONNECTIONS_MAX && f->held < 0; i++) {
		int fd = accept4(f->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			begin(f, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			complain(f, strerror(errno));
			pause_accepting(f, PAUSE_MS);
		}
		return;
	}
	if (f->count == CONNECTIONS_MAX)
		app_unwatch(app, f->fd);
}

/* ---- the port ----------------------------------------------------------------------- */

static int bind_at(const struct addrinfo *at)
{
	int on = 1, error;
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (at->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Before anything else: a port that is taken is no reason to join a mesh. */
static bool bind_port(struct forward *f)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	const char *host = *f->at.host ? f->at.host : "127.0.0.1";
	struct addrinfo *found;
	char port[8], text[TARGET_TEXT];
	int error;

	snprintf(port, sizeof port, "%u", f->at.port);
	error = getaddrinfo(host, port, &hints, &found);
	if (error) {
		fail("cannot listen at %s: %s", target_text(&f->at, text), gai_strerror(error));
		return false;
	}
	f->fd = bind_at(found);
	freeaddrinfo(found);
	if (f->fd < 0)
		fail("cannot listen at %s: %s", target_text(&f->at, text), strerror(errno));
	return f->fd >= 0;
}

static void bound_text(int fd, char ret[TARGET_TEXT])
{
	struct sockaddr_storage at = { 0 };
	socklen_t size = sizeof at;
	struct target t = { .host = "" };
	char port[8] = "0";

	if (getsockname(fd, (struct sockaddr *)&at, &size) == 0)
		getnameinfo((struct sockaddr *)&at, size, t.host, sizeof t.host, port, sizeof port,
		            NI_NUMERICHOST | NI_NUMERICSERV);
	t.port = (uint16_t)atoi(port);
	target_text(&t, ret);
}

static void ready(struct forward *f)
{
	char at[TARGET_TEXT];

	bound_text(f->fd, at);
	if (f->app.set->json) {
		cJSON *object = json_event("ready");

		json_id(object, "id", &f->node);
		json_text(object, "listen", at);
		json_text(object, "to", f->topic + strlen(FORWARD_TOPIC));
		out_json(object);
		return;
	}
	out("listening at %s for ", at);
	out_safe_text(f->topic + strlen(FORWARD_TOPIC));
	out(" at %s; Ctrl-C ends it\n", node_label(f->app.node, &f->node));
	out_end();
}

static void on_tick(struct app *app)
{
	struct forward *f = (struct forward *)app;

	if (f->found || !app_seek(app, f->who, &f->node))
		return;
	f->found = true;
	app->deadline = -1;
	if (listen(f->fd, SOMAXCONN) != 0) {
		fail("cannot listen: %s", strerror(errno));
		app_end(app, EXIT_FAILED);
		return;
	}
	app_watch(app, f->fd, POLLIN, on_acceptable, f);
	ready(f);
}

static void on_late(struct app *app)
{
	app_not_found(app, ((struct forward *)app)->who);
}

static void on_closing(struct app *app)
{
	struct forward *f = (struct forward *)app;

	while (f->first != NULL)
		conn_free(f->first);
	mates_free(f->mates);
	if (f->held >= 0)
		close(f->held);
}

/* ---- the command ---------------------------------------------------------------------- */

static const struct argp_child children[] = {
	{ &patient_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static const struct argp argp = {
	.parser = words_parse,
	.args_doc = "[HOST:]PORT NODE:[HOST:]PORT",
	.doc = "Listens on this machine, and lets NODE connect each connection that comes to a "
	       "port of its own machine, or to another HOST that it can reach."
	       "\vThe first HOST is 127.0.0.1 if not said, the second any loopback address of "
	       "NODE; IPv6 addresses stand in brackets. NODE must allow it with `leno up "
	       "--allow-forward HOST:PORT`. Connections outlive paths and sleeping machines, for "
	       "15 minutes if --timeout says nothing else.",
	.children = children,
};

/* NODE up to the first colon. False when it is none. */
static bool parse_to(struct forward *f, const char *text)
{
	const char *colon = strchr(text, ':');

	if (colon == NULL || colon == text || !target_parse(colon + 1, &f->to) || f->to.port == 0)
		return false;
	f->who = need(strndup(text, (size_t)(colon - text)));
	memcpy(f->topic, FORWARD_TOPIC, sizeof FORWARD_TOPIC);
	target_text(&f->to, f->topic + strlen(FORWARD_TOPIC));
	return true;
}

int cmd_forward(int argc, char **argv)
{
	static const leno_handlers handlers = { 0 };
	struct words words = { .least = 2, .most = 2 };
	struct forward f = {
		.app = { .tick = on_tick, .late = on_late, .closing = on_closing, .acts = true },
		.fd = -1,
		.held = -1
	};

	settings_parse(&argp, argc, argv, &words.set, &words);
	if (words.set.patience_ms == 0)
		words.set.patience_ms = FORWARD_SILENT_MS;
	f.app.exit = EXIT_USAGE;
	if (!target_parse(words.items[0], &f.at))
		fail("\"%s\" is nowhere to listen: say [HOST:]PORT, as in 127.0.0.1:8022",
		     words.items[0]);
	else if (!parse_to(&f, words.items[1]))
		fail("\"%s\" is nowhere to connect to: say NODE:[HOST:]PORT, as in ada:22",
		     words.items[1]);
	else if (!bind_port(&f))
		f.app.exit = EXIT_FAILED;
	else if (app_open(&f.app, &words.set, &handlers, false)) {
		conn_limits();
		f.mates = mates_new(&f.app, words.set.patience_ms, on_lost, &f);
		app_start_clock(&f.app);
		app_run(&f.app);
	}
	if (f.fd >= 0)
		close(f.fd);
	free(f.who);
	return f.app.exit;
}
