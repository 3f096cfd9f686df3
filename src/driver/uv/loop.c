/* loop.c - turns: what libuv found is given to the engine, what the engine wants is
 * done, and the next deadline is set.
 *
 * libuv runs timers, then `before_sleep`, then waits and reads, then `after_poll`;
 * both hooks take a turn, so that whatever an input caused leaves before the next
 * sleep, once for each pipe, however many inputs there were.
 *
 *  1. The engine's deadline is one libuv timer, set anew only when it changes.
 *  2. An idle node wakes for nothing but that. */
#include "driver/uv/storage.h"
#include "driver/uv/uv.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LOOP_DESCRIPTORS = 7 }; /* a loop has six */

static uint64_t now_us(void)
{
	return uv_hrtime() / 1000;
}

void loop_log(struct driver *d, enum leno_log_level level, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	leno_engine_log(d->node, level, line);
}

/* The wall clock may be set meanwhile: so it is told as often as the other, and read with it, since
 * what the engine calls takes its time. */
void loop_time(struct driver *d)
{
	uint64_t now = now_us();
	struct timespec wall;
	bool told = clock_gettime(CLOCK_REALTIME, &wall) == 0;

	leno_engine_time(d->node, now);
	if (told)
		leno_engine_wall(d->node, (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000);
	usage_tell(d, now);
}

/* Takes the engine's outputs; gives no input, so that it may run at any time. Whether
 * there were any. A lost dial must be told before the next one is taken. */
static bool collect(struct driver *d)
{
	bool any = false;
	leno_out out;

	while (!d->lost.number && leno_engine_next(d->node, &out)) {
		struct pipe *p = table_get(&d->pipes, out.pipe);

		any = true;
		switch (out.kind) {
		case LENO_OUT_WRITE:
			if (p)
				pipe_dirty(p);
			break;
		case LENO_OUT_CLOSE:
			if (p)
				pipe_finish(p);
			break;
		case LENO_OUT_DIAL: dial_start(d, &out); break;
		}
	}
	return any;
}

static void on_deadline(uv_timer_t *timer)
{
	struct driver *d = timer->data;

	d->armed_ms = NEVER_MS;
	if (d->closing)
		return;
	loop_time(d);
	shared_turn(d);
}

/* libuv's clock is uv_hrtime() in whole milliseconds: rounding up is exact enough,
 * and never early. */
static void arm(struct driver *d, bool at_once)
{
	uint64_t due_us = leno_engine_deadline(d->node), due_ms, now = uv_now(&d->loop);

	if (at_once || !list_empty(&d->dirty) || !list_empty(&d->rings.due) || udp_busy(d) ||
	    d->local.due || d->lost.number)
		due_ms = now;
	else if (due_us == UINT64_MAX)
		due_ms = NEVER_MS;
	else
		due_ms = due_us / 1000 + (due_us % 1000 > 0);
	/* Interfaces are looked at in a turn that happens anyway: nothing wakes for them. */
	if ((d->doors_due_ms == 0 || list_empty(&d->listeners)) && d->doors_due_ms < due_ms)
		due_ms = d->doors_due_ms;
	if (due_ms == d->armed_ms)
		return;
	d->armed_ms = due_ms;
	if (due_ms == NEVER_MS)
		uv_timer_stop(&d->deadline);
	else
		uv_timer_start(&d->deadline, on_deadline, due_ms > now ? due_ms - now : 0, 0);
}

/* Flushing gives inputs too (a broken pipe), and they have outputs: so round by round,
 * until there is nothing more, or others must have their turn. */
void loop_turn(struct driver *d)
{
	for (int i = 0; i < ROUNDS_PER_TURN && !d->closing; i++) {
		bool busy = collect(d);
		uint64_t now;

		if (d->lost.number)
			dial_tell_lost(d);
		if (d->local.due) {
			local_turn(d);
			busy = true;
		}
		/* The application may have sent since the last input, and an answer is awaited
		 * from when it leaves. */
		if (!list_empty(&d->dirty))
			loop_time(d);
		storage_commit(d->storage);    /* what is kept is so before anybody hears of it */
		pipe_flush_all(d);
		udp_flush(d);
		now = now_us();
		if (leno_engine_deadline(d->node) <= now) {
			leno_engine_time(d->node, now);
		} else if (!busy && !advertise_turn(d)) {
			arm(d, false);
			return;
		}
	}
	if (d->closing)
		return;
	advertise_turn(d);
	arm(d, true);
}

static void on_prepare(uv_prepare_t *handle)
{
	loop_turn(handle->data);
}

static void on_check(uv_check_t *handle)
{
	loop_turn(handle->data);
}

/* libuv 1.44 aborts, or leaks, when descriptors run out in uv_loop_init(), and so do others:
 * it is asked before whether there are enough. */
bool loop_can_open(const struct driver *d)
{
	int fds[LOOP_DESCRIPTORS], n = 0;
	bool enough;

	while (n < LOOP_DESCRIPTORS && (fds[n] = fcntl(d->spare, F_DUPFD_CLOEXEC, 0)) >= 0)
		n++;
	enough = n == LOOP_DESCRIPTORS;
	while (n > 0)
		close(fds[--n]);
	return enough;
}

int loop_init(struct driver *d)
{
	if (!loop_can_open(d) || uv_loop_init(&d->loop) != 0)
		return LENO_SYSTEM;
	uv_prepare_init(&d->loop, &d->before_sleep);
	uv_check_init(&d->loop, &d->after_poll);
	uv_timer_init(&d->loop, &d->deadline);
	uv_timer_init(&d->loop, &d->end);
	uv_timer_init(&d->loop, &d->enter);
	uv_timer_init(&d->loop, &d->resume);
	awake_init(d);
	d->before_sleep.data = d->after_poll.data = d->deadline.data = d;
	d->end.data = d->enter.data = d->resume.data = d;
	uv_prepare_start(&d->before_sleep, on_prepare);
	uv_check_start(&d->after_poll, on_check);
	d->armed_ms = NEVER_MS;
	list_init(&d->dirty);
	list_init(&d->ending);
	list_init(&d->entering);
	list_init(&d->waiting);
	list_init(&d->sessions);
	list_init(&d->listeners);
	list_init(&d->dials);
	list_init(&d->rings.due);
	return LENO_OK;
}

/* ---- leno.h ----------------------------------------------------------------- */

static int leave(struct driver *d)
{
	d->inside = false;
	if (!d->closing)
		return LENO_OK;
	driver_destroy(d);
	return LENO_CLOSED;
}

int leno_run(leno_node *node)
{
	struct driver *d = driver_of(node);

	if (d->inside)
		return LENO_ARGUMENT;
	d->inside = true;
	while (!atomic_exchange(&d->stop, false) && !d->closing)
		uv_run(&d->loop, UV_RUN_ONCE);
	/* What was sent in the callback that stopped us leaves now, not at the next run. */
	loop_turn(d);
	return leave(d);
}

int leno_step(leno_node *node)
{
	struct driver *d = driver_of(node);

	if (d->inside)
		return LENO_ARGUMENT;
	d->inside = true;
	uv_run(&d->loop, UV_RUN_NOWAIT);
	return leave(d);
}

int leno_fd(leno_node *node)
{
	return uv_backend_fd(&driver_of(node)->loop);
}

leno_ms leno_timeout(leno_node *node)
{
	struct driver *d = driver_of(node);

	if (d->inside)
		return 0;
	/* The application may have sent, outside of any callback, since the last step. */
	collect(d);
	uv_update_time(&d->loop);
	arm(d, false);
	return uv_backend_timeout(&d->loop);
}
