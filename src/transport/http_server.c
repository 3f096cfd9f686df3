/* http_server.c - answers requests, and turns one into a WebSocket.
 *
 *   READING --a page is asked for--> ANSWERING --all of it said--> READING
 *      |--exchange--> BODY --all of it came--> WAITING --answered--> ANSWERING
 *      |                                 \--it was the last one--> OVER
 *      +--upgrade--> AGREED --101 said--> OPEN
 *      +--it is refused--> ANSWERING, then OVER
 *
 *  1. What comes while an answer is said is kept, and read after it.
 *  2. What comes in OVER is dropped: the answer must not be lost to a reset. */
#include "transport/http.h"

#include "base/mem.h"
#include "transport/poll.h"

#include <assert.h>
#include <stdio.h>

enum state { READING, BODY, WAITING, ANSWERING, AGREED, OPEN, OVER };
enum { HEAD_MAX = 768 + HTTP_VARIANT_MAX, ROOM = FILTER_HEAD + HEAD_MAX + HTTP_PIECE };

struct server {
	struct filter filter;
	const struct http_server *ways;
	enum state state;
	struct http_head *head;       /* until OPEN                                  */
	unsigned n_requests;
	bool last;                    /* the connection ends after this answer       */
	bool begun;                   /* the answer's head is said                   */
	unsigned status;
	size_t n_said;                /* of the answer's head, in `room`             */
	struct http_body *body;
	uint64_t left;                /* of the body that is said                    */
	struct http_exchange *exchange;
	uint64_t coming;              /* of the body that comes                      */
	const char *fields;           /* more of them, while an answer begins        */
	uint8_t *room;                /* while there is an answer                    */
	uint8_t *kept;                /* HTTP_KEPT_MAX, while there is something     */
	size_t n_kept;
};

static const char early[] = "it sends frames before the upgrade is agreed on";

static struct server *of(struct filter *f)
{
	return (struct server *)f;
}

static const struct { unsigned status; const char *words; } words[] = {
	{ 101, "Switching Protocols" }, { 200, "OK" }, { 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
	{ 409, "Conflict" }, { 410, "Gone" },
	{ 413, "Content Too Large" }, { 414, "URI Too Long" }, { 426, "Upgrade Required" },
	{ 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" },
	{ 503, "Service Unavailable" }, { 505, "HTTP Version Not Supported" },
};

const char *http_words(unsigned status)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].status == status)
			return words[i].words;
	return "";
}

/* ---- a body that is a text ------------------------------------------------------------ */

struct text_body {
	struct http_body body;
	size_t at;
	const uint8_t *text;
	uint8_t copy[];
};

static ssize_t read_text(struct http_body *body, uint8_t *to, size_t size)
{
	struct text_body *t = (struct text_body *)body;

	memcpy(to, t->text + t->at, size); /* never asked for more than there is */
	t->at += size;
	return (ssize_t)size;
}

static void free_text(struct http_body *body)
{
	mem_free(body);
}

static struct http_body *text_new(struct bytes text, bool stays)
{
	struct text_body *t = mem_new(sizeof *t + (stays ? 0 : text.size));

	if (!t)
		return NULL;
	t->body = (struct http_body){ read_text, free_text };
	t->text = stays ? text.data : t->copy;
	if (!stays)
		bytes_copy(t->copy, text.data, text.size);
	return &t->body;
}

/* ---- answers --------------------------------------------------------------------------- */

static void drop_answer(struct server *s)
{
	if (s->body)
		s->body->free(s->body);
	s->body = NULL;
	s->room = mem_free(s->room);
}

/* Without memory for an answer there is none, and the connection ends. */
static int out_of_memory(struct server *s)
{
	drop_answer(s);
	s->state = OVER;
	s->filter.why = "no memory for an answer";
	return LENO_MEMORY;
}

/* Fields that some statuses must or should have. */
static const char *more_fields(unsigned status)
{
	switch (status) {
	case 405: return "Allow: GET, HEAD\r\n";
	case 426: return "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
	default: return "";
	}
}

/* Begins an answer; takes its body. */
static int answer(struct server *s, struct http_answer *a)
{
	char form[HTTP_VARIANT_MAX];
	bool head_alone = http_variant(s->head, a, form) || s->head->verb == VERB_HEAD;
	int n;

	s->body = a->body;
	s->left = a->size;
	s->room = mem_take(ROOM);
	if (!a->body) {
		s->left = a->text.size;
		s->body = text_new(a->text, a->stays);
	}
	if (!s->room || !s->body)
		return out_of_memory(s);
	s->n_requests++;
	s->last |= !s->head->keep_alive || s->n_requests >= HTTP_REQUESTS_MAX;
	n = snprintf((char *)s->room + FILTER_HEAD, HEAD_MAX,
	             "HTTP/1.1 %u %s\r\nServer: leno\r\nContent-Type: %.100s\r\nContent-Length: %llu\r\n"
	             "Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n"
	             "Referrer-Policy: no-referrer\r\n%s%s%.200s%s\r\n",
	             a->status, http_words(a->status), a->type ? a->type : "text/plain",
	             (unsigned long long)s->left, form, more_fields(a->status),
	             s->fields ? s->fields : "", s->last ? "Connection: close\r\n" : "");
	assert(n > 0 && n < HEAD_MAX);
	s->n_said = (size_t)n;
	if (head_alone)
		s->left = 0;
	s->status = a->status;
	s->begun = false;
	s->state = ANSWERING;
	s->filter.serves = true;
	return LENO_OK;
}

/* One line that says the status. */
static int answer_status(struct server *s, unsigned status)
{
	char line[64];
	int n = snprintf(line, sizeof line, "%u %s\n", status, http_words(status));
	struct http_answer a = { .status = status, .text = { (uint8_t *)line, (size_t)n } };

	return answer(s, &a);
}

/* The same, and the connection ends: what follows cannot be told from rubbish. */
static int refuse(struct server *s, unsigned status, int error, const char *why)
{
	s->last = true;
	s->filter.ending = error;
	s->filter.why = why;
	return answer_status(s, status);
}

static int answer_page(struct server *s)
{
	const struct http_head *h = s->head;
	struct http_answer a = { 0 };

	if (h->length > 0 || h->chunked)
		return refuse(s, 413, LENO_REFUSED, "a request with a body");
	if (h->verb != VERB_GET && h->verb != VERB_HEAD)
		return answer_status(s, 405);
	s->ways->page(s->ways->user, h, &a);
	return a.status ? answer(s, &a) : answer_status(s, 404);
}

/* ---- requests that others answer --------------------------------------------------------- */

static void begin_exchange(struct server *s)
{
	s->exchange->filter = &s->filter;
	s->coming = s->head->length;
	s->filter.waits = true;
	s->state = s->coming > 0 ? BODY : WAITING;
	if (s->coming == 0)
		s->exchange->ops->whole(s->exchange);
}

static int exchange(struct server *s)
{
	const struct http_head *h = s->head;
	struct bytes origin = http_head_field(h, "Origin");
	unsigned status = 404;

	if (h->chunked || (h->verb != VERB_POST && (h->verb != VERB_GET || h->length > 0)))
		return refuse(s, 413, LENO_REFUSED, "a request whose body has no size, or is none");
	if (origin.data && !s->ways->origin(s->ways->user, origin, http_head_field(h, "Host")))
		return refuse(s, 403, LENO_REFUSED, "a page of an origin that is not allowed here");
	s->exchange = s->ways->exchange(s->ways->user, h, &status);
	if (s->exchange) {
		begin_exchange(s);
		return LENO_OK;
	}
	s->last |= h->length > 0; /* whose body nobody reads */
	return answer_status(s, status);
}

static void take_body(struct server *s, uint8_t *data, size_t size)
{
	s->coming -= size;
	if (s->exchange)
		s->exchange->ops->take(s->exchange, data, size);
	if (s->coming > 0)
		return;
	if (s->state == BODY)
		s->state = WAITING;
	if (s->exchange)
		s->exchange->ops->whole(s->exchange);
}

void http_exchange_answer(struct http_exchange *e, const struct http_answer *a, const char *fields)
{
	struct server *s = (struct server *)e->filter;
	struct http_answer copy = *a;

	if (!s)
		return;
	e->filter = NULL;
	s->exchange = NULL;
	s->filter.waits = false;
	s->n_requests--;          /* a session may ask for as long as it lives */
	s->last |= s->coming > 0; /* it is answered before all of it came */
	s->fields = fields;
	if (answer(s, &copy) < 0)
		s->filter.ending = LENO_MEMORY;
	s->fields = NULL;
}

/* ---- the upgrade ------------------------------------------------------------------------ */

static int agree(struct server *s, struct bytes key)
{
	bool named = http_head_lists(s->head, "Sec-WebSocket-Protocol", "leno");
	char accept[HTTP_ACCEPT + 1];
	int n;

	s->room = mem_take(ROOM);
	if (!s->room || !http_key_accept(accept, key))
		return out_of_memory(s);
	n = snprintf((char *)s->room + FILTER_HEAD, HEAD_MAX,
	             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	             "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
	             accept, named ? "Sec-WebSocket-Protocol: leno\r\n" : "");
	s->n_said = (size_t)n;
	s->state = AGREED;
	s->filter.serves = false;
	return LENO_OK;
}

static int upgrade(struct server *s)
{
	const struct http_head *h = s->head;
	struct bytes key = http_head_field(h, "Sec-WebSocket-Key");
	struct bytes origin = http_head_field(h, "Origin");

	if (h->verb != VERB_GET || h->minor < 1 || h->length > 0 || h->chunked ||
	    !http_head_field(h, "Host").data)
		return refuse(s, 400, LENO_PROTOCOL, "an upgrade that is no plain GET");
	if (!http_same(http_head_field(h, "Sec-WebSocket-Version"), "13"))
		return refuse(s, 426, LENO_OLD, "another version of WebSocket than 13");
	if (!http_key_good(key))
		return refuse(s, 400, LENO_PROTOCOL, "a Sec-WebSocket-Key that is none");
	if (origin.data && !s->ways->origin(s->ways->user, origin, http_head_field(h, "Host")))
		return refuse(s, 403, LENO_REFUSED, "a page of an origin that is not allowed here");
	return agree(s, key);
}

/* ---- requests ----------------------------------------------------------------------------- */

static int request(struct server *s)
{
	if (s->head->upgrade && http_head_lists(s->head, "Upgrade", "websocket"))
		return upgrade(s);
	if (poll_is(s->head->query))
		return exchange(s);
	return answer_page(s);
}

static const char *why_bad(unsigned status)
{
	switch (status) {
	case 414: return "a request whose URL is too long";
	case 431: return "a request with too many fields, or too long ones";
	case 505: return "a request in a version of HTTP that is not 1.0 or 1.1";
	default: return "a request that is no HTTP";
	}
}

/* Reads requests, and bodies that somebody wants; *used of the bytes. */
static int read_requests(struct server *s, uint8_t *data, size_t size, size_t *used)
{
	size_t n;
	int error = LENO_OK;

	*used = 0;
	while ((s->state == READING || s->state == BODY) && *used < size && error == LENO_OK) {
		unsigned what;

		if (s->state == BODY) {
			n = size - *used < s->coming ? size - *used : (size_t)s->coming;
			take_body(s, data + *used, n);
			*used += n;
			continue;
		}
		what = http_head_take(s->head, data + *used, size - *used, &n);
		*used += n;
		if (what == 1)
			error = request(s);
		else if (what != 0)
			error = refuse(s, what, LENO_PROTOCOL, why_bad(what));
	}
	return error;
}

static int keep(struct server *s, const uint8_t *data, size_t size)
{
	if (!s->kept)
		s->kept = mem_take(HTTP_KEPT_MAX);
	if (!s->kept)
		return out_of_memory(s);
	if (size > HTTP_KEPT_MAX - s->n_kept) {
		s->filter.why = "it asks faster than it listens";
		return LENO_LIMIT;
	}
	memcpy(s->kept + s->n_kept, data, size);
	s->n_kept += size;
	return LENO_OK;
}

/* The rest of what is kept, after an answer. */
static int read_kept(struct server *s)
{
	size_t used;
	int error = read_requests(s, s->kept, s->n_kept, &used);

	s->n_kept -= used;
	memmove(s->kept, s->kept + used, s->n_kept);
	return error;
}

static int take(struct filter *f, uint8_t *data, size_t size, filter_sink *sink, void *user)
{
	struct server *s = of(f);
	size_t used = 0;
	int error = LENO_OK;

	if (s->state == OPEN)
		return filter_take(f->inner, data, size, sink, user);
	s->filter.idle = false;
	if (s->state == READING || s->state == BODY)
		error = read_requests(s, data, size, &used);
	if (error < 0 || used == size || s->state == OVER || s->last)
		return error;
	if (s->state == AGREED) {
		f->why = early;
		return LENO_PROTOCOL;
	}
	return keep(s, data + used, size - used);
}

/* ---- what is said -------------------------------------------------------------------------- */

static struct span nothing(void)
{
	return (struct span){ NULL, 0 };
}

static void answered(struct server *s)
{
	drop_answer(s);
	if (s->last) {
		s->state = OVER;
		if (!s->filter.ending)
			s->filter.ending = LENO_CLOSED;
		return;
	}
	s->state = READING;
	http_head_begin(s->head, true);
	s->filter.idle = s->n_kept == 0;
	if (s->n_kept > 0 && read_kept(s) < 0)
		s->filter.ending = LENO_MEMORY;
	if (s->state == AGREED && s->n_kept > 0) {
		s->filter.ending = LENO_PROTOCOL;
		s->filter.why = early;
	}
}

/* The next piece, the head before the first one. */
static struct span piece(struct server *s)
{
	struct span out = { s->room + FILTER_HEAD, s->begun ? 0 : s->n_said };
	size_t want = s->left < HTTP_PIECE ? (size_t)s->left : HTTP_PIECE;

	s->begun = true;
	if (want > 0) {
		ssize_t n = s->body->read(s->body, out.data + out.size, want);

		if (n < 1) {               /* it promised more: only an end can tell */
			s->state = OVER;
			s->filter.ending = LENO_FILE;
			s->filter.why = "a page that became shorter while it was sent";
			return out;
		}
		s->left -= (uint64_t)n;
		out.size += (size_t)n;
	}
	return out;
}

static struct span say(struct filter *f)
{
	struct server *s = of(f);

	if (s->state == ANSWERING && s->begun && s->left == 0)
		answered(s);           /* and what was kept may ask for anything */
	if (s->state == AGREED) {
		s->state = OPEN;
		s->head = mem_free(s->head);
		return (struct span){ s->room + FILTER_HEAD, s->n_said };
	}
	return s->state == ANSWERING ? piece(s) : nothing();
}

static struct span wrap(struct filter *f, struct span plain)
{
	return plain;
}

static bool ready(const struct filter *f)
{
	return ((const struct server *)f)->state == OPEN;
}

static void finish(struct filter *f)
{
}

static void release(struct filter *f)
{
	struct server *s = of(f);

	if (s->exchange) {
		s->exchange->filter = NULL;
		s->exchange->ops->gone(s->exchange);
	}
	drop_answer(s);
	mem_free(s->head);
	mem_free(s->kept);
	mem_free(s);
}

static const struct filter_ops ops = { take, wrap, say, ready, finish, release };

struct filter *http_server_new(const struct http_server *ways, struct filter *inner)
{
	struct server *s = mem_new(sizeof *s);

	if (s)
		s->head = mem_take(sizeof *s->head);
	if (!inner || !s || !s->head) {
		if (s)
			release(&s->filter);
		filter_free(inner);
		return NULL;
	}
	http_head_begin(s->head, true);
	s->filter.ops = &ops;
	s->filter.inner = inner;
	s->ways = ways;
	return &s->filter;
}
