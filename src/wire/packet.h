/* packet.h - what is routed: the head that relays read, and what they cannot.
 *
 *   flags u8 | hops u8 | kind u8 | to id | from id | [to_gate id] | [from_gate id] | body
 *
 * A visitor is not in the atlas: packets to it are routed to its gate, the neighbour
 * that it joined by, which stamps itself as from_gate on what the visitor sends.
 * flags, hops and the gates change on the way; all else is covered by the seal. What is sealed
 * may lie apart, where a link's record carries it in clear (FRAME_CARRIED). */
#ifndef LENO_WIRE_PACKET_H
#define LENO_WIRE_PACKET_H

#include "wire/codec.h"

enum packet_flags { PACKET_MARKED = 1, PACKET_TO_GATE = 2, PACKET_FROM_GATE = 4 };
enum packet_kind {
	PACKET_INIT = 1,   /* u32 sender's index | Noise IK message 1               */
	PACKET_RESPONSE,   /* u32 your index | u32 mine | Noise IK message 2        */
	PACKET_SEALED,     /* u32 your index | u64 counter | frames, sealed | tag   */
	PACKET_REFUSED     /* u32 the index that I do not know; advice              */
};
enum {
	PACKET_HEAD_MIN = 3 + 32, PACKET_HEAD_MAX = 3 + 64,
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

#endif
