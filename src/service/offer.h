/* offer.h - what a node's record says of its services, and of the events it wants to hear.
 *
 *   services: count varint, each: name sized | version sized | contract hash u32 | load u8 |
 *       labels: count varint, sized each;   names strictly ascending
 *   patterns: count varint, sized each
 *
 *  1. What read accepts names things as names.h allows, so that it can be shown. */
#ifndef LENO_SERVICE_OFFER_H
#define LENO_SERVICE_OFFER_H

#include "service/names.h"
#include "wire/codec.h"
#include "wire/limits.h"

struct offer {
	struct bytes name, version;
	uint32_t hash;               /* of its contract                               */
	uint8_t  load;               /* see load.h                                    */
	size_t   n_labels;
	struct bytes labels[SERVICE_LABELS_MAX];
};

struct offers {
	size_t n, n_patterns;
	struct offer at[SERVICES_MAX];
	struct bytes patterns[PATTERNS_MAX];
};

bool offers_read(struct bytes, struct offers *ret);      /* *ret views the bytes */
void offers_write(struct writer *, const struct offers *);

#endif
