/* http.h - HTTP/1.1 before WebSocket: the upgrade, as filters; and the plain requests that
 * come to the same port.
 *
 *  1. The WebSocket filter stands within from the beginning; bytes reach it once the upgrade
 *     is done, and from then on these filters let everything pass.
 *  2. One answer at a time: requests that come before it is taken wait, up to HTTP_KEPT_MAX.
 *  3. A body is asked for piece by piece, when the wire takes it. */
#ifndef LENO_TRANSPORT_HTTP_H
#define LENO_TRANSPORT_HTTP_H

#include "transport/filter.h"
#include "transport/http_head.h"

#include <sys/types.h>

enum {
	HTTP_PIECE        = 16 * 1024, /* of a body; whoever does not take so much in the time
	                                  that a handshake has is dropped                  */
	HTTP_KEPT_MAX     = 8 * 1024,
	HTTP_REQUESTS_MAX = 100,       /* of one connection                                */
	HTTP_KEY          = 16,        /* random bytes of a client's key                   */
	HTTP_ACCEPT       = 28         /* characters of the answer to it                   */
};

/* Where the bytes of an answer come from. */
struct http_body {
	ssize_t (*read)(struct http_body *, uint8_t *to, size_t size); /* below 1: broken */
	void (*free)(struct http_body *);
};

struct http_answer {
	unsigned status;              /* 0: there is no such page                         */
	const char *type;             /* lent until page() returns and the head is made   */
	struct bytes text;            /* copied, unless it stays; or                      */
	struct http_body *body;       /* handed over, with its size                       */
	uint64_t size;
	struct bytes gzip;            /* the same text compressed; none: size 0           */
	const char *etag, *policy;    /* lent as `type` is; NULL: none (see leno_page)    */
	bool stays;                   /* text and gzip, until after the filter's end      */
};

/* A request that somebody else answers, in his time. */
struct http_exchange {
	const struct http_exchange_ops *ops;
	struct filter *filter;        /* NULL: it is answered, or its connection is gone  */
};

struct http_exchange_ops {
	void (*take)(struct http_exchange *, uint8_t *data, size_t size); /* of its body  */
	void (*whole)(struct http_exchange *);  /* all of it came: to be answered        */
	void (*gone)(struct http_exchange *);   /* with its connection, without answer   */
};

/* What a server decides and answers; outlives its filters. */
struct http_server {
	void *user;
	/* A request whose query poll.h knows: who answers it, or NULL and the status to answer
	 * with. Nothing of its body has come. */
	struct http_exchange *(*exchange)(void *user, const struct http_head *,
	                                  unsigned *ret_status);
	/* May pages of this origin open a WebSocket? Asked only about browsers. The host is what
	 * they know this server by; data is NULL when they do not say it. */
	bool (*origin)(void *user, struct bytes origin, struct bytes host);
	/* A GET (or HEAD) that is no upgrade. The head is lent. */
	void (*page)(void *user, const struct http_head *, struct http_answer *ret);
};

/* Both take `inner` (free it when they fail, it may be NULL then) and give NULL when memory
 * is out. host is what the Host field says; both texts are copied. */
struct filter *http_server_new(const struct http_server *, struct filter *inner);
struct filter *http_client_new(const char *host, const char *path, const uint8_t key[HTTP_KEY],
                               struct filter *inner);

/* A tunnel through a proxy (CONNECT) to HOST:PORT, for whatever goes within; the same. */
struct filter *http_tunnel_new(const char *authority, struct filter *inner);

/* Answers it, with these fields beside the usual ones ("A: b\r\n" each); from then on it is its
 * owner's alone. Nothing happens when its connection is gone. */
void http_exchange_answer(struct http_exchange *, const struct http_answer *, const char *fields);

/* http_variant.c: which form of an answer its asker gets, and the fields of its head that tell.
 * True: he has it already (304 now). More than HTTP_VARIANT_MAX, or what is no text of one line:
 * the field is left out. */
enum { HTTP_ETAG_MAX = 64, HTTP_POLICY_MAX = 512, HTTP_VARIANT_MAX = 720 };
bool http_variant(const struct http_head *, struct http_answer *, char ret[HTTP_VARIANT_MAX]);

/* http_key.c: a key in base64, and what the other side answers to it. */
enum { HTTP_KEY_TEXT = 24 };
void http_key_text(char ret[HTTP_KEY_TEXT + 1], const uint8_t key[HTTP_KEY]);
bool http_key_good(struct bytes text);
bool http_key_accept(char ret[HTTP_ACCEPT + 1], struct bytes key_text);

/* The words that go with a status. */
const char *http_words(unsigned status);

#endif
