/* wasm.h - the engine as a WebAssembly module, one node to an instance: inputs and the calls of
 * leno.h are exported functions, what the application would hear is written into one buffer of
 * events that the host reads.
 *
 * The host owns sockets, clocks and randomness: it passes a seed at open. Memory is shared by
 * address: wasm_room() for what the host hands in, wasm_events() and wasm_list() for what comes
 * out. Objects (messages to be answered, streams, groups, maps, calls) are named by handles that
 * are not used again soon: who names one that is gone hears CLOSED.
 *
 *  1. Events pile up until wasm_events_done(): the host reads them after each call.
 *  2. When the buffer cannot grow, the instance ends where it stands: no event is lost.
 *  3. What names an error is negative, an enum leno_error. */
#ifndef LENO_DRIVER_WASM_H
#define LENO_DRIVER_WASM_H

#include <leno/engine.h>

/* Declares and exports what follows. */
#define EXPORT(type, name, ...)                                                                    \
	__attribute__((export_name(#name), used)) type name(__VA_ARGS__);                          \
	type name(__VA_ARGS__)

enum event_kind {
	EVENT_NODE_UP = 1,     /* text name, data as in the list of nodes                 */
	EVENT_NODE_DOWN,       /* number why                                              */
	EVENT_LINK_UP,         /* text uri                                                */
	EVENT_LINK_DOWN,       /* number why, first error                                 */
	EVENT_MESSAGE,         /* flag 1 request | 2 broadcast, handle, text type, data   */
	EVENT_SENT,            /* flag outcome, number error, first, last                 */
	EVENT_BROADCAST_DONE,  /* first seq, number confirmed, last unknown               */
	EVENT_WRITABLE,
	EVENT_ANSWER,          /* handle token, number error, first code, data, or the reason */
	EVENT_STREAM,          /* handle, text topic                                      */
	EVENT_STREAM_READABLE, /* handle                                                  */
	EVENT_STREAM_WRITABLE, /* handle                                                  */
	EVENT_STREAM_CLOSED,   /* handle, number error, first code, text why              */
	EVENT_GROUP_STATE,     /* handle, number state                                    */
	EVENT_GROUP_JOINED,    /* handle                                                  */
	EVENT_GROUP_LEFT,      /* handle, number why                                      */
	EVENT_GROUP_MESSAGE,   /* handle, flag 1 alone, text type, data                   */
	EVENT_GROUP_DONE,      /* handle, first seq, number confirmed, last unknown       */
	EVENT_GROUP_WRITABLE,  /* handle                                                  */
	EVENT_INVITED,         /* text key, data note                                     */
	EVENT_SERVICE_UP,      /* text name, data as in the list of services              */
	EVENT_SERVICE_DOWN,    /* the same                                                */
	EVENT_HEARTBEAT,       /* number microseconds                                     */
	EVENT_CALL,            /* handle, number of the service, first ms left, text method, data */
	EVENT_CALL_CANCELLED,  /* handle                                                  */
	EVENT_DRAINED,         /* number of the service                                   */
	EVENT_PROGRESS,        /* handle token, data                                      */
	EVENT_CALL_STREAM,     /* handle token, number stream, text topic                 */
	EVENT_EVENT,           /* number of the subscription, text event, data            */
	EVENT_STATE_SYNCED,    /* handle                                                  */
	EVENT_STATE_FAILED,    /* handle, number error                                    */
	EVENT_STATE_CHANGE,    /* handle, text key, data as in the list of a map          */
	EVENT_STORE,           /* text map and NUL and key, data entry                    */
	EVENT_CLOCK,           /* handle token, number error, first offset us, last round trip us */
	EVENT_JOINED,          /* number error                                            */
	EVENT_CERTIFICATE,     /* data                                                    */
	EVENT_REVOCATIONS,     /* data                                                    */
	EVENT_LOG,             /* number level, text line                                 */
	EVENT_STATE_REFUSED    /* handle, number error                                    */
};

/* An event's head, little-endian; text and data follow. `size` counts all, and what fills it up
 * to a multiple of eight. */
struct event {
	uint32_t size;
	uint8_t  kind, flag;
	uint16_t text_size;
	uint32_t data_size;
	uint32_t handle;
	int32_t  number;
	uint8_t  id[16];
	uint32_t unused;
	double   first, last;
};

/* What one is about; ids may be NULL. Text is cut at 64 KiB. */
void event_tell(enum event_kind, const leno_id *, struct event, leno_bytes text, leno_bytes data);

leno_bytes text_of(const char *);

/* Tokens of the host, and handles, as what callbacks are given. */
static inline uint32_t token_of(const void *user)
{
	return (uint32_t)(uintptr_t)user;
}
static inline void *user_of(uint32_t token)
{
	return (void *)(uintptr_t)token;
}

/* Handles. 0: there are too many, or no memory; NULL: that object is gone. */
uint32_t handle_new(void *object);
void     handle_is(uint32_t handle, void *object);
void    *handle_get(uint32_t handle);
void    *handle_drop(uint32_t handle);              /* what it was                     */
uint32_t handle_find(const void *object);           /* by looking at all: for what is rare */

/* Fills the list that wasm_list() shows, again with more room while it does not fit. */
typedef void list_fn(leno_pack *, void *arg);
int  list_make(list_fn *, void *arg);                           /* MEMORY, or its size   */
leno_bytes list_bytes(void);
void list_info(leno_pack *, const leno_info *);                 /* of the list of nodes  */
void list_service(leno_pack *, const struct leno_service_info *);
void list_id(leno_pack *, const leno_id *);

extern leno_node *node;

void handlers_set(leno_handlers *);
void on_answer(leno_node *, void *token, const leno_answer *);  /* of whatever is asked  */
void on_log(void *, enum leno_log_level, const char *line);
void streams_told(leno_node *, void *, leno_stream *, const char *topic);
extern const leno_stream_handlers stream_handlers;

#endif
