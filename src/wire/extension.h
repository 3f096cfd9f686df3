/* extension.h - what a version or a network says beside what all say: in a link's payload, in a
 * node's record, in INIT. One after another: kind u8 | sized value. Who does not know a kind
 * skips it; of two of one kind the first counts. */
#ifndef LENO_WIRE_EXTENSION_H
#define LENO_WIRE_EXTENSION_H

#include "wire/codec.h"

enum extension_kind {
	EXTENSION_CERTIFICATE = 1,   /* see wire/certificate.h                        */
	EXTENSION_ADDRESSES,         /* of a record: where its node can be dialled    */
	EXTENSION_INVITATION,        /* of a proof: in place of a certificate         */
	EXTENSION_GROUPS,            /* of a record: see group/membership.h           */
	EXTENSION_STATES,            /* of a record: tags of shared maps, 8 bytes each */
	EXTENSION_SERVICES           /* of a record: see service/offer.h              */
};

/* False when there is none, or the sequence cannot be read as far as it. */
bool extension_find(struct bytes all, enum extension_kind, struct bytes *ret);
void write_extension(struct writer *, enum extension_kind, struct bytes value);

#endif
