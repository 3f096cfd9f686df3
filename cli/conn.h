/* conn.h - one TCP connection joined with one stream: what either end says, the other
 * hears; its end, too, each direction by itself; and a reset. */
#pragma once

#include "app.h"
#include "inlet.h"

#include <stdio.h>

enum { CONN_WHY = 256 };

/* What a stream of a connection is aborted with. */
enum conn_code {
	CONN_DENIED = 1, /* the node does not let us there */
	CONN_FAILED,     /* there is no connection to be had  */
	CONN_RESET,      /* it was reset                      */
	CONN_BUSY        /* too many at once                  */
};

struct conn {
	struct conn *next, **at; /* in the owner's list                       */
	struct app *app;
	void *owner;
	void (*over)(struct conn *, int code, const char *why); /* code 0: both said all */
	leno_id peer;
	int fd; /* -1: not connected yet                     */
	leno_stream *stream;
	struct inlet in;
	struct app_later later; /* what came is written at the end of a step */
	short events; /* that the loop watches it for              */
	bool watched;
	bool stuck;     /* the socket takes no more now              */
	bool shut;      /* the socket was told that all was said     */
	uint64_t bytes; /* from the stream to the socket             */
	int64_t began_us;
	void *more; /* the owner's                               */
};

/* In the list *first; the stream is accepted or opened with conn_handlers and it. */
struct conn *conn_new(struct app *, struct conn **first, const leno_id *peer,
                      void (*over)(struct conn *, int code, const char *why), void *owner);
extern const leno_stream_handlers conn_handlers;

/* From here on the socket, which it takes, and the stream speak with each other. */
void conn_join(struct conn *, int fd);

/* Ends it: aborts the stream, resets the socket, tells `over`, frees. */
void conn_fail(struct conn *, int code, const char *why);

/* All of the list that lead to this node, as conn_fail(..., CONN_RESET). */
void conns_fail_of(struct conn **first, const leno_id *, const char *why);

/* Without a word to anybody, for the end of the command. */
void conn_free(struct conn *);

/* No delay for small pieces; whoever has gone is noticed. Sockets do not block. */
void conn_tune(int fd);

/* As many descriptors as the system allows. */
void conn_limits(void);
