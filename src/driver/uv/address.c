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

static bool parse_tcp(const char *text, struct address *a)
{
	const char *end;

	a->kind = ADDRESS_TCP;
	if (text[0] == '[') {
		end = strchr(text, ']');
		a->bracketed = true;
		return end && end[1] == ':' &&
		       parse_host(text + 1, (size_t)(end - text) - 1, is_ipv6, a->host) &&
		       strchr(a->host, ':') && parse_port(end + 2, &a->port);
	}
	end = strrchr(text, ':');
	if (!end)
		return false;
	if (end - text == 1 && text[0] == '*')
		strcpy(a->host, "*");
	else if (!parse_host(text, (size_t)(end - text), is_name, a->host))
		return false;
	return parse_port(end + 1, &a->port);
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
	if (strncmp(uri, "tcp://", 6) == 0)
		good = parse_tcp(uri + 6, &a);
	else if (strncmp(uri, "local:", 6) == 0)
		good = parse_local(uri + 6, &a);
	if (!good)
		return LENO_URI;
	*ret = a;
	return LENO_OK;
}
