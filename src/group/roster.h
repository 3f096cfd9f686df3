/* roster.h - the other members of one group, and what the application has been told of them.
 *
 *   roster_put, roster_gone --> what is so --roster_next: the difference--> what was told
 *
 *  1. A member is known by its life and its join: another of either is a member that left and
 *     one that joined.
 *  2. What has come and gone before it was told is not told.
 *  3. At most `max` members; memory for those alone that are there, or have yet to be told of. */
#ifndef LENO_GROUP_ROSTER_H
#define LENO_GROUP_ROSTER_H

#include "base/list.h"
#include "base/map.h"
#include "wire/codec.h"

struct member {
	leno_id  id;
	bool     here;
	uint64_t incarnation, join;
	enum leno_why why;               /* when it is not here any more               */
	bool     told;                   /* that it joined, as ...                     */
	uint64_t told_incarnation, told_join;
	struct list change;              /* in roster.changes while there is one       */
};

struct roster {
	struct map members;
	struct list changes;
	size_t   n_here;
};

struct roster_event {
	leno_id  id;
	bool     joined;
	enum leno_why why;               /* of one that left                           */
};

void roster_init(struct roster *, size_t max, const uint8_t seed[16]);
void roster_clear(struct roster *);

/* True when that is news. *ret_error: MEMORY, LIMIT. */
bool roster_put(struct roster *, const leno_id *, uint64_t incarnation, uint64_t join,
                int *ret_error);
bool roster_gone(struct roster *, const leno_id *, enum leno_why);

/* Is it a member, by this join of this life? */
bool roster_has(const struct roster *, const leno_id *, uint64_t incarnation, uint64_t join);
const struct member *roster_get(const struct roster *, const leno_id *);   /* here, or NULL */
const struct member *roster_each(const struct roster *, size_t *cursor);   /* here; NULL: end */

bool roster_next(struct roster *, struct roster_event *ret);

#endif
