/* packet.c - see packet.h. */
#include "wire/packet.h"

#include "wire/frame.h"

/* No relay twice, and none of them one of the ends: a route leads nowhere in circles. */
static bool route_good(const struct packet *p)
{
	if (p->n_route < 1 || p->n_route > ROUTE_MAX || p->at > p->n_route)
		return false;
	for (size_t i = 0; i < p->n_route; i++) {
		if (leno_id_same(&p->route[i], &p->to) || leno_id_same(&p->route[i], &p->from))
			return false;
		for (size_t k = 0; k < i; k++)
			if (leno_id_same(&p->route[i], &p->route[k]))
				return false;
	}
	return true;
}

static void read_route(struct reader *r, struct packet *p)
{
	p->n_route = read_u8(r);
	p->at = read_u8(r);
	p->route = (const leno_id *)(const void *)
		read_bytes(r, p->n_route * sizeof(leno_id)).data;
}

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
	if (p.flags & PACKET_ROUTE)
		read_route(&r, &p);
	if (p.kind == PACKET_SEALED && reader_left(&r) > SEALED_HEAD)
		p.body = read_bytes(&r, SEALED_HEAD), p.sealed = read_bytes(&r, reader_left(&r));
	else
		p.body = read_bytes(&r, reader_left(&r));
	if (!read_end(&r) || p.kind < PACKET_INIT || p.kind > PACKET_REFUSED ||
	    p.flags & ~(PACKET_MARKED | PACKET_TO_GATE | PACKET_FROM_GATE | PACKET_ROUTE) ||
	    (p.flags & PACKET_ROUTE && !route_good(&p)))
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
	if (p->flags & PACKET_ROUTE) {
		write_u8(w, p->n_route);
		write_u8(w, p->at);
		write_bytes(w, p->route, p->n_route * sizeof *p->route);
	}
}

void packet_turn(const struct packet *got, struct packet *ret, leno_id ids[ROUTE_MAX])
{
	if (got->flags & PACKET_FROM_GATE) {
		ret->flags |= PACKET_TO_GATE;
		ret->to_gate = got->from_gate;
	}
	if (!(got->flags & PACKET_ROUTE))
		return;
	for (size_t i = 0; i < got->n_route; i++)
		ids[i] = got->route[got->n_route - 1u - i];
	ret->flags |= PACKET_ROUTE;
	ret->route = ids;
	ret->n_route = got->n_route;
	ret->at = 0;
}

void write_carried(struct writer *w, size_t front, size_t sealed)
{
	write_u8(w, FRAME_CARRIED);
	write_varint(w, CARRIED_SIZE + front);
	write_u16(w, (uint16_t)sealed);
}
