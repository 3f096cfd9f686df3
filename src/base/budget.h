/* budget.h - a share of memory_max: what is taken of it is given back, to the byte.
 *
 *  1. used <= max.
 *  2. NULL is a budget without a bound, which counts nothing. */
#ifndef LENO_BASE_BUDGET_H
#define LENO_BASE_BUDGET_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

enum { BUDGET_BLOCK = 16 };      /* what an allocator adds to each block */

struct budget {
	size_t used, max;
};

static inline bool budget_take(struct budget *b, size_t size)
{
	if (!b)
		return true;
	if (size > b->max || b->used > b->max - size)
		return false;
	b->used += size;
	return true;
}

static inline void budget_give(struct budget *b, size_t size)
{
	assert(!b || b->used >= size);
	if (b)
		b->used -= size;
}

#endif
