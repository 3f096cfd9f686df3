/* polled_serve.c - sessions that others ask for: each is a channel, and its pipe the engine's.
 *
 *   POST at=0 --> a session with its pipe --POST end=1, silence, or its pipe ends--> gone
 *
 *  1. At most one GET of a session is held, and one POST is read: a newer one takes its place.
 *  2. Whatever a request waits for here, it does not outlive its session. */
#include "base/mem.h"
#include "driver/uv/polled.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct session {
	struct channel channel;
	struct driver *driver;
	struct list in;               /* driver->sessions                            */
	uint8_t id[POLL_ID];
	struct poll poll;
	struct asked *up, *down;      /* the POST that is read, the GET that is held */
	uv_timer_t timer;             /* the GET is answered with nothing, or it is idle */
	bool blocked;                 /* its pipe waits for room                     */
	bool ended;                   /* nothing more will be written                */
};

/* A request of a session. */
struct asked {
	struct http_exchange exchange;
	struct session *session;
	struct pipe *pipe;            /* of its connection                           */
	struct poll_words words;
	bool is_post;
};

static struct session *of(struct channel *c)
{
	return list_item(c, struct session, channel);
}

static struct asked *asked_of(struct http_exchange *e)
{
	return list_item(e, struct asked, exchange);
}

/* ---- answers ------------------------------------------------------------------------ */

static void forget(struct asked *a)
{
	if (a->session && a->session->up == a)
		a->session->up = NULL;
	if (a->session && a->session->down == a)
		a->session->down = NULL;
	mem_free(a);
}

static void answer(struct asked *a, unsigned status, struct bytes body, bool end)
{
	struct http_answer what = { .status = status, .type = "application/octet-stream",
		                    .text = body };
	const struct session *s = a->session;
	char fields[160];

	snprintf(fields, sizeof fields,
	         "Cache-Control: no-store, no-transform\r\nLeno-Got: %" PRIu64 "\r\nLeno-At: %" PRIu64
	         "\r\n%s",
	         s ? s->poll.got : 0, a->words.got, end ? "Leno-End: 1\r\n" : "");
	http_exchange_answer(&a->exchange, &what, fields);
	pipe_dirty(a->pipe);
	forget(a);
}

static void answer_status(struct asked *a, unsigned status)
{
	if (a)
		answer(a, status, bytes_of(NULL, 0), false);
}

static void on_timer(uv_timer_t *timer);

static void wait_for(struct session *s, uint64_t ms)
{
	uv_timer_start(&s->timer, on_timer, ms, 0);
}

/* The held GET, when there is something to say; `now`: even if not. */
static void answer_down(struct session *s, bool now)
{
	struct bytes rest;
	bool end;

	if (!s->down)
		return;
	rest = poll_rest(&s->poll, s->down->words.got, POLL_WINDOW);
	end = s->ended && s->down->words.got + rest.size == s->poll.base + s->poll.size;
	if (rest.size == 0 && !end && !now)
		return;
	answer(s->down, 200, rest, end);
	wait_for(s, POLL_IDLE_MS);
}

static void on_timer(uv_timer_t *timer)
{
	struct session *s = timer->data;

	if (s->down)
		answer_down(s, true);
	else if (!s->driver->closing)
		pipe_gone(s->channel.pipe, LENO_TIMEOUT);
}

/* ---- the channel ----------------------------------------------------------------------- */

static ssize_t write_some(struct channel *c, const uint8_t *data, size_t size)
{
	struct session *s = of(c);
	size_t n = poll_put(&s->poll, data, size);

	if (n == 0 && s->poll.size == 0 && size > 0)
		return -1; /* no memory */
	answer_down(s, false);
	return (ssize_t)n;
}

static void await(struct channel *c, bool room)
{
	of(c)->blocked = room;
}

static void look(struct channel *c)
{
}

static void end(struct channel *c)
{
	of(c)->ended = true;
	answer_down(of(c), false);
}

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void release(struct channel *c)
{
	struct session *s = of(c);

	answer_status(s->up, 410);
	answer_status(s->down, 410);
	list_remove(&s->in);
	s->driver->n_sessions--;
	poll_clear(&s->poll);
	uv_close((uv_handle_t *)&s->timer, on_closed);
}

static const struct channel_ops ops = { write_some, await, look, end, release };

/* ---- requests ---------------------------------------------------------------------------- */

static void take(struct http_exchange *e, uint8_t *data, size_t size)
{
	struct asked *a = asked_of(e);
	struct session *s = a->session;
	struct bytes fresh;

	if (!poll_take(&s->poll, a->words.at, bytes_of(data, size), &fresh)) {
		answer_status(a, 409);
		return;
	}
	a->words.at += size;
	if (fresh.size > 0)
		pipe_take(s->channel.pipe, data + (size - fresh.size), fresh.size);
}

static void whole(struct http_exchange *e)
{
	struct asked *a = asked_of(e);
	struct session *s = a->session;
	bool over = a->words.end && a->is_post;

	if (a->is_post)
		answer_status(a, 200);
	else
		answer_down(s, false);
	if (over && !s->driver->closing)
		pipe_gone(s->channel.pipe, LENO_OK);
}

static void gone(struct http_exchange *e)
{
	struct session *s = asked_of(e)->session;

	forget(asked_of(e));
	wait_for(s, POLL_IDLE_MS);
}

static const struct http_exchange_ops exchange_ops = { take, whole, gone };

static struct session *find(struct driver *d, const uint8_t id[POLL_ID])
{
	list_each (it, after, &d->sessions) {
		struct session *s = list_item(it, struct session, in);

		if (memcmp(s->id, id, POLL_ID) == 0)
			return s;
	}
	return NULL;
}

/* Whom the engine has sent away still waits for its last bytes to be fetched: strangers that come and
 * go faster than that would keep everybody out. The one that came first goes at once. */
static bool make_room(struct driver *d)
{
	list_each (it, after, &d->sessions) {
		struct session *s = list_item(it, struct session, in);

		if (s->channel.pipe->state == PIPE_OPEN)
			continue;
		pipe_gone(s->channel.pipe, LENO_BUSY);
		return true;
	}
	return false;
}

static struct session *begin(struct driver *d, const uint8_t id[POLL_ID])
{
	char uri[URI_TEXT];
	const struct pipe_setup setup = { door_class(ADDRESS_HTTP), 0, uri, NULL };
	struct session *s;

	if (d->n_sessions >= POLL_SESSIONS_MAX && !make_room(d))
		return NULL;
	s = mem_new(sizeof *s);
	if (!s)
		return NULL;
	snprintf(uri, sizeof uri, "http%.300s", strchr(d->at->uri, ':'));
	s->channel.ops = &ops;
	s->driver = d;
	memcpy(s->id, id, POLL_ID);
	uv_timer_init(&d->loop, &s->timer);
	s->timer.data = s;
	list_init(&s->in);
	list_append(&d->sessions, &s->in);
	d->n_sessions++;
	return pipe_open(d, &s->channel, &setup, NULL) < 0 ? NULL : s;
}

/* What the other side has; it makes room. False: it cannot have it. */
static bool acknowledge(struct session *s, const struct poll_words *w, bool is_post)
{
	if (is_post && w->got < s->poll.base)
		return true; /* it was on its way for longer than a GET */
	if (!poll_has(&s->poll, w->got))
		return false;
	if (s->blocked && s->channel.pipe)
		pipe_room(s->channel.pipe);
	return true;
}

struct http_exchange *polled_exchange(struct driver *d, const struct http_head *h,
                                      unsigned *ret_status)
{
	bool is_post = h->verb == VERB_POST;
	struct poll_words w;
	struct session *s;
	struct asked *a;

	*ret_status = 400;
	if (d->closing || !poll_read(h->query, &w) || w.has_at != is_post || (w.end && !is_post))
		return NULL;
	s = find(d, w.id);
	*ret_status = 404;
	if (!s && (!is_post || w.at != 0 || w.end))
		return NULL;
	*ret_status = 503;
	if (!s && !(s = begin(d, w.id)))
		return NULL;
	*ret_status = 409;
	if (!acknowledge(s, &w, is_post))
		return NULL;
	*ret_status = 503;
	a = mem_new(sizeof *a);
	if (!a)
		return NULL;
	*a = (struct asked){ { &exchange_ops, NULL }, s, d->at, w, is_post };
	answer_status(is_post ? s->up : s->down, is_post ? 409 : 200);
	*(is_post ? &s->up : &s->down) = a;
	wait_for(s, s->down ? POLL_HOLD_MS : POLL_IDLE_MS);
	return &a->exchange;
}
