/* forward_serve.h - TCP connections that a node that stays makes for others, to the
 * addresses that were allowed one by one. */
#pragma once

#include "background.h"
#include "events.h"

enum {
	FORWARDS_MAX = 4096,        /* connections at once, for all nodes together: more than
	                               windows, since what has ended is heard of late */
	FORWARD_CONNECT_MS = 10 * 1000, /* for each address of a name            */
	FORWARD_SILENT_MS = 900 * 1000  /* a node that is not heard for so long is gone; as
	                                   long as sessions linger */
};

#define FORWARD_TOPIC "leno/forward/" /* then HOST:PORT, as target_text() writes it */

struct forwards;

/* The list may be empty: then all are refused. NULL after having said which of it is no
 * HOST:PORT. */
struct forwards *forwards_new(struct app *, struct background *, const struct list *allowed,
                              enum event_style);

/* Takes the list of other forwards, of which there are none yet, and frees them; connections that
 * are there go on. */
void forwards_adopt(struct forwards *, struct forwards *other);

/* Ends all of them; after the background, before the node. NULL is fine. */
void forwards_free(struct forwards *);

/* A stream under a topic that begins with FORWARD_TOPIC: within the handler `stream`. */
void forwards_take(struct forwards *, leno_stream *, const char *topic);
