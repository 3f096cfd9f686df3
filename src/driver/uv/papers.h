/* papers.h - what a node has of a network's key, in files:
 *
 *	leno certificate 1
 *	network <name>
 *	key <64 hex digits>
 *	certificate <hex digits>
 *	name <the node's, unless it has another>      or not
 *	connect <URI>                   none to four of them
 *
 * Beside it, as FILE.revoked, who has been revoked: so that a restart does not forget. */
#ifndef LENO_DRIVER_UV_PAPERS_H
#define LENO_DRIVER_UV_PAPERS_H

#include <leno/engine.h>

struct papers;

/* Reads what the options name into the configuration, which it lends until papers_free();
 * *ret is NULL when they name nothing. ARGUMENT, FILE, MEMORY: and the log says what is wrong. */
int papers_fill(leno_engine_config *, struct papers **ret);

/* Says, when the node cannot be opened for it, what is wrong with the certificate. */
void papers_explain(const struct papers *, const leno_engine_config *, int error);

/* Where the certificate, or the invitation, says that the network is. */
void papers_dial(const struct papers *, leno_node *);
void papers_free(struct papers *);

#endif
