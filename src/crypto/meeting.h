/* meeting.h - what lets nodes of one network meet where nobody else must read it: at a meeting
 * point, which sees topics and sealed blobs.
 *
 * Keyed by the secret of the network; where there is none by its name alone, which whoever
 * knows it can compute as well. */
#ifndef LENO_CRYPTO_MEETING_H
#define LENO_CRYPTO_MEETING_H

#include "crypto/identity.h"

enum { MEETING_TOPIC = 16, MEETING_SALT = 16, MEETING_MORE = MEETING_SALT + TAG_SIZE };

/* Another one at each meeting point (its X25519 key): two of them cannot tell that they are
 * visited by the same network. */
void meeting_topic(const struct network *, const uint8_t point[32], uint8_t ret[MEETING_TOPIC]);

/* ret: plain.size + MEETING_MORE bytes. No salt twice. */
void meeting_seal(const struct network *, const uint8_t topic[MEETING_TOPIC],
                  const uint8_t salt[MEETING_SALT], struct bytes plain, uint8_t *ret);

/* ret: blob.size - MEETING_MORE bytes, which it returns; 0: it is not of this network. */
size_t meeting_open(const struct network *, const uint8_t topic[MEETING_TOPIC], struct bytes blob,
                    uint8_t *ret);

#endif
