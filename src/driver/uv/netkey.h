/* netkey.h - the keys of networks in files, and what is written down beside them.
 *
 *	leno network 1                  leno ledger 1
 *	network <name>                  issued <token> <id> <certificate>
 *	seed <64 hex digits>            revoked <revocation>
 *
 * The ledger lies beside the key, as FILE.ledger: each use of an invitation, and each
 * revocation, before anybody hears of it. */
#ifndef LENO_DRIVER_UV_NETKEY_H
#define LENO_DRIVER_UV_NETKEY_H

#include <assert.h>
#include <leno/engine.h>

enum { NETKEY_SEED = 32, NETKEY_NAME = 64 };

struct netkey {
	char    network[NETKEY_NAME + 1];
	uint8_t seed[NETKEY_SEED];
};

/* FILE, and *ret_why (static) says why. */
int netkey_load(const char *path, struct netkey *ret, const char **ret_why);

/* See leno_engine_config.issue. A token by which somebody came who has been revoked since is
 * good for nobody any more: REVOKED. ret_certificate: LENO_CERTIFICATE_MAX. */
int ledger_issue(const char *path, const uint8_t token[16], uint32_t uses, const leno_id *,
                 leno_bytes certificate, uint8_t *ret_certificate, size_t *ret_size);

/* Writes down those that are not there yet; reads all that are, one after another, into memory
 * that mem_free() gives back. In a ledger, or in a file that has nothing else (head). FILE,
 * MEMORY. */
int revocations_keep(const char *path, const char *head, leno_bytes all);
int revocations_load(const char *path, const char *head, leno_bytes *ret, const char **ret_why);

/* The bytes behind "leno:". ARGUMENT. */
int invitation_bytes(const char *text, uint8_t ret[LENO_INVITATION_MAX], size_t *ret_size);

#define LEDGER_HEAD  "leno ledger 1"
#define REVOKED_HEAD "leno revoked 1"

#endif
