/* leno/service.h - services, their calls and events; part of leno.h.
 *
 * A service is an object of named methods and events that a node offers under a name; others
 * may offer the same. Who offers what is read from the atlas, so that callers name a service
 * and no node. Arguments, results and what events carry are MessagePack, see leno/msgpack.h.
 *
 *	static const leno_method methods[] = {
 *		{ "idempotent add(a: int, b: int, more: int...) -> int", add },
 *		{ "event added(sum: int)", NULL },
 *	};
 *	leno_service math = { .version = "1.0", .methods = methods, .n_methods = 2 };
 *	leno_service_register(node, "math", &math, NULL);
 *
 * A line is a method: `[idempotent] [stream] NAME(ARGUMENT, ...) [-> TYPE]`, or an event:
 * `event NAME[(NAME: TYPE)]`. An argument is `NAME: TYPE`; `NAME?: TYPE` may be left out, of
 * `NAME: TYPE...` there may be any number, at the end. Types are any, nil, bool, int, number
 * (an int is one), str, bin, list, map, or several of them: `int|nil`. What does not fit is
 * refused before the method is called. */
#include <leno.h>  /* before the guard: it has this header in its place, in what is C */

#ifndef LENO_SERVICE_H
#define LENO_SERVICE_H

typedef struct leno_incoming leno_incoming;   /* a call that came; is answered once */
typedef uint64_t leno_call_id;                /* 0 names no call                    */

enum {
	LENO_SERVICE_MAX = 63,     /* bytes of a service's name: letters, digits, - _ and . */
	LENO_METHOD_MAX  = 63,     /* of a method's: the same, without dots           */
	LENO_VERSION_MAX = 15,     /* of a version: as a service's name               */
	LENO_CONCURRENCY = 64,     /* calls of one service at once, when nothing is said ... */
	LENO_WAITING     = 1024    /* ... and that wait for their turn                */
};

/* ---- offering ------------------------------------------------------------------ */

/* arguments: a MessagePack array (or nothing) that fits the line; lent until this returns.
 * The call may be answered later: it is yours until it is. */
typedef void leno_method_fn(leno_node *, void *user, leno_incoming *, leno_bytes arguments);

typedef struct leno_method {
	const char     *line;
	leno_method_fn *call;      /* NULL for an event                                */
} leno_method;

typedef struct leno_service {
	const char *version;       /* default ""; 1.10 is newer than 1.9               */
	size_t      n_labels;      /* to 4, "key=value" of to 63 bytes                 */
	const char *const *labels;
	size_t      n_methods;     /* to 64                                            */
	const leno_method *methods;
	unsigned    concurrency;   /* calls at once; default LENO_CONCURRENCY          */
	unsigned    waiting;       /* that wait beside them; default LENO_WAITING. More are
	                              answered LENO_BUSY. UINT32_MAX: none may wait    */
	/* Nobody waits for this call any more: its caller cancelled it or is gone, or its time is
	 * up. It has still to be answered, which frees it.                            */
	void (*cancelled)(leno_node *, void *user, leno_incoming *);
	/* After leno_service_unregister(), or registering the name anew: the last call of this
	 * one has been answered, and nothing of it is called any more.               */
	void (*drained)(leno_node *, void *user);
} leno_service;

/* Offers a service, all of it copied. When this node offers the name already, calls that came
 * before are answered by the older one, later ones by this one. Elsewhere, callers turn to the
 * newest version that they know of, and leave the others to end what they have.
 * Errors: ARGUMENT (names, a line, a label; visitors, whom nobody would find), LIMIT (48
 * services, or no room in the node's record), MEMORY, CLOSED. */
LENO_API int leno_service_register(leno_node *, const char *name, const leno_service *,
                                   void *user);

/* No more of it: calls that came are answered still. Errors: NO_SERVICE, ARGUMENT. */
LENO_API int leno_service_unregister(leno_node *, const char *name);

LENO_API leno_node     *leno_call_node(const leno_incoming *);
LENO_API const leno_id *leno_call_from(const leno_incoming *);
LENO_API leno_bytes     leno_call_method(const leno_incoming *);
LENO_API leno_ms        leno_call_left(const leno_incoming *);    /* to its deadline; -1: none */
LENO_API bool           leno_call_cancelled(const leno_incoming *);

/* The answer: one MessagePack value, or nothing for nil. Afterwards the call is gone, except
 * after ARGUMENT (not what the line promises), AGAIN, TOO_BIG and MEMORY. CLOSED: nobody
 * waits for it any more, and it is gone. */
LENO_API int leno_call_reply(leno_incoming *, leno_bytes result);
LENO_API int leno_call_fail(leno_incoming *, int code, const char *why);   /* to 255 bytes */

/* Something on the way to the answer. Errors: AGAIN, ARGUMENT, TOO_BIG, MEMORY, CLOSED. */
LENO_API int leno_call_progress(leno_incoming *, leno_bytes value);

/* Opens a stream of bytes, both ways, to who called, beside the answer. It is accepted as long
 * as the call is not answered; an answer that is given meanwhile goes behind its opening. Errors:
 * those of leno_stream_open(); SELF when the caller is this node; CLOSED. */
LENO_API int leno_call_stream(leno_incoming *, const leno_stream_handlers *, void *user,
                              leno_stream **ret);

/* ---- calling ------------------------------------------------------------------- */

typedef struct leno_call_options {
	const leno_id *node;       /* this one alone; else the better of two by chance, by
	                              their load and round trip                        */
	const char    *label;      /* only those with this label                       */
	const char    *version;    /* only those of this version; else the newest      */
	leno_ms        timeout;    /* 0: 10 s; -1: none                                */
	/* What leno_call_progress() said; a stream that leno_call_stream() opened, which is to
	 * be accepted before this returns. NULL: neither is wanted.                   */
	void (*progress)(leno_node *, void *user, leno_call_id, leno_bytes value);
	void (*stream)(leno_node *, void *user, leno_call_id, leno_stream *);
} leno_call_options;

/* Calls a method. done is called once: error 0 and the result; REFUSED with the code and text
 * of leno_call_fail(); NO_SERVICE, NO_METHOD, ARGUMENTS (why says what is wrong), BUSY;
 * TIMEOUT; UNREACHABLE, CLOSED, PROTOCOL, MEMORY, whose outcome is unknown. When a
 * provider is lost, is busy, has no such method or does not offer it any more, another is
 * asked: after it may have begun only for a method that is declared idempotent there.
 * Errors: NO_SERVICE (nobody that is known offers it so), NO_NODE, ARGUMENT, AGAIN (the queue
 * to the provider is full: the handler `writable` tells of room), TOO_BIG, MEMORY, LIMIT, CLOSED. */
LENO_API int leno_call(leno_node *, const char *service, const char *method,
                       leno_bytes arguments, const leno_call_options *, leno_done_fn *,
                       void *user, leno_call_id *ret);

/* Ends it: the provider is told, and done is not called. Errors: ARGUMENT (it has ended). */
LENO_API int leno_call_cancel(leno_node *, leno_call_id);

/* ---- events -------------------------------------------------------------------- */

typedef void leno_event_fn(leno_node *, void *user, const leno_id *from, const char *event,
                           leno_bytes value);

/* Says it to all nodes that want to hear it, ourselves included: `event` is to 127 bytes,
 * "SERVICE.NAME" by custom. *ret_missed (may be NULL): how many queues had no room for it.
 * What an event of a service here carries must fit its line. Errors: ARGUMENT, CLOSED. */
LENO_API int leno_emit(leno_node *, const char *event, leno_bytes value, size_t *ret_missed);

/* Each event whose name matches the pattern ('*': any run of bytes) is told once, whoever
 * emits it, and however often this is called with the pattern: the last fn counts. An event
 * that several patterns match is told for each. Errors: ARGUMENT (visitors too), LIMIT (24
 * patterns, or no room in the node's record), MEMORY, CLOSED. */
LENO_API int leno_subscribe(leno_node *, const char *pattern, leno_event_fn *, void *user);
LENO_API int leno_unsubscribe(leno_node *, const char *pattern);            /* ARGUMENT */

/* ---- who offers what ------------------------------------------------------------ */

typedef struct leno_service_info {
	const char *name, *version;
	leno_id     node;
	uint32_t    hash;          /* of its contract                                  */
	unsigned    load;          /* 0 idle, 128 as many calls as it does at once, more when
	                              others wait, to 255; as last heard               */
	size_t      n_labels;
	const char *const *labels;
} leno_service_info;

/* Each that is known, by each node. fn returns false to stop; it looks, and registers nothing. */
LENO_API void leno_services(leno_node *, bool (*fn)(void *arg, const leno_service_info *),
                            void *arg);

/* The lines of a service of that node, as text. Errors: those of leno_request(). */
LENO_API int leno_service_describe(leno_node *, const leno_id *, const char *name, leno_ms timeout,
                                   leno_done_fn *, void *user);

/* ---- time ------------------------------------------------------------------------ */

typedef struct leno_clock {
	int      error;            /* 0, or why nothing is known                       */
	leno_id  node;
	int64_t  offset_us;        /* its wall clock less ours                         */
	uint32_t rtt_us;           /* of the exchange with the least of them: the offset is
	                              right within half of it                          */
} leno_clock;
typedef void leno_clock_fn(leno_node *, void *user, const leno_clock *);

/* Compares wall clocks with a node by a few exchanges (as NTP does, RFC 5905). Errors: those
 * of leno_request(). */
LENO_API int leno_clock_compare(leno_node *, const leno_id *, leno_ms timeout, leno_clock_fn *,
                                void *user);

/* Our wall clock: microseconds since 1970. 0 when the driver has told none. */
LENO_API int64_t leno_clock_now(const leno_node *);

#endif
