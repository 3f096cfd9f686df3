/* http_head.c - heads of HTTP, by http-parser. What it finds lies in our copy of the head,
 * which grows in place: so a view that is given to us in pieces is one view. */
#include "transport/http_head.h"

#include <assert.h>
#include <http_parser.h>

static_assert(sizeof(http_parser) <= sizeof(((struct http_head *)0)->parser), "it has its room");

static http_parser *parser_of(struct http_head *h)
{
	return (http_parser *)(void *)h->parser;
}

/* What makes the parser stop, and what it is then answered with. */
static int refuse(struct http_head *h, unsigned status)
{
	h->bad = status;
	return -1;
}

static void extend(struct bytes *view, const char *at, size_t size)
{
	if (!view->data)
		view->data = (const uint8_t *)at;
	view->size = (size_t)(at - (const char *)view->data) + size;
}

static int on_url(http_parser *p, const char *at, size_t size)
{
	struct http_head *h = p->data;

	extend(&h->url, at, size);
	return h->url.size > HTTP_URL_MAX ? refuse(h, 414) : 0;
}

static int on_status(http_parser *p, const char *at, size_t size)
{
	struct http_head *h = p->data;

	extend(&h->reason, at, size);
	return 0;
}

static int on_name(http_parser *p, const char *at, size_t size)
{
	struct http_head *h = p->data;

	if (h->n_fields == 0 || h->value_began) {
		if (h->n_fields == HTTP_FIELDS_MAX)
			return refuse(h, 431);
		h->value_began = false;
		h->fields[h->n_fields++] = (struct http_field){ { 0 }, { 0 } };
	}
	extend(&h->fields[h->n_fields - 1].name, at, size);
	return 0;
}

/* A value that goes on in the next line is out of use since RFC 7230, and means different
 * things to different readers. */
static int on_value(http_parser *p, const char *at, size_t size)
{
	struct http_head *h = p->data;
	struct bytes *value = &h->fields[h->n_fields - 1].value;

	h->value_began = true;
	if (value->data && (const char *)value->data + value->size != at)
		return refuse(h, 400);
	extend(value, at, size);
	return 0;
}

static bool split_url(struct http_head *h)
{
	struct http_parser_url u;
	const uint8_t *at = h->url.data;

	http_parser_url_init(&u);
	if (http_parser_parse_url((const char *)at, h->url.size, 0, &u) != 0)
		return false;
	if (u.field_set & 1 << UF_PATH)
		h->path = bytes_of(at + u.field_data[UF_PATH].off, u.field_data[UF_PATH].len);
	else
		h->path = bytes_text("/");
	if (u.field_set & 1 << UF_QUERY)
		h->query = bytes_of(at + u.field_data[UF_QUERY].off, u.field_data[UF_QUERY].len);
	return true;
}

static enum http_verb verb_of(unsigned method)
{
	switch (method) {
	case HTTP_GET: return VERB_GET;
	case HTTP_HEAD: return VERB_HEAD;
	case HTTP_POST: return VERB_POST;
	default: return VERB_OTHER;
	}
}

/* As Debian builds it the parser lets spaces pass in names, which others end them at. */
static bool names_good(const struct http_head *h)
{
	for (size_t i = 0; i < h->n_fields; i++)
		if (memchr(h->fields[i].name.data, ' ', h->fields[i].name.size))
			return false;
	return true;
}

/* 2: what follows is ours to read, body or not. */
static int on_whole(http_parser *p)
{
	struct http_head *h = p->data;

	if (p->http_major != 1)
		return refuse(h, 505);
	if (!names_good(h) || (h->request && (p->method == HTTP_CONNECT || !split_url(h))))
		return refuse(h, 400);
	h->verb = verb_of(p->method);
	h->status = p->status_code;
	h->minor = p->http_minor;
	h->upgrade = p->upgrade;
	h->keep_alive = http_should_keep_alive(p);
	h->chunked = p->flags & F_CHUNKED;
	h->sized = p->content_length != UINT64_MAX;
	h->length = p->content_length == UINT64_MAX ? 0 : p->content_length;
	h->whole = true;
	return 2;
}

static const http_parser_settings settings = {
	.on_url = on_url,
	.on_status = on_status,
	.on_header_field = on_name,
	.on_header_value = on_value,
	.on_headers_complete = on_whole,
};

void http_head_begin(struct http_head *h, bool request)
{
	memset(h, 0, offsetof(struct http_head, data));
	h->request = request;
	http_parser_init(parser_of(h), request ? HTTP_REQUEST : HTTP_RESPONSE);
	parser_of(h)->data = h;
}

unsigned http_head_take(struct http_head *h, const void *data, size_t size, size_t *used)
{
	http_parser *p = parser_of(h);
	size_t room = HTTP_HEAD_MAX - h->size, n = size < room ? size : room;

	memcpy(h->data + h->size, data, n);
	*used = http_parser_execute(p, &settings, h->data + h->size, n);
	h->size += *used;
	if (h->bad)
		return h->bad;
	if (h->whole)
		return 1;
	if (HTTP_PARSER_ERRNO(p) == HPE_HEADER_OVERFLOW)
		return 431;
	if (HTTP_PARSER_ERRNO(p) != HPE_OK)
		return 400;
	if (h->size == HTTP_HEAD_MAX)
		return h->n_fields == 0 && h->request ? 414 : 431;
	return 0;
}

/* ---- fields ------------------------------------------------------------------------ */

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool http_same(struct bytes b, const char *text)
{
	size_t i;

	for (i = 0; i < b.size && text[i]; i++)
		if (lower(b.data[i]) != lower((uint8_t)text[i]))
			return false;
	return i == b.size && !text[i];
}

struct bytes http_head_field(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->n_fields; i++)
		if (http_same(h->fields[i].name, name))
			return h->fields[i].value.data ? h->fields[i].value : bytes_text("");
	return bytes_of(NULL, 0);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool lists(struct bytes value, const char *word)
{
	const uint8_t *at = value.data, *end = at + value.size;

	while (at < end) {
		const uint8_t *comma = memchr(at, ',', (size_t)(end - at));
		const uint8_t *to = comma ? comma : end, *next = comma ? comma + 1 : end;

		while (at < to && is_space(*at))
			at++;
		while (to > at && is_space(to[-1]))
			to--;
		if (http_same(bytes_of(at, (size_t)(to - at)), word))
			return true;
		at = next;
	}
	return false;
}

bool http_head_lists(const struct http_head *h, const char *name, const char *word)
{
	for (size_t i = 0; i < h->n_fields; i++)
		if (http_same(h->fields[i].name, name) && h->fields[i].value.data &&
		    lists(h->fields[i].value, word))
			return true;
	return false;
}
