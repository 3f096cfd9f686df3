/* Passphrases; native only: Node 20 crashes after 64 MiB were stirred in wasm, in its fast
 * calls of WASI (never under --no-turbo-fast-api-calls). */
#include "crypto/crypto.h"
#include "support/check.h"

/* Argon2id, 64 MiB, 2 passes, one lane, of libsodium: "correct horse", salt 01 00 ... */
static const uint8_t known[32] = {
	0xe0, 0xcf, 0xf1, 0xf0, 0xc9, 0x8c, 0x2a, 0xe6,
	0x78, 0x73, 0x23, 0xa1, 0x18, 0x52, 0xde, 0xda,
	0x30, 0x5d, 0xed, 0xc4, 0x2c, 0x0a, 0x70, 0x7b,
	0x31, 0xf6, 0xdb, 0x1d, 0x80, 0x26, 0xf3, 0x71,
};

TEST(stretching_is_known)
{
	uint8_t a[32], salt[16] = {1};

	REQUIRE(crypto_init());
	CHECK(crypto_stretch(a, bytes_text("correct horse"), salt));
	CHECK_BYTES(a, known, 32);
}

TEST(every_byte_counts)
{
	uint8_t b[32], salt[16] = {1};
	const uint8_t *a = known;

	REQUIRE(crypto_init());
	salt[15] = 1;
	CHECK(crypto_stretch(b, bytes_text("correct horse"), salt));
	CHECK(memcmp(a, b, 32) != 0);
	salt[15] = 0;
	CHECK(crypto_stretch(b, bytes_text("correct horsf"), salt));
	CHECK(memcmp(a, b, 32) != 0);
}

TEST_MAIN(TEST_CASE(stretching_is_known), TEST_CASE(every_byte_counts))
