/* ranges.c - see ranges.h. */
#include "recovery/ranges.h"

#include <string.h>

#include "base/mem.h"

void ranges_init(struct ranges *r)
{
	*r = (struct ranges){ .room = RANGES_FEW };
	r->at = r->few;
}

void ranges_clear(struct ranges *r)
{
	if (r->at != r->few)
		mem_free(r->at);
	ranges_init(r);
}

static bool reserve(struct ranges *r)
{
	struct range *grown;

	if (r->n < r->room)
		return true;
	grown = r->room < RANGES_MAX ? mem_take(2 * r->room * sizeof *grown) : NULL;
	if (!grown)
		return false;
	memcpy(grown, r->at, r->n * sizeof *grown);
	if (r->at != r->few)
		mem_free(r->at);
	r->at = grown;
	r->room *= 2;
	return true;
}

/* The first that ends at `offset` or behind it: often the last one. */
static unsigned find(const struct ranges *r, uint64_t offset)
{
	unsigned from = 0, to = r->n;

	if (to > 0 && r->at[to - 1].to < offset)
		return to;
	while (from < to) {
		unsigned middle = from + (to - from) / 2;

		if (r->at[middle].to >= offset)
			to = middle;
		else
			from = middle + 1;
	}
	return from;
}

bool ranges_add(struct ranges *r, struct range add)
{
	unsigned i = find(r, add.from), j = i;

	if (add.from >= add.to)
		return true;
	for (; j < r->n && r->at[j].from <= add.to; j++) {
		if (r->at[j].from < add.from)
			add.from = r->at[j].from;
		if (r->at[j].to > add.to)
			add.to = r->at[j].to;
	}
	if (i == j && !reserve(r))
		return false;
	memmove(r->at + i + 1, r->at + j, (r->n - j) * sizeof *r->at);
	r->at[i] = add;
	r->n = r->n - (j - i) + 1;
	return true;
}

void ranges_drop(struct ranges *r, uint64_t upto)
{
	unsigned i = 0;

	while (i < r->n && r->at[i].to <= upto)
		i++;
	if (i > 0) {
		r->n -= i;
		memmove(r->at, r->at + i, r->n * sizeof *r->at);
	}
	if (r->n > 0 && r->at[0].from < upto)
		r->at[0].from = upto;
	if (r->n == 0 && r->room > RANGES_FEW)
		ranges_clear(r);
}
