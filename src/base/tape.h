/* tape.h - bytes appended at one end, consumed at the other, in pooled chunks.
 *
 * Positions are absolute: the first byte ever appended is at 0, so that they can
 * serve as stream offsets on the wire.
 *
 *  1. start <= end; end - start bytes are held.
 *  2. What was appended stays where it is until tape_drop() passes it. */
#ifndef LENO_BASE_TAPE_H
#define LENO_BASE_TAPE_H

#include "base/bytes.h"
#include "base/pool.h"

struct tape {
	struct pool *pool;
	enum pool_use use;
	struct chunk *first, *last;
	size_t fill;                /* bytes in last: CHUNK_SIZE when it is full  */
	uint64_t start, end;        /* of what is held                            */
	uint64_t base;              /* position of first->bytes[0]                */
	struct chunk *cursor;       /* where the last read was: reads go forward  */
	uint64_t cursor_base;
};

void tape_init(struct tape *, struct pool *, enum pool_use);
void tape_clear(struct tape *);

/* Makes room for `size` more bytes, all of it or none: LENO_MEMORY. */
int  tape_reserve(struct tape *, size_t size);

/* After a reserve that covers it: cannot fail. */
void tape_append(struct tape *, const void *data, size_t size);

/* The contiguous piece at `from`, at most `max` bytes; empty at the end. */
struct bytes tape_view(struct tape *, uint64_t from, size_t max);

/* Copies [from, from + size) out; it must be held. */
void tape_read(struct tape *, uint64_t from, void *to, size_t size);

void tape_drop(struct tape *, uint64_t upto);

/* Room for `size` more bytes in one piece, where the last chunk has it; else NULL. What is
 * written there counts from tape_written() on. */
static inline uint8_t *tape_room(const struct tape *t, size_t size)
{
	return t->last && CHUNK_SIZE - t->fill >= size ? t->last->bytes + t->fill : NULL;
}

static inline void tape_written(struct tape *t, size_t size)
{
	t->fill += size;
	t->end += size;
}

static inline uint64_t tape_size(const struct tape *t)
{
	return t->end - t->start;
}

#endif
