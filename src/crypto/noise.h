/* noise.h - the Noise protocol framework (revision 34) with 25519, ChaChaPoly and
 * BLAKE2b: XX and XXpsk3 for links, IK and IKpsk2 for sessions.
 *
 *  1. A message that does not verify changes nothing: the state commits once, after
 *     its last tag held.
 *  2. An all-zero Diffie-Hellman result is refused.
 *  3. noise_wipe() clears all that is secret. */
#ifndef LENO_CRYPTO_NOISE_H
#define LENO_CRYPTO_NOISE_H

#include "crypto/crypto.h"

enum noise_pattern { NOISE_XX, NOISE_XX_PSK3, NOISE_IK, NOISE_IK_PSK2 };
enum { NOISE_PAYLOAD_MAX = 4096, NOISE_OVERHEAD_MAX = 32 + 48 + 16 };

struct noise {
	enum noise_pattern pattern;
	bool    initiator;
	int     message;                 /* the next one: 0, 1, 2                   */
	uint8_t chaining[HASH_SIZE], hash[HASH_SIZE];
	uint8_t key[KEY_SIZE];
	bool    has_key;
	uint64_t counter;
	uint8_t self_secret[32], self_public[32];
	uint8_t ephemeral_secret[32], ephemeral_public[32];
	uint8_t peer_static[32], peer_ephemeral[32];   /* static: given for IK's initiator */
	uint8_t psk[32];
};

struct noise_setup {
	enum noise_pattern pattern;
	bool initiator;
	struct bytes prologue;
	const uint8_t *self_secret;      /* X25519, 32 bytes                        */
	const uint8_t *self_public;
	const uint8_t *peer_static;      /* IK's initiator only, else NULL          */
	const uint8_t *ephemeral_secret; /* 32 fresh random bytes                   */
	const uint8_t *ephemeral_public; /* theirs, or NULL: computed               */
	const uint8_t *psk;              /* the psk patterns only, else NULL        */
};
void noise_init(struct noise *, const struct noise_setup *);

/* Writes the next message with this payload; returns its size, 0 when a DH result
 * was all zero. ret holds payload.size + NOISE_OVERHEAD_MAX. */
size_t noise_write(struct noise *, struct bytes payload, uint8_t *ret);

/* Reads the next message; ret_payload holds message.size bytes. False: nothing is
 * believed, and the state is as it was. */
bool noise_read(struct noise *, struct bytes message, uint8_t *ret_payload, size_t *ret_size);

bool noise_done(const struct noise *);

/* The two transport keys (initiator to responder, and back), with `bind` mixed in by
 * one more HKDF step when it is not empty; an empty bind gives Noise's own Split(). */
void noise_split(const struct noise *, struct bytes bind, uint8_t ret_first[32],
                 uint8_t ret_second[32]);

void noise_wipe(struct noise *);

/* Rekey(k) of the specification, section 4.2: ENCRYPT(k, 2^64-1, "", zeros). */
void noise_rekey(uint8_t key[KEY_SIZE]);

#endif
