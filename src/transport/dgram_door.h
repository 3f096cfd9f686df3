/* dgram_door.h - strangers at a datagram socket: a proof of their address first, state after.
 *
 *     HELLO without a proof ------> RETRY: a cookie, which is shorter than the HELLO
 *     HELLO with a good proof ----> a greeting: now a connection may be made of it
 *
 *  1. Nothing is kept of a stranger. What a connection is called, and its key, come from the
 *     HELLO by a secret: one that comes twice makes the same greeting twice.
 *  2. No answer is longer than what it answers.
 *  3. A proof holds for one address, one dialler's name and key, and DGRAM_COOKIE_S seconds. */
#ifndef LENO_TRANSPORT_DGRAM_DOOR_H
#define LENO_TRANSPORT_DGRAM_DOOR_H

#include "transport/dgram_wire.h"

enum {
	DGRAM_ADDRESS  = 64,
	DGRAM_COOKIE_S = 10
};

/* Where datagrams come from and go to; what the bytes mean is the driver's affair. Those that
 * are the same have the same bytes. */
struct dgram_address {
	uint32_t size;
	uint8_t bytes[DGRAM_ADDRESS];
};

bool dgram_same_address(const struct dgram_address *, const struct dgram_address *);

struct dgram_door {
	uint64_t cookie_key[2], name_key[2];
};

struct dgram_greeting {
	struct dgram_name peer, own;
};

enum dgram_verdict {
	DGRAM_IGNORE,
	DGRAM_ANSWER,                  /* with what was written                     */
	DGRAM_GREET
};

void dgram_door_init(struct dgram_door *, const uint8_t seed[32]);

/* A datagram for no connection that there is. */
enum dgram_verdict dgram_door_take(const struct dgram_door *, const struct dgram_address *from,
                                   const uint8_t *data, size_t size, uint64_t now_us,
                                   uint8_t ret_answer[DGRAM_RETRY_SIZE],
                                   struct dgram_greeting *ret);

#endif
