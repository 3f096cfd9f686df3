/* pool.c - see pool.h. */
#include "base/pool.h"

#include <assert.h>

#include "base/mem.h"

enum { KEEP = 64 };

/* In parts of 32. What is not kept for somebody is for whoever comes first. */
enum { PARTS = 32 };
static const struct {
	size_t least, most;
} shares[POOL_USES] = {
	[POOL_SEND] = { 2, 32 },
	[POOL_WRITE] = { 2, 16 },
	[POOL_READ] = { 4, 32 },       /* and more when more is promised            */
	[POOL_RELAY] = { 1, 16 },
	[POOL_HELD] = { 0, 8 }         /* without it much is sent again, no more    */
};

static size_t least_of(size_t chunks_max, enum pool_use use)
{
	return (chunks_max * shares[use].least + PARTS / 2) / PARTS;
}

void pool_init(struct pool *p, size_t chunks_max)
{
	*p = (struct pool){ .chunks_max = chunks_max };
	for (int use = 0; use < POOL_USES; use++)
		p->least[use] = least_of(chunks_max, use);
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

static size_t lacking(const struct pool *p, enum pool_use use)
{
	return p->least[use] > p->used[use] ? p->least[use] - p->used[use] : 0;
}

size_t pool_room(const struct pool *p, enum pool_use use)
{
	size_t bound = p->chunks_max * shares[use].most / PARTS, gone = p->n_out, room;

	for (int other = 0; other < POOL_USES; other++)
		gone += other == (int)use ? 0 : lacking(p, other);
	room = p->chunks_max > gone ? p->chunks_max - gone : 0;
	bound = bound > p->used[use] ? bound - p->used[use] : 0;
	return room < bound ? room : bound;
}

size_t pool_most(const struct pool *p, enum pool_use use)
{
	size_t bound = p->chunks_max * shares[use].most / PARTS, most = p->chunks_max;

	for (int other = 0; other < POOL_USES; other++)
		most -= other == (int)use ? 0 : least_of(p->chunks_max, other);
	return most < bound ? most : bound;
}

/* Never less than without any promise: so a node that is full of messages opens streams. */
static size_t least_to_read(const struct pool *p, size_t promised)
{
	size_t least = least_of(p->chunks_max, POOL_READ);

	return promised > least ? promised : least;
}

bool pool_promise(struct pool *p, size_t chunks)
{
	size_t least = least_to_read(p, p->promised + chunks), have = p->used[POOL_READ];

	if (least > have && least - have > pool_room(p, POOL_READ))
		return false;
	p->promised += chunks;
	p->least[POOL_READ] = least;
	return true;
}

void pool_release(struct pool *p, size_t chunks)
{
	assert(p->promised >= chunks);
	p->promised -= chunks;
	p->least[POOL_READ] = least_to_read(p, p->promised);
}

struct chunk *pool_take(struct pool *p, enum pool_use use)
{
	struct chunk *c = p->idle;

	if (pool_room(p, use) == 0)
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
	p->used[use]++;
	return c;
}

void pool_give(struct pool *p, struct chunk *c, enum pool_use use)
{
	assert(p->n_out > 0 && p->used[use] > 0);
	p->n_out--;
	p->used[use]--;
	if (p->n_idle >= KEEP) {
		mem_free(c);
		return;
	}
	c->next = p->idle;
	p->idle = c;
	p->n_idle++;
}
