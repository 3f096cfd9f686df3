/* link_state.h - the inside of a link, for link.c and its tests. */
#ifndef LENO_LINK_LINK_STATE_H
#define LENO_LINK_LINK_STATE_H

#include "link/handshake.h"
#include "link/heartbeat.h"
#include "link/link.h"
#include "link/record.h"

enum { LINK_ID_SIZE_ = 8 };

struct link {
	const struct link_setup *setup;
	enum link_state state;
	bool dialled, confirmed;
	bool closing;                    /* the next record is the last                 */
	bool in_rekey;                   /* the peer's next record has its next key     */
	enum close_reason reason;        /* ours while closing, the peer's afterwards   */
	uint64_t stranger_us;            /* a peer must be confirmed by then            */

	struct handshake *handshake;     /* until open and its last message is made     */
	struct link_peer peer;
	uint8_t id[LINK_ID_SIZE_];
	enum cipher cipher;

	struct record_key in, out;
	struct bytes carried;            /* by the record that was taken last           */
	struct heartbeat heartbeat;
	size_t control_size;             /* of our frames in the record being made      */

	uint8_t *part;                   /* the part of a message that came so far      */
	size_t part_size, part_room;
	uint64_t part_since_us;          /* when a record's first part came; NEVER: none is there */
};

#endif
