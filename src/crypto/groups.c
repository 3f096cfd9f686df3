/* groups.c - see groups.h. */
#include "crypto/groups.h"

static void derive(uint8_t *ret, size_t size, const uint8_t root[KEY_SIZE], const char *label)
{
	struct bytes part = bytes_text(label);

	crypto_hash(ret, size, bytes_of(root, KEY_SIZE), &part, 1);
}

void group_keys_init(struct group_keys *g, const struct network *network, struct bytes key)
{
	struct bytes parts[] = { bytes_text("leno group"), bytes_text(network->name),
	                         bytes_of("", 1), key };
	uint8_t root[KEY_SIZE];

	crypto_hash(root, sizeof root,
	            network->has_secret ? bytes_of(network->psk, sizeof network->psk)
	                                : bytes_of(NULL, 0),
	            parts, 4);
	derive(g->tag, sizeof g->tag, root, "leno group tag");
	derive(g->member, sizeof g->member, root, "leno group member");
	derive(g->seal, sizeof g->seal, root, "leno group seal");
	crypto_wipe(root, sizeof root);
}

static struct bytes u64_bytes(uint8_t buf[8], uint64_t v)
{
	for (int i = 0; i < 8; i++)
		buf[i] = (uint8_t)(v >> 8 * i);
	return bytes_of(buf, 8);
}

void group_proof(const struct group_keys *g, const leno_id *id, uint64_t join,
                 uint8_t ret[GROUP_PROOF])
{
	uint8_t j[8];
	struct bytes parts[] = { bytes_of(id->bytes, sizeof id->bytes), u64_bytes(j, join) };

	crypto_hash(ret, GROUP_PROOF, bytes_of(g->member, sizeof g->member), parts, 2);
}

void group_stream_key(const struct group_keys *g, const leno_id *source, uint64_t incarnation,
                      uint64_t join, uint8_t ret[KEY_SIZE])
{
	uint8_t i[8], j[8];
	struct bytes parts[] = { bytes_of(source->bytes, sizeof source->bytes),
	                         u64_bytes(i, incarnation), u64_bytes(j, join) };

	crypto_hash(ret, KEY_SIZE, bytes_of(g->seal, sizeof g->seal), parts, 3);
}
