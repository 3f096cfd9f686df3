/* identity.c - see identity.h. Each thing that is derived has a label of its own, so
 * that no two uses of one secret can be confused. */
#include "crypto/identity.h"

#include <assert.h>

static void derive(uint8_t *ret, size_t size, const uint8_t key[32], const char *label,
		   struct bytes rest)
{
	struct bytes parts[] = {bytes_text(label), rest};

	crypto_hash(ret, size, bytes_of(key, 32), parts, 2);
}

void identity_from_seed(struct identity *who, const uint8_t seed[32])
{
	uint8_t ed_seed[32];

	derive(ed_seed, sizeof ed_seed, seed, "leno ed25519", bytes_of(NULL, 0));
	crypto_ed25519_keys(who->public.ed, who->ed_secret, ed_seed);
	crypto_wipe(ed_seed, sizeof ed_seed);

	derive(who->x_secret, sizeof who->x_secret, seed, "leno x25519", bytes_of(NULL, 0));
	crypto_x25519_public(who->public.x, who->x_secret);

	who->id = identity_id(&who->public);
}

leno_id identity_id(const struct public_keys *keys)
{
	struct bytes parts[] = {bytes_text("leno id"), bytes_of(keys->ed, sizeof keys->ed),
				bytes_of(keys->x, sizeof keys->x)};
	leno_id id;

	crypto_hash(id.bytes, sizeof id.bytes, bytes_of(NULL, 0), parts, 3);
	id.bytes[6] = (id.bytes[6] & 0x0f) | 0x80; /* version 8 */
	id.bytes[8] = (id.bytes[8] & 0x3f) | 0x80; /* the variant of RFC 9562 */
	return id;
}

void identity_wipe(struct identity *who)
{
	crypto_wipe(who, sizeof *who);
}

void network_init(struct network *net, const char *name, const uint8_t *secret)
{
	size_t size = strlen(name);

	memset(net, 0, sizeof *net);
	assert(size < sizeof net->name);
	memcpy(net->name, name, size);
	if (!secret)
		return;
	net->has_secret = true;
	memcpy(net->secret, secret, sizeof net->secret);
	derive(net->credential_key, 32, secret, "leno credential", bytes_of(name, size));
	derive(net->psk, 32, secret, "leno psk", bytes_of(name, size));
}

void network_tag(const struct network *net, const uint8_t salt[16], uint8_t ret[NETWORK_TAG_SIZE])
{
	struct bytes parts[] = {bytes_text("leno network"), bytes_of(salt, 16),
				bytes_text(net->name)};

	crypto_hash(ret, NETWORK_TAG_SIZE, bytes_of(NULL, 0), parts, 3);
}

void network_credential(const struct network *net, const struct public_keys *keys,
			uint8_t ret[CREDENTIAL_SIZE])
{
	struct bytes parts[] = {bytes_of(keys->ed, sizeof keys->ed),
				bytes_of(keys->x, sizeof keys->x)};

	if (net->has_secret)
		crypto_hash(ret, CREDENTIAL_SIZE, bytes_of(net->credential_key, 32), parts, 2);
	else
		memset(ret, 0, CREDENTIAL_SIZE);
}

bool network_admits(const struct network *net, const struct public_keys *keys,
		    const uint8_t credential[CREDENTIAL_SIZE])
{
	uint8_t due[CREDENTIAL_SIZE];

	network_credential(net, keys, due);
	return crypto_same(due, credential, sizeof due);
}

void network_machine(const struct network *net, struct bytes same, uint8_t *ret, size_t size)
{
	struct bytes parts[] = {bytes_text("leno machine"), bytes_text(net->name), same};

	crypto_hash(ret, size, bytes_of(net->credential_key, net->has_secret ? 32 : 0), parts, 3);
}

bool pass_allows(const struct pass *p, enum leno_role claimed)
{
	if (p->sent || p->guest)
		return claimed == LENO_VISITOR;
	switch (p->role) {
	case LENO_OBSERVER: return claimed == LENO_OBSERVER || claimed == LENO_VISITOR;
	case LENO_ENDPOINT: return claimed != LENO_MEMBER;
	default: return true;
	}
}

int network_judge(const struct network *net, const struct public_keys *keys,
		  struct bytes extensions, struct pass *ret)
{
	if (net->has_key)
		return net->judge(net->judge_of, keys, extensions, ret);
	*ret = (struct pass){.role = LENO_MEMBER, .holder = identity_id(keys)};
	return 0;
}
