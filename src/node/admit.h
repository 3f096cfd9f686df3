/* admit.h - who is let in by this node, and for how long: lists, the host program, the
 * network's key. All that node/ asks admission/ goes through here.
 *
 *  1. Links and sessions are asked about alike: so whom this node turns away at its door does
 *     not come in across others.
 *  2. A guest (with an invitation alone) has a link and a session, and nothing of the mesh. */
#ifndef LENO_NODE_ADMIT_H
#define LENO_NODE_ADMIT_H

#include <leno/engine.h>

#include "admission/admission.h"
#include "admission/applicants.h"
#include "base/timers.h"

struct conn;
struct peer;

enum {
	GUESTS_MAX = 16,             /* links of guests at once                       */
	GUEST_MS   = 30 * 1000,      /* so long a guest may stay                      */
	JOINS_MAX  = 16              /* questions of guests that are under way        */
};

/* So long a holder lets a visitor speak for it; it is revoked with its holder. */
#define VISIT_MS (UINT64_C(30) * 24 * 3600 * 1000)

/* Of a node; see node.h. */
struct admit {
	struct admission admission;
	struct applicants applicants;
	uint8_t  own[CERTIFICATE_MAX];
	uint8_t  invited[INVITATION_MAX];
	struct pass pass;            /* our own                                       */
	bool     over;               /* and it has been said that it is over          */
	leno_id *allowed;            /* NULL: no list                                 */
	size_t   n_allowed;
	bool     relisted;           /* it is another than that by which some were let in */
	uint64_t opened_us, clock_ms;
	struct timer timer;
	bool     look;               /* all that was let in is to be looked at again  */
	bool     keep_due;           /* there are revocations that are not kept yet   */
	unsigned joins;              /* asked of a key holder, for guests             */
	bool     join_asked, joined;
	int    (*issue)(void *keeper, const uint8_t token[16], uint32_t uses, const leno_id *,
	                leno_bytes certificate, leno_bytes *ret);
	int    (*keep_revocations)(void *keeper, leno_bytes all);
	int    (*keep_certificate)(void *keeper, leno_bytes certificate);
	void    *keeper;
};

int  admit_open(leno_node *, const leno_engine_config *);
void admit_free(leno_node *);
uint64_t admit_now_ms(const leno_node *);                  /* the wall clock          */

/* A link whose other end is known, a session that begins with INIT, one that we begin. 0,
 * AGAIN (the host has not answered yet), UNINVITED, BUSY, MEMORY. */
int  admit_link(struct conn *);
int  admit_session(leno_node *, const leno_id *, const struct pass *, bool visitor);
int  admit_ours(leno_node *, const leno_id *, const struct pass *);
bool admit_hears(leno_node *, const leno_id *);            /* its broadcasts          */

/* Does what was let in once still hold? 0, EXPIRED, REVOKED. */
int  admit_still(const leno_node *, const struct pass *);
/* A list of nodes in the place of another: a copy of what is given. ARGUMENT, MEMORY: the old one
 * stays. */
int  admit_relist(leno_id **list, size_t *n, const leno_id *ids, size_t count);
bool admit_observes(leno_node *, const leno_id *);         /* is it no more than an observer? */
void admit_expects(leno_node *, const struct pass *);      /* it expires: look then   */
void admit_settle(leno_node *);                            /* the end of an input     */
void admit_keep(leno_node *);                              /* revocations, if any are not kept */

/* revoke.c */
bool revoke_wants(const struct conn *);
void revoke_make(struct conn *, struct writer *);
int  revoke_take(struct conn *, const struct frame *);

/* join.c: an invitation becomes a certificate */
bool join_take(struct peer *, leno_message *, const char *type, struct bytes data);
void join_ask(struct conn *);                              /* we are the guest        */

#endif
