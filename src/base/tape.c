/* tape.c - see tape.h. */
#include "base/tape.h"

#include <assert.h>

#include "leno.h"

void tape_init(struct tape *t, struct pool *pool, enum pool_use use)
{
	*t = (struct tape){ .pool = pool, .use = use };
}

void tape_clear(struct tape *t)
{
	while (t->first) {
		struct chunk *c = t->first;

		t->first = c->next;
		pool_give(t->pool, c, t->use);
	}
	tape_init(t, t->pool, t->use);
}

/* A chunk behind the last; the first of an empty tape begins at `end`. */
static int grow(struct tape *t, struct chunk **from)
{
	struct chunk *c = pool_take(t->pool, t->use);

	if (!c)
		return LENO_MEMORY;
	if (*from)
		(*from)->next = c;
	else
		t->first = t->last = c, t->base = t->end, t->fill = 0;
	*from = c;
	return 0;
}

/* Spare chunks behind this one go back; NULL: all, of a tape that holds nothing. */
static void shrink(struct tape *t, struct chunk *tail)
{
	uint64_t at = t->end;

	while (tail && tail->next) {
		struct chunk *c = tail->next;

		tail->next = c->next;
		pool_give(t->pool, c, t->use);
	}
	if (!tail) {
		tape_clear(t);
		t->start = t->end = t->base = at;
	}
}

int tape_reserve(struct tape *t, size_t size)
{
	struct chunk *tail = t->last, *before;
	size_t have = tail ? CHUNK_SIZE - t->fill : 0;

	while (tail && tail->next)         /* chunks behind the last are spare */
		tail = tail->next, have += CHUNK_SIZE;
	for (before = tail; have < size; have += CHUNK_SIZE)
		if (grow(t, &tail)) {
			shrink(t, before);
			return LENO_MEMORY;
		}
	return 0;
}

void tape_append(struct tape *t, const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size > 0) {
		size_t n;

		assert(t->last);
		if (t->fill == CHUNK_SIZE) {
			assert(t->last->next);
			t->last = t->last->next;
			t->fill = 0;
		}
		n = CHUNK_SIZE - t->fill;
		if (n > size)
			n = size;
		memcpy(t->last->bytes + t->fill, from, n);
		tape_written(t, n);
		from += n;
		size -= n;
	}
}

/* The chunk that holds `at`: from the cursor on when it is not behind it. */
static struct chunk *seek(struct tape *t, uint64_t at)
{
	struct chunk *c = t->cursor;
	uint64_t base = t->cursor_base;

	if (!c || at < base) {
		c = t->first;
		base = t->base;
	}
	for (; at >= base + CHUNK_SIZE; base += CHUNK_SIZE)
		c = c->next;
	t->cursor = c;
	t->cursor_base = base;
	return c;
}

struct bytes tape_view(struct tape *t, uint64_t from, size_t max)
{
	const struct chunk *c;
	uint64_t left = t->end - from, in_chunk;

	assert(from >= t->start && from <= t->end);
	if (left == 0 || max == 0)
		return bytes_of(NULL, 0);
	c = seek(t, from);
	in_chunk = t->cursor_base + CHUNK_SIZE - from;
	if (left > in_chunk)
		left = in_chunk;
	if (left > max)
		left = max;
	return bytes_of(c->bytes + (from - t->cursor_base), (size_t)left);
}

void tape_read(struct tape *t, uint64_t from, void *to, size_t size)
{
	uint8_t *at = to;

	assert(from >= t->start && size <= t->end - from);
	while (size > 0) {
		struct bytes b = tape_view(t, from, size);

		memcpy(at, b.data, b.size);
		at += b.size;
		from += b.size;
		size -= b.size;
	}
}

void tape_drop(struct tape *t, uint64_t upto)
{
	assert(upto >= t->start && upto <= t->end);
	t->start = upto;
	while (t->first && t->first != t->last && t->base + CHUNK_SIZE <= upto) {
		struct chunk *c = t->first;

		if (t->cursor == c)
			t->cursor = NULL;
		t->first = c->next;
		t->base += CHUNK_SIZE;
		pool_give(t->pool, c, t->use);
	}
	/* An empty tape gives all back, so that idle sessions hold no chunk. */
	if (t->start == t->end && t->first)
		shrink(t, NULL);
}
