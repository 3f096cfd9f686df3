/* record.c - see record.h. */
#include "link/record.h"

#include <leno.h>

#include <assert.h>

#include "crypto/noise.h"

int record_start(struct record_key *k, enum cipher cipher, const uint8_t key[KEY_SIZE],
		 uint64_t now_us)
{
	*k = (struct record_key){.aead = aead_new(cipher, key), .keyed_us = now_us};
	if (!k->aead)
		return LENO_MEMORY;
	memcpy(k->key, key, KEY_SIZE);
	return 0;
}

void record_stop(struct record_key *k)
{
	aead_free(k->aead);
	crypto_wipe(k, sizeof *k);
}

bool record_aged(const struct record_key *k, uint64_t now_us)
{
	return k->counter - k->keyed_counter >= REKEY_RECORDS ||
	       now_us - k->keyed_us >= REKEY_SECONDS * UINT64_C(1000000);
}

void record_rekey(struct record_key *k, uint64_t now_us)
{
	noise_rekey(k->key);
	aead_rekey(k->aead, k->key);
	k->keyed_counter = k->counter;
	k->keyed_us = now_us;
}

int record_measure(const uint8_t *have, size_t n)
{
	size_t size;

	if (n < RECORD_HEAD)
		return RECORD_HEAD;
	size = have[0] | (size_t)have[1] << 8;
	if (size == 0)
		return 0;
	if (size < RECORD_LEAST || size > RECORD_MOST)
		return LENO_PROTOCOL;
	return (int)(RECORD_HEAD + size);
}

size_t record_seal(struct record_key *k, uint8_t *buf, size_t size)
{
	size_t sealed = size + TAG_SIZE;

	assert(size > 0 && size <= RECORD_FRAMES_MAX);
	buf[0] = (uint8_t)sealed;
	buf[1] = (uint8_t)(sealed >> 8);
	aead_seal(k->aead, k->counter++, bytes_of(buf, RECORD_HEAD), buf + RECORD_HEAD, size);
	return RECORD_HEAD + sealed;
}

bool record_open(struct record_key *k, uint8_t *record, size_t size, struct bytes *ret_frames)
{
	assert(size >= RECORD_HEAD + RECORD_LEAST);
	if (!aead_open(k->aead, k->counter, bytes_of(record, RECORD_HEAD), record + RECORD_HEAD,
		       size - RECORD_HEAD))
		return false;
	k->counter++;
	*ret_frames = bytes_of(record + RECORD_HEAD, size - RECORD_MORE);
	return true;
}
