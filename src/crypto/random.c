/* random.c - ChaCha20 under a seed that was given: see crypto.h.
 *
 *  1. The key that made some bytes is gone before they are handed out: whoever reads
 *     the memory of a node does not learn what it drew before.
 *  2. Same seed, purpose and calls, same bytes, on every machine. */
#include "crypto/crypto.h"

#include <assert.h>

void random_init(struct random *r, const uint8_t seed[32], struct bytes purpose)
{
	struct bytes parts[] = {bytes_text("leno random"), purpose};

	crypto_hash(r->key, sizeof r->key, bytes_of(seed, 32), parts, 2);
	r->counter = 0;
}

void random_bytes(struct random *r, void *ret, size_t size)
{
	uint8_t block[64]; /* the next key, and the bytes or the key that makes them */

	crypto_chacha20(block, sizeof block, r->key, r->counter++);
	memcpy(r->key, block, KEY_SIZE);
	if (size <= sizeof block - KEY_SIZE)
		bytes_copy(ret, block + KEY_SIZE, size);
	else
		crypto_chacha20(ret, size, block + KEY_SIZE, 0);
	crypto_wipe(block, sizeof block);
}

uint64_t random_u64(struct random *r)
{
	uint8_t b[8];
	uint64_t v = 0;

	random_bytes(r, b, sizeof b);
	for (int i = 8; i-- > 0;)
		v = v << 8 | b[i];
	return v;
}

uint64_t random_below(struct random *r, uint64_t bound)
{
	uint64_t uneven, v;

	assert(bound > 0);
	uneven = (0 - bound) % bound; /* so many of the 2^64 values are too many */
	do
		v = random_u64(r);
	while (v < uneven);
	return v % bound;
}
