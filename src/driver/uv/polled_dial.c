/* polled_dial.c - a pipe out of requests that we make: a channel, and two connections (legs) with
 * filters of http_ask.h, one for POSTs, one for the GET that is held. Owns the legs' pipes, which
 * the engine never hears of.
 *
 *   the first POST is answered --> a GET is always asked --Leno-End, or we have ended--> gone
 *
 *  1. A request that failed is made anew by another connection, from what the other side has
 *     said to have: first at once, then later and later; POLL_RETRIES times, then it is over.
 *  2. All that goes wrong goes through the timer, so that nothing is freed that is at work. */
#include "base/mem.h"
#include "driver/uv/polled.h"
#include "driver/uv/secret.h"
#include "driver/uv/secure.h"
#include "driver/uv/web.h"
#include "transport/http_ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct polled;

struct leg {
	struct polled *owner;
	struct filter *ask;           /* NULL: no connection                         */
	struct pipe *pipe;
	bool asking;
	bool good;                    /* the answer is one of ours                   */
	unsigned tries;               /* that failed, in a row                       */
	uint64_t due_ms;              /* asking: the answer; else the next try; 0: none */
};

struct polled {
	struct channel channel;
	struct driver *driver;
	struct address address;
	struct sockaddr_storage to;
	socklen_t to_size;
	struct poll_words words;      /* of requests: the session                    */
	uint64_t serial;
	struct poll poll;
	struct leg up, down;
	uv_timer_t timer;
	bool met;                     /* the other side knows the session            */
	bool blocked;
	bool ended, end_asked;        /* nothing more is written; and that was said  */
	bool heard_end, over;         /* over: all that was said before it came      */
	uint64_t at;                  /* of the held answer's next byte              */
	char host[WEB_HOST_MAX];
};

static struct polled *of(struct channel *c)
{
	return list_item(c, struct polled, channel);
}

static void on_timer(uv_timer_t *timer);
static void ask_up(struct polled *);
static void ask_down(struct polled *);

/* ---- time ---------------------------------------------------------------------------- */

static void rearm(struct polled *s)
{
	uint64_t now = uv_now(&s->driver->loop), due = UINT64_MAX;

	if (s->up.due_ms)
		due = s->up.due_ms;
	if (s->down.due_ms && s->down.due_ms < due)
		due = s->down.due_ms;
	if (due == UINT64_MAX)
		uv_timer_stop(&s->timer);
	else
		uv_timer_start(&s->timer, on_timer, due > now ? due - now : 0, 0);
}

static void due_in(struct leg *leg, uint64_t ms)
{
	leg->due_ms = uv_now(&leg->owner->driver->loop) + ms;
	rearm(leg->owner);
}

/* What it asked is not answered: again, after a while. */
static void failed(struct leg *leg)
{
	leg->asking = leg->good = false;
	due_in(leg, leg->tries ? (uint64_t)POLL_RETRY_MS << leg->tries : 0);
	leg->tries++;
}

static void succeeded(struct leg *leg)
{
	leg->asking = leg->good = false;
	leg->tries = 0;
	leg->due_ms = 0;
	rearm(leg->owner);
}

/* ---- answers -------------------------------------------------------------------------- */

/* It is over, and why; `s` is gone after it. */
static void refuse(struct polled *s, int error, const char *why)
{
	struct driver *d = s->driver;

	loop_time(d);
	if (!d->closing)
		leno_engine_refused(d->node, s->channel.pipe->uri, error, why);
	if (!d->closing)
		pipe_gone(s->channel.pipe, error);
}

/* Of an answer that is no 200; whether it may be another one the next time. */
static bool is_passing(unsigned status)
{
	return status == 408 || status == 409 || status == 429 || status >= 500;
}

static void refused(struct leg *leg, const struct http_head *h)
{
	char why[80];

	snprintf(why, sizeof why, "it answers %u %s", h->status, http_words(h->status));
	refuse(leg->owner, leg->owner->met ? LENO_CLOSED : LENO_REFUSED, why);
}

static bool number_of(const struct http_head *h, const char *field, uint64_t *ret)
{
	struct bytes b = http_head_field(h, field);

	return b.data && poll_number(b, ret);
}

static void on_head(void *user, const struct http_head *h)
{
	struct leg *leg = user;
	struct polled *s = leg->owner;
	uint64_t got, at;

	if (h->status != 200 && is_passing(h->status))
		return;
	if (h->status != 200) {
		refused(leg, h);
		return;
	}
	if (!number_of(h, "Leno-Got", &got) || !number_of(h, "Leno-At", &at) ||
	    got > s->poll.base + s->poll.size) {
		refuse(s, LENO_PROTOCOL, "it answers HTTP, but is no node");
		return;
	}
	if (got >= s->poll.base)
		poll_has(&s->poll, got);
	s->heard_end |= http_head_field(h, "Leno-End").data != NULL;
	s->met = leg->good = true;
	if (leg == &s->down)
		s->at = at;
	if (s->blocked)
		pipe_room(s->channel.pipe);
}

static void on_body(void *user, uint8_t *data, size_t size)
{
	struct leg *leg = user;
	struct polled *s = leg->owner;
	struct bytes fresh;

	if (leg != &s->down || !leg->good)
		return;
	due_in(leg, POLL_ANSWER_MS);
	if (!poll_take(&s->poll, s->at, bytes_of(data, size), &fresh)) {
		refuse(s, LENO_PROTOCOL, "it leaves bytes out");
		return;
	}
	s->at += size;
	if (fresh.size > 0)
		pipe_take(s->channel.pipe, data + (size - fresh.size), fresh.size);
}

static void on_whole(void *user, bool last)
{
	struct leg *leg = user;
	struct polled *s = leg->owner;

	if (last) {
		leg->ask = NULL;
		leg->pipe = NULL;
	}
	if (s->driver->closing)
		return;
	if (!leg->good) {
		if (leg->asking)
			failed(leg);
		return;
	}
	succeeded(leg);
	if (s->heard_end || (leg == &s->up && s->end_asked)) {
		s->over = true;
		due_in(leg, 0);        /* not from within its filter */
	} else {
		ask_up(s);
		ask_down(s);
	}
}

static void on_gone(void *user)
{
	struct leg *leg = user;

	leg->ask = NULL;
	leg->pipe = NULL;
	if (leg->asking && !leg->owner->driver->closing)
		failed(leg);
}

static const struct http_ask_ops ask_ops = { on_head, on_body, on_whole, on_gone };

/* ---- connections ----------------------------------------------------------------------- */

static int connected(const struct polled *s)
{
	int fd = socket(s->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	tcp_tune(fd);
	if (connect(fd, (const struct sockaddr *)&s->to, s->to_size) == 0 || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

/* Takes fd; -1: there is none yet. */
static bool leg_open(struct leg *leg, int fd)
{
	struct polled *s = leg->owner;
	struct pipe_setup setup = { door_class(s->address.kind), 0, s->channel.pipe->uri, NULL };

	if (fd < 0 && (fd = connected(s)) < 0)
		return false;
	leg->ask = http_ask_new(&ask_ops, leg);
	setup.filter = leg->ask;
	if (leg->ask && s->address.kind == ADDRESS_HTTPS &&
	    secure_filter(s->driver, &s->address, TLS_HTTP, &setup.filter) < 0) {
		filter_free(leg->ask); /* which tells that it is gone */
		setup.filter = NULL;
	}
	if (!setup.filter) {
		close(fd);
		return false;
	}
	if (setup.filter != leg->ask)
		setup.filter->inner = leg->ask;
	if (s->address.kind == ADDRESS_HTTPS && door_by_proxy(s->driver, ADDRESS_HTTPS) &&
	    !(setup.filter = door_tunnel(&s->address, setup.filter))) {
		close(fd);
		return false;
	}
	return socket_pipe(s->driver, fd, &setup, &leg->pipe) == LENO_OK;
}

/* The head of a request, which says where we are. */
static void write_head(struct polled *s, bool is_post, bool end, size_t size,
                       char ret[HTTP_URL_MAX])
{
	/* A proxy is told all of the URL. */
	bool whole = s->address.kind == ADDRESS_HTTP && door_by_proxy(s->driver, ADDRESS_HTTP);
	char query[POLL_QUERY_MAX], body[96] = "Cache-Control: no-store\r\n";

	s->words.has_at = is_post;
	s->words.at = s->poll.base;
	s->words.got = s->poll.got;
	s->words.end = end;
	poll_write(query, &s->words, ++s->serial);
	if (is_post)
		snprintf(body, sizeof body,
		         "Content-Type: application/octet-stream\r\nContent-Length: %zu\r\n", size);
	snprintf(ret, HTTP_URL_MAX,
	         "%s %s%s%s?%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: leno/" LENO_VERSION "\r\n%s\r\n",
	         is_post ? "POST" : "GET", whole ? "http://" : "", whole ? s->host : "",
	         s->address.path, query, s->host, body);
}

static void ask(struct leg *leg, bool is_post, struct bytes body)
{
	struct polled *s = leg->owner;
	char head[HTTP_URL_MAX];

	leg->asking = true;
	due_in(leg, POLL_ANSWER_MS + (is_post ? 0 : POLL_HOLD_MS));
	write_head(s, is_post, is_post && s->end_asked, body.size, head);
	if ((leg->ask || leg_open(leg, -1)) && leg->ask && http_ask_say(leg->ask, head, body))
		pipe_dirty(leg->pipe);
	else if (leg->asking)
		failed(leg);
}

/* The node closes: all that is not known to have come is said once more, behind what is
 * under way, and that this was all. */
static void say_last(struct polled *s)
{
	struct bytes rest = poll_rest(&s->poll, s->poll.base, POLL_WINDOW);
	char head[HTTP_URL_MAX];

	write_head(s, true, true, rest.size, head);
	if (s->up.ask)
		http_ask_last(s->up.ask, head, rest);
}

/* ---- requests ----------------------------------------------------------------------------- */

static void ask_up(struct polled *s)
{
	/* Ever less at a time, where connections do not live as long as a request. */
	size_t most = s->up.tries < 6 ? POLL_BODY_MAX >> s->up.tries : POLL_BODY_MAX >> 6;
	struct bytes rest = poll_rest(&s->poll, s->poll.base, most);
	bool end = s->ended && s->met && s->poll.size == 0;

	if (s->up.asking || s->up.due_ms || (rest.size == 0 && !end))
		return;
	s->end_asked = end;
	ask(&s->up, true, rest);
}

static void ask_down(struct polled *s)
{
	if (s->met && !s->down.asking && !s->down.due_ms)
		ask(&s->down, false, bytes_of(NULL, 0));
}

/* What a leg had to do at this time. */
static void leg_due(struct leg *leg)
{
	struct polled *s = leg->owner;

	leg->due_ms = 0;
	if (leg->asking && leg->pipe) {
		pipe_gone(leg->pipe, LENO_TIMEOUT);      /* on_gone() */
	} else if (leg->tries > POLL_RETRIES) {
		refuse(s, LENO_TIMEOUT, "its requests are not answered");
	} else if (leg == &s->up) {
		ask_up(s);
	} else {
		ask_down(s);
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct polled *s = timer->data;
	uint64_t now = uv_now(&s->driver->loop);
	struct leg *due = s->up.due_ms && s->up.due_ms <= now     ? &s->up
	                  : s->down.due_ms && s->down.due_ms <= now ? &s->down
	                                                            : NULL;

	if (s->driver->closing)
		return;
	if (s->over) {
		pipe_gone(s->channel.pipe, LENO_OK);
		return;
	}
	if (due) {
		/* It may be the end of all: then the timer is closing. */
		leg_due(due);
		if (uv_is_closing((uv_handle_t *)timer))
			return;
	}
	rearm(s);
}

/* ---- the channel ---------------------------------------------------------------------------- */

static ssize_t write_some(struct channel *c, const uint8_t *data, size_t size)
{
	struct polled *s = of(c);
	size_t n = poll_put(&s->poll, data, size);

	if (n == 0 && s->poll.size == 0 && size > 0)
		return -1; /* no memory */
	ask_up(s);
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
	struct polled *s = of(c);

	s->ended = true;
	if (s->driver->closing)
		say_last(s);
	else
		ask_up(s);
}

static void leg_release(struct leg *leg)
{
	if (!leg->ask)
		return;
	http_ask_forget(leg->ask);
	pipe_dirty(leg->pipe);
}

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void release(struct channel *c)
{
	struct polled *s = of(c);

	leg_release(&s->up);
	leg_release(&s->down);
	poll_clear(&s->poll);
	uv_close((uv_handle_t *)&s->timer, on_closed);
}

static const struct channel_ops ops = { write_some, await, look, end, release };

int polled_pipe(struct driver *d, int fd, const struct address *a, const struct pipe_setup *setup)
{
	struct polled *s = mem_new(sizeof *s);
	int error = s ? LENO_OK : LENO_MEMORY;

	if (s && !secret_random(s->words.id, POLL_ID))
		error = LENO_SYSTEM;
	if (error == LENO_OK) {
		s->to_size = sizeof s->to;
		if (getpeername(fd, (struct sockaddr *)&s->to, &s->to_size) < 0)
			error = LENO_CLOSED;
	}
	if (error < 0) {
		close(fd);
		mem_free(s);
		return error;
	}
	s->channel.ops = &ops;
	s->driver = d;
	s->address = *a;
	s->up.owner = s->down.owner = s;
	web_host(a, s->host);
	uv_timer_init(&d->loop, &s->timer);
	s->timer.data = s;
	error = pipe_open(d, &s->channel, setup, NULL);
	if (error < 0)
		close(fd);
	else
		leg_open(&s->up, fd);
	return error;
}
