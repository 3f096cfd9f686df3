/* copy_frame.c - frames of a copy, to bytes and back. One table knows what a kind holds. */
#include "copy_frame.h"

#include <string.h>

enum field { SIZE = 1, MODE = 2, FLAGS = 4, SUM = 8, PATH = 16 };

static const uint8_t fields[] = {
	[FRAME_WANT] = PATH,       [FRAME_OFFER] = SIZE | MODE | FLAGS | PATH,
	[FRAME_HAVE] = SIZE | SUM, [FRAME_FROM] = SIZE,
	[FRAME_END] = SUM,         [FRAME_DONE] = 0,
	[FRAME_ALIVE] = 0,
};

static size_t body_least(unsigned has)
{
	return (has & SIZE ? 8 : 0) + (has & MODE ? 4 : 0) + (has & FLAGS ? 1 : 0) +
	       (has & SUM ? CHECKSUM_SIZE : 0);
}

static uint8_t *put_number(uint8_t *to, uint64_t value, int bytes)
{
	while (bytes-- > 0)
		*to++ = (uint8_t)(value >> 8 * bytes);
	return to;
}

static uint64_t get_number(const uint8_t **from, int bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | *(*from)++;
	return value;
}

size_t frame_write(uint8_t ret[FRAME_MAX], const struct frame *f)
{
	unsigned has = fields[f->kind];
	size_t path = has & PATH ? strnlen(f->path, BENEATH_PATH_MAX - 1) : 0;
	uint8_t *to = ret;

	*to++ = (uint8_t)f->kind;
	to = put_number(to, body_least(has) + path, 4);
	if (has & SIZE)
		to = put_number(to, f->size, 8);
	if (has & MODE)
		to = put_number(to, f->mode, 4);
	if (has & FLAGS)
		*to++ = f->flags;
	if (has & SUM) {
		memcpy(to, f->sum, CHECKSUM_SIZE);
		to += CHECKSUM_SIZE;
	}
	memcpy(to, f->path, path);
	return (size_t)(to - ret) + path;
}

int frame_body(const uint8_t head[FRAME_HEAD])
{
	const uint8_t *at = head + 1;
	uint64_t size = get_number(&at, 4);
	size_t least;

	if (head[0] < FRAME_WANT || head[0] > FRAME_ALIVE)
		return -1;
	least = body_least(fields[head[0]]);
	if (size < least || size > least + (fields[head[0]] & PATH ? BENEATH_PATH_MAX - 1 : 0))
		return -1;
	return (int)size;
}

bool frame_read(const uint8_t *data, size_t size, struct frame *ret)
{
	const uint8_t *at = data + FRAME_HEAD, *end = data + size;
	int body = size >= FRAME_HEAD ? frame_body(data) : -1;
	unsigned has;

	if (body < 0 || size != FRAME_HEAD + (size_t)body)
		return false;
	has = fields[data[0]];
	if (has & PATH && memchr(data + FRAME_HEAD + body_least(has), '\0',
	                         (size_t)body - body_least(has)) != NULL)
		return false;
	*ret = (struct frame){ .kind = (enum frame_kind)data[0] };
	if (has & SIZE)
		ret->size = get_number(&at, 8);
	if (has & MODE)
		ret->mode = (uint32_t)get_number(&at, 4);
	if (has & FLAGS)
		ret->flags = *at++;
	if (has & SUM) {
		memcpy(ret->sum, at, CHECKSUM_SIZE);
		at += CHECKSUM_SIZE;
	}
	memcpy(ret->path, at, (size_t)(end - at));
	return true;
}
