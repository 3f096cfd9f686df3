/* dialable.h - what others can dial of what this process listens at.
 *
 * A wildcard becomes an address for each interface; what leads nowhere for anybody else (unix
 * sockets, link-local addresses of IPv6, which mean another machine to each) is left out. */
#ifndef LENO_DRIVER_UV_DIALABLE_H
#define LENO_DRIVER_UV_DIALABLE_H

#include <leno/engine.h>
#include <sys/socket.h>

enum {
	DIALABLE_MAX = 16,
	DIALABLE_URI  = 120
};

struct dialable {
	size_t n;
	struct {
		enum leno_reach reach;
		char uri[DIALABLE_URI + 1];
	} at[DIALABLE_MAX];
};

/* Adds what one door is. both: [::] stands for IPv4 as well. Those that reach further come
 * first: of all doors when it is called for each rank in turn. */
enum dialable_rank { DIALABLE_IPV4, DIALABLE_IPV6, DIALABLE_LOOPBACK, DIALABLE_RANKS };
void dialable_add(struct dialable *, enum dialable_rank, const char *uri, bool both,
               const struct sockaddr_storage *interfaces, size_t n);

/* Does it stand for all interfaces? For others dialable_add needs to know none. */
bool dialable_wildcard(const char *uri);

bool dialable_here_only(const struct sockaddr_storage *);

/* May a dial that another node's word made go there? beside: it is on this machine. */
bool dialable_by_hearsay(const struct sockaddr_storage *, bool beside);

#endif
