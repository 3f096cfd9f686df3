/* http_client.c - asks a server for a WebSocket, or a proxy for a tunnel.
 *
 *   ASKING --request said--> WAITING --101 heard, all of it as it must be--> OPEN
 *                               \--anything else--> refused, its status in the sentence
 *
 * Informational answers before it (100, 103) are passed over. */
#include "transport/http.h"

#include "base/mem.h"

#include <stdio.h>

enum { REQUEST_MAX = HTTP_URL_MAX + 1024, INFORMATIONAL_MAX = 8 };

struct client {
	struct filter filter;
	enum { ASKING, WAITING, OPEN } state;
	bool tunnel;
	unsigned informational;
	char accept[HTTP_ACCEPT + 1];
	struct http_head *head;       /* until it is open */
	size_t n_request;
	char *request;                /* until it is open; FILTER_HEAD free before it */
	char text[160];
};

static struct client *of(struct filter *f)
{
	return (struct client *)f;
}

static int refused(struct client *c, int error, const char *why)
{
	c->filter.why = why;
	return error;
}

/* The status of an answer that is no 101, in a sentence. Its words are a stranger's. */
static int no_upgrade(struct client *c)
{
	const struct http_head *h = c->head;
	char words[40];
	size_t n = 0;

	for (size_t i = 0; i < h->reason.size && n + 1 < sizeof words; i++)
		if (h->reason.data[i] >= ' ' && h->reason.data[i] < 0x7f)
			words[n++] = (char)h->reason.data[i];
	words[n] = '\0';
	snprintf(c->text, sizeof c->text,
	         c->tunnel ? "the proxy answers %u%s%s where a tunnel was asked for"
	                   : "it answers %u%s%s where a WebSocket was asked for",
	         h->status, n ? " " : "", words);
	return refused(c, h->status == 503 || h->status == 429 ? LENO_BUSY : LENO_REFUSED, c->text);
}

static int open_up(struct client *c)
{
	c->state = OPEN;
	c->head = mem_free(c->head);
	c->request = mem_free(c->request);
	return LENO_OK;
}

static int check(struct client *c)
{
	const struct http_head *h = c->head;
	struct bytes accept = http_head_field(h, "Sec-WebSocket-Accept");
	struct bytes protocol = http_head_field(h, "Sec-WebSocket-Protocol");

	if (c->tunnel)
		return h->status >= 200 && h->status < 300 ? open_up(c) : no_upgrade(c);
	if (h->status != 101)
		return no_upgrade(c);
	if (!h->upgrade || !http_same(http_head_field(h, "Upgrade"), "websocket"))
		return refused(c, LENO_PROTOCOL, "it upgrades to something else than WebSocket");
	if (!bytes_same(accept, bytes_text(c->accept)))
		return refused(c, LENO_PROTOCOL, "it accepts a WebSocket that was not asked for: "
		                                 "an answer to somebody else");
	if (http_head_field(h, "Sec-WebSocket-Extensions").data)
		return refused(c, LENO_PROTOCOL, "it wants an extension that was not offered");
	if (protocol.data && !http_same(protocol, "leno"))
		return refused(c, LENO_PROTOCOL, "it wants a subprotocol that was not offered");
	return open_up(c);
}

static int take(struct filter *f, uint8_t *data, size_t size, filter_sink *sink, void *user)
{
	struct client *c = of(f);

	while (c->state != OPEN && size > 0) {
		size_t used;
		unsigned what = http_head_take(c->head, data, size, &used);
		int error;

		data += used;
		size -= used;
		if (what == 0)
			return LENO_OK;
		if (what != 1)
			return refused(c, LENO_PROTOCOL, "it does not answer as HTTP");
		if (c->head->status >= 100 && c->head->status < 200 && c->head->status != 101) {
			if (++c->informational > INFORMATIONAL_MAX)
				return refused(c, LENO_PROTOCOL, "it answers that it will answer");
			http_head_begin(c->head, false);
			continue;
		}
		error = check(c);
		if (error < 0)
			return error;
	}
	return size > 0 ? filter_take(f->inner, data, size, sink, user) : LENO_OK;
}

static struct span wrap(struct filter *f, struct span plain)
{
	return plain;
}

static struct span say(struct filter *f)
{
	struct client *c = of(f);

	if (c->state != ASKING)
		return (struct span){ NULL, 0 };
	c->state = WAITING;
	return (struct span){ (uint8_t *)c->request + FILTER_HEAD, c->n_request };
}

static bool ready(const struct filter *f)
{
	return ((const struct client *)f)->state == OPEN;
}

static void finish(struct filter *f)
{
}

static void release(struct filter *f)
{
	struct client *c = of(f);

	mem_free(c->head);
	mem_free(c->request);
	mem_free(c);
}

static const struct filter_ops ops = { take, wrap, say, ready, finish, release };

/* With room for a request, and the filter within; NULL, and that one freed, without memory. */
static struct client *new_client(struct filter *inner)
{
	struct client *c = mem_new(sizeof *c);

	if (c) {
		c->filter.ops = &ops;
		c->head = mem_take(sizeof *c->head);
		c->request = mem_take(FILTER_HEAD + REQUEST_MAX);
	}
	if (c && inner && c->head && c->request) {
		http_head_begin(c->head, false);
		c->filter.inner = inner;
		return c;
	}
	if (c)
		release(&c->filter);
	filter_free(inner);
	return NULL;
}

/* Its request is n bytes; it is none when that is more than there is room for. */
static struct filter *with_request(struct client *c, int n)
{
	if (n > 0 && n < REQUEST_MAX) {
		c->n_request = (size_t)n;
		return &c->filter;
	}
	filter_free(&c->filter);
	return NULL;
}

struct filter *http_client_new(const char *host, const char *path, const uint8_t key[HTTP_KEY],
                               struct filter *inner)
{
	struct client *c = new_client(inner);
	char text[HTTP_KEY_TEXT + 1];

	if (!c)
		return NULL;
	http_key_text(text, key);
	if (!http_key_accept(c->accept, bytes_text(text)))
		return with_request(c, 0);
	return with_request(
		c, snprintf(c->request + FILTER_HEAD, REQUEST_MAX,
	                    "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
	                    "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
	                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: leno\r\n"
	                    "User-Agent: leno/" LENO_VERSION "\r\n\r\n",
	                    path, host, text));
}

struct filter *http_tunnel_new(const char *authority, struct filter *inner)
{
	struct client *c = new_client(inner);

	if (!c)
		return NULL;
	c->tunnel = true;
	return with_request(c, snprintf(c->request + FILTER_HEAD, REQUEST_MAX,
	                                "CONNECT %s HTTP/1.1\r\nHost: %s\r\n"
	                                "User-Agent: leno/" LENO_VERSION "\r\n\r\n",
	                                authority, authority));
}
