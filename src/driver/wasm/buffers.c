/* buffers.c - the memory by which the host and this module talk: room for arguments, the
 * events, lists. Each grows to what was needed most, within a bound. */
#include "driver/wasm/wasm.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

enum { EVENTS_MAX = 1 << 30, LIST_MAX = 64 << 20, LEAST = 4096, IO_SIZE = 64 * 1024 };
static_assert(sizeof(struct event) == 56, "the host knows its layout");

struct buffer {
	uint8_t *data;
	size_t size, capacity;
};
static struct buffer events, list, room;
static _Alignas(16) uint8_t io[IO_SIZE];

static bool grow(struct buffer *b, size_t need, size_t most)
{
	size_t capacity = b->capacity ? b->capacity : LEAST;
	uint8_t *data;

	if (need <= b->capacity)
		return true;
	if (need > most)
		return false;
	while (capacity < need)
		capacity *= 2;
	data = mem_grow(b->data, b->capacity, capacity);
	if (!data)
		return false;
	b->data = data;
	b->capacity = capacity;
	return true;
}

leno_bytes text_of(const char *text)
{
	return (leno_bytes){ text, strlen(text) };
}

void event_tell(enum event_kind kind, const leno_id *id, struct event e, leno_bytes text,
                leno_bytes data)
{
	size_t text_size = text.size < UINT16_MAX ? text.size : UINT16_MAX;
	size_t size = (sizeof e + text_size + data.size + 7) & ~(size_t)7;
	uint8_t *at;

	/* What it is about is acknowledged, or will not be told again: better no node than one
	 * that has lost something and does not know. */
	if (!grow(&events, events.size + size, EVENTS_MAX))
		__builtin_trap();
	e.kind = (uint8_t)kind;
	e.size = (uint32_t)size;
	e.text_size = (uint16_t)text_size;
	e.data_size = (uint32_t)data.size;
	if (id)
		memcpy(e.id, id, sizeof e.id);
	at = events.data + events.size;
	memcpy(at, &e, sizeof e);
	if (text_size)
		memcpy(at + sizeof e, text.data, text_size);
	if (data.size)
		memcpy(at + sizeof e + text_size, data.data, data.size);
	events.size += size;
}

EXPORT(const uint8_t *, wasm_events, void)
{
	return events.data;
}

EXPORT(size_t, wasm_events_size, void)
{
	return events.size;
}

EXPORT(void, wasm_events_done, void)
{
	events.size = 0;
}

/* For the arguments of one call: valid until the next wasm_room(). NULL: no memory. */
EXPORT(void *, wasm_room, size_t size)
{
	return grow(&room, size, SIZE_MAX / 4) ? room.data : NULL;
}

/* 64 KiB for bytes of pipes, in and out; the host keeps the last 64 of them for small results. */
EXPORT(void *, wasm_io, void)
{
	return io;
}

int list_make(list_fn *fn, void *arg)
{
	size_t need = LEAST;

	for (;;) {
		leno_pack p;

		if (!grow(&list, need, LIST_MAX))
			return LENO_MEMORY;
		p = leno_pack_into(list.data, list.capacity);
		fn(&p, arg);
		list.size = p.size;
		if (!p.full)
			return (int)p.size;
		need = list.capacity * 2;
	}
}

leno_bytes list_bytes(void)
{
	return (leno_bytes){ list.data, list.size };
}

EXPORT(const uint8_t *, wasm_list, void)
{
	return list.data;
}
