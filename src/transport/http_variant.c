/* http_variant.c - one page in several forms: compressed for who takes that, not at all for who
 * has it. Which form it was is said in the head, so that what stands between keeps them apart. */
#include "transport/http.h"

#include <stdio.h>

/* Of an application: what would end the field early, or the head, is not said. */
static bool one_line(const char *text, size_t most)
{
	size_t n = 0;

	for (; text && text[n]; n++)
		if (text[n] < ' ' || text[n] == 0x7f || n == most)
			return false;
	return n > 0;
}

/* Does a list of tags, weak or not, hold this one? Tags are between quotes. */
static bool holds(struct bytes list, const char *tag)
{
	size_t n = strlen(tag);

	for (size_t i = 0; list.data && i + n + 2 <= list.size; i++)
		if (list.data[i] == '"' && memcmp(list.data + i + 1, tag, n) == 0 &&
		    list.data[i + 1 + n] == '"')
			return true;
	return false;
}

bool http_variant(const struct http_head *h, struct http_answer *a, char ret[HTTP_VARIANT_MAX])
{
	bool tagged = one_line(a->etag, HTTP_ETAG_MAX) && !strchr(a->etag, '"');
	bool packed = a->gzip.size > 0 && http_head_lists(h, "Accept-Encoding", "gzip");
	bool guarded = one_line(a->policy, HTTP_POLICY_MAX);

	if (packed)
		a->text = a->gzip;
	/* The tag is a weak one: it tells versions apart, not their forms. */
	snprintf(ret, HTTP_VARIANT_MAX, "%s%s%s%s%s%s%s%s", packed ? "Content-Encoding: gzip\r\n" : "",
	         a->gzip.size > 0 ? "Vary: Accept-Encoding\r\n" : "", tagged ? "ETag: W/\"" : "",
	         tagged ? a->etag : "", tagged ? "\"\r\n" : "",
	         guarded ? "Content-Security-Policy: " : "", guarded ? a->policy : "",
	         guarded ? "\r\n" : "");
	if (!tagged || a->status != 200 || !holds(http_head_field(h, "If-None-Match"), a->etag))
		return false;
	a->status = 304;
	return true;
}
