/* through.h - standard input into a stream, and the stream to standard output, each direction by
 * itself. The command says what its end means. */
#pragma once

#include "inlet.h"

#include <stdbool.h>

struct app;

struct through {
	struct app *app;
	leno_stream *stream; /* NULL: not yet, or no more      */
	struct inlet in;
	bool watching;    /* our input                         */
	leno_timer again; /* the rest of a turn                */
};

/* Accept or open the stream with through_readable and through_writable in your handlers. */
void through_begin(struct through *, struct app *, leno_stream *);

void through_readable(struct through *); /* after each step, too: our output may have room */
void through_writable(struct through *);

/* The stream is over. */
void through_over(struct through *);

/* Aborts the stream, with what the peer is told, and ends the command. */
void through_give_up(struct through *, const char *why, int exit_code);

/* For the end of the command. */
void through_clear(struct through *);
