/* membership.h - the groups that a node says it is in: extension 4 of its record.
 *
 *   value       membership, one after another, tags strictly ascending
 *   membership  tag 16 | join varint | proof 16
 *
 * The tag names the group to those who do not know its key, so that they know to whom its
 * frames go. The proof tells members that the node knows the key. join counts: each time that
 * the node joins any group in one life it is another one. */
#ifndef LENO_GROUP_MEMBERSHIP_H
#define LENO_GROUP_MEMBERSHIP_H

#include "wire/codec.h"
#include "wire/limits.h"

enum {
	GROUP_TAG_SIZE = 16,
	PROOF_SIZE     = 16,
	MEMBERSHIP_MAX = GROUP_TAG_SIZE + 9 + PROOF_SIZE,
	MEMBERSHIPS_MAX = GROUPS_MAX * MEMBERSHIP_MAX
};

struct membership {
	uint8_t  tag[GROUP_TAG_SIZE];
	uint64_t join;
	uint8_t  proof[PROOF_SIZE];
};

/* The one of this group; false when there is none, or no such sequence as far as it: then
 * the value says nothing. */
bool membership_find(struct bytes value, const uint8_t tag[GROUP_TAG_SIZE],
                     struct membership *ret);
void membership_write(struct writer *, const struct membership *);

#endif
