/* state.h - what the files of mesh/ share, and nobody else sees.
 *
 * Nodes live in numbered slots; slot 0 is ourselves. For each link and slot there are a
 * few marks (a bit each), and frames are made from the marks when a link has room: so
 * what waits is bounded, and what changes twice before it is sent is sent once.
 *
 *   take.c   frames in: sets marks, gives records to the atlas
 *   make.c   marks into frames
 *   gossip.c the marks, and what a new record sets
 *   own.c    our own record: when it changes, when it is signed
 *   atlas.c  slots, records, which links both ends list
 *   route.c  shortest paths, the tree of gossip, who came and went
 *   search.c one search of the graph, for route.c and avoid.c
 *   avoid.c  ways around suspects
 *   mesh.c   the public functions */
#ifndef LENO_MESH_STATE_H
#define LENO_MESH_STATE_H

#include <assert.h>

#include "base/list.h"
#include "base/map.h"
#include "mesh/cost.h"
#include "mesh/mesh.h"
#include "mesh/record.h"

enum {
	WANT_MS       = 20,      /* an announced record may still be pushed so long     */
	ASK_MS        = 1000,    /* then somebody else is asked for a record            */
	REDUNDANT_MS  = 400,     /* publishing what makes no difference to who is there */
	FORGET_MS     = 600000,  /* without a path so long: may be forgotten            */
	JUMPS_MAX     = 4,       /* versions of ours from elsewhere that we jump over   */
	NODES_LIMIT   = 1 << 20
};

enum mark {
	MARK_PUSH,               /* send its record                                     */
	MARK_ANNOUNCE,           /* tell its version                                    */
	MARK_WANT,               /* the neighbour has a newer one than we               */
	MARK_HAS,                /* the neighbour has the version that we have          */
	MARKS
};

struct mark_word {
	uint64_t bits[MARKS];
};

struct atlas_node {
	leno_id  id;
	uint32_t slot;
	struct mesh_record *record;      /* NULL: only heard of, or ourselves           */
	struct node_stamp stamp;         /* of the record; zero when there is none      */
	struct node_stamp heard;         /* the newest that somebody has told of        */
	uint64_t digest[2];
	struct atlas_edge *edges;        /* of the record, or our own                   */
	size_t   n_edges;
	int      own_link;               /* -1                                          */
	int      asked_link;             /* whom we have asked for its record; -1       */
	uint64_t asked_us;

	int      link, link_local;       /* first link of the path; the same for what an
	                                    endpoint got over a link that is not local   */
	unsigned hops;
	uint32_t rtt_us;
	uint32_t strikes;                /* while avoid.c searches, else 0              */
	bool     up;                     /* a path leads there, or did DOWN_GRACE_MS ago */
	uint64_t down_us;                /* end of that grace; NEVER                     */
	uint64_t lost_us;                /* since when there is no path                  */
	bool     had_path;               /* there was one, once                          */
	bool     shut;                   /* its record counts no more: revoked, expired  */
	int      brought_by;             /* the link by which we first heard of it; -1   */

	struct list change;              /* in mesh->changes while the user must be told */
	bool     told_up;
	int      told_link;
	uint64_t told_incarnation;       /* 0: never told of it                          */
	uint64_t left_incarnation;       /* the life that said goodbye to us; 0: none    */
	bool     extended;               /* its extensions are others than was told      */
	uint64_t record_us;              /* when its record came                         */
	uint64_t found_us;               /* since when there is a path                   */
	int      tree_link;              /* by which the tree leads there; -1: by none   */
};

struct mesh_link {
	struct mesh_neighbour peer;
	int      number;
	uint32_t slot;                   /* of the neighbour; NO_SLOT while unknown     */
	bool     lied;                   /* its own record was not signed by it         */
	bool     eager;                  /* an edge of the tree of gossip                */
	bool     was_eager;              /* on the tree as others know it: until our own
	                                    record has told them                         */
	struct mark_word *marks;
	size_t   n_words;
	uint32_t counts[MARKS];

	uint32_t rtt_us;
	unsigned step;                   /* of the cost that counts                      */
	uint64_t cost_us;                /* when it last changed; 0: never               */
	uint64_t cost_due;
	bool     hinted;                 /* its round trip has been asked to be published */

	bool     root_due;               /* our digest must be sent                      */
	bool     vector_due;             /* all versions must be told, from:             */
	uint32_t vector_at;
	bool     last_due;               /* a WANT that ends the asking must be sent     */
	bool     synced_due;             /* SYNCED must be sent once nothing is to push   */
	uint64_t synced_us;              /* not before, see gossip_owe_synced(); NEVER    */
	bool     told_all;               /* SYNCED has come                              */
	bool     synced;                 /* what it knew when we met, we know            */
	uint32_t asked;                  /* records that we have asked for, not come yet */
	bool     announce_now, want_now;
	uint64_t announce_due, want_due;
};

struct mesh_own {
	struct node_stamp stamp;         /* of what is signed; version 0: nothing yet   */
	size_t   raw_size;
	bool     gone;
	bool     dirty;                  /* it may have changed since                    */
	bool     force;                  /* a new version even when nothing has changed  */
	bool     seal;                   /* sign at the next make                        */
	uint64_t sealed_us, due_us;
	unsigned jumps;
	bool     bumped;
	bool     extended;               /* what it says besides is not signed yet      */
	size_t   n_told, n_extensions;

	/* Written before they are read, and large: mesh_new() leaves them as they come. */
	uint8_t  extensions[EXTENSIONS_MAX];
	uint8_t  raw[NODE_RECORD_MAX];
	struct node_neighbour told[NEIGHBOURS_MAX];  /* as it was signed             */
	struct atlas_edge edges[NEIGHBOURS_MAX];     /* as it is now, by id          */
	int      link_of[NEIGHBOURS_MAX];        /* beside edges                         */
};

/* A state of the search: a node as it is reached. An endpoint that is reached from outside
 * its machine may go on over local links only, so it has a second state. */
struct route_state {
	uint32_t dist, parent;           /* NEVER_REACHED; state that leads here         */
	uint32_t rtt_us, heap_at;
	int      first;                  /* link number                                  */
	uint16_t hops;
};

struct mesh {
	struct mesh_setup setup;
	uint64_t now_us;
	uint64_t deadline_us;            /* not later than the earliest thing due        */

	struct atlas_node self;
	struct map by_id;                /* all but ourselves                            */
	struct atlas_node **slots;       /* NULL where free                              */
	uint32_t n_slots, slots_room;    /* beyond n_slots all are free                  */
	uint64_t refused;                /* for which there was no room, or not for long  */
	uint64_t refused_revoked, refused_expired; /* records                             */

	struct mesh_link **links;
	int      links_room;
	int      links_end;              /* no link has this number or a higher one      */
	uint32_t n_listed;
	uint64_t wanting[LINKS_MAX / 64];

	bool     dirty, urgent;          /* routes must be computed; without delay       */
	uint64_t routes_us, routes_due, routes_work;
	uint64_t routes_serial;          /* how often they were computed                */
	uint64_t extended_serial;        /* how often extensions have changed           */
	bool     by_hops;                /* while avoid.c searches: all links weigh alike */
	struct route_state *states;      /* two a slot                                   */
	uint32_t *heap;
	size_t   n_heap;
	uint64_t digest[2];              /* sum over the nodes that a path leads to      */
	size_t   n_up;
	uint64_t grace_due, ask_due;
	struct list changes;
	struct mesh_own own;             /* at the end, for what stands at its end       */
};

static inline uint64_t ms_us(uint64_t ms)
{
	return ms * 1000;
}

static inline uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline void mesh_wake_at(struct mesh *m, uint64_t due_us)
{
	m->deadline_us = least(m->deadline_us, due_us);
}

static inline bool mesh_is_visitor(const struct mesh *m)
{
	return m->setup.role == LENO_VISITOR;
}

static inline enum leno_role node_role(const struct mesh *m, const struct atlas_node *n)
{
	return n->slot == 0 ? m->setup.role : n->record ? n->record->role : LENO_MEMBER;
}

static inline bool node_gone(const struct atlas_node *n)
{
	return n->shut || (n->record && n->record->goodbye);
}

/* atlas.c */
int  atlas_init(struct mesh *);
void atlas_clear(struct mesh *);
struct atlas_node *atlas_find(const struct mesh *, const leno_id *);
bool atlas_has_room(struct mesh *);
int  atlas_add(struct mesh *, const leno_id *, const struct mesh_link *from,
               struct atlas_node **ret);                     /* MEMORY, LIMIT             */
void atlas_remove(struct mesh *, struct atlas_node *);
void atlas_set_record(struct mesh *, struct atlas_node *, struct mesh_record *); /* taken */
void atlas_set_own_edges(struct mesh *);
struct atlas_edge *atlas_edge_to(const struct atlas_node *, const leno_id *);
void atlas_drop_heard(struct mesh *, struct atlas_node *);   /* if no more than heard of */
void atlas_shut(struct mesh *, struct atlas_node *);

/* route.c */
void route_update(struct mesh *, bool at_once);
void route_note(struct mesh *, struct atlas_node *);          /* the user must be told */
void route_expire(struct mesh *);                             /* graces that have ended */

/* search.c */
enum { NEVER_REACHED = -1,
       STRIKE_COST = 1 << 23 };          /* more than any path without one costs        */
static_assert(STRIKE_COST > HOPS_MAX * (UINT16_MAX + HOP_COST), "a strike outweighs all links");
static_assert((uint64_t)MESH_SUSPECTS_MAX * STRIKES_MAX * STRIKE_COST + STRIKE_COST < UINT32_MAX,
              "a path with all strikes has a cost");
void search_run(struct mesh *, uint32_t source, bool local_only, bool sticky);
const struct route_state *search_best(const struct mesh *, uint32_t slot); /* NULL: no path */

/* gossip.c */
int  marks_grow(struct mesh_link *, size_t n_words);
bool mark_has(const struct mesh_link *, enum mark, uint32_t slot);
void mark_set(struct mesh_link *, enum mark, uint32_t slot);
void mark_clear(struct mesh_link *, enum mark, uint32_t slot);
uint32_t mark_next(const struct mesh_link *, enum mark, uint32_t from); /* NO_SLOT */
void gossip_forget(struct mesh *, uint32_t slot);             /* all its marks          */
void gossip_wanting(struct mesh *, struct mesh_link *);
void gossip_spread(struct mesh *, struct atlas_node *, const struct mesh_link *from);
void gossip_offer(struct mesh *, struct atlas_node *);        /* it has come into reach */
void gossip_eager(struct mesh *, struct mesh_link *, bool eager);
void gossip_got(struct mesh *, struct atlas_node *);          /* its record has come    */
void gossip_vain(struct mesh *, struct atlas_node *);         /* it came, and is not taken */
void gossip_settle(struct mesh_link *);                       /* are we synced now?     */
void gossip_owe_synced(struct mesh *, struct mesh_link *);    /* it is to hear SYNCED   */
void gossip_link_down(struct mesh *, struct mesh_link *);
void gossip_expire(struct mesh *);                            /* answers that never came */

/* own.c */
void own_changed(struct mesh *, uint32_t pace_ms);
void own_seal(struct mesh *);
void own_rtt(struct mesh *, struct mesh_link *);
int  own_met(struct mesh *, struct mesh_link *, const struct node_record *);

/* take.c, make.c */
int  take_frame(struct mesh *, struct mesh_link *, const struct frame *);
bool make_wants(const struct mesh *, const struct mesh_link *);
bool make_frames(struct mesh *, struct mesh_link *, struct writer *);

enum { VECTOR_MEETING = 1, VECTOR_LAST = 2 };     /* flags of VERSIONS and WANT         */
void mesh_digest_for(struct mesh *, const struct mesh_link *, uint64_t ret[2]);

#endif
