/* inlet.c - reads a piece into a buffer that all inlets share; what the stream does not
 * take of it is kept, and nothing is read until it has. An idle inlet holds no memory. */
#include "inlet.h"
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A stream that is over takes no more, and its handler `closed` says why. */
static void refused(struct inlet *in, int error)
{
	in->state = error == LENO_CLOSED ? INLET_ENDED : INLET_FAILED;
	errno = ENOMEM;
}

void inlet_read(struct inlet *in)
{
	static uint8_t piece[INLET_PIECE];
	size_t taken;
	ssize_t n;
	int error;

	if (in->state != INLET_OPEN)
		return;
	n = read(in->fd, piece, sizeof piece);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			in->state = INLET_FAILED;
		return;
	}
	if (n == 0) {
		leno_stream_finish(in->stream);
		in->state = INLET_ENDED;
		return;
	}
	in->bytes += (uint64_t)n;
	error = leno_stream_write(in->stream, (leno_bytes){ piece, (size_t)n }, &taken);
	if (error) {
		refused(in, error);
		return;
	}
	if (taken == (size_t)n)
		return;
	in->left_from = 0;
	in->left_to = (size_t)n - taken;
	in->left = need(malloc(in->left_to));
	memcpy(in->left, piece + taken, in->left_to);
	in->state = INLET_FULL;
}

void inlet_resume(struct inlet *in)
{
	leno_bytes rest;
	size_t taken;
	int error;

	if (in->state != INLET_FULL)
		return;
	rest = (leno_bytes){ in->left + in->left_from, in->left_to - in->left_from };
	error = leno_stream_write(in->stream, rest, &taken);
	if (error) {
		refused(in, error);
		return;
	}
	in->left_from += taken;
	if (taken < rest.size)
		return;
	inlet_clear(in);
	in->state = INLET_OPEN;
}

void inlet_clear(struct inlet *in)
{
	free(in->left);
	in->left = NULL;
}
