/* session.h - end to end with one node: sealed, ordered, exactly once.
 *
 * A session carries items (whole byte strings) both ways over whatever path there
 * is. Each direction is one stream of bytes: [varint size][item]..., named by offsets
 * that belong to the session, never to the path. What is not acknowledged is kept as
 * plaintext; when the path changes, sending goes on from what the peer has.
 *
 * Two layers: the stream (stream.c: offsets, acknowledgements, credit, items) speaks in
 * frames HELLO, DATA, DATA_ON, ACK, BYE, HEARD. On a direct link these frames lie in the
 * link's own records, without a second seal. Across relays they lie in packets sealed under
 * keys from Noise IK (IKpsk2 when the network has a secret) (seal.c), many to one packet.
 *
 *  1. An item is handed out once, in order, or the session has ended.
 *  2. An acknowledgement covers only items whose callback has returned.
 *  3. Nothing is believed of a packet before its tag held; a replayed packet is dropped;
 *     a replayed PACKET_INIT changes nothing.
 *  4. Memory: the tape to queue_max (one item always fits), one item being assembled, what
 *     came before its turn to SESSION_HOLD_MAX. */
#ifndef LENO_SESSION_H
#define LENO_SESSION_H

#include "base/pool.h"
#include "base/timers.h"
#include "crypto/identity.h"
#include "wire/codec.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/packet.h"

enum {
	SPARES_MAX   = 4,            /* buffers of inbox.c that are kept for whoever is next */
	STREAM_AHEAD = 32 * 1024,    /* see session_put_piece()                              */
	PIECE_LEAST  = 512           /* and this: so much everybody takes                    */
};

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
	size_t   memory_small;       /* of that, for items that need no grant alone  */
	size_t   memory_used;        /* of them, kept by session/                    */
	size_t   memory_big;         /* of that, for items that need a grant         */
	uint8_t *spares[SPARES_MAX]; /* they count too, and go when another needs it */
	size_t   n_spares;
	uint64_t resent_bytes;       /* counters, kept by session/: of the stream, ... */
	uint64_t lost_packets;       /* ... ours that did not come, ...              */
	uint64_t probes;             /* ... sent because silence was too long        */
	uint64_t replays;            /* packets seen before; counter, kept by session/ */
	bool     pool_short;         /* LENO_AGAIN was given because others have all of the
	                                pool; set by session/, cleared by the caller     */
	uint64_t items_past;         /* put in sessions that are no more, at most; kept by
	                                session/: so no number of an item comes twice    */
	uint64_t serial;             /* orders sessions and handshakes; kept by session/ */
	bool     visitor;            /* we are one: INIT says so                     */
	bool     has_aes;            /* offer AES-256-GCM for packets                */
	const struct gcm *gcm;       /* for it, perhaps later; NULL: never           */
};

/* Frees what is kept for reuse; when there is no session of it any more. */
void session_setup_clear(struct session_setup *);
/* Memory for an item that is put together elsewhere, of the same bounds as those here; NULL when
 * there is none now. session_setup_give() frees it. */
uint8_t *session_setup_take(struct session_setup *, size_t size);
void session_setup_give(struct session_setup *, uint8_t *, size_t size);
/* Bytes of assembly buffers, those that are kept for reuse too. */
size_t session_setup_memory(const struct session_setup *);

/* Relays between the two ends that one of them suspects, and how often it has. */
enum { DOUBTS_MAX = 16 };
enum session_doubt_why {
	DOUBT_SILENCE = 1,           /* nothing came back                            */
	DOUBT_DAMAGE                 /* packets came whose seal did not hold         */
};
struct session_doubt {
	enum session_doubt_why why;
	size_t   n;                  /* 1 to DOUBTS_MAX                              */
	leno_id  relays[DOUBTS_MAX];
	uint8_t  strikes[DOUBTS_MAX];
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

/* Across relays our packets pass these, at most ROUTE_MAX (see packet.h); none: those to which
 * the path leads. Another route is another path: true when it is one. */
bool session_set_route(struct session *, const leno_id *relays, size_t n);

/* Tells the peer, ahead of all else, whom we suspect; NULL: no more. Only what the two ends
 * have sealed counts, so nobody else can say so. */
void session_doubt(struct session *, const struct session_doubt *);

/* What the peer has told so since the last call; false: nothing. */
bool session_take_doubt(struct session *, struct session_doubt *ret);

/* ---- sending -------------------------------------------------------------- */

/* Appends one item made of two parts: head (to 1 KiB, for the layer above) and data.
 * *ret_seq (may be NULL) counts items: from 1, or on from any session that was freed. AGAIN, TOO_BIG (the peer's bound of data, once
 * known, or 2^31), MEMORY (it is more than the pool has, too), CLOSED (goodbye has been said). */
int session_put(struct session *, struct bytes head, struct bytes data, uint64_t *ret_seq);

/* The same for what streams say, in pieces: to STREAM_AHEAD beyond queue_max, so that an
 * application that keeps its queue full of messages does not stop them; to PIECE_LEAST bytes of data
 * also to who takes no message as long. */
int session_put_piece(struct session *, struct bytes head, struct bytes data);

/* The most bytes of data that an item for this peer may have, as far as is known. */
uint64_t session_message_max(const struct session *);

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
 * fits there and into the pool. */
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

/* A packet that is addressed to us, from this peer. Opens it in place. PACKET_OPENED:
 * *ret_frames has the frames of a sealed packet (via 0); PACKET_GREETS: an INIT that held, and
 * is newer than all before; 0: another step of a handshake, or stale: nothing to do. (After
 * both session_wants() may be true.) Below 0: SECRET (tag failed), PROTOCOL, MEMORY: drop it,
 * count it. */
enum packet_verdict { PACKET_OPENED = 1, PACKET_GREETS };
int session_take_packet(struct session *, struct packet *, uint64_t now_us,
                        struct bytes *ret_frames);

/* Is the peer a visitor, by the INIT that it sent last? */
bool session_visits(const struct session *);

/* A PACKET_INIT from a node with which there is no session yet: verifies it and tells the
 * keys of the sender (whose id is packet->from), and whether it is a visitor. Then:
 * session_new() with these keys, and session_take_packet() with the same packet: the
 * packet is left as it was. SECRET, IDENTITY (not the id of these keys, or not admitted),
 * PROTOCOL; in a network with a key CERTIFICATE, EXPIRED, REVOKED, ROLE. */
int session_check_init(const struct session_setup *, const struct packet *,
                       struct public_keys *ret_keys, bool *ret_visitor, struct pass *ret_pass);

/* The answer to a PACKET_INIT that came along a route, as one packet, back along the same: for
 * the link that it came by. False when no answer is due, or not along a route. */
bool session_answer(struct session *, const struct packet *init, struct writer *);

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
bool     session_over(const struct session *);       /* the peer's life is, and ours owes it
                                                        no word                       */
uint32_t session_rtt_us(const struct session *);

/* Packets from this peer, under an index that only the two ends and those between them know,
 * that were not what was sent: sealed ones and answers to our handshake. Since the beginning. */
uint64_t session_damaged(const struct session *);

/* How often we have asked across relays, since the peer last said anything. */
unsigned session_unanswered(const struct session *);

/* Of all lives, this one included; resent: beside bytes_out. */
struct session_counts {
	uint64_t lives;
	uint64_t items_out, items_confirmed, items_unknown, items_in;
	uint64_t bytes_out, bytes_in, resent;
	uint64_t lost, marked;       /* packets across relays                        */
	uint64_t window;             /* now; 0: direct                               */
};
void session_count(const struct session *, struct session_counts *ret);
/* Of the peer's life that we speak with, or have spoken to; 0: not yet to any. */
uint64_t session_peer_incarnation(const struct session *);

#endif
