/* piece.h - messages of a group as items of a stream: whole, or in pieces when they are large,
 * so that no queue on the way has to hold all of one.
 *
 *   item's data   0 | data                    (WHOLE)
 *                 1 | total varint | data     (FIRST; its item has the type)
 *                 2 | data                    (MORE)
 *                 3 | data                    (LAST: with it the total is reached)
 *
 * Items come in order, each once: so what is put together is one message a source. Who comes in
 * the middle of one does not hear it. */
#ifndef LENO_GROUP_PIECE_H
#define LENO_GROUP_PIECE_H

#include "base/pool.h"
#include "wire/codec.h"

enum {
	PIECE_SIZE = CHUNK_SIZE,         /* of a large message's pieces; whole when no more    */
	PIECE_HEAD = 1 + 9
};

enum piece_kind { PIECE_WHOLE, PIECE_FIRST, PIECE_MORE, PIECE_LAST };

struct piece {
	enum piece_kind kind;
	uint64_t total;                  /* of FIRST                                   */
	struct bytes data;
};
bool read_piece(struct bytes, struct piece *ret);
void write_piece_head(struct writer *, const struct piece *);

/* A message that is being put together, in a buffer that the caller gives. */
struct assembly {
	uint8_t *bytes;                  /* of the message, then of its type; NULL: none */
	size_t   size, have, type_size;
};

/* How large a buffer it takes. */
static inline size_t assembly_size(const struct piece *first, struct bytes type)
{
	return (size_t)first->total + type.size;
}

enum assembly_verdict {
	ASSEMBLY_WHOLE,                  /* ret_type and ret_data are a message        */
	ASSEMBLY_PART,                   /* there is more to come                      */
	ASSEMBLY_ROOM,                   /* a buffer is wanted: assembly_begin()       */
	ASSEMBLY_BAD                     /* it cannot be read, or was told otherwise   */
};
/* The caller frees the buffer: after WHOLE and BAD, and before it gives a WHOLE or FIRST one. */
enum assembly_verdict assembly_take(struct assembly *, struct bytes type, const struct piece *,
                                    struct bytes *ret_type, struct bytes *ret_data);
void assembly_begin(struct assembly *, uint8_t *buf, struct bytes type, const struct piece *);

#endif
