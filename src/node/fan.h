/* fan.h - what the two halves of broadcasting share: fan.c (what is sent and acknowledged)
 * and fan_tree.c (frames that go along the tree). */
#ifndef LENO_NODE_FAN_H
#define LENO_NODE_FAN_H

#include "message/aired.h"
#include "message/heard.h"
#include "node/node.h"

enum { FAN_DOMAIN = sizeof CAST_DOMAIN - 1 };

struct fan {
	struct aired   aired;        /* ours                                          */
	struct budget  aired_budget;
	struct map     heard;        /* those of others, a struct heard each          */
	struct budget parcels;      /* the bytes of all frames that wait             */
	struct list    acks;         /* of struct heard: who is to be acknowledged    */
	bool           acks_now;
	uint64_t       acked_us;     /* when acknowledgements went last               */
	uint64_t       scan_us;      /* when to look for those who lag                */
	bool           put;          /* something was, since the last tick            */
	bool           aimed;        /* the targets are those of this moment          */
	uint64_t       aimed_us;
	size_t         aimed_count;
	struct timer   timer;
	uint8_t        scratch[FAN_DOMAIN + CAST_FRAME_MAX]; /* last: it begins as it is */
};

/* Hands out what a source has sent as far as it is due, and notes who is to be acked. */
void fan_deliver(leno_node *, struct heard *);
struct heard *fan_heard(leno_node *, const leno_id *, uint64_t incarnation);

/* Is this a link of the tree, along which our own frames go? */
bool fan_on_tree(const struct conn *);

#endif
