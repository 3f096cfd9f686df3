/* mdns_text.h - what leno's services say about themselves (protocol.md, "Finding by
 * multicast DNS"). */
#ifndef LENO_DRIVER_UV_MDNS_TEXT_H
#define LENO_DRIVER_UV_MDNS_TEXT_H

#include "driver/uv/secret.h"

#include <leno.h>

enum {
	MDNS_LABEL   = 63,
	MDNS_SCHEME  = 15,
	MDNS_STRING  = 64,         /* of a TXT record's string, as we make it   */
	MDNS_STRINGS = 4,
	MDNS_SUBTYPE = 32
};

struct mdns_text {
	leno_id id;
	char network[SECRET_TAG];
	char scheme[MDNS_SCHEME + 1];
};

/* The strings of a TXT record, without their lengths. */
void mdns_text_make(const struct mdns_text *, char ret[MDNS_STRINGS][MDNS_STRING]);

/* Reads them one by one, in any order; what is not known is passed over. */
struct mdns_text_reader { struct mdns_text text; unsigned seen; };
void mdns_text_take(struct mdns_text_reader *, const void *string, size_t size);

/* Once all were read: whether it is all there, and a version that we speak. */
bool mdns_text_end(const struct mdns_text_reader *, struct mdns_text *ret);

/* The type under which a network is looked for. */
void mdns_subtype(const char network[SECRET_TAG], char ret[MDNS_SUBTYPE]);

#endif
