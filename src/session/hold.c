/* hold.c - see hold.h. */
#include "session/hold.h"

#include <assert.h>

void hold_init(struct hold *h, struct pool *pool)
{
	*h = (struct hold){ .pool = pool };
	ranges_init(&h->have);
}

void hold_clear(struct hold *h)
{
	while (h->first) {
		struct chunk *c = h->first;

		h->first = c->next;
		pool_give(h->pool, c, POOL_HELD);
	}
	ranges_clear(&h->have);
	hold_init(h, h->pool);
}

static uint64_t cell_of(const struct chunk *c)
{
	uint64_t number;

	memcpy(&number, c->bytes, sizeof number);
	return number;
}

/* Behind `before` (NULL: as the first). */
static struct chunk *insert(struct hold *h, struct chunk *before, uint64_t number)
{
	struct chunk **at = before ? &before->next : &h->first, *c;

	/* No more than it leaves to others: a gap may stay open for as long as its peer likes. */
	if (h->n_cells == HOLD_CELLS || h->n_cells > pool_room(h->pool, POOL_HELD))
		return NULL;
	c = pool_take(h->pool, POOL_HELD);
	if (!c)
		return NULL;
	memcpy(c->bytes, &number, sizeof number);
	c->next = *at;
	*at = c;
	if (h->last == before)
		h->last = c;
	h->n_cells++;
	return c;
}

/* The cell of this number, made when it is not there. */
static struct chunk *need(struct hold *h, uint64_t number)
{
	struct chunk *before = NULL, *c = h->first;

	if (h->last && number >= cell_of(h->last)) {
		before = h->last;
		c = number == cell_of(before) ? before : NULL;
	} else {
		for (; c && cell_of(c) < number; c = c->next)
			before = c;
	}
	return c && cell_of(c) == number ? c : insert(h, before, number);
}

bool hold_put(struct hold *h, uint64_t offset, struct bytes data)
{
	const struct range range = { offset, offset + data.size };

	/* All cells first: an error keeps nothing, at most an empty cell. */
	for (uint64_t k = offset / CELL_SIZE; k * CELL_SIZE < range.to; k++)
		if (!need(h, k))
			return false;
	if (!ranges_add(&h->have, range))
		return false;
	while (data.size > 0) {
		size_t in = (size_t)(offset % CELL_SIZE), n = CELL_SIZE - in;

		if (n > data.size)
			n = data.size;
		memcpy(need(h, offset / CELL_SIZE)->bytes + CELL_HEAD + in, data.data, n);
		offset += n;
		data.data += n;
		data.size -= n;
	}
	return true;
}

struct bytes hold_view(const struct hold *h, uint64_t offset)
{
	const struct range *r = h->have.at;
	const struct chunk *c = h->first;
	uint64_t in = offset % CELL_SIZE, n = CELL_SIZE - in;

	if (h->have.n == 0 || r->from > offset || r->to <= offset)
		return bytes_of(NULL, 0);
	while (cell_of(c) < offset / CELL_SIZE)
		c = c->next;
	if (n > r->to - offset)
		n = r->to - offset;
	return bytes_of(c->bytes + CELL_HEAD + in, (size_t)n);
}

void hold_drop(struct hold *h, uint64_t upto)
{
	ranges_drop(&h->have, upto);
	if (h->have.n == 0) {
		if (h->first)
			hold_clear(h);
		return;
	}
	while (cell_of(h->first) < h->have.at[0].from / CELL_SIZE) {
		struct chunk *c = h->first;

		h->first = c->next;
		h->n_cells--;
		pool_give(h->pool, c, POOL_HELD);
	}
}
