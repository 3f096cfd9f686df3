/* reload.c - see reload.h.
 *
 *   read -> what else it serves is prepared -> ways change -> taken over
 *
 *  1. Until the ways have changed, each step can be thrown away. */
#include "reload.h"
#include "allow.h"
#include "obey.h"
#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What can change while a node runs; all else waits for the next start. */
static const char *const live[] = { "listen",        "connect", "discover", "accept-files", "share-files",
	                            "allow-forward", "allow",   "allow-file", "metrics", "share",        "verbose",
	                            "allow-commands" };

enum { NAMES_MAX = 512 };

struct prepared {
	struct settings set;
	struct serve *serve;
	struct maps *maps;
	struct metrics *metrics;
	bool metrics_change;
	struct ways *ways;
	leno_id *allowed;
	size_t n_allowed;
	struct obeyed commanders;
};

static bool is_live(const char *option)
{
	for (size_t i = 0; i < sizeof live / sizeof live[0]; i++) {
		if (strcmp(live[i], option) == 0)
			return true;
	}
	return false;
}

/* Settings that wait stay as they are; returns their names. */
static const char *keep_the_rest(struct settings *next, const struct settings *now)
{
	static char names[NAMES_MAX];
	const char *option;
	size_t n = 0;

	names[0] = '\0';
	for (size_t i = 0; (option = settings_name(i)) != NULL; i++) {
		if (is_live(option) || settings_same(next, now, i))
			continue;
		settings_stay(next, now, i);
		if (n < sizeof names)
			n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "",
			                      option);
	}
	return names;
}

static bool prepare_metrics(struct reload *r, struct prepared *p)
{
	const char *address = p->set.metrics;

	p->metrics_change =
		!settings_same(&p->set, r->set, (size_t)settings_find("metrics"));
	if (!p->metrics_change || address == NULL || metrics_at_doors(address))
		return true;
	if (!metrics_address_ok(address)) {
		fail("%s\"metrics\" " METRICS_PLACE, settings_where(&p->set, address));
		return false;
	}
	p->metrics = metrics_open(r->app, address);
	return p->metrics != NULL;
}

/* Their files are read anew, whatever the configuration says: it does not hold them. */
static bool renew_certificates(struct app *app)
{
	int error;

	app->opening = true;
	app->log[0] = '\0';
	error = leno_tls_renew(app->node);
	app->opening = false;
	if (error)
		fail("%s", app->log[0] ? app->log : leno_strerror(error));
	return error == 0;
}

static bool prepare(struct reload *r, struct prepared *p)
{
	p->ways = ways_new(&p->set, true);
	if (p->ways == NULL || !allow_read(&p->set, &p->allowed, &p->n_allowed) ||
	    !obey_read(&p->set, &p->commanders))
		return false;
	p->serve = serve_new(r->app, &p->set, r->style);
	if (p->serve == NULL || !prepare_metrics(r, p) || !renew_certificates(r->app))
		return false;
	p->maps = maps_share(r->app, &p->set, *r->maps);
	return p->maps != NULL && ways_change(r->app, p->ways);
}

static void throw_away(struct prepared *p)
{
	maps_undo(p->maps);
	serve_free(p->serve);
	metrics_close(p->metrics);
	ways_free(p->ways);
	free(p->allowed);
	settings_drop(&p->set);
}

static void take_over(struct reload *r, struct prepared *p)
{
	serve_adopt(r->serve, p->serve);
	maps_replace(*r->maps, p->maps);
	*r->maps = p->maps;
	if (p->metrics_change) {
		metrics_close(*r->metrics);
		*r->metrics = p->metrics;
	}
	if (p->allowed != NULL || r->app->allowed != NULL) {
		if (leno_allow(r->app->node, p->allowed, p->n_allowed) != 0)
			fail("there is no memory for another list of who is allowed");
	}
	obey_allow(r->app, &p->commanders);
	free(r->app->allowed);
	r->app->allowed = p->allowed;
	ways_free(r->app->ways);
	r->app->ways = p->ways;
	settings_drop(r->set);
	*r->set = p->set;
	leno_set_log_level(r->app->node, app_log_level(r->set, true));
}

void reload(struct reload *r)
{
	const struct settings *now = r->app->set;
	struct prepared p = { .serve = NULL };
	char wrong[CONFIG_WRONG];
	const int exit = r->app->exit;
	const char *waits;
	bool good = settings_reread(&p.set, wrong);

	if (!good) {
		fail("%s", wrong);
		event_reloaded(r->app->node, r->style, fail_last(), "");
		return;
	}
	waits = keep_the_rest(&p.set, now);
	if (*waits != '\0')
		fail("this waits for the next start: %s", waits);
	r->app->set = &p.set; /* so that what is said names its lines */
	good = prepare(r, &p);
	r->app->set = now;
	r->app->exit = exit;
	if (good) {
		take_over(r, &p);
		event_reloaded(r->app->node, r->style, NULL, waits);
		if (p.metrics_change && p.metrics != NULL)
			event_serves(r->style, "metrics", metrics_uri(p.metrics));
	} else {
		throw_away(&p);
		event_reloaded(r->app->node, r->style, fail_last(), waits);
	}
}
