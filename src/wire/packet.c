/* packet.c - see packet.h. */
#include "wire/packet.h"

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
	p.body = read_bytes(&r, reader_left(&r));
	if (!read_end(&r) || p.kind < PACKET_INIT || p.kind > PACKET_REFUSED ||
	    p.flags & ~(PACKET_MARKED | PACKET_TO_GATE | PACKET_FROM_GATE))
		return false;
	p.start = (uint8_t *)(uintptr_t)b.data;
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
