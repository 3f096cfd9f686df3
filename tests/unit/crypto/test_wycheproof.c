/* The seam against the vectors of project Wycheproof; native only, as it reads files that
 * lie outside the tree. */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "support/check.h"
#include "support/vectors.h"

enum { ROOM = 4096 };

/* Calls fn for each test of each group of a file; false when the file is not there. */
static bool each_test(const char *file, void (*fn)(struct json group, struct json test))
{
	struct json all, group = {NULL, NULL};
	char *text = vectors_load(file, &all);

	if (!text)
		return false;
	while (json_next(json_get(all, "testGroups"), &group)) {
		struct json test = {NULL, NULL};
		while (json_next(json_get(group, "tests"), &test)) {
			static char row[32];
			snprintf(row, sizeof row, "tcId %ld", json_int(json_get(test, "tcId")));
			CHECK_ROW(row);
			fn(group, test);
		}
	}
	free(text);
	return true;
}

static unsigned tried;

static void x25519(struct json group, struct json test)
{
	uint8_t public[32], private[32], shared[32], got[32], zeros[32] = {0};
	bool ok;

	tried++;
	CHECK_EQ(json_hex(json_get(test, "public"), public, 32), 32);
	CHECK_EQ(json_hex(json_get(test, "private"), private, 32), 32);
	CHECK_EQ(json_hex(json_get(test, "shared"), shared, 32), 32);
	ok = crypto_x25519(got, private, public);
	CHECK_EQ(ok, memcmp(shared, zeros, 32) != 0);
	if (ok)
		CHECK_BYTES(got, shared, 32);
}

TEST(x25519_agrees_and_refuses_zeros)
{
	tried = 0;
	if (!each_test("wycheproof/x25519_test.json", x25519))
		SKIP("the public vectors are not here");
	CHECK(tried > 500);
}

static void ed25519(struct json group, struct json test)
{
	uint8_t public[32], message[ROOM], signature[ROOM];
	size_t size = json_hex(json_get(test, "msg"), message, ROOM);
	size_t sig_size = json_hex(json_get(test, "sig"), signature, ROOM);
	bool valid = json_is(json_get(test, "result"), "valid");

	tried++;
	CHECK_EQ(json_hex(json_get(json_get(group, "publicKey"), "pk"), public, 32), 32);
	if (sig_size == SIGNATURE_SIZE)
		CHECK_EQ(crypto_verify(signature, bytes_of(message, size), public), valid);
	else
		CHECK(!valid);
}

TEST(ed25519_verifies_what_it_should)
{
	tried = 0;
	if (!each_test("wycheproof/ed25519_test.json", ed25519))
		SKIP("the public vectors are not here");
	CHECK(tried > 100);
}

/* The seam makes its nonce from a counter, so only vectors whose nonce starts with four
 * zero bytes can be given to it. */
static bool counter_of(const uint8_t nonce[12], uint64_t *ret)
{
	static const uint8_t zeros[4];

	*ret = 0;
	for (int i = 12; i-- > 4;)
		*ret = *ret << 8 | nonce[i];
	return memcmp(nonce, zeros, 4) == 0;
}

struct vector {
	uint8_t key[32], ad[ROOM], data[ROOM], sealed[ROOM + TAG_SIZE];
	size_t ad_size, size;
	uint64_t counter;
	bool valid;
};

static bool read_vector(struct json group, struct json test, struct vector *v)
{
	uint8_t nonce[12];

	if (json_int(json_get(group, "ivSize")) != 96 || json_int(json_get(group, "keySize")) != 256)
		return false;
	CHECK_EQ(json_hex(json_get(test, "key"), v->key, 32), 32);
	CHECK_EQ(json_hex(json_get(test, "iv"), nonce, 12), 12);
	v->ad_size = json_hex(json_get(test, "aad"), v->ad, ROOM);
	v->size = json_hex(json_get(test, "msg"), v->data, ROOM);
	CHECK_EQ(json_hex(json_get(test, "ct"), v->sealed, ROOM), v->size);
	CHECK_EQ(json_hex(json_get(test, "tag"), v->sealed + v->size, TAG_SIZE), TAG_SIZE);
	v->valid = json_is(json_get(test, "result"), "valid");
	return counter_of(nonce, &v->counter);
}

static void record_of(enum cipher cipher, const struct vector *v)
{
	struct aead *a = aead_new(cipher, v->key, NULL);
	uint8_t buf[ROOM + TAG_SIZE];
	struct bytes ad = bytes_of(v->ad, v->ad_size);

	REQUIRE(a != NULL);
	tried++;
	memcpy(buf, v->sealed, v->size + TAG_SIZE);
	CHECK_EQ(aead_open(a, v->counter, ad, buf, v->size + TAG_SIZE), v->valid);
	if (v->valid)
		CHECK_BYTES(buf, v->data, v->size);
	memcpy(buf, v->data, v->size);
	aead_seal(a, v->counter, ad, buf, v->size);
	CHECK_EQ(memcmp(buf, v->sealed, v->size + TAG_SIZE) == 0, v->valid);
	aead_free(a);
}

static void chacha(struct json group, struct json test)
{
	static struct vector v;
	uint8_t out[ROOM + TAG_SIZE];
	struct bytes ad;

	if (!read_vector(group, test, &v))
		return;
	record_of(CIPHER_CHACHA, &v);
	ad = bytes_of(v.ad, v.ad_size);
	CHECK_EQ(crypto_open(out, v.key, v.counter, ad, bytes_of(v.sealed, v.size + TAG_SIZE)),
		 v.valid);
	crypto_seal(out, v.key, v.counter, ad, bytes_of(v.data, v.size));
	CHECK_EQ(memcmp(out, v.sealed, v.size + TAG_SIZE) == 0, v.valid);
}

TEST(chacha20_poly1305_agrees)
{
	tried = 0;
	if (!each_test("wycheproof/chacha20_poly1305_test.json", chacha))
		SKIP("the public vectors are not here");
	CHECK(tried > 0);
}

static void aes(struct json group, struct json test)
{
	static struct vector v;

	if (read_vector(group, test, &v))
		record_of(CIPHER_AES, &v);
}

TEST(aes_256_gcm_agrees)
{
	if (!crypto_init() || !crypto_has_aes())
		SKIP("no AES in this hardware");
	tried = 0;
	if (!each_test("wycheproof/aes_gcm_test.json", aes))
		SKIP("the public vectors are not here");
	CHECK(tried > 0);
}

TEST_MAIN(TEST_CASE(x25519_agrees_and_refuses_zeros), TEST_CASE(ed25519_verifies_what_it_should),
	  TEST_CASE(chacha20_poly1305_agrees), TEST_CASE(aes_256_gcm_agrees))
