/* watch.c - readiness by epoll(7), level-triggered: what is not read now is told again
 * after the next step of the node, so that nobody has to drain a descriptor at once.
 *
 *  1. A source may be set, forgotten and its number used anew while others are called:
 *     an event counts only for the serial that it was asked under.
 *  2. Files cannot be polled. They are always ready, as poll(2) has it. */
#include "watch.h"
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

static bool watch_ready(struct watch *w, int fd)
{
	size_t room = w->room ? w->room : 64;

	if (!w->open) {
		w->fd = epoll_create1(EPOLL_CLOEXEC);
		if (w->fd < 0)
			return false;
		w->open = true;
	}
	while (room <= (size_t)fd)
		room *= 2;
	if (room > w->room) {
		struct source *more = realloc(w->sources, room * sizeof *more);

		if (more == NULL)
			return false;
		memset(more + w->room, 0, (room - w->room) * sizeof *more);
		w->sources = more;
		w->room = room;
	}
	return true;
}

bool watch_set(struct watch *w, int fd, short events, app_source_fn *fn, void *arg)
{
	struct epoll_event e = { .events = (uint32_t)events };
	struct source *s;
	bool known;

	if (!watch_ready(w, fd))
		return false;
	s = &w->sources[fd];
	known = s->fn != NULL;
	if (!known)
		s->serial = ++w->serial;
	e.data.u64 = (uint64_t)s->serial << 32 | (uint32_t)fd;
	if (!s->always && epoll_ctl(w->fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e) != 0) {
		if (errno != EPERM)
			return false;
		s->always = true;
		w->n_always++;
	}
	s->fn = fn;
	s->arg = arg;
	s->events = events;
	return true;
}

void watch_forget(struct watch *w, int fd)
{
	struct source *s;

	if (fd < 0 || (size_t)fd >= w->room || w->sources[fd].fn == NULL)
		return;
	s = &w->sources[fd];
	if (s->always)
		w->n_always--;
	else
		epoll_ctl(w->fd, EPOLL_CTL_DEL, fd, NULL);
	*s = (struct source){ 0 };
}

static void run_files(struct watch *w, struct app *app)
{
	for (size_t i = 0; i < w->room && w->n_always > 0 && !app->done; i++) {
		const struct source *s = &w->sources[i];

		if (s->fn != NULL && s->always && s->events != 0)
			s->fn(app, s->events, s->arg);
	}
}

void watch_run(struct watch *w, struct app *app)
{
	struct epoll_event ready[WATCH_TURN];
	int n = w->open ? epoll_wait(w->fd, ready, WATCH_TURN, 0) : 0;

	for (int i = 0; i < n && !app->done; i++) {
		size_t fd = (uint32_t)ready[i].data.u64;
		const struct source *s = &w->sources[fd];

		if (s->fn != NULL && s->serial == ready[i].data.u64 >> 32)
			s->fn(app, (short)ready[i].events, s->arg);
	}
	run_files(w, app);
}

void watch_close(struct watch *w)
{
	if (w->open)
		close(w->fd);
	free(w->sources);
	*w = (struct watch){ 0 };
}
