/* revoked.h - who has been revoked, as far as we have heard.
 *
 * A set that only grows: each member of it is signed by itself, so that two who hold the
 * network's key need not agree on an order, and whoever has heard of one tells it to all others.
 * Entries are numbered as they came: a link has been told all up to some number.
 *
 *  1. Of one node the entry that lasts longer stays, the other goes.
 *  2. Never more than REVOKED_MAX. An entry goes once all that it revokes has expired.
 *  3. Only what the network's key has signed is in it. */
#ifndef LENO_ADMISSION_REVOKED_H
#define LENO_ADMISSION_REVOKED_H

#include "crypto/identity.h"
#include "wire/certificate.h"

enum { REVOKED_MAX = 1024 };

struct revoked_entry {
	leno_id  id;
	uint64_t expires_ms;
	uint64_t number;
	uint8_t  raw[REVOCATION_SIZE];
};

struct revoked {
	struct revoked_entry *at;    /* by number                                     */
	size_t   count, room;
	uint64_t last;               /* number given last                             */
	uint64_t digest[2];
};

void revoked_clear(struct revoked *);

/* Takes one, encoded. 1: it is news. 0: known, or expired already. PROTOCOL: malformed, or not
 * signed by that key. LIMIT: no room. MEMORY. */
int revoked_take(struct revoked *, struct bytes raw, const uint8_t network_key[32],
                 uint64_t now_ms);

/* Is it one of them? */
bool revoked_has(const struct revoked *, const leno_id *);

/* The first entry with a number above `after`; NULL: none. */
const struct revoked_entry *revoked_after(const struct revoked *, uint64_t after);

/* Drops what has expired. */
void revoked_expire(struct revoked *, uint64_t now_ms);

#endif
