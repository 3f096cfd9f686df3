/* interfaces.h - the addresses of this machine, and news of them. */
#ifndef LENO_DRIVER_UV_INTERFACES_H
#define LENO_DRIVER_UV_INTERFACES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <uv.h>

enum { INTERFACES_MAX = 64 };      /* addresses that are looked at              */

struct interface_address {
	int index;                 /* of the interface                          */
	bool loopback;
	struct sockaddr_storage at, mask;
};

/* Addresses of interfaces that are up, at most INTERFACES_MAX; how many. */
size_t interfaces_list(struct interface_address ret[INTERFACES_MAX]);

/* Does this address belong to a network that the interface is part of? */
bool interfaces_on_link(const struct interface_address *, size_t n, int index,
                        const struct sockaddr_storage *);

/* fe80::/10: of one link, and nothing without the interface's name. */
bool interfaces_link_local(const struct sockaddr_storage *);

/* Calls changed(arg) on the loop after an address or interface came or went. NULL when the
 * system gives no news. */
struct interfaces_watch;
struct interfaces_watch *interfaces_watch(uv_loop_t *, void (*changed)(void *arg), void *arg);
struct interfaces_watch *interfaces_unwatch(struct interfaces_watch *); /* NULL */

#endif
