/* duct.c - the two pipes of a program and one stream, piece by piece.
 *
 *     program --inlet--> stream       read while the stream takes it
 *     program <--drain-- stream       written while the program takes it, read no further
 *
 *   duct_open -> join (the program runs) -> reply | refuse -> the caller finishes -> free
 *
 *  1. A call is answered once its caller has read all that the program said.
 *  2. A program need not read its input. What nobody reads is dropped.
 *  3. When the caller leaves the stream its program is ended. */
#include "duct.h"
#include "inlet.h"
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

struct duct {
	struct duct *next, **at;
	struct app *app;
	struct replies *replies;
	leno_incoming *call; /* NULL: answered        */
	leno_stream *stream; /* NULL: over            */
	bool joined, left;   /* the caller has left the stream */
	int to, from;        /* the program; -1: closed */
	bool stuck;          /* it takes no more now  */
	struct inlet in;
};

static void close_end(struct duct *d, int *fd)
{
	if (*fd < 0)
		return;
	app_unwatch(d->app, *fd);
	close(*fd);
	*fd = -1;
}

static void duct_free(struct duct *d)
{
	*d->at = d->next;
	if (d->next != NULL)
		d->next->at = d->at;
	close_end(d, &d->to);
	close_end(d, &d->from);
	leno_stream_abort(d->stream, EXIT_FAILED, "its program has gone");
	inlet_clear(&d->in);
	free(d);
}

/* ---- to the program ----------------------------------------------------------------- */

static void on_room(struct app *app, short revents, void *arg);

static void drain(struct duct *d)
{
	leno_bytes b;
	ssize_t n;

	if (d->stream == NULL || !d->joined)
		return;
	while (!d->stuck && (b = leno_stream_peek(d->stream)).size > 0) {
		n = d->to >= 0 ? write(d->to, b.data, b.size) : (ssize_t)b.size;
		if (n < 0 && errno == EAGAIN) {
			d->stuck = true;
			app_watch(d->app, d->to, POLLOUT, on_room, d);
		} else if (n < 0 && errno != EINTR) {
			close_end(d, &d->to);
		} else if (n > 0) {
			leno_stream_skip(d->stream, (size_t)n);
		}
	}
	if (leno_stream_ended(d->stream))
		close_end(d, &d->to);
}

static void on_room(struct app *app, short revents, void *arg)
{
	struct duct *d = arg;

	app_unwatch(app, d->to);
	d->stuck = false;
	drain(d);
}

static void on_readable(leno_stream *stream, void *user)
{
	drain(user);
}

/* ---- from the program --------------------------------------------------------------- */

static void on_said(struct app *app, short revents, void *arg);

static void watch(struct duct *d)
{
	if (d->from < 0)
		return;
	if (d->in.state == INLET_OPEN)
		app_watch(d->app, d->from, POLLIN, on_said, d);
	else if (d->in.state == INLET_FULL)
		app_unwatch(d->app, d->from);
	else
		close_end(d, &d->from);
	if (d->in.state == INLET_FAILED) {
		leno_stream_abort(d->stream, EXIT_FAILED, "what its program says cannot be read");
		d->stream = NULL;
	}
}

static void on_said(struct app *app, short revents, void *arg)
{
	struct duct *d = arg;

	inlet_read(&d->in);
	watch(d);
}

static void on_writable(leno_stream *stream, void *user)
{
	struct duct *d = user;

	inlet_resume(&d->in);
	watch(d);
}

/* The program has ended, and all that it said is in its pipe: what it left running is not
 * waited for. True when the caller has read it. */
static bool heard(struct duct *d)
{
	leno_stream_info info;
	uint64_t before;

	while (d->stream != NULL && d->in.state == INLET_OPEN) {
		before = d->in.bytes;
		inlet_read(&d->in);
		if (d->in.state != INLET_OPEN || d->in.bytes != before)
			continue;
		leno_stream_finish(d->stream);
		d->in.state = INLET_ENDED;
	}
	watch(d);
	if (d->stream == NULL || leno_call_cancelled(d->call))
		return true;
	leno_stream_get_info(d->stream, &info);
	return d->in.state != INLET_FULL && info.confirmed == info.written;
}

/* ---- its end ------------------------------------------------------------------------ */

static int answered(struct duct *d, int error)
{
	if (error == LENO_MEMORY)              /* the call is ours still */
		return LENO_AGAIN;
	if (error == LENO_AGAIN || error == LENO_TOO_BIG || error == LENO_ARGUMENT)
		return error;
	d->call = NULL;
	close_end(d, &d->to);
	close_end(d, &d->from);
	d->stuck = false;
	if (d->stream == NULL || d->in.state != INLET_ENDED)
		duct_free(d);
	else
		drain(d); /* of what is not read any more */
	return 0;
}

static int refuse(void *what, int code, const char *why)
{
	struct duct *d = what;

	/* Who does not read for so long has had its time. */
	if (code != LENO_TIMEOUT && d->joined && !heard(d))
		return LENO_AGAIN;
	if (d->left) {
		code = EXIT_FAILED;
		why = "its caller does not take the stream (leno call --stream does)";
	}
	return answered(d, leno_call_fail(d->call, code, why));
}

static int reply(void *what, leno_bytes printed)
{
	struct duct *d = what;
	int error;

	if (!heard(d))
		return LENO_AGAIN;
	if (d->left)
		return refuse(d, EXIT_FAILED, NULL);
	error = answered(d, leno_call_reply(d->call, (leno_bytes){ NULL, 0 }));
	return error == LENO_ARGUMENT ? refuse(d, error, "its line promises more than a stream")
	                              : error;
}

static void drop(void *what)
{
	struct duct *d = what;

	d->call = NULL;
	duct_free(d);
}

static void join(void *what, int to, int from)
{
	struct duct *d = what;

	d->joined = true;
	d->to = to;
	d->from = from;
	d->in = (struct inlet){ .fd = from, .stream = d->stream };
	watch(d);
	drain(d);
}

static void on_closed(leno_stream *stream, void *user, int error, int code, const char *why)
{
	struct duct *d = user;

	d->stream = NULL;
	if (d->call == NULL) {
		duct_free(d);
	} else if (error) {
		d->left = !leno_call_cancelled(d->call);
		d->in.state = INLET_ENDED;
		close_end(d, &d->from);
		replies_cancel(d->replies, d); /* which may free it */
	}
}

bool duct_open(struct app *app, struct replies *replies, struct duct **first, leno_incoming *call,
               struct asker *ret)
{
	static const leno_stream_handlers handlers = { .readable = on_readable,
		                                       .writable = on_writable,
		                                       .closed = on_closed };
	struct duct *d = need(calloc(1, sizeof *d));
	int error = leno_call_stream(call, &handlers, d, &d->stream);

	if (error) {
		leno_call_fail(call, error, leno_strerror(error));
		free(d);
		return false;
	}
	d->app = app;
	d->replies = replies;
	d->call = call;
	d->to = d->from = -1;
	d->next = *first;
	d->at = first;
	if (d->next != NULL)
		d->next->at = &d->next;
	*first = d;
	*ret = (struct asker){
		.what = d, .reply = reply, .refuse = refuse, .drop = drop, .join = join
	};
	return true;
}

void ducts_cancel(struct duct *first, const leno_incoming *call)
{
	for (struct duct *d = first; d != NULL; d = d->next) {
		if (d->call == call) {
			replies_cancel(d->replies, d);
			return;
		}
	}
}

void ducts_free(struct duct **first)
{
	while (*first != NULL)
		duct_free(*first);
}
