/* copy_frame.h - what two ends of a copied file say to each other; docs/tools.md.
 *
 *     kind (1), size of the body (4, big-endian), body */
#pragma once

#include "beneath.h"
#include "checksum.h"

#define COPY_TOPIC "leno/cp" /* of the stream */

enum frame_kind {
	FRAME_WANT = 1, /* path                              who takes asks for a file     */
	FRAME_OFFER,    /* size (8), mode (4), flags (1), path       who sends has one     */
	FRAME_HAVE,     /* size (8), checksum (32)          of what the taker has of it    */
	FRAME_FROM,     /* offset (8)                  the bytes from there on follow bare */
	FRAME_END,      /* checksum (32)                      of the whole file            */
	FRAME_DONE,     /* it is there under its name                                      */
	FRAME_ALIVE     /* at work, nothing to say yet                                     */
};

enum frame_flag {
	OFFER_FORCE = 1, /* replaces a file                                              */
	OFFER_AGAIN = 2  /* all of it was sent once, and what became of it is not known  */
};

enum {
	FRAME_HEAD = 5,
	FRAME_BODY_MAX = 8 + 4 + 1 + BENEATH_PATH_MAX,
	FRAME_MAX = FRAME_HEAD + FRAME_BODY_MAX
};

struct frame {
	enum frame_kind kind;
	uint64_t size;  /* OFFER, HAVE; FROM: the offset    */
	uint32_t mode;  /* permission bits                  */
	uint8_t flags;
	uint8_t sum[CHECKSUM_SIZE];
	char path[BENEATH_PATH_MAX]; /* "" where nothing depends on it  */
};

/* Returns the bytes written. The path is below BENEATH_PATH_MAX. */
size_t frame_write(uint8_t ret[FRAME_MAX], const struct frame *);

/* The body's size, or -1: no such frame. */
int frame_body(const uint8_t head[FRAME_HEAD]);

/* A whole frame. False, and nothing read, when it is none. */
bool frame_read(const uint8_t *data, size_t size, struct frame *ret);
