/* suspects.h - relays between us and one peer that seem to alter or to lose what passes.
 *
 * The end that a packet reaches sees that its seal is broken, and by which neighbour it came;
 * the atlas says by whom before. It cannot know who of them it was: all are suspected alike,
 * for this peer alone and for a while. Packets to the peer then name the relays that they are
 * to pass (wire/packet.h), around the suspects, and the peer, which alone can lead its own
 * packets another way, is told (FRAME_DOUBT). Silence, where the atlas has a path, is held
 * against the relays too, but more lightly: it may be the peer's.
 *
 *     trusted --strike()--> suspected --expire()--> trusted
 *                             \--strike() again: more strikes, and longer
 *
 *  1. What anybody could have sent is no evidence: only packets under an index that the two
 *     ends and those between them know count (session_damaged), and the word of the peer.
 *  2. At most MESH_SUSPECTS_MAX a peer, none of which the atlas does not know.
 *  3. Ways are searched at most once in SUSPECT_PACE_US, by all peers together; for the word of
 *     one peer alone at most once in STRIKE_PAUSE_US, and in turns: none takes them all. */
#ifndef LENO_NODE_SUSPECTS_H
#define LENO_NODE_SUSPECTS_H

#include "node/node.h"

enum {
	DAMAGE_MIN       = 3,                   /* broken packets that make a suspicion, ... */
	DAMAGE_WINDOW_US = 10 * 1000 * 1000,    /* ... when they come within so long         */
	SILENCE_FIRST    = 5,                   /* questions without an answer that make one */
	SILENCE_AGAIN    = 3,                   /* and so many more, the next                */
	STRIKE_PAUSE_US  = 1000 * 1000,         /* what was under way is not held against a new way */
	SUSPECT_US       = 60 * 1000 * 1000,    /* how long it lasts; twice as long the next time, */
	SUSPECT_MAX_US   = 16 * SUSPECT_US,     /* up to this                                */
	SUSPECT_SILENT_US = 10 * 1000 * 1000,   /* the same for silence                      */
	SUSPECT_PACE_US  = 50 * 1000
};

/* What a peer has against the relays on the way; NULL in struct peer until there is something. */
struct suspects {
	struct peer *peer;
	struct list  of_node;          /* in node->suspected while n > 0            */
	size_t   n;
	struct mesh_suspect who[MESH_SUSPECTS_MAX];
	uint64_t until_us;
	uint64_t harmed_us, lasts_us;  /* when damage was last held against them, how long  */

	unsigned damaged;              /* broken packets since `since_us`           */
	uint64_t since_us, deaf_us;    /* not counted before deaf_us                */
	unsigned silent_due;           /* unanswered questions that make a strike   */

	bool     look;                 /* the way must be searched anew             */
	bool     told;                 /* ... because the peer said so: not before told_us */
	uint64_t told_us;
	bool     other;                /* ... and our own path is suspected before  */
	bool     around;               /* packets take `way`: it meets fewer of them */
	struct mesh_way way;           /* from us to `goal`: the peer, or its gate  */
	leno_id  goal;
};

/* A packet of this peer that came from this neighbour was broken (session_damaged rose). */
void suspects_damage(struct peer *, const leno_id *neighbour);

/* Time has passed: is the peer silent? */
void suspects_silence(struct peer *);

/* The peer may have said whom it suspects. */
void suspects_hear(struct peer *);

/* A handshake that names this sender could not be believed: a line in the log. */
void suspects_refused(struct conn *, const struct packet *, int error);

/* The relays that packets to this peer are to pass (none: over the link to it), and the first
 * link. False: wherever the path leads. */
bool suspects_route(struct peer *, leno_id ret[ROUTE_MAX], size_t *ret_n, struct conn **ret_first);

/* At the end of each input: what has expired, which ways have to be searched anew. */
void suspects_settle(leno_node *);
void suspects_free(struct peer *);

#endif
