/* broadcast.c - see broadcast.h. */
#include "message/broadcast.h"

enum { WHOLE = 1, FRAGMENT = 2 };

bool read_cast_item_long(struct reader *r, struct bytes *ret_type, struct bytes *ret_data)
{
	struct bytes type = read_sized(r, LENO_TYPE_MAX);
	struct bytes data = read_sized(r, BROADCAST_MAX);

	if (r->bad || (type.size > 0 && memchr(type.data, 0, type.size)))
		return false;
	*ret_type = type;
	*ret_data = data;
	return true;
}

/* Passes over an item of the sizes of the one before, if it is one: then no address waits for a
 * size that is read, which is most of what this costs. */
static bool skip_alike(struct reader *r, size_t type, size_t data)
{
	if (type >= CAST_SHORT || data >= CAST_SHORT || reader_left(r) < type + data + 2 ||
	    r->at[0] != type || r->at[1 + type] != data || !cast_type_good(r->at + 1, type))
		return false;
	r->at += type + data + 2;
	return true;
}

static bool good_items(struct bytes items, uint64_t count)
{
	struct reader r = reader_of(items);
	struct bytes type = bytes_of(NULL, 0), data = bytes_of(NULL, 0);

	for (uint64_t i = 0; i < count; i++)
		if (!skip_alike(&r, type.size, data.size) && !read_cast_item(&r, &type, &data))
			return false;
	return read_end(&r);
}

/* Where items begin so late that the count runs over, nothing is believed. */
static bool good_numbers(uint64_t first, uint64_t count, size_t size)
{
	return first > 0 && count <= size && first <= INT64_MAX - count;
}

/* All but the signature. */
static bool read_fields(struct bytes body, struct cast *ret)
{
	struct cast c = { .count = 1 };
	uint64_t count = 1, fragment = 0, fragments = 0;
	struct reader r;
	uint8_t kind;

	r = reader_of(body);
	kind = read_u8(&r);
	c.origin = read_id(&r);
	c.incarnation = read_incarnation(&r);
	c.number = read_varint(&r);
	c.first = read_varint(&r);
	c.behind = read_varint(&r);
	if (kind == FRAGMENT) {
		fragment = read_varint(&r);
		fragments = read_varint(&r);
	} else {
		count = read_varint(&r);
	}
	c.items = read_bytes(&r, reader_left(&r));
	if (!read_end(&r) || (kind != WHOLE && kind != FRAGMENT) || c.number == 0 || count == 0 ||
	    !good_numbers(c.first, count, body.size) || c.behind >= c.first)
		return false;
	if (kind == FRAGMENT && (fragments < 2 || fragments > CAST_FRAGMENTS_MAX ||
	                         fragment >= fragments || c.items.size == 0))
		return false;
	c.count = (uint32_t)count;
	c.fragment = (uint32_t)fragment;
	c.fragments = (uint32_t)fragments;
	*ret = c;
	return true;
}

static bool read_signed(struct bytes body, size_t max, struct cast *ret)
{
	if (body.size < CAST_SIGNATURE || body.size > max)
		return false;
	return read_fields(bytes_of(body.data, body.size - CAST_SIGNATURE), ret);
}

bool cast_items_good(const struct cast *c)
{
	return c->fragments ? c->items.size > 0 : good_items(c->items, c->count);
}

bool read_cast(struct bytes body, struct cast *ret)
{
	struct cast c;

	if (!read_signed(body, CAST_FRAME_MAX, &c) || !cast_items_good(&c))
		return false;
	*ret = c;
	return true;
}

bool read_cast_sealed(struct bytes body, struct cast *ret)
{
	struct cast c;

	if (!read_signed(body, CAST_FRAME_MAX + CAST_SEAL, &c) || c.items.size <= CAST_SEAL)
		return false;
	*ret = c;
	return true;
}

bool read_cast_near(struct bytes body, struct cast *ret)
{
	struct cast c;

	if (body.size > CAST_FRAME_MAX || !read_fields(body, &c) || !cast_items_good(&c))
		return false;
	*ret = c;
	return true;
}

void write_cast_head(struct writer *w, const struct cast *c)
{
	write_u8(w, c->fragments ? FRAGMENT : WHOLE);
	write_id(w, &c->origin);
	write_u64(w, c->incarnation);
	write_varint(w, c->number);
	write_varint(w, c->first);
	write_varint(w, c->behind);
	if (c->fragments) {
		write_varint(w, c->fragment);
		write_varint(w, c->fragments);
	} else {
		write_varint(w, c->count);
	}
}

static bool read_ack(struct reader *r, struct cast_ack *ret)
{
	struct cast_ack a = { .incarnation = read_incarnation(r) };
	uint64_t had;

	a.seq = read_varint(r);
	had = read_varint(r);
	a.want = read_varint(r);
	if (!read_end(r) || had > CAST_FRAGMENTS_MAX || (a.want > 0 && a.want <= a.seq))
		return false;
	a.had = (uint32_t)had;
	*ret = a;
	return true;
}

static bool read_items(struct reader *r, struct cast *ret)
{
	struct cast c = { .incarnation = read_incarnation(r) };
	uint64_t count;

	c.first = read_varint(r);
	count = read_varint(r);
	c.items = read_bytes(r, reader_left(r));
	if (!read_end(r) || !good_numbers(c.first, count, c.items.size) ||
	    count > UINT32_MAX || !good_items(c.items, count))
		return false;
	c.count = (uint32_t)count;
	*ret = c;
	return true;
}

enum cast_kind read_cast_by_session(struct bytes b, struct cast_ack *ret_ack,
                                    struct cast *ret_items)
{
	struct reader r = reader_of(b);

	switch (read_u8(&r)) {
	case CAST_ACK:
		return read_ack(&r, ret_ack) ? CAST_ACK : 0;
	case CAST_ITEMS:
		return read_items(&r, ret_items) ? CAST_ITEMS : 0;
	default:
		return 0;
	}
}

void write_cast_ack(struct writer *w, const struct cast_ack *a)
{
	write_u8(w, CAST_ACK);
	write_u64(w, a->incarnation);
	write_varint(w, a->seq);
	write_varint(w, a->had);
	write_varint(w, a->want);
}

void write_cast_items_head(struct writer *w, uint64_t incarnation, uint64_t first, uint32_t count)
{
	write_u8(w, CAST_ITEMS);
	write_u64(w, incarnation);
	write_varint(w, first);
	write_varint(w, count);
}
