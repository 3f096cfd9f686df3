/* seal.h - packets that only the two ends can read: Noise IK, epochs, sealing.
 *
 *     initiator                                   responder
 *     seal_start: pending  --PACKET_INIT-->       next (may receive, not send)
 *     current              <--PACKET_RESPONSE--
 *                          --PACKET_SEALED-->     next becomes current
 *
 * An epoch is the keys of one handshake. Ours of before stays as `previous`, to open what
 * is still under way. IKpsk2 when the network has a secret, with the network's tag in the
 * prologue. Payloads: what proves identity and admission, and which ciphers there are.
 *
 *  1. Nothing of a packet is believed before its tag held, nor twice (replay.h).
 *  2. A responder sends under new keys only after the initiator has shown that it has
 *     them; so a replayed PACKET_INIT changes nothing.
 *  3. When both start at once, the lower id's handshake goes on; the other one waits.
 *  4. Without traffic there is no handshake; and no timer, but the one that wipes old keys.
 *  5. No key is used for ever: somebody on the way may let all pass but handshakes. */
#ifndef LENO_SESSION_SEAL_H
#define LENO_SESSION_SEAL_H

#include "crypto/noise.h"
#include "recovery/replay.h"
#include "session/session.h"
#include "wire/certificate.h"

enum {
	INIT_PLAIN       = 4 + 32 + CREDENTIAL_SIZE + 1 + 8 + 1,
	INIT_PAYLOAD     = INIT_PLAIN + 2 + EXTENSION_HEAD + CERTIFICATE_MAX,
	RESPONSE_PAYLOAD = 4 + 32 + CREDENTIAL_SIZE + 1,
	INIT_BODY        = 4 + INIT_PAYLOAD + NOISE_OVERHEAD_MAX,
	RESPONSE_BODY    = 8 + RESPONSE_PAYLOAD + NOISE_OVERHEAD_MAX,

	REKEY_PACKETS    = 1 << 20,
	REKEY_US         = 120 * 1000 * 1000,   /* the initiator's; ...           */
	REKEY_LATER_US   = 10 * 1000 * 1000,    /* ... the responder waits so long */
	EPOCH_PACKETS    = 4 * REKEY_PACKETS,   /* no key seals more, ...         */
	EPOCH_US         = 5 * REKEY_US,        /* ... or lives longer, whether another came or not */
	PREVIOUS_US      = 10 * 1000 * 1000,    /* old keys are wiped after that  */
	NEXT_US          = 10 * 1000 * 1000,    /* new ones unproved so long hold up nobody */
	INIT_RESEND_US   = 50 * 1000,           /* doubles, ...                   */
	INIT_RESEND_MAX_US = 2 * 1000 * 1000,   /* ... up to this                 */
	INIT_FRESH_US    = 1000 * 1000,         /* an own start holds off the other's */
	PROOF_US         = 250 * 1000,          /* a responder with data waits so long */
	REFUSED_US       = 1000 * 1000,         /* between two starts by advice   */
	REFUSE_US        = 50 * 1000            /* between two refusals           */
};

static inline bool same_id(const leno_id *a, const leno_id *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

struct epoch {
	struct aead *out, *in;
	uint32_t mine, theirs;          /* the indices in packets to us, to the peer  */
	uint64_t counter;               /* the next one that we seal under            */
	struct replay replay;
	uint64_t bound;                 /* frames count from this counter on: hello.c */
	uint64_t born_us;
	uint64_t first;                 /* the number of our packet with counter 0    */
	uint64_t came_us;               /* when the newest of theirs came             */
	uint64_t came_marked;           /* of all that came                           */
	uint64_t told_marked;           /* the same of ours, says the peer            */
	bool     report_due;            /* DATA came: say which packets               */
	bool     initiator;
	uint8_t  ephemeral[32];         /* responder: of the INIT, to know a copy     */
	uint8_t  response[RESPONSE_BODY];
	size_t   response_size;
};

/* Our handshake under way; INIT is sent again as it was. */
struct pending {
	struct noise noise;
	uint32_t mine;
	bool     due;                   /* write it now                               */
	unsigned tries;
	uint64_t started_us, due_us;
	uint8_t  init[INIT_BODY];
	size_t   init_size;
};

struct seal {
	struct session_setup *setup;
	const struct public_keys *keys;
	leno_id  peer;
	leno_id  gate;
	bool     has_gate;
	uint8_t  n_route;               /* relays that our packets are to pass        */
	leno_id  route[ROUTE_MAX];
	uint64_t damaged;               /* packets whose tag did not hold, see session.h */
	struct epoch *current, *previous, *next;
	struct pending *pending;
	uint64_t newest_init;           /* stamp of the newest one accepted           */
	bool     visitor;               /* that one said so                           */
	uint64_t changed_us;            /* when current last changed                  */
	uint64_t wait_us;               /* until then we do not start; 0: not waiting */
	uint64_t advice_us, refuse_us;  /* not before then again                      */
	bool     response_due, refuse_due;
	uint32_t refuse_index;
	uint64_t number;                /* of our next sealed packet: epochs go on    */
	uint32_t opened;                /* what was opened last: index, ...           */
	uint64_t opened_counter;        /* ... counter                                */
};

void seal_init(struct seal *, struct session_setup *, const struct public_keys *, const leno_id *);
void seal_clear(struct seal *);         /* wipes */

static inline bool seal_ready(const struct seal *s)
{
	return s->current != NULL && s->current->counter < EPOCH_PACKETS;
}

/* Can a handshake be started (by seal_start)? */
static inline bool seal_can_start(const struct seal *s)
{
	return !s->pending && !s->wait_us;
}

/* Begins a handshake; without memory it tries again later. */
void seal_start(struct seal *, uint64_t now_us);
void seal_stop(struct seal *);          /* gives up our own start, if any     */

/* Are there packets of its own to write? answers: those that the peer waits for. */
bool seal_answers(const struct seal *);
static inline bool seal_wants(const struct seal *s)
{
	return seal_answers(s) || (s->pending && s->pending->due);
}
/* Our own handshake, if any, is tried again at once. */
void seal_hurry(struct seal *);

/* The answer that is due to an INIT, along the way that this one came; false when none is. */
bool seal_answer(struct seal *, const struct packet *init, struct writer *);

/* Writes one of them; false when there is none or no room. */
bool seal_make(struct seal *, struct writer *record, uint64_t now_us);

/* One sealed packet: a writer for its frames (full when there is no room), then its end;
 * end writes nothing when there were no frames. carried: where what is sealed goes, NULL for
 * the record itself; the same for both. seal_ready() only. */
struct writer seal_begin(struct seal *, struct writer *record, struct writer *carried,
                         uint64_t now_us);
bool seal_end(struct seal *, struct writer *record, struct writer *carried,
              struct writer *frames);

/* See session_take_packet(). busy: there is something to send. */
int seal_take(struct seal *, struct packet *, bool busy, uint64_t now_us, struct bytes *ret_frames);

/* The epoch that was opened last; NULL when it is gone. */
struct epoch *seal_opened(const struct seal *);

/* The epoch that this index names in our packets; NULL when it is gone. */
struct epoch *seal_named(const struct seal *, uint32_t theirs);

/* Frames of no epoch count, until a HELLO of the new life says so. */
void seal_unbind(struct seal *);

/* Keys of before go after PREVIOUS_US, all others after EPOCH_US, whatever the path; when: NEVER
 * if there are none. */
uint64_t seal_wipe_due(const struct seal *);
void seal_wipe(struct seal *, uint64_t now_us);

uint64_t seal_deadline(const struct seal *);
void seal_tick(struct seal *, bool busy, uint64_t now_us);

/* handshake.c: the two messages */
struct init {
	struct public_keys keys;
	struct pass pass;
	bool     visitor;
	uint64_t stamp;
	uint8_t  ciphers;
	uint32_t index;
	struct noise noise;             /* to answer with; wiped by whoever has it    */
};
int  init_read(const struct session_setup *, const struct packet *, struct init *ret);
bool init_write(const struct seal *, struct pending *);
/* MEMORY; SECRET when it cannot be computed. */
int  response_write(const struct seal *, struct init *, struct epoch **ret);
int  response_read(const struct seal *, const struct packet *, struct epoch **ret);
struct epoch *epoch_free(struct epoch *);

#endif
