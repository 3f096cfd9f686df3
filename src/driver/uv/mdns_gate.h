/* mdns_gate.h - what of a local network's multicast DNS reaches the library that speaks it.
 *
 * Anybody on the network can send anything to port 5353, and the library asserts where a
 * stranger can reach it (a CNAME record is enough, in the versions of today). So each
 * packet is read here first, and only whole, plain ones about leno's services pass, at a
 * bounded rate. A pure decoder: no clock, no memory.
 *
 *  1. What passes is well formed to its last byte: names, lengths, counts.
 *  2. It holds no type of record but those that services are made of.
 *  3. GATE_BURST records at once and GATE_RATE a second pass, questions and answers counted
 *     apart: a flood of the one does not keep out the other. */
#ifndef LENO_DRIVER_UV_MDNS_GATE_H
#define LENO_DRIVER_UV_MDNS_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GATE_PACKET_MAX  = 9000,   /* RFC 6762, 17                                  */
	GATE_RECORDS_MAX = 128,    /* of a packet, questions counted as well        */
	GATE_BURST       = 1024,   /* records                                       */
	GATE_RATE        = 128     /* records a second                              */
};

enum gate_verdict {
	GATE_PASS = 1,
	GATE_FOREIGN,              /* whole, and about others' services             */
	GATE_BAD,                  /* not to be shown to anybody                    */
	GATE_FLOOD                 /* one too many                                  */
};

struct gate {
	uint32_t room[2];          /* for the records of queries, and of responses  */
	uint64_t at_ms;            /* when they were counted                        */
	uint64_t answers;          /* records of responses that passed            */
	uint64_t flooded_ms;       /* when an answer was last refused for the rate; 0: never */
};

void gate_init(struct gate *, uint64_t now_ms);

/* The verdict of one packet, come at this time (of any clock that does not go back). */
enum gate_verdict gate_take(struct gate *, const uint8_t *packet, size_t size, uint64_t now_ms);

#endif
