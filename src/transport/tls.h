/* tls.h - TLS 1.3 as a filter (see filter.h), by OpenSSL.
 *
 * A `struct tls` belongs to one thread: it keeps what to show and whom to believe, for each
 * side, and the room in which its filters seal and open. Certificates come as text, so that
 * whoever reads the files decides who else may.
 *
 *  1. TLS 1.3 alone; no tickets, no early data, no compression, nothing is resumed.
 *  2. Who dials checks chain, dates, purpose, and the name or address that it dialled. Who
 *     accepts asks for a certificate only when told to.
 *  3. What filters of one `struct tls` give (say, wrap) and hand to their sinks lies in room
 *     that they share: it is gone with the next call for any of them.
 *  4. An end of the stream that was not announced is not told from here: what goes within
 *     has its own goodbye. */
#ifndef LENO_TRANSPORT_TLS_H
#define LENO_TRANSPORT_TLS_H

#include "base/bytes.h"
#include "transport/filter.h"

enum {
	TLS_PLAIN_MAX = 260 * 1024,   /* wrapped at once                             */
	TLS_WHY       = 256           /* bytes of a sentence                         */
};

enum tls_side { TLS_CLIENT, TLS_SERVER, TLS_SIDES };

/* What goes within, as ALPN names it: "leno/1", "http/1.1". A set of them. */
enum tls_protocol { TLS_LENO = 1, TLS_HTTP = 2 };

/* All in PEM, lent; empty: none. */
struct tls_texts {
	struct bytes cert;            /* shown: the certificate, then its chain      */
	struct bytes key;             /* of it                                       */
	struct bytes ca;              /* believed; none: whom this system believes   */
	struct bytes crl;             /* what the issuers of the other side revoked  */
	bool ask;                     /* a server asks for certificates, of these CAs */
};

struct tls;

struct tls *tls_new(void);            /* NULL: no memory                             */
struct tls *tls_free(struct tls *);   /* after all its filters; NULL                 */

/* Which of the texts is no good. */
enum tls_blame { TLS_BLAME_CERT, TLS_BLAME_KEY, TLS_BLAME_CA, TLS_BLAME_CRL, TLS_BLAME_NONE };

/* What this side shows and believes from now on; filters that there are go on with what
 * they began with. On failure all is as before, and *ret_blame and `why` say what is wrong with what.
 * Errors: FILE (the texts), ARGUMENT (a server without certificate, or one that asks without
 * CA), MEMORY. */
int  tls_set(struct tls *, enum tls_side, const struct tls_texts *,
             enum tls_blame *ret_blame, char why[TLS_WHY]);
bool tls_is_set(const struct tls *, enum tls_side);

/* The sides that `other` has set, from now on; it is freed. */
void tls_adopt(struct tls *, struct tls *other);

/* A filter for a connection that was dialled at this host (a name, or an address without
 * brackets; its certificate must say so), or accepted; the side must be set. It offers, or
 * accepts, these protocols. Errors: MEMORY, ARGUMENT (no host). */
int  tls_dial(struct tls *, const char *host, unsigned protocols, struct filter **ret);
int  tls_accept(struct tls *, unsigned protocols, struct filter **ret);

/* The protocol that was agreed, once the filter is ready; 0: the other end named none, which
 * is accepted. Who names others alone is refused. */
unsigned tls_protocol_of(const struct filter *);

#endif
