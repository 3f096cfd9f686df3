/* pool.h - chunks of one size, kept for reuse: steady traffic allocates nothing.
 *
 *  1. No more than `chunks_max` chunks are out at once.
 *  2. Freed chunks are kept up to KEEP of them, the rest returned. */
#ifndef LENO_BASE_POOL_H
#define LENO_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHUNK_SIZE = 32 * 1024 - 16 };

struct chunk {
	struct chunk *next;
	uint8_t bytes[CHUNK_SIZE];
};

struct pool {
	struct chunk *idle;
	size_t n_idle, n_out, chunks_max;
};

void pool_init(struct pool *, size_t chunks_max);
void pool_clear(struct pool *);
struct chunk *pool_take(struct pool *);       /* NULL: the bound, or memory */

/* Is there no room for so many bytes, though there would be if others gave theirs back? */
static inline bool pool_short(const struct pool *p, size_t size)
{
	size_t chunks = size / CHUNK_SIZE + 1;

	return chunks <= p->chunks_max && chunks > p->chunks_max - p->n_out;
}

/* Is so much of it out, in parts of four, that others should take no more? */
static inline bool pool_beyond(const struct pool *p, size_t quarters)
{
	return p->n_out * 4 >= p->chunks_max * quarters;
}
void pool_give(struct pool *, struct chunk *);

#endif
