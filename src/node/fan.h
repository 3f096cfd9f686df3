/* fan.h - what the files of broadcasting share: fan.c (what is sent, and acknowledged to us),
 * fan_heard.c (what is heard, and acknowledged by us), fan_tree.c (frames that go along the
 * tree).
 *
 * A voice is a stream of ours: that of broadcasts, or one for each group that we are in. An ear
 * is what we have of a stream of another node: its broadcasts, or what it says in a group,
 * which those know too that only pass it on. Both are named by the channel: the tag of the
 * group, zeros for all. */
#ifndef LENO_NODE_FAN_H
#define LENO_NODE_FAN_H

#include "group/channel.h"
#include "group/piece.h"
#include "message/aired.h"
#include "message/heard.h"
#include "node/node.h"

enum {
	FAN_DOMAIN = sizeof CAST_DOMAIN - 1,
	EARS_A_NODE = 4,              /* streams, for each of nodes_max                */
	ACK_HEAD_MAX = ITEM_HEAD_MAX + 1 + CHANNEL_MAX + CAST_BY_SESSION_MAX
};
static_assert(sizeof CHANNEL_DOMAIN == sizeof CAST_DOMAIN, "a parcel begins with either");
static_assert((int)CAST_CHANNEL == (int)GROUP_TAG_SIZE && (int)CAST_SEAL == (int)CHANNEL_SEAL,
              "message/ and group/ know them by other names");

struct voice {
	struct list   all;            /* fan.voices                                    */
	leno_group   *group;          /* NULL: to all                                  */
	struct aired  aired;
	uint64_t      scan_us;        /* when to look for those who lag                */
	bool          put;            /* something was, since the last tick            */
	bool          aimed;          /* the targets are those of this moment          */
	uint64_t      aimed_us;
	size_t        aimed_count;
};

struct ear {
	struct heard  heard;
	uint64_t      join;           /* of the source, of groups                      */
	uint64_t      taken;          /* number of the item that was dealt with last   */
	struct assembly parts;        /* of groups, see group/piece.h                  */
	uint64_t      began;          /* number of the item that began them            */
	size_t        unacked_bytes;  /* handed out, of groups                         */
	size_t        wants;          /* bytes for which there was no room, or 0       */
	uint64_t      asked_us;       /* when they were asked for again                */
	uint64_t      stalled_us;     /* when one stood still for long; 0: never       */
};

struct fan {
	struct voice   all;           /* broadcasts                                    */
	struct list    voices;
	struct budget  aired_budget;
	struct map     ears;          /* by id and channel                             */
	struct budget parcels;      /* the bytes of all frames that wait             */
	struct list    acks;         /* of struct heard: who is to be acknowledged    */
	bool           acks_now;
	uint64_t       acked_us;     /* when acknowledgements went last               */
	struct timer   timer;
	/* last: it begins as it is */
	uint8_t        scratch[FAN_DOMAIN + CHANNEL_MAX + CAST_FRAME_MAX];
};

/* fan.c */
void voice_open(leno_node *, struct voice *, leno_group *, size_t max);
void voice_close(struct voice *);
/* Sends; the targets are the caller's to aim at. Errors: those of aired_put(). */
int  voice_put(leno_node *, struct voice *, struct bytes type, struct bytes head,
               struct bytes data, uint64_t *ret_seq);
void voice_gone(leno_node *, struct voice *, const leno_id *); /* acks will not come      */
void voice_end(leno_node *, struct voice *);                   /* of nobody: tells it now */
void voice_take_ack(struct peer *, struct voice *, const struct cast_ack *);
void fan_set_timer(leno_node *);

/* fan_heard.c. Ears: NULL when there is no room, or (ear_get) none. */
struct ear *ear_get(leno_node *, const leno_id *, const uint8_t channel[CAST_CHANNEL]);
struct ear *ear_need(leno_node *, const leno_id *, const struct channel *, uint64_t incarnation);
bool ear_older(const struct ear *, uint64_t incarnation, uint64_t join); /* than what is known */
void ear_take_items(struct peer *, const struct channel *, const struct cast *);
void ear_drop_parts(leno_node *, struct ear *);
void ear_acknowledge(leno_node *, struct ear *);                      /* soon             */
void ears_leave(leno_node *, const uint8_t channel[CAST_CHANNEL]);    /* the group is left */
void ears_free(leno_node *);
void ears_let_go(leno_node *, const leno_id *);                       /* it is down       */
void ears_send_acks(leno_node *);
/* Hands out what a source has sent as far as it is due, and notes who is to be acked. */
void fan_deliver(leno_node *, struct ear *);

/* What goes before a broadcast's layouts in the session, when they are of a group. */
void write_cast_channel(struct writer *, const struct channel *);
struct channel voice_channel(const struct voice *);

/* Is this a link of the tree, along which our own frames go? */
bool fan_on_tree(const struct conn *);

#endif
