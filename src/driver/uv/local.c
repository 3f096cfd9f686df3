/* local.c - the machine-local mesh: one process leads, the others follow it.
 *
 * Leading is holding an abstract socket name: the kernel gives it to one process, and
 * takes it back when that dies. Whoever loses the leader races for the name again;
 * one binds, the others connect to it. Between its bind and its listen, and while
 * nobody leads, a connect is refused: tried again after 1, 2, 4 ... ms.
 *
 *   OFF --leno_discover--> SEEKING --bound--> LEADING
 *     SEEKING --connected--> FOUND --the engine dials--> FOLLOWING
 *     FOLLOWING --its pipe ends--> SEEKING
 *     FOLLOWING --the leader has resigned, its pipe lives--> LEADING
 *     SEEKING --met the very leader that dropped us--> SHUNNED --the engine dials--> SEEKING
 *   any --leno_undiscover--> OFF, but LEADING when its name is listened at, too
 *
 * The engine dials by its own backoff, a second or more, which is too slow here: so the
 * race is ours, and when it is decided the engine is asked to dial anew, which it does
 * at once, and finds the connection made. Only a leader that lives and did not want us
 * (another secret, too many links) is left to the engine's patience.
 *
 *  1. At most one process of a user and network leads: the kernel sees to it.
 *  2. A visitor never binds.
 *  3. Each dial of "local:" is answered, when there is a leader or when we are it. */
#include "driver/uv/uv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	DELAY_MAX_MS = 100,
	SETTLED_MS = 5000, /* who kept us so long, and then broke, did not shun us */
	DYING_MS = 50,     /* a killed process may close its pipes before its name */
	SHUNNED_MS = 1000, /* between looks whether the name is free               */
	VACANT_MS = 2000   /* the same while we follow: a leader may have resigned */
};

#define LOCAL_URI "local:"

static void on_retry(uv_timer_t *timer)
{
	struct driver *d = timer->data;

	d->local.due = true;
}

static void retry_later(struct driver *d)
{
	struct local *l = &d->local;

	uv_timer_start(&l->retry, on_retry, l->delay_ms, 0);
	l->delay_ms = 2 * l->delay_ms < DELAY_MAX_MS ? 2 * l->delay_ms : DELAY_MAX_MS;
}

static void fail_dial(struct driver *d, int error)
{
	uint32_t dial = d->local.dial;

	d->local.dial = 0;
	if (dial)
		leno_engine_dial_failed(d->node, dial, error);
}

/* It tells the user, who may have changed since the node was opened. */
static void learn_name(struct local *l)
{
	if (l->state == LOCAL_OFF)
		l->name_size = unixsock_abstract(l->network, &l->name);
}

/* ---- leading ------------------------------------------------------------------- */

/* A listening socket with the leader's name; ADDRESS_IN_USE, or SYSTEM. */
static int take_name(struct driver *d)
{
	const struct local *l = &d->local;
	int fd = unixsock_new();

	if (fd < 0)
		return LENO_SYSTEM;
	if (bind(fd, (const struct sockaddr *)&l->name, l->name_size) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return LENO_ADDRESS_IN_USE;
}

static bool try_to_lead(struct driver *d, bool hidden)
{
	struct local *l = &d->local;
	struct listener *door;
	int fd;

	if (d->visitor)
		return false;
	fd = take_name(d);
	if (fd < 0 || listener_open(d, fd, ADDRESS_LOCAL, LOCAL_URI, &door) < 0)
		return false;
	door->hidden = hidden;
	uv_timer_stop(&l->retry);
	l->state = LOCAL_LEADING;
	l->announce = l->due = true;
	return true;
}

/* ---- following ----------------------------------------------------------------- */

/* A connection to whoever leads; or -1. */
static int reach_leader(struct driver *d, pid_t *ret_pid)
{
	struct local *l = &d->local;
	int fd = unixsock_new();

	if (fd < 0)
		return -1;
	l->squatted = false;
	if (connect(fd, (const struct sockaddr *)&l->name, l->name_size) == 0) {
		if (unixsock_mine(fd, ret_pid))
			return fd;
		l->squatted = true;
		if (*ret_pid != l->squatter)
			loop_log(d, LENO_LOG_WARN,
			         LOCAL_URI " process %ld of another user holds our name: nodes "
			         "of this machine find each other only when it has ended",
			         (long)*ret_pid);
		l->squatter = *ret_pid;
	}
	close(fd);
	return -1;
}

/* Leaves it to the engine's dials, but looks now and then whether another leads by now,
 * or nobody. */
static void shun(struct driver *d)
{
	d->local.state = LOCAL_SHUNNED;
	uv_timer_start(&d->local.retry, on_retry, SHUNNED_MS, 0);
}

static void follow(struct driver *d, int fd)
{
	struct local *l = &d->local;
	uint32_t dial = l->dial;
	int error;

	l->dial = 0;
	l->found = -1;
	l->since_ms = uv_now(&d->loop);
	l->state = LOCAL_FOLLOWING;
	error = shared_pipe(d, fd, &(struct pipe_setup){ LENO_PIPE_LOCAL, dial, LOCAL_URI, NULL },
	                    &l->pipe);
	if (error == LENO_OK) {
		l->pipe->to_leader = true;
		if (!d->visitor)
			uv_timer_start(&l->retry, on_retry, VACANT_MS, 0);
		return;
	}
	shun(d);
	leno_engine_dial_failed(d->node, dial, error);
}

/* One round of the race. */
static void seek(struct driver *d)
{
	struct local *l = &d->local;
	pid_t pid = 0;
	int fd;

	if (try_to_lead(d, true))
		return;
	fd = reach_leader(d, &pid);
	if (fd < 0 && l->squatted) {
		uv_timer_start(&l->retry, on_retry, SHUNNED_MS, 0);
		return;
	}
	if (fd < 0) {
		retry_later(d);
		return;
	}
	if (!l->dial && pid == l->shunned) {
		close(fd);
		if (uv_now(&d->loop) - l->lost_ms < DYING_MS)
			retry_later(d);
		else
			shun(d);
		return;
	}
	l->leader = pid;
	l->shunned = -1;
	if (l->dial) {
		follow(d, fd);
		return;
	}
	l->found = fd;
	l->state = LOCAL_FOUND;
	leno_engine_forget(d->node, LOCAL_URI);
	if (leno_engine_connect(d->node, LOCAL_URI) < 0) {
		close(fd);
		l->found = -1;
		l->state = LOCAL_SEEKING;
		retry_later(d);
	}
}

/* Who follows is not told that the leader has given up its name: it looks. */
static void look_for_vacancy(struct driver *d)
{
	struct local *l = &d->local;

	if (uv_is_active((uv_handle_t *)&l->retry))
		return;
	if (!try_to_lead(d, true)) {
		if (!d->visitor)
			uv_timer_start(&l->retry, on_retry, VACANT_MS, 0);
		return;
	}
	l->pipe->to_leader = false;
	l->pipe = NULL;
}

static void start_seeking(struct driver *d)
{
	uv_timer_stop(&d->local.retry);
	d->local.state = LOCAL_SEEKING;
	d->local.delay_ms = 1;
	d->local.due = true;
}

void local_lost(struct driver *d, bool by_engine)
{
	struct local *l = &d->local;
	bool settled = uv_now(&d->loop) - l->since_ms >= SETTLED_MS;

	l->pipe = NULL;
	if (l->state != LOCAL_FOLLOWING)
		return;
	l->shunned = by_engine || !settled ? l->leader : -1;
	l->lost_ms = uv_now(&d->loop);
	start_seeking(d);
}

/* A dial without leno_discover(): once, to whoever leads now. */
static void dial_once(struct driver *d)
{
	pid_t pid;
	uint32_t dial = d->local.dial;
	int error, fd;

	learn_name(&d->local);
	fd = reach_leader(d, &pid);
	if (fd < 0) {
		fail_dial(d, LENO_REFUSED);
		return;
	}
	d->local.dial = 0;
	error = shared_pipe(d, fd, &(struct pipe_setup){ LENO_PIPE_LOCAL, dial, LOCAL_URI, NULL },
	                    NULL);
	if (error < 0)
		leno_engine_dial_failed(d->node, dial, error);
}

/* ---- turns --------------------------------------------------------------------- */

void local_dial(struct driver *d, uint32_t number)
{
	d->local.dial = number;
	d->local.due = true;
}

static void serve_leading(struct driver *d)
{
	struct local *l = &d->local;

	fail_dial(d, LENO_SELF);
	if (!l->announce)
		return;
	l->announce = false;
	leno_engine_forget(d->node, LOCAL_URI);
	loop_log(d, LENO_LOG_INFO, LOCAL_URI " this process leads");
	if (d->handlers.leader)
		d->handlers.leader(d->node, d->user, true);
}

static void tell_resigned(struct driver *d)
{
	bool resigned = d->local.resigned;

	d->local.resigned = false;
	if (resigned && !d->closing && d->handlers.leader)
		d->handlers.leader(d->node, d->user, false);
}

void local_turn(struct driver *d)
{
	struct local *l = &d->local;

	l->due = false;
	loop_time(d);
	tell_resigned(d);
	if (d->closing)
		return;
	switch (l->state) {
	case LOCAL_OFF:
		if (l->dial)
			dial_once(d);
		break;
	case LOCAL_SEEKING:
		/* Not by an impatient dial: the race goes on at its own pace. */
		if (!uv_is_active((uv_handle_t *)&l->retry))
			seek(d);
		break;
	case LOCAL_FOUND:
		if (l->dial)
			follow(d, l->found);
		break;
	case LOCAL_FOLLOWING:
		if (l->dial)
			dial_once(d);
		else
			look_for_vacancy(d);
		break;
	case LOCAL_SHUNNED:
		uv_timer_stop(&l->retry);
		l->delay_ms = 1;
		if (l->dial)
			l->state = LOCAL_SEEKING;
		seek(d);
		break;
	case LOCAL_LEADING: serve_leading(d); break;
	}
}

/* ---- beginning and end ----------------------------------------------------------- */

int local_init(struct driver *d, const char *network)
{
	struct local *l = &d->local;

	l->state = LOCAL_OFF;
	l->found = -1;
	l->shunned = -1;
	l->delay_ms = 1;
	snprintf(l->network, sizeof l->network, "%s", network);
	uv_timer_init(&d->loop, &l->retry);
	l->retry.data = d;
	return LENO_OK;
}

/* Was leno_listen() told to? */
static bool leads_by_name(struct driver *d)
{
	list_each (it, after, &d->listeners) {
		struct listener *l = list_item(it, struct listener, in);

		if (l->kind == ADDRESS_LOCAL && !l->hidden)
			return true;
	}
	return false;
}

int local_listen(struct driver *d)
{
	learn_name(&d->local);
	if (d->local.state == LOCAL_LEADING || d->visitor)
		return LENO_ADDRESS_IN_USE;
	return try_to_lead(d, false) ? LENO_OK : LENO_ADDRESS_IN_USE;
}

void local_clear(struct driver *d)
{
	struct local *l = &d->local;

	if (l->found >= 0)
		close(l->found);
	l->found = -1;
	uv_close((uv_handle_t *)&l->retry, NULL);
}

int leno_discover(leno_node *node, const char *uri)
{
	struct driver *d = driver_of(node);

	if (uri && strncmp(uri, "rendezvous:", 11) == 0)
		return dial_meet(d, uri + 11);
	if (!uri || (strcmp(uri, LOCAL_URI) != 0 && strcmp(uri, MDNS_URI) != 0))
		return LENO_URI;
	if (d->closing)
		return LENO_CLOSED;
	if (strcmp(uri, MDNS_URI) == 0)
		return mdns_start(d);
	d->local.discovers = true;
	learn_name(&d->local);
	if (d->local.state == LOCAL_OFF)
		start_seeking(d);
	return LENO_OK;
}

/* Whoever follows keeps its link. */
static void stop_leading(struct driver *d)
{
	list_each (it, after, &d->listeners) {
		struct listener *l = list_item(it, struct listener, in);

		if (l->kind == ADDRESS_LOCAL)
			listener_end(l);
	}
	d->local.state = LOCAL_OFF;
	d->local.resigned = d->local.due = !d->local.announce;
	d->local.announce = false;
}

int local_unlisten(struct driver *d, struct listener *door)
{
	if (d->local.discovers)
		door->hidden = true;
	else
		stop_leading(d);
	return LENO_OK;
}

int leno_undiscover(leno_node *node, const char *uri)
{
	struct driver *d = driver_of(node);
	struct local *l = &d->local;

	if (uri && d->mdns && strcmp(uri, MDNS_URI) == 0) {
		mdns_clear(d);
		return LENO_OK;
	}
	if (uri && strncmp(uri, "rendezvous:", 11) == 0)
		return d->closing ? LENO_URI : leno_engine_forget(node, uri);
	if (!uri || strcmp(uri, LOCAL_URI) != 0 || !l->discovers)
		return LENO_URI;
	l->discovers = false;
	if (l->state == LOCAL_LEADING && !leads_by_name(d))
		stop_leading(d);
	if (l->state == LOCAL_LEADING)
		return LENO_OK;
	uv_timer_stop(&l->retry);
	if (l->pipe)
		l->pipe->to_leader = false;
	l->pipe = NULL;
	if (l->found >= 0)
		close(l->found);
	l->found = -1;
	l->dial = 0;
	l->state = LOCAL_OFF;
	leno_engine_forget(d->node, LOCAL_URI);
	return LENO_OK;
}
