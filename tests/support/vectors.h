/* vectors.h - the public test vectors, which are not part of the tree: where they are,
 * and as much of JSON as they need.
 *
 * A struct json views one value inside the text that vectors_load() returned; a value
 * that is not there is empty, and all functions take an empty one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
	const char *at, *end;
};

/* The text of a file, "noise/core_25519.json", to be freed with free(). NULL when it is
 * not there: the caller skips. The folder is $LENO_VECTORS, or ../shared/vectors seen
 * from the source tree. */
char *vectors_load(const char *file, struct json *ret);

struct json json_get(struct json object, const char *key);

/* Iterates: start with an empty *ret; false at the array's end. */
bool json_next(struct json array, struct json *ret);

bool json_is(struct json string, const char *text);
long json_int(struct json number);
size_t json_size(struct json array);

/* The bytes of a string in hexadecimal; SIZE_MAX when it is not one, or they do not fit. */
size_t json_hex(struct json string, uint8_t *ret, size_t capacity);
size_t hex_read(const char *text, size_t digits, uint8_t *ret, size_t capacity);
