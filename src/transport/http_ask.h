/* http_ask.h - a filter at whose inner end nobody sits: it says requests, one after the other, and
 * tells what is answered. It is never ready, and waits (see filter.h) until it is forgotten.
 *
 * Answers have to say the size of their bodies. After the last one of a connection its pipe
 * ends. */
#ifndef LENO_TRANSPORT_HTTP_ASK_H
#define LENO_TRANSPORT_HTTP_ASK_H

#include "base/bytes.h"
#include "transport/filter.h"
#include "transport/http_head.h"

struct http_ask_ops {
	void (*head)(void *user, const struct http_head *); /* an answer begins            */
	void (*body)(void *user, uint8_t *data, size_t size);
	/* The next request may be said; or, if it was the `last` one, by another filter:
	 * this one has forgotten you.                                                      */
	void (*whole)(void *user, bool last);
	void (*gone)(void *user);      /* its pipe ended; whatever was asked is not answered */
};

struct filter *http_ask_new(const struct http_ask_ops *, void *user);  /* NULL: no memory */

/* A request, and its body, are copied and said next. One at a time. False: no memory. */
bool http_ask_say(struct filter *, const char *head, struct bytes body);

/* The same, before the answer to another came, and in place of it if it is not said yet: a last
 * word, whose answer nobody hears. */
bool http_ask_last(struct filter *, const char *head, struct bytes body);

/* Nothing is told any more, and the pipe ends. */
void http_ask_forget(struct filter *);

#endif
