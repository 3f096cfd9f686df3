/* secure.h - TLS for one driver: which files its certificates come from, and when they are
 * read. */
#ifndef LENO_DRIVER_UV_SECURE_H
#define LENO_DRIVER_UV_SECURE_H

#include "driver/uv/uv.h"
#include "transport/tls.h"

/* Copies what the options say; reads nothing yet. NULL: no memory. */
struct secure *secure_new(const leno_options *);
struct secure *secure_free(struct secure *);     /* after all pipes; NULL */

/* Reads the files of this side, the first time. ARGUMENT, FILE, MEMORY, and d->why. */
int secure_need(struct driver *, enum tls_side);

/* Do the options name one? */
bool secure_has_cert(const struct driver *);

/* The filter of a connection that was dialled at this address, or accepted (NULL), for these
 * protocols (see tls.h). Those of secure_need(), and of tls_dial(), tls_accept(). */
int secure_filter(struct driver *, const struct address *dialled, unsigned protocols,
                  struct filter **ret);

#endif
