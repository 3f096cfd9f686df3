/* extensions.h - what a version or a network says beside what all say: in a link's payload, in a
 * node's record, in INIT. One after another: `kind u8 | value sized`. Who does not know a kind
 * steps over it, and passes it on. */
#ifndef LENO_WIRE_EXTENSIONS_H
#define LENO_WIRE_EXTENSIONS_H

#include "wire/codec.h"

enum extension_kind {
	EXTENSION_CERTIFICATE = 1,   /* see wire/certificate.h                        */
	EXTENSION_ADDRESSES,         /* of a record: where its node can be dialled    */
	EXTENSION_INVITATION,        /* of a proof: in place of a certificate         */
	EXTENSION_GROUPS,            /* of a record: see group/membership.h           */
	EXTENSION_STATES,            /* of a record: tags of shared maps, 8 bytes each */
	EXTENSION_SERVICES           /* of a record: see service/offer.h              */
};

void write_extension(struct writer *, enum extension_kind, struct bytes value);

/* As a record has them: kinds strictly ascending, to the last byte. An empty one is fine. */
bool extensions_ok(struct bytes);

/* The first value of this kind; false when there is none, or the sequence cannot be read as
 * far as it. */
bool extensions_find(struct bytes, uint8_t kind, struct bytes *ret);

/* Puts this value into the sequence in buf, in place of the one of its kind; none when
 * value.data is NULL. False, and nothing is changed, when it does not fit the capacity. */
bool extensions_set(uint8_t *buf, size_t *size, size_t capacity, uint8_t kind,
                    struct bytes value);

#endif
