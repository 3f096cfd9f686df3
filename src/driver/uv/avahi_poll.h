/* avahi_poll.h - avahi's event loop, on a node's. */
#ifndef LENO_DRIVER_UV_AVAHI_POLL_H
#define LENO_DRIVER_UV_AVAHI_POLL_H

#include "driver/uv/mdns_gate.h"

#include <avahi-common/watch.h>
#include <uv.h>

enum {
	AVAHI_WATCHES  = 3,          /* a socket each for IPv4 and IPv6, the kernel's news */
	AVAHI_TIMEOUTS = 1           /* it has a queue of its own behind it            */
};

struct avahi_poll {
	AvahiPoll api;
	uv_loop_t *loop;
	AvahiWatch *watches[AVAHI_WATCHES];     /* made before, since avahi does not  */
	AvahiTimeout *timeouts[AVAHI_TIMEOUTS]; /* always survive that there is none */
	struct gate gate;            /* what comes by datagrams goes through it    */
	uint8_t packet[GATE_PACKET_MAX];
};

/* It must outlive whoever was given &p->api; the handles on the loop are closed one by one
 * as that frees them. MEMORY. */
int  avahi_poll_init(struct avahi_poll *, uv_loop_t *);
void avahi_poll_clear(struct avahi_poll *);

#endif
