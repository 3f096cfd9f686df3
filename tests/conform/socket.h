/* socket.h - where a URI of leno leads, for test code that goes there on its own: a TCP
 * address, a datagram address, or the path of a unix socket. Loopback alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

struct place {
	int type;                       /* SOCK_STREAM or SOCK_DGRAM                      */
	struct sockaddr_storage at;
	socklen_t size;
	char scheme[16], path[110];     /* what stands behind the port                    */
};

bool place_parse(const char *uri, struct place *ret);
bool place_is_datagram(const struct place *);

/* A connected socket that blocks, or -1. */
int  place_connect(const struct place *);
void place_tune(int fd);

/* A listening socket of the same kind at a port, or path, of its own, and its URI; or -1. */
int  place_listen_beside(const struct place *, struct place *ret, char *ret_uri, size_t size);
void place_remove(const struct place *); /* what the file system still has of it */
