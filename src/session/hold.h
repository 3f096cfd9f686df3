/* hold.h - bytes of the peer's stream that came before their turn.
 *
 * What lies behind a gap is kept here until the gap is closed; then it is read in order,
 * where it lies. The stream is cut into cells of CELL_SIZE, each of which is a chunk of the
 * node's pool; only those are there of which a byte has come.
 *
 *     have:     ....[=====]..[===========]....[==]....     ranges of bytes that are here
 *     cells:    |  k  | k+1 |     | k+3 |                  in their order
 *
 *  1. Each byte of `have` is in a cell.
 *  2. At most HOLD_CELLS of them; and of all sessions together as many as the pool has for
 *     POOL_HELD: what comes out of order takes no room of what is sent and relayed. */
#ifndef LENO_SESSION_HOLD_H
#define LENO_SESSION_HOLD_H

#include "base/bytes.h"
#include "base/pool.h"
#include "recovery/ranges.h"
#include "wire/limits.h"

enum {
	CELL_HEAD  = 8,                /* which cell it is */
	CELL_SIZE  = CHUNK_SIZE - CELL_HEAD,
	HOLD_CELLS = SESSION_HOLD_MAX / CELL_SIZE
};

struct hold {
	struct pool *pool;
	struct chunk *first, *last;
	unsigned n_cells;
	struct ranges have;
};

void hold_init(struct hold *, struct pool *);
void hold_clear(struct hold *);

/* Keeps what came at this offset. False: it cannot be kept, and nothing was. */
bool hold_put(struct hold *, uint64_t offset, struct bytes);

/* The bytes that lie at this offset, in one piece, lent until hold_drop() passes them; none
 * when they have not come. */
struct bytes hold_view(const struct hold *, uint64_t offset);

/* All before this offset has been read. */
void hold_drop(struct hold *, uint64_t upto);

#endif
