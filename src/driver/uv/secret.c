/* secret.c - the secrets of networks: files of one line, "leno secret 1" and 64 hex
 * digits as leno_secret_create() makes them, or else a passphrase. */
#include "driver/uv/secret.h"

#include "driver/uv/file.h"

#include <leno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SECRET_HEAD "leno secret 1 "

bool secret_random(void *ret, size_t size)
{
	if (sodium_init() < 0)
		return false;
	randombytes_buf(ret, size);
	return true;
}

void secret_wipe(void *data, size_t size)
{
	sodium_memzero(data, size);
}

void secret_tag(const char *network, char ret[SECRET_TAG])
{
	uint8_t hash[crypto_generichash_BYTES_MIN];

	crypto_generichash(hash, sizeof hash, (const uint8_t *)network, strlen(network), NULL, 0);
	sodium_bin2hex(ret, SECRET_TAG, hash, (SECRET_TAG - 1) / 2);
}

void secret_to_hex(const uint8_t bytes[SECRET_SIZE], char ret[2 * SECRET_SIZE + 1])
{
	sodium_bin2hex(ret, 2 * SECRET_SIZE + 1, bytes, SECRET_SIZE);
}

bool secret_from_hex(const char *hex, uint8_t ret[SECRET_SIZE])
{
	size_t size;

	return strlen(hex) == 2 * SECRET_SIZE &&
	       sodium_hex2bin(ret, SECRET_SIZE, hex, 2 * SECRET_SIZE, NULL, &size, NULL) == 0 &&
	       size == SECRET_SIZE;
}

void secret_hex(const void *bytes, size_t size, char *ret)
{
	sodium_bin2hex(ret, 2 * size + 1, bytes, size);
}

bool secret_unhex(const char *hex, void *ret, size_t capacity, size_t *ret_size)
{
	const char *end;

	return sodium_hex2bin(ret, capacity, hex, strlen(hex), NULL, ret_size, &end) == 0 &&
	       *end == '\0';
}

bool secret_base64(const void *bytes, size_t size, char *ret, size_t capacity)
{
	if (capacity < sodium_base64_encoded_len(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING))
		return false;
	sodium_bin2base64(ret, capacity, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return true;
}

bool secret_unbase64(const char *text, void *ret, size_t capacity, size_t *ret_size)
{
	const char *end;

	return sodium_base642bin(ret, capacity, text, strlen(text), NULL, ret_size, &end,
	                         sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       *end == '\0';
}

int secret_stretch(const char *network, const void *passphrase, size_t size,
                   uint8_t ret[SECRET_SIZE])
{
	static const char salt_of[] = "leno passphrase";
	uint8_t salt[crypto_pwhash_argon2id_SALTBYTES];
	crypto_generichash_state state;

	if (sodium_init() < 0)
		return LENO_SYSTEM;
	crypto_generichash_init(&state, NULL, 0, sizeof salt);
	crypto_generichash_update(&state, (const uint8_t *)salt_of, sizeof salt_of - 1);
	crypto_generichash_update(&state, (const uint8_t *)network, strlen(network));
	crypto_generichash_final(&state, salt, sizeof salt);
	if (crypto_pwhash_argon2id(ret, SECRET_SIZE, passphrase, size, salt,
	                           crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
	                           crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE,
	                           crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
		return LENO_MEMORY;
	return LENO_OK;
}

static int understand(char *text, const char *network, uint8_t ret[SECRET_SIZE],
                      const char **ret_why)
{
	size_t head = sizeof SECRET_HEAD - 1, size = strcspn(text, "\r\n");

	if (text[size + strspn(text + size, "\r\n")] != '\0') {
		*ret_why = "it has more than one line";
		return LENO_FILE;
	}
	text[size] = '\0';
	if (size == 0) {
		*ret_why = "it is empty";
		return LENO_FILE;
	}
	/* A damaged secret must not pass for a passphrase. */
	if (strncmp(text, SECRET_HEAD, head - 3) != 0)
		return secret_stretch(network, text, size, ret);
	if (strncmp(text, SECRET_HEAD, head) == 0 && secret_from_hex(text + head, ret))
		return LENO_OK;
	*ret_why = "it is damaged, or of a later version";
	return LENO_FILE;
}

int secret_load(const char *path, const char *network, uint8_t ret[SECRET_SIZE],
                const char **ret_why)
{
	char text[PASSPHRASE_MAX + 3];
	int error = file_read_private(path, text, sizeof text, ret_why);

	if (error == LENO_OK)
		error = understand(text, network, ret, ret_why);
	secret_wipe(text, sizeof text);
	return error;
}

int leno_secret_create(const char *path)
{
	char hex[2 * SECRET_SIZE + 1], line[sizeof SECRET_HEAD + sizeof hex];
	uint8_t secret[SECRET_SIZE];
	int error;

	if (!path || !secret_random(secret, sizeof secret))
		return path ? LENO_SYSTEM : LENO_ARGUMENT;
	secret_to_hex(secret, hex);
	snprintf(line, sizeof line, SECRET_HEAD "%s\n", hex);
	error = file_create_private(path, line);
	secret_wipe(secret, sizeof secret);
	secret_wipe(hex, sizeof hex);
	secret_wipe(line, sizeof line);
	return error;
}

/* Keyed by its purpose: it says nothing about anything else that is made of the secret. */
int leno_secret_fingerprint(const char *path, const char *network,
                            char ret_text[LENO_FINGERPRINT_TEXT])
{
	static const char purpose[] = "leno fingerprint";
	uint8_t secret[SECRET_SIZE], hash[crypto_generichash_BYTES];
	char hex[17];
	const char *why;
	int error;

	if (!path || !ret_text)
		return LENO_ARGUMENT;
	if (sodium_init() < 0)
		return LENO_SYSTEM;
	error = secret_load(path, network ? network : "default", secret, &why);
	if (error < 0)
		return error;
	crypto_generichash(hash, sizeof hash, (const uint8_t *)purpose, sizeof purpose - 1, secret,
	                   sizeof secret);
	secret_wipe(secret, sizeof secret);
	sodium_bin2hex(hex, sizeof hex, hash, 8);
	snprintf(ret_text, LENO_FINGERPRINT_TEXT, "%.4s-%.4s-%.4s-%.4s", hex, hex + 4, hex + 8,
	         hex + 12);
	return LENO_OK;
}
