/* record.h - one direction of an open link: a key, a counter, and records under them.
 *
 * A record is u16 size, the sealed frames, their tag; the size is what the tag vouches for
 * besides. One that carries (bit 15 of the size) has more of that: u16 and as many bytes before
 * the frames, which are sealed already from end to end. The counter starts at 0 and is never
 * sent: the pipe keeps order.
 *
 *  1. No key seals twice under one counter, which goes on when the key changes.
 *  2. Frames, and what is carried, are handed out only after the tag held. */
#ifndef LENO_LINK_RECORD_H
#define LENO_LINK_RECORD_H

#include "crypto/crypto.h"
#include "wire/limits.h"

enum {
	RECORD_MORE  = RECORD_HEAD + TAG_SIZE,       /* bytes of a record besides its frames */
	RECORD_LEAST = TAG_SIZE + 2,                 /* behind the head: one empty frame     */
	RECORD_MOST  = TAG_SIZE + RECORD_FRAMES_MAX,

	RECORD_CARRIES    = 0x8000,
	RECORD_CARRY_SIZE = 2,                       /* of the size of what is carried       */
	RECORD_CARRY_HEAD = RECORD_HEAD + RECORD_CARRY_SIZE
};

struct record_key {
	struct aead *aead;
	uint64_t counter;
	uint64_t keyed_counter, keyed_us;            /* when this key was new                */
	uint8_t  key[KEY_SIZE];
};

int  record_start(struct record_key *, enum cipher, const uint8_t key[KEY_SIZE],
                  const struct gcm *, uint64_t now_us);      /* see aead_new(); LENO_MEMORY      */
void record_stop(struct record_key *);               /* wipes; again is harmless             */

/* Is it time for another key? And: the next record has it. */
bool record_aged(const struct record_key *, uint64_t now_us);
void record_rekey(struct record_key *, uint64_t now_us);

/* As handshake_measure(): of an open link's bytes. 0 when the size says 0 bytes, which is
 * no record. */
int record_measure(const uint8_t *have, size_t n);

/* buf: room for the head, `size` bytes of frames, room for the tag. Returns what the record
 * has on the pipe. */
size_t record_seal(struct record_key *, uint8_t *buf, size_t size);

/* The same for one that carries: room for its head (RECORD_CARRY_HEAD), `carried` bytes, at
 * least one, `size` bytes of frames, room for the tag. */
size_t record_seal_carrying(struct record_key *, uint8_t *buf, size_t carried, size_t size);

/* In place, a whole record. False: nothing of it is believed. *ret_carried is empty when it
 * carries nothing. */
bool record_open(struct record_key *, uint8_t *record, size_t size, struct bytes *ret_frames,
                 struct bytes *ret_carried);

#endif
