/* json.c - one object a line: snake_case, ids as UUIDs, times in milliseconds.
 * Fields are only ever added, so that scripts written today go on working. */
#include "output.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cJSON *json_event(const char *event)
{
	cJSON *object = need(cJSON_CreateObject());

	json_text(object, "event", event);
	json_number(object, "time_ms", (double)clock_wall_ms());
	return object;
}

/* A name or type that is no UTF-8 is shown escaped: JSON has no other bytes. */
static cJSON *json_string(const char *text)
{
	char copy[1024];

	if (!utf8_is_text(text, strlen(text)))
		text = safe_copy(copy, sizeof copy, text, strlen(text));
	return need(cJSON_CreateString(text));
}

void json_text(cJSON *object, const char *key, const char *text)
{
	cJSON_AddItemToObject(object, key, json_string(text));
}

void json_number(cJSON *object, const char *key, double value)
{
	need(cJSON_AddNumberToObject(object, key, value));
}

/* All 64 bits: beyond 53 a double has others. */
void json_integer(cJSON *object, const char *key, int64_t value)
{
	char digits[32];

	snprintf(digits, sizeof digits, "%" PRId64, value);
	need(cJSON_AddRawToObject(object, key, digits));
}

void json_bool(cJSON *object, const char *key, bool value)
{
	need(cJSON_AddBoolToObject(object, key, value));
}

void json_id(cJSON *object, const char *key, const leno_id *id)
{
	char text[LENO_ID_TEXT];

	if (id != NULL)
		json_text(object, key, leno_id_text(id, text));
	else
		need(cJSON_AddNullToObject(object, key));
}

void json_data(cJSON *object, leno_bytes data)
{
	char *text;

	json_number(object, "size", (double)data.size);
	if (utf8_is_text(data.data, data.size)) {
		text = need(malloc(data.size + 1));
		if (data.size > 0)
			memcpy(text, data.data, data.size);
		text[data.size] = '\0';
		json_text(object, "data", text);
	} else {
		text = need(malloc(BASE64_SIZE(data.size)));
		base64_encode(text, data.data, data.size);
		json_text(object, "data_base64", text);
	}
	free(text);
}

void json_info(cJSON *object, const leno_info *info)
{
	cJSON *labels;

	json_id(object, "id", &info->id);
	json_text(object, "name", info->name);
	json_id(object, "route", &info->next);
	json_number(object, "hops", info->hops);
	if (info->rtt_us > 0 || info->hops == 0)
		json_number(object, "rtt_us", info->rtt_us);
	else
		need(cJSON_AddNullToObject(object, "rtt_us"));
	labels = need(cJSON_AddArrayToObject(object, "labels"));
	for (size_t i = 0; i < info->n_labels; i++)
		cJSON_AddItemToArray(labels, json_string(info->labels[i]));
	json_text(object, "role", role_text(info->role));
}

/* People look at JSON, too, and strangers choose what is in it: what a terminal would obey is
 * escaped, which means the same, and what is no UTF-8 replaced. */
static void out_line(const char *line)
{
	const unsigned char *s = (const unsigned char *)line;
	size_t n = strlen(line), from = 0, size;
	uint32_t c;

	for (size_t i = 0; i < n; i += size ? size : 1) {
		size = utf8_decode(s + i, n - i, &c);
		if (size > 0 && utf8_is_harmless(c))
			continue;
		out_bytes(line + from, i - from);
		out("\\u%04x", (unsigned)(size ? c : 0xfffd));
		from = i + (size ? size : 1);
	}
	out_bytes(line + from, n - from);
	out_bytes("\n", 1);
}

void out_json(cJSON *object)
{
	char *line = need(cJSON_PrintUnformatted(object));

	out_line(line);
	cJSON_free(line);
	cJSON_Delete(object);
	out_end();
}

const char *role_text(enum leno_role role)
{
	switch (role) {
	case LENO_MEMBER: return "member";
	case LENO_ENDPOINT: return "endpoint";
	case LENO_VISITOR: return "visitor";
	case LENO_OBSERVER: return "observer";
	}
	return "unknown";
}

const char *why_text(enum leno_why why)
{
	switch (why) {
	case LENO_WHY_GOODBYE: return "goodbye";
	case LENO_WHY_UNREACHABLE: return "unreachable";
	case LENO_WHY_RESTARTED: return "restarted";
	case LENO_WHY_BROKEN: return "broken";
	case LENO_WHY_SILENT: return "silent";
	case LENO_WHY_REPLACED: return "replaced";
	case LENO_WHY_REFUSED: return "refused";
	}
	return "unknown";
}
