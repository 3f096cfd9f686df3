/* stream.h - what streams.c and stream_api.c share: one stream, as the node has it. */
#ifndef LENO_NODE_STREAM_H
#define LENO_NODE_STREAM_H

#include "node/node.h"
#include "node/streams.h"

struct leno_stream {
	struct flow  flow;
	leno_node   *node;
	struct peer *peer;             /* NULL: over                                  */
	leno_id      id;               /* the peer's                                  */
	struct list  event;            /* in node->stream_events                      */
	leno_stream_handlers handlers;
	void        *user;
	unsigned     entered;          /* handlers of it that are running             */
	bool         accepted;
	bool         left;             /* the application has let go of it            */
	bool         closed;           /* `closed` is due, with error                 */
	int          error;
	char         topic[];
};

int  streams_need(struct peer *);          /* its flows: MEMORY                       */

/* refused: why the peer, who has opened it, cannot have it; 0: it can. NULL: *ret_error. */
leno_stream *stream_new(struct peer *, struct flow_key, struct bytes topic, int refused,
                        int *ret_error);
void stream_let_go(leno_stream *);         /* frees it when nobody needs it any more  */
void stream_wake(leno_stream *);           /* it may have something for the peer      */
void stream_look_later(leno_stream *);     /* for memory: who gives it back is not heard here */

#endif
