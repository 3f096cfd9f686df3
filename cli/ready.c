/* ready.c - readiness by epoll(7), level-triggered: what is not read now is told again
 * after the next step of the node, so that nobody has to drain a descriptor at once.
 *
 *  1. A source may be set, forgotten and its number used anew while others are called:
 *     an event counts only for the serial that it was asked under.
 *  2. Files cannot be polled. They are always ready, as poll(2) has it. */
#include "ready.h"
#include "app.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLERR == POLLERR &&
                       EPOLLHUP == POLLHUP,
               "events are passed on as they are");

static bool ready_need(struct ready *r, int fd)
{
	size_t room = r->room ? r->room : 64;

	if (!r->open) {
		r->fd = epoll_create1(EPOLL_CLOEXEC);
		if (r->fd < 0)
			return false;
		r->open = true;
	}
	while (room <= (size_t)fd)
		room *= 2;
	if (room > r->room) {
		struct source *more = realloc(r->sources, room * sizeof *more);

		if (more == NULL)
			return false;
		memset(more + r->room, 0, (room - r->room) * sizeof *more);
		r->sources = more;
		r->room = room;
	}
	return true;
}

bool ready_set(struct ready *r, int fd, short events, app_source_fn *fn, void *arg)
{
	struct epoll_event e = { .events = (uint32_t)events };
	struct source *s;
	bool known;

	if (!ready_need(r, fd))
		return false;
	s = &r->sources[fd];
	known = s->fn != NULL;
	if (!known)
		s->serial = ++r->serial;
	e.data.u64 = (uint64_t)s->serial << 32 | (uint32_t)fd;
	if (!s->always && epoll_ctl(r->fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e) != 0) {
		if (errno != EPERM)
			return false;
		s->always = true;
		r->n_always++;
	}
	s->fn = fn;
	s->arg = arg;
	s->events = events;
	return true;
}

void ready_forget(struct ready *r, int fd)
{
	struct source *s;

	if (fd < 0 || (size_t)fd >= r->room || r->sources[fd].fn == NULL)
		return;
	s = &r->sources[fd];
	if (s->always)
		r->n_always--;
	else
		epoll_ctl(r->fd, EPOLL_CTL_DEL, fd, NULL);
	*s = (struct source){ 0 };
}

static void run_files(struct ready *r, struct app *app)
{
	for (size_t i = 0; i < r->room && r->n_always > 0 && !app->done; i++) {
		const struct source *s = &r->sources[i];

		if (s->fn != NULL && s->always && s->events != 0)
			s->fn(app, s->events, s->arg);
	}
}

void ready_run(struct ready *r, struct app *app)
{
	struct epoll_event events[READY_TURN];
	int n = r->open ? epoll_wait(r->fd, events, READY_TURN, 0) : 0;

	for (int i = 0; i < n && !app->done; i++) {
		size_t fd = (uint32_t)events[i].data.u64;
		const struct source *s = &r->sources[fd];

		if (s->fn != NULL && s->serial == events[i].data.u64 >> 32)
			s->fn(app, (short)events[i].events, s->arg);
	}
	run_files(r, app);
}

void ready_close(struct ready *r)
{
	if (r->open)
		close(r->fd);
	free(r->sources);
	*r = (struct ready){ 0 };
}
