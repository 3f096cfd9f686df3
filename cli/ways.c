/* ways.c - see ways.h.
 *
 *   ways_change: the new are opened -> the vanished doors are closed -> the new that were in
 *   their way are opened -> the other vanished ones are closed. What fails before the last step
 *   is undone, backwards. */
#include "ways.h"
#include "activation.h"
#include "app.h"
#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PRIVILEGED = 1024 }; /* below it ports are root's */

static const struct kind {
	const char *what;
	int (*open)(leno_node *, const char *uri);
	int (*close)(leno_node *, const char *uri);
} kinds[WAYS] = {
	[WAY_LISTEN] = { "listen at", leno_listen, leno_unlisten },
	[WAY_CONNECT] = { "connect to", leno_connect, leno_forget },
	[WAY_DISCOVER] = { "discover by", leno_discover, leno_undiscover },
};

static bool has(const struct list *list, const char *uri)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], uri) == 0)
			return true;
	}
	return false;
}

/* ---- what the settings mean -------------------------------------------------- */

static bool add(struct list *list, const char *uri)
{
	if (has(list, uri))
		return true;
	if (list->count == LIST_MAX) {
		fail("%d addresses are the most", LIST_MAX);
		return false;
	}
	list->items[list->count++] = need(strdup(uri));
	return true;
}

/* "fd:NAME", or "tls+fd:NAME" and so on: each socket that was handed over under that name. */
static bool add_door(const struct settings *s, struct list *list, const char *uri)
{
	const char *mark = strstr(uri, "fd:");
	int fds[ACTIVATION_MAX];
	char text[64];
	size_t n;

	if (mark == NULL || (mark != uri && (mark[-1] != '+' || strcspn(uri, "+:/") + 1 !=
	                                                                (size_t)(mark - uri))))
		return add(list, uri);
	n = activation_find(mark + 3, fds);
	if (n == 0)
		fail("%scannot listen at %s: no socket of that name was handed over; start the "
		     "socket unit first, or listen at an address",
		     settings_where(s, uri), uri);
	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof text, "%.*sfd:%d", (int)(mark - uri), uri, fds[i]);
		if (!add(list, text))
			return false;
	}
	return n > 0;
}

static bool fill(struct ways *w, const struct settings *s, bool member)
{
	bool good = true;

	for (size_t i = 0; good && member && i < s->listen.count; i++)
		good = add_door(s, &w->of[WAY_LISTEN], s->listen.items[i]);
	for (size_t i = 0; good && i < s->connect.count; i++)
		good = add(&w->of[WAY_CONNECT], s->connect.items[i]);
	for (size_t i = 0; good && i < s->discover.count; i++) {
		if (strcmp(s->discover.items[i], "none") != 0)
			good = add(&w->of[WAY_DISCOVER], s->discover.items[i]);
	}
	if (good && s->discover.count == 0 && (member || s->connect.count == 0))
		good = add(&w->of[WAY_DISCOVER], "local:");
	return good;
}

struct ways *ways_new(const struct settings *s, bool member)
{
	struct ways *w = need(calloc(1, sizeof *w));

	if (fill(w, s, member))
		return w;
	ways_free(w);
	return NULL;
}

void ways_free(struct ways *w)
{
	for (size_t k = 0; w != NULL && k < WAYS; k++) {
		for (size_t i = 0; i < w->of[k].count; i++)
			free(w->of[k].items[i]);
	}
	free(w);
}

/* ---- opening ----------------------------------------------------------------- */

static bool is_privileged(const char *uri)
{
	const char *colon = strrchr(uri, ':');
	long port;

	return colon != NULL && strstr(uri, "://") != NULL &&
	       parse_count(colon + 1, 1, PRIVILEGED - 1, &port);
}

static void failed(struct app *app, enum way way, const char *uri, int error)
{
	app_way_failed(app, error, kinds[way].what, uri);
	if (way == WAY_LISTEN && error == LENO_ADDRESS && geteuid() != 0 && is_privileged(uri))
		fail("ports below %d are root's: start leno as root with --user NAME, which gives "
		     "root up once they are bound",
		     PRIVILEGED);
}

/* The library says by app->log what was wrong. */
static int try_open(struct app *app, enum way way, const char *uri)
{
	int error;

	app->opening = true;
	app->log[0] = '\0';
	error = kinds[way].open(app->node, uri);
	app->opening = false;
	return error;
}

/* What needs root: ports, and the keys of TLS that a dial reads now, though it begins later. But a
 * socket at a path belongs to who opens it, and nodes of a machine find their own user's. */
static bool is_first(enum way way, const char *uri)
{
	return way != WAY_DISCOVER && strncmp(uri, "local:", 6) != 0;
}

bool ways_open(struct app *app, bool first)
{
	for (enum way way = 0; way < WAYS; way++) {
		const struct list *list = &app->ways->of[way];

		for (size_t i = 0; i < list->count; i++) {
			int error = is_first(way, list->items[i]) == first
			                    ? try_open(app, way, list->items[i])
			                    : 0;

			if (error) {
				failed(app, way, list->items[i], error);
				return false;
			}
		}
	}
	return true;
}

/* ---- changing ---------------------------------------------------------------- */

struct change {
	struct app *app;
	const struct ways *old;
	struct ways *next;
	bool opened[WAYS][LIST_MAX]; /* of next */
	bool late[LIST_MAX];         /* doors of next that an old one is in the way of */
};

static bool open_new(struct change *c, enum way way, bool late)
{
	const struct list *list = &c->next->of[way];

	for (size_t i = 0; i < list->count; i++) {
		const char *uri = list->items[i];
		int error;

		if (has(&c->old->of[way], uri) || c->opened[way][i] ||
		    (way == WAY_LISTEN && c->late[i]) != late)
			continue;
		error = try_open(c->app, way, uri);
		c->opened[way][i] = error == 0;
		if (error == LENO_ADDRESS_IN_USE && way == WAY_LISTEN && !late) {
			c->late[i] = true;
		} else if (error) {
			failed(c->app, way, uri, error);
			return false;
		}
	}
	return true;
}

static void close_vanished(struct change *c, enum way way)
{
	const struct list *list = &c->old->of[way];

	for (size_t i = 0; i < list->count; i++) {
		if (!has(&c->next->of[way], list->items[i]))
			kinds[way].close(c->app->node, list->items[i]);
	}
}

static void close_opened(struct change *c)
{
	for (enum way way = 0; way < WAYS; way++) {
		for (size_t i = 0; i < c->next->of[way].count; i++) {
			if (c->opened[way][i])
				kinds[way].close(c->app->node, c->next->of[way].items[i]);
		}
	}
}

static void reopen_doors(struct change *c)
{
	const struct list *list = &c->old->of[WAY_LISTEN];

	for (size_t i = 0; i < list->count; i++) {
		int error = has(&c->next->of[WAY_LISTEN], list->items[i])
		                    ? 0
		                    : try_open(c->app, WAY_LISTEN, list->items[i]);

		if (error)
			failed(c->app, WAY_LISTEN, list->items[i], error);
	}
}

bool ways_change(struct app *app, struct ways *next)
{
	struct change c = { .app = app, .old = app->ways, .next = next };
	bool good = true;

	for (enum way way = 0; good && way < WAYS; way++)
		good = open_new(&c, way, false);
	if (!good) {
		close_opened(&c);
		return false;
	}
	close_vanished(&c, WAY_LISTEN);
	if (!open_new(&c, WAY_LISTEN, true)) {
		close_opened(&c);
		reopen_doors(&c);
		return false;
	}
	close_vanished(&c, WAY_CONNECT);
	close_vanished(&c, WAY_DISCOVER);
	return true;
}
