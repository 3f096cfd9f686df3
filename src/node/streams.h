/* streams.h - what the node's other files ask of its streams. */
#ifndef LENO_NODE_STREAMS_H
#define LENO_NODE_STREAMS_H

#include <leno.h>

#include "stream/flows.h"

struct item;
struct peer;

/* An item of kind STREAM. PROTOCOL, MEMORY: the session cannot go on. */
int  streams_take(struct peer *, const struct item *);

/* Gives the session what should go next; may it, and is there anything? */
void streams_feed(struct peer *);
bool streams_want(const struct peer *);
bool streams_open(const struct peer *);        /* is there any?                     */

/* Of ours with lower numbers than this: has the session yet to take the opening of one? When it
 * has them all provide_unsent() hears of it. */
bool streams_opening(const struct peer *, uint32_t below);

/* To look at: streams that are open, and what their writers wrote that the session has yet
 * to take. */
size_t   streams_count(const struct peer *);
uint64_t streams_waiting(const struct peer *);

void streams_tick(leno_node *);                /* its timer has come                */
void streams_settle(leno_node *);              /* handlers that are due             */
void streams_end(struct peer *, int error);    /* the session's life is over        */
void streams_free(struct peer *);              /* without a word                    */
void streams_clear(leno_node *);               /* those that nobody was told to be over */

#endif
