/* item.h - what the items of a session mean: messages, requests, replies.
 *
 * The first byte holds the kind in its low 3 bits and the number of the type in the high
 * 5; 31 says that a varint with the number follows. A message of a known type costs one
 * byte here, and one or two for its size in the stream. */
#ifndef LENO_MESSAGE_ITEM_H
#define LENO_MESSAGE_ITEM_H

#include "wire/codec.h"

enum item_kind {
	ITEM_TYPE,      /* number | text: from now on this number means this type     */
	ITEM_MESSAGE,   /* number | data                                              */
	ITEM_REQUEST,   /* number | request varint | data                             */
	ITEM_REPLY,     /* 0      | request varint | data                             */
	ITEM_REFUSE,    /* 0      | request varint | code u32 | text                  */
	ITEM_PING,      /* 0      | request varint: answered with an empty reply      */
	ITEM_BROADCAST, /* 0      | see broadcast.h                                   */
	ITEM_STREAM     /* the stream's number | see stream/flow.h                    */
};
enum { ITEM_HEAD_MAX = 1 + 9 + 9 + 4 };

struct item {
	enum item_kind kind;
	uint32_t type;
	uint64_t request;
	uint32_t code;
	struct bytes data;
};

bool read_item(struct bytes, struct item *ret);

/* The head that goes before the data; returns its size. */
size_t write_item_head(uint8_t ret[ITEM_HEAD_MAX], const struct item *);

#endif
