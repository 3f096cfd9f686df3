/* dials.h - the addresses that this node keeps links to.
 *
 *   WAITING --dials_next--> DIALLING --dials_opened--> LINKING --dials_proved--> HELD
 *   any of these --dials_lost--> WAITING (later each time, with jitter)
 *
 *  1. The delay doubles from DIAL_FIRST_MS to DIAL_LAST_MS, and starts anew only after a
 *     peer has proved who it is: a door that opens and shuts is not success. Nor is one by
 *     which we are put out within DIAL_STEADY_MS, since there is no room.
 *  2. What leads to ourselves is dialled as seldom as there is: it may lead elsewhere one day,
 *     or somebody in between made it so.
 *  3. A dial that is automatic is tried once, for one peer, because somebody said that this is
 *     where it is (prospects.h); whoever owns it removes it when it ends.
 *  4. Each delay is drawn between half of it and all of it, so that peers that lost one
 *     relay do not come back in step (AWS's "equal jitter"). */
#ifndef LENO_DISCOVERY_DIALS_H
#define LENO_DISCOVERY_DIALS_H

#include <leno.h>

#include "base/list.h"
#include "base/timers.h"

enum {
	DIAL_FIRST_MS  = 100,
	DIAL_LAST_MS   = 10000,
	DIAL_STEADY_MS = 1000,      /* a link that lives so long was a success         */
	DIALS_MAX      = 1024,
	URI_MAX        = 512
};

#define MEETING_SCHEME "rendezvous:"

enum dial_state { DIAL_WAITING, DIAL_DIALLING, DIAL_LINKING, DIAL_HELD };

struct dial {
	struct timer    timer;      /* when it is due, in WAITING                      */
	struct list     all;
	uint32_t        number;
	enum dial_state state;
	bool            due;        /* the driver has yet to be told to dial           */
	bool            keep;       /* dial again when its link dies                   */
	bool            known;      /* peer is who answered there last                 */
	leno_id         peer;
	bool            meeting;    /* to a meeting point: MEETING_SCHEME before its URI */
	bool            automatic;  /* nobody but us wants it: to reach `wanted`       */
	bool            beside;     /* which is on our machine                         */
	bool            unused;     /* its link goes because nobody needs it           */
	leno_id         wanted;
	uint32_t        delay_ms;
	uint64_t        held_us;    /* since when it is HELD                           */
	bool            shut;       /* put out at once: the delay goes on              */
	char            uri[];
};

struct dials {
	struct timers *timers;
	int            timer_kind;
	struct list    all;
	uint32_t       count, last_number;
};

void dials_init(struct dials *, struct timers *, int timer_kind);
void dials_clear(struct dials *);

/* Due at once. An address that is there already is kept (and woken). URI, MEMORY, LIMIT. */
int  dials_add(struct dials *, const char *uri, uint64_t now_us);

/* An automatic one, due at once. NULL: LIMIT, URI, MEMORY, or this address is dialled already. */
struct dial *dials_try(struct dials *, const char *uri, const leno_id *wanted, bool beside,
                       uint64_t now_us);
void dials_remove(struct dials *, struct dial *);
struct dial *dials_find(const struct dials *, uint32_t number);
struct dial *dials_by_uri(const struct dials *, const char *uri);
struct dial *dials_by_peer(const struct dials *, const leno_id *, struct dial *after);

/* It was ourselves who answered: dials_lost() will wait as long as ever. */
void dials_self(struct dial *);

/* The peer has no room for us. Before dials_lost(). */
void dials_shut(struct dial *, uint64_t now_us);

/* Never dialled again, unless it is kept anew. */
void dials_rest(struct dials *, struct dial *);

void dials_proved(struct dials *, struct dial *, const leno_id *peer, uint64_t now_us);
/* Dial again later; `random` any number. Without keep it rests in WAITING for ever. */
void dials_lost(struct dials *, struct dial *, uint64_t now_us, uint64_t random);

#endif
