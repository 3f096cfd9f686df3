/* direct.h - links that the node makes by itself: to those of the atlas that say where they
 * can be dialled (discovery/prospects.h decides who is worth it). */
#ifndef LENO_NODE_DIRECT_H
#define LENO_NODE_DIRECT_H

#include "discovery/prospects.h"
#include "node/node.h"
#include "wire/extensions.h"

struct direct {
	struct prospects prospects;
	struct timer timer;
	bool     makes;              /* links by itself, and tells where it is dialled      */
	uint64_t settle_us;          /* nothing to do at the end of an input before this    */
	uint64_t look_us;            /* no look before this                                 */
	uint64_t turn_us;            /* no choice whom to try                               */
	uint64_t pace_us;            /* no link is made or unmade before this: all must hear of it */
	uint64_t more_us;            /* when another link may be made for the mesh's sake   */
	uint8_t  own[ADDRESSES_SIZE]; /* where we can be dialled, encoded                   */
	size_t   own_size;           /* 0: never said                                       */
	char     dials[LENO_DIALS_MAX + 1]; /* schemes that the driver dials; "*": all            */
};

int  direct_open(leno_node *, const char *dials);
void direct_free(leno_node *);
void direct_settle(leno_node *);                       /* the end of each input     */
void direct_wake(leno_node *);                         /* there may be somebody to try */

/* A dial has ended, or came to nothing: it is dialled again, unless it was automatic: then it
 * is removed. */
void direct_dial_lost(leno_node *, struct dial *);

/* Who answered a dial is known. False: not who it was for, and the conn is on its way out. */
bool direct_proved(struct conn *, struct dial *);

/* The application wants this dial, too: it is automatic no longer. NULL is fine. */
void direct_adopt(leno_node *, struct dial *);

/* It does not want a link to this node. */
void direct_shun(leno_node *, const leno_id *);

/* The other end has closed this link because it does not want it. */
void direct_unwanted(const struct conn *);

/* Our own addresses; n 0: none. */
void direct_own(const leno_node *, struct addresses *ret);

#endif
