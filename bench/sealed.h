/* sealed.h - what leno does to messages before they go anywhere, by hand: they are copied into
 * records with their sizes, and each record is sealed (AES-256-GCM) in place.
 *
 *     u32 size | that many bytes under the seal: (u32 size, message) ... | tag */
#ifndef BENCH_SEALED_H
#define BENCH_SEALED_H

#include "harness.h"

#include <openssl/evp.h>

enum {
	SEALED_HEAD = 4,
	SEALED_TAG  = 16,
	SEALED_MAX  = 64 * 1024,    /* of messages and their sizes, but for one that is as large */
	SEALED_ROOM = SEALED_MAX + SEALED_HEAD + SEALED_TAG + 4
};

EVP_CIPHER_CTX *sealed_key(bool seals);

/* As many messages as there is room for, and one at least; the bytes of them. */
size_t sealed_fill(char *to, size_t message, size_t room);

/* Seals so many bytes behind the head; what all of the record takes. */
size_t sealed_seal(EVP_CIPHER_CTX *, char *record, size_t size);

/* What the head says; then, with all of it there, opened where it lies; then its messages. */
size_t   sealed_size(const char *record);
void     sealed_open(EVP_CIPHER_CTX *, char *record);
uint64_t sealed_count(const struct stage *, const char *record);

#endif
