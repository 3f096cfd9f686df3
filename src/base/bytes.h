/* bytes.h - views of bytes that somebody else owns. */
#ifndef LENO_BASE_BYTES_H
#define LENO_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *data;
	size_t size;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
	return (struct bytes){ data, size };
}

static inline struct bytes bytes_text(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

static inline bool bytes_same(struct bytes a, struct bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* memcpy() that allows NULL with size 0, as views of nothing have it. */
static inline void bytes_copy(void *to, const void *from, size_t size)
{
	if (size > 0)
		memcpy(to, from, size);
}

#endif
