/* record.h - node records that have been proved, and how they are proved and signed.
 *
 *  1. What mesh_record_new() is given has passed mesh_record_proved().
 *  2. One block of memory holds all of a record; freeing it frees everything. */
#ifndef LENO_MESH_RECORD_H
#define LENO_MESH_RECORD_H

#include "crypto/identity.h"
#include "wire/node_record.h"

#define NO_SLOT UINT32_MAX

/* A neighbour that a record lists. slot names it in the atlas while it is known and lists
 * us too: then this is a link, and `weight` is what both ends agree to pay for it. */
struct atlas_edge {
	leno_id  id;
	uint32_t slot;
	uint16_t cost, weight;
	uint8_t  rtt_class;
	bool     local;              /* as this end says                            */
	bool     far_local;          /* as the other says                           */
};

struct mesh_record {
	struct public_keys keys;
	struct node_stamp stamp;
	enum leno_role role;
	bool     goodbye;
	uint32_t message_max;
	const char *name;
	size_t   n_labels;
	const char **labels;
	size_t   n_edges;
	struct atlas_edge *edges;
	struct bytes raw;
};

struct public_keys mesh_record_keys(const struct node_record *);

/* Is it admitted to this network, and signed by the keys that it states? */
bool mesh_record_proved(const struct node_record *, const struct network *);

/* A copy of all that is in it; NULL when memory is out. */
struct mesh_record *mesh_record_new(const struct node_record *, struct bytes raw);

/* Appends the signature to the record in w, which begins at w->start. */
void mesh_record_sign(struct writer *, const struct identity *);

#endif
