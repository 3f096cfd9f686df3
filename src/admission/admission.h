/* admission.h - who belongs to a network that has a key.
 *
 * A certificate says that its holder does, as what, and until when; an invitation, that its
 * bearer may ask for one. It knows no clock: whoever asks says what time it is.
 *
 *  1. Who has been revoked, or whose time is over, is judged so at each question. */
#ifndef LENO_ADMISSION_H
#define LENO_ADMISSION_H

#include "admission/revoked.h"
#include "admission/signed.h"
#include "wire/extensions.h"

enum { SEEN_MAX = 256, SEEN_SIZE = 16 };

struct admission {
	uint8_t  key[32];            /* the network's, public                         */
	bool     issues;             /* we have the other half                        */
	struct network_pair pair;
	struct revoked revoked;
	uint8_t  seen[SEEN_MAX][SEEN_SIZE]; /* hashes of keys and certificates whose signatures
	                                held: a record that is renewed has the same again */
};

void admission_clear(struct admission *);

/* Of a node that has proved these keys. CERTIFICATE: none, not of this network, or not its own;
 * EXPIRED; REVOKED. */
int admission_judge(struct admission *, const struct public_keys *, struct bytes extensions,
                    uint64_t now_ms, struct pass *ret);

/* The same of a pass that was given once: EXPIRED, REVOKED or 0. */
int admission_still(const struct admission *, const struct pass *, uint64_t now_ms);

/* The certificate that an invitation is good for, into w (CERTIFICATE_OWN_MAX). issues only. */
void admission_issue(const struct admission *, const struct invitation *,
                     const struct public_keys *, uint64_t now_ms, struct writer *w);

/* Our own, as a holder of the network's key; without end. issues only. */
void admission_issue_own(const struct admission *, const struct public_keys *, uint64_t now_ms,
                         struct writer *w);

#endif
