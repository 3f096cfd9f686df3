/* item.c - see item.h. */
#include "message/item.h"

#include <assert.h>

enum { KIND_BITS = 3, KIND_MASK = 7, TYPE_FOLLOWS = 31 };

static bool has_request(enum item_kind kind)
{
	return kind == ITEM_REQUEST || kind == ITEM_REPLY || kind == ITEM_REFUSE ||
	       kind == ITEM_PING;
}

bool read_item(struct bytes b, struct item *ret)
{
	struct reader r = reader_of(b);
	uint8_t first = read_u8(&r);
	struct item i = { .kind = first & KIND_MASK, .type = first >> KIND_BITS };

	if (i.kind == ITEM_MESSAGE && i.type < TYPE_FOLLOWS) {     /* nearly always */
		ret->kind = ITEM_MESSAGE;
		ret->type = i.type;
		ret->request = 0;
		ret->data = bytes_of(b.data + 1, b.size - 1);
		return true;
	}
	if (i.type == TYPE_FOLLOWS) {
		uint64_t type = read_varint(&r);

		if (type < TYPE_FOLLOWS || type > UINT32_MAX)
			return false;
		i.type = (uint32_t)type;
	}
	if (has_request(i.kind))
		i.request = read_varint(&r);
	if (i.kind == ITEM_REFUSE)
		i.code = read_u32(&r);
	i.data = read_bytes(&r, reader_left(&r));
	if (!read_end(&r))
		return false;
	*ret = i;
	return true;
}

size_t write_item_head(uint8_t ret[ITEM_HEAD_MAX], const struct item *i)
{
	struct writer w = writer_of(ret, ITEM_HEAD_MAX);

	if (i->kind == ITEM_MESSAGE && i->type < TYPE_FOLLOWS) {   /* nearly always */
		ret[0] = (uint8_t)(ITEM_MESSAGE | i->type << KIND_BITS);
		return 1;
	}
	if (i->type < TYPE_FOLLOWS) {
		write_u8(&w, (uint8_t)(i->kind | i->type << KIND_BITS));
	} else {
		write_u8(&w, (uint8_t)(i->kind | TYPE_FOLLOWS << KIND_BITS));
		write_varint(&w, i->type);
	}
	if (has_request(i->kind))
		write_varint(&w, i->request);
	if (i->kind == ITEM_REFUSE)
		write_u32(&w, i->code);
	assert(!w.full);
	return writer_size(&w);
}
