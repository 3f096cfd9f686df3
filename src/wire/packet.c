/* packet.c - see packet.h. */
#include "wire/packet.h"

#include "wire/frame.h"

bool read_packet(struct bytes b, struct packet *ret)
{
	struct reader r = reader_of(b);
	struct packet p = { 0 };

	p.flags = read_u8(&r);
	p.hops = read_u8(&r);
	p.kind = read_u8(&r);
	p.to = read_id(&r);
	p.from = read_id(&r);
	if (p.flags & PACKET_TO_GATE)
		p.to_gate = read_id(&r);
	if (p.flags & PACKET_FROM_GATE)
		p.from_gate = read_id(&r);
	if (p.kind == PACKET_SEALED && reader_left(&r) > SEALED_HEAD)
		p.body = read_bytes(&r, SEALED_HEAD), p.sealed = read_bytes(&r, reader_left(&r));
	else
		p.body = read_bytes(&r, reader_left(&r));
	if (!read_end(&r) || p.kind < PACKET_INIT || p.kind > PACKET_REFUSED ||
	    p.flags & ~(PACKET_MARKED | PACKET_TO_GATE | PACKET_FROM_GATE))
		return false;
	*ret = p;
	return true;
}

bool read_carried(struct bytes b, struct reader *carried, struct packet *ret)
{
	struct reader r = reader_of(b);
	size_t size = read_u16(&r);
	struct packet p;

	if (r.bad || !read_packet(read_bytes(&r, reader_left(&r)), &p) || p.kind != PACKET_SEALED ||
	    p.body.size != SEALED_HEAD || p.sealed.size > 0 || size < SEALED_MIN)
		return false;
	p.sealed = read_bytes(carried, size);
	if (carried->bad)
		return false;
	*ret = p;
	return true;
}

void write_packet_head(struct writer *w, const struct packet *p)
{
	write_u8(w, p->flags);
	write_u8(w, p->hops);
	write_u8(w, p->kind);
	write_id(w, &p->to);
	write_id(w, &p->from);
	if (p->flags & PACKET_TO_GATE)
		write_id(w, &p->to_gate);
	if (p->flags & PACKET_FROM_GATE)
		write_id(w, &p->from_gate);
}

void write_carried(struct writer *w, size_t front, size_t sealed)
{
	write_u8(w, FRAME_CARRIED);
	write_varint(w, CARRIED_SIZE + front);
	write_u16(w, (uint16_t)sealed);
}
