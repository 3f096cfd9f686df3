/* relay.c - see relay.h. */
#include "node/relay.h"

#include <assert.h>

#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/packet.h"

enum { SIZE_HEAD = 2, WAIT_HEAD = SIZE_HEAD + 4 };
static_assert(PACKET_MAX <= UINT16_MAX, "a packet's size fits its head");

void relay_init(struct relay *r, struct pool *pool)
{
	*r = (struct relay){ 0 };
	tape_init(&r->tape, pool);
}

void relay_clear(struct relay *r)
{
	tape_clear(&r->tape);
}

bool relay_put(struct relay *r, struct bytes head, struct bytes body, uint64_t now_us)
{
	size_t size = head.size + body.size;
	uint8_t text[WAIT_HEAD];
	struct writer w = writer_of(text, sizeof text);

	if (size > PACKET_MAX || tape_size(&r->tape) + WAIT_HEAD + size > RELAY_QUEUE_MAX ||
	    tape_reserve(&r->tape, WAIT_HEAD + size))
		return false;
	write_u16(&w, (uint16_t)size);
	write_u32(&w, (uint32_t)now_us);
	tape_append(&r->tape, text, WAIT_HEAD);
	tape_append(&r->tape, head.data, head.size);
	tape_append(&r->tape, body.data, body.size);
	return true;
}

bool relay_has(const struct relay *r)
{
	return tape_size(&r->tape) > 0;
}

/* The size of the first packet, and its wait: the low bits of a time are enough for it. */
static size_t look(struct relay *r, uint64_t now_us, uint32_t *ret_wait_us)
{
	uint8_t text[WAIT_HEAD];
	struct reader head = reader_of(bytes_of(text, sizeof text));
	size_t size;

	tape_read(&r->tape, r->tape.start, text, WAIT_HEAD);
	size = read_u16(&head);
	*ret_wait_us = (uint32_t)now_us - read_u32(&head);
	return size;
}

uint32_t relay_wait_us(struct relay *r, uint64_t now_us)
{
	uint32_t wait_us = 0;

	if (relay_has(r))
		look(r, now_us, &wait_us);
	return wait_us;
}

bool relay_make(struct relay *r, struct writer *w, uint64_t now_us)
{
	bool wrote = false;

	while (relay_has(r)) {
		uint32_t wait_us;
		size_t size = look(r, now_us, &wait_us);

		if (writer_left(w) < 1 + varint_size(size) + size)
			break;
		write_u8(w, FRAME_PACKET);
		write_varint(w, size);
		tape_read(&r->tape, r->tape.start + WAIT_HEAD, w->at, size);
		if (wait_us > RELAY_MARK_US || tape_size(&r->tape) > RELAY_QUEUE_MARK) {
			w->at[0] |= PACKET_MARKED;         /* flags are a packet's first byte */
			r->marked++;
		}
		w->at += size;
		tape_drop(&r->tape, r->tape.start + WAIT_HEAD + size);
		wrote = true;
	}
	return wrote;
}
