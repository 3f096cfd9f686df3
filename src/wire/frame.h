/* frame.h - the types of frames in a link's records, by who reads them. */
#ifndef LENO_WIRE_FRAME_H
#define LENO_WIRE_FRAME_H

enum frame_type {
	/* link/: between the two ends of one link */
	FRAME_PING      = 0x01,  /* u64 sender's clock                                */
	FRAME_PONG      = 0x02,  /* the same u64                                      */
	FRAME_CLOSE     = 0x03,  /* u8 enum close_reason                              */
	FRAME_REKEY     = 0x04,  /* empty; last of its record: the next has a new key */
	FRAME_LINKS     = 0x05,  /* u8 visitor and class, u64 turn, 8 bytes of each link I hold with you */

	/* mesh/: the atlas */
	FRAME_ROOT      = 0x10,  /* digest of all that I know                         */
	FRAME_VERSIONS  = 0x11,  /* (id, incarnation, version) each; last flag        */
	FRAME_WANT      = 0x12,  /* ids whose records I lack                          */
	FRAME_RECORD    = 0x13,  /* one node's signed record                          */
	FRAME_SYNCED    = 0x14,  /* I have told you all that I knew when we met       */

	/* admission/: of networks that have a key */
	FRAME_REVOKED   = 0x15,  /* revocations, one after another                    */
	FRAME_REVOCATIONS = 0x16,/* digest of all that I know                         */

	/* routed */
	FRAME_PACKET    = 0x20,  /* see packet.h: delivered or forwarded              */
	FRAME_BROADCAST = 0x21,  /* see broadcast in docs/protocol.md                 */
	FRAME_CARRIED   = 0x22,  /* a packet whose seal the record carries: packet.h  */
	FRAME_GROUP     = 0x23,  /* a broadcast to some, sealed: group/channel.h      */
	FRAME_GROUP_NEAR = 0x24, /* the same of the neighbour itself, for us alone    */

	/* session/: with the node at the other end of the link, under its seal alone */
	FRAME_HELLO     = 0x30,  /* session ids and where each side stands            */
	FRAME_DATA      = 0x31,  /* u32 low bits of the offset, stream bytes          */
	FRAME_ACK       = 0x32,
	FRAME_BYE       = 0x33,  /* the session ends                                  */
	FRAME_HEARD     = 0x34,  /* which packets have come, see session/report.h     */
	FRAME_DOUBT     = 0x35,  /* relays between the two that are suspected         */
	FRAME_DATA_ON   = 0x36,  /* stream bytes, right behind those of the last frame */

	/* between a meeting point and its guest, and nothing else: see meeting.h */
	FRAME_MEET      = 0x40,  /* I am here for this topic                          */
	FRAME_MET       = 0x41   /* these are, too                                    */
};

enum close_reason {
	CLOSE_GOODBYE = 1, CLOSE_DUPLICATE_LINK, CLOSE_DUPLICATE_NODE, CLOSE_PROTOCOL,
	CLOSE_LIMIT, CLOSE_DISCONNECT, CLOSE_UNINVITED, CLOSE_REVOKED, CLOSE_EXPIRED
};

#endif
