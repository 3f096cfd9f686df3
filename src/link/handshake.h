/* handshake.h - two strangers become the two ends of a link: both preambles in the clear,
 * then Noise XX (XXpsk3 when the network has a secret).
 *
 *	dialler                                   responder
 *	hello:   preamble, e            -->
 *	                                <--       welcome: preamble, u16, e ee s es payload
 *	proof:   u16, s se (psk) payload  -->
 *
 * Noise's message 1 is not sent as such: its e is, and the rest of it (under a psk pattern,
 * the tag of an empty payload) follows from what both ends know once they have both
 * preambles, which are the prologue: with what both know of their pipe, and nobody of
 * another, if there is such a thing (a binding).
 *
 *  1. Nothing of the peer is told before its message has verified.
 *  2. A refusal is advice: it is given and taken without any proof.
 *  3. handshake_measure() never asks for more than HANDSHAKE_MAX bytes. */
#ifndef LENO_LINK_HANDSHAKE_H
#define LENO_LINK_HANDSHAKE_H

#include "crypto/noise.h"
#include "link/link.h"

enum {
	PREAMBLE_MAGIC   = 4,                         /* "leno"                        */
	HELLO_PREAMBLE   = PREAMBLE_MAGIC + 3 + 16 + NETWORK_TAG_SIZE,
	HELLO_SIZE       = HELLO_PREAMBLE + 32,
	WELCOME_PREAMBLE = PREAMBLE_MAGIC + 3,
	REFUSAL_SIZE     = 3                          /* u16 0, u8 enum refusal        */
};

/* How a network lets nodes in: all bits that are so, or that it is anonymous. A secret also
 * means the other Noise pattern. */
enum admission_bit { ADMIT_ANONYMOUS = 1, ADMIT_SECRET = 2, ADMIT_CERTIFICATE = 4 };

/* On the wire, where a proof or a record would be, or in the welcome's preamble. */
enum refusal {
	REFUSED_NOT, REFUSED_FOREIGN, REFUSED_OLD, REFUSED_BUSY, REFUSED_SECRET, REFUSED_SELF,
	REFUSED_IDENTITY, REFUSED_PROTOCOL, REFUSED_CERTIFICATE, REFUSED_EXPIRED, REFUSED_REVOKED,
	REFUSED_ROLE
};

enum handshake_step { STEP_HELLO, STEP_WELCOME, STEP_PROOF, STEP_DONE }; /* awaited next */

struct handshake {
	const struct link_setup *setup;
	enum handshake_step step;
	uint8_t admission;               /* bits of enum admission_bit                */
	struct ephemeral own;
	uint8_t prologue[HELLO_PREAMBLE + WELCOME_PREAMBLE + BINDING_MAX];
	size_t  prologue_size;
	struct noise noise;
	struct link_peer peer;
	enum cipher cipher;
	size_t  out_size;
	uint8_t out[HANDSHAKE_MAX];      /* to be sent                             */
};

void handshake_begin(struct handshake *, const struct link_setup *, bool dialled);

/* Before anything is taken: of BINDING_MAX bytes at most. */
void handshake_bind(struct handshake *, struct bytes binding);

/* How many bytes the next message has, as far as its first n tell; more than n when they
 * do not suffice. PROTOCOL: it will never be one. */
int handshake_measure(const struct handshake *, const uint8_t *have, size_t n);

/* Takes one whole message. 0, 1 when the peer is known now, or an error; perhaps there
 * is something in `out` then, a refusal included. */
int handshake_take(struct handshake *, struct bytes message);

/* Replaces what was to be sent by a refusal. */
void handshake_refuse(struct handshake *, int error);

/* The error that a refusal of REFUSAL_SIZE bytes names. */
int handshake_refusal(const uint8_t *refusal);

/* Once done: the record keys of the dialler's and of the responder's direction. */
void handshake_keys(const struct handshake *, uint8_t ret_dialler[32], uint8_t ret_responder[32]);

struct handshake *handshake_free(struct handshake *);    /* wipes */

#endif
