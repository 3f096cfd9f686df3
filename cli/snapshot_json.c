/* snapshot_json.c - a snapshot as lines of JSON, and back. Written by hand, since a node with
 * thousands of sessions tells them within its loop: a tree of objects costs ten times as much. */
#include "output.h"
#include "snapshot.h"
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing --------------------------------------------------------------- */

static void write_string(FILE *f, const char *key, const char *text)
{
	char copy[4 * SHOWN_MAX];

	if (!utf8_is_text(text, strlen(text)))
		text = safe_copy(copy, sizeof copy, text, strlen(text));
	fprintf(f, "\"%s\":\"", key);
	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', f);
		if (*s < 0x20 || *s == 0x7f)
			fprintf(f, "\\u%04x", *s);
		else
			fputc(*s, f);
	}
	fputc('"', f);
}

static void write_id(FILE *f, const char *key, const leno_id *id)
{
	char text[LENO_ID_TEXT];

	fprintf(f, "\"%s\":\"%s\"", key, leno_id_text(id, text));
}

/* A round trip that is not known is null, as in `leno nodes`. */
static void write_fields(FILE *f, const struct fields *fields, const void *info)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->items[i];
		uint64_t value = field_get(field, info);

		if (field->unit == UNIT_RTT && value == 0)
			fprintf(f, ",\"%s\":null", field->key);
		else
			fprintf(f, ",\"%s\":%" PRIu64, field->key, value);
	}
	fputs("}\n", f);
}

static void write_row(FILE *f, const struct snapshot *s, const char *kind, const leno_id *id,
                      const char *name)
{
	fprintf(f, "{\"kind\":\"%s\",", kind);
	write_id(f, "node", &s->id);
	fputc(',', f);
	write_id(f, "id", id);
	fputc(',', f);
	write_string(f, "name", name);
	fputc(',', f);
}

void snapshot_write_json(FILE *f, const struct snapshot *s)
{
	fprintf(f, "{\"kind\":\"node\",\"format\":%d,", SNAPSHOT_FORMAT);
	write_string(f, "leno", s->version);
	fprintf(f, ",\"time_ms\":%" PRId64 ",", s->time_ms);
	write_id(f, "id", &s->id);
	fputc(',', f);
	write_string(f, "name", s->name);
	fputc(',', f);
	write_string(f, "network", s->network);
	fprintf(f, ",\"uptime_ms\":%" PRIu64, s->uptime_ms);
	write_fields(f, &node_fields, &s->stats);
	for (size_t i = 0; i < s->n_links; i++) {
		const struct link_row *row = &s->links[i];

		write_row(f, s, "link", &row->info.id, row->name);
		write_string(f, "uri", row->uri);
		fprintf(f, ",\"local\":%s,\"dialled\":%s", row->info.local ? "true" : "false",
		        row->info.dialled ? "true" : "false");
		write_fields(f, &link_fields, &row->info);
	}
	for (size_t i = 0; i < s->n_sessions; i++) {
		const struct session_row *row = &s->sessions[i];

		write_row(f, s, "session", &row->info.id, row->name);
		write_string(f, "path", path_text(row->info.path));
		write_fields(f, &session_fields, &row->info);
	}
}

/* ---- reading --------------------------------------------------------------- */

static const char *string_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return text ? text : "";
}

/* Another node may say anything: what is no count is 0. */
static uint64_t count_of(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	double value = cJSON_IsNumber(item) ? item->valuedouble : 0;

	return value > 0 && value < 0x1p63 ? (uint64_t)value : 0;
}

static void read_text(char *ret, size_t size, const cJSON *object, const char *key)
{
	const char *text = string_of(object, key);

	safe_copy(ret, size, text, strlen(text));
}

static void read_fields(const cJSON *object, const struct fields *fields, void *info)
{
	for (size_t i = 0; i < fields->count; i++)
		field_set(&fields->items[i], info, count_of(object, fields->items[i].key));
}

static bool read_node(struct snapshot *s, const cJSON *object)
{
	if (leno_id_parse(string_of(object, "id"), &s->id))
		return false;
	read_text(s->name, sizeof s->name, object, "name");
	read_text(s->network, sizeof s->network, object, "network");
	read_text(s->version, sizeof s->version, object, "leno");
	s->time_ms = (int64_t)count_of(object, "time_ms");
	s->uptime_ms = count_of(object, "uptime_ms");
	read_fields(object, &node_fields, &s->stats);
	return true;
}

static void read_link(struct snapshot *s, const cJSON *object, const leno_id *id)
{
	struct link_row *row = snapshot_add_link(s);

	read_fields(object, &link_fields, &row->info);
	row->info.id = *id;
	row->info.local = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "local"));
	row->info.dialled = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "dialled"));
	read_text(row->name, sizeof row->name, object, "name");
	read_text(row->uri, sizeof row->uri, object, "uri");
}

static void read_session(struct snapshot *s, const cJSON *object, const leno_id *id)
{
	struct session_row *row = snapshot_add_session(s);
	const char *path = string_of(object, "path");

	read_fields(object, &session_fields, &row->info);
	row->info.id = *id;
	row->info.path = strcmp(path, "direct") == 0    ? LENO_PATH_DIRECT
	                 : strcmp(path, "relayed") == 0 ? LENO_PATH_RELAYED
	                                                : LENO_PATH_NONE;
	read_text(row->name, sizeof row->name, object, "name");
}

/* True when it was the node. */
static bool read_object(struct snapshot *s, const cJSON *object)
{
	const char *kind = string_of(object, "kind");
	leno_id id;

	if (strcmp(kind, "node") == 0)
		return read_node(s, object);
	if (s->n_links + s->n_sessions >= SNAPSHOT_ROWS_MAX ||
	    leno_id_parse(string_of(object, "id"), &id))
		return false;
	if (strcmp(kind, "link") == 0)
		read_link(s, object, &id);
	else if (strcmp(kind, "session") == 0)
		read_session(s, object, &id);
	return false;
}

bool snapshot_read_json(struct snapshot *s, leno_bytes data)
{
	const char *at = data.data, *end = at + data.size;
	bool found = false;

	while (data.size > 0 && at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((stop ? stop : end) - at);
		cJSON *object = cJSON_ParseWithLength(at, n);

		found = read_object(s, object) || found;
		cJSON_Delete(object);
		at += n + 1;
	}
	snapshot_sort(s);
	return found;
}
