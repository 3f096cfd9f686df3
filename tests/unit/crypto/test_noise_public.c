/* Noise against what other implementations published (cacophony, snow); native only, as it
 * reads files that lie outside the tree. */
#include <stdlib.h>

#include "crypto/noise.h"
#include "support/check.h"
#include "support/vectors.h"

enum { ROOM = 1024 };

static const struct {
	const char *name;
	enum noise_pattern pattern;
} patterns[] = {
	{"Noise_XX_25519_ChaChaPoly_BLAKE2b", NOISE_XX},
	{"Noise_XXpsk3_25519_ChaChaPoly_BLAKE2b", NOISE_XX_PSK3},
	{"Noise_IK_25519_ChaChaPoly_BLAKE2b", NOISE_IK},
	{"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b", NOISE_IK_PSK2},
};

static void start(struct noise *n, struct json vector, enum noise_pattern pattern, bool initiator)
{
	struct json psks = json_get(vector, initiator ? "init_psks" : "resp_psks");
	struct json psk = {NULL, NULL};
	uint8_t own[32], own_public[32], ephemeral[32], peer[32], secret[32], prologue[ROOM];
	size_t size = json_hex(json_get(vector, initiator ? "init_prologue" : "resp_prologue"),
			       prologue, ROOM);
	struct noise_setup setup = {.pattern = pattern, .initiator = initiator};

	CHECK_EQ(json_hex(json_get(vector, initiator ? "init_static" : "resp_static"), own, 32), 32);
	CHECK_EQ(json_hex(json_get(vector, initiator ? "init_ephemeral" : "resp_ephemeral"),
			  ephemeral, 32), 32);
	crypto_x25519_public(own_public, own);
	setup.prologue = bytes_of(prologue, size);
	setup.self_secret = own;
	setup.self_public = own_public;
	setup.ephemeral_secret = ephemeral;
	if (initiator && json_hex(json_get(vector, "init_remote_static"), peer, 32) == 32)
		setup.peer_static = peer;
	if (json_next(psks, &psk) && json_hex(psk, secret, 32) == 32)
		setup.psk = secret;
	noise_init(n, &setup);
}

static void replay(struct json vector, enum noise_pattern pattern)
{
	struct noise first, second;
	struct json message = {NULL, NULL};
	uint8_t payload[ROOM], want[ROOM], got[ROOM + NOISE_OVERHEAD_MAX], back[ROOM], hash[64];
	uint8_t keys[2][32], same[2][32];
	uint64_t counters[2] = {0, 0};

	start(&first, vector, pattern, true);
	start(&second, vector, pattern, false);
	for (int i = 0; json_next(json_get(vector, "messages"), &message); i++) {
		size_t size = json_hex(json_get(message, "payload"), payload, ROOM), back_size = 0;
		size_t want_size = json_hex(json_get(message, "ciphertext"), want, ROOM);
		struct noise *from = i % 2 ? &second : &first, *to = i % 2 ? &first : &second;

		REQUIRE(size <= ROOM && want_size <= ROOM);
		if (!noise_done(&first)) {
			CHECK_EQ(noise_write(from, bytes_of(payload, size), got), want_size);
			CHECK(noise_read(to, bytes_of(got, want_size), back, &back_size));
			CHECK_EQ(back_size, size);
		} else {
			noise_split(&first, bytes_of(NULL, 0), keys[0], keys[1]);
			noise_split(&second, bytes_of(NULL, 0), same[0], same[1]);
			CHECK_BYTES(keys, same, sizeof keys);
			crypto_seal(got, keys[i % 2], counters[i % 2], bytes_of(NULL, 0),
				    bytes_of(payload, size));
			CHECK(crypto_open(back, keys[i % 2], counters[i % 2]++, bytes_of(NULL, 0),
					  bytes_of(want, want_size)));
		}
		CHECK_BYTES(got, want, want_size);
		CHECK_BYTES(back, payload, size);
	}
	CHECK(noise_done(&first) && noise_done(&second));
	CHECK_BYTES(first.hash, second.hash, HASH_SIZE);
	if (json_hex(json_get(vector, "handshake_hash"), hash, 64) == 64)
		CHECK_BYTES(first.hash, hash, HASH_SIZE);
}

TEST(every_published_handshake_is_reproduced)
{
	static const char *const files[] = {"noise/core_25519.json", "noise/cacophony_25519.json",
					    "noise/snow_25519_multipsk.json"};
	unsigned n_replayed[4] = {0};
	bool here = false;

	REQUIRE(crypto_init());
	for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
		struct json all, vector = {NULL, NULL};
		char *text = vectors_load(files[f], &all);

		here |= text != NULL;
		while (json_next(json_get(all, "vectors"), &vector)) {
			for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
				if (!json_is(json_get(vector, "protocol_name"), patterns[i].name))
					continue;
				CHECK_ROW(patterns[i].name);
				replay(vector, patterns[i].pattern);
				n_replayed[i]++;
			}
		}
		free(text);
	}
	if (!here)
		SKIP("the public vectors are not here");
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		CHECK_ROW(patterns[i].name);
		CHECK(n_replayed[i] > 0);
	}
}

TEST_MAIN(TEST_CASE(every_published_handshake_is_reproduced))
