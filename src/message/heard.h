/* heard.h - what we have heard of one source's broadcasts.
 *
 *   frame --heard_fresh (not here yet), verified by the caller--> heard_mark
 *         --heard_take--> read at once | held for later | too late
 *         --heard_next--> items, each once, in order
 *
 *  1. Items are handed out in the order of their numbers, none twice. What is left out is
 *     only what the source said that it repairs for nobody (behind), or not for us.
 *  2. `next` is 0 until it is known where to begin: at a frame before which nothing is
 *     being repaired, or where the source tells through the session.
 *  3. Held frames and the item that is being put together are bounded, in number and in
 *     bytes: what does not fit is asked for again. */
#ifndef LENO_MESSAGE_HEARD_H
#define LENO_MESSAGE_HEARD_H

#include "base/list.h"
#include "message/broadcast.h"
#include "message/parcel.h"

enum {
	HEARD_WINDOW = 512,       /* frames that may be late                       */
	HELD_MAX     = 64         /* frames that wait for a gap to close           */
};

struct heard {
	leno_id  id;
	uint8_t  channel[CAST_CHANNEL];     /* which of its streams: zeros, the broadcasts */
	uint64_t incarnation;
	uint64_t top;                       /* highest number of a frame           */
	uint64_t window[HEARD_WINDOW / 64]; /* which of those up to it were here   */
	uint64_t next;                      /* item that is due                    */
	uint64_t floor;                     /* before it nothing is repaired       */
	uint64_t past;                      /* item that was due when we left      */
	bool     stuck;                     /* `next` was refused                  */
	bool     ask;                       /* ... and is to be asked for again    */
	bool     back;                      /* ... having been given back          */

	struct reader left;                 /* of the frame that is being read     */
	uint64_t left_seq;                  /* number of the first item in it      */
	uint32_t left_count;
	struct parcel *reading;             /* to drop when it has been read       */

	struct list held;
	size_t   n_held;
	struct budget *store;              /* bounds what is put together         */
	struct parcel *parts;               /* fragments of `next` so far          */
	size_t   parts_size;
	uint32_t n_parts, of_parts;

	struct list acks;                   /* the caller's: who is to be acked    */
	uint32_t unacked;                   /* items since the last acknowledgement */
	uint64_t heard_us;
};

void heard_init(struct heard *, const leno_id *, uint64_t incarnation, struct budget *);
void heard_clear(struct heard *);
void heard_let_go(struct heard *);      /* of held frames and fragments: they were not
                                           delivered, and can be asked for again       */

/* Was this frame not here yet? Asked before its signature is looked at. */
bool heard_fresh(const struct heard *, uint64_t number);
void heard_mark(struct heard *, uint64_t number);

/* Gives a frame, whose bytes lie in the parcel (a reference is taken if it is kept); with NULL
 * they are lent until heard_rest(), and copied if they are kept. */
void heard_take(struct heard *, const struct cast *, struct parcel *);

/* Gives what the source itself sent through the session: authoritative; before its first
 * item nothing more will come. Its bytes are lent until heard_rest(). */
void heard_take_items(struct heard *, const struct cast *);

bool heard_next_other(struct heard *, struct bytes *ret_type, struct bytes *ret_data);

/* The next item; lent until the next call. False: no more for now. Hot: it is nearly always in the
 * frame that is being read. */
static inline bool heard_next(struct heard *h, struct bytes *ret_type, struct bytes *ret_data)
{
	if (h->left_count == 0 || h->left_seq != h->next || h->parts || h->stuck ||
	    !read_cast_item(&h->left, ret_type, ret_data))
		return heard_next_other(h, ret_type, ret_data);
	h->left_count--;
	h->left_seq++;
	h->next++;
	h->unacked++;
	return true;
}
void heard_rest(struct heard *);        /* after the last heard_next() of an input     */

/* The item that heard_next() has just handed out is not taken: it, and what comes after it, is
 * as if it had not come. The source thinks that it has given it: so nothing is asked for until
 * heard_ask(), when there is room. */
void heard_refuse(struct heard *);
void heard_ask(struct heard *);

/* All from seq on, which was taken, is as if it had not come: as after heard_refuse(). */
void heard_back(struct heard *, uint64_t seq);

/* Where to begin is not known any more: as after heard_init(), but which frames were here is known
 * still, and up to which item all was handed out. */
void heard_leave(struct heard *);

/* What to tell the source. */
void heard_ack(const struct heard *, struct cast_ack *ret);

#endif
