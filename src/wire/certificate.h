/* certificate.h - the layouts of networks that have a key: certificates, invitations,
 * revocations. No cryptography: admission/ signs and checks them.
 *
 *   certificate:  layout u8 (1) | flags u8 | role u8 | issued u64 | expires u64 | name sized |
 *                 signature 64 of the network's key over
 *                 "leno certificate 1" | the holder's Ed25519 and X25519 keys | the above
 *     of a visitor that the holder has sent, behind it:
 *                 the holder's Ed25519 key 32 | X25519 key 32 | until u64 |
 *                 signature 64 of the holder's key over
 *                 "leno visitor 1" | the visitor's two keys | all from layout to until
 *   invitation:   layout u8 (1) | network sized | the network's key 32 | token 16 |
 *                 uses varint | expires u64 | lifetime varint | role u8 | name sized |
 *                 addresses: varint count, sized each | signature 64 of the network's key over
 *                 "leno invitation 1" | all of the above
 *   revocation:   layout u8 (1) | id 16 | expires u64 | signature 64 of the network's key over
 *                 "leno revocation 1" | all of the above
 *
 * Times are of the wall clock, in milliseconds since 1970; 0 for an end is never. The holder
 * of a certificate is stated nowhere in it: it is for the keys that have been proved.
 *
 *  1. What read accepts has one encoding only. */
#ifndef LENO_WIRE_CERTIFICATE_H
#define LENO_WIRE_CERTIFICATE_H

#include "wire/codec.h"
#include "wire/limits.h"

enum {
	CERTIFICATE_LAYOUT = 1,
	CERTIFICATE_ISSUER = 1,      /* flag: its holder has the network's key        */
	NETWORK_SIGNATURE  = 64,
	CERTIFICATE_OWN_MAX = 1 + 1 + 1 + 8 + 8 + 1 + NAME_MAX_ + NETWORK_SIGNATURE,
	CERTIFICATE_SENT   = 32 + 32 + 8 + NETWORK_SIGNATURE,
	CERTIFICATE_MAX    = CERTIFICATE_OWN_MAX + CERTIFICATE_SENT,
	TOKEN_SIZE         = 16,
	REVOCATION_SIZE    = 1 + 16 + 8 + NETWORK_SIGNATURE,

	USES_MAX           = 1000000,
	INVITED_ADDRESSES_MAX = 4,
	INVITED_ADDRESS_MAX = 80,    /* bytes of a URI                                */
	INVITATION_MAX     = 1 + 1 + NETWORK_MAX + 32 + TOKEN_SIZE + 3 + 8 + 9 + 1 + 1 + NAME_MAX_ +
	                     1 + INVITED_ADDRESSES_MAX * (1 + INVITED_ADDRESS_MAX) +
	                     NETWORK_SIGNATURE,
	EXTENSION_HEAD     = 1 + 2,  /* of one that holds any of these                */
	ADMISSION_EXTENSIONS_MAX = EXTENSION_HEAD +
	                     ((int)CERTIFICATE_MAX > (int)INVITATION_MAX ? (int)CERTIFICATE_MAX
	                                                                 : (int)INVITATION_MAX)
};

struct certificate {
	enum leno_role role;         /* member, endpoint or observer                  */
	bool     issuer;
	uint64_t issued_ms, expires_ms;
	struct bytes name;           /* that was given with the invitation            */
	struct bytes covered;        /* by the signature, what goes before it aside   */
	const uint8_t *signature;
	bool     sent;               /* for a visitor: the rest is there              */
	uint8_t  holder_ed[32], holder_x[32];
	uint64_t until_ms;
	struct bytes sent_covered;
	const uint8_t *sent_signature;
};

struct invitation {
	struct bytes network;
	uint8_t  key[32];
	uint8_t  token[TOKEN_SIZE];
	uint32_t uses;               /* 1 to USES_MAX                                 */
	uint64_t expires_ms;
	uint64_t lifetime_s;         /* of the certificate; 0: without end            */
	enum leno_role role;
	struct bytes name;
	size_t   n_addresses;
	struct bytes addresses[INVITED_ADDRESSES_MAX];
	struct bytes covered;
	const uint8_t *signature;
};

/* All certificates of the node `id` are void: who is to come back needs other keys. */
struct revocation {
	leno_id  id;
	uint64_t expires_ms;         /* the last of them has ended then; 0: it never does */
	struct bytes covered;
	const uint8_t *signature;
};

/* All of `raw`; *ret views it. */
bool certificate_read(struct bytes raw, struct certificate *ret);
bool invitation_read(struct bytes raw, struct invitation *ret);
bool revocation_read(struct bytes raw, struct revocation *ret);

/* Up to the (first) signature. */
void certificate_write(struct writer *, const struct certificate *);
void invitation_write(struct writer *, const struct invitation *);
void revocation_write(struct writer *, const struct revocation *);

#endif
