/* relay.c - see relay.h. */
#include "node/relay.h"

#include <assert.h>

#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/packet.h"

enum { SIZE_HEAD = 2 + 2 };
static_assert(PACKET_MAX <= UINT16_MAX, "a packet's size fits its head");

void relay_init(struct relay *r, struct pool *pool)
{
	tape_init(&r->tape, pool);
}

void relay_clear(struct relay *r)
{
	tape_clear(&r->tape);
}

bool relay_put(struct relay *r, struct bytes head, struct bytes body, struct bytes sealed)
{
	size_t size = head.size + body.size + sealed.size;
	uint8_t sizes[SIZE_HEAD];
	struct writer w = writer_of(sizes, sizeof sizes);

	/* Half of the pool is for what is our own. */
	if (size > PACKET_MAX || tape_size(&r->tape) + SIZE_HEAD + size > RELAY_QUEUE_MAX ||
	    (pool_beyond(r->tape.pool, 2) && !tape_room(&r->tape, SIZE_HEAD + size)) ||
	    tape_reserve(&r->tape, SIZE_HEAD + size))
		return false;
	write_u16(&w, (uint16_t)size);
	write_u16(&w, (uint16_t)sealed.size);
	tape_append(&r->tape, sizes, SIZE_HEAD);
	tape_append(&r->tape, head.data, head.size);
	tape_append(&r->tape, body.data, body.size);
	tape_append(&r->tape, sealed.data, sealed.size);
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

static void next_sizes(struct relay *r, size_t *ret_size, size_t *ret_sealed)
{
	uint8_t sizes[SIZE_HEAD];
	struct reader reader = reader_of(bytes_of(sizes, sizeof sizes));

	tape_read(&r->tape, r->tape.start, sizes, SIZE_HEAD);
	*ret_size = read_u16(&reader);
	*ret_sealed = read_u16(&reader);
}

bool relay_carries(struct relay *r)
{
	size_t size = 0, sealed = 0;

	if (relay_has(r))
		next_sizes(r, &size, &sealed);
	return sealed >= CARRIED_MIN;
}

/* The next `size` bytes of the queue, to where there is room for them. */
static void move(struct relay *r, size_t size, struct writer *to)
{
	tape_read(&r->tape, r->tape.start, to->at, size);
	tape_drop(&r->tape, r->tape.start + size);
	to->at += size;
}

void relay_make(struct relay *r, struct writer *w, struct writer *carried)
{
	while (relay_has(r)) {
		size_t size, sealed, front, frame;

		next_sizes(r, &size, &sealed);
		if (!carried || sealed < CARRIED_MIN)
			sealed = 0; /* all of it goes into the frame */
		front = size - sealed;
		frame = (sealed ? CARRIED_SIZE : 0) + front;
		if (writer_left(w) < 1 + varint_size(frame) + frame ||
		    (sealed > 0 && writer_left(carried) < sealed))
			break;
		tape_drop(&r->tape, r->tape.start + SIZE_HEAD);
		if (sealed > 0) {
			write_carried(w, front, sealed);
		} else {
			write_u8(w, FRAME_PACKET);
			write_varint(w, size);
		}
		move(r, front, w);
		if (sealed > 0)
			move(r, sealed, carried);
	}
}
