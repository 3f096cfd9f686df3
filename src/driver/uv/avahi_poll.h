/* avahi_poll.h - avahi's event loop, on a node's. */
#ifndef LENO_DRIVER_UV_AVAHI_POLL_H
#define LENO_DRIVER_UV_AVAHI_POLL_H

#include "driver/uv/mdns_gate.h"

#include <avahi-common/watch.h>
#include <uv.h>

struct avahi_poll {
	AvahiPoll api;
	uv_loop_t *loop;
	struct gate gate;            /* what comes by datagrams goes through it    */
	uint8_t packet[GATE_PACKET_MAX];
};

/* It must outlive whoever was given &p->api; the handles on the loop are closed one by one
 * as that frees them. */
void avahi_poll_init(struct avahi_poll *, uv_loop_t *);

#endif
