/* mdns_offer.h - what a node's doors look like from the local network. */
#ifndef LENO_DRIVER_UV_MDNS_OFFER_H
#define LENO_DRIVER_UV_MDNS_OFFER_H

#include "driver/uv/interfaces.h"
#include "driver/uv/mdns_stack.h"
#include "driver/uv/uv.h"

/* One offer for each door at each interface by whose addresses it can be reached there:
 * one bound to loopback is offered to this machine alone. How many. */
size_t mdns_offers(struct driver *, const struct interface_address *, size_t n_addresses,
                   struct mdns_offer ret[MDNS_OFFERS_MAX]);

#endif
