/* noise.c - the Noise protocol framework, revision 34: see noise.h.
 *
 *   XX                     XXpsk3                      IK, IKpsk2
 *     -> e                   -> e                        <- s (known before)
 *     <- e, ee, s, es        <- e, ee, s, es             -> e, es, s, ss
 *     -> s, se               -> s, se, psk               <- e, ee, se (, psk)
 *
 * A message is the tokens of its line, in order, then the payload. Both directions run
 * on a copy of the state, which replaces the state when all of it has held. */
#include "crypto/noise.h"

#include <assert.h>

enum token { END, E, S, EE, ES, SE, SS, PSK };
enum { MESSAGES_MAX = 3, TOKENS_MAX = 5 };

static const struct script {
	const char *name;
	bool psk, knows_responder;
	enum token message[MESSAGES_MAX + 1][TOKENS_MAX];
} scripts[] = {
	[NOISE_XX] = {"Noise_XX_25519_ChaChaPoly_BLAKE2b", false, false,
		      {{E}, {E, EE, S, ES}, {S, SE}}},
	[NOISE_XX_PSK3] = {"Noise_XXpsk3_25519_ChaChaPoly_BLAKE2b", true, false,
			   {{E}, {E, EE, S, ES}, {S, SE, PSK}}},
	[NOISE_IK] = {"Noise_IK_25519_ChaChaPoly_BLAKE2b", false, true,
		      {{E, ES, S, SS}, {E, EE, SE}}},
	[NOISE_IK_PSK2] = {"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b", true, true,
			   {{E, ES, S, SS}, {E, EE, SE, PSK}}},
};

/* ---- the symmetric state: chaining key, hash, cipher key ------------------------- */

static void mix_hash(struct noise *n, struct bytes data)
{
	struct bytes parts[] = {bytes_of(n->hash, HASH_SIZE), data};

	crypto_hash(n->hash, HASH_SIZE, bytes_of(NULL, 0), parts, 2);
}

/* HKDF of the specification (section 4.3): count (to 3) outputs of one hash each. */
static void hkdf(const uint8_t chaining[HASH_SIZE], struct bytes input, int count,
		 uint8_t ret[][HASH_SIZE])
{
	uint8_t temp[HASH_SIZE];

	crypto_hmac(temp, bytes_of(chaining, HASH_SIZE), &input, 1);
	for (uint8_t i = 0; i < count; i++) {
		uint8_t number = (uint8_t)(i + 1);
		struct bytes parts[] = {bytes_of(i ? ret[i - 1] : NULL, i ? HASH_SIZE : 0),
					bytes_of(&number, 1)};
		crypto_hmac(ret[i], bytes_of(temp, HASH_SIZE), parts, 2);
	}
	crypto_wipe(temp, sizeof temp);
}

static void set_key(struct noise *n, const uint8_t key[HASH_SIZE])
{
	memcpy(n->key, key, KEY_SIZE);
	n->has_key = true;
	n->counter = 0;
}

static void mix_key(struct noise *n, const uint8_t input[32])
{
	uint8_t out[2][HASH_SIZE];

	hkdf(n->chaining, bytes_of(input, 32), 2, out);
	memcpy(n->chaining, out[0], HASH_SIZE);
	set_key(n, out[1]);
	crypto_wipe(out, sizeof out);
}

static void mix_key_and_hash(struct noise *n, const uint8_t input[32])
{
	uint8_t out[3][HASH_SIZE];

	hkdf(n->chaining, bytes_of(input, 32), 3, out);
	memcpy(n->chaining, out[0], HASH_SIZE);
	mix_hash(n, bytes_of(out[1], HASH_SIZE));
	set_key(n, out[2]);
	crypto_wipe(out, sizeof out);
}

static bool mix_dh(struct noise *n, const uint8_t secret[32], const uint8_t public[32])
{
	uint8_t shared[32];
	bool ok = crypto_x25519(shared, secret, public);

	if (ok)
		mix_key(n, shared);
	crypto_wipe(shared, sizeof shared);
	return ok;
}

/* Returns the bytes written: a tag more than data when there is a key already. */
static size_t encrypt_and_hash(struct noise *n, struct bytes data, uint8_t *ret)
{
	size_t size = data.size;

	if (n->has_key) {
		crypto_seal(ret, n->key, n->counter++, bytes_of(n->hash, HASH_SIZE), data);
		size += TAG_SIZE;
	} else {
		bytes_copy(ret, data.data, data.size);
	}
	mix_hash(n, bytes_of(ret, size));
	return size;
}

static bool decrypt_and_hash(struct noise *n, struct bytes data, uint8_t *ret)
{
	if (!n->has_key)
		bytes_copy(ret, data.data, data.size);
	else if (!crypto_open(ret, n->key, n->counter++, bytes_of(n->hash, HASH_SIZE), data))
		return false;
	mix_hash(n, data);
	return true;
}

/* ---- the handshake ---------------------------------------------------------------- */

void noise_init(struct noise *n, const struct noise_setup *setup)
{
	const struct script *script = &scripts[setup->pattern];
	const uint8_t *responder = setup->initiator ? setup->peer_static : setup->self_public;
	struct bytes name = bytes_text(script->name);

	assert(!script->psk == !setup->psk);
	assert(!setup->peer_static == !(script->knows_responder && setup->initiator));
	memset(n, 0, sizeof *n);
	n->pattern = setup->pattern;
	n->initiator = setup->initiator;
	memcpy(n->self_secret, setup->self_secret, 32);
	memcpy(n->self_public, setup->self_public, 32);
	memcpy(n->ephemeral_secret, setup->ephemeral_secret, 32);
	if (setup->ephemeral_public)
		memcpy(n->ephemeral_public, setup->ephemeral_public, 32);
	else
		crypto_x25519_public(n->ephemeral_public, n->ephemeral_secret);
	if (setup->peer_static)
		memcpy(n->peer_static, setup->peer_static, 32);
	if (setup->psk)
		memcpy(n->psk, setup->psk, 32);

	assert(name.size <= HASH_SIZE); /* else the name would be hashed */
	memcpy(n->hash, name.data, name.size);
	memcpy(n->chaining, n->hash, HASH_SIZE);
	mix_hash(n, setup->prologue);
	if (script->knows_responder)
		mix_hash(n, bytes_of(responder, 32));
}

static const enum token *tokens_of(const struct noise *n)
{
	assert(n->message < MESSAGES_MAX && scripts[n->pattern].message[n->message][0] != END);
	return scripts[n->pattern].message[n->message];
}

/* The tokens that both ends run alike: a Diffie-Hellman each, or the secret of both. */
static bool mix_token(struct noise *n, enum token token)
{
	bool i = n->initiator;

	switch (token) {
	case EE: return mix_dh(n, n->ephemeral_secret, n->peer_ephemeral);
	case SS: return mix_dh(n, n->self_secret, n->peer_static);
	case ES: return i ? mix_dh(n, n->ephemeral_secret, n->peer_static)
			  : mix_dh(n, n->self_secret, n->peer_ephemeral);
	case SE: return i ? mix_dh(n, n->self_secret, n->peer_ephemeral)
			  : mix_dh(n, n->ephemeral_secret, n->peer_static);
	case PSK: mix_key_and_hash(n, n->psk); return true;
	case END: case E: case S: break;
	}
	assert(false);
	return false;
}

static void mix_ephemeral(struct noise *n, const uint8_t public[32])
{
	mix_hash(n, bytes_of(public, 32));
	if (scripts[n->pattern].psk)
		mix_key(n, public);
}

size_t noise_write(struct noise *state, struct bytes payload, uint8_t *ret)
{
	struct noise n = *state; /* a copy: committed when whole */
	const enum token *t = tokens_of(&n);
	size_t size = 0;

	assert(n.initiator == (n.message % 2 == 0) && payload.size <= NOISE_PAYLOAD_MAX);
	for (int i = 0; i < TOKENS_MAX && t[i] != END; i++) {
		if (t[i] == E) {
			memcpy(ret + size, n.ephemeral_public, 32);
			mix_ephemeral(&n, n.ephemeral_public);
			size += 32;
		} else if (t[i] == S) {
			size += encrypt_and_hash(&n, bytes_of(n.self_public, 32), ret + size);
		} else if (!mix_token(&n, t[i])) {
			size = 0;
			goto done;
		}
	}
	size += encrypt_and_hash(&n, payload, ret + size);
	n.message++;
	*state = n;
done:
	noise_wipe(&n);
	return size;
}

bool noise_read(struct noise *state, struct bytes message, uint8_t *ret_payload, size_t *ret_size)
{
	struct noise n = *state; /* a copy: nothing believed yet */
	const enum token *t = tokens_of(&n);
	const uint8_t *at = message.data;
	size_t left = message.size;
	bool ok = false;

	assert(n.initiator == (n.message % 2 == 1));
	for (int i = 0; i < TOKENS_MAX && t[i] != END; i++) {
		size_t size = t[i] == E ? 32 : t[i] == S ? 32 + (n.has_key ? TAG_SIZE : 0u) : 0;

		if (left < size)
			goto done;
		if (t[i] == E) {
			memcpy(n.peer_ephemeral, at, 32);
			mix_ephemeral(&n, n.peer_ephemeral);
		} else if (t[i] == S) {
			if (!decrypt_and_hash(&n, bytes_of(at, size), n.peer_static))
				goto done;
		} else if (!mix_token(&n, t[i])) {
			goto done;
		}
		at += size;
		left -= size;
	}
	if (left > NOISE_PAYLOAD_MAX + TAG_SIZE || (n.has_key && left < TAG_SIZE) ||
	    !decrypt_and_hash(&n, bytes_of(at, left), ret_payload))
		goto done;
	*ret_size = left - (n.has_key ? TAG_SIZE : 0);
	n.message++;
	*state = n; /* all verified: commit */
	ok = true;
done:
	noise_wipe(&n);
	return ok;
}

bool noise_done(const struct noise *n)
{
	return scripts[n->pattern].message[n->message][0] == END;
}

void noise_split(const struct noise *n, struct bytes bind, uint8_t ret_first[32],
		 uint8_t ret_second[32])
{
	uint8_t chaining[HASH_SIZE], out[2][HASH_SIZE];

	assert(noise_done(n));
	memcpy(chaining, n->chaining, HASH_SIZE);
	if (bind.size > 0) {
		hkdf(chaining, bind, 2, out);
		memcpy(chaining, out[0], HASH_SIZE);
	}
	hkdf(chaining, bytes_of(NULL, 0), 2, out);
	memcpy(ret_first, out[0], 32);
	memcpy(ret_second, out[1], 32);
	crypto_wipe(chaining, sizeof chaining);
	crypto_wipe(out, sizeof out);
}

void noise_wipe(struct noise *n)
{
	crypto_wipe(n, sizeof *n);
}

void noise_rekey(uint8_t key[KEY_SIZE])
{
	static const uint8_t zeros[KEY_SIZE];
	uint8_t out[KEY_SIZE + TAG_SIZE];

	crypto_seal(out, key, UINT64_MAX, bytes_of(NULL, 0), bytes_of(zeros, sizeof zeros));
	memcpy(key, out, KEY_SIZE);
	crypto_wipe(out, sizeof out);
}
