/* services.h - what this node offers, whom it calls, what it says and hears of events.
 *
 *   offers.c   registering, publishing, what the atlas says of others
 *   provide.c    calls that come: checked, queued, run, answered
 *   calls.c    calls that go: whom to ask, whom to ask next, what became of them
 *   emit.c     events
 *   clock.c    comparing wall clocks
 *   command.c  what this node is told to do; status.c: how it is
 *
 * A call that comes lives until the application has answered it, whatever becomes of who
 * called; a call that goes ends once, by calling_end().
 *
 *   leno_incoming:   (waits ->) runs -> answered (-> unsent, while its queue is full, or a
 *                    stream of it has yet to be opened) -> gone
 *   struct calling:  asked -> (another asked ...) -> ended;  moved: waits for a provider
 *
 *  1. All of it that grows with what others send is taken from `budget`.
 *  2. Handlers run inside inputs only: what is to be told otherwise waits for the timer. */
#ifndef LENO_NODE_SERVICES_H
#define LENO_NODE_SERVICES_H

#include "node/node.h"
#include "service/call.h"
#include "service/contract.h"
#include "service/desk.h"
#include "service/directory.h"
#include "wire/node_record.h"

enum {
	CALL_TRIES    = 4,             /* providers that are asked for one call        */
	LACKS_MAX     = 8,             /* contracts without its method, beside them    */
	CALL_MS       = 10 * 1000,     /* its time when nothing is said                */
	MOVED_US      = 1000 * 1000,   /* so long another provider may take to be known */
	LOAD_US       = 5000 * 1000,   /* between two changes of a load that we publish */
	LOAD_STEP     = 32,            /* that are worth it                            */
	LOAD_MUCH_US  = 500 * 1000,    /* ... and before one that others wait for:     */
	LOAD_MUCH     = LOAD_BUSY / 2, /* so much, full or not full any more, a longer queue */
	LOAD_SETTLE_US = 50 * 1000,    /* a call that is over by then has been no load */
	IDLE_MAX      = 1024,          /* structs that are kept for the next           */
	CLOCK_TRIES   = 4,             /* exchanges of one comparison                  */
	CLOCKS_MAX    = 64             /* comparisons at one time                      */
};

/* One that this node offers, or has offered and not ended yet. */
struct service {
	struct service_key key;
	leno_node     *node;
	struct list    all;            /* services.offered, or .retired                */
	struct list    due;            /* services.due: to be looked at in an input    */
	struct desk    desk;
	struct list    waiting;        /* of struct leno_incoming                      */
	struct bytes   contract;       /* one block with all texts                     */
	uint32_t       hash;
	const char    *version;
	size_t         n_labels;
	const char    *labels[SERVICE_LABELS_MAX];
	size_t         n_methods;
	struct method *methods;
	leno_method_fn **functions;
	void         (*cancelled)(leno_node *, void *user, leno_incoming *);
	void         (*drained)(leno_node *, void *user);
	void          *user;
	bool           retired;
	uint8_t        told_load;
};

struct incoming_key { uint64_t life, request; };       /* life 0: our own calls */

struct leno_incoming {
	struct incoming_key key;
	leno_node     *node;
	struct service *service;
	const struct method *method;
	leno_method_fn *function;
	struct peer   *peer;           /* NULL: ourselves, or gone                     */
	leno_id        from;
	struct list    of_peer;        /* peer->serving; then peer->unsent             */
	struct list    queue;          /* service->waiting; services.idle              */
	struct timer   timer;
	bool           local, cancelled;
	uint32_t       streams_below;  /* its own have lower numbers; 0: it has none   */
	uint8_t       *kept;           /* the arguments while it waits; the answer     */
	size_t         kept_size;
};

/* A call that we have made. */
struct calling {
	uint64_t       number;         /* 0: free                                      */
	uint64_t       uses;
	uint32_t       slot;
	leno_node     *node;
	struct list    all;            /* services.calling, or .free                   */
	struct list    later;          /* services.local, .answered or .moved          */
	struct list    unclocked;
	struct timer   timer;
	uint64_t       due_us;
	leno_id        tried[CALL_TRIES];
	unsigned       n_tried;
	uint32_t       lacks[LACKS_MAX]; /* hashes of contracts without its method     */
	unsigned       n_lacks;
	bool           named, local, again, moved, busy;
	int            lost;           /* why the first that may have begun it is gone */
	leno_id        to;
	uint64_t       request;
	uint8_t       *texts;          /* service, method, label, version, arguments   */
	size_t         texts_room;
	uint8_t        service_size, method_size, label_size, version_size;
	bool           any_label, any_version;
	size_t         arguments_size;
	uint8_t       *answer;         /* our own, until the next input                */
	size_t         answer_size;
	leno_done_fn  *done;
	void         (*progress)(leno_node *, void *user, leno_call_id, leno_bytes value);
	void         (*stream)(leno_node *, void *user, leno_call_id, leno_stream *);
	void          *user;
};

struct services {
	struct budget  budget;
	struct timer   timer;
	struct directory directory;
	struct list    offered, retired, due;
	size_t         n_offered;
	struct map     incoming;
	struct list    own;            /* our own calls that we are to answer          */
	struct list    idle;
	size_t         n_idle;
	struct calling **slots;
	uint32_t       n_slots, slots_room;
	struct list    calling, free, local, answered, moved, unclocked;
	struct list    said;           /* by our own, of calls that are on their way   */
	struct calling *handed;        /* whose method runs, lent its arguments ...    */
	uint8_t       *handed_texts;   /* ... of which it has ended the call itself    */
	struct list    subscriptions;
	size_t         n_subscriptions;
	uint64_t       n_told;         /* events, to subscriptions here                */
	struct list    events;         /* our own, to ourselves                        */
	struct list    clocks;
	size_t         n_clocks;
	uint64_t       load_us;        /* when it was published last, or found to be so */
	uint64_t       look_us;        /* when it is looked at next; NEVER: as published */
	uint64_t       opened_us;
	uint64_t       resident;       /* of the process, as the driver told last      */
	uint32_t       cpu;
	struct list    words;          /* that are obeyed                              */
	size_t         n_words;
	leno_id       *commanders;     /* who may say them ...                         */
	size_t         n_commanders;
	bool           all_command;    /* ... or all members                           */
};

int  services_open(leno_node *);
void services_free(leno_node *);
void services_settle(leno_node *);
void services_wake(leno_node *);                       /* an input is due, if this is none */

/* As send_parts(), and counts it; but the application does not hear of AGAIN, and so not of
 * room either. */
int  services_send(struct peer *, struct item *, const char *type, struct bytes first,
                   struct bytes data);

/* Is it a message or request of these? Then it has been dealt with. */
bool services_take(struct peer *, const struct item *, const char *type);

/* offers.c */
int  offers_publish(leno_node *);                      /* LIMIT                    */
void offers_heard(leno_node *, const leno_id *);       /* its record says other things */
void offers_down(leno_node *, const leno_id *);
void offers_settle(leno_node *);
void offers_load(leno_node *);
struct service *offers_find(leno_node *, struct bytes name);
void offers_free(leno_node *, struct service *);
void offers_describe(struct peer *, const struct item *);

/* provide.c */
void provide_take(struct peer *, const struct item *);
void provide_cancel(struct peer *, const struct item *);
void provide_local(leno_node *, const struct call *, uint64_t number);
void provide_cancel_local(leno_node *, uint64_t number);
void provide_lost(struct peer *);                      /* no path leads there now  */
void provide_part(struct peer *, struct list *ret_parted); /* nobody waits there any more */
void provide_parted(leno_node *, struct list *parted); /* and the handlers hear of it */
void provide_forget(struct peer *);                    /* both, without a word     */
bool provide_unsent(struct peer *);                      /* false: its queue is full again */
void provide_due(struct timer *);
void provide_settle(leno_node *);
void provide_free(leno_node *);

/* calling.c: numbers are never used again while an answer could still come */
struct calling *calling_new(leno_node *, size_t texts, int *ret_error);  /* LIMIT, MEMORY */
struct calling *calling_find(const leno_node *, uint64_t number);
void calling_fill(struct calling *, const char *service, const char *method, leno_bytes arguments,
                  const leno_call_options *);
void calling_free(struct calling *);
void calling_end(struct calling *, const leno_answer *);     /* and tells it        */
void calling_end_with(struct calling *, int error, int code, struct bytes why);
void calling_fail(struct calling *, int error);
struct bytes calling_service(const struct calling *);
struct bytes calling_method(const struct calling *);
const char  *calling_label(const struct calling *);
const char  *calling_version(const struct calling *);
struct bytes calling_arguments(const struct calling *);

/* calls.c */
void calls_progress(struct peer *, const struct item *);
bool calls_take_stream(struct peer *, leno_stream *, const char *topic);
void calls_local_answer(leno_node *, uint64_t number, const struct call_answer *);
int  calls_local_progress(leno_node *, uint64_t number, leno_bytes value);   /* MEMORY */
void calls_forget_said(leno_node *);
void calls_come(leno_node *, const char *name, const leno_id *); /* a provider of it is there */
void calls_due(struct timer *);
void calls_clock(leno_node *, uint64_t passed_us);
void calls_settle(leno_node *);
void calls_free(leno_node *);

/* emit.c */
void emit_take(struct peer *, const struct item *);
void emit_settle(leno_node *);
void emit_free(leno_node *);
void emit_patterns(leno_node *, struct offers *ret);

/* clock.c */
void clock_free(leno_node *);

/* command.c, status.c */
void command_take(struct peer *, const struct item *);
void command_words(const leno_node *, leno_status *ret);
void command_free(leno_node *);
void status_take(struct peer *, const struct item *);

#endif
