/* flow.h - one stream: what waits to be sent, what waits to be read, who has finished.
 *
 *     flow_write --> [out] --flow_make--> items of the session     to the peer
 *     flow_skip <--- [in]  <--flow_take-- items of the session     from the peer
 *
 * The session carries the items once and in order, so nothing here is numbered, repeated
 * or timed. A direction ends by FINISH, and DONE answers once all of it has been read.
 *
 *  1. No byte is sent beyond the peer's credit, which it gives for what it has read.
 *  2. What we grant is set aside in setup->budget before it is granted: a peer cannot make
 *     us hold more than that.
 *  3. Between flow_take() and flow_settle() the bytes of DATA are only lent: who reads them
 *     at once reads them where they came, without a copy. */
#ifndef LENO_STREAM_FLOW_H
#define LENO_STREAM_FLOW_H

#include "base/list.h"
#include "base/tape.h"
#include "wire/codec.h"

enum {
	FLOW_WINDOW_MIN = 64 * 1024,         /* granted to begin with                 */
	FLOW_WINDOW_MAX = LENO_STREAM_WINDOW,
	FLOW_BUFFER     = LENO_STREAM_BUFFER,
	FLOWS_FEW       = 8,                 /* streams of one peer, see flow_scarce() */
	FLOW_WEIGHT     = 16,
	FLOW_WEIGHT_MAX = 255,
	FLOW_WHY_MAX    = 255,
	FLOW_ARGS_MAX   = 2 * 9,
	FLOW_HEAD_MAX   = 1 + FLOW_ARGS_MAX,
	FLOW_YOURS      = 0x80               /* who gets this item opened the stream  */
};

enum flow_op {
	FLOW_OPEN = 1,  /* varint credit | topic                                        */
	FLOW_DATA,      /* bytes                                                        */
	FLOW_CREDIT,    /* varint bytes read | varint bytes that may be sent in all     */
	FLOW_FINISH,    /* nothing more comes                                           */
	FLOW_DONE,      /* all has been read, FINISH too                                */
	FLOW_ABORT      /* u32 code | text                                              */
};

/* Lent to all flows of a node. */
struct flow_setup {
	struct pool *pool;
	size_t budget;               /* bytes that may be granted, all flows together */
	size_t granted;              /* of them, kept by stream/                      */
};

/* What is left is for peers that have few: a little of much, so that one may have a thousand. */
static inline bool flow_scarce(const struct flow_setup *s)
{
	size_t last = s->budget / 32;

	if (last < FLOWS_FEW / 2 * FLOW_WINDOW_MIN)
		last = FLOWS_FEW / 2 * FLOW_WINDOW_MIN;
	return s->granted + last >= s->budget;
}

/* Both ends number the streams that they open, from 0 in each life of the session. */
struct flow_key {
	uint32_t number;
	uint32_t ours;               /* 1: opened by us                               */
};

struct flow {
	struct flow_key    key;
	struct flow_setup *setup;
	struct list        ready;    /* see flows.h                                   */
	unsigned           weight;
	size_t             turn;     /* bytes left of its turn                        */

	struct tape out;
	uint64_t    credit;          /* bytes that the peer takes, in all             */
	uint64_t    confirmed;       /* bytes that it has read                        */
	bool open_due, finish_due, finished, peer_done;

	struct tape  in;
	struct bytes lent;           /* behind what `in` holds                        */
	uint64_t     received, read;
	uint64_t     limit;          /* bytes that we take, in all                    */
	size_t       window;         /* how far the limit is ahead of what is read    */
	uint64_t     granted_us;     /* when the limit last grew                      */
	bool credit_due, peer_finished, done_due, done;
	bool         parted;         /* see flow_part()                               */

	bool     short_write;        /* a write took less than it was given           */
	bool     abort_due, aborted; /* by us                                         */
	uint32_t code;               /* of the abort, with why                        */
	uint8_t  why[FLOW_WHY_MAX + 1];
	size_t   why_size;
};

/* An item to be put into the session. */
struct flow_item {
	enum flow_op op;
	uint8_t      args[FLOW_ARGS_MAX];
	size_t       n_args;
	struct bytes data;           /* lent by the flow until flow_made()            */
};

/* What stands before the data of an item, behind its number; returns the size. */
size_t flow_write_head(uint8_t ret[FLOW_HEAD_MAX], struct flow_key, const struct flow_item *);

/* The other way round: whose stream of this number is meant, as the reader sees it. */
bool flow_read(struct bytes, uint32_t number, struct flow_key *ret_key, enum flow_op *ret_op,
               struct bytes *ret_body);

/* LIMIT: the budget is spent. */
int  flow_init(struct flow *, struct flow_setup *, struct flow_key);
/* One that the peer has opened and cannot have: it grants nothing, and says so. */
void flow_init_refused(struct flow *, struct flow_setup *, struct flow_key, uint32_t code,
                       struct bytes why);
void flow_clear(struct flow *);
/* Nothing more will come: only what waits to be read stays set aside. */
void flow_part(struct flow *);

/* ---- ours to say ------------------------------------------------------------- */

/* How many bytes were taken: as there is room. None, while nothing waits: others hold the
 * memory, and nothing that this flow does tells when they give it back. */
size_t flow_write(struct flow *, struct bytes);
void flow_finish(struct flow *);
void flow_abort(struct flow *, uint32_t code, struct bytes why);

struct bytes flow_peek(struct flow *);
/* Have been dealt with: n is at most what was peeked. rtt_us of the session tells how
 * far the window may usefully reach. */
void flow_skip(struct flow *, size_t n, uint64_t now_us, uint32_t rtt_us);

bool flow_wants(const struct flow *);
/* The next item, with at most so many bytes; false when there is nothing to say now. */
bool flow_make(struct flow *, size_t max, struct flow_item *ret);
void flow_made(struct flow *, const struct flow_item *);     /* the session has it */

/* After a short write: true once, when half of the buffer is free. */
bool flow_take_writable(struct flow *);

/* ---- the peer's to say --------------------------------------------------------- */

/* All but OPEN. PROTOCOL: what it said cannot be. ABORT: code and why are in the flow, and
 * the caller ends it. */
int  flow_take(struct flow *, enum flow_op, struct bytes body);
/* Keeps what is still lent. MEMORY: it could not be kept, and the stream cannot go on. */
int  flow_settle(struct flow *);

/* The peer has finished, and all was read. */
static inline bool flow_ended(const struct flow *f)
{
	return f->peer_finished && f->read == f->received;
}

/* Both directions are over: nothing more will be said by either side. */
static inline bool flow_over(const struct flow *f)
{
	return f->peer_done && f->done;
}

#endif
