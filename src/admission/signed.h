/* signed.h - what the network's key has signed: certificates, invitations, revocations.
 *
 *  1. Each kind of statement has a domain of its own: none can be taken for another. */
#ifndef LENO_ADMISSION_SIGNED_H
#define LENO_ADMISSION_SIGNED_H

#include "crypto/identity.h"
#include "wire/certificate.h"

/* The pair of a network, from the seed that its key file holds. */
struct network_pair {
	uint8_t public[32], secret[64];
};
void network_pair_from_seed(struct network_pair *, const uint8_t seed[32]);

/* Appends the signature to what certificate_write() and its like have put into the writer,
 * which holds nothing else. */
void certificate_sign(struct writer *, const struct public_keys *holder,
                      const struct network_pair *);
void invitation_sign(struct writer *, const struct network_pair *);
void revocation_sign(struct writer *, const struct network_pair *);

/* Behind the holder's own certificate, all that the writer holds: for a visitor of these keys. */
void certificate_send(struct writer *, const struct identity *holder,
                      const struct public_keys *visitor, uint64_t until_ms);

/* Did the network's key sign it (and the holder the rest)? keys: of who shows the certificate. */
bool certificate_holds(const struct certificate *, const struct public_keys *,
                       const uint8_t network_key[32]);
bool invitation_holds(const struct invitation *, const uint8_t network_key[32]);
bool revocation_holds(const struct revocation *, const uint8_t network_key[32]);

#endif
