/* The seam by answers that are known: from the RFCs, and from libsodium alone where the
 * provider uses two libraries. */
#include "base/mem.h"
#include "crypto/crypto.h"
#include "support/check.h"

static void pattern(uint8_t *ret, size_t size)
{
	for (size_t i = 0; i < size; i++)
		ret[i] = (uint8_t)(i * 7 + (i >> 8));
}

static void hex(const char *text, uint8_t *ret)
{
	for (size_t i = 0; text[2 * i]; i++) {
		unsigned v = 0;
		sscanf(text + 2 * i, "%2x", &v);
		ret[i] = (uint8_t)v;
	}
}

TEST(blake2b_is_that_of_the_rfc)
{
	uint8_t got[64], want[64];
	struct bytes parts[] = {bytes_text("a"), bytes_of(NULL, 0), bytes_text("bc")};

	hex("ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
	    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
	    want);
	crypto_hash(got, 64, bytes_of(NULL, 0), parts, 3);
	CHECK_BYTES(got, want, 64);
}

TEST(hash_sizes_and_keys_are_all_different)
{
	uint8_t short_one[1], a[32], b[32], c[32];
	struct bytes part = bytes_text("abc");

	crypto_hash(short_one, 1, bytes_of(NULL, 0), &part, 1);
	crypto_hash(a, 32, bytes_of(NULL, 0), &part, 1);
	crypto_hash(b, 32, bytes_text("k"), &part, 1);
	crypto_hash(c, 32, bytes_text("l"), &part, 1);
	CHECK(memcmp(a, b, 32) != 0 && memcmp(b, c, 32) != 0);
}

TEST(hmac_is_the_hash_twice)
{
	static const struct {
		const char *why;
		size_t key_size;
		const char *want; /* Python: hmac.new(key, b"message", "blake2b") */
	} rows[] = {
		{"no key", 0,
		 "dddc388800f00458e7732811568eaebd502c1d6adc6bcbd1ff3d944e9aa3cfa2"
		 "976f528623313415f6d777a36e3bd3bc5af6490a7eda59c866fc93879652191a"},
		{"a short key is padded", 20,
		 "b0d07c2817b905cad864b8dd66a80e39947cb57e0e37d02be547e32e2eaac9dd"
		 "ca42b6cd1b9aaa9b5b56d329d47db089e022cc9f6f36b2b6929d47413dec2470"},
		{"a block is used as it is", 128,
		 "ce9959553678f9b067505180d61af16ca235494d0646cfb2ba0604e25ea4f832"
		 "741b49fdd3a3e91130b4cb9e933d970c4e8242b1ffb067efefbc1bf68532415d"},
		{"a long key is hashed first", 129,
		 "51cd10f776ace5aca8c68e0b11a95cec64f26b0dfc770b17f98e95e8ad976583"
		 "8ff3e959c8129a0f20703c1bf9db00c3eef68406e3394af719392e9fc23262a0"},
	};
	uint8_t key[200], got[64], want[64];
	struct bytes parts[] = {bytes_text("mess"), bytes_text("age")};

	pattern(key, sizeof key);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		hex(rows[i].want, want);
		crypto_hmac(got, bytes_of(key, rows[i].key_size), parts, 2);
		CHECK_BYTES(got, want, 64);
	}
}

TEST(x25519_agrees_both_ways_and_refuses_low_order)
{
	uint8_t a[32], b[32], a_public[32], b_public[32], one[32], two[32];
	uint8_t zero[32] = {0}, unit[32] = {1};

	/* RFC 7748, section 6.1 */
	hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", a);
	hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", b);
	crypto_x25519_public(a_public, a);
	crypto_x25519_public(b_public, b);
	hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", one);
	CHECK_BYTES(a_public, one, 32);
	CHECK(crypto_x25519(one, a, b_public) && crypto_x25519(two, b, a_public));
	CHECK_BYTES(one, two, 32);
	hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742", two);
	CHECK_BYTES(one, two, 32);
	CHECK(!crypto_x25519(one, a, zero));
	CHECK(!crypto_x25519(one, a, unit));
}

TEST(ed25519_is_that_of_the_rfc)
{
	uint8_t seed[32], public[32], secret[64], want[64], signature[64], message = 0x72;

	/* RFC 8032, section 7.1, test 2 */
	hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", seed);
	crypto_ed25519_keys(public, secret, seed);
	hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", want);
	CHECK_BYTES(public, want, 32);
	crypto_sign(signature, bytes_of(&message, 1), secret);
	hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
	    want);
	CHECK_BYTES(signature, want, 64);
	CHECK(crypto_verify(signature, bytes_of(&message, 1), public));
	signature[40] ^= 1;
	CHECK(!crypto_verify(signature, bytes_of(&message, 1), public));
}

/* Sizes around where the provider changes libraries, and where ciphers change blocks; of what
 * is sealed, and of what is only vouched for. */
static const size_t sizes[] = {0, 1, 15, 16, 17, 28, 63, 64, 65, 255, 511, 512, 513, 1024, 4097, 16384};
static const size_t ad_sizes[] = {0, 2, 4, 500, 512, 1041, 15361};
enum {
	N_SIZES = sizeof sizes / sizeof *sizes, N_AD_SIZES = sizeof ad_sizes / sizeof *ad_sizes,
	LARGEST = 16384
};

TEST(records_of_every_size_are_what_a_plain_seal_makes)
{
	static uint8_t buf[LARGEST + TAG_SIZE], plain[LARGEST], want[LARGEST + TAG_SIZE];
	uint8_t key[32];
	struct aead *a;

	REQUIRE(crypto_init());
	pattern(key, sizeof key);
	pattern(plain, sizeof plain);
	a = aead_new(CIPHER_CHACHA, key, NULL);
	REQUIRE(a != NULL);
	for (size_t i = 0; i < N_SIZES * N_AD_SIZES; i++) {
		uint64_t counter = 0x0102030405060708u * i;
		struct bytes ad = bytes_of(plain, ad_sizes[i % N_AD_SIZES]);
		size_t size = sizes[i / N_AD_SIZES];
		memcpy(buf, plain, size);
		aead_seal(a, counter, ad, buf, size);
		crypto_seal(want, key, counter, ad, bytes_of(plain, size));
		CHECK_BYTES(buf, want, size + TAG_SIZE);
		CHECK(aead_open(a, counter, ad, buf, size + TAG_SIZE));
		CHECK_BYTES(buf, plain, size);
	}
	aead_free(a);
}

static void records_refuse_what_was_changed(enum cipher cipher)
{
	static uint8_t buf[LARGEST + TAG_SIZE], kept[LARGEST + TAG_SIZE], plain[LARGEST];
	uint8_t key[32] = {9};
	struct bytes ad = bytes_of("ad", 2);
	struct aead *a = aead_new(cipher, key, NULL);

	REQUIRE(a != NULL);
	pattern(plain, sizeof plain);
	for (size_t i = 0; i < N_SIZES; i++) {
		size_t size = sizes[i] + TAG_SIZE;
		memcpy(kept, plain, sizes[i]);
		aead_seal(a, 7, ad, kept, sizes[i]);
		for (size_t at = 0; at < size; at += 1 + size / 40) {
			memcpy(buf, kept, size);
			buf[at] ^= 0x10;
			CHECK(!aead_open(a, 7, ad, buf, size));
			/* nothing of the plaintext is left to be believed */
			CHECK(sizes[i] < 16 || memcmp(buf, plain, sizes[i]) != 0);
		}
		memcpy(buf, kept, size);
		CHECK(!aead_open(a, 8, ad, buf, size));
		memcpy(buf, kept, size);
		CHECK(!aead_open(a, 7, bytes_of("ae", 2), buf, size));
		memcpy(buf, kept, size);
		CHECK(size == TAG_SIZE || !aead_open(a, 7, ad, buf, size - 1));
		memcpy(buf, kept, size);
		CHECK(aead_open(a, 7, ad, buf, size));
	}
	CHECK(!aead_open(a, 7, ad, buf, TAG_SIZE - 1));
	CHECK(!aead_open(a, 7, ad, buf, 0));
	aead_free(a);
}

/* What is vouched for without being sealed is vouched for all the same, to its last byte. */
static void records_refuse_a_changed_companion(enum cipher cipher)
{
	static uint8_t companion[LARGEST], kept[100 + TAG_SIZE], buf[100 + TAG_SIZE];
	uint8_t key[32] = {9};
	struct aead *a = aead_new(cipher, key, NULL);

	REQUIRE(a != NULL);
	pattern(companion, sizeof companion);
	for (size_t i = 0; i < N_AD_SIZES; i++) {
		struct bytes ad = bytes_of(companion, ad_sizes[i]);
		pattern(kept, 100);
		aead_seal(a, 7, ad, kept, 100);
		for (size_t at = 0; at < ad.size; at += 1 + ad.size / 40) {
			memcpy(buf, kept, sizeof buf);
			companion[at] ^= 0x10;
			CHECK(!aead_open(a, 7, ad, buf, sizeof buf));
			companion[at] ^= 0x10;
		}
		memcpy(buf, kept, sizeof buf);
		CHECK(!aead_open(a, 7, bytes_of(companion, ad.size + 1), buf, sizeof buf));
		memcpy(buf, kept, sizeof buf);
		CHECK(aead_open(a, 7, ad, buf, sizeof buf));
	}
	aead_free(a);
}

TEST(chacha_records_refuse_what_was_changed)
{
	REQUIRE(crypto_init());
	records_refuse_what_was_changed(CIPHER_CHACHA);
	records_refuse_a_changed_companion(CIPHER_CHACHA);
}

TEST(aes_records_refuse_what_was_changed)
{
	if (!crypto_init() || !crypto_has_aes())
		SKIP("no AES in this hardware");
	records_refuse_what_was_changed(CIPHER_AES);
	records_refuse_a_changed_companion(CIPHER_AES);
}

struct known_record {
	const char *why;
	size_t size, companion;
	const char *want; /* BLAKE2b-128 of the sealed record, by libsodium alone */
};

static void records_are_known(enum cipher cipher, const struct known_record *rows, size_t n)
{
	static uint8_t buf[LARGEST + TAG_SIZE], companion[LARGEST];
	uint8_t key[32], want[16], got[16];
	struct aead *a;

	pattern(key, sizeof key);
	pattern(companion, sizeof companion);
	a = aead_new(cipher, key, NULL);
	REQUIRE(a != NULL);
	for (size_t i = 0; i < n; i++) {
		struct bytes sealed = bytes_of(buf, rows[i].size + TAG_SIZE), ad = bytes_of("ad", 2);
		CHECK_ROW(rows[i].why);
		pattern(buf, rows[i].size);
		if (rows[i].companion)
			ad = bytes_of(companion, rows[i].companion);
		aead_seal(a, 0x1122334455667788u, ad, buf, rows[i].size);
		crypto_hash(got, 16, bytes_of(NULL, 0), &sealed, 1);
		hex(rows[i].want, want);
		CHECK_BYTES(got, want, 16);
	}
	aead_free(a);
}

TEST(aes_records_are_known)
{
	static const struct known_record rows[] = {
		{"nothing", 0, 0, "f091d8fe19c3e35f7bff7b9a71599f0e"},
		{"small", 64, 0, "27ea32b2bdc8f9fdfa7cfd7960e3d34e"},
		{"large", 1024, 0, "aa7bab429558ca6d26a60e3d7e92ede0"},
		{"a whole record", 16384, 0, "33c200445d6dae374afa3e62a5dd707b"},
		{"small, with much beside it", 64, 15364, "7b073b0a07f649236f45e4610f3e77ac"},
	};

	if (!crypto_init() || !crypto_has_aes())
		SKIP("no AES in this hardware");
	records_are_known(CIPHER_AES, rows, sizeof rows / sizeof *rows);
}

/* Each way through an implementation that takes one, two or four blocks at a time. */
TEST(chacha_records_are_known)
{
	static const struct known_record rows[] = {
		{"nothing", 0, 0, "6d32bfc5133feca18a1e05852ab015df"},
		{"a block", 64, 0, "f6027590762683a05fd9774bc0f71029"},
		{"a part of the second", 100, 0, "d471236c78d706430d1e018f6c8672f2"},
		{"four blocks", 256, 0, "09c9d4fc807a3044b3238a08ec5a2910"},
		{"four, one, and a part", 333, 0, "7725b846f5d4496f18528904054a9047"},
		{"sixteen blocks", 1024, 0, "ea978242bc3825f01a459454a96b5c76"},
		{"a whole record", 16384, 0, "c0f1923dec7ddeba9daae995dc5f0814"},
		{"small, with much beside it", 64, 15364, "0adaf706a83cc55e7d986ad3b8f8b5ee"},
	};

	REQUIRE(crypto_init());
	records_are_known(CIPHER_CHACHA, rows, sizeof rows / sizeof *rows);
}

TEST(a_rekeyed_cipher_is_a_new_one)
{
	static uint8_t one[2000 + TAG_SIZE], two[2000 + TAG_SIZE];
	uint8_t old[32] = {1}, new[32] = {2};

	REQUIRE(crypto_init());
	for (int c = CIPHER_CHACHA; c <= (crypto_has_aes() ? CIPHER_AES : CIPHER_CHACHA); c++) {
		struct aead *a = aead_new((enum cipher)c, old, NULL), *b = aead_new((enum cipher)c, new, NULL);
		REQUIRE(a && b);
		aead_rekey(a, new);
		for (size_t size = 100; size <= 2000; size += 1900) { /* both libraries */
			pattern(one, size);
			pattern(two, size);
			aead_seal(a, 3, bytes_of(NULL, 0), one, size);
			aead_seal(b, 3, bytes_of(NULL, 0), two, size);
			CHECK_BYTES(one, two, size + TAG_SIZE);
		}
		aead_free(a);
		CHECK(aead_free(b) == NULL);
	}
	CHECK(aead_free(NULL) == NULL);
}

TEST(a_cipher_without_memory_is_none)
{
	uint8_t key[32] = {0};

	REQUIRE(crypto_init());
	mem_fail(1, 0);
	CHECK(aead_new(CIPHER_CHACHA, key, NULL) == NULL);
	mem_fail(0, 0);
}

TEST(same_and_wipe_do_what_they_say)
{
	uint8_t a[5] = "abcd", b[5] = "abcd";

	CHECK(crypto_same(a, b, 5));
	b[4] = 1;
	CHECK(!crypto_same(a, b, 5) && crypto_same(a, b, 4));
	crypto_wipe(a, 5);
	CHECK_BYTES(a, "\0\0\0\0\0", 5);
}

TEST_MAIN(TEST_CASE(blake2b_is_that_of_the_rfc), TEST_CASE(hash_sizes_and_keys_are_all_different),
	  TEST_CASE(hmac_is_the_hash_twice), TEST_CASE(x25519_agrees_both_ways_and_refuses_low_order),
	  TEST_CASE(ed25519_is_that_of_the_rfc),
	  TEST_CASE(records_of_every_size_are_what_a_plain_seal_makes),
	  TEST_CASE(chacha_records_refuse_what_was_changed),
	  TEST_CASE(aes_records_refuse_what_was_changed), TEST_CASE(aes_records_are_known),
	  TEST_CASE(chacha_records_are_known),
	  TEST_CASE(a_rekeyed_cipher_is_a_new_one), TEST_CASE(a_cipher_without_memory_is_none),
	  TEST_CASE(same_and_wipe_do_what_they_say))
