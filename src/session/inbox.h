/* inbox.h - items out of the peer's stream of bytes.
 *
 * Fed with one frame at a time, read by inbox_next(). An item that lies whole in the
 * frame is handed out in place; one that straddles frames is put together in a buffer.
 *
 *     HEAD --its size is known--> BODY --all of it is here--> HEAD
 *     BODY --no memory for it--> starved --inbox_retry--> BODY
 *
 *  1. The offset covers exactly what has been handed out or copied: bytes that were not
 *     read, or could not be kept, count as never received, and are asked for again.
 *  2. An item over ITEM_FREE has its buffer, counted in setup->memory_used, before its
 *     sender may send a byte of it. Nobody holds memory while waiting for more of it; such
 *     items leave memory_small to the others, and those beside one of the largest seven eighths
 *     of what is left.
 *  3. Who has nothing to put together holds at most SMALL_KEEP: the rest is for others.
 *  4. Nothing is read after `broken`. */
#ifndef LENO_SESSION_INBOX_H
#define LENO_SESSION_INBOX_H

#include "session/session.h"

/* Without a grant travels a message of ITEM_FREE_MAX, and what is put before it. */
enum { ITEM_EXTRA = 1024, ITEM_FREE = ITEM_FREE_MAX + ITEM_EXTRA };
static_assert(ITEM_FREE + 16 <= SESSION_WINDOW, "what needs no grant fits the window");

enum inbox_verdict {
	INBOX_NEW,        /* it goes on from what is here: inbox_next() may have items */
	INBOX_OLD,        /* all of it is known                                        */
	INBOX_GAP,        /* something before it is missing                            */
	INBOX_DROPPED     /* starved or broken: nothing can be kept now                */
};

struct inbox {
	struct session_setup *setup;
	const uint8_t *at, *end;       /* what is left of the frame                */
	uint64_t end_offset;           /* stream offset of `end`                   */
	uint64_t item_max;
	uint64_t items;                /* dealt with                               */
	uint64_t head;                 /* of a size that straddles frames ...      */
	unsigned shift;                /* ... so many bits                         */
	bool     in_body;
	bool     handed;               /* an item is out, not dealt with yet       */
	bool     starved, broken;
	uint64_t size, have;           /* of the item being put together           */
	uint8_t *small;                /* for all others                           */
	size_t   small_size;
	uint8_t *big;                  /* for one item over ITEM_FREE              */
	size_t   big_size;
};

void inbox_init(struct inbox *, struct session_setup *);
void inbox_clear(struct inbox *);           /* frees all; init must follow    */

/* Everything before this has been read. */
static inline uint64_t inbox_offset(const struct inbox *b)
{
	return b->end_offset - (uint64_t)(b->end - b->at);
}

/* The offset up to which the peer may send. */
uint64_t inbox_credit(const struct inbox *);

/* Lends it a frame's bytes until the next feed. */
enum inbox_verdict inbox_feed(struct inbox *, uint64_t offset, struct bytes);

/* See session_next(). */
bool inbox_next(struct inbox *, struct bytes *ret_item);

/* When starved: is there memory now? */
bool inbox_retry(struct inbox *);

#endif
