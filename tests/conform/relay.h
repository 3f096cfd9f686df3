/* relay.h - a path between two nodes that a test can spoil: a thread that passes on what
 * comes, for stream sockets, or one datagram at a time.
 *
 *	struct relay *r = relay_start(uri_of_the_listener);
 *	leno_connect(node, relay_uri(r));
 *	relay_spoil(r, RELAY_DRIBBLE);
 *	relay_stop(r);
 *
 * The relay's URI is the listener's with another port, or another path. */
#pragma once

#include <stddef.h>

enum relay_way {
	RELAY_PLAIN,
	RELAY_DRIBBLE,   /* a byte at a time; datagrams: each twice                       */
	RELAY_HOLD,      /* passes nothing on, keeps the connections                      */
	RELAY_CUT        /* all that is open ends, and what comes is hung up on           */
};

struct relay *relay_start(const char *uri);
const char *relay_uri(const struct relay *);
void relay_spoil(struct relay *, enum relay_way);

/* With the next bytes that come from the dialler goes rubbish, in their midst. */
void relay_inject(struct relay *);

/* How often that has happened. */
unsigned relay_injected(const struct relay *);

void relay_stop(struct relay *);
