/* mdns_stack.h - services on the local network: offered, seen, looked up. The seam behind
 * which some library speaks multicast DNS.
 *
 *  1. Events come inside the node's loop. In them nothing of the stack may be called.
 *  2. After `failed` the stack is of no more use: close it. */
#ifndef LENO_DRIVER_UV_MDNS_STACK_H
#define LENO_DRIVER_UV_MDNS_STACK_H

#include "driver/uv/mdns_text.h"

#include <sys/socket.h>
#include <uv.h>

enum {
	MDNS_ADDRESSES   = 8,      /* of an offer                               */
	MDNS_OFFERS_MAX  = 64,     /* a listener at an interface is one         */
	MDNS_CACHE_MAX   = 2048    /* records remembered of an interface        */
};

/* One door at one interface. Zeroed before it is filled: offers are compared as bytes. */
struct mdns_offer {
	int interface;
	char name[MDNS_LABEL + 1]; /* of the instance                           */
	char host[MDNS_LABEL + 8]; /* with ".local"                             */
	uint16_t port;
	struct mdns_text text;
	size_t n;
	struct sockaddr_storage addresses[MDNS_ADDRESSES];
};

struct mdns_name {                 /* an instance, as it is seen at one interface */
	int interface;
	char text[MDNS_LABEL + 1];
};

/* What a lookup found. */
struct mdns_service {
	struct mdns_text text;
	struct sockaddr_storage at;/* with the port; a link-local one with its scope */
};

struct mdns_events {
	/* Somebody offers this name by IPv4 or IPv6 (bit 0 or 1), or no more.  */
	void (*seen)(void *arg, const struct mdns_name *, unsigned by);
	void (*lost)(void *arg, const struct mdns_name *, unsigned by);
	/* NULL: no answer, or none that makes sense. It may come again.        */
	void (*found)(void *arg, void *lookup_arg, const struct mdns_service *);
	void (*taken)(void *arg, const char *name); /* another offers it: we do not */
	void (*failed)(void *arg, const char *why);
};

struct mdns_stack;
struct mdns_lookup;

/* Browses at once. host: a name that no other process uses. SYSTEM (there is no library for
 * it), ADDRESS_IN_USE (not now, perhaps later), MEMORY; *ret_why (static) says why. */
int  mdns_stack_open(uv_loop_t *, const char *host, const char *subtype,
                     const struct mdns_events *, void *arg, struct mdns_stack **ret,
                     const char **ret_why);
/* Says goodbye. Lookups are gone with it. NULL is fine; always NULL. */
struct mdns_stack *mdns_stack_close(struct mdns_stack *);

/* From now on these are offered, and no others; what was offered before goes on
 * undisturbed. How many could not be. */
size_t mdns_stack_offer(struct mdns_stack *, const struct mdns_offer *, size_t n);

/* Asks anew who is there. */
void mdns_stack_browse(struct mdns_stack *);

/* When more came last than is taken; on the loop's clock, 0: never. */
uint64_t mdns_stack_flooded_ms(const struct mdns_stack *);

/* So much was taken that perhaps there is no room for more. */
bool mdns_stack_full(const struct mdns_stack *);

struct mdns_lookup *mdns_stack_look(struct mdns_stack *, const struct mdns_name *,
                                    void *lookup_arg);
struct mdns_lookup *mdns_stack_forget(struct mdns_stack *, struct mdns_lookup *); /* NULL */

#endif
