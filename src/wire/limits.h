/* limits.h - every limit that has a name, in one place, and how they relate. */
#ifndef LENO_WIRE_LIMITS_H
#define LENO_WIRE_LIMITS_H

#include <assert.h>

enum {
	PROTOCOL_VERSION  = 1,
	PROTOCOL_OLDEST   = 1,

	NAME_MAX_         = 63,          /* bytes of a node's name                    */
	NETWORK_MAX       = 64,
	LABEL_MAX         = 63,
	LABELS_MAX        = 16,

	RECORD_HEAD       = 2,           /* u16: size of what follows, the tag included;
	                                    bit 15: it carries packets                */
	RECORD_FRAMES     = 16 * 1024,   /* a record has room for so much, one that carries
	                                    for no more                               */
	RECORD_FRAMES_MAX = 31 * 1024,   /* made when so much waits, and accepted: what is
	                                    carried included                          */
	REKEY_RECORDS     = 1 << 20,     /* a link's key changes after so many records */
	REKEY_SECONDS     = 120,

	RECORD_MS         = 15 * 1000,   /* from a record's first byte to its last: the largest
	                                    at 2.1 KB/s                               */
	HANDSHAKE_MAX     = 1024,        /* bytes of one handshake message            */
	BINDING_MAX       = 64,          /* of what both ends know of their pipe alone */
	HANDSHAKE_MS      = 5000,        /* a stranger has so long to become a peer   */
	STRANGERS_MAX     = 64,          /* handshakes under way that we did not dial */
	PACKET_MAX        = 15 * 1024,   /* a routed packet, header and tag included  */
	CARRIED_MIN       = 1024,        /* a packet's sealed bytes that are worth it  */
	HOPS_MAX          = 64,          /* links a packet may cross                  */
	ROUTE_MAX         = 8,           /* relays that a packet's sender may name    */
	NEIGHBOURS_MAX    = 256,         /* listed in one record                      */
	NODE_RECORD_MAX   = 8 * 1024,    /* bytes of a node's signed record           */
	EXTENSIONS_MAX    = 1776,        /* of those, what we say besides             */
	ADVERTISED_MAX    = 8,           /* addresses that a node says it is reached at */
	ADVERTISED_URI    = 120,         /* bytes of one                              */
	GROUPS_MAX        = 16,          /* that one node is in                       */

	SERVICES_MAX      = 48,          /* that one node offers                      */
	SERVICE_LABELS_MAX = 4,          /* of one of them                            */
	PATTERNS_MAX      = 24,          /* of events that one node wants to hear     */
	METHODS_MAX       = 64,          /* methods and events of one service         */
	CALLS_MAX         = 1 << 20,     /* that one node has made, or is to answer   */

	RELAY_QUEUE_MAX   = 4 << 20,     /* bytes waiting on one link for others      */
	RELAY_QUEUE_MARK  = 1 << 20,     /* of them, before packets are marked ...    */
	RELAY_MARK_US     = 5 * 1000,    /* ... or when one has waited so long        */

	SESSION_WINDOW    = 1 << 20,     /* bytes of a stream, before anything is granted */
	SESSION_CREDIT    = 16 << 20,    /* granted beyond what has been read: a fat path */
	SESSION_HOLD_MAX  = 8 << 20,     /* kept for one session, out of order        */
	ITEM_FREE_MAX     = 64 * 1024,   /* larger ones wait for the receiver's grant */
	MESSAGE_MAX       = 64 << 20,    /* default of options.message_max            */
	TYPES_MAX         = 1024,        /* numbered types of one session             */
	REQUESTS_MAX      = 1 << 20,     /* pending, of one node                      */
	BROADCAST_MAX     = 1 << 20
};
static_assert(RECORD_FRAMES_MAX + 16 < 0x8000, "a record's size fits its head beside a flag");
static_assert(PACKET_MAX + 64 <= RECORD_FRAMES, "a packet fits a record");
static_assert(NODE_RECORD_MAX + 64 <= RECORD_FRAMES, "a node's record fits a record");
static_assert(ITEM_FREE_MAX < SESSION_WINDOW, "what needs no grant fits the window");
static_assert(SESSION_WINDOW <= SESSION_CREDIT, "an answer takes nothing back");

#endif
