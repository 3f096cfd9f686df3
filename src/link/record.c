/* record.c - see record.h. */
#include "link/record.h"

#include <leno.h>

#include <assert.h>

#include "crypto/noise.h"

int record_start(struct record_key *k, enum cipher cipher, const uint8_t key[KEY_SIZE],
		 const struct gcm *gcm, uint64_t now_us)
{
	*k = (struct record_key){.aead = aead_new(cipher, key, gcm), .keyed_us = now_us};
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

static size_t u16_at(const uint8_t *p)
{
	return p[0] | (size_t)p[1] << 8;
}

static void put_u16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

int record_measure(const uint8_t *have, size_t n)
{
	size_t size;

	if (n < RECORD_HEAD)
		return RECORD_HEAD;
	size = u16_at(have);
	if (size == 0)
		return 0;
	size &= ~(size_t)RECORD_CARRIES;
	if (size < RECORD_LEAST || size > RECORD_MOST)
		return LENO_PROTOCOL;
	return (int)(RECORD_HEAD + size);
}

/* `before` bytes are vouched for, the head among them; `size` are sealed. */
static size_t seal(struct record_key *k, uint8_t *buf, size_t before, size_t size, size_t flag)
{
	size_t all = before + size + TAG_SIZE;

	assert(size > 0 && all <= RECORD_HEAD + RECORD_MOST);
	put_u16(buf, (all - RECORD_HEAD) | flag);
	aead_seal(k->aead, k->counter++, bytes_of(buf, before), buf + before, size);
	return all;
}

size_t record_seal(struct record_key *k, uint8_t *buf, size_t size)
{
	return seal(k, buf, RECORD_HEAD, size, 0);
}

size_t record_seal_carrying(struct record_key *k, uint8_t *buf, size_t carried, size_t size)
{
	assert(carried > 0);
	put_u16(buf + RECORD_HEAD, carried);
	return seal(k, buf, RECORD_CARRY_HEAD + carried, size, RECORD_CARRIES);
}

/* How many bytes stand before the frames; 0: there can be no frames behind so many. */
static size_t before_frames(const uint8_t *record, size_t size)
{
	size_t carried;

	if (!(u16_at(record) & RECORD_CARRIES))
		return RECORD_HEAD;
	carried = u16_at(record + RECORD_HEAD);
	if (carried == 0 || RECORD_CARRY_HEAD + carried + RECORD_LEAST > size)
		return 0;
	return RECORD_CARRY_HEAD + carried;
}

bool record_open(struct record_key *k, uint8_t *record, size_t size, struct bytes *ret_frames,
		 struct bytes *ret_carried)
{
	size_t before;

	assert(size >= RECORD_HEAD + RECORD_LEAST);
	before = before_frames(record, size);
	if (before == 0 || !aead_open(k->aead, k->counter, bytes_of(record, before),
				      record + before, size - before))
		return false;
	k->counter++;
	*ret_frames = bytes_of(record + before, size - before - TAG_SIZE);
	*ret_carried = before > RECORD_HEAD ? bytes_of(record + RECORD_CARRY_HEAD,
						       before - RECORD_CARRY_HEAD)
					    : bytes_of(NULL, 0);
	return true;
}
