/* map.h - an open-addressing hash map for tables that a stranger can fill.
 *
 * Keys are bytes of one size inside the values; the map stores pointers alone.
 * Keyed by SipHash-2-4, so that nobody can choose colliding keys; the order of
 * map_next() depends on the key and the history only, never on addresses.
 *
 *  1. At most `max` values; the table is at most 3/4 full.
 *  2. A value stays where its creator put it: the map owns nothing. */
#ifndef LENO_BASE_MAP_H
#define LENO_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map {
	void **slots;            /* and behind them the value that was found last */
	size_t capacity;         /* a power of two, or 0: of slots */
	size_t count, max;
	size_t key_offset, key_size;
	uint64_t seed[2];
};

void  map_init(struct map *, size_t key_offset, size_t key_size, size_t max,
               const uint8_t seed[16]);
void  map_clear(struct map *);               /* frees the table, not the values */
void *map_get(const struct map *, const void *key);

/* The key must not be there yet. 0, LENO_MEMORY, or LENO_LIMIT. */
int   map_put(struct map *, void *value);
void *map_remove(struct map *, const void *key);   /* NULL when it was not there */

/* Iterates: *cursor starts at 0; NULL at the end. Not while putting; removing the
 * value just returned is allowed, and may show another one twice. */
void *map_next(const struct map *, size_t *cursor);

uint64_t siphash24(const uint64_t key[2], const void *data, size_t size);

#endif
