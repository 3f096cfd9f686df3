/* Who a node is, by answers computed apart from this code, with Python's hashlib. */
#include "crypto/identity.h"
#include "support/check.h"

static void hex(const char *text, uint8_t *ret)
{
	for (size_t i = 0; text[2 * i]; i++) {
		unsigned v = 0;
		sscanf(text + 2 * i, "%2x", &v);
		ret[i] = (uint8_t)v;
	}
}

TEST(the_id_is_the_hash_of_both_keys)
{
	struct public_keys keys;
	uint8_t want[16];
	leno_id id;

	memset(keys.ed, 0x11, 32);
	memset(keys.x, 0x22, 32);
	id = identity_id(&keys);
	hex("33591a8d717f8c0189a8b6092d2739d1", want);
	CHECK_BYTES(id.bytes, want, 16);
}

TEST(every_id_is_a_uuid_of_version_8)
{
	for (uint8_t i = 0; i < 50; i++) {
		uint8_t seed[32] = {i};
		struct identity who;
		identity_from_seed(&who, seed);
		CHECK_EQ(who.id.bytes[6] >> 4, 8);
		CHECK_EQ(who.id.bytes[8] >> 6, 2);
	}
}

TEST(either_key_changes_the_id)
{
	struct public_keys keys = {{1}, {2}};
	leno_id id = identity_id(&keys), other;

	keys.ed[31] ^= 0x80;
	other = identity_id(&keys);
	CHECK(memcmp(&id, &other, sizeof id) != 0);
	keys.ed[31] ^= 0x80;
	keys.x[0] ^= 1;
	other = identity_id(&keys);
	CHECK(memcmp(&id, &other, sizeof id) != 0);
}

TEST(a_seed_gives_keys_that_work)
{
	uint8_t seed[32], want[32], x_public[32], signature[64], empty[sizeof(struct identity)];
	struct identity who, again;

	memset(seed, 7, sizeof seed);
	identity_from_seed(&who, seed);
	identity_from_seed(&again, seed);
	CHECK_BYTES(&who, &again, sizeof who);

	hex("494d5f3226b6ebecc7ec7d2aa013f51842314323a0b4d81cabc10525c67d3d0b", want); /* BLAKE2b-256(key = seed, "leno x25519") */
	CHECK_BYTES(who.x_secret, want, 32);
	hex("4bb1efe3f0c17c5fa4e17348c40f5b8e7b6e1206a9ace92e9414a0f9e813f1c3", want); /* the seed half of the secret key */
	CHECK_BYTES(who.ed_secret, want, 32);

	crypto_x25519_public(x_public, who.x_secret);
	CHECK_BYTES(who.public.x, x_public, 32);
	crypto_sign(signature, bytes_text("hello"), who.ed_secret);
	CHECK(crypto_verify(signature, bytes_text("hello"), who.public.ed));

	identity_wipe(&who);
	memset(empty, 0, sizeof empty);
	CHECK_BYTES(&who, empty, sizeof who);
}

TEST(the_tag_tells_networks_apart_and_nothing_else)
{
	uint8_t salt[16] = {1, 2, 3}, secret[32] = {9}, a[16], b[16], want[16];
	struct network home, home_with_secret, other;

	network_init(&home, "home", NULL);
	network_init(&home_with_secret, "home", secret);
	network_init(&other, "homf", NULL);
	network_tag(&home, salt, a);
	hex("e60b979ae1c298a2e85cfb5ed1f6441c", want);
	CHECK_BYTES(a, want, 16);
	network_tag(&home_with_secret, salt, b);
	CHECK_BYTES(a, b, 16);
	network_tag(&other, salt, b);
	CHECK(memcmp(a, b, 16) != 0);
	salt[15] = 1;
	network_tag(&home, salt, b);
	CHECK(memcmp(a, b, 16) != 0);
}

TEST(credentials_are_of_the_secret_the_network_and_the_keys)
{
	uint8_t secret[32], other_secret[32], credential[16], want[16], zeros[16] = {0};
	struct public_keys keys = {{1}, {2}}, other_keys = {{1}, {3}};
	struct network home, other_name, other_home, open_home;

	memset(secret, 5, 32);
	memset(other_secret, 6, 32);
	network_init(&home, "home", secret);
	network_init(&other_name, "away", secret);
	network_init(&other_home, "home", other_secret);
	network_init(&open_home, "home", NULL);

	hex("4d0c8cf01dd49a232c67f16658a914da", want);
	CHECK_BYTES(home.psk, want, 16);
	CHECK(memcmp(home.psk, home.credential_key, 32) != 0);

	network_credential(&home, &keys, credential);
	hex("b1423761131f07f374507f93eda1b415", want);
	CHECK_BYTES(credential, want, 16);
	CHECK(network_admits(&home, &keys, credential));
	CHECK(!network_admits(&home, &other_keys, credential));
	CHECK(!network_admits(&other_name, &keys, credential));
	CHECK(!network_admits(&other_home, &keys, credential));
	CHECK(!network_admits(&open_home, &keys, credential));
	CHECK(!network_admits(&home, &keys, zeros));
	credential[15] ^= 1;
	CHECK(!network_admits(&home, &keys, credential));

	network_credential(&open_home, &keys, credential);
	CHECK_BYTES(credential, zeros, 16);
	CHECK(network_admits(&open_home, &keys, credential));
}

TEST_MAIN(TEST_CASE(the_id_is_the_hash_of_both_keys), TEST_CASE(every_id_is_a_uuid_of_version_8),
	  TEST_CASE(either_key_changes_the_id), TEST_CASE(a_seed_gives_keys_that_work),
	  TEST_CASE(the_tag_tells_networks_apart_and_nothing_else),
	  TEST_CASE(credentials_are_of_the_secret_the_network_and_the_keys))
