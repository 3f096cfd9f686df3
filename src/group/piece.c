/* piece.c - see piece.h. */
#include "group/piece.h"

bool read_piece(struct bytes b, struct piece *ret)
{
	struct reader r = reader_of(b);
	struct piece p = { 0 };
	uint8_t kind;

	if (b.size > 0 && b.data[0] == PIECE_WHOLE) {                /* nearly always */
		*ret = (struct piece){ .data = bytes_of(b.data + 1, b.size - 1) };
		return true;
	}
	kind = read_u8(&r);
	if (kind == PIECE_FIRST)
		p.total = read_varint(&r);
	p.data = read_bytes(&r, reader_left(&r));
	if (!read_end(&r) || kind > PIECE_LAST || (kind != PIECE_WHOLE && p.data.size == 0) ||
	    (kind == PIECE_FIRST && (p.total <= p.data.size || p.total > SIZE_MAX / 2)))
		return false;
	p.kind = (enum piece_kind)kind;
	*ret = p;
	return true;
}

void write_piece_head(struct writer *w, const struct piece *p)
{
	write_u8(w, (uint8_t)p->kind);
	if (p->kind == PIECE_FIRST)
		write_varint(w, p->total);
}

static void append(struct assembly *a, struct bytes data)
{
	bytes_copy(a->bytes + a->have, data.data, data.size);
	a->have += data.size;
}

void assembly_begin(struct assembly *a, uint8_t *buf, struct bytes type, const struct piece *p)
{
	a->bytes = buf;
	a->size = (size_t)p->total;
	a->have = 0;
	a->type_size = type.size;
	bytes_copy(buf + a->size, type.data, type.size);
	append(a, p->data);
}

enum assembly_verdict assembly_take(struct assembly *a, struct bytes type, const struct piece *p,
                                    struct bytes *ret_type, struct bytes *ret_data)
{
	size_t left = a->size - a->have;
	bool last = p->kind == PIECE_LAST;

	switch (p->kind) {
	case PIECE_WHOLE:
		if (a->bytes)
			return ASSEMBLY_BAD;
		*ret_type = type;
		*ret_data = p->data;
		return ASSEMBLY_WHOLE;
	case PIECE_FIRST:
		return a->bytes ? ASSEMBLY_BAD : ASSEMBLY_ROOM;
	case PIECE_MORE: case PIECE_LAST:
		break;
	}
	if (!a->bytes)
		return ASSEMBLY_PART;          /* its beginning was not for us */
	if (last ? p->data.size != left : p->data.size >= left)
		return ASSEMBLY_BAD;
	append(a, p->data);
	if (!last)
		return ASSEMBLY_PART;
	*ret_type = bytes_of(a->bytes + a->size, a->type_size);
	*ret_data = bytes_of(a->bytes, a->size);
	return ASSEMBLY_WHOLE;
}
