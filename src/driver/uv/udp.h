/* udp.h - what the files of datagrams share.
 *
 *   udp_socket.c  descriptors: how they are made, read and written, in batches
 *   udp.c         connections: each the channel of a pipe, or of a dial
 *
 * A socket that listens has all connections of those who came to it; one that dials has one. */
#ifndef LENO_DRIVER_UDP_H
#define LENO_DRIVER_UDP_H

#include "base/map.h"
#include "driver/uv/uv.h"
#include "transport/dgram.h"

#include <sys/uio.h>

enum {
	UDP_LINKS_MAX     = 1024,         /* connections of one node                   */
	UDP_SHARE         = 4,            /* of memory_max, once for what was written and
	                                     not read there, once for what came early  */
	UDP_CHUNKS_MIN    = 16,
	UDP_READS         = 16,           /* datagrams, or trains of them, by one call */
	UDP_SLOT          = 64 * 1024,    /* the longest train                         */
	UDP_BATCH         = 256 * 1024,   /* bytes that are written by one call        */
	UDP_BATCH_MAX     = 256,          /* datagrams of it                           */
	UDP_PARTS_MAX     = UDP_BATCH_MAX * 2, /* pieces of memory that they are in     */
	UDP_BATCHES_PER_TURN = 4,         /* of one connection                         */
	UDP_TRAIN_MAX     = 64,           /* UDP_MAX_SEGMENTS of the kernel            */
	UDP_SOCKET_BUFFER = 4 << 20,      /* asked for; the system may give less       */
	UDP_REFUSALS_MAX  = 3,            /* by ICMP, with nothing heard between them  */
	UDP_SILENCES      = 2             /* in a row: who dialled tries another socket */
};
static_assert(UDP_BATCH >= 2 * DGRAM_MOST, "a batch is more than one");

/* Where datagrams come from and go to, as a dgram_address has it. */
struct udp_place {
	uint16_t family, port;            /* port: as in the packet                    */
	uint32_t scope;
	uint8_t  address[16];
	uint8_t  local[16];               /* at which of our addresses; zeros: unknown */
};
static_assert(sizeof(struct udp_place) <= DGRAM_ADDRESS, "an address has its room");

struct udp_socket {
	struct driver *driver;
	struct list in;                   /* udp->sockets                              */
	uv_poll_t poll;
	int fd;
	bool dials;                       /* is connected, has one connection          */
	bool shut;                        /* it was a door: goes with the last link    */
	bool whole;                       /* the kernel makes no trains here           */
	unsigned links;                   /* that came by it, or its dial              */
	struct udp_link *link;            /* of one that dials                         */
};

/* Datagrams for one place, one after the other: each some parts of memory, of which the first
 * is in `bytes`. */
struct udp_batch {
	struct dgram_address to;
	size_t n, n_parts;
	size_t size, used;                /* of all; of them, in `bytes`               */
	size_t sizes[UDP_BATCH_MAX];
	size_t first[UDP_BATCH_MAX + 1];  /* part of each; and behind the last         */
	struct iovec parts[UDP_PARTS_MAX];
	uint8_t bytes[UDP_BATCH + DGRAM_MOST];
};

struct udp {
	struct list sockets, links, dirty;
	struct map names;                 /* of struct udp_link                        */
	struct dgram_door door;
	struct dgram_share share;
	struct udp_batch batch;
	uint8_t slots[UDP_READS][UDP_SLOT];
};

typedef void udp_sink(struct udp_socket *, const struct dgram_address *, uint8_t *data, size_t size);

int  udp_connected(const struct dgram_address *to);   /* one for a dial; or -1 (errno) */
void udp_place_of(const struct sockaddr_storage *, struct dgram_address *ret);
void udp_place_uri(const struct dgram_address *, char ret[URI_TEXT]);

/* All that has come, up to a bound. 0, or what the system says (errno). */
int  udp_receive(struct udp_socket *, struct udp *, udp_sink *);

void udp_batch_clear(struct udp_batch *);
bool udp_batch_full(const struct udp_batch *);

/* A datagram that was made at `at`, in the batch behind the others or elsewhere; not when it
 * is full. */
void udp_batch_add(struct udp_batch *, const struct dgram_out *, uint8_t *at);

/* 0, or errno: ECONNREFUSED. Those that were too long are told to `d`, and lost, as are those
 * for which the system has no room. */
int  udp_transmit(struct udp_socket *, struct udp_batch *, struct dgram *d, uint64_t now_us);

#endif
