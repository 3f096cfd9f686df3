/* passphrase.c - argon2.wasm: what a page loads when it meets a passphrase, and not before.
 * The secret is the one that driver/uv/secret.c makes: docs/protocol.md says how. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_SIZE = 32 };

__attribute__((export_name("stretch_room"), used)) void *stretch_room(size_t size);
void *stretch_room(size_t size)
{
	return malloc(size);
}

/* The secret, or NULL: no memory. */
__attribute__((export_name("stretch"), used)) const uint8_t *stretch(const char *network,
                                                                     const char *passphrase);
const uint8_t *stretch(const char *network, const char *passphrase)
{
	static const char salt_of[] = "leno passphrase";
	static uint8_t secret[SECRET_SIZE];
	uint8_t salt[crypto_pwhash_argon2id_SALTBYTES];
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof salt);
	crypto_generichash_update(&state, (const uint8_t *)salt_of, sizeof salt_of - 1);
	crypto_generichash_update(&state, (const uint8_t *)network, strlen(network));
	crypto_generichash_final(&state, salt, sizeof salt);
	return crypto_pwhash_argon2id(secret, sizeof secret, passphrase, strlen(passphrase), salt,
	                              crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
	                              crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE,
	                              crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0 ? secret : NULL;
}
