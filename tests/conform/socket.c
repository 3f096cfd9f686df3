/* socket.c - see socket.h. */
#include "conform/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool parse_unix(const char *path, struct place *p)
{
	struct sockaddr_un *at = (struct sockaddr_un *)&p->at;

	at->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof at->sun_path)
		return false;
	strcpy(at->sun_path, path);
	p->size = sizeof *at;
	return true;
}

bool place_parse(const char *uri, struct place *p)
{
	char host[64];
	unsigned port = 0;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&p->at;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&p->at;

	memset(p, 0, sizeof *p);
	p->type = SOCK_STREAM;
	if (sscanf(uri, "local:%109s", p->path) == 1)
		return parse_unix(p->path, p);
	if (sscanf(uri, "%15[a-z]://[%63[^]]]:%u%109s", p->scheme, host, &port, p->path) >= 3) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		p->size = sizeof *v6;
		inet_pton(AF_INET6, host, &v6->sin6_addr);
	} else if (sscanf(uri, "%15[a-z]://%63[^:]:%u%109s", p->scheme, host, &port, p->path) >= 3) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		p->size = sizeof *v4;
		inet_pton(AF_INET, host, &v4->sin_addr);
	} else {
		return false;
	}
	if (strcmp(p->scheme, "udp") == 0)
		p->type = SOCK_DGRAM;
	return true;
}

bool place_is_datagram(const struct place *p)
{
	return p->type == SOCK_DGRAM;
}

void place_tune(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* means nothing to others */
}

int place_connect(const struct place *p)
{
	int fd = socket(p->at.ss_family, p->type | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&p->at, p->size) == 0) {
		place_tune(fd);
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static void say_uri(const struct place *p, char *uri, size_t size)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&p->at;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&p->at;

	if (p->at.ss_family == AF_UNIX)
		snprintf(uri, size, "local:%s", p->path);
	else if (p->at.ss_family == AF_INET6)
		snprintf(uri, size, "%s://[::1]:%u%s", p->scheme, ntohs(v6->sin6_port), p->path);
	else
		snprintf(uri, size, "%s://127.0.0.1:%u%s", p->scheme, ntohs(v4->sin_port), p->path);
}

int place_listen_beside(const struct place *beside, struct place *p, char *uri, size_t size)
{
	int fd;

	*p = *beside;
	if (p->at.ss_family == AF_UNIX) {
		snprintf(p->path, sizeof p->path, "%.100s.relay", beside->path);
		unlink(p->path);
		parse_unix(p->path, p);
	} else {
		((struct sockaddr_in *)&p->at)->sin_port = 0; /* of IPv6 in the same place */
	}
	fd = socket(p->at.ss_family, p->type | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&p->at, p->size) != 0 ||
	    (p->type == SOCK_STREAM && listen(fd, 64) != 0))
		return -1;
	if (p->at.ss_family != AF_UNIX)
		getsockname(fd, (struct sockaddr *)&p->at, &p->size);
	say_uri(p, uri, size);
	return fd;
}

void place_remove(const struct place *p)
{
	if (p->at.ss_family == AF_UNIX)
		unlink(p->path);
}
