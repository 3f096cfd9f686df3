/* inlet.h - from a descriptor into a stream, no faster than the stream takes it. */
#pragma once

#include <leno.h>

enum { INLET_PIECE = 64 * 1024 /* read at once; more than that never waits here */ };

enum inlet_state {
	INLET_OPEN,  /* to be read when it is readable              */
	INLET_FULL,  /* not to be read until the stream is writable */
	INLET_ENDED, /* all of it has been given to the stream, which has been finished */
	INLET_FAILED /* errno says why                              */
};

struct inlet {
	int fd; /* lent                                        */
	leno_stream *stream;
	enum inlet_state state;
	uint8_t *left; /* read, not taken by the stream yet           */
	size_t left_from, left_to;
	uint64_t bytes;
};

/* The descriptor is readable. */
void inlet_read(struct inlet *);

/* The stream is writable. */
void inlet_resume(struct inlet *);

void inlet_clear(struct inlet *);
