/* snapshot_metrics.c - a snapshot in the text format that Prometheus reads, version 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 *  1. All samples of a metric follow its one HELP and TYPE.
 *  2. What is not known (a round trip before the first) has no sample. */
#include "output.h"
#include "snapshot.h"
#include "text.h"

#include <inttypes.h>
#include <string.h>

static void write_label(FILE *f, const char *key, const char *text)
{
	char copy[4 * SHOWN_MAX];

	if (!utf8_is_text(text, strlen(text)))
		text = safe_copy(copy, sizeof copy, text, strlen(text));
	fprintf(f, "%s=\"", key);
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", f);
		else if (*text == '"' || *text == '\\')
			fprintf(f, "\\%c", *text);
		else
			fputc(*text, f);
	}
	fputc('"', f);
}

static void write_peer(FILE *f, const leno_id *id, const char *name)
{
	char text[LENO_ID_TEXT];

	fprintf(f, "peer=\"%s\",", leno_id_text(id, text));
	write_label(f, "name", name);
}

static void write_value(FILE *f, enum unit unit, uint64_t value)
{
	bool us = unit == UNIT_US || unit == UNIT_RTT;
	uint64_t second = us ? 1000000 : unit == UNIT_MS ? 1000 : 1;

	if (second == 1)
		fprintf(f, " %" PRIu64 "\n", value);
	else
		fprintf(f, " %" PRIu64 ".%06" PRIu64 "\n", value / second,
		        value % second * (1000000 / second));
}

static void write_head(FILE *f, const char *metric, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

static void write_field_head(FILE *f, const struct field *field)
{
	write_head(f, field->metric, field->counts ? "counter" : "gauge", field->help);
}

static bool is_known(const struct field *field, uint64_t value)
{
	return field->unit != UNIT_RTT || value > 0;
}

static void write_node(FILE *f, const struct snapshot *s)
{
	const char *before = "";
	char id[LENO_ID_TEXT];

	write_head(f, "leno_info", "gauge", "What this node is; always 1.");
	fprintf(f, "leno_info{id=\"%s\",", leno_id_text(&s->id, id));
	write_label(f, "name", s->name);
	fputc(',', f);
	write_label(f, "network", s->network);
	fputc(',', f);
	write_label(f, "version", s->version);
	fputs("} 1\n", f);
	write_head(f, "leno_uptime_seconds", "gauge", "How long this node has run.");
	fputs("leno_uptime_seconds", f);
	write_value(f, UNIT_MS, s->uptime_ms);
	for (size_t i = 0; i < node_fields.count; i++) {
		const struct field *field = &node_fields.items[i];

		if (strcmp(before, field->metric) != 0)
			write_field_head(f, field);
		before = field->metric;
		fputs(field->metric, f);
		if (field->label)
			fprintf(f, "{%s}", field->label);
		write_value(f, field->unit, field_get(field, &s->stats));
	}
}

/* One sample about another node, unless it is not known yet. */
static void write_sample(FILE *f, const struct field *field, const void *info, const leno_id *id,
                         const char *name)
{
	uint64_t value = field_get(field, info);

	if (!is_known(field, value))
		return;
	fprintf(f, "%s{", field->metric);
	write_peer(f, id, name);
	fputc('}', f);
	write_value(f, field->unit, value);
}

static void write_link_field(FILE *f, const struct snapshot *s, const struct field *field)
{
	write_field_head(f, field);
	for (size_t i = 0; i < s->n_links; i++)
		write_sample(f, field, &s->links[i].info, &s->links[i].info.id, s->links[i].name);
}

static void write_session_field(FILE *f, const struct snapshot *s, const struct field *field)
{
	write_field_head(f, field);
	for (size_t i = 0; i < s->n_sessions; i++)
		write_sample(f, field, &s->sessions[i].info, &s->sessions[i].info.id,
		             s->sessions[i].name);
}

static void write_paths(FILE *f, const struct snapshot *s)
{
	write_head(f, "leno_session_path", "gauge", "The path that a session takes now; always 1.");
	for (size_t i = 0; i < s->n_sessions; i++) {
		fputs("leno_session_path{", f);
		write_peer(f, &s->sessions[i].info.id, s->sessions[i].name);
		fprintf(f, ",path=\"%s\"} 1\n", path_text(s->sessions[i].info.path));
	}
}

void snapshot_write_metrics(FILE *f, const struct snapshot *s)
{
	write_node(f, s);
	for (size_t i = 0; i < link_fields.count; i++)
		write_link_field(f, s, &link_fields.items[i]);
	for (size_t i = 0; i < session_fields.count; i++)
		write_session_field(f, s, &session_fields.items[i]);
	write_paths(f, s);
}
