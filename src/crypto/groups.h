/* groups.h - what members of a group derive from its key.
 *
 *   root   = BLAKE2b-32[psk, or no key]("leno group" | name of the network | 0 | key)
 *   tag    = BLAKE2b-16[root]("leno group tag")
 *   member = BLAKE2b-32[root]("leno group member"), seal = BLAKE2b-32[root]("leno group seal")
 *   proof  = BLAKE2b-16[member](id | join u64)
 *   stream = BLAKE2b-32[seal](id | incarnation u64 | join u64)
 *
 * The tag is told to everybody: who does not know the network's secret cannot tell from it
 * which key it may be, nor whether groups of two networks have the same one. A proof is good
 * for one node. No two streams have the same key: a frame's number is its nonce. */
#ifndef LENO_CRYPTO_GROUPS_H
#define LENO_CRYPTO_GROUPS_H

#include "crypto/identity.h"

enum { GROUP_TAG = 16, GROUP_PROOF = 16 };

struct group_keys {
	uint8_t tag[GROUP_TAG];
	uint8_t member[KEY_SIZE], seal[KEY_SIZE];
};

void group_keys_init(struct group_keys *, const struct network *, struct bytes key);
void group_proof(const struct group_keys *, const leno_id *, uint64_t join,
                 uint8_t ret[GROUP_PROOF]);
void group_stream_key(const struct group_keys *, const leno_id *source, uint64_t incarnation,
                      uint64_t join, uint8_t ret[KEY_SIZE]);

#endif
