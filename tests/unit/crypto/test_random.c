/* Randomness under a seed: the same everywhere, and not to be run backwards. */
#include "crypto/crypto.h"
#include "support/check.h"

static struct random from(uint8_t first, const char *purpose)
{
	uint8_t seed[32] = {first};
	struct random r;

	random_init(&r, seed, bytes_text(purpose));
	return r;
}

TEST(the_stream_is_chacha20)
{
	/* RFC 8439, A.1, test vector 1: key and nonce of zeros, block 0 */
	static const uint8_t want[16] = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90,
					 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28};
	uint8_t key[32] = {0}, got[64];

	crypto_chacha20(got, sizeof got, key, 0);
	CHECK_BYTES(got, want, 16);
}

TEST(same_seed_same_bytes_on_every_machine)
{
	/* Drawn once by this code: gcc, clang and wasm must agree for ever. */
	static const uint8_t small[8] = {0xb1, 0x2a, 0xc4, 0x0b, 0x10, 0x57, 0xa6, 0x1a};
	static const uint8_t large[8] = {0x25, 0xaf, 0xd0, 0x68, 0xda, 0x4c, 0x3f, 0xb5}; /* the last of 100 */
	uint8_t got[100];
	struct random r = from(1, "test");

	random_bytes(&r, got, 8);
	CHECK_BYTES(got, small, 8);
	random_bytes(&r, got, 100);
	CHECK_BYTES(got + 92, large, 8);
	CHECK_EQ(random_u64(&r), 0x4bdeb0d200664e5au);
	CHECK_EQ(random_below(&r, 1000), 722);
}

TEST(seeds_and_purposes_part_the_streams)
{
	struct random a = from(1, "a"), b = from(2, "a"), c = from(1, "b"), d = from(1, "a");
	uint64_t one = random_u64(&a);

	CHECK(one != random_u64(&b));
	CHECK(one != random_u64(&c));
	CHECK_EQ(one, random_u64(&d));
	CHECK(one != random_u64(&a));
}

TEST(the_key_that_made_bytes_is_gone)
{
	struct random r = from(1, "a");
	uint8_t before[32], drawn[32];

	memcpy(before, r.key, 32);
	random_bytes(&r, drawn, 32);
	CHECK(memcmp(before, r.key, 32) != 0);
	CHECK(memcmp(drawn, r.key, 32) != 0);
}

TEST(every_size_is_filled_to_its_end_and_no_further)
{
	static const size_t sizes[] = {0, 1, 31, 32, 33, 64, 1000};
	struct random r = from(5, "a");
	uint8_t buf[1001];

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		unsigned differ = 0;
		for (int round = 0; round < 4; round++) {
			memset(buf, 0, sizeof buf);
			random_bytes(&r, buf, sizes[i]);
			CHECK_EQ(buf[sizes[i]], 0);
			differ |= sizes[i] ? buf[sizes[i] - 1] : 1;
		}
		CHECK(differ != 0);
	}
}

TEST(below_is_below_and_even)
{
	struct random r = from(3, "a");
	unsigned seen[5] = {0};

	for (int i = 0; i < 5000; i++)
		seen[random_below(&r, 5)]++;
	for (int i = 0; i < 5; i++)
		CHECK(seen[i] > 850 && seen[i] < 1150);
	CHECK_EQ(random_below(&r, 1), 0);
	/* three quarters of the range: without rejection, a third would come twice as often */
	for (int i = 0, low = 0; i < 3000; i++) {
		low += random_below(&r, UINT64_MAX / 4 * 3) < UINT64_MAX / 4;
		if (i == 2999)
			CHECK(low > 850 && low < 1150);
	}
}

TEST_MAIN(TEST_CASE(the_stream_is_chacha20), TEST_CASE(same_seed_same_bytes_on_every_machine),
	  TEST_CASE(seeds_and_purposes_part_the_streams), TEST_CASE(the_key_that_made_bytes_is_gone),
	  TEST_CASE(every_size_is_filled_to_its_end_and_no_further),
	  TEST_CASE(below_is_below_and_even))
