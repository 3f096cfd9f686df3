/* prospects.h - to whom a node makes links by itself, and when they go again.
 *
 * Others say where they can be dialled. A direct link is worth a try to those with whom much
 * is exchanged along relays, and to a few others, so that no relay's death parts the mesh. What
 * they say is hearsay: it may be old, unreachable from here, or a lie by which somebody wants
 * many to knock at a victim's door. So tries are few, and fewer the more of them fail.
 *
 *   IDLE --prospects_try--> TRYING --prospects_made--> HELD --prospects_ended--> IDLE
 *                           TRYING --prospects_failed--> IDLE, due later each time
 *
 *  1. At most TRIES_MAX tries at a time, TRY_GAP_MS apart, and the gap doubles to
 *     TRY_GAP_LAST_MS while none succeeds, whoever was tried.
 *  2. A node whose addresses have all failed rests, from RETRY_FIRST_MS to RETRY_LAST_MS. So
 *     does a host at which a try failed, whatever names others give it: made-up nodes do not
 *     buy their maker more knocks.
 *  3. Delays are drawn between half of them and all of it. The node with the higher id waits
 *     for the other's try first, where that can dial it, so that they do not cross.
 *  4. Nothing is forgotten of who is tried or held; of others the least talkative. */
#ifndef LENO_DISCOVERY_PROSPECTS_H
#define LENO_DISCOVERY_PROSPECTS_H

#include <leno.h>

#include "wire/addresses.h"

enum {
	PROSPECTS_MAX   = 64,      /* nodes of which tries are remembered              */
	HOSTS_MAX       = 64,      /* hosts at which one has failed                    */
	AUTOMATIC_MAX   = 8,       /* links that a node makes by itself, within dials_max */
	TRIES_MAX       = 2,       /* under way at a time                              */
	LINKS_WANTED    = 3,       /* with fewer a node looks for others               */
	LINKS_ENOUGH    = 4,       /* with as many at both ends an unused one may go   */
	LINKS_CROWDED   = 64,      /* whoever lists so many is left to those who need it */
	LOOK_MS         = 1000,    /* between two looks at who talks to whom           */
	WORTH           = 256,     /* bytes, decaying by an eighth a look: worth a link */
	BUSIER          = 4,       /* times as much: worth another's place             */
	TRY_GAP_MS      = 200,
	TRY_GAP_LAST_MS = 5000,
	RETRY_FIRST_MS  = 4000,
	RETRY_LAST_MS   = 3600 * 1000,
	HOST_FIRST_MS   = 1000,
	HOST_LAST_MS    = 600 * 1000,
	CROSS_MS        = 2000,    /* the other one may try first                      */
	IDLE_MS         = 60 * 1000,  /* a link that carried nothing for so long is unused */
	UNUSED_MS       = 600 * 1000  /* so long it is not tried again                 */
};
static_assert(AUTOMATIC_MAX + TRIES_MAX < PROSPECTS_MAX, "there is always one to forget");
static_assert(LINKS_ENOUGH > LINKS_WANTED, "what is made is not unmade at once");

enum prospect_state { PROSPECT_FREE, PROSPECT_IDLE, PROSPECT_TRYING, PROSPECT_HELD };

struct prospect {
	leno_id  id;
	enum prospect_state state;
	bool     shunned;          /* the application has sent it away                 */
	bool     wanted;           /* it was worth a link when last looked at          */
	uint8_t  address;          /* whose turn it is of its addresses                */
	uint32_t delay_ms;         /* of the next rest                                 */
	uint64_t due_us;           /* not tried before                                 */
	uint64_t moved;            /* bytes lately exchanged with it                   */
	uint64_t used_us;          /* HELD: when it last carried anything              */
	uint64_t host;             /* TRYING: where                                    */
};

struct resting_host {
	uint64_t host;             /* 0: none                                          */
	uint64_t due_us;
	uint32_t delay_ms;
};

struct prospects {
	struct prospect at[PROSPECTS_MAX];
	struct resting_host hosts[HOSTS_MAX];
	unsigned trying, held;
	uint32_t gap_ms;
	uint64_t gap_due_us;
};

void prospects_init(struct prospects *);

/* ---- what is so ----------------------------------------------------------------------- */

/* A look begins, LOOK_MS after the last: what was exchanged counts less. */
void prospects_look(struct prospects *);

/* So many bytes went between us and this node along relays since the last look. crosses: it
 * can dial us as well, and its id says that it is to begin. */
void prospects_talk(struct prospects *, const leno_id *, uint64_t bytes, bool crosses,
                    uint64_t now_us);

/* The link to it was of use; `bytes` of ours, if any. Nothing unless it is HELD. */
void prospects_used(struct prospects *, const leno_id *, uint64_t bytes, uint64_t now_us);

/* It is linked by other means, or is no more: nothing is to be tried for its talk. */
void prospects_settled(struct prospects *, const leno_id *);

/* The other end has no use for a link with us now. */
void prospects_unwanted(struct prospects *, const leno_id *, uint64_t now_us, uint64_t random);

/* Not to be tried again. */
void prospects_shun(struct prospects *, const leno_id *);

/* ---- whom to try ------------------------------------------------------------------------ */

/* May anybody be tried now? */
bool prospects_may(const struct prospects *, uint64_t now_us);

/* The busiest that is worth a link and due; false: none. */
bool prospects_busiest(const struct prospects *, uint64_t now_us, leno_id *ret,
                       uint64_t *ret_moved);

/* Is nothing against trying this one, for whatever reason? */
bool prospects_ready(const struct prospects *, const leno_id *, uint64_t now_us);

/* The address to try next, as an index; beside: we are on its machine. False: none can be
 * tried now, and it waits as if all had failed. */
bool prospects_address(struct prospects *, const leno_id *, const struct addresses *, bool beside,
                       uint64_t now_us, uint64_t random, size_t *ret);

/* The try begins. False, and nothing has: there is no place to remember it. */
bool prospects_try(struct prospects *, const leno_id *, struct bytes uri, uint64_t now_us,
                   uint64_t random);

/* ---- what became of it -------------------------------------------------------------------- */

/* It did not lead there; more: it has addresses that were not tried in this round. */
void prospects_failed(struct prospects *, const leno_id *, size_t n_addresses, uint64_t now_us,
                      uint64_t random);
void prospects_made(struct prospects *, const leno_id *, uint64_t now_us);

/* The link is no more, or no longer ours. unused: because nobody needed it. */
void prospects_ended(struct prospects *, const leno_id *, bool unused, uint64_t now_us,
                     uint64_t random);

/* The link that was unused for longest, and for IDLE_MS at least; false: none. */
bool prospects_idle(const struct prospects *, uint64_t now_us, leno_id *ret);

/* The link over which least was exchanged; false: none. */
bool prospects_weakest(const struct prospects *, leno_id *ret, uint64_t *ret_moved);

#define NEVER_DUE UINT64_MAX
/* When somebody that was worth a link may be tried; NEVER_DUE. */
uint64_t prospects_due(const struct prospects *);

#endif
