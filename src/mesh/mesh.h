/* mesh.h - who exists, how to get there.
 *
 * Each node publishes one small signed record about itself; this module keeps those it
 * knows (atlas.c), exchanges them with neighbours (gossip.c), and computes shortest paths
 * over the links that both ends list (route.c). It is told of links by number, takes and
 * makes frames ROOT to SYNCED, and reports nodes that came and went.
 *
 * Gossip is state, not queues: for each neighbour, a bit a node says that its record is to
 * be pushed, announced or asked for; frames are made from these bits when the link has room.
 * So its memory is bounded, and what changes twice before it is sent is sent once.
 * Records are pushed along one tree, which each node computes from the same atlas; other
 * links carry versions only, by which whoever the tree has missed asks (lazy push, after
 * Plumtree: Leitao, Pereira, Rodrigues, "Epidemic Broadcast Trees", SRDS 2007).
 *
 *  1. A record counts only when its signature, id and credential held; versions are
 *     compared before signatures are verified.
 *  2. A link exists when both ends list it. A node is up when a path of such links leads
 *     to it; down is said DOWN_GRACE_MS after the last one went.
 *  3. Never more than nodes_max nodes; newcomers are refused, members never evicted: but
 *     whom no path has led to yet is no member, and gives way.
 *  4. Same inputs, same outputs: no order depends on addresses. */
#ifndef LENO_MESH_H
#define LENO_MESH_H

#include "base/timers.h"
#include "crypto/identity.h"
#include "wire/codec.h"
#include "wire/frame.h"
#include "wire/limits.h"

enum {
	PUBLISH_MS    = 100,    /* between two versions of our own record            */
	COST_MS       = 5000,   /* between two changes of a link's published cost    */
	DOWN_GRACE_MS = 30,     /* a node without a path is down after this          */
	ANNOUNCE_MS   = 50,     /* lazy announcements of versions are batched so long */
	LINKS_MAX     = 1024,   /* link numbers that a mesh can hold                 */
	MESH_SUSPECTS_MAX = 16, /* relays that one search goes around                */
	STRIKES_MAX   = 15      /* that one of them can have                         */
};

struct mesh_setup {
	const struct identity *self;
	const struct network  *network;
	struct random *random;
	uint64_t incarnation;
	enum leno_role role;
	uint32_t message_max;
	const char *name;                  /* lent for ever                           */
	size_t   n_labels;
	const char *const *labels;
	uint32_t nodes_max;
};

/* A node of the atlas. Lent; valid until the next input to the mesh. */
struct mesh_node {
	leno_id  id;
	struct public_keys keys;
	struct pass pass;
	uint64_t incarnation;
	uint32_t version;
	enum leno_role role;
	uint32_t message_max;
	const char *name;
	size_t   n_labels;
	const char *const *labels;
	struct bytes extensions;           /* see wire/extensions.h                   */
	unsigned n_links;                  /* that its record lists                   */
	bool     up;
	unsigned hops;
	uint32_t rtt_us;
	leno_id  next;                     /* neighbour that leads there              */
	int      link;                     /* its number; -1 when there is none       */
};

enum mesh_event_kind { MESH_UP = 1, MESH_DOWN, MESH_ROUTE, MESH_RENEWED, MESH_EXTENDED };
struct mesh_event {
	enum mesh_event_kind kind;   /* ROUTE: another first link leads there now, or none
	                                (-1). RENEWED: a newer life of it is known.
	                                EXTENDED: it says other things besides          */
	leno_id id;
	enum leno_why why;           /* of DOWN: GOODBYE, UNREACHABLE or REFUSED        */
	bool was_up;                 /* of RENEWED: UP had been said of the life before,
	                                and no DOWN of it will be                       */
};

struct mesh;

struct mesh *mesh_new(const struct mesh_setup *, uint64_t now_us);    /* NULL: memory */
struct mesh *mesh_free(struct mesh *);

/* ---- links: numbers chosen by the caller, below LINKS_MAX ------------------- */

struct mesh_neighbour {
	leno_id id;
	struct public_keys keys;
	uint64_t incarnation;
	enum leno_role role;          /* a visitor is told, never listed            */
	bool    local;                /* an endpoint forwards between two links of which
	                                 one is local                                */
};
/* At most one link a neighbour. MEMORY, LIMIT. */
int  mesh_link_up(struct mesh *, int link, const struct mesh_neighbour *, uint64_t now_us);
void mesh_link_down(struct mesh *, int link, uint64_t now_us);

/* Before mesh_link_down(): the neighbour said goodbye on this link. Should no other path
 * lead there, that is why it is down, even if its last record did not come in time. */
void mesh_link_goodbye(struct mesh *, int link);
/* Says this besides in our own record, in place of what was said of this kind; nothing when
 * value.data is NULL. LIMIT: there is no room for it in EXTENSIONS_MAX. */
int  mesh_extend(struct mesh *, uint8_t kind, struct bytes value, uint64_t now_us);

void mesh_link_rtt(struct mesh *, int link, uint32_t rtt_us, uint64_t now_us);

/* Publishes our own record as gone (no links), as the last frames: for a goodbye. */
void mesh_goodbye(struct mesh *, uint64_t now_us);

/* ---- frames ------------------------------------------------------------------ */

/* PROTOCOL: the neighbour broke the protocol. LENO_DUPLICATE: a newer life of our own
 * identity is there, and we have bumped our incarnation once already. */
int  mesh_take(struct mesh *, int link, const struct frame *, uint64_t now_us);
bool mesh_wants(const struct mesh *, int link);
/* Writes frames while they fit; false when nothing was written. */
bool mesh_make(struct mesh *, int link, struct writer *, uint64_t now_us);

uint64_t mesh_deadline(const struct mesh *);
void mesh_tick(struct mesh *, uint64_t now_us);

/* What happened since, oldest first; false when there is no more. Routes are recomputed
 * here at the latest. */
bool mesh_next_event(struct mesh *, struct mesh_event *ret);

/* Each link number for which mesh_wants() became true since the last call; -1: no more. */
int  mesh_next_wanting(struct mesh *);

/* ---- looking ------------------------------------------------------------------ */

/* The link that leads to a node, as of now; -1 when none does. Hot: a hash look-up. */
int  mesh_route(struct mesh *, const leno_id *);

/* The same for a packet that came by the link `from`: -1 when this node, being an
 * endpoint, does not forward between these two. */
int  mesh_forward(struct mesh *, const leno_id *, int from);

/* The link to the neighbour that a packet names as its next relay, or -1: as mesh_forward(),
 * but over no other. */
int  mesh_step(struct mesh *, const leno_id *, int from);

/* ---- ways around suspects (avoid.c) -------------------------------------------- */

struct mesh_suspect {
	leno_id  id;
	uint32_t strikes;              /* 1 to STRIKES_MAX: how often it was suspected */
};

struct mesh_way {
	size_t   n;                    /* relays on it; 0: a link leads there         */
	leno_id  relays[ROUTE_MAX];    /* in order; of a longer way the last ones     */
	uint32_t strikes;              /* of all of them                              */
};

/* The way between two nodes that meets the fewest strikes, and the cheapest of those; when it
 * has more than ROUTE_MAX relays, the shortest. Without suspects it is the path that packets
 * take, as far as all maps agree. At most MESH_SUSPECTS_MAX of them. False: there is none. */
bool mesh_way(struct mesh *, const leno_id *from, const leno_id *to,
              const struct mesh_suspect *, size_t n_suspects, struct mesh_way *ret);

/* Do all links of our own way to that node exist? Cheap. */
bool mesh_way_stands(const struct mesh *, const struct mesh_way *, const leno_id *to);

/* Would a path still lead to the neighbour without this link? Costs a search. */
bool mesh_spares(struct mesh *, int link);

/* Goes up whenever routes were computed anew. */
uint64_t mesh_routes_serial(const struct mesh *);

bool mesh_get(struct mesh *, const leno_id *, struct mesh_node *ret);      /* known at all */
bool mesh_each(struct mesh *, size_t *cursor, struct mesh_node *ret);      /* up ones, self first */
bool mesh_each_edge(struct mesh *, size_t *cursor, leno_edge *ret);        /* of up nodes, once each */
size_t mesh_count(const struct mesh *);                                    /* up, self included */
bool mesh_synced(const struct mesh *);
bool mesh_linked(const struct mesh *, const leno_id *);                    /* is it a neighbour */

/* Asks of the pass of each node that has a record whether it still holds (0). Whose does not has
 * no path any more, and is down, REFUSED. When the first of the others expires, in ms of the
 * wall clock; NEVER. */
uint64_t mesh_rejudge(struct mesh *, int (*judge)(void *arg, const struct pass *), void *arg);

/* Records that were not taken because their certificate is revoked; has expired. */
uint64_t mesh_refused_revoked(const struct mesh *);
uint64_t mesh_refused_expired(const struct mesh *);

/* The tree of gossip, for broadcasts: is this link one to push along? */
bool mesh_pushes(const struct mesh *, int link);

/* Our own incarnation: higher than in the setup after a bump. Newcomers refused so far, and
 * records that gave way to others because no path led there. */
uint64_t mesh_incarnation(const struct mesh *);
uint64_t mesh_refused(const struct mesh *);

#endif
