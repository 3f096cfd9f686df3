/* poll.c - windows of numbered bytes, and the queries that name them. */
#include "transport/poll.h"

#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

void poll_clear(struct poll *p)
{
	p->data = mem_free(p->data);
	p->from = p->size = 0;
}

size_t poll_put(struct poll *p, const uint8_t *data, size_t size)
{
	size_t room = POLL_WINDOW - p->size;

	if (size > room)
		size = room;
	if (size == 0)
		return 0;
	if (!p->data && !(p->data = mem_take(POLL_WINDOW)))
		return 0;
	if (p->from + p->size + size > POLL_WINDOW) {
		memmove(p->data, p->data + p->from, p->size);
		p->from = 0;
	}
	memcpy(p->data + p->from + p->size, data, size);
	p->size += size;
	return size;
}

bool poll_has(struct poll *p, uint64_t upto)
{
	if (upto < p->base || upto - p->base > p->size)
		return false;
	p->from += (size_t)(upto - p->base);
	p->size -= (size_t)(upto - p->base);
	p->base = upto;
	if (p->size == 0)
		poll_clear(p); /* many sessions are idle */
	return true;
}

struct bytes poll_rest(const struct poll *p, uint64_t at, size_t most)
{
	size_t skip, n;

	if (at < p->base || at - p->base > p->size || !p->data)
		return bytes_of(NULL, 0);
	skip = (size_t)(at - p->base);
	n = p->size - skip;
	return bytes_of(p->data + p->from + skip, n < most ? n : most);
}

bool poll_take(struct poll *p, uint64_t at, struct bytes b, struct bytes *ret)
{
	uint64_t known;

	if (at > p->got)
		return false;
	known = p->got - at;
	if (known > b.size)
		known = b.size;
	*ret = bytes_of(b.data ? b.data + known : NULL, b.size - (size_t)known);
	p->got += ret->size;
	return true;
}

/* ---- queries ---------------------------------------------------------------------------- */

static const char mark[] = "leno=";

bool poll_is(struct bytes query)
{
	return query.size >= sizeof mark - 1 && memcmp(query.data, mark, sizeof mark - 1) == 0;
}

bool poll_number(struct bytes text, uint64_t *ret)
{
	uint64_t n = 0;

	if (text.size < 1 || text.size > 18) /* so many digits fit for sure */
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		n = n * 10 + (unsigned)(text.data[i] - '0');
	}
	*ret = n;
	return true;
}

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_id(struct bytes text, uint8_t ret[POLL_ID])
{
	if (text.size != 2 * POLL_ID)
		return false;
	for (size_t i = 0; i < POLL_ID; i++) {
		int high = hex(text.data[2 * i]), low = hex(text.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool is(struct bytes b, const char *text)
{
	return bytes_same(b, bytes_text(text));
}

/* One NAME=VALUE. What a later version adds is passed over. */
static bool read_pair(struct bytes name, struct bytes value, struct poll_words *w, bool *has_got)
{
	uint64_t n;

	if (is(name, "leno"))
		return read_id(value, w->id);
	if (is(name, "at"))
		return w->has_at = poll_number(value, &w->at);
	if (is(name, "got"))
		return *has_got = poll_number(value, &w->got);
	if (is(name, "end")) {
		w->end = poll_number(value, &n) && n == 1;
		return w->end;
	}
	return true;
}

bool poll_read(struct bytes query, struct poll_words *ret)
{
	struct poll_words w = { { 0 }, 0, 0, false, false };
	const uint8_t *at = query.data, *end = at + query.size;
	bool has_got = false;

	if (!poll_is(query))
		return false;
	while (at < end) {
		const uint8_t *to = memchr(at, '&', (size_t)(end - at));
		const uint8_t *equals;

		if (!to)
			to = end;
		equals = memchr(at, '=', (size_t)(to - at));
		if (!equals || !read_pair(bytes_of(at, (size_t)(equals - at)),
		                          bytes_of(equals + 1, (size_t)(to - equals - 1)), &w,
		                          &has_got))
			return false;
		at = to + (to < end);
	}
	if (!has_got)
		return false;
	*ret = w;
	return true;
}

void poll_write(char ret[POLL_QUERY_MAX], const struct poll_words *w, uint64_t serial)
{
	char id[2 * POLL_ID + 1], at[32] = "";
	int n;

	for (size_t i = 0; i < POLL_ID; i++)
		snprintf(id + 2 * i, 3, "%02x", (unsigned)w->id[i]);
	if (w->has_at)
		snprintf(at, sizeof at, "&at=%" PRIu64, w->at);
	n = snprintf(ret, POLL_QUERY_MAX, "leno=%s%s&got=%" PRIu64 "&n=%" PRIu64 "%s", id, at, w->got,
	             serial, w->end ? "&end=1" : "");
	assert(n > 0 && n < POLL_QUERY_MAX);
}
