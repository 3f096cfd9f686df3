/* meet.h - links to meeting points, and those of guests at this one (discovery/rendezvous.h).
 *
 * They are ordinary links of an anonymous network with a reserved name, and of keys that are
 * made for them alone at each start: so a meeting point learns no node's id.
 *
 *  1. A link of a guest is in no atlas, is nobody's link, and carries MEET and MET alone.
 *  2. When MEET_GUESTS_MAX are here a newcomer takes the place of one from the host that has most,
 *     if that has two more than the newcomer's: else it is turned away. */
#ifndef LENO_NODE_MEET_H
#define LENO_NODE_MEET_H

#include "crypto/meeting.h"
#include "discovery/rendezvous.h"
#include "node/node.h"

#define MEETING_NETWORK "leno rendezvous"

/* What one such link has to it. */
struct guest {
	bool     asks;               /* we are the guest; else this is a meeting point   */
	uint32_t number;             /* among those of its kind                          */
	uint64_t due_us;             /* asks: when to say that we are here               */
	uint64_t host;               /* a number for where it came from                  */
	struct meet_pace pace;       /* of what comes                                    */
	uint8_t  topic[TOPIC_SIZE];  /* asks: of our network, at this point              */
};

struct meet_state {
	struct identity identity;
	struct network network;
	struct link_setup setup;
	struct timer timer;
	struct point point;          /* without meetings: this is no meeting point       */
	struct conn *guests[MEET_GUESTS_MAX], *points[POINTS_MAX];
	struct others others;
	unsigned n_points;           /* that the application has named                   */
	unsigned live;               /* links of guests, here and there                  */
	uint64_t due_us;             /* when somebody has to be told of the others       */
};

int  meet_open(leno_node *);                           /* when it is a meeting point, or the
                                                          application names the first one */
void meet_free(leno_node *);
void meet_settle(leno_node *);                         /* the end of each input     */

/* Whom meeting points have told us of; NULL, which is nobody, while none is named. */
static inline const struct others *meet_others(const leno_node *n)
{
	return n->meet ? &n->meet->others : NULL;
}

static inline bool meet_asks(const leno_node *n)
{
	return n->meet && n->meet->n_points > 0;
}

const struct link_setup *meet_link_setup(const leno_node *, uint32_t dial);
size_t meet_conns_max(const leno_node *);              /* besides those of the network */

void meet_opened(struct conn *);                       /* its link is one of a guest */
void meet_left(struct conn *);                         /* it is on its way out      */
void meet_forget(leno_node *, uint32_t dial);          /* this point is visited no more */
int  meet_take(struct conn *, const struct frame *);
bool meet_wants(const struct conn *);
void meet_make(struct conn *, struct writer *);
void meet_again(leno_node *);                          /* our addresses have changed */

#endif
