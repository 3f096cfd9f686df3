/* store.h - the entries of one map, in the order of their hashes, with digests over them.
 *
 * The hash is that of kind and key, so all entries of one counter or set stand together.
 * It is read as 16 digits of 4 bits; a range is all that begins with `level` such digits
 * (a tree of fan-out 16). Its digest is the sum of its entries' digests, so that a change
 * costs one addition a level (after Merkle trees; sums: Bellare and Micciancio, "A New Paradigm for
 * Collision-Free Hashing", 1997). SipHash, keyed by what only sharers know: who is no
 * sharer cannot choose what collides; a sharer that does spoils a copy which it could
 * overwrite as well.
 *
 *  1. Buckets are ranges of `depth` digits; a bucket's entries are in the order of hash, kind,
 *     key, sub. So the whole store has one order, whatever the depth.
 *  2. All that it holds is taken from the budget, of which nothing else is. */
#ifndef LENO_STATE_STORE_H
#define LENO_STATE_STORE_H

#include "base/budget.h"
#include "state/entry.h"

enum {
	FANOUT       = 16,
	LEVEL_MAX    = 16,           /* digits of a hash                              */
	DEPTH_MAX    = 6,
	BUCKET_LOAD  = 16            /* entries a bucket, before there are more buckets */
};

struct stored {
	struct stored *next;         /* in its bucket                                 */
	uint64_t hash, digest, stamp;
	leno_id  writer;
	uint32_t value_size;
	uint16_t sub_size;
	uint8_t  key_size;
	uint8_t  kind;
	bool     dead;
	bool     unpaid;             /* put out: its room has gone to what replaced it */
	uint8_t  bytes[];            /* key, sub, value                               */
};

struct digest {
	uint64_t sum;
	uint64_t count;              /* of entries, dead ones too                     */
};

struct store {
	struct stored **buckets;
	struct digest  *levels[DEPTH_MAX + 1];
	unsigned depth, depth_most;
	size_t   n_dead;
	struct budget budget;
	uint64_t hash_key[2], sum_key[2];
};

struct range {
	unsigned level;
	uint64_t prefix;             /* its digits, the first one highest             */
};

int  store_init(struct store *, size_t memory_max, const uint8_t key[32]);  /* MEMORY */
void store_clear(struct store *);

struct entry stored_entry(const struct stored *);        /* views it                  */

/* What has this name, dead or not. NULL. */
struct stored *store_find(const struct store *, enum entry_kind, struct bytes key,
                          struct bytes sub);
/* The first of this kind and key, and the next after it. NULL. */
struct stored *store_first(const struct store *, enum entry_kind, struct bytes key);
struct stored *store_same(const struct stored *);

/* Merges: 1 when it is newer than what was there, which is *ret_old then (NULL: nothing was), to be
 * freed by store_free(); 0 when not. LENO_MEMORY: there is no room. */
int  store_put(struct store *, const struct entry *, struct stored **ret_old);
void store_outdate(struct store *, struct stored *);     /* older than all that may be put */
void store_free(struct store *, struct stored *);        /* what was put out. NULL is fine */
void store_take(struct store *, struct stored *);        /* out; to be freed by store_free() */
void store_drop(struct store *, struct stored *);        /* both                      */

/* Gives back the room of its widest tables, for entries: buckets are longer then, and do not
 * get shorter before depth_most is DEPTH_MAX again. False: there is no more to give back. */
bool store_shrink(struct store *);

struct digest store_digest(const struct store *, struct range);
static inline size_t store_count(const struct store *s)
{
	return (size_t)s->levels[0][0].count;
}

/* Walks a range in order; the store may change between two steps. Begins zeroed. */
struct walk {
	uint64_t hash;
	uint32_t past;               /* with that hash, that were seen                */
	bool     begun, over;
};
struct stored *store_walk(const struct store *, struct range, struct walk *);

/* The next one that died before this, to be dropped (then at->past is one less); NULL: *looks
 * entries were looked at, or all. *at is where to go on. */
struct stored *store_expired(const struct store *, uint64_t before_ms, struct walk *at,
                             size_t *looks);

bool range_good(struct range);
bool range_has(struct range, uint64_t hash);
struct range range_child(struct range, unsigned digit);

#endif
