/* cmd_services.c - `leno services`: who offers what, and what that promises. */
#include "app.h"
#include "events.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

struct services_command {
	struct words words;
	bool watch, describe;
};

/* One service at one node, as the table has it. */
struct row {
	leno_id node;
	char name[LENO_SERVICE_MAX + 1], version[LENO_VERSION_MAX + 1];
	char where[160], labels[320];
	unsigned load;
	uint32_t hash;
	char *lines; /* its contract, once it has come */
};

struct services {
	struct app app;
	const struct services_command *c;
	struct row *rows;
	size_t n, waiting; /* rows; contracts that have yet to come */
	bool listed;
};

static bool is_asked_for(const struct services *s, const char *name)
{
	return !s->c->words.items[0] || strcmp(s->c->words.items[0], name) == 0;
}

static bool add_row(void *arg, const leno_service_info *info)
{
	struct services *s = arg;
	struct row *row;
	size_t used = 0;

	if (!is_asked_for(s, info->name))
		return true;
	s->rows = need(realloc(s->rows, (s->n + 1) * sizeof *s->rows));
	row = &s->rows[s->n++];
	*row = (struct row){ .node = info->node, .load = info->load, .hash = info->hash };
	strcpy(row->name, info->name);
	strcpy(row->version, info->version);
	strcpy(row->where, node_label(s->app.node, &info->node));
	for (size_t i = 0; i < info->n_labels && used + 70 < sizeof row->labels; i++) {
		if (i > 0)
			row->labels[used++] = ',';
		safe_copy(row->labels + used, sizeof row->labels - used, info->labels[i],
		          strlen(info->labels[i]));
		used += strlen(row->labels + used);
	}
	return true;
}

static int row_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	order = order ? order : strcmp(x->version, y->version);
	return order ? order : strcmp(x->where, y->where);
}

static void row_json(const char *event, const struct row *row)
{
	cJSON *object = event ? json_event(event) : need(cJSON_CreateObject());

	json_text(object, "service", row->name);
	json_text(object, "version", row->version);
	json_id(object, "id", &row->node);
	json_text(object, "name", row->where);
	json_number(object, "load", row->load);
	json_text(object, "labels", row->labels);
	if (row->lines)
		json_text(object, "contract", row->lines);
	out_json(object);
}

static void print_table(const struct services *s)
{
	size_t name = 7, version = 7, where = 4;

	for (size_t i = 0; i < s->n; i++) {
		const struct row *r = &s->rows[i];

		name = strlen(r->name) > name ? strlen(r->name) : name;
		version = strlen(r->version) > version ? strlen(r->version) : version;
		where = text_columns(r->where) > where ? text_columns(r->where) : where;
	}
	out("%s%-*s  %-*s  %-*s  LOAD  LABELS%s\n", style_dim(), (int)name, "SERVICE", (int)version,
	    "VERSION", (int)where, "NODE", style_none());
	for (size_t i = 0; i < s->n; i++) {
		const struct row *r = &s->rows[i];

		out("%-*s  %-*s  %s%*s  %3u%%  %s\n", (int)name, r->name, (int)version,
		    *r->version ? r->version : "-", r->where, (int)(where - text_columns(r->where)),
		    "", r->load * 100 / 128, *r->labels ? r->labels : "-");
	}
}

/* One that several nodes offer with the same contract is described once. */
static void print_contracts(const struct services *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct row *r = &s->rows[i];
		bool again = i > 0 && strcmp(r->name, r[-1].name) == 0 && r->hash == r[-1].hash;

		if (again || !r->lines)
			continue;
		out("%s%s%s %s\n", style_bold(), r->name, style_none(), r->version);
		for (const char *at = r->lines; *at;) {
			size_t size = strcspn(at, "\n");

			out("  ");
			out_safe(at, size);
			out("\n");
			at += size + (at[size] != '\0');
		}
	}
}

static void print_all(struct services *s)
{
	for (size_t i = 0; s->app.set->json && i < s->n; i++)
		row_json(NULL, &s->rows[i]);
	if (!s->app.set->json && s->c->describe)
		print_contracts(s);
	else if (!s->app.set->json)
		print_table(s);
	out_end();
	app_end(&s->app, s->c->words.items[0] && s->n == 0 ? EXIT_NO_NODE : EXIT_DONE);
}

struct question {
	struct services *services;
	size_t row;
};

static void on_lines(leno_node *node, void *user, const leno_answer *answer)
{
	struct question *q = user;
	struct services *s = q->services;
	struct row *row = &s->rows[q->row];

	free(q);
	s->waiting--;
	if (answer->error == 0)
		row->lines = need(
			strndup(answer->data.size ? answer->data.data : "", answer->data.size));
	else
		fail("%s does not describe %s: %s", row->where, row->name,
		     leno_strerror(answer->error));
	if (s->waiting == 0 && s->listed)
		print_all(s);
}

static void ask_for_lines(struct services *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct question *q = need(malloc(sizeof *q));

		*q = (struct question){ s, i };
		if (leno_service_describe(s->app.node, &s->rows[i].node, s->rows[i].name,
		                          s->app.set->timeout_ms, on_lines, q))
			free(q);
		else
			s->waiting++;
	}
}

static void on_tick(struct app *app)
{
	struct services *s = (struct services *)app;

	app->synced = app->synced || leno_synced(app->node);
	if (!app->synced || s->listed)
		return;
	s->listed = true;
	app->deadline = -1;
	if (s->c->watch)
		return;                        /* the events speak, see below */
	leno_services(app->node, add_row, s);
	if (s->n > 0)
		qsort(s->rows, s->n, sizeof *s->rows, row_order);
	if (s->c->describe)
		ask_for_lines(s);
	if (s->waiting == 0)
		print_all(s);
}

static void on_late(struct app *app)
{
	app_not_found(app, NULL);
}

static void print_change(const struct services *s, const struct row *row, bool up)
{
	if (s->app.set->json) {
		row_json(up ? "service_up" : "service_down", row);
		return;
	}
	out("%s%s%s %s %s at %s\n", up ? style_good() : style_bad(), up ? "up  " : "down",
	    style_none(), row->name, row->version, row->where);
	out_end();
}

/* As it came: of a node that is gone nobody knows the name any more. */
static struct row *row_that_came(const struct services *s, const struct row *gone)
{
	for (size_t i = 0; i < s->n; i++) {
		struct row *row = &s->rows[i];

		if (leno_id_same(&row->node, &gone->node) && strcmp(row->name, gone->name) == 0 &&
		    strcmp(row->version, gone->version) == 0 &&
		    strcmp(row->labels, gone->labels) == 0)
			return row;
	}
	return NULL;
}

static void tell(struct services *s, const leno_service_info *info, bool up)
{
	size_t n = s->n;
	struct row gone, *came;

	if (!s->c->watch || !add_row(s, info) || s->n == n)
		return;
	if (up) {
		print_change(s, &s->rows[n], true);
		return;
	}
	gone = s->rows[--s->n];
	came = row_that_came(s, &gone);
	if (came != NULL) {
		memcpy(gone.where, came->where, sizeof gone.where);
		*came = s->rows[--s->n];
	}
	print_change(s, &gone, false);
}

static void on_service_up(leno_node *node, void *user, const leno_service_info *info)
{
	tell(user, info, true);
}

static void on_service_down(leno_node *node, void *user, const leno_service_info *info)
{
	tell(user, info, false);
}

static const struct argp_option options[] = {
	{ "watch", 'w', NULL, 0, "go on: a line for each that comes or goes", 0 },
	{ "describe", 'd', NULL, 0, "their methods and events, with what they take and give", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &asking_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct services_command *c = state->input;

	switch (key) {
	case 'w': c->watch = true; return 0;
	case 'd': c->describe = true; return 0;
	default: return words_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[NAME]",
	.doc = "Says who offers which service, all of them or those called NAME: version, node, "
	       "how busy it is there, labels."
	       "\vWith a NAME that nobody offers it ends with 4.",
	.children = children,
};

int cmd_services(int argc, char **argv)
{
	static const leno_handlers handlers = { .service_up = on_service_up,
		                                .service_down = on_service_down };
	struct services_command c = { .words = { .most = 1 } };
	struct services s = { .app = { .tick = on_tick, .late = on_late }, .c = &c };

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	if (c.watch && c.describe) {
		fail("--watch and --describe exclude each other");
		return EXIT_USAGE;
	}
	if (app_open(&s.app, &c.words.set, &handlers, false)) {
		app_start_clock(&s.app);
		app_run(&s.app);
	}
	for (size_t i = 0; i < s.n; i++)
		free(s.rows[i].lines);
	free(s.rows);
	return s.app.exit;
}
