/* body.c - what messages are made of.
 *
 * A body follows from a key (kind, from, to, life, number): whoever knows which
 * message it is can check each byte. From BODY_HEAD bytes on it says itself which it
 * is; a smaller one is told apart by its type, "tiny.LIFE.N". */
#include "book.h"

#include <string.h>

uint64_t body_key(char kind, uint32_t from, uint32_t to, uint32_t life, uint32_t number)
{
	return world_mix(world_mix((uint64_t)from << 32 | to) ^
	                 world_mix((uint64_t)life << 40 ^ number) ^ (unsigned char)kind);
}

static void put_word(uint8_t *p, uint64_t word, size_t size)
{
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(word >> (8 * i));
}

static uint64_t get_word(const uint8_t *p, size_t size)
{
	uint64_t word = 0;

	for (size_t i = 0; i < size; i++)
		word |= (uint64_t)p[i] << (8 * i);
	return word;
}

/* The word at this offset of the body: the head, then a walk from the key. */
static uint64_t word_at(uint64_t key, const struct body_head *head, size_t at)
{
	if (head->size >= BODY_HEAD && at == 0)
		return (uint64_t)head->life << 32 | head->number;
	if (head->size >= BODY_HEAD && at == 8)
		return head->size;
	return (key + at) * 0x9e3779b97f4a7c15;
}

const uint8_t *body_make(struct sim *sim, uint64_t key, const struct body_head *head)
{
	struct ledger *ledger = sim->ledger;
	size_t size = (size_t)head->size;

	if (size + 8 > ledger->body_room) {
		ledger->body_room = size + 8;
		ledger->body = world_grow(ledger->body, ledger->body_room);
	}
	for (size_t at = 0; at < size; at += 8)
		put_word(ledger->body + at, word_at(key, head, at), 8);
	return ledger->body;
}

bool body_read(leno_bytes data, struct body_head *ret)
{
	uint64_t word;

	if (data.size < BODY_HEAD)
		return false;
	word = get_word(data.data, 8);
	ret->number = (uint32_t)word;
	ret->life = (uint32_t)(word >> 32);
	ret->size = get_word((const uint8_t *)data.data + 8, 8);
	return true;
}

bool body_same(uint64_t key, const struct body_head *head, leno_bytes data)
{
	const uint8_t *p = data.data;

	if (data.size != head->size)
		return false;
	for (size_t at = 0; at < data.size; at += 8) {
		size_t rest = data.size - at < 8 ? data.size - at : 8;
		uint8_t want[8];

		put_word(want, word_at(key, head, at), 8);
		if (memcmp(want, p + at, rest))
			return false;
	}
	return true;
}

void message_type(char ret[TYPE_ROOM], uint32_t life, uint32_t number, uint64_t size)
{
	if (size < BODY_HEAD)
		snprintf(ret, TYPE_ROOM, "tiny.%u.%u", (unsigned)life,
		         (unsigned)(number % TINY_TYPES));
	else
		snprintf(ret, TYPE_ROOM, "text");
}
