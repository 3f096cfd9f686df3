/* world.h - what the files of the simulator share, and stories do not see. */
#ifndef LENO_SIM_WORLD_H
#define LENO_SIM_WORLD_H

#include "sim.h"

struct pipe;
struct cable;
struct event;
struct ledger;
struct book;

typedef void event_fn(struct sim *, const struct event *);

/* Something that will happen. One that belongs to a node's life waits while the node
 * is frozen, and is forgotten when that life has ended. */
struct event {
	uint64_t at, serial; /* the order of all things: serial decides equal times */
	event_fn *fire;
	struct sim_node *node; /* NULL: the world's own */
	uint32_t life;
	int side;          /* of the pipe */
	struct pipe *pipe; /* holds one reference, or NULL */
	uint64_t arg;
	void *user;
	bool owns; /* user is freed with the event */
};

struct sim {
	uint64_t seed, now_us, serial, digest, bytes;
	uint64_t random[4];
	struct event *heap;
	size_t n_events, events_room;
	struct sim_node **nodes; /* by index, in the order of their making */
	uint32_t n_nodes, nodes_room;
	struct sim_node **by_id; /* open addressing; a power of two */
	uint32_t by_id_room;
	struct cable *cables;
	struct ledger *ledger;
	uint64_t sampled_us;   /* when memory was last looked at */
	uint8_t *taken, *made; /* SIM_READ_MAX bytes each, on their way to or from an engine */
	FILE *trace;
	bool muted, failed;
	char failure[320], missing[256];
};

enum {
	SIM_READ_MAX = 64 * 1024, /* the most that one read of a pipe gives        */
	SIM_SPIN_MAX = 10000,     /* wake-ups of one node in one instant: it spins */
	SIM_NAME_MAX = 48,
	SIM_DIAL_TIMEOUT_MS = 10000, /* a dial into the void fails after this      */
	SIM_CLOSE_LINGER_MS = 1000,  /* a closing pipe waits this long for room    */
	SIM_LOG_MAX = 64 * 1024,
	SIM_DOORS_MAX = 8
};

struct pipe_slot {
	struct pipe *pipe;
	int side;
};

struct sim_node {
	struct sim *sim;
	char name[SIM_NAME_MAX];
	uint32_t index;
	leno_id id;
	leno_node *leno; /* NULL while it does not run */
	uint32_t life;   /* 1 is the first */
	bool frozen, vanished;
	bool touched;   /* a story may have called leno.h on it */
	unsigned depth; /* of node_enter() */
	uint64_t jumped_us; /* of skew_us: since its first life */
	uint64_t skew_us, incarnation_ms, wake_at, spin_at;
	unsigned spins;
	uint8_t identity[32], secret[32];
	leno_options options;
	struct papers *papers;   /* of a network with a key, see keys.c; NULL: none */
	bool outcast;            /* it has been revoked: no member, as others see it */
	sim_invited_fn *invited;
	struct pipe_slot *slots; /* by leno_pipe */
	uint32_t n_slots;
	char **uris; /* dialled in each life */
	size_t n_uris;
	char *doors[SIM_DOORS_MAX]; /* told in each life */
	size_t n_doors;
	unsigned knocks;
	struct event *deferred; /* while frozen */
	size_t n_deferred, deferred_room;
	struct cable **cables;
	size_t n_cables;
	struct book *book; /* the ledger's pages about this node */
	uint64_t services, services_sum; /* up now, as it was told            */
	unsigned beats;
	char *log;         /* its first SIM_LOG_MAX bytes, a line each */
	size_t log_size;
};

/* world.c */
void *world_alloc(size_t); /* zeroed; aborts when memory is out */
void *world_grow(void *, size_t);
struct event *world_push(struct sim *, uint64_t at, event_fn *, struct sim_node *, struct pipe *,
                         int side, uint64_t arg);
void world_defer(struct sim_node *, const struct event *);
void world_release(struct sim_node *); /* what was deferred happens now, in its order */
void world_forget(struct sim_node *);  /* what was deferred never happens             */
void world_hash(struct sim *, const void *, size_t);
void world_note(struct sim_node *, char kind, uint64_t, uint64_t, uint64_t);
void world_fail(struct sim *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_tell(struct sim_node *, const char *format, ...) __attribute__((format(printf, 2, 3)));
uint64_t world_mix(uint64_t);

/* watch.c */
void watch_service_up(leno_node *, void *user, const leno_service_info *);
void watch_service_down(leno_node *, void *user, const leno_service_info *);
void watch_heartbeat(leno_node *, void *user, const leno_id *, uint32_t rtt_us);

/* wire.c */
void wire_dial(struct sim_node *, uint32_t dial, const char *uri);
void wire_writable(struct sim_node *, leno_pipe);
void wire_close(struct sim_node *, leno_pipe);
void wire_drop_all(struct sim_node *, bool vanish); /* its life has ended */
void wire_ref(struct pipe *);
void wire_unref(struct pipe *);
void wire_mend_all(struct sim *);
void wire_nudge_node(struct sim_node *); /* it reads again */
void wire_free_all(struct sim *);
struct cable *wire_between(struct sim_node *, struct sim_node *, const struct sim_profile *);
void wire_set_profile(struct cable *, const struct sim_profile *);
void wire_cut(struct sim_node *from, struct sim_node *to, bool on);
unsigned wire_count_links(const struct sim_node *, struct sim_node **ret_double);

/* host.c */
void node_enter(struct sim_node *); /* before the engine is touched: the time */
void node_leave(struct sim_node *); /* after: its outputs, its deadline       */
void node_end(struct sim_node *, bool vanish);
struct sim_node *node_of(struct sim *, const leno_id *);
void node_connect(struct sim_node *, const char *uri);

/* doors.c */
void node_advertise(struct sim_node *); /* in each life */
int node_dial(struct sim_node *, const char *uri);

/* keys.c */
void keys_fill(struct sim_node *, leno_engine_config *);
void keys_free(struct sim_node *);
void keys_joined(struct sim_node *, int error);

/* ledger.c, calls.c, audit.c: what the handlers saw */
void ledger_open(struct sim *);
void ledger_close(struct sim *);
void ledger_born(struct sim_node *);
void ledger_died(struct sim_node *);
void ledger_up(struct sim_node *, struct sim_node *subject);
void ledger_down(struct sim_node *, struct sim_node *subject, enum leno_why);
void ledger_outcast(struct sim_node *); /* it has been revoked: nothing is promised to it */
void ledger_link(struct sim_node *, struct sim_node *peer, bool up);
void ledger_drop_kept(struct sim_node *); /* before its engine is freed */
void ledger_message(struct sim_node *, struct sim_node *from, const char *type, leno_bytes);
void ledger_sent(struct sim_node *, struct sim_node *to, uint64_t first, uint64_t last,
                 enum leno_outcome);
void ledger_writable(struct sim_node *, struct sim_node *to);
void ledger_request(struct sim_node *, struct sim_node *from, leno_message *, const char *type,
                    leno_bytes);
void ledger_stream(struct sim_node *, struct sim_node *from, leno_stream *, const char *topic);
void ledger_broadcast(struct sim_node *, struct sim_node *from, leno_bytes);
void ledger_broadcast_done(struct sim_node *, uint64_t seq, uint32_t confirmed, uint32_t unknown);
const char *ledger_open_sends(struct sim *); /* NULL when nothing is open, else a sentence */
const char *ledger_open_calls(struct sim *);
void audit_memory(struct sim *);
void audit_counters(struct sim *);

#endif
