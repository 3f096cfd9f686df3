/* ws.h - the frames of WebSocket (RFC 6455) as a filter. The upgrade that comes before them
 * is http.h's.
 *
 *  1. Binary messages alone: how bytes are cut into messages and frames means nothing, so a
 *     frame's bytes are passed on as they come, and frames have no size that is too large.
 *  2. What breaks the protocol is answered with the close code that RFC 6455 names for it,
 *     text with 1003. A close of the peer is answered with a close.
 *  3. Of several pings the last one is answered: a flood of them is not worth more. */
#ifndef LENO_TRANSPORT_WS_H
#define LENO_TRANSPORT_WS_H

#include "transport/filter.h"

#include <assert.h>

enum {
	WS_CONTROL_MAX = 125,    /* bytes of a ping, pong or close, as the RFC has it */
	WS_HEAD_MAX    = 14      /* bytes before the payload of a frame               */
};
static_assert(WS_HEAD_MAX <= FILTER_HEAD, "a frame's head fits before what is wrapped");

enum ws_close {
	WS_CLOSE_NORMAL  = 1000,
	WS_CLOSE_AWAY    = 1001,
	WS_CLOSE_BROKEN  = 1002, /* the peer broke the protocol                */
	WS_CLOSE_TEXT    = 1003, /* the peer sent what we do not take          */
	WS_CLOSE_NONE    = 1005, /* a close without a code; never on the wire  */
	WS_CLOSE_GARBLED = 1007  /* text that is not UTF-8                     */
};

/* A client masks what it sends, a server refuses what is not masked. Masking keys come from
 * the seed: nobody who does not know it can say the next one. NULL: no memory. */
struct filter *ws_new(bool client, const uint8_t seed[16]);

#endif
