/* vectors.c - see vectors.h. */
#include "support/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	long size;

	if (!file)
		return NULL;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0) {
		rewind(file);
		text = malloc((size_t)size + 1);
		if (text)
			text[*ret_size = fread(text, 1, (size_t)size, file)] = 0;
	}
	fclose(file);
	return text;
}

char *vectors_load(const char *file, struct json *ret)
{
	const char *given = getenv("LENO_VECTORS"), *source = getenv("SOURCE_DIR");
	char path[4096], *text = NULL;
	size_t size = 0;

	if (given) {
		snprintf(path, sizeof path, "%s/%s", given, file);
		text = read_all(path, &size);
	}
	if (!text && source) {
		snprintf(path, sizeof path, "%s/../shared/vectors/%s", source, file);
		text = read_all(path, &size);
	}
	if (!text) {
		snprintf(path, sizeof path, "../shared/vectors/%s", file);
		text = read_all(path, &size);
	}
	*ret = (struct json){text, text ? text + size : NULL};
	return text;
}

static const char *blank(const char *at, const char *end)
{
	while (at < end && strchr(" \t\r\n,:", *at))
		at++;
	return at;
}

/* Past the value at `at`: nested ones by their depth, strings by their quotes. */
static const char *past(const char *at, const char *end)
{
	int depth = 0;

	do {
		if (at < end && *at == '"') {
			for (at++; at < end && *at != '"'; at++)
				at += *at == '\\';
			at++;
		} else if (at < end && strchr("[{", *at)) {
			depth++;
			at++;
		} else if (at < end && strchr("]}", *at)) {
			depth--;
			at++;
		} else {
			while (at < end && !strchr("[]{},:\" \t\r\n", *at))
				at++;
		}
		if (depth > 0)
			at = blank(at, end);
	} while (depth > 0 && at < end);
	return at < end ? at : end;
}

static struct json value_at(const char *at, const char *end)
{
	at = blank(at, end);
	return (struct json){at, past(at, end)};
}

struct json json_get(struct json object, const char *key)
{
	const char *at = object.at ? blank(object.at, object.end) : NULL;

	if (!at || at == object.end || *at != '{')
		return (struct json){NULL, NULL};
	for (at = blank(at + 1, object.end); at < object.end && *at == '"';) {
		struct json name = value_at(at, object.end);
		struct json value = value_at(name.end, object.end);
		if (json_is(name, key))
			return value;
		at = blank(value.end, object.end);
	}
	return (struct json){NULL, NULL};
}

bool json_next(struct json array, struct json *ret)
{
	const char *at = ret->at ? ret->end : array.at ? array.at + 1 : NULL;

	if (!at)
		return false;
	at = blank(at, array.end);
	if (at >= array.end || *at == ']')
		return false;
	*ret = value_at(at, array.end);
	return true;
}

size_t json_size(struct json array)
{
	struct json item = {NULL, NULL};
	size_t n = 0;

	while (json_next(array, &item))
		n++;
	return n;
}

bool json_is(struct json string, const char *text)
{
	size_t size = strlen(text);

	return string.at && (size_t)(string.end - string.at) == size + 2 && *string.at == '"' &&
	       memcmp(string.at + 1, text, size) == 0;
}

long json_int(struct json number)
{
	return number.at ? strtol(number.at, NULL, 10) : -1;
}

size_t hex_read(const char *text, size_t digits, uint8_t *ret, size_t capacity)
{
	if (digits % 2 || digits / 2 > capacity)
		return SIZE_MAX;
	for (size_t i = 0; i < digits / 2; i++) {
		char pair[3] = {text[2 * i], text[2 * i + 1], 0}, *end;
		ret[i] = (uint8_t)strtoul(pair, &end, 16);
		if (*end)
			return SIZE_MAX;
	}
	return digits / 2;
}

size_t json_hex(struct json string, uint8_t *ret, size_t capacity)
{
	if (!string.at || *string.at != '"' || string.end - string.at < 2)
		return SIZE_MAX;
	return hex_read(string.at + 1, (size_t)(string.end - string.at) - 2, ret, capacity);
}
