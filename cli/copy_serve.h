/* copy_serve.h - the copies of a node that stays: files that others bring and fetch. */
#pragma once

#include "background.h"
#include "events.h"

enum {
	COPIES_MAX = 64,         /* at once; others are told to try again              */
	COPY_IDLE_MS = 60 * 1000 /* a copy of which nothing moves is given up          */
};

struct copies;

/* The folders may be NULL: then nobody brings, or fetches. NULL after having said why
 * one of them cannot be used. */
struct copies *copies_new(struct app *, struct background *, const char *accept,
                          const char *share, enum event_style);

/* Takes the folders of other copies, of which there are none yet, and frees them; those that are
 * under way go on. */
void copies_adopt(struct copies *, struct copies *other);

/* Ends all of them; after the background, before the node. NULL is fine. */
void copies_free(struct copies *);

/* A stream under the topic of copies: within the handler `stream`. */
void copies_take(struct copies *, leno_stream *);
