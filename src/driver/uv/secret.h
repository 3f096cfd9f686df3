/* secret.h - secrets in files, and all that this driver asks of libsodium. */
#ifndef LENO_DRIVER_UV_SECRET_H
#define LENO_DRIVER_UV_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECRET_SIZE = 32, SECRET_TAG = 17, PASSPHRASE_MAX = 1024 };

bool secret_random(void *ret, size_t size);
void secret_wipe(void *, size_t size);

/* Sixteen hex digits that tell networks apart by name; no secret. */
void secret_tag(const char *network, char ret[SECRET_TAG]);

void secret_to_hex(const uint8_t bytes[SECRET_SIZE], char ret[2 * SECRET_SIZE + 1]);
bool secret_from_hex(const char *hex, uint8_t ret[SECRET_SIZE]);

/* Any bytes as hex digits (2 * size + 1) and back: false when they are none, odd, or too many. */
void secret_hex(const void *bytes, size_t size, char *ret);
bool secret_unhex(const char *hex, void *ret, size_t capacity, size_t *ret_size);

/* The same in base64url without padding (RFC 4648, section 5). */
bool secret_base64(const void *bytes, size_t size, char *ret, size_t capacity);
bool secret_unbase64(const char *text, void *ret, size_t capacity, size_t *ret_size);

/* A passphrase into a secret: slow on purpose, 64 MiB for a tenth of a second. MEMORY. */
int secret_stretch(const char *network, const void *passphrase, size_t size,
                   uint8_t ret[SECRET_SIZE]);

/* The secret that a file holds, or its passphrase stretched. FILE (*ret_why says what is
 * wrong with it), MEMORY. */
int secret_load(const char *path, const char *network, uint8_t ret[SECRET_SIZE],
                const char **ret_why);

#endif
