/* http_head.h - the head of an HTTP request or response, put together from pieces: what
 * stands before the first empty line. http_head.c is the sole user of http-parser.
 *
 *  1. A head has HTTP_HEAD_MAX bytes and HTTP_FIELDS_MAX fields at most; nothing else is kept.
 *  2. Views point into the head itself, until http_head_begin(). */
#ifndef LENO_TRANSPORT_HTTP_HEAD_H
#define LENO_TRANSPORT_HTTP_HEAD_H

#include "base/bytes.h"

enum {
	HTTP_HEAD_MAX   = 8 * 1024,
	HTTP_URL_MAX    = 2 * 1024,   /* of it                                       */
	HTTP_FIELDS_MAX = 64
};

enum http_verb { VERB_OTHER, VERB_GET, VERB_HEAD, VERB_POST };

struct http_field {
	struct bytes name, value;
};

struct http_head {
	enum http_verb verb;          /* of a request                                */
	struct bytes path, query;     /* as they stand there, %-codes and all        */
	unsigned status;              /* of a response                               */
	struct bytes reason;
	unsigned minor;               /* HTTP/1.minor                                */
	bool keep_alive;              /* more may follow on this connection          */
	bool upgrade;                 /* asked for or granted, by both of its fields */
	bool chunked;
	bool sized;                   /* the length of what follows is said          */
	uint64_t length;              /* of the body that follows; 0: none           */
	size_t n_fields;
	struct http_field fields[HTTP_FIELDS_MAX];

	bool request, whole;          /* the rest is http_head.c's own               */
	bool value_began;
	unsigned bad;
	struct bytes url;
	size_t size;
	uint64_t parser[8];
	char data[HTTP_HEAD_MAX];
};

/* An empty one; forgets what was there. */
void http_head_begin(struct http_head *, bool request);

/* Takes bytes, *used of them: none beyond the head. 0: more are wanted; 1: it is whole. Else
 * the status that tells what is wrong, of a response too: 400, 414, 431, 505. */
unsigned http_head_take(struct http_head *, const void *data, size_t size, size_t *used);

/* The first field of this name; data is NULL when there is none. */
struct bytes http_head_field(const struct http_head *, const char *name);

/* Does a field of this name list this word, among others between commas? */
bool http_head_lists(const struct http_head *, const char *name, const char *word);

/* Without regard to the case of ASCII letters. */
bool http_same(struct bytes, const char *text);

#endif
