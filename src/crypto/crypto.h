/* crypto.h - the seam to the cryptographic library; provider.c is its only user.
 *
 *  1. Nothing here allocates but aead_new() and what a key is used for first (and
 *     crypto_stretch(), which gives back).
 *  2. Functions of secrets take constant time; a false means "do not believe it".
 *  3. Randomness is ChaCha20 under a seed that was given (struct random). */
#ifndef LENO_CRYPTO_H
#define LENO_CRYPTO_H

#include "base/bytes.h"

enum {
	KEY_SIZE       = 32,
	TAG_SIZE       = 16,
	HASH_SIZE      = 64,      /* BLAKE2b-512                                   */
	SIGNATURE_SIZE = 64,
	HASH_STATE     = 384
};

/* libsodium exports functions of these names; a program may link it beside us. */
#define crypto_hash crypto_blake2b
#define crypto_sign crypto_ed25519_sign

/* Once per process before all else; repeated calls are harmless. False: unusable. */
bool crypto_init(void);
void crypto_wipe(void *, size_t);
bool crypto_same(const void *, const void *, size_t);    /* constant time */

/* BLAKE2b (RFC 7693): size is 1 to 64; key may be NULL (key_size 0 to 64). */
void crypto_hash(uint8_t *ret, size_t size, struct bytes key, const struct bytes *parts,
                 size_t n_parts);

/* HMAC (RFC 2104) over BLAKE2b-512, block 128, as the Noise specification names it. */
void crypto_hmac(uint8_t ret[HASH_SIZE], struct bytes key, const struct bytes *parts,
                 size_t n_parts);

/* X25519 (RFC 7748). False when the result is all zero (a point of low order). */
void crypto_x25519_public(uint8_t ret[KEY_SIZE], const uint8_t secret[KEY_SIZE]);
bool crypto_x25519(uint8_t ret[KEY_SIZE], const uint8_t secret[KEY_SIZE],
                   const uint8_t public[KEY_SIZE]);

/* Ed25519 (RFC 8032). secret is seed | public, 64 bytes. */
void crypto_ed25519_keys(uint8_t ret_public[32], uint8_t ret_secret[64], const uint8_t seed[32]);
void crypto_sign(uint8_t ret[SIGNATURE_SIZE], struct bytes message, const uint8_t secret[64]);
bool crypto_verify(const uint8_t signature[SIGNATURE_SIZE], struct bytes message,
                   const uint8_t public[32]);

/* ChaCha20-Poly1305 (RFC 8439) once, as handshakes want it. The nonce is 32 zero
 * bits and the counter, little-endian. ret may be data itself. */
void crypto_seal(uint8_t *ret, const uint8_t key[KEY_SIZE], uint64_t counter, struct bytes ad,
                 struct bytes data);            /* makes data.size + TAG_SIZE */
bool crypto_open(uint8_t *ret, const uint8_t key[KEY_SIZE], uint64_t counter, struct bytes ad,
                 struct bytes sealed);          /* ret untouched when false (zeroed is fine) */

/* Argon2id (RFC 9106), 64 MiB, 2 passes: about 100 ms. False: no memory. */
bool crypto_stretch(uint8_t ret[KEY_SIZE], struct bytes passphrase, const uint8_t salt[16]);

/* The ChaCha20 stream of a key (RFC 8439) from block 0, the nonce as above. */
void crypto_chacha20(uint8_t *ret, size_t size, const uint8_t key[KEY_SIZE], uint64_t counter);

/* ---- records: one key, many seals ---------------------------------------- */

enum cipher {
	CIPHER_CHACHA = 1,            /* ChaCha20-Poly1305; everyone has it       */
	CIPHER_AES    = 2             /* AES-256-GCM, where hardware does it      */
};
bool crypto_has_aes(void);

/* AES-256-GCM (NIST SP 800-38D) by somebody else, who makes it faster than the library. Its
 * functions neither fail nor allocate, and work in place. */
struct gcm {
	size_t schedule_size;         /* of an expanded key, at most GCM_SCHEDULE_MAX; 0: there
	                                 is no such thing, but there may be one later */
	void (*expand)(void *schedule, const uint8_t key[KEY_SIZE]);
	void (*seal)(const void *schedule, const uint8_t nonce[12], const uint8_t *ad,
	             size_t ad_size, uint8_t *buf, size_t size, uint8_t ret_tag[TAG_SIZE]);
	/* The tag that it should have: who calls compares. */
	void (*open)(const void *schedule, const uint8_t nonce[12], const uint8_t *ad,
	             size_t ad_size, uint8_t *buf, size_t size, uint8_t ret_tag[TAG_SIZE]);
};
enum { GCM_ALIGN = 64, GCM_SCHEDULE_MAX = 4096 };

/* Whether it makes the same bytes as the library, of a record of many blocks and a rest. */
bool gcm_agrees(const struct gcm *);

struct aead;                          /* one key in one direction               */
/* gcm: lent for its life, NULL is fine; used from when there is one. NULL: memory, or no AES. */
struct aead *aead_new(enum cipher, const uint8_t key[KEY_SIZE], const struct gcm *);
struct aead *aead_free(struct aead *);                            /* wipes; NULL  */

/* New key (a rekey), same cipher; allocates nothing. */
void aead_rekey(struct aead *, const uint8_t key[KEY_SIZE]);

/* In place: buf holds size bytes, and room for the tag behind them. ad may be large: what is
 * only vouched for costs about half of what is sealed. */
void aead_seal(struct aead *, uint64_t counter, struct bytes ad, uint8_t *buf, size_t size);
/* buf holds size bytes, the tag included; false leaves nothing to be believed. */
bool aead_open(struct aead *, uint64_t counter, struct bytes ad, uint8_t *buf, size_t size);

/* ---- randomness ----------------------------------------------------------- */

struct random {
	uint8_t  key[KEY_SIZE];
	uint64_t counter;
};
void random_init(struct random *, const uint8_t seed[32], struct bytes purpose);
void random_bytes(struct random *, void *ret, size_t size);
uint64_t random_u64(struct random *);
uint64_t random_below(struct random *, uint64_t bound);   /* bound > 0; uniform */

#endif
