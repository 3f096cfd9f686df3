/* session.h - end to end with one node: sealed, ordered, exactly once.
 *
 * A session carries items (whole byte strings) both ways over whatever path there
 * is. Each direction is one stream of bytes: [varint size][item]..., named by offsets
 * that belong to the session, never to the path. What is not acknowledged is kept as
 * plaintext; when the path changes, sending goes on from what the peer has.
 *
 * Two layers: the stream (stream.c: offsets, acknowledgements, credit, items) speaks in
 * frames HELLO, DATA, ACK, BYE. On a direct link these frames lie in the link's own
 * records, without a second seal. Across relays they lie in packets sealed under keys
 * from Noise IK (IKpsk2 when the network has a secret) (seal.c), many to one packet.
 *
 *  1. An item is handed out once, in order, or the session has ended.
 *  2. An acknowledgement covers only items whose callback has returned.
 *  3. Nothing is believed of a packet before its tag held; a replayed packet is dropped;
 *     a replayed PACKET_INIT changes nothing.
 *  4. Memory: the tape to queue_max (one item always fits), one item being assembled. */
#ifndef LENO_SESSION_H
#define LENO_SESSION_H

#include "base/pool.h"
#include "base/timers.h"
#include "crypto/identity.h"
#include "wire/codec.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/packet.h"

/* Lent to all sessions of a node, for their whole lives. */
struct session_setup {
	const struct identity *self;
	const struct network  *network;
	struct random *random;
	struct pool   *pool;
	uint64_t incarnation;
	size_t   queue_max;          /* bytes waiting or unconfirmed, before LENO_AGAIN */
	size_t   message_max;        /* largest data of an item accepted             */
	size_t   memory_max;         /* of assembly buffers, all sessions together   */
	size_t   memory_used;        /* of them, kept by session/                    */
	uint64_t resent_bytes;       /* counter, kept by session/                    */
	uint64_t replays;            /* packets seen before; counter, kept by session/ */
	uint64_t serial;             /* orders sessions and handshakes; kept by session/ */
	bool     visitor;            /* we are one: INIT says so                     */
	bool     has_aes;            /* offer AES-256-GCM for packets                */
};

struct session;

enum session_path { PATH_NONE, PATH_DIRECT, PATH_RELAYED };

/* keys: the peer's, already checked against its id. NULL when memory is out. */
struct session *session_new(struct session_setup *, const struct public_keys *keys,
                            uint64_t now_us);
struct session *session_free(struct session *);

const leno_id *session_peer(const struct session *);

/* The path to the peer from now on. via: a number for the link it starts with (never 0,
 * never used again for another link). Called at each change, also from one link to
 * another; the same path again is harmless. */
void session_set_path(struct session *, enum session_path, uint32_t via, uint64_t now_us);
enum session_path session_path(const struct session *);

/* For a peer that is a visitor, or when we are: see packet.h. NULL clears. */
void session_set_gate(struct session *, const leno_id *gate);

/* ---- sending -------------------------------------------------------------- */

/* Appends one item made of two parts: head (to 1 KiB, for the layer above) and data.
 * *ret_seq (may be NULL) counts items from 1. AGAIN, TOO_BIG (the peer's bound of data, once
 * known, or 2^31), MEMORY, CLOSED (goodbye has been said). */
int session_put(struct session *, struct bytes head, struct bytes data, uint64_t *ret_seq);

/* The peer's bound of data, when its record tells it before its HELLO does. */
void session_set_message_max(struct session *, size_t bound);

/* The newest incarnation of the peer that is known. What we say before it has answered is
 * for this one alone: a later life, which may find us with data that an older one has had,
 * does not take it. Without effect once something was sent. */
void session_set_meant(struct session *, uint64_t incarnation);

/* Is there anything to write now, on the present path? */
bool session_wants(const struct session *);

/* Writes frames (direct) or one FRAME_PACKET (relayed) into a link's record. False when
 * nothing was written: nothing is due, or the rest of the record is too small. */
bool session_make(struct session *, struct writer *record, uint64_t now_us);

/* Will it make a packet that is large enough to be carried? */
bool session_carries(const struct session *);

/* session_make() into a record that carries (link.h): the sealed part of such a packet goes
 * into `carried`. NULL: the record does not. */
bool session_carry(struct session *, struct writer *record, struct writer *carried,
                   uint64_t now_us);

/* After AGAIN: true once, when half of queue_max is free again, and what was refused
 * fits. */
bool session_take_writable(struct session *);

/* Items first..last confirmed since the last call; false when none. */
bool session_take_confirmed(struct session *, uint64_t *ret_first, uint64_t *ret_last);

/* Items put and not confirmed: first..last; false when none. For when it ends. */
bool session_unconfirmed(const struct session *, uint64_t *ret_first, uint64_t *ret_last);

/* ---- receiving ------------------------------------------------------------ */

/* One frame of the stream; via: the link it came by, or 0 when it came sealed in a
 * packet. 0, or: LENO_CLOSED: the peer has begun a new session or said goodbye: report
 * what is unconfirmed, then session_renew(); *then* session_take() the same frame again
 * unless it was FRAME_BYE. LENO_PROTOCOL: what it said cannot be. MEMORY. */
int session_take(struct session *, const struct frame *, uint32_t via, uint64_t now_us);

/* The next whole item, lent until the next call of any function of this session that
 * takes; false when there is none. Calling it again says that the one before has been
 * dealt with, which is what an acknowledgement acknowledges. */
bool session_next(struct session *, struct bytes *ret_item);

/* PROTOCOL when session_next() met an item that cannot be: nothing more is read. */
int session_fault(const struct session *);

/* Begins anew: new session id, offsets 0, item numbers go on; nothing is pending. */
void session_renew(struct session *, uint64_t now_us);

/* Says goodbye as the last thing: one BYE, behind all that can be sent at once. */
void session_bye(struct session *);

/* A packet that is addressed to us, from this peer. Opens it in place. 1: *ret_frames
 * has the frames of a sealed packet (via 0); 0: a handshake step, or stale: nothing to
 * do (but session_wants() may be true now). Below 0: SECRET (tag failed), PROTOCOL, MEMORY: drop it, count it. */
int session_take_packet(struct session *, struct packet *, uint64_t now_us,
                        struct bytes *ret_frames);

/* A PACKET_INIT from a node with which there is no session yet: verifies it and tells the
 * keys of the sender (whose id is packet->from), and whether it is a visitor. Then:
 * session_new() with these keys, and session_take_packet() with the same packet: the
 * packet is left as it was. SECRET, IDENTITY (not the id of these keys, or not admitted),
 * PROTOCOL. */
int session_check_init(const struct session_setup *, const struct packet *,
                       struct public_keys *ret_keys, bool *ret_visitor);

/* The packet that tells the sender of a sealed packet that we know no such session
 * (never in answer to anything but PACKET_SEALED). */
void session_write_refused(struct writer *, const struct session_setup *,
                           const struct packet *got);

/* ---- time ----------------------------------------------------------------- */

uint64_t session_deadline(const struct session *);   /* NEVER when idle          */
void session_tick(struct session *, uint64_t now_us);

/* ---- to look at ------------------------------------------------------------- */

size_t   session_queued(const struct session *);     /* bytes waiting or unconfirmed */
uint64_t session_put_to(const struct session *);     /* bytes put in this life ...   */
uint64_t session_sent_to(const struct session *);    /* ... and sent, once at least  */
bool     session_idle(const struct session *);       /* nothing put, all acknowledged */
uint32_t session_rtt_us(const struct session *);
/* Of the peer's life that we speak with, or have spoken to; 0: not yet to any. */
uint64_t session_peer_incarnation(const struct session *);

#endif
