/* provider.c - the cryptographic library behind crypto.h: libsodium for everything; for records
 * OpenSSL's EVP when they are large enough to repay its calls, and of AES what else there is
 * (struct gcm). The bytes are the same whichever of them makes them.
 *
 *  1. Nobody else includes sodium.h or openssl/.
 *  2. A seal that the library refuses to make leaves zeros, never plaintext. */
#include <assert.h>
#include <stdalign.h>
#include <sodium.h> /* before crypto.h, which renames two functions of ours */

#include "base/mem.h"
#include "crypto/crypto.h"

#ifndef LENO_NO_OPENSSL
#include <openssl/evp.h>
#endif

enum { HMAC_BLOCK = 128, NONCE_SIZE = 12 };
static_assert(HASH_SIZE == crypto_generichash_BYTES_MAX, "BLAKE2b-512");
static_assert(HASH_STATE >= sizeof(crypto_generichash_state), "the state fits its room");

bool crypto_init(void)
{
	return sodium_init() >= 0;
}

void crypto_wipe(void *p, size_t size)
{
	sodium_memzero(p, size);
}

bool crypto_same(const void *a, const void *b, size_t size)
{
	return sodium_memcmp(a, b, size) == 0;
}

/* ---- hashes ------------------------------------------------------------------ */

static void hash_parts(crypto_generichash_state *s, const struct bytes *parts, size_t n_parts)
{
	for (size_t i = 0; i < n_parts; i++)
		crypto_generichash_update(s, parts[i].data, parts[i].size);
}

void crypto_hash(uint8_t *ret, size_t size, struct bytes key, const struct bytes *parts,
		 size_t n_parts)
{
	crypto_generichash_state s;

	assert(size >= 1 && size <= HASH_SIZE && key.size <= crypto_generichash_KEYBYTES_MAX);
	crypto_generichash_init(&s, key.data, key.size, size);
	hash_parts(&s, parts, n_parts);
	crypto_generichash_final(&s, ret, size);
	sodium_memzero(&s, sizeof s);
}

void crypto_hmac(uint8_t ret[HASH_SIZE], struct bytes key, const struct bytes *parts,
		 size_t n_parts)
{
	crypto_generichash_state s;
	uint8_t block[HMAC_BLOCK] = {0}, inner[HASH_SIZE];

	if (key.size > sizeof block)
		crypto_hash(block, HASH_SIZE, bytes_of(NULL, 0), &key, 1);
	else
		bytes_copy(block, key.data, key.size);

	for (size_t i = 0; i < sizeof block; i++)
		block[i] ^= 0x36;
	crypto_generichash_init(&s, NULL, 0, HASH_SIZE);
	crypto_generichash_update(&s, block, sizeof block);
	hash_parts(&s, parts, n_parts);
	crypto_generichash_final(&s, inner, sizeof inner);

	for (size_t i = 0; i < sizeof block; i++)
		block[i] ^= 0x36 ^ 0x5c;
	crypto_generichash_init(&s, NULL, 0, HASH_SIZE);
	crypto_generichash_update(&s, block, sizeof block);
	crypto_generichash_update(&s, inner, sizeof inner);
	crypto_generichash_final(&s, ret, HASH_SIZE);

	sodium_memzero(&s, sizeof s);
	sodium_memzero(block, sizeof block);
	sodium_memzero(inner, sizeof inner);
}

/* ---- keys of identities and handshakes --------------------------------------- */

void crypto_x25519_public(uint8_t ret[KEY_SIZE], const uint8_t secret[KEY_SIZE])
{
	crypto_scalarmult_curve25519_base(ret, secret);
}

bool crypto_x25519(uint8_t ret[KEY_SIZE], const uint8_t secret[KEY_SIZE],
		   const uint8_t public[KEY_SIZE])
{
	/* The library itself refuses points of low order and a result of zeros. */
	return crypto_scalarmult_curve25519(ret, secret, public) == 0;
}

void crypto_ed25519_keys(uint8_t ret_public[32], uint8_t ret_secret[64], const uint8_t seed[32])
{
	crypto_sign_ed25519_seed_keypair(ret_public, ret_secret, seed);
}

void crypto_sign(uint8_t ret[SIGNATURE_SIZE], struct bytes message, const uint8_t secret[64])
{
	crypto_sign_ed25519_detached(ret, NULL, message.data, message.size, secret);
}

bool crypto_verify(const uint8_t signature[SIGNATURE_SIZE], struct bytes message,
		   const uint8_t public[32])
{
	return crypto_sign_ed25519_verify_detached(signature, message.data, message.size,
						   public) == 0;
}

/* ---- seals -------------------------------------------------------------------- */

static void nonce_of(uint8_t ret[NONCE_SIZE], uint64_t counter)
{
	memset(ret, 0, 4);
	for (int i = 4; i < NONCE_SIZE; i++, counter >>= 8)
		ret[i] = (uint8_t)counter;
}

void crypto_seal(uint8_t *ret, const uint8_t key[KEY_SIZE], uint64_t counter, struct bytes ad,
		 struct bytes data)
{
	uint8_t nonce[NONCE_SIZE];

	nonce_of(nonce, counter);
	crypto_aead_chacha20poly1305_ietf_encrypt(ret, NULL, data.data, data.size, ad.data,
						  ad.size, NULL, nonce, key);
}

bool crypto_open(uint8_t *ret, const uint8_t key[KEY_SIZE], uint64_t counter, struct bytes ad,
		 struct bytes sealed)
{
	uint8_t nonce[NONCE_SIZE];

	if (sealed.size < TAG_SIZE)
		return false;
	nonce_of(nonce, counter);
	return crypto_aead_chacha20poly1305_ietf_decrypt(ret, NULL, NULL, sealed.data, sealed.size,
							 ad.data, ad.size, nonce, key) == 0;
}

bool crypto_stretch(uint8_t ret[KEY_SIZE], struct bytes passphrase, const uint8_t salt[16])
{
	static_assert(crypto_pwhash_argon2id_SALTBYTES == 16, "the salt's size");
	return crypto_pwhash_argon2id(ret, KEY_SIZE, (const char *)passphrase.data,
				      passphrase.size, salt, 2, 64u << 20,
				      crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0;
}

void crypto_chacha20(uint8_t *ret, size_t size, const uint8_t key[KEY_SIZE], uint64_t counter)
{
	uint8_t nonce[NONCE_SIZE];

	nonce_of(nonce, counter);
	crypto_stream_chacha20_ietf(ret, size, nonce, key);
}

/* ---- records ------------------------------------------------------------------ */

#ifdef LENO_NO_OPENSSL

/* Where there is no OpenSSL there is no hardware to ask for AES either (wasm). */
struct aead {
	uint8_t key[KEY_SIZE];
};

bool crypto_has_aes(void)
{
	return false;
}

bool gcm_agrees(const struct gcm *gcm)
{
	return false;
}

struct aead *aead_new(enum cipher cipher, const uint8_t key[KEY_SIZE], const struct gcm *gcm)
{
	struct aead *a = cipher == CIPHER_CHACHA ? mem_new(sizeof *a) : NULL;

	if (a)
		aead_rekey(a, key);
	return a;
}

struct aead *aead_free(struct aead *a)
{
	if (a)
		sodium_memzero(a, sizeof *a);
	return mem_free(a);
}

void aead_rekey(struct aead *a, const uint8_t key[KEY_SIZE])
{
	memcpy(a->key, key, KEY_SIZE);
}

void aead_seal(struct aead *a, uint64_t counter, struct bytes ad, uint8_t *buf, size_t size)
{
	crypto_seal(buf, a->key, counter, ad, bytes_of(buf, size));
}

bool aead_open(struct aead *a, uint64_t counter, struct bytes ad, uint8_t *buf, size_t size)
{
	return crypto_open(buf, a->key, counter, ad, bytes_of(buf, size));
}

#else

/* From so many bytes on EVP is the faster one, with either cipher, be they sealed or only
 * vouched for: two and three times as fast at 16 KiB. */
enum { EVP_WORTH = 512 };

struct aead {
	crypto_aead_aes256gcm_state aes; /* the key schedule for small records    */
	uint8_t key[KEY_SIZE];           /* ChaCha20 has none                     */
	EVP_CIPHER_CTX *evp;             /* made for the first large record       */
	const struct gcm *gcm;           /* NULL: of no use here                  */
	uint8_t *room;                   /* its schedule is in there; NULL: none yet */
	enum cipher cipher;
};

bool crypto_has_aes(void)
{
	return crypto_aead_aes256gcm_is_available() != 0;
}

struct aead *aead_new(enum cipher cipher, const uint8_t key[KEY_SIZE], const struct gcm *gcm)
{
	struct aead *a;

	if (cipher == CIPHER_AES && !crypto_has_aes())
		return NULL;
	if (!(a = mem_new(sizeof *a)))
		return NULL;
	assert((uintptr_t)a % _Alignof(struct aead) == 0);
	a->cipher = cipher;
	a->gcm = cipher == CIPHER_AES ? gcm : NULL;
	aead_rekey(a, key);
	return a;
}

struct aead *aead_free(struct aead *a)
{
	if (!a)
		return NULL;
	EVP_CIPHER_CTX_free(a->evp); /* wipes what it knows */
	if (a->room)
		sodium_memzero(a->room, a->gcm->schedule_size + GCM_ALIGN);
	mem_free(a->room);
	sodium_memzero(a, sizeof *a);
	return mem_free(a);
}

static void *schedule_of(const struct aead *a)
{
	return a->room + GCM_ALIGN - (uintptr_t)a->room % GCM_ALIGN;
}

void aead_rekey(struct aead *a, const uint8_t key[KEY_SIZE])
{
	memcpy(a->key, key, KEY_SIZE);
	if (a->cipher == CIPHER_AES)
		crypto_aead_aes256gcm_beforenm(&a->aes, key);
	if (a->room)
		a->gcm->expand(schedule_of(a), key);
	if (a->evp)
		EVP_EncryptInit_ex(a->evp, NULL, NULL, key, NULL);
}

bool gcm_agrees(const struct gcm *g)
{
	static const uint8_t nonce[NONCE_SIZE], key[KEY_SIZE] = { 1 }, ad[3] = { 2 };
	alignas(GCM_ALIGN) uint8_t schedule[GCM_SCHEDULE_MAX];
	uint8_t want[1000 + TAG_SIZE] = { 3 }, got[sizeof want] = { 3 }, tag[TAG_SIZE];
	const size_t size = sizeof want - TAG_SIZE;

	if (g->schedule_size > sizeof schedule || !crypto_has_aes())
		return false;
	crypto_aead_aes256gcm_encrypt(want, NULL, want, size, ad, sizeof ad, NULL, nonce, key);
	g->expand(schedule, key);
	g->seal(schedule, nonce, ad, sizeof ad, got, size, got + size);
	if (memcmp(got, want, sizeof want) != 0)
		return false;
	g->open(schedule, nonce, ad, sizeof ad, got, size, tag);
	return memcmp(tag, want + size, TAG_SIZE) == 0 && got[0] == 3 && got[1] == 0 &&
	       memcmp(got + 1, got + 2, size - 2) == 0;
}

/* The room for its schedule is taken when a key is used first. False: libraries serve. */
static bool has_schedule(struct aead *a)
{
	if (a->room || !a->gcm || a->gcm->schedule_size == 0)
		return a->room;
	a->room = mem_take(a->gcm->schedule_size + GCM_ALIGN);
	if (!a->room)
		return false;
	a->gcm->expand(schedule_of(a), a->key);
	EVP_CIPHER_CTX_free(a->evp); /* its turn is over */
	a->evp = NULL;
	return true;
}

static bool gcm_open(struct aead *a, const uint8_t *nonce, struct bytes ad, uint8_t *buf,
		     size_t size)
{
	uint8_t tag[TAG_SIZE];

	a->gcm->open(schedule_of(a), nonce, ad.data, ad.size, buf, size, tag);
	return crypto_same(tag, buf + size, TAG_SIZE);
}

/* OpenSSL takes a millisecond to start: a process that only asks and leaves never has a
 * record that is large enough to need it. NULL: small memory, libsodium serves. */
static EVP_CIPHER_CTX *evp_of(struct aead *a)
{
	const EVP_CIPHER *type;

	if (a->evp)
		return a->evp;
	type = a->cipher == CIPHER_AES ? EVP_aes_256_gcm() : EVP_chacha20_poly1305();
	a->evp = EVP_CIPHER_CTX_new();
	if (a->evp && !EVP_EncryptInit_ex(a->evp, type, NULL, a->key, NULL)) {
		EVP_CIPHER_CTX_free(a->evp);
		a->evp = NULL;
	}
	return a->evp;
}

static bool evp_seal(EVP_CIPHER_CTX *evp, const uint8_t *nonce, struct bytes ad, uint8_t *buf,
		     int size)
{
	int n;

	return EVP_EncryptInit_ex(evp, NULL, NULL, NULL, nonce) &&
	       EVP_EncryptUpdate(evp, NULL, &n, ad.data, (int)ad.size) &&
	       EVP_EncryptUpdate(evp, buf, &n, buf, size) && n == size &&
	       EVP_EncryptFinal_ex(evp, buf + size, &n) &&
	       EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, buf + size);
}

static bool evp_open(EVP_CIPHER_CTX *evp, const uint8_t *nonce, struct bytes ad, uint8_t *buf,
		     int size)
{
	int n;

	return EVP_DecryptInit_ex(evp, NULL, NULL, NULL, nonce) &&
	       EVP_DecryptUpdate(evp, NULL, &n, ad.data, (int)ad.size) &&
	       EVP_DecryptUpdate(evp, buf, &n, buf, size) && n == size &&
	       EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, buf + size) &&
	       EVP_DecryptFinal_ex(evp, buf + size, &n) == 1;
}

void aead_seal(struct aead *a, uint64_t counter, struct bytes ad, uint8_t *buf, size_t size)
{
	uint8_t nonce[NONCE_SIZE];

	assert(size <= INT32_MAX && ad.size <= INT32_MAX);
	nonce_of(nonce, counter);
	if (has_schedule(a)) {
		a->gcm->seal(schedule_of(a), nonce, ad.data, ad.size, buf, size, buf + size);
	} else if (ad.size + size >= EVP_WORTH && evp_of(a)) {
		if (!evp_seal(a->evp, nonce, ad, buf, (int)size))
			memset(buf, 0, size + TAG_SIZE);
	} else if (a->cipher == CIPHER_AES) {
		crypto_aead_aes256gcm_encrypt_detached_afternm(buf, buf + size, NULL, buf, size,
							       ad.data, ad.size, NULL, nonce,
							       &a->aes);
	} else {
		crypto_aead_chacha20poly1305_ietf_encrypt_detached(
			buf, buf + size, NULL, buf, size, ad.data, ad.size, NULL, nonce, a->key);
	}
}

bool aead_open(struct aead *a, uint64_t counter, struct bytes ad, uint8_t *buf, size_t size)
{
	uint8_t nonce[NONCE_SIZE];
	size_t n = size - TAG_SIZE;
	bool ok;

	if (size < TAG_SIZE)
		return false;
	assert(size <= INT32_MAX && ad.size <= INT32_MAX);
	nonce_of(nonce, counter);
	if (has_schedule(a))
		ok = gcm_open(a, nonce, ad, buf, n);
	else if (ad.size + n >= EVP_WORTH && evp_of(a))
		ok = evp_open(a->evp, nonce, ad, buf, (int)n);
	else if (a->cipher == CIPHER_AES)
		ok = crypto_aead_aes256gcm_decrypt_detached_afternm(
			     buf, NULL, buf, n, buf + n, ad.data, ad.size, nonce, &a->aes) == 0;
	else
		ok = crypto_aead_chacha20poly1305_ietf_decrypt_detached(
			     buf, NULL, buf, n, buf + n, ad.data, ad.size, nonce, a->key) == 0;
	if (!ok)
		memset(buf, 0, size); /* the fast ones have decrypted before they knew */
	return ok;
}

#endif
