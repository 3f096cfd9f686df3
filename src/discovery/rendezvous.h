/* rendezvous.h - how nodes that know only a meeting point find each other, both halves.
 *
 * The meeting point keeps one meeting for each guest and topic: a blob that it cannot read, for
 * as long as the guest's link and the time that the guest said. It tells each guest of some
 * others of its topic when it asks, and when there are new ones.
 *
 *   none --point_meet--> kept --another of its topic comes--> due --point_make--> kept
 *   kept --point_leave | point_meet with no time | its time is over--> none
 *
 * The guest keeps whom it was told of, until it is old, and tries to link up with those that
 * are not in its mesh (prospects.h).
 *
 *  1. A guest has GUEST_TOPICS meetings at most, so all fit: who floods takes nobody's place.
 *  2. A guest that asks more often than once in MEET_PACE_MS, a few times apart, floods.
 *  3. What is due is a mark, not a queue: a guest is told at most once in MEET_PUSH_MS.
 *  4. Nothing here is believed: whoever is met has to prove himself on his own link. */
#ifndef LENO_DISCOVERY_RENDEZVOUS_H
#define LENO_DISCOVERY_RENDEZVOUS_H

#include <leno.h>

#include "wire/meeting.h"

enum {
	MEET_GUESTS_MAX     = 256,       /* of one meeting point                           */
	GUEST_TOPICS   = 2,
	MEETINGS_MAX   = MEET_GUESTS_MAX * GUEST_TOPICS,
	MEET_PACE_MS   = 500,
	MEET_BURST     = 4,
	MEET_PUSH_MS   = 1000,
	POINTS_MAX     = 4,         /* meeting points that one node visits            */
	MEET_AGAIN_MS  = 30 * 1000, /* so often a guest says that it is still there   */
	MEET_SAID_S    = 90,        /* and for so long what it says is to be kept     */
	OTHERS_MAX     = 32,        /* that a guest keeps in mind                     */
	OTHERS_MS      = 300 * 1000
};
static_assert(MEET_SAID_S * 1000 > 2 * MEET_AGAIN_MS, "one word may be lost");
static_assert(MEET_SAID_S <= MEET_TTL_S, "what we say is taken");

/* ---- the meeting point ----------------------------------------------------------------- */

struct meeting {
	bool     used;
	bool     due;              /* to be told of the others                        */
	uint64_t told_us;          /* not again before                                */
	uint64_t ends_us;
	uint8_t  topic[TOPIC_SIZE];
	char     seen[MEET_SEEN + 1];
	uint16_t blob_size;
	uint8_t  blob[MEET_BLOB];
};

struct point {
	struct meeting (*meetings)[GUEST_TOPICS];      /* of each guest, by its number */
};

/* How often one guest may ask. */
struct meet_pace {
	uint64_t next_us;
};

bool meet_floods(struct meet_pace *, uint64_t now_us);

int  point_open(struct point *);                        /* MEMORY */
void point_close(struct point *);

/* What a guest has said; its number is below MEET_GUESTS_MAX. seen: how we see it. LIMIT: it floods. */
int  point_meet(struct point *, uint32_t guest, struct meet_pace *, const char *seen,
                const struct meet *, uint64_t now_us);
void point_leave(struct point *, uint32_t guest);

bool point_wants(const struct point *, uint32_t guest, uint64_t now_us);
/* One answer, with others drawn by `random`; *ret views the meetings. False: nothing to say. */
bool point_make(struct point *, uint32_t guest, uint64_t now_us, uint64_t random, struct met *ret);

/* When the next guest has to be told. UINT64_MAX: nobody. */
uint64_t point_due(const struct point *);

/* ---- the guest ------------------------------------------------------------------------- */

/* One that we were told of. */
struct other {
	leno_id  id;
	uint64_t told_us;          /* 0: this place is free                           */
	uint64_t first_us;         /* since when it is known                          */
	uint8_t  addresses[ADDRESSES_SIZE];
	size_t   size;
	char     seen[MEET_SEEN + 1];
};

struct others {
	struct other at[OTHERS_MAX];
};

/* The newest word about it replaces what was known; when there is no place, the oldest. */
void others_put(struct others *, const leno_id *, struct bytes addresses, struct bytes seen,
                uint64_t now_us);
void others_forget(struct others *, const leno_id *);
const struct other *others_get(const struct others *, const leno_id *);    /* NULL: of nobody */

/* The next one that is not too old; start with *cursor 0. NULL: no more. */
const struct other *others_next(const struct others *, size_t *cursor, uint64_t now_us);

/* Where it may be dialled: what it says, then the same doors at the address by which the
 * meeting point saw it, which `text` holds. */
enum { OTHERS_TEXT = ADVERTISED_MAX * ADVERTISED_URI };
void others_addresses(const struct other *, struct addresses *ret, char text[OTHERS_TEXT]);

#endif
