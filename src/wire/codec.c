/* codec.c - see codec.h. */
#include "wire/codec.h"

#include <assert.h>

enum { VARINT_MAX = 9, FRAME_HEAD = 4 };

static const uint8_t *take(struct reader *r, size_t size)
{
	const uint8_t *at = r->at;

	if (r->bad || reader_left(r) < size) {
		r->bad = true;
		r->at = r->end;
		return NULL;
	}
	r->at += size;
	return at;
}

static uint64_t take_le(struct reader *r, size_t size)
{
	const uint8_t *p = take(r, size);
	uint64_t v = 0;

	for (size_t i = size; p && i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

uint8_t read_u8(struct reader *r)
{
	return (uint8_t)take_le(r, 1);
}

uint16_t read_u16(struct reader *r)
{
	return (uint16_t)take_le(r, 2);
}

uint32_t read_u32(struct reader *r)
{
	return (uint32_t)take_le(r, 4);
}

uint64_t read_u64(struct reader *r)
{
	return take_le(r, 8);
}

uint64_t read_varint(struct reader *r)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < VARINT_MAX; i++) {
		const uint8_t *p = take(r, 1);
		if (!p)
			return 0;
		v |= (uint64_t)(*p & 0x7f) << (7 * i);
		if (!(*p & 0x80)) {
			if (*p == 0 && i > 0)      /* not the shortest form */
				r->bad = true;
			return r->bad ? 0 : v;
		}
	}
	r->bad = true;
	return 0;
}

uint64_t read_incarnation(struct reader *r)
{
	uint64_t v = read_u64(r);

	r->bad = r->bad || v > INCARNATION_MAX;
	return r->bad ? 0 : v;
}

struct bytes read_bytes(struct reader *r, size_t size)
{
	const uint8_t *p = take(r, size);

	return p ? bytes_of(p, size) : bytes_of(NULL, 0);
}

struct bytes read_sized(struct reader *r, size_t max)
{
	uint64_t size = read_varint(r);

	if (size > max || size > reader_left(r))
		r->bad = true;
	return r->bad ? bytes_of(NULL, 0) : read_bytes(r, (size_t)size);
}

void read_copy(struct reader *r, void *ret, size_t size)
{
	const uint8_t *p = take(r, size);

	if (p)
		bytes_copy(ret, p, size);
	else
		memset(ret, 0, size);
}

leno_id read_id(struct reader *r)
{
	leno_id id;

	read_copy(r, id.bytes, sizeof id.bytes);
	return id;
}

bool read_end(const struct reader *r)
{
	return !r->bad && r->at == r->end;
}

static uint8_t *room(struct writer *w, size_t size)
{
	uint8_t *at = w->at;

	if (writer_left(w) < size) {
		w->full = true;
		return NULL;
	}
	w->at += size;
	return at;
}

static void put_le(struct writer *w, uint64_t v, size_t size)
{
	uint8_t *p = room(w, size);

	for (size_t i = 0; p && i < size; i++, v >>= 8)
		p[i] = (uint8_t)v;
}

void write_u8(struct writer *w, uint8_t v)
{
	put_le(w, v, 1);
}

void write_u16(struct writer *w, uint16_t v)
{
	put_le(w, v, 2);
}

void write_u32(struct writer *w, uint32_t v)
{
	put_le(w, v, 4);
}

void write_u64(struct writer *w, uint64_t v)
{
	put_le(w, v, 8);
}

size_t varint_size(uint64_t v)
{
	size_t n = 1;

	while (v >>= 7)
		n++;
	return n;
}

void write_varint(struct writer *w, uint64_t v)
{
	uint8_t *p = room(w, varint_size(v));

	assert(v >> 63 == 0);
	for (; p; v >>= 7) {
		*p = (uint8_t)(v & 0x7f);
		if (v <= 0x7f)
			break;
		*p++ |= 0x80;
	}
}

void write_bytes(struct writer *w, const void *data, size_t size)
{
	uint8_t *p = room(w, size);

	if (p)
		bytes_copy(p, data, size);
}

void write_sized(struct writer *w, struct bytes b)
{
	write_varint(w, b.size);
	write_bytes(w, b.data, b.size);
}

void write_id(struct writer *w, const leno_id *id)
{
	write_bytes(w, id->bytes, sizeof id->bytes);
}

bool read_frame(struct reader *r, struct frame *ret)
{
	struct frame f;

	if (r->bad || r->at == r->end)
		return false;
	f.type = read_u8(r);
	f.body = read_sized(r, SIZE_MAX);
	if (r->bad)
		return false;
	*ret = f;
	return true;
}

struct writer frame_begin(struct writer *w, uint8_t type)
{
	struct writer body = { w->at, w->at, w->at, true };

	if (writer_left(w) > FRAME_HEAD) {
		*w->at = type;
		body = writer_of(w->at + FRAME_HEAD, writer_left(w) - FRAME_HEAD);
	}
	return body;
}

bool frame_end(struct writer *w, const struct writer *body)
{
	size_t size = writer_size(body);

	if (body->full || w->full)
		return false;
	assert(body->start == w->at + FRAME_HEAD && varint_size(size) < FRAME_HEAD);
	w->at++;
	write_varint(w, size);
	memmove(w->at, body->start, size);
	w->at += size;
	return true;
}

bool write_frame(struct writer *w, uint8_t type, struct bytes body)
{
	if (writer_left(w) < 1 + varint_size(body.size) + body.size)
		return false;
	write_u8(w, type);
	write_sized(w, body);
	return true;
}
