/* forge.h - bodies of frames that a hostile member makes from an input: well formed, by
 * nodes that there are, and otherwise whatever the input says. For fuzz_peer.c. */
#pragma once

#include "crypto/identity.h"
#include "message/broadcast.h"
#include "wire/packet.h"

enum { FORGED_MAX = 512, FORGERS = 6 }; /* bytes of a body; nodes that there are */

/* A broadcast, truly signed by its source; empty when it does not fit. */
static struct bytes forge_cast(struct reader *r, const struct identity nodes[FORGERS],
			       uint8_t text[FORGED_MAX])
{
	static const char domain[] = CAST_DOMAIN;
	enum { DOMAIN_SIZE = sizeof domain - 1 };
	unsigned who = 1 + read_u8(r) % (FORGERS - 1u);
	struct writer w = writer_of(text, FORGED_MAX);
	struct cast c = {.origin = nodes[who].id, .incarnation = 1};
	struct bytes rest;
	uint8_t kind;

	c.number = read_u8(r);
	c.first = read_u8(r) + 1u;
	kind = read_u8(r);
	c.count = kind & 15;
	c.fragments = kind & 16 ? kind >> 5 : 0;
	c.fragment = c.fragments ? (kind & 15) % c.fragments : 0;
	c.count = c.fragments ? 1 : c.count;
	c.incarnation += (kind & 64) != 0;
	rest = read_bytes(r, read_u8(r));
	c.behind = rest.size % c.first;
	write_bytes(&w, domain, DOMAIN_SIZE);
	write_cast_head(&w, &c);
	write_bytes(&w, rest.data, rest.size);
	if (w.full || writer_left(&w) < CAST_SIGNATURE)
		return bytes_of(text, 0);
	crypto_sign(w.at, writer_bytes(&w), nodes[who].ed_secret);
	w.at += CAST_SIGNATURE;
	return bytes_of(text + DOMAIN_SIZE, writer_size(&w) - DOMAIN_SIZE);
}

/* A packet along a route of nodes that there are, or of nobody. */
static struct bytes forge_route(struct reader *r, const struct identity nodes[FORGERS],
				uint8_t text[FORGED_MAX])
{
	struct writer w = writer_of(text, FORGED_MAX);
	struct packet p = {.flags = PACKET_ROUTE, .hops = 9};
	leno_id ids[ROUTE_MAX] = {{{0}}};
	struct bytes body;

	p.to = nodes[read_u8(r) % FORGERS].id;
	p.from = nodes[read_u8(r) % FORGERS].id;
	p.kind = read_u8(r) % (PACKET_REFUSED + 2);
	p.at = read_u8(r) % (ROUTE_MAX + 2);
	p.n_route = read_u8(r) % (ROUTE_MAX + 1);
	p.route = ids;
	for (size_t i = 0; i < p.n_route; i++) {
		uint8_t who = read_u8(r);

		ids[i] = nodes[who % FORGERS].id;
		ids[i].bytes[0] ^= who / FORGERS;
	}
	body = read_bytes(r, read_u8(r));
	write_packet_head(&w, &p);
	write_bytes(&w, body.data, body.size);
	return writer_bytes(&w);
}

/* Whom it says that it suspects. */
static struct bytes forge_doubt(struct reader *r, const struct identity nodes[FORGERS],
				uint8_t text[FORGED_MAX])
{
	struct writer w = writer_of(text, FORGED_MAX);

	write_u8(&w, read_u8(r));
	for (uint8_t n = read_u8(r) % 20; n > 0; n--) {
		write_id(&w, &nodes[read_u8(r) % FORGERS].id);
		write_u8(&w, read_u8(r));
	}
	return writer_bytes(&w);
}

/* Of a life of its own that the input names, and one of ours (sid) or another. */
static struct bytes forge_hello(struct reader *r, uint64_t sid, uint8_t text[FORGED_MAX])
{
	uint8_t lives = read_u8(r), flags = read_u8(r);
	struct writer w = writer_of(text, FORGED_MAX);

	write_u64(&w, 1 + (lives & 7));
	write_u64(&w, lives & 8 ? sid : lives >> 4);
	write_varint(&w, 1 + (lives >> 6));
	write_varint(&w, 0);
	write_varint(&w, read_u16(r));
	write_varint(&w, read_u8(r));
	write_varint(&w, 1 << 20);
	write_varint(&w, flags & 128 ? 5 : 1 << 20);
	write_u8(&w, flags);
	return writer_bytes(&w);
}

static struct bytes forge_ack(struct reader *r, uint8_t text[FORGED_MAX])
{
	struct writer w = writer_of(text, FORGED_MAX);

	write_varint(&w, read_u16(r));
	write_varint(&w, read_u8(r));
	write_varint(&w, read_u16(r) * 64u);
	write_u8(&w, read_u8(r));
	return writer_bytes(&w);
}
