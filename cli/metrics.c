/* metrics.c - see metrics.h. libmicrohttpd speaks HTTP, without a thread: its descriptor and
 * its timeouts are turned by the command's own loop.
 *
 *  1. At most CLIENTS_MAX connections, CLIENT_MEMORY bytes of each; QUEUE_MAX others
 *     wait in the kernel.
 *  2. Whatever it does or leaves undone, a connection is over after CLIENT_MS: a slow client
 *     takes nobody's place for longer. */
#include "metrics.h"
#include "metrics_page.h"
#include "output.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CLIENTS_MAX = 8,
	QUEUE_MAX = 128,
	CLIENT_MEMORY = 8 * 1024, /* of a request and its reply's head */
	CLIENT_MS = 5000,
	SWEEP_MS = 1000
};

struct client {
	int fd; /* -1: free */
	int64_t began_ms;
};

struct metrics {
	struct app *app;
	struct MHD_Daemon *daemon;
	int epoll;
	char uri[METRICS_URI_MAX];
	leno_timer timer;
	struct client clients[CLIENTS_MAX];
	unsigned count; /* of them, after the last turn */
	struct metrics_page page;
	struct MHD_Response *nothing;
};

/* ---- what is served -------------------------------------------------------- */

/* The library copies it: who is still being sent an old page keeps that. */
static enum MHD_Result answer_page(struct metrics *m, struct MHD_Connection *connection)
{
	leno_bytes text = metrics_page_get(&m->page, m->app);
	struct MHD_Response *page;
	enum MHD_Result result;
	void *data = (void *)(uintptr_t)text.data;

	page = need(MHD_create_response_from_buffer(text.size, data, MHD_RESPMEM_MUST_COPY));
	MHD_add_response_header(page, MHD_HTTP_HEADER_CONTENT_TYPE, METRICS_TYPE);
	MHD_add_response_header(page, MHD_HTTP_HEADER_CONNECTION, "close");
	result = MHD_queue_response(connection, MHD_HTTP_OK, page);
	MHD_destroy_response(page);
	return result;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_size, void **state)
{
	struct metrics *m = user;
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	if (reads && strcmp(url, "/metrics") == 0)
		return answer_page(m, connection);
	return MHD_queue_response(connection, MHD_HTTP_NOT_FOUND, m->nothing);
}

/* ---- who asks -------------------------------------------------------------- */

static void on_connection(void *user, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct metrics *m = user;
	struct client *gone = *slot;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (gone != NULL)
			gone->fd = -1;
		return;
	}
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (m->clients[i].fd >= 0 || info == NULL)
			continue;
		m->clients[i] = (struct client){ info->connect_fd, clock_ms() };
		*slot = &m->clients[i];
		return;
	}
}

/* The library counts from the last byte, which a slow client sends for ever. Returns how many
 * there are. */
static unsigned sweep(struct metrics *m)
{
	int64_t now = clock_ms();
	unsigned count = 0;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &m->clients[i];

		if (client->fd >= 0 && now - client->began_ms >= CLIENT_MS)
			shutdown(client->fd, SHUT_RDWR);
		count += client->fd >= 0;
	}
	return count;
}

/* ---- the loop -------------------------------------------------------------- */

static void turn(leno_node *node, void *arg)
{
	struct metrics *m = arg;
	MHD_UNSIGNED_LONG_LONG wait_ms;
	unsigned before = m->count;
	leno_ms ms = -1;

	if (m->timer != 0)
		leno_cancel(node, m->timer);
	m->timer = 0;
	MHD_run(m->daemon);
	m->count = sweep(m);
	if (m->count > 0)
		ms = SWEEP_MS;
	if (MHD_get_timeout(m->daemon, &wait_ms) == MHD_YES && (ms < 0 || wait_ms < SWEEP_MS))
		ms = wait_ms < SWEEP_MS ? (leno_ms)wait_ms : SWEEP_MS;
	if (m->count < before)
		ms = 0; /* full before, it listens again from the next turn on alone */
	if (ms >= 0)
		leno_after(node, ms, turn, m, &m->timer);
}

static void on_ready(struct app *app, short revents, void *arg)
{
	turn(app->node, arg);
}

/* ---- opening --------------------------------------------------------------- */

static struct addrinfo *resolve(const char *address)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		                        .ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(address, ':'), *port = colon ? colon + 1 : address;
	size_t n = colon ? (size_t)(colon - address) : 0;
	struct addrinfo *found = NULL;
	char host[64];
	long number;

	if (n >= sizeof host || !parse_count(port, 0, 65535, &number))
		return NULL;
	memcpy(host, address, n);
	host[n] = '\0';
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		memmove(host, host + 1, n - 2);
		host[n - 2] = '\0';
	} else if (strchr(host, ':') != NULL) {
		return NULL; /* which colon ends a bare V6 is anybody's guess */
	}
	if (*host == '\0' || strcmp(host, "localhost") == 0)
		strcpy(host, "127.0.0.1");
	else if (strcmp(host, "*") == 0)
		strcpy(host, "0.0.0.0");
	return getaddrinfo(host, port, &hints, &found) == 0 ? found : NULL;
}

bool metrics_address_ok(const char *address)
{
	struct addrinfo *found = resolve(address);
	bool ok = found != NULL;

	if (ok)
		freeaddrinfo(found);
	return ok;
}

bool metrics_at_doors(const char *place)
{
	return place != NULL && strcmp(place, "listen") == 0;
}

bool metrics_place_ok(const char *place)
{
	return metrics_at_doors(place) || metrics_address_ok(place);
}

static void name_uri(struct metrics *m, int fd)
{
	struct sockaddr_storage bound = { 0 };
	socklen_t size = sizeof bound;
	char host[48] = "", port[8] = "";
	bool v6;

	getsockname(fd, (struct sockaddr *)&bound, &size);
	getnameinfo((struct sockaddr *)&bound, size, host, sizeof host, port, sizeof port,
	            NI_NUMERICHOST | NI_NUMERICSERV);
	v6 = strchr(host, ':') != NULL;
	snprintf(m->uri, sizeof m->uri, "http://%s%s%s:%s/metrics", v6 ? "[" : "", host,
	         v6 ? "]" : "", port);
}

/* -1 and errno. */
static int listen_at(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, QUEUE_MAX) == 0)
		return fd;
	on = errno;
	close(fd);
	errno = on;
	return -1;
}

static bool start(struct metrics *m, int fd)
{
	const union MHD_DaemonInfo *info;

	m->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, m, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CLIENTS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CLIENT_MS / 1000,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CLIENT_MEMORY,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, m, MHD_OPTION_END);
	if (m->daemon == NULL)
		return false;
	info = MHD_get_daemon_info(m->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	m->epoll = info->epoll_fd;
	return true;
}

struct metrics *metrics_open(struct app *app, const char *address)
{
	static char nothing[] = "leno: the metrics are at /metrics\n";
	struct addrinfo *at = resolve(address);
	struct metrics *m = need(calloc(1, sizeof *m));
	int fd = at ? listen_at(at) : -1;

	m->app = app;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		m->clients[i].fd = -1;
	if (at)
		freeaddrinfo(at);
	if (fd < 0 || !start(m, fd)) {
		fail("cannot serve metrics at %s: %s; say another --metrics HOST:PORT", address,
		     strerror(errno));
		if (fd >= 0)
			close(fd);
		free(m);
		return NULL;
	}
	name_uri(m, fd);
	m->nothing = need(MHD_create_response_from_buffer(sizeof nothing - 1, nothing,
	                                                  MHD_RESPMEM_PERSISTENT));
	MHD_add_response_header(m->nothing, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
	MHD_add_response_header(m->nothing, MHD_HTTP_HEADER_CONNECTION, "close");
	app_watch(app, m->epoll, POLLIN, on_ready, m);
	return m;
}

void metrics_close(struct metrics *m)
{
	if (m == NULL)
		return;
	if (m->timer != 0)
		leno_cancel(m->app->node, m->timer);
	app_unwatch(m->app, m->epoll);
	MHD_stop_daemon(m->daemon);
	metrics_page_clear(&m->page);
	MHD_destroy_response(m->nothing);
	free(m);
}

const char *metrics_uri(const struct metrics *m)
{
	return m->uri;
}
