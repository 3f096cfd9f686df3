/* relay.c - see relay.h. */
#include "node/relay.h"

#include <assert.h>

#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/packet.h"

enum { SIZE_HEAD = 2 + 2 + 4 };    /* size, of it sealed, when it came */
static_assert(PACKET_MAX <= UINT16_MAX, "a packet's size fits its head");

void relay_init(struct relay *r, struct pool *pool)
{
	*r = (struct relay){ 0 };
	tape_init(&r->tape, pool, POOL_RELAY);
}

void relay_clear(struct relay *r)
{
	tape_clear(&r->tape);
}

/* A queue is as long as twice what it leaves to those of other links, and no longer. */
static bool crowds(const struct relay *r, size_t size)
{
	return !tape_room(&r->tape, size) &&
	       tape_size(&r->tape) > 2 * (uint64_t)CHUNK_SIZE * pool_room(r->tape.pool, POOL_RELAY);
}

bool relay_put(struct relay *r, struct bytes head, struct bytes body, struct bytes sealed,
               uint64_t now_us)
{
	size_t size = head.size + body.size + sealed.size;
	uint8_t text[SIZE_HEAD];
	struct writer w = writer_of(text, sizeof text);

	if (size > PACKET_MAX || tape_size(&r->tape) + SIZE_HEAD + size > RELAY_QUEUE_MAX ||
	    crowds(r, SIZE_HEAD + size) || tape_reserve(&r->tape, SIZE_HEAD + size))
		return false;
	write_u16(&w, (uint16_t)size);
	write_u16(&w, (uint16_t)sealed.size);
	write_u32(&w, (uint32_t)now_us);
	tape_append(&r->tape, text, SIZE_HEAD);
	tape_append(&r->tape, head.data, head.size);
	tape_append(&r->tape, body.data, body.size);
	tape_append(&r->tape, sealed.data, sealed.size);
	return true;
}

bool relay_has(const struct relay *r)
{
	return tape_size(&r->tape) > 0;
}

/* What is known of the packet that goes next. */
struct next {
	size_t   size, sealed;
	uint32_t came_us;              /* the low bits of a time are enough for a wait */
};

static struct next look(struct relay *r)
{
	uint8_t text[SIZE_HEAD];
	struct reader head = reader_of(bytes_of(text, sizeof text));
	struct next next;

	tape_read(&r->tape, r->tape.start, text, SIZE_HEAD);
	next.size = read_u16(&head);
	next.sealed = read_u16(&head);
	next.came_us = read_u32(&head);
	return next;
}

bool relay_carries(struct relay *r)
{
	return relay_has(r) && look(r).sealed >= CARRIED_MIN;
}

uint32_t relay_wait_us(struct relay *r, uint64_t now_us)
{
	return relay_has(r) ? (uint32_t)now_us - look(r).came_us : 0;
}

/* The next `size` bytes of the queue, to where there is room for them. */
static void move(struct relay *r, size_t size, struct writer *to)
{
	tape_read(&r->tape, r->tape.start, to->at, size);
	tape_drop(&r->tape, r->tape.start + size);
	to->at += size;
}

/* Its flags are a packet's first byte. */
static void mark(struct relay *r, uint32_t wait_us, uint8_t *packet)
{
	if (wait_us <= RELAY_MARK_US && tape_size(&r->tape) <= RELAY_QUEUE_MARK)
		return;
	*packet |= PACKET_MARKED;
	r->marked++;
}

void relay_make(struct relay *r, struct writer *w, struct writer *carried, uint64_t now_us)
{
	while (relay_has(r)) {
		struct next next = look(r);
		size_t front, frame;
		uint8_t *packet;

		if (!carried || next.sealed < CARRIED_MIN)
			next.sealed = 0; /* all of it goes into the frame */
		front = next.size - next.sealed;
		frame = (next.sealed ? CARRIED_SIZE : 0) + front;
		if (writer_left(w) < 1 + varint_size(frame) + frame ||
		    (next.sealed > 0 && writer_left(carried) < next.sealed))
			break;
		tape_drop(&r->tape, r->tape.start + SIZE_HEAD);
		if (next.sealed > 0) {
			write_carried(w, front, next.sealed);
		} else {
			write_u8(w, FRAME_PACKET);
			write_varint(w, next.size);
		}
		packet = w->at;
		move(r, front, w);
		mark(r, (uint32_t)now_us - next.came_us, packet);
		if (next.sealed > 0)
			move(r, next.sealed, carried);
	}
}
