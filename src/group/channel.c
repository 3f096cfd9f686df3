/* channel.c - see channel.h. */
#include "group/channel.h"

struct channel read_channel(struct reader *r)
{
	struct channel c = { 0 };

	read_copy(r, c.tag, sizeof c.tag);
	c.join = read_varint(r);
	return c;
}

void write_channel(struct writer *w, const struct channel *c)
{
	write_bytes(w, c->tag, sizeof c->tag);
	write_varint(w, c->join);
}

bool read_group_one(struct bytes b, struct group_one *ret)
{
	struct reader r = reader_of(b);
	struct group_one o = { 0 };

	read_copy(&r, o.from.tag, sizeof o.from.tag);
	o.from.join = read_varint(&r);
	read_copy(&r, o.from.proof, sizeof o.from.proof);
	o.type = read_sized(&r, LENO_TYPE_MAX);
	o.data = read_bytes(&r, reader_left(&r));
	if (!read_end(&r) || (o.type.size > 0 && memchr(o.type.data, 0, o.type.size)))
		return false;
	*ret = o;
	return true;
}

void write_group_one_head(struct writer *w, const struct group_one *o)
{
	write_u8(w, GROUP_ONE);
	membership_write(w, &o->from);
	write_sized(w, o->type);
}

bool read_group_invitation(struct bytes b, struct group_invitation *ret)
{
	struct reader r = reader_of(b);
	struct group_invitation i;

	i.key = read_sized(&r, LENO_GROUP_KEY_MAX);
	i.note = read_bytes(&r, reader_left(&r));
	if (!read_end(&r) || i.key.size == 0 || i.note.size > LENO_GROUP_NOTE_MAX)
		return false;
	*ret = i;
	return true;
}

void write_group_invitation(struct writer *w, const struct group_invitation *i)
{
	write_u8(w, GROUP_INVITATION);
	write_sized(w, i->key);
	write_bytes(w, i->note.data, i->note.size);
}
