/* states.h - the shared maps of a node: states.c (which there are, who shares them), state_talk.c
 * (what sharers say to each other), state_refuse.c (what one does not take of another),
 * state_merge.c (what becomes of the copy, and who hears of it), state_kept.c (what the driver
 * keeps), state_own.c (who decides), state_map.c (leno_state_*).
 *
 *   a record lists the tag, or MEET comes --> a sharer --MEET both ways--> it is met
 *   digests differ --> pull_due --one at a time--> asking --all answered--> in sync
 *
 *  1. To a sharer that is met and here each change of ours goes at once. Where there is no room
 *     in its session it is told MEET, later, and asks: so nothing is queued for it.
 *     Visitors are in no atlas, so writers do not know of them: one member passes on to them.
 *  2. One pull at a time: after it, most of the others have nothing more that we lack.
 *  3. A sharer that is apart (see too_old() in state_talk.c) is not asked.
 *  4. A state that is left in a handler lives until states_settle().
 *  5. Who has made a change hears REFUSED of each sharer that does not take it, in the session
 *     before that sharer's answer to anything it says later. One such word at most waits to be sent:
 *     it stands for all that came before. */
#ifndef LENO_NODE_STATES_H
#define LENO_NODE_STATES_H

#include "node/node.h"
#include "state/pull.h"

enum {
	STATE_TICK_MS    = 1000,
	STATE_MEET_MS    = 10 * 1000,    /* between two looks whether all agree         */
	STATE_STALL_MS   = 10 * 1000,    /* without an answer: another one is asked     */
	STATE_FULL_MS    = 300 * 1000,   /* between two pulls of a copy that has no room */
	STATE_LOOKS      = 20000,        /* entries a tick, for those that died long ago */
	STATE_SHARERS    = 4096,         /* of one map, that are remembered             */
	STATE_SUPPLIES   = 64,           /* of one map, that are answered at one time   */
	STATE_WATCHES    = 1024,
	STATE_LOG_MS     = 60 * 1000,
	STATE_ALONE_MS   = 1000,         /* from when nobody has been found             */
	STATE_PATIENCE_MS = 3000         /* from when one was, with those who say nothing */
};
#define STATE_HORIZON_MS ((uint64_t)7 * 24 * 3600 * 1000)

struct sharer {
	leno_id  id;
	uint64_t life;               /* of the session: what was said in another is lost */
	bool     listed;             /* by its record                                  */
	bool     small;              /* its message_max is less than a word             */
	bool     here;
	bool     met;                /* it has told us where it stands                 */
	bool     meet_due, answer_due, leave_due;
	bool     pull_due;
	bool     apart;              /* it is too old: see too_old()                    */
	bool     mate;               /* it is to give way, as we had to: not asked before */
	bool     mate_told, mate_heard; /* that it has been told so; that it has told us */
	uint64_t met_ms;             /* wall clock, when we were in sync last; 0: never */
	struct digest told;          /* where we stood when we told it MEET ...        */
	uint64_t told_ms, told_you_ms; /* ... and when we had been in sync then        */
	uint64_t told_round;         /* of `discarded`                                 */
	bool     fixed;              /* that is yet to be told, as it is               */
	uint8_t  refuse_due;         /* enum state_refusal; 0: none                    */
	uint64_t refuse_at;          /* the last such word is sent when the session has sent so much */
	struct supply supply;
};

struct watch {
	struct list  all;
	leno_watch   number;
	leno_watch_fn *fn;
	void        *user;
	bool         exact, gone;
	size_t       size;
	uint8_t      key[];
};

struct leno_state {
	leno_node   *node;
	struct list  all;            /* states.all                                     */
	leno_state_options options;
	leno_state_handlers handlers;
	void        *user;
	char         name[LENO_STATE_NAME_MAX + 1];
	uint8_t      tag[STATE_TAG];
	struct store store;
	struct map   sharers;
	uint64_t     born_us, found_us;  /* when it was shared; when another was found who does */
	uint64_t     settled_ms;     /* when it gave way, or another did to it, last   */
	uint64_t     met_ms;         /* when this copy was in sync with any other last */
	struct sharer *asking;       /* whom `pull` asks                               */
	struct pull  pull;
	uint64_t     answered_us;
	uint64_t     pulled_us;      /* when the last pull was over                    */
	uint64_t     meet_us;        /* when somebody is met again                     */
	leno_id      turn;           /* who was met last                               */
	struct walk  expiry;
	struct list  watches;
	leno_watch   last_watch;
	unsigned     entered;        /* its handlers that run                          */
	bool         left, synced, synced_due;
	bool         full, lacked;   /* entries are missing; some were, since the last pull began */
	bool         kept_bad;       /* it cannot be kept: that is told once           */
	int          kept_error;
	uint64_t     kept_met_ms;
	uint64_t     pulls, taken, refused, discarded;
	uint64_t     log_us;
};

struct states {
	struct list  all;
	size_t       count;
	struct timer timer;
	unsigned     looks;          /* whether all is in sync, soon after a map is shared */
	bool         missed;         /* one who shares: there was no room for it       */
	struct list  decided;        /* of state_own.c: what `done` must hear          */
	struct list  asked;          /* ... and what owners have been asked            */
	const leno_engine_store *store;
	uint8_t      word[ITEM_HEAD_MAX + WORD_MAX];   /* the last: not cleared, since a node
	                                               that shares nothing never touches it */
};

int  states_open(leno_node *);
void states_free(leno_node *);
void states_settle(leno_node *);
void states_tick(leno_node *);
void states_told(leno_node *, const leno_id *);      /* its record is another, or it is up */
void states_down(leno_node *, const leno_id *);
leno_state *states_find(leno_node *, const uint8_t tag[STATE_TAG]);
uint64_t states_wall_ms(const leno_node *);
struct sharer *state_sharer(leno_state *, const leno_id *, bool add);
bool state_enter(leno_state *);                      /* false: it is left              */
void state_leave(leno_state *);
void state_look_whole(leno_state *);                 /* is it synced now?              */
void state_insync(leno_state *, struct sharer *);

/* state_talk.c. An item of state; what should go next. */
bool states_item(const struct item *);
void states_take(struct peer *, struct bytes item);
void states_feed(struct peer *);
bool states_want(const struct peer *);
void state_wake(leno_state *, struct sharer *);      /* there is something to say to it */
void state_push(leno_state *, const struct entry *); /* a change of ours               */
void state_stop_asking(leno_state *);
void state_ask_next(leno_state *);
bool state_believes(const leno_state *, const leno_id *from, const struct entry *);
void sharer_reset(leno_state *, struct sharer *);    /* what was said is lost          */

/* state_refuse.c. What one does not take of another. */
/* 0, or why nobody here takes it: said in the log, and counted. */
enum state_refusal state_objects(leno_state *, const leno_id *from, const struct entry *);
void state_write_refused(leno_state *, struct sharer *, const struct session *, struct writer *);
bool state_refusal_waits(const struct sharer *, const struct session *);  /* not sent yet */
void state_take_refused(leno_state *, const struct sharer *, enum state_refusal);

/* state_merge.c. How it came about: from nobody (kept), by us, or from a peer. */
enum state_source { STATE_KEPT, STATE_OURS, STATE_THEIRS };
/* 1: it is newer; 0; LENO_MEMORY. */
int  state_merge(leno_state *, const struct entry *, enum state_source);
bool state_is_ahead(const leno_state *, const struct stored *);  /* it gives way to all */
void state_look_for_room(leno_state *);              /* is it full still?              */
void state_expire(leno_state *, uint64_t before_ms); /* what died before               */
/* All who were to hear that it died have, or will be found too old. */
bool state_forgotten(const leno_state *, const struct entry *);
void state_drop_of(leno_state *, const leno_id *);   /* a node's own entries           */
void state_discard(leno_state *);                    /* all that is older than the horizon */
void state_fail(leno_state *, int error);
void state_sweep(leno_state *);                      /* watches that are gone          */
int64_t state_count_of(const leno_state *, struct bytes key);

/* state_kept.c */
int  state_load(leno_state *);
void state_keep(leno_state *, const struct entry *);
void state_forget(leno_state *, const struct entry *);
void state_keep_met(leno_state *);

/* state_own.c. A request of type "leno/state": true when it was one. */
bool states_request(leno_message *, const char *type, struct bytes data);
void states_decided(leno_node *);
void states_forget_asked(leno_node *);               /* no answer will be heard        */

/* state_map.c: writes what is ours to write; may_write: ARGUMENT (the key), CLOSED, REFUSED */
int  state_may_write(const leno_state *, leno_bytes key);
int  state_write(leno_state *, struct entry *, leno_state_version *ret);
int  state_write_value(leno_state *, struct bytes key, struct bytes value, leno_state_version *ret);

#endif
