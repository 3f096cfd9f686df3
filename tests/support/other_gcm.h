/* other_gcm.h - AES-256-GCM as a driver brings it: the same bytes as the core's own, since it asks
 * that, and counted. When it is to lie, the last byte of what it seals, or opens, is another one. */
#ifndef TESTS_SUPPORT_OTHER_GCM_H
#define TESTS_SUPPORT_OTHER_GCM_H

#include <stdlib.h>

#include "crypto/crypto.h"

static struct {
	unsigned expanded, sealed, opened;
	bool lies, opens_badly;
} other_gcm_now;

/* The seals of crypto.h have nonces of a kind: four zeros, and a number. */
static uint64_t other_gcm_counter(const uint8_t nonce[12])
{
	uint64_t counter = 0;

	for (int i = 11; i >= 4; i--)
		counter = counter << 8 | nonce[i];
	return counter;
}

static void other_gcm_expand(void *schedule, const uint8_t key[KEY_SIZE])
{
	other_gcm_now.expanded++;
	memcpy(schedule, key, KEY_SIZE);
}

static void other_gcm_run(const void *schedule, const uint8_t nonce[12], struct bytes ad, uint8_t *buf,
                          size_t size, uint8_t ret_tag[TAG_SIZE])
{
	struct aead *a = aead_new(CIPHER_AES, schedule, NULL);
	uint8_t *sealed = malloc(size + TAG_SIZE);

	memcpy(sealed, buf, size);
	aead_seal(a, other_gcm_counter(nonce), ad, sealed, size);
	memcpy(buf, sealed, size);
	memcpy(ret_tag, sealed + size, TAG_SIZE);
	free(sealed);
	aead_free(a);
}

static void other_gcm_seal(const void *schedule, const uint8_t nonce[12], const uint8_t *ad,
                           size_t ad_size, uint8_t *buf, size_t size, uint8_t ret_tag[TAG_SIZE])
{
	other_gcm_now.sealed++;
	other_gcm_run(schedule, nonce, bytes_of(ad, ad_size), buf, size, ret_tag);
	if (other_gcm_now.lies && size > 0)
		buf[size - 1] ^= 1;
}

/* Sealed twice it is what it was; and sealing that gives the tag. */
static void other_gcm_open(const void *schedule, const uint8_t nonce[12], const uint8_t *ad,
                           size_t ad_size, uint8_t *buf, size_t size, uint8_t ret_tag[TAG_SIZE])
{
	uint8_t *plain = malloc(size + 1), tag[TAG_SIZE];

	other_gcm_now.opened++;
	other_gcm_run(schedule, nonce, bytes_of(ad, ad_size), buf, size, tag);
	memcpy(plain, buf, size);
	other_gcm_run(schedule, nonce, bytes_of(ad, ad_size), plain, size, ret_tag);
	free(plain);
	if (other_gcm_now.opens_badly && size > 0)
		buf[size - 1] ^= 1;
}

#endif
