/* pool.c - see pool.h. */
#include "base/pool.h"

#include <assert.h>

#include "base/mem.h"

enum { KEEP = 64 };

void pool_init(struct pool *p, size_t chunks_max)
{
	*p = (struct pool){ .chunks_max = chunks_max };
}

void pool_clear(struct pool *p)
{
	while (p->idle) {
		struct chunk *c = p->idle;

		p->idle = c->next;
		mem_free(c);
	}
	p->n_idle = 0;
}

struct chunk *pool_take(struct pool *p)
{
	struct chunk *c = p->idle;

	if (p->n_out >= p->chunks_max)
		return NULL;
	if (c) {
		p->idle = c->next;
		p->n_idle--;
	} else {
		c = mem_take(sizeof *c);
		if (!c)
			return NULL;
	}
	c->next = NULL;
	p->n_out++;
	return c;
}

void pool_give(struct pool *p, struct chunk *c)
{
	assert(p->n_out > 0);
	p->n_out--;
	if (p->n_idle >= KEEP) {
		mem_free(c);
		return;
	}
	c->next = p->idle;
	p->idle = c;
	p->n_idle++;
}
