/* mdns_text.c - "key=value" strings, RFC 6763, 6. Keys are ours and in lower case; the
 * first of several counts. */
#include "driver/uv/mdns_text.h"

#include <stdio.h>
#include <string.h>

enum { HAS_VERSION = 1, HAS_ID = 2, HAS_NETWORK = 4, HAS_SCHEME = 8, HAS_ALL = 15 };

void mdns_text_make(const struct mdns_text *t, char ret[MDNS_STRINGS][MDNS_STRING])
{
	char id[LENO_ID_TEXT];

	snprintf(ret[0], MDNS_STRING, "v=1");
	snprintf(ret[1], MDNS_STRING, "id=%s", leno_id_text(&t->id, id));
	snprintf(ret[2], MDNS_STRING, "net=%s", t->network);
	snprintf(ret[3], MDNS_STRING, "scheme=%s", t->scheme);
}

/* The value of this key, ended by a NUL; NULL when it is another, or too long. */
static const char *value_of(const char *text, const char *key)
{
	size_t n = strlen(key);

	return strncmp(text, key, n) == 0 ? text + n : NULL;
}

static bool is_tag(const char *text)
{
	return strlen(text) == SECRET_TAG - 1 && strspn(text, "0123456789abcdef") == SECRET_TAG - 1;
}

static bool is_scheme(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= MDNS_SCHEME &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-") == n;
}

void mdns_text_take(struct mdns_text_reader *r, const void *string, size_t size)
{
	char text[MDNS_STRING];
	const char *value;

	if (size >= sizeof text || memchr(string, '\0', size))
		return;
	memcpy(text, string, size);
	text[size] = '\0';
	if ((value = value_of(text, "v=")) && !(r->seen & HAS_VERSION)) {
		r->seen |= strcmp(value, "1") == 0 ? HAS_VERSION : 0;
	} else if ((value = value_of(text, "id=")) && !(r->seen & HAS_ID)) {
		r->seen |= leno_id_parse(value, &r->text.id) == 0 ? HAS_ID : 0;
	} else if ((value = value_of(text, "net=")) && !(r->seen & HAS_NETWORK)) {
		if (is_tag(value)) {
			strcpy(r->text.network, value);
			r->seen |= HAS_NETWORK;
		}
	} else if ((value = value_of(text, "scheme=")) && !(r->seen & HAS_SCHEME)) {
		if (is_scheme(value)) {
			strcpy(r->text.scheme, value);
			r->seen |= HAS_SCHEME;
		}
	}
}

bool mdns_text_end(const struct mdns_text_reader *r, struct mdns_text *ret)
{
	if (r->seen != HAS_ALL)
		return false;
	*ret = r->text;
	return true;
}

void mdns_subtype(const char network[SECRET_TAG], char ret[MDNS_SUBTYPE])
{
	snprintf(ret, MDNS_SUBTYPE, "_%.8s._sub._leno._tcp", network);
}
