/* seek.c - from what a person types to a node of the mesh, and from a node to what a
 * person reads. */
#include "app.h"
#include "output.h"

#include <stdio.h>
#include <string.h>

struct matches {
	const char *text;
	size_t count, used;
	char names[256];
};

/* The same rule as leno_find(): the beginning of a name or of an id. */
static bool add_match(void *arg, const leno_info *info)
{
	struct matches *m = arg;
	size_t n = strlen(m->text);
	char id[LENO_ID_TEXT], name[80];

	leno_id_text(&info->id, id);
	if (strncmp(info->name, m->text, n) != 0 && strncasecmp(id, m->text, n) != 0)
		return true;
	safe_copy(name, sizeof name, info->name, strlen(info->name));
	if (m->count < 6 && m->used < sizeof m->names) {
		int k = snprintf(m->names + m->used, sizeof m->names - m->used, "%s%s%s%.8s",
		                 m->count ? ", " : "", name, *name ? " " : "", id);

		m->used += k > 0 ? (size_t)k : 0;
	}
	m->count++;
	return true;
}

static void ambiguous(struct app *app, const char *who)
{
	struct matches m = { .text = who };

	leno_nodes(app->node, add_match, &m);
	fail("\"%s\" could be any of %zu nodes: %s%s", who, m.count, m.names,
	     m.count > 6 ? ", ..." : "");
	app_end(app, EXIT_AMBIGUOUS);
}

static bool is_whole_id(const char *who)
{
	leno_id id;

	return leno_id_parse(who, &id) == 0;
}

bool app_seek(struct app *app, const char *who, leno_id *ret)
{
	int error;

	app->synced = app->synced || leno_synced(app->node);
	/* Before the whole mesh is known, what looks unique may not be. */
	if (!app->synced && !is_whole_id(who))
		return false;
	error = leno_find(app->node, who, ret);
	if (error == 0) {
		snprintf(app->name, sizeof app->name, "%s", leno_name(app->node, ret));
		return true;
	}
	if (*who == '\0') {
		fail("NODE is empty: say a name, an id, or the beginning of one");
		app_end(app, EXIT_USAGE);
	} else if (error == LENO_LIMIT) {
		ambiguous(app, who);
	} else if (error != LENO_NO_NODE && error != LENO_UNREACHABLE) {
		fail("\"%s\" cannot be looked for: %s", who, leno_strerror(error));
		app_end(app, EXIT_USAGE);
	} else if (app->synced && !app->set->wait) {
		fail("there is no node \"%s\" in network %s", who,
		     leno_network(app->node));
		app_end(app, EXIT_NO_NODE);
	}
	return false;
}

uint64_t app_refusals(struct app *app)
{
	leno_stats stats;

	leno_get_stats(app->node, &stats);
	return stats.refused_secret + stats.refused_network + stats.refused_certificate +
	       stats.refused_expired + stats.refused_revoked + stats.refused_role +
	       stats.refused_uninvited;
}

/* What would let us in, as far as the refusals tell. */
static const char *what_helps(struct app *app)
{
	const struct settings *set = app->set;
	leno_stats stats;

	leno_get_stats(app->node, &stats);
	if (stats.refused_certificate > 0 && set->certificate_file == NULL)
		return "give its certificate with --certificate-file and --identity (see leno join)";
	if (stats.refused_secret + stats.refused_network == 0)
		return "ask whoever runs it";
	return set->secret_file ? "is the file of --secret-file that of this network?"
	                        : "give the network's secret with --secret-file, its name with "
	                          "--network";
}

void app_not_found(struct app *app, const char *who)
{
	const char *network = leno_network(app->node);
	double seconds = (double)app->set->timeout_ms / 1000;

	if (app->synced && who != NULL) {
		fail("no node \"%s\" came to network %s within %g s", who, network, seconds);
		app_end(app, EXIT_NO_NODE);
		return;
	}
	if (app_refusals(app) > 0 && app->log[0]) {
		fail("nobody lets us into network %s: %s; %s", network, app->log,
		     what_helps(app));
		app_end(app, EXIT_FAILED);
		return;
	}
	if (app->log[0])
		fail("nobody let us into network %s within %g s: %s", network, seconds, app->log);
	else if (app->set->connect.count > 0)
		fail("nobody of network %s answered within %g s: %s", network, seconds,
		     app->hint[0] ? app->hint : app->set->connect.items[0]);
	else
		fail("nobody of network %s was on this machine within %g s; start a node with "
		     "`leno up`, or join one with `--connect URI`",
		     network, seconds);
	app_end(app, EXIT_TIMEOUT);
}

int app_error_exit(int error)
{
	switch (error) {
	case LENO_TIMEOUT: return EXIT_TIMEOUT;
	case LENO_NO_NODE: return EXIT_NO_NODE;
	default: return EXIT_FAILED;
	}
}

const char *app_send_error(int error)
{
	return error == LENO_ARGUMENT ? "a TYPE is up to 255 bytes" : leno_strerror(error);
}

struct label {
	const leno_id *id;
	char *text;
	size_t size;
};

static bool label_take(void *arg, const leno_info *info)
{
	struct label *label = arg;

	if (!leno_id_same(&info->id, label->id))
		return true;
	if (*info->name)
		safe_copy(label->text, label->size, info->name, strlen(info->name));
	return false;
}

const char *node_label(leno_node *node, const leno_id *id)
{
	static char texts[4][128];
	static unsigned next;
	char *text = texts[next++ % 4];
	struct label label = { id, text, sizeof texts[0] };
	char whole[LENO_ID_TEXT];

	snprintf(text, sizeof texts[0], "%.8s", leno_id_text(id, whole));
	if (node != NULL)
		leno_nodes(node, label_take, &label);
	return text;
}
