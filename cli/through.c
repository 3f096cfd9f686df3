/* through.c - see through.h.
 *
 *  1. The end of our input is that of what the other end reads, and back.
 *  2. What the reader of our output does not take stays in the stream, and slows the
 *     writer at the other end: OUTPUT_MAX bytes wait here at most, and one piece of
 *     input. */
#include "through.h"
#include "app.h"
#include "output.h"
#include "sink.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	OUTPUT_MAX = 256 * 1024,
	PIECES = 4, /* of OUTPUT_MAX, between two steps of the node */
	ABORT_CODE = 1
};

void through_give_up(struct through *t, const char *why, int exit_code)
{
	leno_stream_abort(t->stream, ABORT_CODE, why);
	t->stream = NULL;
	app_end(t->app, exit_code);
}

/* ---- our input ------------------------------------------------------------------- */

static void watch_input(struct through *t);

static void take_input(struct through *t)
{
	if (t->in.state == INLET_FAILED) {
		fail("standard input cannot be read: %s", strerror(errno));
		through_give_up(t, "its input cannot be read", EXIT_FAILED);
		return;
	}
	watch_input(t);
}

static void on_input(struct app *app, short revents, void *arg)
{
	struct through *t = arg;

	inlet_read(&t->in);
	take_input(t);
}

static void watch_input(struct through *t)
{
	bool wanted = t->stream != NULL && t->in.state == INLET_OPEN;

	if (wanted == t->watching)
		return;
	t->watching = wanted;
	if (wanted)
		app_watch(t->app, STDIN_FILENO, POLLIN, on_input, t);
	else
		app_unwatch(t->app, STDIN_FILENO);
}

void through_writable(struct through *t)
{
	inlet_resume(&t->in);
	take_input(t);
}

/* ---- our output ------------------------------------------------------------------- */

static void on_again(leno_node *node, void *arg)
{
	struct through *t = arg;

	t->again = 0;
	if (t->stream != NULL)
		through_readable(t);
}

void through_readable(struct through *t)
{
	leno_bytes b = { NULL, 0 };

	for (int i = 0; i < PIECES; i++) {
		while (out_size() < OUTPUT_MAX && (b = leno_stream_peek(t->stream)).size > 0) {
			size_t room = OUTPUT_MAX - out_size();
			size_t n = b.size < room ? b.size : room;

			out_bytes(b.data, n);
			leno_stream_skip(t->stream, n);
		}
		out_end();
		if (out_closed()) {
			fail("nobody reads standard output any more");
			through_give_up(t, "nobody reads it any more", EXIT_FAILED);
			return;
		}
		if (out_size() > 0) /* the loop comes back when it is taken */
			return;
	}
	if (leno_stream_peek(t->stream).size > 0 && t->again == 0)
		leno_after(t->app->node, 0, on_again, t, &t->again);
	if (leno_stream_ended(t->stream))
		sink_close(STDOUT_FILENO); /* though we may still have something to say */
}

/* ---- begin and end ---------------------------------------------------------------- */

void through_begin(struct through *t, struct app *app, leno_stream *stream)
{
	t->app = app;
	t->stream = stream;
	t->in = (struct inlet){ .fd = STDIN_FILENO, .stream = stream };
	watch_input(t);
}

void through_over(struct through *t)
{
	t->stream = NULL;
	watch_input(t);
}

void through_clear(struct through *t)
{
	inlet_clear(&t->in);
}
