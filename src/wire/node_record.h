/* node_record.h - the layout of what a node publishes about itself; no cryptography.
 *
 *   layout u8 (1) | ed25519 public 32 | x25519 public 32 | credential 16
 *   incarnation u64 | version varint (1 to 2^32-1)
 *   role u8 | flags u8 | message_max varint | name sized
 *   labels: count varint, sized each
 *   neighbours: count varint, then id 16 | cost varint | u8: bit 7 local, rtt class below;
 *       ids strictly ascending
 *   extensions: sized, see extensions.h; of unknown kinds too, kept and forwarded
 *   signature 64, over "leno record 1" and all of the above
 *
 * The id of a node is computed from its keys, and stated nowhere. Who reads this must
 * check the signature and the credential before believing a word of it (mesh/record.c).
 *
 *  1. What read accepts has one encoding only: writing it again gives the same bytes.
 *  2. Texts are UTF-8 without control characters: they can be shown on a terminal. */
#ifndef LENO_WIRE_NODE_RECORD_H
#define LENO_WIRE_NODE_RECORD_H

#include "wire/certificate.h"
#include "wire/codec.h"
#include "wire/extensions.h"
#include "wire/limits.h"

enum {
	NODE_RECORD_LAYOUT = 1,
	NODE_GOODBYE       = 1,      /* flag: it leaves, and lists no neighbours      */
	NODE_COST_MAX      = 0xffff,
	RTT_CLASS_MAX      = 0x7f,
	NODE_SIGNATURE     = 64,
	NODE_HEAD          = 1 + 32 + 32 + 16 + 8 + 5 + 1 + 1 + 5 /* the varints at their widest */
};
static_assert(NODE_HEAD + (1 + NAME_MAX_) + 1 + LABELS_MAX * (1 + LABEL_MAX) + 2 +
                      NEIGHBOURS_MAX * (16 + 3 + 1) + 2 + EXTENSIONS_MAX + NODE_SIGNATURE <=
              NODE_RECORD_MAX, "the largest node fits its record");

/* Which of two records of one node is newer: by incarnation, then by version. */
struct node_stamp {
	uint64_t incarnation;
	uint32_t version;
};

static inline int node_stamp_order(struct node_stamp a, struct node_stamp b)
{
	if (a.incarnation != b.incarnation)
		return a.incarnation < b.incarnation ? -1 : 1;
	return a.version == b.version ? 0 : a.version < b.version ? -1 : 1;
}

struct node_neighbour {
	leno_id  id;
	uint16_t cost;               /* 1 to NODE_COST_MAX                            */
	uint8_t  rtt_class;          /* see mesh/cost.h; 0 is unknown                 */
	bool     local;
};

struct node_record {
	uint8_t ed[32], x[32], credential[16];
	struct node_stamp stamp;
	enum leno_role role;
	bool     goodbye;
	uint32_t message_max;
	struct bytes name;
	size_t   n_labels;
	struct bytes labels[LABELS_MAX];
	size_t   n_neighbours;
	struct bytes neighbours;     /* encoded: node_record_neighbour() reads them   */
	struct bytes extensions;
	struct bytes covered;        /* what the signature covers, the prefix aside   */
	const uint8_t *signature;
};

/* The beginning alone: enough to tell whose record it is and how new. False: malformed.
 * The rest of *ret is zero. */
bool node_record_peek(struct bytes raw, struct node_record *ret);

/* All of it; *ret views `raw`. */
bool node_record_read(struct bytes raw, struct node_record *ret);

/* The next one of record->neighbours; nothing can be wrong with it any more. */
struct node_neighbour node_record_neighbour(struct reader *);

/* All but the signature; covered, signature and neighbours of the record are not used. */
void node_record_write(struct writer *, const struct node_record *,
                       const struct node_neighbour *, size_t n_neighbours);

/* May this be a name or a label: UTF-8, no control characters, at most `max` bytes? */
bool node_text_ok(struct bytes, size_t max);

#endif
