/* dgram_door.c - see dgram_door.h. */
#include "transport/dgram_door.h"

#include "base/map.h"

#include <string.h>

enum { TEXT_MAX = 1 + 4 + DGRAM_ID + DGRAM_KEY + DGRAM_ADDRESS };

bool dgram_same_address(const struct dgram_address *a, const struct dgram_address *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

void dgram_door_init(struct dgram_door *door, const uint8_t seed[32])
{
	memcpy(door->cookie_key, seed, 16);
	memcpy(door->name_key, seed + 16, 16);
}

static uint64_t hash(const uint64_t key[2], uint8_t label, uint32_t time,
                     const struct dgram_name *peer, const struct dgram_address *from)
{
	uint8_t text[TEXT_MAX], *at = text;

	*at++ = label;
	for (int i = 0; i < 4; i++)
		*at++ = (uint8_t)(time >> 8 * i);
	memcpy(at, peer->id, DGRAM_ID);
	memcpy(at += DGRAM_ID, peer->key, DGRAM_KEY);
	memcpy(at += DGRAM_KEY, from->bytes, from->size);
	return siphash24(key, text, (size_t)(at - text) + from->size);
}

static void make_name(const struct dgram_door *door, uint32_t time, const struct dgram_name *peer,
                      const struct dgram_address *from, struct dgram_name *ret)
{
	uint64_t words[3];

	for (uint8_t i = 0; i < 3; i++)
		words[i] = hash(door->name_key, i, time, peer, from);
	memcpy(ret->id, &words[0], sizeof ret->id);
	memcpy(ret->key, &words[1], sizeof ret->key);
}

enum dgram_verdict dgram_door_take(const struct dgram_door *door, const struct dgram_address *from,
                                   const uint8_t *data, size_t size, uint64_t now_us,
                                   uint8_t ret_answer[DGRAM_RETRY_SIZE],
                                   struct dgram_greeting *ret)
{
	uint32_t now = (uint32_t)(now_us / 1000000);
	struct dgram_greeting g;
	struct dgram_cookie c;

	if (!dgram_is(data, size, DGRAM_HELLO))
		return DGRAM_IGNORE;
	dgram_read_hello(data, &g.peer, &c);
	if (!dgram_tagged(data, size, g.peer.key))
		return DGRAM_IGNORE;
	if (data[1] != DGRAM_VERSION || now - c.time > DGRAM_COOKIE_S ||
	    c.proof != hash(door->cookie_key, 0, c.time, &g.peer, from)) {
		c.time = now;
		c.proof = hash(door->cookie_key, 0, now, &g.peer, from);
		dgram_write_retry(ret_answer, &g.peer, &c);
		return DGRAM_ANSWER;
	}
	make_name(door, c.time, &g.peer, from, &g.own);
	*ret = g;
	return DGRAM_GREET;
}
