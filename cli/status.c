/* status.c - see status.h. */
#include "status.h"
#include "output.h"
#include "table.h"
#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is kept of a node until all have answered. */
struct answer {
	cJSON *object; /* what `leno nodes --json` says of it */
	bool is_known;
	leno_status status;
	char why[256]; /* it is not */
};

static int ask(struct rounds *r, struct round_node *one)
{
	return leno_status_ask(r->app->node, &one->id, r->app->set->timeout_ms, rounds_done, one);
}

static void on_answered(struct rounds *r, struct round_node *one, const leno_answer *answer)
{
	struct answer *a = one->own;

	a->is_known = answer->error == 0 && leno_status_read(answer->data, &a->status) == 0;
	if (a->is_known)
		return;
	if (answer->error == 0) {
		r->failed++;
		snprintf(a->why, sizeof a->why, "its answer is none");
	} else {
		round_why(answer, a->why);
	}
}

static bool add(void *arg, const leno_info *info)
{
	struct rounds *r = arg;
	struct answer *a;

	if (info->role == LENO_VISITOR)
		return true;
	a = need(calloc(1, sizeof *a));
	a->object = need(cJSON_CreateObject());
	json_info(a->object, info);
	rounds_add(r, info)->own = a;
	return true;
}

void status_begin(struct rounds *r, struct app *app)
{
	*r = (struct rounds){ .app = app, .ask = ask, .answered = on_answered };
	leno_nodes(app->node, add, r);
	rounds_sort(r);
}

void status_free(struct rounds *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct answer *a = r->nodes[i].own;

		cJSON_Delete(a->object);
		free(a);
	}
	rounds_free(r);
}

/* ---- JSON ------------------------------------------------------------------------------ */

static cJSON *status_json(const leno_status *s)
{
	cJSON *object = need(cJSON_CreateObject()), *list, *one;

	json_text(object, "version", s->version);
	json_number(object, "uptime_ms", (double)s->uptime_ms);
	json_number(object, "links", (double)s->links);
	json_number(object, "nodes", (double)s->nodes);
	json_number(object, "sessions", (double)s->sessions);
	json_number(object, "memory", (double)s->memory);
	json_number(object, "memory_max", (double)s->memory_max);
	json_number(object, "resident", (double)s->resident);
	json_number(object, "cpu", s->cpu);
	json_number(object, "load", s->load);
	list = need(cJSON_AddArrayToObject(object, "services"));
	for (size_t i = 0; i < s->n_services; i++) {
		one = need(cJSON_CreateObject());
		json_text(one, "service", s->services[i].name);
		json_text(one, "version", s->services[i].version);
		json_number(one, "load", s->services[i].load);
		json_number(one, "running", s->services[i].running);
		json_number(one, "waiting", s->services[i].waiting);
		cJSON_AddItemToArray(list, one);
	}
	list = need(cJSON_AddArrayToObject(object, "commands"));
	for (size_t i = 0; i < s->n_words; i++)
		cJSON_AddItemToArray(list, need(cJSON_CreateString(s->words[i])));
	return object;
}

static void print_json(struct answer *a)
{
	if (a->is_known) {
		cJSON_AddItemToObject(a->object, "status", status_json(&a->status));
	} else {
		need(cJSON_AddNullToObject(a->object, "status"));
		json_text(a->object, "error", a->why);
	}
	out_json(a->object);
	a->object = NULL;
}

/* ---- the table ------------------------------------------------------------------------- */

static const struct column columns[] = {
	{ "NAME", false, 0 },   { "ID", false, 6 },      { "VERSION", false, 5 },
	{ "UP", true, 0 },      { "LINKS", true, 3 },    { "NODES", true, 7 },
	{ "CPU", true, 1 },     { "MEMORY", true, 1 },   { "LOAD", true, 0 },
	{ "SERVICES", false, 2 }, { "COMMANDS", false, 4 },
};

enum { COLUMNS = sizeof columns / sizeof columns[0], SAID_MAX = 96 };

/* A few of them, and that there are more. */
static void list_text(char ret[SAID_MAX], const char *first, size_t step, size_t n)
{
	size_t used = 0;

	snprintf(ret, SAID_MAX, "-");
	for (size_t i = 0; i < n; i++) {
		const char *text = first + i * step;

		if (used + strlen(text) + 5 > SAID_MAX) {
			snprintf(ret + used, SAID_MAX - used, ",...");
			return;
		}
		used += (size_t)snprintf(ret + used, SAID_MAX - used, "%s%s", i ? "," : "", text);
	}
}

static void add_row(struct table *t, const struct round_node *one, bool whole_ids)
{
	const struct answer *a = one->own;
	const leno_status *s = &a->status;
	char text[SAID_MAX], name[128], id[LENO_ID_TEXT], unit[UNITS_MAX];

	table_add(t, round_name(one, name));
	leno_id_text(&one->id, id);
	id[whole_ids ? LENO_ID_TEXT - 1 : 8] = '\0';
	table_add(t, id);
	if (!a->is_known) {
		for (size_t i = 2; i < COLUMNS; i++)
			table_add(t, "-");
		return;
	}
	table_add(t, safe_copy(text, sizeof text, s->version, strlen(s->version)));
	table_add(t, show_age(unit, s->uptime_ms));
	table_add(t, show_count(unit, (double)s->links));
	table_add(t, show_count(unit, (double)s->nodes));
	snprintf(text, sizeof text, "%u.%u%%", s->cpu / 10, s->cpu % 10);
	table_add(t, s->resident ? text : "-");
	table_add(t, s->resident ? show_bytes(unit, (double)s->resident) : "-");
	snprintf(text, sizeof text, "%u%%", s->load * 100 / 128);
	table_add(t, text);
	list_text(text, s->services[0].name, sizeof s->services[0], s->n_services);
	table_add(t, text);
	list_text(text, s->words[0], sizeof s->words[0], s->n_words);
	table_add(t, text);
}

static void print_table(const struct rounds *r, bool whole_ids)
{
	size_t width[TABLE_COLUMNS_MAX];
	char line[TABLE_LINE_MAX];
	struct table t;

	table_init(&t, columns, COLUMNS);
	for (size_t i = 0; i < r->n; i++)
		add_row(&t, &r->nodes[i], whole_ids);
	table_fit(&t, out_is_terminal() ? out_columns() : 0, width);
	out("%s%s%s\n", style_dim(), table_line(&t, width, SIZE_MAX, line), style_none());
	for (size_t i = 0; i < r->n; i++)
		out("%s\n", table_line(&t, width, i, line));
	table_free(&t);
	out_end();
}

void status_print(struct rounds *r, bool whole_ids)
{
	char name[128];

	if (!r->app->set->json)
		print_table(r, whole_ids);
	for (size_t i = 0; i < r->n; i++) {
		struct answer *a = r->nodes[i].own;

		if (!a->is_known)
			fail("%s does not say how it is: %s", round_name(&r->nodes[i], name),
			     a->why);
		if (r->app->set->json)
			print_json(a);
	}
}
