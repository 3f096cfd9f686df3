/* packet.h - what is routed: the head that relays read, and what they cannot.
 *
 *   flags u8 | hops u8 | kind u8 | to id | from id | [to_gate id] | [from_gate id]
 *            | [n u8 | at u8 | n ids: the route] | body
 *
 * A visitor is not in the atlas: packets to it are routed to its gate, the neighbour
 * that it joined by, which stamps itself as from_gate on what the visitor sends.
 *
 * With a route a packet passes these relays, in this order, and then goes to `to`, or it is
 * dropped; `at` counts those that it has passed. So two nodes get around relays that they
 * suspect. A visitor's gate is the relay next to it.
 *
 * flags, hops, gates and `at` change on the way; the rest of the head, but the route, is
 * covered by the seal. The route is not: INIT and REFUSED have no seal to cover it, and who
 * changes it leads a packet astray, which whoever has it in its hands can do in any case. What is
 * sealed may lie apart, where a link's record carries it in clear (FRAME_CARRIED). */
#ifndef LENO_WIRE_PACKET_H
#define LENO_WIRE_PACKET_H

#include "wire/codec.h"
#include "wire/limits.h"

enum packet_flags { PACKET_MARKED = 1, PACKET_TO_GATE = 2, PACKET_FROM_GATE = 4,
                    PACKET_ROUTE = 8 };
enum packet_kind {
	PACKET_INIT = 1,   /* u32 sender's index | Noise IK message 1               */
	PACKET_RESPONSE,   /* u32 your index | u32 mine | Noise IK message 2        */
	PACKET_SEALED,     /* u32 your index | u64 counter | frames, sealed | tag   */
	PACKET_REFUSED     /* u32 the index that I do not know; advice              */
};
enum {
	PACKET_HEAD_MIN = 3 + 32, PACKET_GATES_MAX = 32, PACKET_ROUTE_MAX = 2 + 16 * ROUTE_MAX,
	PACKET_HEAD_MAX = PACKET_HEAD_MIN + PACKET_GATES_MAX + PACKET_ROUTE_MAX,
	SEALED_HEAD     = 4 + 8,     /* of PACKET_SEALED: index, counter            */
	SEALED_MIN      = 16,        /* a tag                                       */
	CARRIED_SIZE    = 2,         /* of the size of what is carried              */
	CARRIED_MAX     = CARRIED_SIZE + PACKET_HEAD_MAX + SEALED_HEAD /* of a FRAME_CARRIED */
};

struct packet {
	uint8_t flags, hops;
	uint8_t kind;
	leno_id to, from;
	leno_id to_gate, from_gate;  /* as flags say                                */
	uint8_t n_route, at;         /* relays to pass, and of them passed          */
	const leno_id *route;        /* lent like the body                          */
	struct bytes body;           /* PACKET_SEALED: index and counter            */
	struct bytes sealed;         /* PACKET_SEALED: frames and tag, wherever they lie */
};

/* FRAME_PACKET: all of a packet. */
bool read_packet(struct bytes frame_body, struct packet *ret);

/* FRAME_CARRIED: u16 size of the sealed part, and the packet up to there. The sealed part is
 * the next of what the record carries, and is read from it; only PACKET_SEALED has one. */
bool read_carried(struct bytes frame_body, struct reader *carried, struct packet *ret);

void write_packet_head(struct writer *, const struct packet *);

/* Begins a FRAME_CARRIED, of whose packet `front` bytes follow; `sealed` are carried. */
void write_carried(struct writer *, size_t front, size_t sealed);

/* The way back of an answer to `got`: by its gate, along its route; ids is where the route of
 * *ret then lies. */
void packet_turn(const struct packet *got, struct packet *ret, leno_id ids[ROUTE_MAX]);

#endif
