/* relay.c - see relay.h. */
#include "node/relay.h"

#include <assert.h>

#include "wire/frame.h"
#include "wire/limits.h"

enum { SIZE_HEAD = 2 };
static_assert(PACKET_MAX <= UINT16_MAX, "a packet's size fits its head");

void relay_init(struct relay *r, struct pool *pool)
{
	tape_init(&r->tape, pool);
}

void relay_clear(struct relay *r)
{
	tape_clear(&r->tape);
}

bool relay_put(struct relay *r, struct bytes head, struct bytes body)
{
	size_t size = head.size + body.size;
	uint8_t size_head[SIZE_HEAD] = { (uint8_t)size, (uint8_t)(size >> 8) };

	if (size > PACKET_MAX || tape_size(&r->tape) + SIZE_HEAD + size > RELAY_QUEUE_MAX ||
	    tape_reserve(&r->tape, SIZE_HEAD + size))
		return false;
	tape_append(&r->tape, size_head, SIZE_HEAD);
	tape_append(&r->tape, head.data, head.size);
	tape_append(&r->tape, body.data, body.size);
	return true;
}

bool relay_crowded(const struct relay *r)
{
	return tape_size(&r->tape) > RELAY_QUEUE_MARK;
}

bool relay_has(const struct relay *r)
{
	return tape_size(&r->tape) > 0;
}

bool relay_make(struct relay *r, struct writer *w)
{
	bool wrote = false;

	while (relay_has(r)) {
		uint8_t size_head[SIZE_HEAD];
		size_t size;

		tape_read(&r->tape, r->tape.start, size_head, SIZE_HEAD);
		size = (size_t)size_head[0] | (size_t)size_head[1] << 8;
		if (writer_left(w) < 1 + varint_size(size) + size)
			break;
		write_u8(w, FRAME_PACKET);
		write_varint(w, size);
		tape_read(&r->tape, r->tape.start + SIZE_HEAD, w->at, size);
		w->at += size;
		tape_drop(&r->tape, r->tape.start + SIZE_HEAD + size);
		wrote = true;
	}
	return wrote;
}
