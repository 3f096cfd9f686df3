/* poll.h - a pipe out of HTTP requests: what both ends keep of it, and how requests say it.
 *
 * A session is named by 128 random bits of its client, who asks in two ways:
 *
 *     POST PATH?leno=SESSION&at=N&got=M    the body is its bytes from the Nth on; the first one,
 *                                          at=0, makes the session. Answered at once
 *     GET  PATH?leno=SESSION&got=M&n=K     answered with the server's bytes from the Mth on, when
 *                                          there are some; with nothing after a while. K makes
 *                                          each request another one, for caches
 *     ... &end=1                           a POST: nothing more comes of the client
 *
 * `got` says how many bytes of the other side have come in whole, and each answer says the same in
 * the field Leno-Got. Fields Leno-At (where the body begins) and Leno-End (nothing more comes) go
 * with answers to a GET. A request that failed is made again: bytes are numbered, so that it
 * does no harm.
 *
 *  1. A byte is kept until the other side has said that it has it.
 *  2. At most POLL_WINDOW bytes are kept, and so under way. */
#ifndef LENO_TRANSPORT_POLL_H
#define LENO_TRANSPORT_POLL_H

#include "base/bytes.h"
#include "transport/http_head.h"

enum {
	POLL_ID        = 16,
	POLL_WINDOW    = 256 * 1024,
	POLL_BODY_MAX  = 64 * 1024,   /* of a POST: what a slow line takes in seconds       */
	POLL_HOLD_MS   = 10000,       /* a GET is answered after this with nothing          */
	POLL_IDLE_MS   = 15000,       /* a session of which no request is heard is over     */
	POLL_ANSWER_MS = 10000,       /* beyond what it is held: a request failed           */
	POLL_RETRY_MS  = 100,         /* before the first try anew, then twice as long      */
	POLL_RETRIES   = 6,           /* in a row, then it is over                          */
	POLL_SESSIONS_MAX = 256
};

struct poll {
	uint8_t *data;                /* POLL_WINDOW bytes, while there are some            */
	size_t from, size;            /* what is kept in it                                 */
	uint64_t base;                /* the number of the first of them                    */
	uint64_t got;                 /* of the other side's, all before this               */
};

void poll_clear(struct poll *);

/* Keeps bytes to be sent; how many, fewer than all when the window is full. 0: no memory. */
size_t poll_put(struct poll *, const uint8_t *data, size_t size);

/* The other side has all before `upto`. False: it cannot, or says less than before. */
bool poll_has(struct poll *, uint64_t upto);

/* What is to be sent from the number `at` on, `most` bytes of it; lent until the next call. */
struct bytes poll_rest(const struct poll *, uint64_t at, size_t most);

/* Bytes came, the first of them with this number: *ret are those that are new, which count as
 * got. False: some before them are missing. */
bool poll_take(struct poll *, uint64_t at, struct bytes, struct bytes *ret);

/* ---- what requests say --------------------------------------------------------------- */

struct poll_words {
	uint8_t id[POLL_ID];
	uint64_t at, got;
	bool has_at, end;
};

/* Is this a query of ours at all? */
bool poll_is(struct bytes query);

/* False: it is none, or not well formed. */
bool poll_read(struct bytes query, struct poll_words *ret);

enum { POLL_QUERY_MAX = 160 };
void poll_write(char ret[POLL_QUERY_MAX], const struct poll_words *, uint64_t serial);

/* A decimal number, all of the text. */
bool poll_number(struct bytes text, uint64_t *ret);

#endif
