/* group.h - the groups of a node: groups.c (who is in them, states), group_talk.c (what is
 * said), group_tree.c (where frames go, and their seal).
 *
 *  1. A member is one whose record says so, with a proof that holds; nobody else's frames are
 *     opened, and to nobody else anything is given.
 *  2. Handlers run in groups_settle() and groups_down(), or where messages and acknowledgements
 *     are taken; a group is freed in groups_settle() alone.
 *  3. A group whose state is LEAVING hands out no messages, and acknowledges none. */
#ifndef LENO_NODE_GROUP_H
#define LENO_NODE_GROUP_H

#include "base/tape.h"
#include "crypto/groups.h"
#include "group/roster.h"
#include "node/fan.h"

enum {
	GROUP_SETTLE_MS  = 300,       /* and the longest round trip, without news of
	                                 members: then one has joined              */
	GROUP_LATEST_MS  = 1500,      /* from when it could have, though there are news */
	GROUP_STALE_MS   = 300,       /* a record from before its node was lost is doubted */
	GROUP_LEAVE_MS   = 1000,      /* for what was sent to be confirmed             */
	GROUP_ROOM_MS    = 250,       /* between two looks for room that there was not */
	GROUP_PARTS_MS   = 30 * 1000, /* without another piece of a large message      */
	GROUP_YIELD_MS   = 1000,      /* the same, while others wait for room          */
	GROUP_PATHS_MAX  = 256        /* groups of which it is known where they are    */
};

struct leno_group {
	leno_node   *node;
	struct list  all;             /* node.groups                                   */
	leno_group_handlers handlers;
	void        *user;
	uint8_t      key[LENO_GROUP_KEY_MAX];
	size_t       key_size;
	struct group_keys keys;
	uint64_t     join;
	enum leno_group_state state, told;
	uint64_t     ready_us;        /* since when it is connected; NEVER             */
	uint64_t     news_us;         /* of members, or of our own coming              */
	uint64_t     leave_us;        /* when waiting for confirmations ends           */
	struct roster roster;
	struct voice voice;
	uint32_t     least;           /* message_max of those it is aimed at           */

	/* A large message on its way into the voice, piece by piece. */
	struct tape  large;
	char         type[LENO_TYPE_MAX + 1];
	bool         begun;           /* its first piece has gone                      */
	uint64_t     gone;            /* of the voice's targets, when it was given     */
	bool         blocked;         /* LENO_AGAIN was given ...                      */
	size_t       wants;           /* ... since the pool had no room for so much; or 0 */

	char         heard_type[LENO_TYPE_MAX + 1]; /* of the message heard last       */
};

/* Where the frames of a group go: a bit for each link; and those links behind which there is
 * somebody besides the neighbour. */
struct group_path {
	uint8_t  tag[GROUP_TAG];
	uint64_t links[LINKS_MAX / 64], beyond[LINKS_MAX / 64];
};

struct groups {
	struct list  all;
	size_t       count;
	uint64_t     last_join;
	struct timer timer;
	struct aead *aead;            /* under the key of whatever stream comes next   */
	struct map   paths;           /* of struct group_path, as of:                  */
	uint64_t     paths_serial;
	size_t       n_parts;         /* large messages that are being put together    */
	size_t       n_stuck;         /* of which the beginning had no room            */
	uint64_t     tend_us;         /* when these are looked at next                 */
	uint64_t     doubt_us;        /* when to look again at whom we doubted, or had
	                                 no memory for; NEVER                      */
};

int  groups_open(leno_node *);
void groups_free(leno_node *);
void groups_settle(leno_node *);
void groups_told(leno_node *, const leno_id *);        /* its record, or life, is another */
void groups_down(leno_node *, const leno_id *, enum leno_why);
leno_group *groups_find(leno_node *, const uint8_t tag[GROUP_TAG]);   /* that we are in */
struct channel group_channel(const leno_group *);
void group_tell(leno_group *);                         /* what it has not been told yet */

/* group_talk.c */
void groups_word(struct peer *, enum group_word, struct bytes);       /* by the session   */
/* What is due of a member's stream: to the first item for which there is no room now. */
void groups_hear(leno_group *, struct ear *);
void group_done(leno_group *, uint64_t seq, uint32_t confirmed, uint32_t unknown);
void group_give_up(leno_group *);                      /* waiting for confirmations   */
bool group_last_piece(const leno_group *, uint64_t seq);  /* does a message end there? */
void groups_feed(leno_node *);                         /* there may be room in voices */
void groups_tend_parts(leno_node *);                   /* that nobody completes, or that had
                                                          no room and have it now  */
int  group_aim(leno_group *);

/* group_tree.c */
/* Does the source say that it is in this group, by this join? */
bool groups_listed(const struct mesh_node *source, const struct channel *);
/* Does a member that others know of lie behind this link? */
bool groups_behind(leno_node *, const uint8_t tag[GROUP_TAG], const struct conn *);
/* Where our own frames go by this link: to nobody, to a member that is the neighbour and to
 * nobody else, or (also) to others. */
enum group_way { GROUP_NOWHERE, GROUP_NEAR, GROUP_FAR };
enum group_way group_way(const leno_group *, const struct conn *);
/* Seals the items of a frame's body in place; its size then. */
size_t group_seal(const leno_group *, uint64_t incarnation, uint8_t *body, size_t size);
/* The body (signature included) opened into a parcel, in which cast->items are from then on; NULL:
 * no room, or the seal or what is in it does not hold. */
struct parcel *group_open(const leno_group *, uint64_t join, struct bytes body,
                          struct cast *cast);

#endif
