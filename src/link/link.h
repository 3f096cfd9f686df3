/* link.h - one authenticated, encrypted hop to one neighbour.
 *
 * Bytes of a pipe go in, frames come out, and back. It owns its handshake, keys and
 * heartbeat; borrows the identity and the network. It knows no clock but the `now`
 * that it is told, and no pipe: whoever owns it moves the bytes.
 *
 *   dialled:   HELLO_SENT --take--> OPEN (its proof still to be made)
 *   accepted:  AWAITED    --take--> WELCOMED --take--> OPEN
 *   any        --a verdict below 0, or link_tick()--> DEAD
 *
 *  1. No frame leaves or enters before OPEN.
 *  2. Frames are handed out only after their record's tag held.
 *  3. Any byte received counts as life.
 *  4. Both ends of a link compute the same link id; no two links share one. */
#ifndef LENO_LINK_H
#define LENO_LINK_H

#include "base/timers.h"
#include "crypto/identity.h"
#include "wire/codec.h"
#include "wire/frame.h"
#include "wire/limits.h"

enum link_state { LINK_HELLO_SENT, LINK_AWAITED, LINK_WELCOMED, LINK_OPEN, LINK_DEAD };

/* What both ends say of themselves, encrypted, in the handshake. */
struct link_peer {
	struct public_keys keys;
	leno_id  id;
	uint64_t incarnation;
	enum leno_role role;
	uint32_t message_max;
	char     name[NAME_MAX_ + 1];
	struct pass pass;            /* what its certificate lets it be             */
};

/* A key pair for one handshake, made before anybody waits for it: deriving one takes as long as a
 * Diffie-Hellman operation, of which whoever answers has three to do. */
struct ephemeral {
	bool    ready;
	uint8_t secret[32], public[32];
};

/* Makes it, unless it is ready. */
void ephemeral_prepare(struct ephemeral *, struct random *);

/* Lent to all links of a node, for their whole lives. */
struct link_setup {
	const struct identity *self;
	const struct network  *network;
	struct random *random;
	struct ephemeral *spare;     /* used up by who answers next; NULL: there is none */
	uint64_t incarnation;
	enum leno_role role;
	const char *name;
	uint32_t message_max;
	uint64_t heartbeat_us;
	uint32_t misses;
	uint64_t silence_us;         /* with traffic under way: silent this long is dead */
	bool     has_aes;
	const struct gcm *gcm;       /* for it, perhaps later; NULL: never             */
	bool     guest;              /* links to a meeting point, which carry no packets */
	const struct link_setup *guests; /* let in besides the network's own; NULL: nobody */
};

enum link_verdict {
	LINK_MORE = 0,               /* all taken; nothing whole yet                */
	LINK_OPENED,                 /* the peer is known now: link_peer()          */
	LINK_FRAMES                  /* *ret_frames: one record's verified frames   */
};

struct link;

/* NULL when memory is out. A dialled link has its hello to send at once. */
struct link *link_new(const struct link_setup *, bool dialled, uint64_t now_us);
struct link *link_free(struct link *);              /* wipes its keys           */

/* Before anything is taken: what both ends know of their pipe, and nobody of another; of
 * BINDING_MAX bytes at most. When the ends differ there is no link (SECRET). */
void link_bind(struct link *, struct bytes binding);

/* Takes from *data what makes one step and moves *data and *size past it. Call again
 * until it says LINK_MORE. *ret_frames is valid until the next call; it lies in *data
 * (decrypted in place) or in the link's own `part`. Below 0 (the link is dead): SECRET,
 * FOREIGN, OLD, IDENTITY, SELF, PROTOCOL, BUSY, MEMORY, CERTIFICATE, EXPIRED, REVOKED, ROLE;
 * REFUSED when the other end says that
 * we are it; CLOSED when it was dead before.
 * link_make_handshake() may still give a refusal, once: it tells the other end why. */
int link_take(struct link *, uint8_t **data, size_t *size, uint64_t now_us,
              struct bytes *ret_frames);

/* What the record that was taken last carries: valid as long as its frames, which share it out
 * among them (FRAME_CARRIED), to the last byte. */
struct bytes link_carried(const struct link *);

/* A frame of the link's own (FRAME_PING to FRAME_REKEY): below 0 PROTOCOL, or
 * LENO_CLOSED when the peer said close; link_reason() then tells why it did. */
int link_control(struct link *, const struct frame *, uint64_t now_us);

/* Is there handshake or control data to write? Then link_make...() must be called. */
bool link_wants(const struct link *);

/* Handshake bytes into buf (HANDSHAKE_MAX is enough); 0 when there are none. */
size_t link_make_handshake(struct link *, uint8_t *buf, size_t capacity, uint64_t now_us);

/* One record: begin gives a writer for frames (its capacity at most RECORD_FRAMES_MAX, and
 * what fits in buf), control frames of the link already in it; end seals what is there,
 * and returns the record's size on the pipe, 0 when no frame was written. LINK_OPEN only. */
struct writer link_record_begin(struct link *, uint8_t *buf, size_t capacity, uint64_t now_us);
size_t link_record_end(struct link *, struct writer *, uint64_t now_us);

/* The same for a record that carries what is sealed already, to be vouched for only: `carried`
 * is written where it will lie, the frames aside until it is known how long that is. capacity:
 * for a whole record, else there is room for nothing. With nothing carried, end makes an
 * ordinary record. */
enum { CARRIER_FRAMES = RECORD_FRAMES - PACKET_MAX - 2 };
struct carrier {
	struct writer frames, carried;
	uint8_t aside[CARRIER_FRAMES];
};
void link_carrier_begin(struct link *, struct carrier *, uint8_t *buf, size_t capacity,
                        uint64_t now_us);
size_t link_carrier_end(struct link *, struct carrier *, uint64_t now_us);

/* Turns a stranger away before it is known, with a reason (BUSY): link_make_handshake()
 * gives the refusal, and the link is DEAD. Nothing happens to a link that is open. */
void link_refuse(struct link *, int error);

/* The last record's frame will say why; once it is made the link is DEAD. A link that is
 * not open yet is DEAD at once. */
void link_close(struct link *, enum close_reason);
bool link_closing(const struct link *);
enum close_reason link_reason(const struct link *);   /* the peer's, after LENO_CLOSED */

/* Deadlines: handshake, heartbeat, silence. tick: 0 (perhaps link_wants() now), or
 * LENO_TIMEOUT: dead. */
uint64_t link_deadline(const struct link *);
int link_tick(struct link *, uint64_t now_us);

bool link_guest(const struct link *);       /* made by a setup of guests; from LINK_OPENED */
enum link_state link_state(const struct link *);
bool link_dialled(const struct link *);
const struct link_peer *link_peer(const struct link *);    /* from LINK_OPENED on      */
const uint8_t *link_id(const struct link *);               /* 8 bytes; from LINK_OPENED */
bool link_confirmed(const struct link *);   /* a record of the peer has been verified   */
uint32_t link_rtt_us(const struct link *);  /* smoothed, RFC 6298; 0 before the first   */
uint32_t link_rtt_path_us(const struct link *); /* of the path: see heartbeat.h           */
enum cipher link_cipher(const struct link *);

#endif
