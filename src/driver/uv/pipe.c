/* pipe.c - pipes between channels and the engine: what a channel brings goes through the
 * filters to leno_engine_take(), what leno_engine_make() gives goes back.
 * Owns channel and filters; numbers the pipe for the engine.
 *
 *   ENTERING --the filters are ready--> OPEN --pipe_finish (the engine closes)--> FINISHING
 *      |                                 |                                           |
 *      |                                 |                LINGERING <--all written---+
 *      +--filters fail, last words said--+------------------> |                      |
 *      +---> gone <--the peer ends, an error, patience is over--+--------------------+
 *
 *  1. make() is asked only when all it made before has been written.
 *  2. What the channel did not take is kept, in order, and nothing overtakes it.
 *  3. A pipe's number is free again only when the engine knows that it is gone.
 *  4. Who was refused bytes asks for fewer next time: what the kernel does not take grows
 *     old here, sealed, where the engine can neither mark nor overtake it.
 *  5. The engine hears of a pipe when its filters are ready. A crowd that never gets there
 *     keeps nobody out: the oldest of those who came gives way; and of those whom filters
 *     serve pages, who took nothing for longest. Nor does a crowd that was refused: of those
 *     that linger the oldest goes at once when there are more than LINGERING_MAX. */
#include "base/mem.h"
#include "driver/uv/uv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void release_number(struct pipe *p)
{
	struct driver *d = p->driver;

	if (table_get(&d->pipes, p->number) == p)
		table_remove(&d->pipes, p->number);
	p->number = LENO_PIPES_MAX;
}

/* Frees it; the engine knows already, or never did. */
static void pipe_free(struct pipe *p)
{
	struct driver *d = p->driver;
	bool to_leader = p->to_leader && p->state == PIPE_OPEN;

	d->n_entering -= entering_counts(p);
	d->n_lingering -= p->state == PIPE_LINGERING;
	release_number(p);
	list_remove(&p->dirty);
	list_remove(&p->ending);
	filter_free(p->filter);
	p->channel->pipe = NULL;
	p->channel->ops->free(p->channel);
	mem_free(p->left);
	mem_free(p);
	if (to_leader)
		local_lost(d, false);
}

/* What was made is thrown away, so that the engine is rid of the pipe. */
static void discard_made(struct pipe *p)
{
	struct driver *d = p->driver;

	while (leno_engine_make(d->node, p->number, d->write_buffer, WRITE_SIZE) > 0)
		;
}

/* Filters do not see it: what does not speak as it should answers nothing they could read. */
static const char hung_up[] =
	"it hung up before its handshake was done: it may not speak what its address says";

/* Tells the engine that a pipe of which it knew this is no more. */
static void tell_gone(struct driver *d, enum pipe_state state, leno_pipe number, uint32_t dial,
                      int error)
{
	if (d->closing)
		return;
	if (state == PIPE_OPEN) {
		leno_engine_closed(d->node, number, error);
	} else if (state == PIPE_ENTERING && dial) {
		loop_time(d);
		if (!d->closing)
			leno_engine_dial_failed(d->node, dial, error);
	}
}

static void tell_refused(struct pipe *p, int error, const char *why)
{
	struct driver *d = p->driver;

	p->told = true;
	loop_time(d);
	if (!d->closing)
		leno_engine_refused(d->node, p->uri, error, why);
}

void pipe_gone(struct pipe *p, int error)
{
	struct driver *d = p->driver;
	leno_pipe number = p->number;
	enum pipe_state state = p->state;
	uint32_t dial = p->dial;

	if (state == PIPE_ENTERING && dial && !p->told && !d->closing &&
	    (error == LENO_OK || error == LENO_CLOSED))
		tell_refused(p, LENO_CLOSED, hung_up);
	if (p->told && state == PIPE_ENTERING)
		error = LENO_OK;
	if (state == PIPE_FINISHING)
		discard_made(p);
	pipe_free(p);
	tell_gone(d, state, number, dial, error);
}

/* The one that has lingered longest has no more to say, and has had its time to hear it. */
static void linger_less(struct driver *d)
{
	list_each (it, after, &d->ending) {
		struct pipe *p = list_item(it, struct pipe, ending);

		if (p->state != PIPE_LINGERING)
			continue;
		pipe_free(p);
		return;
	}
}

/* It ends, and all that it had to say is written. Closing a socket that holds unread bytes
 * resets it, and the last words may be lost: so our side ends, and the other's is awaited. */
static void linger(struct pipe *p, int error)
{
	struct driver *d = p->driver;
	leno_pipe number = p->number;
	enum pipe_state state = p->state;

	d->n_entering -= entering_counts(p);
	if (state == PIPE_FINISHING) {
		discard_made(p);
	} else {
		p->end_ms = uv_now(&d->loop) + LINGER_MS;
		list_append(&d->ending, &p->ending); /* all wait equally long: in order */
		if (!uv_is_active((uv_handle_t *)&d->end))
			uv_timer_start(&d->end, pipe_patience, LINGER_MS, 0);
	}
	if (d->n_lingering >= LINGERING_MAX)
		linger_less(d);
	d->n_lingering++;
	p->state = PIPE_LINGERING;
	list_remove(&p->dirty);
	release_number(p);
	p->channel->ops->end(p->channel);
	tell_gone(d, state, number, p->dial, state == PIPE_ENTERING && p->told ? LENO_OK : error);
}

static void enqueue(struct pipe *p)
{
	list_append(&p->driver->dirty, &p->dirty);
}

/* ---- beginning -------------------------------------------------------------- */

static leno_pipe take_number(struct driver *d)
{
	for (leno_pipe i = 0; i < LENO_PIPES_MAX; i++) {
		leno_pipe pipe = (d->cursor + i) % LENO_PIPES_MAX;

		if (table_get(&d->pipes, pipe))
			continue;
		d->cursor = (pipe + 1) % LENO_PIPES_MAX;
		return pipe;
	}
	return LENO_PIPES_MAX;
}

/* The engine hears of it. */
static int enter(struct pipe *p)
{
	struct driver *d = p->driver;
	leno_pipe number = take_number(d);
	int error = number < LENO_PIPES_MAX ? table_put(&d->pipes, number, p) : LENO_LIMIT;

	if (error == LENO_OK) {
		loop_time(d);
		error = d->closing ? LENO_CLOSED
		                   : leno_engine_opened(d->node, number,
		                                        filter_class(p->filter, p->class), p->dial,
		                                        p->uri);
		if (error < 0)
			table_remove(&d->pipes, number);
	}
	if (error < 0)
		return error;
	p->number = number;
	if (p->state == PIPE_ENTERING) {
		d->n_entering -= entering_counts(p);
		list_remove(&p->ending);
	}
	p->state = PIPE_OPEN;
	return LENO_OK;
}

int pipe_open(struct driver *d, struct channel *c, const struct pipe_setup *setup,
              struct pipe **ret)
{
	struct pipe *p = mem_new(sizeof *p);
	int error = LENO_OK;

	if (!p) {
		filter_free(setup->filter);
		c->ops->free(c);
		return LENO_MEMORY;
	}
	p->driver = d;
	p->channel = c;
	c->pipe = p;
	p->filter = setup->filter;
	p->class = setup->class;
	p->dial = setup->dial;
	snprintf(p->uri, sizeof p->uri, "%s", setup->uri);
	p->batch = WRITE_SIZE;
	p->number = LENO_PIPES_MAX;
	list_init(&p->dirty);
	list_init(&p->ending);
	if (p->filter) {
		entering_begin(p);
		enqueue(p);              /* a filter that dials speaks first */
	} else {
		error = enter(p);
	}
	if (error < 0) {
		pipe_free(p);
		return error;
	}
	if (p->dial)
		awake_dialled(p);
	if (ret)
		*ret = p;
	return LENO_OK;
}

/* ---- what comes -------------------------------------------------------------- */

static void take_plain(void *user, uint8_t *data, size_t size)
{
	struct pipe *p = user;
	struct driver *d = p->driver;

	if (p->state == PIPE_ENTERING && p->error == LENO_OK)
		p->error = enter(p);
	if (p->state != PIPE_OPEN || d->closing)
		return;
	loop_time(d);
	usage_moved(p, size);
	if (!d->closing)
		leno_engine_take(d->node, p->number, data, size);
}

/* A filter has given up: what it still says leaves, if it goes at once. */
static void filter_failed(struct pipe *p, int error)
{
	bool said = p->left_from == p->left_to;
	struct span words;

	if (error != LENO_CLOSED)
		tell_refused(p, error, filter_why(p->filter));
	if (p->driver->closing)
		return;
	while (said && (words = filter_say(p->filter)).size > 0)
		said = p->channel->ops->write(p->channel, words.data, words.size) ==
		       (ssize_t)words.size;
	if (said)
		linger(p, error == LENO_CLOSED ? LENO_OK : error);
	else
		pipe_gone(p, error == LENO_CLOSED ? LENO_OK : error);
}

void pipe_take(struct pipe *p, uint8_t *data, size_t size)
{
	struct driver *d = p->driver;
	int error;

	awake_heard(p);
	if (!p->filter) {
		take_plain(p, data, size);
		return;
	}
	if (p->state == PIPE_LINGERING)
		return;
	d->at = p;
	error = filter_take(p->filter, data, size, take_plain, p);
	if (d->closing)
		return;
	if (error == LENO_OK && p->error == LENO_OK && p->state == PIPE_ENTERING &&
	    filter_ready(p->filter))
		p->error = enter(p);
	if (d->closing)
		return;
	if (error < 0)
		filter_failed(p, error);
	else if (p->error < 0)
		pipe_gone(p, p->error);
	else
		pipe_dirty(p);           /* it may have to say something */
}

/* ---- what goes --------------------------------------------------------------- */

static void await(struct pipe *p, bool blocked)
{
	if (p->blocked == blocked)
		return;
	p->blocked = blocked;
	p->channel->ops->await(p->channel, blocked);
}

/* A blocked one is served when the channel has room: asking before costs a system call. */
void pipe_dirty(struct pipe *p)
{
	if (!p->blocked)
		enqueue(p);
}

void pipe_room(struct pipe *p)
{
	enqueue(p);
}

/* Keeps what the channel did not take. The room stays while the pipe is congested: one that
 * is full once is full often. When all is written it is given back: many pipes are idle. */
static bool keep_rest(struct pipe *p, const uint8_t *data, size_t size)
{
	if (p->left_capacity < size) {
		p->left = mem_free(p->left);
		p->left_capacity = 0;
		p->left = mem_take(size);
		if (!p->left)
			return false;
		p->left_capacity = size;
	}
	memcpy(p->left, data, size);
	p->left_from = 0;
	p->left_to = size;
	return true;
}

enum flushed { FLUSH_EMPTY, FLUSH_MORE, FLUSH_FULL, FLUSH_BROKEN, FLUSH_NO_MEMORY };

static enum flushed flush_left(struct pipe *p)
{
	ssize_t n;

	if (p->left_from == p->left_to)
		return FLUSH_MORE;
	n = p->channel->ops->write(p->channel, p->left + p->left_from, p->left_to - p->left_from);
	if (n < 0)
		return FLUSH_BROKEN;
	p->left_from += (size_t)n;
	return p->left_from < p->left_to ? FLUSH_FULL : FLUSH_MORE;
}

static enum flushed write_span(struct pipe *p, struct span s)
{
	ssize_t n = p->channel->ops->write(p->channel, s.data, s.size);

	if (n < 0)
		return FLUSH_BROKEN;
	if ((size_t)n == s.size)
		return FLUSH_MORE;
	return keep_rest(p, s.data + n, s.size - (size_t)n) ? FLUSH_FULL : FLUSH_NO_MEMORY;
}

/* Who is served a page may stay for as long as he takes the pieces. */
static enum flushed flush_said(struct pipe *p)
{
	enum flushed what = FLUSH_MORE;

	for (int i = 0; i < WRITES_PER_TURN && what == FLUSH_MORE; i++) {
		struct span words;

		p->driver->at = p;
		words = filter_say(p->filter);
		if (words.size == 0)
			return FLUSH_EMPTY;
		if (p->state == PIPE_ENTERING && filter_serves(p->filter) && !p->waits)
			entering_await(p);
		what = write_span(p, words);
	}
	return what;
}

static enum flushed flush_made(struct pipe *p)
{
	struct driver *d = p->driver;
	struct span s = { d->write_buffer + FILTER_HEAD, 0 };
	size_t room = p->channel->ops->room ? p->channel->ops->room(p->channel) : p->batch;
	enum flushed what;

	if (room == 0)
		return FLUSH_FULL;
	if (p->number < LENO_PIPES_MAX)
		s.size = leno_engine_make(d->node, p->number, s.data,
		                          room < p->batch ? room : p->batch);
	if (s.size == 0)
		return FLUSH_EMPTY;
	usage_moved(p, s.size);
	awake_said(p);
	if (s.size >= p->batch / 2 && p->batch < WRITE_SIZE)
		p->batch *= 2;
	s = filter_wrap(p->filter, s);
	what = s.size > 0 ? write_span(p, s) : FLUSH_NO_MEMORY;
	if (what == FLUSH_FULL)
		p->batch = BATCH_MIN;
	return what;
}

static enum flushed write_out(struct pipe *p)
{
	enum flushed what = flush_left(p);

	if (what == FLUSH_MORE && p->filter) {
		what = flush_said(p);
		if (what != FLUSH_EMPTY)
			return what;
		what = FLUSH_MORE;
	}
	for (int i = 0; i < WRITES_PER_TURN && what == FLUSH_MORE; i++)
		what = flush_made(p);
	if (what == FLUSH_EMPTY && p->state == PIPE_FINISHING && !p->said_end) {
		p->said_end = true;
		filter_finish(p->filter);
		return flush_said(p);
	}
	return what;
}

/* The engine has no more for this pipe. */
static void all_written(struct pipe *p)
{
	await(p, false);
	p->left = mem_free(p->left);
	p->left_from = p->left_to = p->left_capacity = 0;
	if (p->state == PIPE_FINISHING)
		linger(p, LENO_OK);
}

/* All is said for now. What that was may have been the end of it, or of the handshakes. */
static void all_said(struct pipe *p)
{
	int error = filter_ending(p->filter);

	if (p->state != PIPE_ENTERING && p->state != PIPE_OPEN)
		return;
	if (error != LENO_OK) {
		if (error != LENO_CLOSED)
			tell_refused(p, error, filter_why(p->filter));
		if (!p->driver->closing)
			linger(p, error == LENO_CLOSED ? LENO_OK : error);
	} else if (p->state == PIPE_ENTERING && filter_ready(p->filter)) {
		error = enter(p);
		if (error < 0)
			pipe_gone(p, error);
		else
			enqueue(p);      /* the engine has something for it, perhaps */
	}
}

/* It is broken; but the peer's last bytes may lie before the error: its goodbye. */
void pipe_broken(struct pipe *p, int error)
{
	struct channel *c = p->channel;

	c->ops->look(c);
	if (c->pipe && !p->driver->closing)
		pipe_gone(p, error);
}

static void pipe_flush(struct pipe *p)
{
	list_remove(&p->dirty);
	if (p->state == PIPE_LINGERING)
		return;
	entering_see(p);
	switch (write_out(p)) {
	case FLUSH_EMPTY:
		all_written(p);
		all_said(p);
		break;
	case FLUSH_MORE: enqueue(p); break; /* others first */
	case FLUSH_FULL: await(p, true); break;
	case FLUSH_BROKEN: pipe_broken(p, LENO_CLOSED); break;
	case FLUSH_NO_MEMORY: pipe_broken(p, LENO_MEMORY); break;
	}
}

void pipe_flush_all(struct driver *d)
{
	struct list now;

	if (list_empty(&d->dirty))
		return;
	/* A list of its own: a pipe that wants another turn gets it in the next one. */
	now = d->dirty;
	now.next->prev = now.prev->next = &now;
	list_init(&d->dirty);
	while (!list_empty(&now))
		pipe_flush(list_item(now.next, struct pipe, dirty));
}

/* ---- ending ----------------------------------------------------------------- */

/* Ends those of the list whose time has come, and waits for the next one. */
static void end_due(struct driver *d, struct list *all, uv_timer_t *timer, uv_timer_cb again,
                    int error)
{
	while (!list_empty(all) && !d->closing) {
		struct pipe *p = list_item(all->next, struct pipe, ending);

		if (p->end_ms > uv_now(&d->loop)) {
			uv_timer_start(timer, again, p->end_ms - uv_now(&d->loop), 0);
			return;
		}
		pipe_gone(p, error);
	}
}

void pipe_patience(uv_timer_t *timer)
{
	struct driver *d = timer->data;

	end_due(d, &d->ending, timer, pipe_patience, LENO_OK);
}

void pipe_impatience(uv_timer_t *timer)
{
	struct driver *d = timer->data;

	end_due(d, &d->entering, timer, pipe_impatience, LENO_TIMEOUT);
}

void pipe_finish(struct pipe *p)
{
	struct driver *d = p->driver;

	if (p->state != PIPE_OPEN)
		return;
	p->state = PIPE_FINISHING;
	p->end_ms = uv_now(&d->loop) + LINGER_MS;
	list_append(&d->ending, &p->ending); /* all wait equally long: in order */
	if (!uv_is_active((uv_handle_t *)&d->end))
		uv_timer_start(&d->end, pipe_patience, LINGER_MS, 0);
	pipe_dirty(p);
	if (p->to_leader) {
		p->to_leader = false;
		local_lost(d, true);
	}
}

void pipe_clear(struct driver *d)
{
	for (size_t i = 0; i < d->pipes.room; i++) {
		struct pipe *p = d->pipes.at[i];

		if (!p)
			continue;
		p->to_leader = false;
		p->state = PIPE_FINISHING;
		write_out(p);
		p->channel->ops->end(p->channel);
		pipe_free(p);
	}
	while (!list_empty(&d->ending))
		pipe_free(list_item(d->ending.next, struct pipe, ending));
	while (!list_empty(&d->waiting)) {
		struct pipe *p = list_item(d->waiting.next, struct pipe, ending);

		write_out(p);
		p->channel->ops->end(p->channel);
		pipe_free(p);
	}
	while (!list_empty(&d->entering))
		pipe_free(list_item(d->entering.next, struct pipe, ending));
}
