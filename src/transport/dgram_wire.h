/* dgram_wire.h - the layouts of leno's datagrams. Integers are little-endian.
 *
 *     type u8 | flags u8 | id 8 bytes | tag u64 | the rest
 *
 * id is the receiver's name for the connection, chosen by it at random, and so is the key of
 * the tag: both are told at the beginning, in the clear. The tag keeps out who cannot see our
 * datagrams, and damage; what is within proves the peer. It is SipHash-2-4 of the first ten
 * bytes and of two sums over the rest, taken as words w of 64 bits (zeros fill the last one):
 * a += w, b += a; a begins as the size of the datagram, b as zero.
 *
 *     HELLO   key 16 bytes | time u32 | proof u64 | zeros up to DGRAM_BASE
 *     RETRY   time u32 | proof u64
 *     ACCEPT  id 8 bytes | key 16 bytes | zeros up to DGRAM_BASE
 *     DATA    number u64, then what flags name, in this order:
 *       ACK        newest u64 | delay_us u32 | read u64 | limit u64 | spans u8 | span u32
 *                  | (gap u32, span u32)...
 *       CHALLENGE  token u64
 *       RESPONSE   token u64
 *       BYTES      offset u64 | bytes of the stream, up to the end of the datagram
 *       END        they are the last ones (with BYTES alone)
 *       PING       to be acknowledged at once; without BYTES, what follows is padding
 *       RESET      the connection is gone
 *
 * Flags of HELLO, RETRY and ACCEPT are the version. The tag of a HELLO is made with the key
 * that stands in it; its id is the dialler's. */
#ifndef LENO_TRANSPORT_DGRAM_WIRE_H
#define LENO_TRANSPORT_DGRAM_WIRE_H

#include "base/bytes.h"
#include "recovery/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DGRAM_VERSION   = 1,
	DGRAM_BASE      = 1200,        /* bytes that each path must carry           */
	DGRAM_MOST      = 60 * 1024,   /* bytes of a datagram of ours               */
	DGRAM_ID        = 8,
	DGRAM_KEY       = 16,
	DGRAM_HEAD      = 18,          /* type, flags, id, tag                      */
	DGRAM_DATA_MIN  = DGRAM_HEAD + 8,
	DGRAM_RETRY_SIZE = DGRAM_HEAD + 12
};

enum dgram_type { DGRAM_HELLO = 1, DGRAM_RETRY, DGRAM_ACCEPT, DGRAM_DATA };

enum dgram_flag {
	DGRAM_ACK       = 0x01,
	DGRAM_CHALLENGE = 0x02,
	DGRAM_RESPONSE  = 0x04,
	DGRAM_BYTES     = 0x08,
	DGRAM_END       = 0x10,
	DGRAM_PING      = 0x20,
	DGRAM_RESET     = 0x40
};

/* By whom datagrams are received: what its sender has to know. */
struct dgram_name {
	uint8_t id[DGRAM_ID], key[DGRAM_KEY];
};

struct dgram_cookie {
	uint32_t time;                 /* zero, with proof: none                    */
	uint64_t proof;
};

/* What DATA carries. */
struct dgram_fields {
	uint8_t flags;
	uint64_t number;
	struct report report;          /* ACK: delay and spans                      */
	uint64_t read, limit;
	uint64_t challenge, response;
	uint64_t offset;               /* BYTES                                     */
	uint8_t *data;                 /* in the datagram, or where they are to come */
	size_t size;
};

/* Is it of this type, long enough, and of this receiver? */
bool dgram_is(const uint8_t *datagram, size_t size, enum dgram_type);
bool dgram_tagged(const uint8_t *datagram, size_t size, const uint8_t key[DGRAM_KEY]);

/* Seals a datagram that is written but for its tag. */
void dgram_tag(uint8_t *datagram, size_t size, const uint8_t key[DGRAM_KEY]);

/* The same of one whose end lies elsewhere, in parts. */
void dgram_tag_parts(uint8_t *head, size_t size, const struct bytes *parts, unsigned n,
                     const uint8_t key[DGRAM_KEY]);

/* Each gives the datagram's size. */
size_t dgram_write_hello(uint8_t buf[DGRAM_BASE], const struct dgram_name *own,
                         const struct dgram_cookie *);
size_t dgram_write_retry(uint8_t *buf, const struct dgram_name *to, const struct dgram_cookie *);
size_t dgram_write_accept(uint8_t buf[DGRAM_BASE], const struct dgram_name *to,
                          const struct dgram_name *own);

/* After dgram_is(). They are not looked at beyond their layout. */
void dgram_read_hello(const uint8_t *datagram, struct dgram_name *ret, struct dgram_cookie *);
void dgram_read_retry(const uint8_t *datagram, struct dgram_cookie *ret);
void dgram_read_accept(const uint8_t *datagram, struct dgram_name *ret);

/* The tag must have been checked; false: it breaks the layout. */
bool dgram_read_data(uint8_t *datagram, size_t size, struct dgram_fields *ret);

/* How long the datagram is without its bytes, and without a tag, that these fields make; and
 * they are written; ->data and ->size are not looked at. */
size_t dgram_data_head(const struct dgram_fields *);
size_t dgram_write_data(uint8_t *buf, const uint8_t id[DGRAM_ID], const struct dgram_fields *);

#endif
