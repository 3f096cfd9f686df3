/* leno/msgpack.h - values of services and events, as MessagePack; part of leno.h.
 *
 * A writer puts values one after the other into a buffer of yours, each in its shortest
 * form; a reader takes them out again. Arrays and maps are a head with a count, after which
 * their members follow: n values, or n keys and values in turn.
 *
 *	uint8_t room[64];
 *	leno_pack p = leno_pack_into(room, sizeof room);
 *	leno_pack_array(&p, 2);
 *	leno_pack_int(&p, 20);
 *	leno_pack_text(&p, "two");
 *	leno_call(node, "math", "add", leno_pack_bytes(&p), ...);
 *
 *  1. Errors are sticky: write or read on, and ask once at the end. */
#include <leno.h>  /* before the guard: it has this header in its place, in what is C */

#ifndef LENO_MSGPACK_H
#define LENO_MSGPACK_H

enum { LENO_DEPTH_MAX = 32 };  /* arrays and maps within each other */

typedef struct leno_pack { uint8_t *data; size_t size, capacity; bool full; } leno_pack;

static inline leno_pack leno_pack_into(void *buf, size_t capacity)
{
	leno_pack p = { (uint8_t *)buf, 0, capacity, false };

	return p;
}

LENO_API void leno_pack_nil  (leno_pack *);
LENO_API void leno_pack_bool (leno_pack *, bool);
LENO_API void leno_pack_int  (leno_pack *, int64_t);
LENO_API void leno_pack_uint (leno_pack *, uint64_t);
LENO_API void leno_pack_float(leno_pack *, double);
LENO_API void leno_pack_text (leno_pack *, const char *text);
LENO_API void leno_pack_str  (leno_pack *, leno_bytes);   /* UTF-8, as you vouch      */
LENO_API void leno_pack_bin  (leno_pack *, leno_bytes);
LENO_API void leno_pack_ext  (leno_pack *, int8_t type, leno_bytes);
LENO_API void leno_pack_array(leno_pack *, uint32_t count);
LENO_API void leno_pack_map  (leno_pack *, uint32_t count);
LENO_API void leno_pack_value(leno_pack *, leno_bytes);   /* one that is packed already */

/* All that was packed; no bytes when it did not fit. */
static inline leno_bytes leno_pack_bytes(const leno_pack *p)
{
	leno_bytes b = { p->full ? NULL : p->data, p->full ? 0 : p->size };

	return b;
}

enum leno_kind {
	LENO_NIL = 1, LENO_BOOL,
	LENO_INT,                 /* in `integer`, when an int64_t holds it               */
	LENO_UINT,                /* in `natural`: larger than that                       */
	LENO_FLOAT, LENO_STR, LENO_BIN, LENO_EXT,
	LENO_ARRAY, LENO_MAP      /* `count` members follow, or twice as many             */
};

typedef struct leno_value {
	enum leno_kind kind;
	bool       boolean;
	int64_t    integer;
	uint64_t   natural;       /* of LENO_INT too, when it is not negative             */
	double     real;
	leno_bytes bytes;         /* of LENO_STR, LENO_BIN, LENO_EXT; views what was read */
	uint32_t   count;
	int8_t     type;          /* of LENO_EXT                                          */
} leno_value;

typedef struct leno_unpack { const uint8_t *at, *end; bool bad; } leno_unpack;

static inline leno_unpack leno_unpack_from(leno_bytes b)
{
	leno_unpack u;

	u.at = (const uint8_t *)b.data;
	u.end = u.at ? u.at + b.size : u.at;
	u.bad = false;
	return u;
}

/* The next value, or the head of the next array or map, of which at least the bytes are
 * there that its members need. False at the end, or (u->bad) when there is none to be read. */
LENO_API bool leno_unpack_next(leno_unpack *, leno_value *ret);

/* The next value with all its members, as it stands; no bytes when it is cut, or deeper than
 * LENO_DEPTH_MAX. */
LENO_API leno_bytes leno_unpack_whole(leno_unpack *);

/* Is this exactly one value, whole, and not too deep? */
LENO_API bool leno_unpack_ok(leno_bytes);

#endif
