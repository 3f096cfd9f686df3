/* maps.c - see maps.h. A list says of each map whether it was shared for it, or is taken over
 * from the list before: so either of the two can be thrown away. */
#include "maps.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

struct maps {
	size_t n;
	struct shared {
		char name[LENO_STATE_NAME_MAX + 1];
		leno_state *state;
		bool is_new;
	} items[LENO_STATES_MAX];
};

static void on_failed(leno_state *map, void *user, int error)
{
	leno_state_info info;

	leno_state_get_info(map, &info);
	fail("the map %s: %s", info.name,
	     error == LENO_MEMORY ? "it is too large for this node (see --share-memory): entries are missing here"
	                          : "changes are not kept any more");
}

static const struct shared *find(const struct maps *m, const char *name)
{
	for (size_t i = 0; m != NULL && i < m->n; i++) {
		if (strcmp(m->items[i].name, name) == 0)
			return &m->items[i];
	}
	return NULL;
}

/* 0, or why there is no such map here. */
static int add(struct maps *m, struct app *app, const struct settings *set, const char *name,
               const struct maps *before)
{
	static const leno_state_handlers handlers = { .failed = on_failed };
	const leno_state_options options = { .keep = set->state_dir != NULL,
		                             .memory_max = (size_t)set->share_mib << 20 };
	const struct shared *there = find(m, name) == NULL ? find(before, name) : NULL;
	struct shared new = { .is_new = true };
	int error = 0;

	if (m->n == LENO_STATES_MAX)
		return LENO_LIMIT;
	if (there == NULL)
		error = leno_state_share(app->node, name, &options, &handlers, app, &new.state);
	else
		new.state = there->state;
	if (error)
		return error;
	new.is_new = there == NULL;
	memcpy(new.name, name, strlen(name)); /* the library has found it short enough */
	m->items[m->n++] = new;
	return 0;
}

struct maps *maps_share(struct app *app, const struct settings *set, const struct maps *before)
{
	struct maps *m = need(calloc(1, sizeof *m));

	app->log[0] = '\0';
	app->opening = true; /* what the library says is in our sentence */
	for (size_t i = 0; i < set->maps.count; i++) {
		const char *name = set->maps.items[i];
		int error = add(m, app, set, name, before);

		if (!error)
			continue;
		fail("%scannot share the map %s: %s%s%s", settings_where(set, name), name,
		     leno_strerror(error), *app->log ? ": " : "", app->log);
		app->exit = error == LENO_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
		maps_undo(m);
		m = NULL;
		break;
	}
	app->opening = false;
	return m;
}

void maps_replace(struct maps *before, struct maps *next)
{
	for (size_t i = 0; before != NULL && i < before->n; i++) {
		if (find(next, before->items[i].name) == NULL)
			leno_state_unshare(before->items[i].state);
	}
	maps_free(before);
}

void maps_undo(struct maps *m)
{
	for (size_t i = 0; m != NULL && i < m->n; i++) {
		if (m->items[i].is_new)
			leno_state_unshare(m->items[i].state);
	}
	maps_free(m);
}

void maps_free(struct maps *m)
{
	free(m);
}
