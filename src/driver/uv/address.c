/* address.c - URIs into their parts. Strict: what is not understood is refused,
 * because a URI that means something else than it says costs an evening. */
#include "driver/uv/address.h"

#include <leno.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	       c == '.' || c == '_';
}

static bool is_ipv6(char c)
{
	/* % and a name: the scope of a link-local address. */
	return is_name(c) || c == ':' || c == '%';
}

/* One to five digits, the whole of text, at most 65535. */
static bool parse_port(const char *text, uint16_t *ret)
{
	uint32_t port = 0;
	size_t n = strlen(text);

	if (n < 1 || n > 5)
		return false;
	for (; *text; text++) {
		if (!is_digit(*text))
			return false;
		port = port * 10 + (uint32_t)(*text - '0');
	}
	if (port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

static bool parse_host(const char *text, size_t size, bool (*allowed)(char), char *ret)
{
	if (size < 1 || size > ADDRESS_HOST)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!allowed(text[i]))
			return false;
	}
	memcpy(ret, text, size);
	ret[size] = '\0';
	return true;
}

/* host:port; the port may be left out where there is one by custom. */
static bool parse_net(const char *text, size_t size, uint16_t custom, struct address *a)
{
	char port[8] = "";
	const char *end = memchr(text, ']', size), *from = text, *colon;

	a->bracketed = size > 0 && text[0] == '[';
	if (a->bracketed && !end)
		return false;
	from = a->bracketed ? text + 1 : text;
	colon = a->bracketed ? end + 1 : memchr(text, ':', size);
	if (!a->bracketed)
		end = colon ? colon : text + size;
	if (colon && colon < text + size && *colon == ':') {
		size_t digits = (size_t)(text + size - colon) - 1;

		if (digits >= sizeof port)
			return false;
		memcpy(port, colon + 1, digits);
		if (!parse_port(port, &a->port))
			return false;
	} else if (!custom || end + a->bracketed != text + size) {
		return false;
	} else {
		a->port = custom;
	}
	if (a->bracketed)
		return parse_host(from, (size_t)(end - from), is_ipv6, a->host) &&
		       strchr(a->host, ':');
	if (end - from == 1 && *from == '*') {
		strcpy(a->host, "*");
		return true;
	}
	return parse_host(from, (size_t)(end - from), is_name, a->host);
}

/* What may stand in the path of a request without being quoted. */
static bool is_path(char c)
{
	return is_name(c) || strchr("/~!$&'()*+,;=:@%", c);
}

static bool parse_path(const char *text, struct address *a)
{
	size_t n = strlen(text);

	if (n == 0)
		text = "/", n = 1;
	if (n > ADDRESS_PATH)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_path(text[i]))
			return false;
	memcpy(a->path, text, n + 1);
	return true;
}

static const struct scheme {
	const char *name;
	enum address_kind kind;
	uint16_t port;               /* by custom; 0: it must be said */
	bool path;
} schemes[] = {
	{ "tcp", ADDRESS_TCP, 0, false },   { "tls", ADDRESS_TLS, 0, false },
	{ "ws", ADDRESS_WS, 80, true },     { "wss", ADDRESS_WSS, 443, true },
	{ "http", ADDRESS_HTTP, 80, true }, { "https", ADDRESS_HTTPS, 443, true },
	{ "udp", ADDRESS_UDP, 0, false },   { "any", ADDRESS_ANY, 0, false },
};

const char *address_scheme(enum address_kind kind)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (schemes[i].kind == kind)
			return schemes[i].name;
	return "local";
}

/* SCHEME://HOST[:PORT][/PATH] */
static bool parse_scheme(const char *uri, struct address *a)
{
	size_t n = strcspn(uri, ":"), size;

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		const struct scheme *s = &schemes[i];
		const char *text = uri + n + 3;

		if (strlen(s->name) != n || memcmp(uri, s->name, n) != 0 ||
		    strncmp(uri + n, "://", 3) != 0)
			continue;
		a->kind = s->kind;
		size = s->path ? strcspn(text, "/") : strlen(text);
		return parse_net(text, size, s->port, a) &&
		       (!s->path || parse_path(text + size, a));
	}
	return false;
}

static bool parse_local(const char *text, struct address *a)
{
	size_t n = strlen(text);

	a->kind = n == 0 ? ADDRESS_LOCAL : ADDRESS_SOCKET;
	if (n == 0)
		return true;
	if (text[0] != '/' || n < 2 || n > ADDRESS_PATH || text[n - 1] == '/')
		return false;
	memcpy(a->path, text, n + 1);
	return true;
}

int address_parse(const char *uri, struct address *ret)
{
	struct address a;
	bool good = false;

	memset(&a, 0, sizeof a);
	if (!uri)
		return LENO_URI;
	if (strncmp(uri, "local:", 6) == 0)
		good = parse_local(uri + 6, &a);
	else
		good = parse_scheme(uri, &a);
	if (!good)
		return LENO_URI;
	*ret = a;
	return LENO_OK;
}
