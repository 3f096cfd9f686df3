/* node.h - leno nodes as the benchmark opens them: one network with a secret, so
 * that every link is encrypted and authenticated, and defaults otherwise. */
#ifndef BENCH_NODE_H
#define BENCH_NODE_H

#include "harness.h"
#include <leno.h>

/* Ends this process, with the sentence of the error, when there is one. */
void must(int error, const char *what);

/* The options may be NULL; their network and secret are set here. */
leno_node *open_node(const leno_options *, const leno_handlers *, void *user);

/* Listens on loopback and leaves the URI; leaves the id. */
void listen_here(struct stage *, leno_node *, enum note where);
void listen_at(struct stage *, leno_node *, enum note where, const char *uri);
void leave_id(struct stage *, const leno_node *);

/* From here on this process opens its nodes for TLS and listens at tls://: who listens makes a
 * certificate, and leaves it; who dials believes that one. */
void within_tls(struct stage *, bool listens);

/* Roles of leno.c that streams have too: who listens, or dials the relay; the relay. */
void leno_run_far(struct stage *, const leno_handlers *);
void leno_relay(struct stage *);

/* Is this the node that has left its id? */
bool is_left_id(const struct stage *, const leno_id *);

#endif
