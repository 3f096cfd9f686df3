/* dgram_hold.c - see dgram_hold.h. */
#include "transport/dgram_hold.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

static_assert((DGRAM_WINDOW & (DGRAM_WINDOW - 1)) == 0, "the ring's index is a mask");

void dgram_hold_init(struct dgram_hold *h, struct budget *budget)
{
	*h = (struct dgram_hold){ .budget = budget };
	ranges_init(&h->have);
}

static void give_ring(struct dgram_hold *h)
{
	if (h->ring)
		budget_give(h->budget, h->room);
	h->ring = mem_free(h->ring);
	h->room = 0;
}

void dgram_hold_clear(struct dgram_hold *h)
{
	give_ring(h);
	ranges_clear(&h->have);
}

/* One of the two pieces in which [from, from + size) may lie. */
static size_t piece(size_t room, uint64_t from, uint64_t size)
{
	uint64_t straight = room - (from & (room - 1));

	return (size_t)(size < straight ? size : straight);
}

static void move(const struct dgram_hold *h, uint8_t *ring, size_t room)
{
	for (unsigned i = 0; i < h->have.n; i++) {
		struct range r = h->have.at[i];

		while (r.from < r.to) {
			size_t n = piece(h->room, r.from, r.to - r.from);

			memcpy(ring + (r.from & (room - 1)), h->ring + (r.from & (h->room - 1)), n);
			r.from += n;
		}
	}
}

/* A larger ring has each piece of the smaller one in one piece, too. */
static bool reserve(struct dgram_hold *h, uint64_t span)
{
	size_t room = h->room ? h->room : DGRAM_HOLD_LEAST;
	uint8_t *ring;

	while (room < span)
		room *= 2;
	if (room == h->room)
		return true;
	if (!budget_take(h->budget, room))
		return false;
	ring = mem_take(room);
	if (!ring) {
		budget_give(h->budget, room);
		return false;
	}
	if (h->ring)
		move(h, ring, room);
	give_ring(h);
	h->ring = ring;
	h->room = room;
	return true;
}

bool dgram_hold_put(struct dgram_hold *h, uint64_t read, uint64_t offset, const uint8_t *data,
                    size_t size)
{
	assert(offset >= read && offset + size - read <= DGRAM_WINDOW);
	if (!reserve(h, offset + size - read) ||
	    !ranges_add(&h->have, (struct range){ offset, offset + size })) {
		dgram_hold_drop(h, read);
		return false;
	}
	while (size > 0) {
		size_t n = piece(h->room, offset, size);

		memcpy(h->ring + (offset & (h->room - 1)), data, n);
		offset += n;
		data += n;
		size -= n;
	}
	return true;
}

size_t dgram_hold_next(struct dgram_hold *h, uint64_t read, uint8_t **ret)
{
	if (h->have.n == 0 || h->have.at[0].from > read || h->have.at[0].to <= read)
		return 0;
	*ret = h->ring + (read & (h->room - 1));
	return piece(h->room, read, h->have.at[0].to - read);
}

void dgram_hold_drop(struct dgram_hold *h, uint64_t read)
{
	ranges_drop(&h->have, read);
	if (h->have.n == 0)
		give_ring(h);
}
