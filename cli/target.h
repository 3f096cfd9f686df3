/* target.h - where TCP connections are made to: HOST:PORT, as people and peers say it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TARGET_HOST = 230, TARGET_TEXT = TARGET_HOST + 10 };

struct target {
	char host[TARGET_HOST + 1]; /* no brackets, lower case; "": whichever loopback */
	uint16_t port;
};

/* "HOST:PORT", "[IPv6]:PORT", ":PORT" or "PORT". Addresses are kept in one way of the
 * several in which they can be written. False when it is none of them. */
bool target_parse(const char *text, struct target *ret);

/* "HOST:PORT" or "[IPv6]:PORT"; parses as the same target again. */
char *target_text(const struct target *, char ret[TARGET_TEXT]);

bool target_is_loopback(const struct target *);

/* Is what is asked for this one? An empty host asks for any loopback with that port. */
bool target_matches(const struct target *allowed, const struct target *asked);
