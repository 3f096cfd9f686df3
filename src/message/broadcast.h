/* broadcast.h - how broadcasts look on the wire; who keeps them is in aired.h, heard.h.
 *
 * A source's broadcasts are a stream of items, numbered from 1 in each of its lives:
 *
 *   item        type sized | data sized
 *   frame body  kind u8 | source id | incarnation u64 | number varint | first varint |
 *               behind varint | (WHOLE: count varint | count items)
 *                               (FRAGMENT: fragment varint | fragments varint | bytes)
 *               | Ed25519 signature of "leno broadcast 1" and all before it
 *   by session  1 | incarnation u64 | seq varint | had varint | want varint     (ACK)
 *               2 | incarnation u64 | first varint | count varint | count items (ITEMS)
 *
 * number counts frames, for telling which went by here already; `first` counts items.
 * first - behind is the oldest item that the source still keeps for somebody: what comes
 * before that will never be repaired. */
#ifndef LENO_MESSAGE_BROADCAST_H
#define LENO_MESSAGE_BROADCAST_H

#include "wire/codec.h"
#include "wire/limits.h"

#define CAST_DOMAIN "leno broadcast 1"

enum {
	CAST_CHANNEL    = 16,              /* names a stream, see group/channel.h      */
	CAST_SIGNATURE  = 64,
	CAST_SEAL       = 16,
	CAST_FRAME_MAX  = 12 * 1024,       /* a frame's body, signature included       */
	CAST_HEAD_MAX   = 1 + 16 + 8 + 5 * 9,
	CAST_ROOM       = CAST_FRAME_MAX - CAST_HEAD_MAX - CAST_SIGNATURE,
	CAST_ITEM_MAX   = 2 + LENO_TYPE_MAX + 3 + BROADCAST_MAX,
	CAST_FRAGMENTS_MAX = (CAST_ITEM_MAX + CAST_ROOM - 1) / CAST_ROOM,
	CAST_BY_SESSION_MAX = 1 + 8 + 3 * 9  /* an ACK, or what goes before ITEMS      */
};
static_assert(CAST_FRAME_MAX + 64 <= RECORD_FRAMES, "a frame fits a record");

struct cast {
	leno_id  origin;
	uint64_t incarnation;
	uint64_t number;
	uint64_t first;
	uint64_t behind;
	uint32_t count;              /* items; 1 when this is a fragment of one        */
	uint32_t fragment, fragments; /* fragments is 0 when the items are whole       */
	struct bytes items;          /* or the fragment's bytes; lent                  */
};

/* A frame's body. True only when each whole item in it can be read. */
bool read_cast(struct bytes body, struct cast *ret);

/* The same of a frame whose items are sealed, and so not looked at: the seal is in them. */
bool read_cast_sealed(struct bytes body, struct cast *ret);
/* The same of one without a signature. */
bool read_cast_near(struct bytes body, struct cast *ret);
/* Once they are open: can each of them be read? */
bool cast_items_good(const struct cast *);

/* All before the items; the signature is the caller's. */
void write_cast_head(struct writer *, const struct cast *);

bool read_cast_item_long(struct reader *, struct bytes *ret_type, struct bytes *ret_data);

enum { CAST_SHORT = 0x80 };                /* smaller sizes are in one byte               */

static inline bool cast_type_good(const uint8_t *type, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (type[i] == 0)
			return false;
	return true;
}

/* Hot. Both sizes are short, nearly always: else it is read the long way. */
static inline bool read_cast_item(struct reader *r, struct bytes *ret_type,
                                  struct bytes *ret_data)
{
	const uint8_t *at = r->at;
	size_t left = reader_left(r), type = left > 1 ? at[0] : CAST_SHORT, data;

	if (r->bad || type >= CAST_SHORT || left < type + 2 ||
	    (data = at[1 + type]) >= CAST_SHORT || left < type + data + 2)
		return read_cast_item_long(r, ret_type, ret_data);
	if (!cast_type_good(at + 1, type))
		return false;
	*ret_type = bytes_of(at + 1, type);
	*ret_data = bytes_of(at + 2 + type, data);
	r->at = at + 2 + type + data;
	return true;
}

/* In `want`: what was given was not taken, for want of room; from seq + 1 on all again. */
#define CAST_WANT_AGAIN ((uint64_t)INT64_MAX)
#define CAST_WANT_BACK  ((uint64_t)INT64_MAX - 1)

/* What is acknowledged, and what is missed. */
struct cast_ack {
	uint64_t incarnation;
	uint64_t seq;        /* all up to it are delivered; 0: none, or I do not know
	                        where I am to begin                                    */
	uint32_t had;        /* fragments of the next one                              */
	uint64_t want;       /* all from seq + 1 to this are missing here; 0: none     */
};

enum cast_kind { CAST_ACK = 1, CAST_ITEMS };
/* What came by a session: 0 when it cannot be read. Of ITEMS (count may be 0) the fields
 * incarnation, first, count and items are set. */
enum cast_kind read_cast_by_session(struct bytes, struct cast_ack *ret_ack,
                                    struct cast *ret_items);
void write_cast_ack(struct writer *, const struct cast_ack *);
void write_cast_items_head(struct writer *, uint64_t incarnation, uint64_t first,
                           uint32_t count);

#endif
