/* state.h - maps that nodes share; part of leno.h, which includes it.
 *
 * A map is named, and each node that shares it has a copy. Copies take changes in any
 * order and agree once they have heard the same: of two values of one key the later one
 * stays, by hybrid logical clocks; counters add up; of sets an element stays that somebody put in
 * while another took it out. A change is sent to all other sharers at once; what one has missed
 * it finds out by digests, and only that is sent. Who comes late asks one other for all of it.
 *
 * All sharers may write (see leno_state_options.writer) and believe what the others pass on: a
 * network's secret keeps strangers out. A large map is asked for whole even by who reads one key.
 *
 *  1. An entry whose stamp is more than 5 minutes ahead of this node's clock is not taken:
 *     the log says so. One that is here from before this node's clock was set back gives way
 *     to what is written now. So no clock can keep a key from being written.
 *  2. What was deleted is remembered for horizon_ms. A copy that was apart from all others
 *     for longer, or was for as long apart from that of another and knows less, drops what it
 *     had before and takes theirs. So nothing deleted comes back.
 *  3. A counter, a set and a value may have the same key, and are three things.
 *  4. Watches tell of what others change, not of what this node does itself. */
#ifndef LENO_STATE_H
#define LENO_STATE_H

#include <leno.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct leno_state leno_state;         /* our copy of one map                  */

/* Of one value: zeros where there is none. Two that are equal are the same value. */
typedef struct leno_state_version { uint64_t stamp; leno_id writer; } leno_state_version;

enum {
	LENO_STATES_MAX        = 16,          /* maps that one node shares            */
	LENO_STATE_NAME_MAX    = 63,          /* bytes                                */
	LENO_STATE_KEY_MAX     = 255,         /* bytes of a key: any, 1 at least      */
	LENO_STATE_VALUE_MAX   = 48 * 1024,
	LENO_STATE_ELEMENT_MAX = 255          /* of a set. One is for hundreds of them */
};

typedef struct leno_state_options {
	bool     per_node;       /* each node has values of its own, which go when it is down:
	                            see leno_state_of(). No counters, sets and owners; it is
	                            synced with what each has who is there             */
	leno_id  writer;         /* zeros: all sharers write. Else this node alone, and copies
	                            are taken from it alone. It keeps its copy (see keep), or it
	                            cannot take back what it wrote in an earlier life: it gets it
	                            from nobody, and deletes nothing that it does not have */
	size_t   memory_max;     /* bytes of this copy, beside the memory_max of the node;
	                            default 64 MiB, 4096 at least. A full copy takes changes
	                            in place, and asks for what it lacks every 5 minutes */
	leno_ms  horizon_ms;     /* default 7 days; the same for all sharers           */
	bool     keep;           /* in the folder options.state_dir, if the node has one */
} leno_state_options;

typedef struct leno_state_handlers {
	/* Once: a copy of all that another sharer has is here, or nobody else shares it. */
	void (*synced)(leno_state *, void *user);

	/* This copy is not whole any more: MEMORY (memory_max; once for each time that it was
	 * reached), FILE (it cannot be kept: the log says why; what was kept is whole). */
	void (*failed)(leno_state *, void *user, int error);

	/* Of what was written here, some is not taken there: by this sharer, which goes on without it.
	 * MEMORY: its copy is full; REFUSED: there the map is per node, or has another writer; LIMIT:
	 * our clock is more than 5 minutes ahead of its. Others may have it. Of much that is written
	 * at once it is told once or a few times; before the answer to anything that is asked of that
	 * node later. Not told: what it was to catch up with, as it was not there. */
	void (*refused)(leno_state *, void *user, const leno_id *by, int error);
} leno_state_handlers;

/* Shares the map of this name. *ret is valid until leno_state_unshare() or the node is closed.
 * Errors: ARGUMENT, EXISTS (we share it), LIMIT (LENO_STATES_MAX; or options.message_max is less
 * than 64 KiB: others would send us no maps either), MEMORY, CLOSED, FILE (what is
 * kept of it cannot be read). */
LENO_API int  leno_state_share(leno_node *, const char *name, const leno_state_options *,
                               const leno_state_handlers *, void *user, leno_state **ret);

/* Drops our copy; what is kept stays. NULL is fine. */
LENO_API void leno_state_unshare(leno_state *);

LENO_API bool leno_state_synced(const leno_state *);     /* see the handler              */

/* ---- values ---------------------------------------------------------------- */

/* Errors: ARGUMENT (sizes), MEMORY (memory_max), ROLE (observers write nothing), REFUSED (the key
 * has another owner, or the map another writer), CLOSED. *ret (may be NULL) is the new version.
 * 0: it is in our copy, and on its way to the others: see the handler `refused`. */
LENO_API int  leno_state_set(leno_state *, leno_bytes key, leno_bytes value,
                             leno_state_version *ret);

/* Deletes the value, counter and set of this key. Nothing there: 0. Errors: those of set. */
LENO_API int  leno_state_delete(leno_state *, leno_bytes key);

/* False: there is none. The value is lent until the map changes; either may be NULL. */
LENO_API bool leno_state_get(leno_state *, leno_bytes key, leno_bytes *ret,
                             leno_state_version *ret_version);

/* The same of the value that this node has set, in a map per node. */
LENO_API bool leno_state_of(leno_state *, const leno_id *, leno_bytes key, leno_bytes *ret,
                            leno_state_version *ret_version);

/* ---- one decides -------------------------------------------------------------
 * A key may have an owner, who alone decides what its value becomes. Setting it elsewhere
 * is refused, and leno_state_compare_and_set() asks the owner. */

/* Declares it. The last declaration stays. Errors: those of set. */
LENO_API int  leno_state_own(leno_state *, leno_bytes key, const leno_id *owner);
LENO_API bool leno_state_owner(leno_state *, leno_bytes key, leno_id *ret);

enum leno_state_code {           /* leno_answer.code beside LENO_REFUSED              */
	LENO_STATE_CHANGED = 1,  /* the version is another one                        */
	LENO_STATE_NOT_OWNER,    /* who was asked does not think that it is the owner */
	LENO_STATE_NOT_SHARED    /* or does not share the map                         */
};

/* Sets the value (deletes it when value.data is NULL) if its version is this one; zeros: if there
 * is none. `done` once: error 0, and our copy has it; REFUSED with a code; those of leno_request().
 * Errors: ARGUMENT (no owner is declared, too), and those of set and leno_request(): UNREACHABLE
 * is told to `done`, or NO_NODE at once. */
LENO_API int  leno_state_compare_and_set(leno_state *, leno_bytes key, const leno_state_version *,
                                         leno_bytes value, leno_ms timeout, leno_done_fn *,
                                         void *user);

/* ---- counters and sets --------------------------------------------------------- */

/* by may be negative. Errors: those of set. */
LENO_API int     leno_state_add(leno_state *, leno_bytes key, int64_t by);
LENO_API int64_t leno_state_count(leno_state *, leno_bytes key);       /* 0: there is none */

LENO_API int  leno_state_insert(leno_state *, leno_bytes key, leno_bytes element);
LENO_API int  leno_state_remove(leno_state *, leno_bytes key, leno_bytes element);
LENO_API bool leno_state_contains(leno_state *, leno_bytes key, leno_bytes element);
/* Each element, in no order; fn returns false to stop, and changes nothing. */
LENO_API void leno_state_elements(leno_state *, leno_bytes key,
                                  bool (*fn)(void *arg, leno_bytes element), void *arg);

/* ---- looking, and being told ------------------------------------------------------ */

enum leno_state_kind { LENO_STATE_VALUE = 1, LENO_STATE_COUNTER, LENO_STATE_SET };

/* Lent. Data is NULL where there is, or was, none. */
typedef struct leno_change {
	enum leno_state_kind kind;
	leno_bytes   key;
	leno_bytes   old_value, value;   /* of a set: the element that went, or came    */
	int64_t      old_count, count;   /* of a counter                                */
	leno_state_version version;            /* who changed it: of a map per node, whose it is */
} leno_change;

typedef void leno_watch_fn(leno_state *, void *user, const leno_change *);
typedef uint64_t leno_watch;             /* 0 names none                            */

/* fn for each change of a key that begins with this (empty: of all), or is this (exact).
 * Errors: ARGUMENT, LIMIT (1024), MEMORY. */
LENO_API int  leno_state_watch(leno_state *, leno_bytes key, bool exact, leno_watch_fn *,
                               void *user, leno_watch *ret);
LENO_API void leno_state_unwatch(leno_state *, leno_watch);

/* Each value, counter, and element of a set whose key begins with this, as it is, in the
 * fields of leno_change that are not `old`; in no order. fn returns false to stop, and changes
 * nothing. */
LENO_API void leno_state_each(leno_state *, leno_bytes prefix,
                              bool (*fn)(void *arg, const leno_change *), void *arg);

typedef struct leno_state_info {
	const char *name;
	uint64_t entries, dead;          /* dead: deleted, and remembered still         */
	uint64_t memory;                 /* of memory_max                               */
	uint64_t sharers;                /* others that are there now                   */
	uint64_t pulls;                  /* times that something was missing here       */
	uint64_t taken;                  /* entries of others that were new             */
	uint64_t refused;                /* that were ahead of our clock, or not theirs to write */
	uint64_t discarded;              /* times that this copy was too old            */
} leno_state_info;
LENO_API void leno_state_get_info(const leno_state *, leno_state_info *ret);

LENO_API leno_node *leno_state_node(const leno_state *);

#ifdef __cplusplus
}
#endif
#endif
