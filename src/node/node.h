/* node.h - the node's own state; the only place where two modules meet.
 *
 * up.c takes bytes of a pipe to a callback, down.c takes what is sent to a pipe; conns.c
 * knows which link to a neighbour counts, peers.c which path leads to a node.
 *
 *  1. A conn or peer that dies while frames are being taken is only marked; node_settle()
 *     buries it at the end of the input.
 *  2. Handlers run with everything in order: they may call any function of leno.h. */
#ifndef LENO_NODE_H
#define LENO_NODE_H

#include <leno.h>
#include <assert.h>
#include <leno/engine.h>

#include "base/budget.h"
#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/table.h"
#include "base/tape.h"
#include "base/timers.h"
#include "crypto/identity.h"
#include "discovery/dials.h"
#include "link/link.h"
#include "mesh/mesh.h"
#include "message/item.h"
#include "message/requests.h"
#include "message/types.h"
#include "node/admit.h"
#include "node/relay.h"
#include "node/streams.h"
#include "session/session.h"

enum timer_kind { TIMER_CONN = 1, TIMER_PEER, TIMER_LINGER, TIMER_REQUEST, TIMER_DIAL,
                  TIMER_MESH, TIMER_FAN, TIMER_STREAMS, TIMER_SUSPECTS,
                  TIMER_ADMIT, TIMER_DIRECT, TIMER_MEET, TIMER_GROUPS, TIMER_STATES,
                  TIMER_SERVICES, TIMER_INCOMING, TIMER_CALL };

enum { URI_SHOWN = 80 };

/* What may wait or be put together, in parts of memory_max. What is granted to streams lies in
 * the pool. The rest is for what is not counted. */
enum memory_share {
	SHARE_POOL = 14,            /* queues of sessions, streams, what is relayed    */
	SHARE_ITEMS = 11,           /* items that come in parts; one of message_max fits */
	SHARE_SMALL = 2,            /* of those, for items that need no grant alone    */
	SHARE_STREAMS = 8,
	SHARE_CASTS = 2,            /* frames of broadcasts                            */
	SHARE_AIRED = 1,            /* our own broadcasts, until they are acknowledged */
	SHARE_TYPES = 1,            /* names of types, told and heard                  */
	SHARE_REQUESTS = 1,
	SHARE_CALLS = 1,            /* of services: made, running, waiting             */
	SHARES = 32
};
static_assert(SHARE_POOL + SHARE_ITEMS + SHARE_CASTS + SHARE_AIRED + SHARE_TYPES +
              SHARE_REQUESTS + SHARE_CALLS <= SHARES - 1, "all together no more than there is");
static_assert(SHARE_ITEMS - SHARE_SMALL > SHARES / 4 && SHARE_POOL * 3 / 4 > SHARES / 4,
              "message_max is a quarter at most, and fits what the pool has for sessions");

static inline size_t share_of(const leno_options *o, enum memory_share share)
{
	return o->memory_max / SHARES * share;
}

struct conn_counts {
	uint64_t opened_us;
	uint64_t bytes_out, bytes_in, records_out, records_in;
	uint64_t forwarded, dropped;           /* packets of others that were to leave by it */
};

/* One pipe with its link. */
struct conn {
	leno_node   *node;
	leno_pipe    pipe;
	enum leno_pipe_class class;
	unsigned     rank;          /* its class, or the peer's when that is higher    */
	uint32_t     dial;          /* number of the dial that made it; 0: accepted    */
	uint32_t     via;           /* names this conn to sessions; never used again   */
	int          number;        /* of the mesh's link; -1 while it is not chosen   */
	struct link *link;
	struct list  all;           /* node.conns                                      */
	struct list  writing;       /* node.writing: next() will name it               */
	bool         named;         /* LENO_OUT_WRITE was given, make() not yet dry    */
	bool         links_due;     /* our FRAME_LINKS has yet to go                   */
	uint64_t     peer_turn;     /* the turn that the peer's FRAME_LINKS named        */
	bool         links_known;   /* the peer's FRAME_LINKS came: it counts          */
	bool         inherits;      /* a link was told to be up that gave way to this one */
	bool         goodbye;       /* say CLOSE_GOODBYE once all that waits is written */
	bool         finishing;     /* out of the mesh: only its last bytes remain     */
	bool         close_due;     /* LENO_OUT_CLOSE has yet to be given              */
	bool         close_told;    /* it was: dry means buried                        */
	bool         stranger;      /* accepted from beyond this user, not yet proved: counted */
	uint64_t     opened_us;
	bool         proved;        /* LINK_OPENED came: link_peer() is who it is      */
	bool         waiting;       /* the host has yet to say whether it is let in    */
	bool         links_came;    /* and its FRAME_LINKS was here meanwhile          */
	bool         revoked_said, revoked_met; /* our digest went, theirs came        */
	uint64_t     revoked_told;  /* number of the revocation that it was told last  */
	bool         dead;          /* in node.graves                                  */
	struct timer timer;
	struct list  ready;         /* peers that have something to write here         */
	bool         relay_first;   /* whose turn it is to begin a record              */
	struct relay relay;         /* packets of others                               */
	uint64_t     refuse_us;     /* no packet is refused by it before then          */
	struct fan_queue *fan;      /* broadcasts, see fan_tree.c; NULL: never any     */
	struct peer *peer;          /* with the node at the other end, once looked up  */
	struct conn_counts counts;
	struct guest *guest;        /* of a link to or at a meeting point, see meet.h  */
	uint64_t     looked;        /* counts.forwarded when direct.c last looked      */
	char         uri[URI_SHOWN];
};

/* A node with which there is, or may be, a session. */
struct peer {
	leno_node      *node;
	leno_id         id;
	struct session *session;
	struct conn    *conn;       /* where its bytes go now; NULL: nowhere           */
	struct list     ready;      /* in conn->ready                                  */
	struct list     moved;      /* in node->moved                                  */
	struct list     stray;      /* in node->strays                                 */
	struct timer    timer;      /* the session's                                   */
	struct timer    linger;     /* how long it outlives every path, and a visitor its
	                               silence                                         */
	uint64_t        heard_us;   /* when the last of it came                        */
	unsigned        held;       /* whoever deals with it calls handlers: it stays  */
	bool            left;       /* it said goodbye: it goes when it is let go      */
	struct types    types_out, types_in;
	uint32_t        types_told; /* types_out that this session has sent            */
	struct list     requests;   /* pending, to it                                  */
	struct list     kept;       /* its requests that the application kept          */
	uint64_t        life;       /* of the session: answers to an older one are late */
	uint64_t        incarnation;
	struct pass     pass;       /* by which it was let in                          */
	bool            shut;       /* and is not any more: it goes                    */
	bool            visitor;
	bool            has_gate;
	leno_id         gate;       /* of a visitor                                    */
	bool            blocked;    /* LENO_AGAIN was given                            */
	struct flows   *flows;      /* streams; NULL: never any                        */
	uint64_t        fed_to;     /* where the last piece of a stream ends           */
	uint32_t        rtt_least_us; /* of the session, on this path; 0: not measured */
	uint64_t        damaged;    /* session_damaged() when last looked at           */
	struct suspects *suspects;  /* relays on the way; NULL: never any              */
	uint64_t        born_us;
	uint64_t        sent, received; /* messages, requests and replies              */
	uint64_t        looked;     /* bytes of the session when direct.c last looked  */
	bool            state_due;  /* a map may have a word for it: states_feed() looks */
	uint64_t        state_fed_to; /* where the last such word ends                 */
	struct list     serving;    /* its calls that we are to answer, see services.h */
	struct list     unsent;     /* and their answers for which its queue had no room */
};

struct leno_message {
	leno_node     *node;
	leno_id        from;
	uint64_t       life;
	uint64_t       request;     /* 0: a plain message                              */
	bool           broadcast, answered, kept;
	struct list    of_peer;     /* when kept                                       */
	leno_message  *copy;        /* what leno_message_keep() made of it             */
};

struct leno_node {
	leno_options   options;     /* defaults filled in; strings in `strings`        */
	leno_handlers  handlers;
	void          *user, *driver;
	char          *strings;
	const char    *labels[LABELS_MAX], *advertise[ADVERTISED_MAX];
	struct identity identity;
	struct network  network;
	struct random   random;
	uint64_t        now_us;
	uint64_t        incarnation;
	struct pool     pool;
	struct budget   types_budget;
	struct timers   timers;

	struct gcm           gcm;        /* of the driver, once it has told                 */
	struct link_setup    link_setup;
	struct ephemeral     spare;
	bool                 spare_due;  /* when there is nothing else to do: others will come */
	bool                 gave;       /* the driver was given an output last         */
	struct session_setup session_setup;

	struct mesh    *mesh;
	struct timer    mesh_timer;
	struct table    pipes;       /* of struct conn, by the driver's number         */
	struct table    links;       /* of struct conn, by the mesh's number           */
	struct list     conns, writing, graves;
	size_t          n_conns, n_strangers, n_dials_due;
	uint32_t        last_via;
	uint64_t        links_turn;  /* of the FRAME_LINKS that we wrote last           */

	struct map      peers;
	struct peer    *last_peer;   /* the one looked up last                         */
	uint64_t        last_life;   /* of a session; no two are the same              */
	struct list     moved;       /* peers whose path changed in this input         */
	struct list     strays;      /* visitors to whom no path leads now             */
	struct requests requests;
	struct admit    admit;       /* who is let in, see admit.h                     */
	struct dials    dials;
	struct fan     *fan;         /* broadcasts, see fan.c                          */
	struct groups  *groups;      /* see group.h                                    */
	struct flow_setup flow_setup;
	struct list     stream_events; /* streams of which the application must hear   */
	struct list     stream_later;  /* ... or may be told, when others give memory back */
	struct timer    stream_timer;

	struct services *services;   /* offered, called, see services.h                */
	int64_t         wall_us;     /* wall clock less now_us                         */
	bool            wall_told;   /* it is the driver's, and not what it was at open */
	bool            wall_ahead;  /* it was, until somebody set it back             */

	struct list     suspected;   /* struct suspects that have some, see suspects.h */
	struct timer    suspects_timer;
	uint64_t        suspects_due;    /* when one of them has to be looked at       */
	uint64_t        suspects_us;     /* no search before this                      */
	uint64_t        suspects_serial; /* of the routes that they were looked at with */

	struct direct  *direct;      /* links that the node makes by itself            */
	struct meet_state *meet;     /* meeting points; NULL: none, and it is none      */
	struct states  *states;          /* shared maps, see states.h                  */

	leno_stats      stats;
	uint64_t        refused_log_us;  /* when a refusal was last logged             */
	uint32_t        refused_unsaid;  /* and how many since                         */
	uint64_t        crowded_log_us, crowded_logged; /* the same of nodes refused: how many
	                                    had been                                   */
	bool            leaving;     /* goodbye was said: nothing new begins           */
	bool            duplicate;   /* this identity lives elsewhere: no link any more */
	int             depth;       /* of inputs: handlers run within one             */
	struct list     unclocked;   /* requests made since the last input, whose timeouts
	                                count from the next leno_engine_time()         */
};

/* conns.c: which links there are */
int  conns_open(leno_node *, leno_pipe, enum leno_pipe_class, uint32_t dial, const char *uri,
                struct bytes binding);
void conns_opened(struct conn *);                      /* LINK_OPENED              */
bool conns_take_links(struct conn *, struct bytes body);
void conns_make_links(struct conn *, struct writer *);
void conns_leave(struct conn *, enum leno_why, int error); /* its pipe is to be closed */
void conns_close(struct conn *, enum close_reason, enum leno_why, int error); /* the same,
                                                          the peer is told why        */
void conns_bury(struct conn *);                        /* its pipe is gone         */
struct conn *conns_to(leno_node *, const leno_id *);   /* the chosen one, or NULL  */
/* May anything go from one to the other? An endpoint passes on only between two links of which
 * one is local, an observer for visitors of its own machine alone. */
bool conns_pass(const struct conn *from, const struct conn *to);
void conns_let_in(struct conn *);                      /* the host has said so     */
void conns_turn_away(struct conn *, int error);
void conns_timer(struct conn *);
void conns_duplicate(leno_node *);                     /* this identity lives elsewhere */
void conns_free(struct conn *);

/* up.c, down.c */
void up_take(struct conn *, uint8_t *data, size_t size);
void up_stream(struct peer *, const struct frame *, uint32_t via);
size_t down_make(struct conn *, uint8_t *buf, size_t capacity);
void down_wake(struct conn *);                         /* it has something to write */
bool down_has(const struct conn *);

/* peers.c: sessions and the paths they take */
struct peer *peers_get(leno_node *, const leno_id *);            /* that exists, or NULL */
struct peer *peers_need(leno_node *, const leno_id *, int *ret_error); /* made if needed */
struct peer *peers_add(leno_node *, const struct public_keys *, const struct pass *,
                       bool visitor, int *ret_error);
void peers_path(struct peer *);                        /* look for its path anew   */
void peers_settle(leno_node *);                        /* the end of an input       */
void events_room(leno_node *);                         /* others gave memory back   */
void peers_find_strays(leno_node *);                   /* there are new ways        */
void peers_wake(struct peer *);                        /* it may have something to write */
void peers_end(struct peer *, int error);              /* the session is over: report, renew */
void peers_fail_requests(struct peer *, int error);
void peers_free(struct peer *);
bool peers_idle(const struct peer *);                  /* nothing of it has yet to end */
void peers_linger(struct peer *);                      /* its timer has come        */

/* Handlers may make other peers, for which this one could have to give way: not while it is
 * held. It may be gone after the last release. */
void peers_hold(struct peer *);
void peers_release(struct peer *);

/* events.c: what the application hears */
void events_mesh(leno_node *);                         /* all that the mesh reports */
int  events_item(struct peer *, struct bytes item); /* MEMORY: the session cannot go on */
void events_sent(struct peer *);
void events_answer(leno_node *, struct request *, const leno_answer *);
void events_refused(leno_node *, const char *uri, const char *why);  /* a line a second, */
void events_closed(leno_node *, const char *uri, const char *why);   /* both together */
void events_crowded(leno_node *);                      /* a line, when the atlas is full */
void events_log(leno_node *, enum leno_log_level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* send.c: `first` goes before the data, of one piece with it for the receiver */
enum { SEND_FIRST_MAX = 192 };
int  send_parts(struct peer *, struct item *, const char *type, struct bytes first,
                struct bytes data, uint64_t *ret_seq);
int  send_item(struct peer *, struct item *, const char *type, struct bytes data,
               uint64_t *ret_seq);
int  send_request(leno_node *, const leno_id *to, enum item_kind, const char *type,
                  struct bytes first, struct bytes data, leno_ms timeout, leno_done_fn *,
                  void *user, leno_request_id *ret);
void send_count(struct peer *, int error);

/* fan.c, fan_heard.c, fan_tree.c: broadcasts, and what is said in groups */
int  fan_open(leno_node *);
void fan_free(leno_node *);
void fan_take(struct conn *, uint8_t type, struct bytes frame_body);
bool fan_make(struct conn *, struct writer *);
bool fan_wants(const struct conn *);
void fan_drop(struct conn *);                          /* all that waits for this link */
void fan_item(struct peer *, struct bytes data);
void fan_tick(leno_node *);
void fan_gone(leno_node *, const leno_id *);           /* it is down: acks will not come */
void fan_renewed(leno_node *);                         /* we are in another life: the same */

/* clock.c */
void clock_take(struct peer *, uint64_t request);

/* timers.c */
void node_settle(leno_node *);                         /* the end of each input    */
void node_count_refusal(leno_node *, int error);

#endif
