/* AES-256-GCM by somebody else: it is tried first, used from when it is there, and makes no
 * difference to anybody.
 * covers: src/crypto/provider.c */
#include "base/mem.h"
#include "support/check.h"
#include "support/other_gcm.h"

enum { SIZE = 700 };

static const struct gcm other = { KEY_SIZE, other_gcm_expand, other_gcm_seal, other_gcm_open };
static const uint8_t key[KEY_SIZE] = { 7 }, next_key[KEY_SIZE] = { 8 };

static void begin(void)
{
	if (!crypto_init())
		abort();
	memset(&other_gcm_now, 0, sizeof other_gcm_now);
}

/* The tag of a record that is sealed, which all of it goes into. */
static void seal_one(struct aead *a, uint64_t counter, uint8_t ret_tag[TAG_SIZE])
{
	uint8_t buf[SIZE + TAG_SIZE] = { 1 };

	aead_seal(a, counter, bytes_text("ad"), buf, SIZE);
	memcpy(ret_tag, buf + SIZE, TAG_SIZE);
}

static void check_same(struct aead *a, struct aead *b, uint64_t counter)
{
	uint8_t one[TAG_SIZE], two[TAG_SIZE];

	seal_one(a, counter, one);
	seal_one(b, counter, two);
	CHECK_BYTES(one, two, TAG_SIZE);
}

TEST(who_seals_something_else_is_refused)
{
	static const struct gcm large = { GCM_SCHEDULE_MAX + 1, other_gcm_expand, other_gcm_seal,
	                                  other_gcm_open };

	begin();
	if (!crypto_has_aes()) {
		CHECK(!gcm_agrees(&other));
		SKIP("no AES in this hardware");
	}
	CHECK(gcm_agrees(&other));
	CHECK(other_gcm_now.sealed == 1 && other_gcm_now.opened == 1);
	CHECK(!gcm_agrees(&large));
	other_gcm_now.lies = true;
	CHECK(!gcm_agrees(&other));
	other_gcm_now.lies = false;
	other_gcm_now.opens_badly = true;
	CHECK(!gcm_agrees(&other));
}

TEST(it_is_used_from_when_it_is_there)
{
	struct gcm later = { 0 };
	struct aead *a, *plain, *stream;

	begin();
	if (!crypto_has_aes())
		SKIP("no AES in this hardware");
	a = aead_new(CIPHER_AES, key, &later);
	plain = aead_new(CIPHER_AES, key, NULL);
	stream = aead_new(CIPHER_CHACHA, key, &later);
	REQUIRE(a && plain && stream);
	check_same(a, plain, 1);
	CHECK_EQ(other_gcm_now.expanded, 0);
	later = other;
	check_same(a, plain, 2);
	CHECK(other_gcm_now.expanded == 1 && other_gcm_now.sealed == 1);
	aead_rekey(a, next_key);
	aead_rekey(plain, next_key);
	check_same(a, plain, 3);
	CHECK(other_gcm_now.expanded == 2 && other_gcm_now.sealed == 2);
	seal_one(stream, 4, (uint8_t[TAG_SIZE]){ 0 });
	CHECK_EQ(other_gcm_now.sealed, 2);
	aead_free(a);
	aead_free(plain);
	aead_free(stream);
}

TEST(what_does_not_hold_leaves_nothing)
{
	static const uint8_t zeros[SIZE + TAG_SIZE];
	uint8_t buf[SIZE + TAG_SIZE];
	struct aead *a;

	begin();
	if (!crypto_has_aes())
		SKIP("no AES in this hardware");
	a = aead_new(CIPHER_AES, key, &other);
	REQUIRE(a);
	for (size_t at = 0; at < sizeof buf; at += 119) {
		memset(buf, 5, SIZE);
		aead_seal(a, 1, bytes_text("ad"), buf, SIZE);
		buf[at] ^= 1;
		CHECK(!aead_open(a, 1, bytes_text("ad"), buf, sizeof buf));
		CHECK_BYTES(buf, zeros, sizeof buf);
	}
	memset(buf, 5, SIZE);
	aead_seal(a, 1, bytes_text("ad"), buf, SIZE);
	CHECK(aead_open(a, 1, bytes_text("ad"), buf, sizeof buf) && buf[0] == 5 && buf[SIZE - 1] == 5);
	CHECK(other_gcm_now.opened > 5);
	aead_free(a);
}

TEST(without_memory_for_it_the_library_serves)
{
	uint8_t one[TAG_SIZE], two[TAG_SIZE];
	struct aead *a, *plain;

	begin();
	if (!crypto_has_aes())
		SKIP("no AES in this hardware");
	a = aead_new(CIPHER_AES, key, &other);
	plain = aead_new(CIPHER_AES, key, NULL);
	REQUIRE(a && plain);
	mem_fail(1, 0);
	seal_one(a, 1, one);
	mem_fail(0, 0);
	CHECK_EQ(other_gcm_now.sealed, 0);
	seal_one(plain, 1, two);
	CHECK_BYTES(one, two, TAG_SIZE);
	check_same(a, plain, 2);
	CHECK_EQ(other_gcm_now.sealed, 1);
	aead_free(a);
	aead_free(plain);
}

TEST_MAIN(TEST_CASE(who_seals_something_else_is_refused),
	  TEST_CASE(it_is_used_from_when_it_is_there),
	  TEST_CASE(what_does_not_hold_leaves_nothing),
	  TEST_CASE(without_memory_for_it_the_library_serves))
