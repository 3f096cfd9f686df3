/* types.h - a type is sent once per session as text, then by number.
 *
 *  1. Numbers count from 0 in the order of first use; at most TYPES_MAX a session and
 *     direction, and their texts at most TYPES_TEXT_MAX bytes.
 *  2. All that it holds is taken from the budget. */
#ifndef LENO_MESSAGE_TYPES_H
#define LENO_MESSAGE_TYPES_H

#include "base/budget.h"
#include "base/bytes.h"
#include <leno.h>

#include "wire/limits.h"

enum { TYPES_TEXT_MAX = 64 * 1024 };

struct types {
	char  **texts;          /* NUL-terminated, by number                          */
	size_t *sizes;
	uint32_t count, capacity;
	size_t  text_size;
	uint32_t last;          /* the one found last: mostly the next one too        */
	uint32_t *buckets;      /* of text hashes: number + 1, a power of two         */
	size_t  n_buckets;
	struct budget *budget;  /* NULL: not counted                                  */
	size_t  cost;
};

void types_clear(struct types *);

/* The number of this text, or -1. */
int64_t types_find(struct types *, struct bytes text);

/* Is it the text that was found or added last, whose number is `last`? Asked for each message:
 * so the text is read once, without its length and without a call. */
static inline bool types_last_is(const struct types *t, const char *text)
{
	const char *last = t->count > 0 ? t->texts[t->last] : NULL;

	while (last && *last == *text && *text) {
		last++;
		text++;
	}
	return last && *last == *text;
}

/* Adds a text; its number is `count` before. LENO_MEMORY (the budget's too), LENO_LIMIT. */
int types_add(struct types *, struct bytes text);

/* NULL when there is no such number. */
const char *types_text(const struct types *, uint32_t number);

#endif
