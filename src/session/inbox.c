/* inbox.c - see inbox.h. */
#include "session/inbox.h"

#include "base/mem.h"

enum { SMALL_MIN = 256, SMALL_KEEP = 4096, HEAD_BITS_MAX = 63 };

void inbox_init(struct inbox *b, struct session_setup *setup)
{
	uint64_t max = (uint64_t)setup->message_max + ITEM_EXTRA;

	*b = (struct inbox){ .setup = setup, .item_max = max };
}

size_t session_setup_memory(const struct session_setup *setup)
{
	return setup->memory_used + setup->n_spares * ITEM_FREE;
}

void session_setup_clear(struct session_setup *setup)
{
	while (setup->n_spares > 0)
		mem_free(setup->spares[--setup->n_spares]);
}

static bool fits(const struct session_setup *setup, uint64_t size, size_t max)
{
	size_t used = session_setup_memory(setup);

	return size <= max && used <= max - size;
}

/* One of the largest always fits. Of what is left beside it, nobody is given more than an eighth:
 * a sender may stall in the midst of an item, and keeps its memory for as long as its session
 * lives. */
static bool fair(const struct session_setup *setup, uint64_t size, size_t max)
{
	return setup->memory_big + size <= (uint64_t)setup->message_max + ITEM_EXTRA ||
	       size <= (max - session_setup_memory(setup)) / 8;
}

/* Memory that counts: NULL when the bound or the system says no. */
static uint8_t *take_memory(struct session_setup *setup, uint64_t size)
{
	size_t max = setup->memory_max - (size > ITEM_FREE ? setup->memory_small : 0);
	uint8_t *p;

	if (!fits(setup, size, max))
		session_setup_clear(setup);
	if (!fits(setup, size, max) || (size > ITEM_FREE && !fair(setup, size, max)))
		return NULL;
	p = mem_new((size_t)size);
	if (p)
		setup->memory_used += (size_t)size;
	return p;
}

uint8_t *session_setup_take(struct session_setup *setup, size_t size)
{
	uint8_t *p = take_memory(setup, size);

	if (p && size > ITEM_FREE)
		setup->memory_big += size;
	return p;
}

void session_setup_give(struct session_setup *setup, uint8_t *p, size_t size)
{
	setup->memory_used -= size;
	if (size > ITEM_FREE)
		setup->memory_big -= size;
	mem_free(p);
}

/* One that fits all of them, so that steady traffic allocates nothing. */
static uint8_t *take_small(struct session_setup *setup, size_t size)
{
	if (size < ITEM_FREE || setup->n_spares == 0)
		return take_memory(setup, size);
	setup->memory_used += ITEM_FREE;
	return setup->spares[--setup->n_spares];
}

static void drop_big(struct inbox *b)
{
	b->setup->memory_used -= b->big_size;
	b->setup->memory_big -= b->big_size;
	b->big = mem_free(b->big);
	b->big_size = 0;
}

static void drop_small(struct inbox *b)
{
	struct session_setup *setup = b->setup;

	setup->memory_used -= b->small_size;
	if (b->small_size == ITEM_FREE && setup->n_spares < SPARES_MAX)
		setup->spares[setup->n_spares++] = b->small;
	else
		mem_free(b->small);
	b->small = NULL;
	b->small_size = 0;
}

void inbox_clear(struct inbox *b)
{
	drop_big(b);
	drop_small(b);
}

uint64_t inbox_credit(const struct inbox *b)
{
	uint64_t offset = inbox_offset(b), rest;

	if (b->starved || b->broken)
		return offset;
	rest = b->big && b->in_body ? b->size - b->have : 0;
	return offset + (rest > SESSION_CREDIT ? rest : SESSION_CREDIT);
}

enum inbox_verdict inbox_feed(struct inbox *b, uint64_t offset, struct bytes data)
{
	uint64_t known = inbox_offset(b), skip;

	b->at = b->end = NULL;                 /* what was not read was not received */
	b->end_offset = known;
	if (b->starved || b->broken)
		return INBOX_DROPPED;
	if (offset > known)
		return INBOX_GAP;
	skip = known - offset;
	if (skip >= data.size)
		return INBOX_OLD;
	b->at = data.data + skip;
	b->end = data.data + data.size;
	b->end_offset = offset + data.size;
	return INBOX_NEW;
}

/* A buffer for the item whose size is known. */
static bool get_buffer(struct inbox *b)
{
	size_t size = SMALL_MIN;

	if (b->size > ITEM_FREE) {
		if (b->big)
			return true;
		b->big = take_memory(b->setup, b->size);
		b->big_size = b->big ? (size_t)b->size : 0;
		b->setup->memory_big += b->big_size;
		return b->big != NULL;
	}
	if (b->size <= b->small_size)
		return true;
	while (size < b->size)
		size *= 2;
	if (size > SMALL_KEEP)
		size = ITEM_FREE;
	drop_small(b);
	b->small = take_small(b->setup, size);
	b->small_size = b->small ? size : 0;
	return b->small != NULL;
}

static bool starve(struct inbox *b)
{
	b->end_offset = inbox_offset(b);
	b->at = b->end = NULL;
	b->starved = true;
	return false;
}

bool inbox_retry(struct inbox *b)
{
	if (!b->starved || !get_buffer(b))
		return false;
	b->starved = false;
	return true;
}

/* The varint before an item, which may itself straddle frames. */
static bool read_head(struct inbox *b)
{
	uint8_t byte = 0x80;

	while (byte & 0x80) {
		if (b->at == b->end)
			return false;
		byte = *b->at++;
		b->head |= (uint64_t)(byte & 0x7f) << b->shift;
		b->broken = (byte == 0 && b->shift > 0) || b->head > b->item_max;
		b->shift += 7;
		if (b->shift >= HEAD_BITS_MAX && byte & 0x80)
			b->broken = true;
		if (b->broken)
			return false;
	}
	b->size = b->head;
	b->have = 0;
	b->head = 0;
	b->shift = 0;
	b->in_body = true;
	return b->size <= ITEM_FREE || get_buffer(b) || starve(b);
}

static bool hand_out(struct inbox *b, const uint8_t *data, struct bytes *ret)
{
	*ret = bytes_of(data, (size_t)b->size);
	b->in_body = false;
	b->handed = true;
	return true;
}

static bool assemble(struct inbox *b, struct bytes *ret)
{
	size_t left = (size_t)(b->end - b->at), n;
	uint8_t *to;

	if (left == 0)
		return false;
	if (!get_buffer(b))
		return starve(b);
	to = b->size > ITEM_FREE ? b->big : b->small;
	n = b->size - b->have < left ? (size_t)(b->size - b->have) : left;
	memcpy(to + b->have, b->at, n);
	b->have += n;
	b->at += n;
	return b->have == b->size && hand_out(b, to, ret);
}

bool inbox_next(struct inbox *b, struct bytes *ret)
{
	if (b->handed) {
		b->items++;
		b->handed = false;
		if (b->big)
			drop_big(b);
		if (b->small_size > SMALL_KEEP)
			drop_small(b);
	}
	if (b->broken || b->starved)
		return false;
	if (!b->in_body) {
		/* nearly always: one byte, and all of the item behind it */
		if (b->at == b->end)
			return false;
		if (b->shift == 0 && *b->at < 0x80 && *b->at <= b->item_max) {
			b->size = *b->at++;
			b->have = 0;
			b->in_body = true;
		} else if (!read_head(b)) {
			return false;
		}
	}
	if (b->have == 0 && b->size <= (uint64_t)(b->end - b->at)) {
		const uint8_t *data = b->at;

		b->at += b->size;
		return hand_out(b, data, ret);
	}
	return assemble(b, ret);
}
