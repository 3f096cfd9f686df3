/* sim.h - a whole mesh of real engines in one process, in virtual time.
 *
 * Stories lay wires between nodes, let them talk, do harm, let time pass and ask
 * whether the promises were kept:
 *
 *	struct sim *sim = sim_new(7);
 *	struct sim_node *a = sim_node(sim, "a", NULL), *b = sim_node(sim, "b", NULL);
 *
 *	sim_wire(a, b, NULL);
 *	CHECK(sim_settle(sim, SECONDS(2)));
 *	sim_talk(a, b, 100, MS(1), 64);
 *	sim_kill(a, b);
 *	CHECK(sim_settle(sim, SECONDS(10)));
 *	CHECK(sim_invariants(sim));
 *	sim_free(sim);
 *
 *  1. Nothing depends on a clock, an address in memory or rand(): one seed gives one
 *     run, and sim_digest() is the proof.
 *  2. Nodes live until sim_free(); what comes and goes are their lives.
 *  3. The ledger watches each handler of each node. The first broken promise stops
 *     time, and sim_failure() says which it was. */
#ifndef LENO_SIM_H
#define LENO_SIM_H

#include <leno/engine.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MS(n)      ((uint64_t)(n)*1000)
#define SECONDS(n) ((uint64_t)(n)*1000000)
#define MINUTES(n) ((uint64_t)(n)*60000000)

struct sim;
struct sim_node;

/* ---- the world --------------------------------------------------------------- */

struct sim *sim_new(uint64_t seed);
void sim_free(struct sim *); /* NULL is fine */

uint64_t sim_now(const struct sim *);
uint64_t sim_random(struct sim *, uint64_t below); /* 0 when below is 0 */
uint64_t sim_digest(const struct sim *);           /* of each event and byte so far */
uint64_t sim_bytes(const struct sim *);            /* put on pipes so far           */
void sim_trace(struct sim *, FILE *);              /* a line an event; NULL: none   */
void sim_mute(struct sim *, bool);                 /* do not print a broken promise */

/* Lets this much time pass, or until *flag. False when a promise was broken, or
 * when the flag was not raised in time. */
bool sim_run(struct sim *, uint64_t us);
bool sim_run_until(struct sim *, const bool *flag, uint64_t us);

/* fn(sim, arg) after this long. _own: arg is freed afterwards, or by sim_free(). */
void sim_after(struct sim *, uint64_t us, void (*fn)(struct sim *, void *arg), void *arg);
void sim_after_own(struct sim *, uint64_t us, void (*fn)(struct sim *, void *arg), void *arg);

/* ---- nodes ------------------------------------------------------------------- */

/* Options may be NULL; their strings must live as long as the sim. A secret must be
 * of 32 bytes. sim_node() starts the node at once, sim_late_node() leaves that to
 * sim_start(). Names are unique. */
struct sim_node *sim_node(struct sim *, const char *name, const leno_options *);
struct sim_node *sim_late_node(struct sim *, const char *name, const leno_options *);
struct sim_node *sim_find(struct sim *, const char *name);
unsigned sim_neighbours(const struct sim_node *); /* to which a cable leads */
void sim_make_endpoint(struct sim_node *);        /* from its next life on  */

leno_node *sim_leno(struct sim_node *); /* NULL while it does not run */
const leno_id *sim_id(const struct sim_node *);
const char *sim_name(const struct sim_node *);
leno_stats sim_stats(struct sim_node *);
bool sim_logged(const struct sim_node *, const char *words); /* in one of its lines, ever */

/* A new life: the same keys, a newer incarnation, another seed, the same dials. */
void sim_start(struct sim_node *);
void sim_restart(struct sim_node *); /* killed first when it runs */

void sim_crash(struct sim_node *);  /* SIGKILL: no goodbye, the kernel closes its pipes */
void sim_vanish(struct sim_node *); /* its power fails: nobody is told a thing          */
void sim_leave(struct sim_node *);  /* says goodbye, then ends                          */
void sim_freeze(struct sim_node *); /* SIGSTOP: the kernel still takes bytes for it     */
void sim_thaw(struct sim_node *);
void sim_jump(struct sim_node *, uint64_t us); /* its clock leaps: a laptop slept */

/* ---- a network with a key: one key a sim ------------------------------------------ */

/* From its next life on: it belongs to that network, as this, for so long (0: for ever). */
void sim_certify(struct sim_node *, enum leno_role, uint64_t lifetime_us);
void sim_hold_key(struct sim_node *); /* it has the key itself */
/* From its next life on it is a guest with an invitation of this many uses (one token for all
 * that have the same number), until it has joined: then, from the next one on, a member. */
void sim_invite(struct sim_node *, uint8_t token, uint32_t uses, uint64_t expires_us);
bool sim_joined_by(const struct sim_node *, int *ret_error); /* has it heard what became of it */

/* `by` holds the key. From here on nobody need see `who`, and whoever still does is wrong. */
void sim_revoke(struct sim_node *by, struct sim_node *who);
size_t sim_revoked(struct sim_node *); /* how many it knows of */

/* What the node does when it is asked into a group; NULL: nothing. In all its lives. */
typedef void sim_invited_fn(struct sim_node *, const leno_id *from, leno_bytes key,
                            leno_bytes note);
void sim_on_invited(struct sim_node *, sim_invited_fn *);

/* ---- wires ------------------------------------------------------------------- */

struct sim_profile {
	uint64_t delay_us;  /* one way                                           */
	uint64_t jitter_us; /* 0 to this much more; order is kept                */
	uint64_t bandwidth; /* bytes a second; 0: no bound                       */
	uint32_t segment;   /* bytes that travel together; 0: as they were made  */
	uint32_t dribble;   /* reads give 1 to this many bytes; 0: all there are */
	size_t buffer;      /* bytes on their way before the sender must wait    */
	enum leno_pipe_class class;
	enum leno_pipe_class accepted; /* as the end sees it that did not dial, behind a
	                                  proxy; 0: the same                     */
};
extern const struct sim_profile sim_lan; /* 100 us, no bound; what NULL means */

/* a keeps dialling b over a cable of this profile. */
void sim_wire(struct sim_node *a, struct sim_node *b, const struct sim_profile *);
void sim_cable(struct sim_node *a, struct sim_node *b, const struct sim_profile *);
/* The same dial under its nth name: each is another address of b. */
void sim_dial(struct sim_node *a, struct sim_node *b, unsigned nth);

/* It meets others of its network at this meeting point (options.rendezvous), in each life. */
void sim_meet(struct sim_node *, struct sim_node *point);

/* It says, in each life, that it is dialled at this URI, which may be a lie; at most 8. */
void sim_advertise(struct sim_node *, const char *uri);
unsigned sim_knocks(const struct sim_node *); /* dials that were on their way to it, ever */

void sim_kill(struct sim_node *a, struct sim_node *b); /* their pipes break, new ones may come */
void sim_cut(struct sim_node *a, struct sim_node *b);  /* nothing passes, nobody is told      */
void sim_cut_one_way(struct sim_node *from, struct sim_node *to);
void sim_mend(struct sim_node *a, struct sim_node *b);
void sim_stall(struct sim_node *a, struct sim_node *b, uint64_t us);    /* bytes wait this long */
bool sim_joined(const struct sim_node *a, const struct sim_node *b);    /* by a cable */
unsigned sim_pipes(const struct sim_node *a, const struct sim_node *b); /* open now */

/* Cuts each cable between the nodes named (up to NULL) and all others. */
void sim_partition(struct sim *, ...) __attribute__((sentinel));
void sim_heal(struct sim *); /* mends all cables and thaws all nodes */

/* ---- talking ------------------------------------------------------------------- */

/* One message of this many bytes, watched by the ledger. What leno_send() said. */
int sim_send(struct sim_node *from, struct sim_node *to, size_t size);

/* count messages, one each `every_us`; tries again after LENO_AGAIN and NO_NODE. */
void sim_talk(struct sim_node *from, struct sim_node *to, unsigned count, uint64_t every_us,
              size_t size);

int sim_broadcast(struct sim_node *from, size_t size);

/* A stream of so many bytes, and half as many back, watched by the ledger; a slow reader
 * takes some now and then. sim_abort_pour() ends one that `from` has opened, by chance. */
int sim_pour(struct sim_node *from, struct sim_node *to, size_t size, bool slow);
void sim_abort_pour(struct sim_node *from);

/* A request, watched by the ledger. Each node answers the types "echo" (the same
 * bytes at once), "late" (after 50 ms), "refuse" (code 7, "no"), "twice" (the second
 * reply must fail) and "silent" (never). data must live until it is sent. */
struct sim_got {
	bool done;
	int error, code;
	size_t size;
	char text[64]; /* the answer's first bytes, ended by NUL */
	uint64_t at_us;
};
int sim_ask(struct sim_node *from, struct sim_node *to, const char *type, const char *data,
            leno_ms timeout, struct sim_got *ret);
/* The same with a random body of this size, whose echo is checked. */
int sim_ask_size(struct sim_node *from, struct sim_node *to, const char *type, size_t size,
                 leno_ms timeout);

/* ---- the ledger ---------------------------------------------------------------- */

struct sim_tally {
	uint64_t sent, delivered, confirmed, refused, unknown, open;
};
/* Of all messages that the present life of `from` sent to `to`. */
struct sim_tally sim_tally(const struct sim_node *from, const struct sim_node *to);
uint64_t sim_delivered(const struct sim *); /* messages of all kinds */
uint64_t sim_delivered_bytes(const struct sim *);

/* Whether `from` holds `to` for up, and how often it has heard so in this life. */
bool sim_sees(const struct sim_node *from, const struct sim_node *to);
unsigned sim_ups(const struct sim_node *from, const struct sim_node *to);
unsigned sim_link_ups(const struct sim_node *from, const struct sim_node *to);
enum leno_why sim_last_why(const struct sim_node *from, const struct sim_node *to);
uint64_t sim_down_at(const struct sim_node *from, const struct sim_node *to);

/* Requests that ended, of all and with this error. */
unsigned sim_asks_open(const struct sim_node *);
unsigned sim_casts_open(const struct sim_node *);
unsigned sim_casts_got(const struct sim_node *); /* broadcasts delivered to it */
/* The last broadcast of this node that ended. */
void sim_cast_last(const struct sim_node *, uint32_t *ret_confirmed, uint32_t *ret_unknown);
bool sim_blocked(const struct sim_node *from, const struct sim_node *to); /* waits for writable */

/* Services that this node knows of: those that it was told to be up, and not to be down. */
unsigned sim_services(struct sim_node *);
unsigned sim_beats(const struct sim_node *); /* heartbeats that it was told of */

/* From here on an outcome "unknown" is right for what is under way: the story made a
 * session lapse by itself. */
void sim_forgive(struct sim *);

/* True when every promise has been kept so far; else says the broken one. */
bool sim_invariants(struct sim *);
const char *sim_failure(const struct sim *); /* NULL when there is none */

/* True when all is quiet: all living members see exactly each other, agree on the
 * edges, hold one pipe to each neighbour, and nothing sent between the living is
 * open. *ret_why (may be NULL) is what is still missing, lent until the next call. */
bool sim_settled(struct sim *, const char **ret_why);
/* Runs until that, looking each 10 ms. On failure says what is missing. */
bool sim_settle(struct sim *, uint64_t us);

/* Whether all living members see exactly each other (and only that). */
bool sim_all_see_all(struct sim *, const char **ret_why);

#endif
