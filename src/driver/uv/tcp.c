/* tcp.c - tcp sockets: addresses, how they are bound, how they are tuned. */
#include "driver/uv/dialable.h"
#include "driver/uv/uv.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	/* Bytes the kernel may hold that it has not sent: more would only grow old there,
	 * behind the backs of heartbeats, acknowledgements, and of the relay queues, which
	 * are the ones that are measured and marked. */
	UNSENT_MAX = 64 * 1024
};

socklen_t tcp_size(const struct sockaddr_storage *s)
{
	return s->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

void tcp_tune(int fd)
{
	int on = 1, unsent = UNSENT_MAX;

	/* The engine batches; a second batcher below it would only wait. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

bool tcp_numeric(const struct address *a, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof *ret);
	if (a->bracketed)
		return uv_ip6_addr(a->host, a->port, (struct sockaddr_in6 *)ret) == 0;
	return uv_ip4_addr(a->host, a->port, (struct sockaddr_in *)ret) == 0;
}

void tcp_uri(const struct sockaddr_storage *s, enum address_kind kind, const char *path,
             char ret[URI_TEXT])
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)s;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)s;
	bool six = s->ss_family == AF_INET6;
	char host[INET6_ADDRSTRLEN] = "?";

	if (six)
		uv_ip6_name(v6, host, sizeof host);
	else
		uv_ip4_name(v4, host, sizeof host);
	snprintf(ret, URI_TEXT, six ? "%s://[%s]:%u%s" : "%s://%s:%u%s", address_scheme(kind), host,
	         (unsigned)ntohs(six ? v6->sin6_port : v4->sin_port), path);
}

static const char *why_not_bound(int system_error)
{
	switch (system_error) {
	case EADDRINUSE:
		return "the port is in use: choose another, or 0 and the system chooses";
	case EADDRNOTAVAIL:
		return "that address is not of this machine: say one of its own, or * for all of them";
	case EACCES:
	case EPERM: return "the system does not let this user: choose a port from 1024 on";
	default: return NULL;
	}
}

/* A bound, listening socket, or an enum leno_error. `both`: IPv4 through it as well;
 * otherwise [::] leaves IPv4 alone, so that both can be listened at side by side. */
static int bound_socket(struct driver *d, enum address_kind kind, const struct sockaddr_storage *at,
                        bool both)
{
	bool datagrams = kind == ADDRESS_UDP;
	int fd = datagrams ? udp_descriptor(at->ss_family, false)
	                   : socket(at->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, only = !both, error;

	if (fd < 0) {
		d->why = errno == EAFNOSUPPORT ? "this machine has no addresses of that family" : NULL;
		return errno == EAFNOSUPPORT ? LENO_ADDRESS : LENO_SYSTEM;
	}
	if (!datagrams)                /* which two could share by it, unawares */
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (at->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
	if (bind(fd, (const struct sockaddr *)at, tcp_size(at)) == 0 &&
	    (datagrams || listen(fd, BACKLOG) == 0))
		return fd;
	error = errno == EADDRINUSE ? LENO_ADDRESS_IN_USE : LENO_ADDRESS;
	d->why = why_not_bound(errno);
	close(fd);
	return error;
}

/* Takes fd, which listens. */
static int open_door(struct driver *d, int fd, enum address_kind kind, const char *path)
{
	struct sockaddr_storage bound;
	socklen_t size = sizeof bound;
	char uri[URI_TEXT];

	if (getsockname(fd, (struct sockaddr *)&bound, &size) < 0) {
		close(fd);
		return LENO_SYSTEM;
	}
	tcp_uri(&bound, kind, path, uri);
	return kind == ADDRESS_UDP ? udp_listen(d, fd, uri) : listener_open(d, fd, kind, uri, NULL);
}

static int listen_at(struct driver *d, const struct address *a, const struct sockaddr_storage *at,
                     bool both)
{
	int fd;

	if (!d->sealed && !dialable_here_only(at))
		return LENO_OPEN_NETWORK;
	fd = bound_socket(d, a->kind, at, both);
	if (fd < 0)
		return fd;
	return open_door(d, fd, a->kind, a->path);
}

int tcp_adopt(struct driver *d, int fd, enum address_kind kind)
{
	struct sockaddr_storage bound = { 0 };
	socklen_t size = sizeof bound;

	getsockname(fd, (struct sockaddr *)&bound, &size);
	if (d->sealed || dialable_here_only(&bound))
		return open_door(d, fd, kind, kind >= ADDRESS_WS && kind <= ADDRESS_HTTPS ? "/" : "");
	close(fd);
	return LENO_OPEN_NETWORK;
}

/* A name is looked up here and now: whoever listens has not begun to serve. The first
 * of its addresses that can be bound is taken. */
static int listen_at_name(struct driver *d, const struct address *a)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found;
	int error = LENO_ADDRESS;

	d->why = "that name cannot be resolved: is it spelled right, does name resolution work?";
	if (getaddrinfo(a->host, NULL, &hints, &found) != 0)
		return LENO_ADDRESS;
	for (struct addrinfo *it = found; it; it = it->ai_next) {
		struct sockaddr_storage at = { 0 };

		if (it->ai_family != AF_INET && it->ai_family != AF_INET6)
			continue;
		memcpy(&at, it->ai_addr, it->ai_addrlen);
		((struct sockaddr_in *)&at)->sin_port = htons(a->port); /* v6: same place */
		error = listen_at(d, a, &at, false);
		if (error != LENO_ADDRESS)
			break;
	}
	freeaddrinfo(found);
	return error;
}

int tcp_listen(struct driver *d, const struct address *a)
{
	struct sockaddr_storage at;
	struct address any = *a;
	int error;

	if (strcmp(a->host, "*") != 0) {
		if (tcp_numeric(a, &at))
			return listen_at(d, a, &at, false);
		d->why = "that is no IPv6 address";
		return a->bracketed ? LENO_ADDRESS : listen_at_name(d, a);
	}
	strcpy(any.host, "::");
	any.bracketed = true;
	tcp_numeric(&any, &at);
	error = listen_at(d, a, &at, true);
	if (error != LENO_ADDRESS)
		return error;
	strcpy(any.host, "0.0.0.0"); /* a system without IPv6 */
	any.bracketed = false;
	tcp_numeric(&any, &at);
	return listen_at(d, a, &at, false);
}
