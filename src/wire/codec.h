/* codec.h - readers and writers of everything that crosses the wire.
 *
 * Integers are little-endian; varints are LEB128 in their shortest form, to 63 bits.
 * Errors are sticky: read on, ask once at the end. A failed reader gives zeros and
 * empty views; a failed writer writes nothing more. */
#ifndef LENO_WIRE_CODEC_H
#define LENO_WIRE_CODEC_H

#include <leno.h>

#include "base/bytes.h"

struct reader {
	const uint8_t *at, *end;
	bool bad;
};

static inline struct reader reader_of(struct bytes b)
{
	return (struct reader){ b.data, b.data ? b.data + b.size : b.data, false };
}

uint8_t  read_u8(struct reader *);
uint16_t read_u16(struct reader *);
uint32_t read_u32(struct reader *);
uint64_t read_u64(struct reader *);
uint64_t read_varint(struct reader *);
uint64_t read_incarnation(struct reader *);                /* a u64 that a varint holds */
struct bytes read_bytes(struct reader *, size_t size);
struct bytes read_sized(struct reader *, size_t max);     /* varint size, bytes */
void     read_copy(struct reader *, void *ret, size_t size);
leno_id  read_id(struct reader *);
bool     read_end(const struct reader *);                 /* all read, nothing bad */

static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

/* Told as a u64 here and as a varint there: so the greatest is what both can say. */
#define INCARNATION_MAX ((uint64_t)INT64_MAX)

struct writer {
	uint8_t *start, *at, *end;
	bool full;
};

static inline struct writer writer_of(void *buf, size_t capacity)
{
	uint8_t *b = buf;
	return (struct writer){ b, b, b + capacity, false };
}

void write_u8(struct writer *, uint8_t);
void write_u16(struct writer *, uint16_t);
void write_u32(struct writer *, uint32_t);
void write_u64(struct writer *, uint64_t);
void write_varint(struct writer *, uint64_t);
void write_bytes(struct writer *, const void *, size_t);
void write_sized(struct writer *, struct bytes);
void write_id(struct writer *, const leno_id *);

static inline size_t writer_size(const struct writer *w)
{
	return (size_t)(w->at - w->start);
}

static inline size_t writer_left(const struct writer *w)
{
	return w->full ? 0 : (size_t)(w->end - w->at);
}

static inline struct bytes writer_bytes(const struct writer *w)
{
	return bytes_of(w->start, writer_size(w));
}

size_t varint_size(uint64_t);

/* ---- frames: [type u8][size varint][body] ---------------------------------- */

struct frame {
	uint8_t type;
	struct bytes body;
};

/* The next frame of a record; false at its end or (r->bad) when it is malformed. */
bool read_frame(struct reader *, struct frame *ret);

/* The body, written by the caller between begin and end, moves if the size turns out
 * to need another width: end may fail (false, nothing written) when it does not fit. */
struct writer frame_begin(struct writer *, uint8_t type);
bool frame_end(struct writer *, const struct writer *body);

/* Whole at once; false (nothing written) when it does not fit. */
bool write_frame(struct writer *, uint8_t type, struct bytes body);

#endif
