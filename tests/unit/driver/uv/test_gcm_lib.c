/* libipsec-mb seals and opens what the core's own library does, of all sizes, and knows what is
 * forged. */
#include "driver/uv/gcm_lib.h"

#include <stdlib.h>

#include "crypto/crypto.h"
#include "support/check.h"

enum { LARGEST = 65535, BESIDE = 20000 };

static const uint8_t key[KEY_SIZE] = { 7 }, next_key[KEY_SIZE] = { 8 };
static uint8_t ours[LARGEST + TAG_SIZE], theirs[LARGEST + TAG_SIZE], beside[BESIDE];
static struct gcm gcm;
static struct aead *plain, *fast;

static bool begin(void)
{
	const leno_gcm *lib = gcm_lib();

	if (!crypto_init())
		abort();
	if (!lib)
		return false;
	gcm = (struct gcm){ lib->schedule_size, lib->expand, lib->seal, lib->open };
	plain = aead_new(CIPHER_AES, key, NULL);
	fast = aead_new(CIPHER_AES, key, &gcm);
	if (!plain || !fast)
		abort();
	for (size_t i = 0; i < BESIDE; i++)
		beside[i] = (uint8_t)(i * 5);
	return true;
}

static void finish(void)
{
	aead_free(plain);
	aead_free(fast);
}

static void fill(uint8_t *buf, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buf[i] = (uint8_t)(i * 7 + (i >> 8));
}

static bool both_ways(uint64_t counter, size_t n_beside, size_t size)
{
	const struct bytes ad = bytes_of(beside, n_beside);
	const size_t all = size + TAG_SIZE;
	bool same;

	fill(ours, size);
	fill(theirs, size);
	aead_seal(plain, counter, ad, ours, size);
	aead_seal(fast, counter, ad, theirs, size);
	same = memcmp(ours, theirs, all) == 0;
	same = aead_open(fast, counter, ad, ours, all) && same;
	same = aead_open(plain, counter, ad, theirs, all) && same;
	return same && memcmp(ours, theirs, size) == 0;
}

TEST(it_is_the_same_cipher)
{
	static const size_t large[] = { 511, 512, 513, 1023, 4096, 16384, 31 * 1024, LARGEST };
	static const size_t with[] = { 0, 1, 2, 16, 21, 300, BESIDE };
	uint64_t counter = 0;

	if (!begin())
		SKIP("no libipsec-mb, or no VAES in this hardware");
	CHECK(gcm_agrees(&gcm));
	for (size_t w = 0; w < sizeof with / sizeof *with; w++) {
		for (size_t size = 0; size <= 300; size++)
			CHECK(both_ways(++counter, with[w], size));
		for (size_t i = 0; i < sizeof large / sizeof *large; i++)
			CHECK(both_ways(UINT64_MAX - ++counter, with[w], large[i]));
	}
	aead_rekey(plain, next_key);
	aead_rekey(fast, next_key);
	CHECK(both_ways(1, 2, 64) && both_ways(2, 2, LARGEST));
	finish();
}

TEST(what_is_forged_is_refused)
{
	static const uint8_t zeros[200];
	static const size_t sizes[] = { 0, 1, 64, 100 };

	if (!begin())
		SKIP("no libipsec-mb, or no VAES in this hardware");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		for (size_t at = 0; at < sizes[i] + TAG_SIZE; at++) {
			fill(ours, sizes[i]);
			aead_seal(fast, 1, bytes_of(beside, 3), ours, sizes[i]);
			ours[at] ^= 0x80;
			CHECK(!aead_open(fast, 1, bytes_of(beside, 3), ours, sizes[i] + TAG_SIZE));
			CHECK_BYTES(ours, zeros, sizes[i] + TAG_SIZE);
		}
		fill(ours, sizes[i]);
		aead_seal(fast, 1, bytes_of(beside, 3), ours, sizes[i]);
		CHECK(!aead_open(fast, 1, bytes_of(beside, 4), ours, sizes[i] + TAG_SIZE));
	}
	finish();
}

TEST_MAIN(TEST_CASE(it_is_the_same_cipher),
	  TEST_CASE(what_is_forged_is_refused))
