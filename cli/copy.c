/* copy.c - what both ends of a copied file share: frames in and out, turns, the end.
 *
 *     who sends                          who takes
 *     copy_offer     <---- WANT ----     copy_want        (when the taker asks)
 *                     ---- OFFER --->    a part, and what it holds
 *     the same bytes? <--- HAVE ----
 *                     ---- FROM ---->    goes on there, or anew
 *                     ==== bytes ===>
 *                     ---- END ----->    the same checksum? durable, named
 *     over           <---- DONE ----     over
 *
 *  1. Nothing is done but in copy_run(): a turn of at most COPY_TURN bytes; the rest
 *     follows after the next step of the node.
 *  2. A copy ends once, by copy_fail() or with its stream; its owner hears of it when
 *     nothing of it runs any more, and frees it. */
#include "copy.h"
#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct copy *copy_new(struct app *app, struct background *b, void (*over)(struct copy *),
                      void *owner)
{
	struct copy *c = need(calloc(1, sizeof *c));

	c->app = app;
	c->background = b;
	c->over = over;
	c->owner = owner;
	c->fd = -1;
	c->doing = "asking";
	c->out = need(malloc(COPY_OUT));
	c->sum = checksum_new();
	c->began_us = clock_us();
	c->moved_ms = clock_ms();
	return c;
}

void copy_free(struct copy *c)
{
	if (c == NULL)
		return;
	leno_stream_abort(c->stream, COPY_GONE, "the other end has gone");
	leno_cancel(c->app->node, c->again);
	if (c->parted)
		part_close(&c->part, false);
	if (c->fd >= 0)
		close(c->fd);
	checksum_free(c->sum);
	free(c->out);
	free(c);
}

/* ---- the end ---------------------------------------------------------------- */

static void end(struct copy *c, enum copy_end end, const char *why, bool theirs)
{
	if (c->ended)
		return;
	c->ended = true;
	c->end = end;
	c->theirs = theirs;
	snprintf(c->why, sizeof c->why, "%s", why);
}

void copy_fail(struct copy *c, enum copy_end code, const char *format, ...)
{
	char why[COPY_WHY];
	va_list list;

	va_start(list, format);
	vsnprintf(why, sizeof why, format, list);
	va_end(list);
	end(c, code, why, false);
	leno_stream_abort(c->stream, (int)code, why);
	c->stream = NULL;
}

void copy_fail_errno(struct copy *c, const char *what, int error)
{
	copy_fail(c, error == ENOENT ? COPY_ABSENT : COPY_FAILED, "%.180s %s: %s", c->file, what,
	          error == ELOOP ? "symbolic links are not followed" : strerror(error));
}

static void settle(struct copy *c)
{
	if (c->ended && !c->working)
		c->over(c);
}

static void on_closed(leno_stream *stream, void *user, int error, int code, const char *why)
{
	struct copy *c = user;

	c->stream = NULL;
	if (c->done)
		end(c, COPY_OK, "", false);
	else if (error == 0)
		end(c, COPY_BROKEN, "it ended before it was done", true);
	else if (error == LENO_REFUSED)
		end(c,
		    code > COPY_OK && code <= COPY_GONE ? (enum copy_end)code
		    : code == LENO_REFUSED              ? COPY_DENIED
		                                        : COPY_GONE,
		    why, true);
	else
		end(c, COPY_GONE, leno_strerror(error), true);
	settle(c);
}

/* ---- turns ------------------------------------------------------------------- */

static void on_again(leno_node *node, void *arg)
{
	struct copy *c = arg;

	c->again = 0;
	copy_run(c);
}

void copy_run(struct copy *c)
{
	size_t budget = COPY_TURN;

	while (!c->ended && !c->working && budget > 0 && copy_flush(c) && c->step(c, &budget))
		c->moves++;
	if (!c->ended && budget == 0 && c->again == 0 &&
	    leno_after(c->app->node, 0, on_again, c, &c->again) != 0)
		copy_fail(c, COPY_GONE, "out of memory");
	settle(c);
}

static void on_stream(leno_stream *stream, void *user)
{
	struct copy *c = user;

	if (c->again == 0) /* else its turn is coming */
		copy_run(c);
}

const leno_stream_handlers copy_handlers = { .readable = on_stream,
	                                     .writable = on_stream,
	                                     .closed = on_closed };

/* ---- out and in ---------------------------------------------------------------- */

bool copy_flush(struct copy *c)
{
	size_t taken = 0;
	int error;

	if (c->out_from < c->out_to) {
		leno_bytes rest = { c->out + c->out_from, c->out_to - c->out_from };

		error = leno_stream_write(c->stream, rest, &taken);
		if (error)
			copy_fail(c, COPY_GONE, "%s", leno_strerror(error));
		c->out_from += taken;
	}
	if (c->out_from < c->out_to)
		return false;
	c->out_from = c->out_to = 0;
	return true;
}

void copy_say(struct copy *c, const struct frame *frame)
{
	if (COPY_OUT - c->out_to < FRAME_MAX) {
		copy_fail(c, COPY_BROKEN, "it does not listen");
		return;
	}
	c->out_to += frame_write(c->out + c->out_to, frame);
	copy_flush(c);
}

static void broken(struct copy *c)
{
	copy_fail(c, COPY_BROKEN, "the other end says what makes no sense here");
}

bool copy_next(struct copy *c, struct frame *ret)
{
	int body;

	if (c->in_size < FRAME_HEAD)
		c->in_size +=
			leno_stream_read(c->stream, c->in + c->in_size, FRAME_HEAD - c->in_size);
	if (c->in_size < FRAME_HEAD)
		return false;
	body = frame_body(c->in);
	if (body >= 0)
		c->in_size += leno_stream_read(c->stream, c->in + c->in_size,
		                               FRAME_HEAD + (size_t)body - c->in_size);
	if (body >= 0 && c->in_size < FRAME_HEAD + (size_t)body)
		return false;
	if (body < 0 || !frame_read(c->in, c->in_size, ret)) {
		broken(c);
		return false;
	}
	c->in_size = 0;
	c->moves++;
	return true;
}

/* ---- time ---------------------------------------------------------------------- */

void copy_beat(struct copy *c)
{
	if (!c->ended && c->out_to == 0 && !c->bare && (c->working || c->again != 0))
		copy_say(c, &(struct frame){ .kind = FRAME_ALIVE });
}

bool copy_moving(struct copy *c, int64_t now_ms)
{
	leno_stream_info info = { 0 };
	uint64_t moved;

	if (c->stream != NULL)
		leno_stream_get_info(c->stream, &info);
	moved = c->moves + (c->phase > 0 ? info.confirmed + info.received : 0);
	if (moved == c->moved && !c->working)
		return false;
	c->moved = moved;
	c->moved_ms = now_ms;
	return true;
}

uint64_t copy_passed(const struct copy *c)
{
	leno_stream_info info = { 0 };

	if (c->stream != NULL && !c->inward && c->bare)
		leno_stream_get_info(c->stream, &info);
	return c->at -
	       (info.written - info.confirmed < c->at ? info.written - info.confirmed : c->at);
}

/* ---- checksums ----------------------------------------------------------------- */

void copy_resum(struct copy *c)
{
	checksum_restart(c->sum);
	c->at = 0;
}

bool copy_check(struct copy *c, int fd, size_t *budget)
{
	static uint8_t piece[COPY_PIECE];
	size_t want = c->had - c->at < sizeof piece ? (size_t)(c->had - c->at) : sizeof piece;
	ssize_t n;

	if (want == 0)
		return false;
	n = pread(fd, piece, want, (off_t)c->at);
	if (n < 0) {
		copy_fail_errno(c, "cannot be read", errno);
		return false;
	}
	if (n == 0) {
		copy_fail(c, COPY_CHANGED, "%.180s became shorter while it was read", c->file);
		return false;
	}
	checksum_add(c->sum, piece, (size_t)n);
	c->at += (uint64_t)n;
	*budget -= (size_t)n < *budget ? (size_t)n : *budget;
	return true;
}
