/* entering.c - pipes whose filters shake hands, or serve pages to who wants no pipe: how many of
 * those that came to us there are, and how long each may take.
 *
 *  1. d->entering is in the order in which patience ends. When they are ENTERING_MAX, one gives way
 *     to a newcomer: the first who came to us and is between two requests, else the first.
 *  2. Those whose filters wait (for the next bytes of a session, see poll.h) are in d->waiting:
 *     uncounted, and without an end here. Whoever they wait for bounds both. */
#include "driver/uv/uv.h"

bool entering_counts(const struct pipe *p)
{
	return p->state == PIPE_ENTERING && !p->dial && !p->waits;
}

static void make_room(struct driver *d)
{
	struct pipe *first = NULL;

	list_each (it, after, &d->entering) {
		struct pipe *p = list_item(it, struct pipe, ending);

		if (p->dial)
			continue;
		if (!first || filter_idle(p->filter))
			first = p;
		if (filter_idle(p->filter))
			break;
	}
	if (first)
		pipe_gone(first, LENO_BUSY);
}

/* Behind all others: they wait equally long, and so in order. */
void entering_await(struct pipe *p)
{
	struct driver *d = p->driver;

	p->end_ms = uv_now(&d->loop) + ENTER_MS;
	list_append(&d->entering, &p->ending);
	if (!uv_is_active((uv_handle_t *)&d->enter))
		uv_timer_start(&d->enter, pipe_impatience, ENTER_MS, 0);
}

void entering_begin(struct pipe *p)
{
	struct driver *d = p->driver;

	p->waits = filter_waits(p->filter);
	if (!p->dial && !p->waits && d->n_entering >= ENTERING_MAX)
		make_room(d);
	p->state = PIPE_ENTERING;
	d->n_entering += entering_counts(p);
	if (p->waits)
		list_append(&d->waiting, &p->ending);
	else
		entering_await(p);
}

void entering_see(struct pipe *p)
{
	struct driver *d = p->driver;
	bool waits = filter_waits(p->filter);

	if (p->state != PIPE_ENTERING || p->waits == waits)
		return;
	d->n_entering -= entering_counts(p);
	p->waits = waits;
	d->n_entering += entering_counts(p);
	if (waits)
		list_append(&d->waiting, &p->ending);
	else
		entering_await(p);
}
