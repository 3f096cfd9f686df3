/* aired.h - what we have broadcast, until every node that was there has acknowledged it.
 *
 *   aired_put --> kept --aired_frame (once, along the tree)--> framed
 *   kept --acknowledged by, or gone: each node it was aimed at--> done --aired_next_done
 *
 *  1. An item is aimed at the nodes that aired_aim() named before it was put. What a node
 *     has acknowledged is a prefix of the stream; so what is done is one too.
 *  2. An item is kept exactly until it is done: `first` is the oldest that is not.
 *     What of that is counted for a range of items is noted at its two ends alone: each item
 *     has the difference to the one before it, so an acknowledgement costs the same for one
 *     item and for thousands.
 *  3. Kept items hold at most `max` bytes, of which one always fits; and with what goes
 *     beside them no more than the budget. */
#ifndef LENO_MESSAGE_AIRED_H
#define LENO_MESSAGE_AIRED_H

#include "base/budget.h"
#include "base/map.h"
#include "message/broadcast.h"

enum {
	REPAIR_FIRST_MS = 250,    /* without an acknowledgement, before it is sent again;
	                             longer where they come more slowly            */
	REPAIR_LAST_MS  = 5000,
	REPAIR_STEP_MS  = 25      /* between two looks at who lags                 */
};

struct aired_item;

/* A node that has something to acknowledge, or had. */
struct target {
	leno_id  id;
	uint64_t since;           /* what comes after it is for this node          */
	uint64_t acked;           /* all up to it                                  */
	uint32_t had;             /* fragments of the next one                     */
	uint64_t given;           /* all up to it went through the session `life`  */
	uint64_t life;
	uint64_t moved_us;        /* when it last advanced                         */
	uint64_t helped_us;
	uint32_t delay_ms;        /* from then on, before it is helped (again)     */
};

/* How many targets have an item, and how many are gone that had it not. */
struct tally {
	int64_t confirmed, unknown;
};

struct aired {
	struct aired_item **ring; /* by seq, a power of two                        */
	size_t   capacity;
	uint64_t first, last;     /* kept; first = last + 1 when there is none     */
	uint64_t clocked;         /* all up to it know when they were put          */
	uint64_t framed;          /* all up to it are in frames                    */
	uint32_t fragment;        /* of framed + 1, the next to frame              */
	uint64_t number;          /* of the last frame                             */
	struct tally now;         /* of the oldest item                            */
	struct tally end;         /* what the next one put counts less than the last */
	size_t   used, max;
	struct budget *budget;    /* NULL: not counted                             */
	struct map targets;
	uint64_t gone;            /* targets, so far                               */
};

void aired_init(struct aired *, size_t max, struct budget *, size_t targets_max,
                const uint8_t seed[16]);
void aired_clear(struct aired *);

/* What is put from now on is for this node too. MEMORY, LIMIT. */
int  aired_aim(struct aired *, const leno_id *);
struct target *aired_target(const struct aired *, const leno_id *);    /* or NULL */

/* AGAIN, MEMORY (it is more than the budget has, too). It waits for nobody before aired_clock(): who puts may not know the time. */
int  aired_put(struct aired *, struct bytes type, struct bytes data, uint64_t *ret_seq);
/* The same with data that begins with `head`. */
int  aired_put_after(struct aired *, struct bytes type, struct bytes head, struct bytes data,
                     uint64_t *ret_seq);
void aired_clock(struct aired *, uint64_t now_us);

/* This node has all up to seq (at most `last`). True when that is more than before. */
bool aired_ack(struct aired *, struct target *, uint64_t seq, uint32_t had, uint64_t now_us);

/* It has given back what comes after seq, which it had acknowledged. False: that is not kept, or
 * was not for it. */
bool aired_back(struct aired *, struct target *, uint64_t seq);

/* This node will not acknowledge any more. */
void aired_gone(struct aired *, const leno_id *);

/* The item that was put last ends what was begun for so many more, which are gone. */
void aired_missed(struct aired *, uint32_t n);

/* The oldest item, once it is done; false when it is not, or there is none. */
bool aired_next_done(struct aired *, uint64_t *ret_seq, uint32_t *ret_confirmed,
                     uint32_t *ret_unknown);

/* ---- frames and repair -------------------------------------------------------- */

static inline bool aired_unframed(const struct aired *a)
{
	return a->framed < a->last;
}

/* Writes the next frame's body (CAST_FRAME_MAX fits), its signature left out: as many
 * items as fit, or a fragment. False when all are in frames. */
bool aired_frame(struct aired *, const leno_id *self, uint64_t incarnation, struct writer *);

/* Appends whole items from..upto while they fit; how many. */
uint32_t aired_pack(const struct aired *, uint64_t from, uint64_t upto, struct writer *);

/* A kept item as it is encoded. */
struct bytes aired_item(const struct aired *, uint64_t seq);

/* When this node is to be helped, if nothing is heard of it; NEVER when it lags not. */
uint64_t aired_due(const struct aired *, const struct target *);
void aired_helped(struct target *, uint64_t now_us);    /* later next time */

/* What it acknowledged last ends where the last help ended: so it lacks what was put before that
 * help, too. The last of that; 0 when there is none. */
uint64_t aired_lacks(const struct aired *, const struct target *);

#endif
