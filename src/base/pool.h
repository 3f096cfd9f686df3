/* pool.h - chunks of one size, kept for reuse: steady traffic allocates nothing.
 *
 * Who takes one says what for, and who gives it back, too: no use can take what another cannot
 * do without, however long it keeps what it has. A peer that does not read, or does not
 * answer, fills one use; the others go on.
 *
 *  1. No more than `chunks_max` chunks are out at once.
 *  2. A use that has less than its `least` finds the rest of it free, whatever others take.
 *  3. No use has more than its `most`.
 *  4. Freed chunks are kept up to KEEP of them, the rest returned. */
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

enum pool_use {
	POOL_SEND,                     /* what sessions have to send                */
	POOL_WRITE,                    /* what streams have to give to sessions     */
	POOL_READ,                     /* of streams, what nobody has read yet      */
	POOL_RELAY,                    /* packets of others                         */
	POOL_HELD,                     /* what came before its turn                 */
	POOL_USES
};

struct pool {
	struct chunk *idle;
	size_t n_idle, n_out, chunks_max;
	size_t used[POOL_USES], least[POOL_USES];
	size_t promised;               /* to POOL_READ, taken or not                */
};

void pool_init(struct pool *, size_t chunks_max);
void pool_clear(struct pool *);
struct chunk *pool_take(struct pool *, enum pool_use);   /* NULL: a bound, or memory */
void pool_give(struct pool *, struct chunk *, enum pool_use);

/* Chunks that this use may take now; and has at most, when others have given back theirs. */
size_t pool_room(const struct pool *, enum pool_use);
size_t pool_most(const struct pool *, enum pool_use);

/* So many are kept free for POOL_READ, until they are released. False: there are not. */
bool pool_promise(struct pool *, size_t chunks);
void pool_release(struct pool *, size_t chunks);

/* Is there no room for so many bytes, though there would be if others gave theirs back? */
static inline bool pool_short(const struct pool *p, enum pool_use use, size_t size)
{
	size_t chunks = size / CHUNK_SIZE + 1;

	return chunks <= pool_most(p, use) && chunks > pool_room(p, use);
}

#endif
