/* value.h - values as people write them (JSON) and as services take them (MessagePack).
 *
 * What JSON has no word for: bytes are {"base64": "..."}, extensions {"ext": N, "base64":
 * "..."}, numbers that are none are null, keys that are no texts are the JSON of what they are. */
#pragma once

#include <leno.h>

#include <cjson/cJSON.h>

/* Allocated, or NULL: it is no JSON, deeper than values may be, or has a text with a NUL (which is
 * {"base64": "..."}, too). */
void *value_from_json(const char *text, size_t size, leno_bytes *ret);

/* The arguments of a call: a list is all of them, anything else the only one; no text: none. */
void *arguments_from_json(const char *text, size_t size, leno_bytes *ret);

enum { VALUES_MAX = 1 << 20 }; /* that are shown as JSON, lists and members counted, too */

/* NULL when it is no value, or of more than VALUES_MAX; nothing is null. */
cJSON *value_to_json(leno_bytes);
