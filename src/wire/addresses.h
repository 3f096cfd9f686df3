/* addresses.h - the layout of where a node can be dialled, as its record tells it.
 *
 *   machine 8 | count varint | each: reach u8 | URI sized
 *
 * The machine is a tag, a keyed hash: two nodes with the same one can use each other's
 * addresses that reach no further than their machine (loopback). Zeros: not known.
 *
 *  1. What read accepts can be shown in a log, and names a door of the network: no control
 *     characters, no spaces, a scheme, and never "local:", which is a file of whoever dials. */
#ifndef LENO_WIRE_ADDRESSES_H
#define LENO_WIRE_ADDRESSES_H

#include "wire/codec.h"
#include "wire/limits.h"

enum {
	MACHINE_SIZE  = 8,
	ADDRESSES_SIZE = MACHINE_SIZE + 1 + ADVERTISED_MAX * (1 + 1 + ADVERTISED_URI)
};
static_assert(ADVERTISED_URI < 128 && ADVERTISED_MAX < 128, "their sizes are one byte each");
static_assert(1 + 2 + ADDRESSES_SIZE <= EXTENSIONS_MAX, "all of them fit a record");

enum reach {
	REACH_ANY,           /* from wherever it is reached                              */
	REACH_MACHINE        /* only from its own machine                                */
};

struct addresses {
	uint8_t machine[MACHINE_SIZE];
	size_t  n;
	struct {
		enum reach reach;
		struct bytes uri;
	} at[ADVERTISED_MAX];
};

bool addresses_read(struct bytes, struct addresses *ret);    /* *ret views the bytes */
void addresses_write(struct writer *, const struct addresses *);

/* May this be dialled because another node said so? */
bool address_ok(struct bytes uri);

/* Are both on one machine? Nobody is on one that is not known. */
bool addresses_beside(const uint8_t a[MACHINE_SIZE], const uint8_t b[MACHINE_SIZE]);

#endif
