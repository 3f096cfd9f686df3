/* channel.h - what goes before that which message/broadcast.h lays out, when it is for a
 * group; and what is said to one node of a group through the session.
 *
 *   channel     tag 16 | join varint                     whose key seals, which stream of the source
 *   frame body  channel | as of a broadcast, with the items (or the fragment) sealed
 *               | Ed25519 signature of "leno groupcast 1" and all before it
 *   near body   channel | as of a broadcast, without a signature: for a member that has a link
 *               with the source, whose record is the seal and the proof
 *   by session  3 | channel of the source | ACK or ITEMS as of a broadcast         (CAST)
 *               4 | channel of the sender | proof 16 | type sized | data            (ONE)
 *               5 | key sized | note                                        (INVITATION) */
#ifndef LENO_GROUP_CHANNEL_H
#define LENO_GROUP_CHANNEL_H

#include "group/membership.h"

#define CHANNEL_DOMAIN "leno groupcast 1"

enum {
	CHANNEL_MAX   = GROUP_TAG_SIZE + 9,
	CHANNEL_SEAL  = 16,              /* what sealing adds                          */
	GROUP_ONE_MAX = 1 + CHANNEL_MAX + PROOF_SIZE + 2 + LENO_TYPE_MAX,
	GROUP_INVITATION_MAX = 1 + 2 + LENO_GROUP_KEY_MAX + LENO_GROUP_NOTE_MAX
};

enum group_word { GROUP_CAST = 3, GROUP_ONE, GROUP_INVITATION };

struct channel {
	uint8_t  tag[GROUP_TAG_SIZE];
	uint64_t join;
};

struct channel read_channel(struct reader *);
void write_channel(struct writer *, const struct channel *);

struct group_one {
	struct membership from;          /* of the sender                              */
	struct bytes type, data;
};
/* All after the first byte. */
bool read_group_one(struct bytes, struct group_one *ret);
/* The data aside, the first byte included. */
void write_group_one_head(struct writer *, const struct group_one *);

struct group_invitation {
	struct bytes key, note;
};
bool read_group_invitation(struct bytes, struct group_invitation *ret);
void write_group_invitation(struct writer *, const struct group_invitation *);

#endif
