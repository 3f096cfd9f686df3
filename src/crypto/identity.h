/* identity.h - who a node is: two key pairs from one seed, and the id they have.
 *
 * The id is BLAKE2b("leno id" | ed25519 public | x25519 public), cut to the 122
 * free bits of a UUID of version 8 (RFC 9562). Whoever states both public keys
 * can be held to the id; nobody can choose another's. */
#ifndef LENO_CRYPTO_IDENTITY_H
#define LENO_CRYPTO_IDENTITY_H

#include <leno.h>

#include "crypto/crypto.h"

struct public_keys {
	uint8_t ed[32], x[32];
};

struct identity {
	struct public_keys public;
	uint8_t ed_secret[64];
	uint8_t x_secret[32];
	leno_id id;
};

void identity_from_seed(struct identity *, const uint8_t seed[32]);
leno_id identity_id(const struct public_keys *);
void identity_wipe(struct identity *);

/* What a node has been let in for, by its certificate; in networks without any: a member. */
struct pass {
	enum leno_role role;           /* the most that it may be                    */
	bool     sent;                 /* a visitor, sent by the holder              */
	bool     guest;                /* has an invitation alone                    */
	bool     issuer;               /* has the network's key                      */
	uint64_t expires_ms;           /* wall clock; 0: never                       */
	leno_id  holder;               /* of the certificate: itself, or who sent it */
};

/* May it call itself that? */
bool pass_allows(const struct pass *, enum leno_role claimed);

/* The network: its name, and its secret and key if it has them; what members derive from it. */
struct network {
	char    name[65];
	bool    has_secret;
	uint8_t secret[32];
	uint8_t credential_key[32];    /* keyed MAC over public keys: admission      */
	uint8_t psk[32];               /* mixed into link and session handshakes     */

	bool    has_key;               /* who belongs to it has a certificate        */
	uint8_t key[32];               /* Ed25519, public                            */
	struct bytes certificate;      /* our own: an extension, see wire/           */
	struct bytes invitation;       /* the same, while we have no certificate     */
	int   (*judge)(void *judge_of, const struct public_keys *, struct bytes extensions,
	               struct pass *ret);
	void   *judge_of;
};
void network_init(struct network *, const char *name, const uint8_t *secret /* or NULL */);

/* The salted tag that tells in the clear whether two networks are the same one. */
enum { NETWORK_TAG_SIZE = 16, CREDENTIAL_SIZE = 16 };
void network_tag(const struct network *, const uint8_t salt[16], uint8_t ret[NETWORK_TAG_SIZE]);

/* The credential of a node: all zero on anonymous networks. */
void network_credential(const struct network *, const struct public_keys *,
                        uint8_t ret[CREDENTIAL_SIZE]);
bool network_admits(const struct network *, const struct public_keys *,
                    const uint8_t credential[CREDENTIAL_SIZE]);

/* A tag of the machine that `same` is the same for: of no use to other networks. */
void network_machine(const struct network *, struct bytes same, uint8_t *ret, size_t size);

/* What a node of these keys has been let in for, as far as its extensions say. Always 0 in a
 * network without a key; else CERTIFICATE, EXPIRED, REVOKED too. The keys must be proved, or
 * be so before anything is believed of them. */
int network_judge(const struct network *, const struct public_keys *, struct bytes extensions,
                  struct pass *ret);

#endif
