/* record.h - node records that have been proved, and how they are proved and signed.
 *
 * What a neighbour says of itself on its own link is proved by that link: its signature,
 * which takes longer to check than all the rest of a meeting, is for those who hear of it
 * from us. So it is checked before the record first goes to anybody else.
 *
 *  1. A record is kept once it is proved, by its link or by its signature; it is passed on
 *     only when its signature held.
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

enum record_proof {
	PROOF_SIGNATURE,             /* held                                        */
	PROOF_LINK,                  /* its own link said it; not checked yet       */
	PROOF_FALSE                  /* the signature did not hold: never passed on */
};

struct mesh_record {
	enum record_proof proof;
	struct public_keys keys;
	struct pass pass;
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
	struct bytes extensions;     /* within raw                                  */
};

struct public_keys mesh_record_keys(const struct node_record *);

/* Is it admitted to this network, and as what? PROTOCOL: no. EXPIRED, REVOKED: not any more,
 * which neighbours with another clock, or older news, need not know yet. */
int mesh_record_admitted(const struct node_record *, const struct network *, struct pass *ret);

/* Is it signed by the keys that it states? */
bool mesh_record_signed(const struct node_record *);

/* May it be passed on? Checks the signature the first time. */
bool mesh_record_may_go(struct mesh_record *);

/* A copy of all that is in it; NULL when memory is out. */
struct mesh_record *mesh_record_new(const struct node_record *, struct bytes raw);

/* Appends the signature to the record in w, which begins at w->start. */
void mesh_record_sign(struct writer *, const struct identity *);

#endif
