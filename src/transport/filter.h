/* filter.h - what stands between a socket and the engine: TLS, WebSocket, HTTP.
 *
 * A filter turns bytes of the wire into plain ones and back, without system calls, clocks
 * or threads. Filters stack: the outermost stands at the wire, the innermost at the engine.
 *
 *     wire --take--> outer --take--> inner --take--> sink (the engine)
 *     wire <--wrap-- outer <--wrap-- inner <-------- what the engine made
 *     wire <--say--- each: handshakes, pongs, closes
 *
 *  1. Nothing is wrapped before filter_ready(). A filter is ready when what it had to say
 *     before plain bytes has been taken from it.
 *  2. What say and wrap gave must reach the wire in that order, whole. It is lent until the
 *     next call for any filter of this stack.
 *  3. An error is for good: the pipe is to be closed, after what say still gives.
 *  4. Before it is ready a filter keeps no more than FILTER_KEEP_MAX bytes of a stranger. */
#ifndef LENO_TRANSPORT_FILTER_H
#define LENO_TRANSPORT_FILTER_H

#include <leno/engine.h>

enum {
	FILTER_HEAD     = 64,          /* bytes free before what is wrapped, for all together */
	FILTER_KEEP_MAX = 64 * 1024    /* beside what its library holds                      */
};

/* Bytes that the receiver may overwrite. */
struct span {
	uint8_t *data;
	size_t size;
};

typedef void filter_sink(void *user, uint8_t *data, size_t size);

struct filter;

struct filter_ops {
	/* Bytes of the wire, to be overwritten; plain ones go to filter_take(f->inner, ...,
	 * sink, user), whose errors are its own. 0, or an error with f->why set: PROTOCOL,
	 * REFUSED, MEMORY; CLOSED: the peer ended it properly, nothing more comes. */
	int (*take)(struct filter *, uint8_t *data, size_t size, filter_sink *, void *user);

	/* Plain bytes, FILTER_HEAD free before them, as they go to the wire: in place, or in
	 * memory of its own. Empty: no memory, and f->why is set. */
	struct span (*wrap)(struct filter *, struct span plain);

	/* What it has to say itself, FILTER_HEAD free before it, and forgets thereby. Empty:
	 * nothing more. */
	struct span (*say)(struct filter *);

	bool (*ready)(const struct filter *);  /* plain bytes may pass, both ways           */
	void (*finish)(struct filter *);       /* a proper end is what it says next         */
	void (*free)(struct filter *);         /* itself alone                              */
};

struct filter {
	const struct filter_ops *ops;
	struct filter *inner;          /* NULL: the engine                                  */
	const char *why;               /* a sentence about its error; static, or its own    */
	enum leno_pipe_class class;    /* what it makes of a pipe; 0: nothing else          */
	bool serves;                   /* answers a stranger who wants no pipe: as long as he
	                                  takes what say gives he may stay                  */
	bool idle;                     /* it has served, and nothing is asked for now: gives way
	                                  first, since who is cut off there asks anew       */
	bool waits;                    /* for what comes later, and is no stranger: its patience
	                                  is somebody else's                                */
	int ending;                    /* not 0: why the pipe is to end when say gives nothing
	                                  more, though take() failed with nothing           */
};

/* A stack is named by its outermost filter; NULL is none: bytes pass as they are. */
int  filter_take(struct filter *, uint8_t *data, size_t size, filter_sink *, void *user);
struct span filter_wrap(struct filter *, struct span plain);
struct span filter_say(struct filter *);           /* of any, wrapped by those outside   */
bool filter_ready(const struct filter *);          /* all of them are                    */
void filter_finish(struct filter *);               /* of those that are ready            */
const char *filter_why(const struct filter *);     /* the first there is, or NULL        */
bool filter_serves(const struct filter *);         /* any of them                        */
bool filter_idle(const struct filter *);           /* any of them                        */
bool filter_waits(const struct filter *);          /* the same                           */
int  filter_ending(const struct filter *);         /* the first that is not 0            */

/* What they make of a pipe that would be of this class without them. */
enum leno_pipe_class filter_class(const struct filter *, enum leno_pipe_class);
void filter_free(struct filter *);                 /* all of them                        */

#endif
