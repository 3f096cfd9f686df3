/* map.c - see map.h. Linear probing; removal shifts the cluster back (Knuth, The Art of
 * Computer Programming 6.4, Algorithm R), so that there are no tombstones to fill up. */
#include "base/map.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "leno.h"

enum { CAPACITY_MIN = 16 };

static uint64_t rotl(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1]; v[1] = rotl(v[1], 13) ^ v[0]; v[0] = rotl(v[0], 32);
	v[2] += v[3]; v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3]; v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1]; v[1] = rotl(v[1], 17) ^ v[2]; v[2] = rotl(v[2], 32);
}

static uint64_t load(const uint8_t *p, size_t n)
{
	uint64_t x = 0;

	while (n-- > 0)
		x = x << 8 | p[n];
	return x;
}

/* SipHash-2-4: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. */
uint64_t siphash24(const uint64_t key[2], const void *data, size_t size)
{
	const uint8_t *p = data;
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
	                  key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u };
	uint64_t m, left = size;

	for (; left >= 8; left -= 8, p += 8) {
		m = load(p, 8);
		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
	}
	m = load(p, (size_t)left) | (uint64_t)size << 56;
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_init(struct map *m, size_t key_offset, size_t key_size, size_t max,
              const uint8_t seed[16])
{
	*m = (struct map){ .key_offset = key_offset, .key_size = key_size, .max = max };
	m->seed[0] = load(seed, 8);
	m->seed[1] = load(seed + 8, 8);
}

void map_clear(struct map *m)
{
	m->slots = mem_free(m->slots);
	m->capacity = m->count = 0;
}

static const uint8_t *key_of(const struct map *m, const void *value)
{
	return (const uint8_t *)value + m->key_offset;
}

static size_t home(const struct map *m, const void *key)
{
	return (size_t)siphash24(m->seed, key, m->key_size) & (m->capacity - 1);
}

/* The slot of this key, or the free one where it would go. */
static size_t find(const struct map *m, const void *key)
{
	size_t i = home(m, key);

	while (m->slots[i] && memcmp(key_of(m, m->slots[i]), key, m->key_size) != 0)
		i = (i + 1) & (m->capacity - 1);
	return i;
}

/* Behind the slots: the value that was found last, which is often asked for again. */
static void **last_of(const struct map *m)
{
	return &m->slots[m->capacity];
}

void *map_get(const struct map *m, const void *key)
{
	void **last, *value;

	if (!m->capacity)
		return NULL;
	last = last_of(m);
	if (*last && memcmp(key_of(m, *last), key, m->key_size) == 0)
		return *last;
	value = m->slots[find(m, key)];
	if (value)
		*last = value;
	return value;
}

static int grow(struct map *m)
{
	struct map bigger = *m;

	bigger.capacity = m->capacity ? 2 * m->capacity : CAPACITY_MIN;
	bigger.slots = mem_new((bigger.capacity + 1) * sizeof *bigger.slots);
	if (!bigger.slots)
		return LENO_MEMORY;
	for (size_t i = 0; i < m->capacity; i++)
		if (m->slots[i])
			bigger.slots[find(&bigger, key_of(m, m->slots[i]))] = m->slots[i];
	mem_free(m->slots);
	*m = bigger;
	return 0;
}

int map_put(struct map *m, void *value)
{
	size_t i;

	if (m->count >= m->max)
		return LENO_LIMIT;
	if (4 * (m->count + 1) > 3 * m->capacity && grow(m))
		return LENO_MEMORY;
	i = find(m, key_of(m, value));
	assert(!m->slots[i]);
	m->slots[i] = value;
	m->count++;
	return 0;
}

void *map_remove(struct map *m, const void *key)
{
	size_t mask = m->capacity - 1, hole, i;
	void *value;

	if (!m->capacity)
		return NULL;
	hole = find(m, key);
	value = m->slots[hole];
	if (!value)
		return NULL;
	*last_of(m) = NULL;
	for (i = (hole + 1) & mask; m->slots[i]; i = (i + 1) & mask) {
		size_t h = home(m, key_of(m, m->slots[i]));

		/* Does it still belong between the hole and where it is? */
		if (((i - h) & mask) >= ((i - hole) & mask)) {
			m->slots[hole] = m->slots[i];
			hole = i;
		}
	}
	m->slots[hole] = NULL;
	m->count--;
	return value;
}

void *map_next(const struct map *m, size_t *cursor)
{
	while (*cursor < m->capacity) {
		void *value = m->slots[(*cursor)++];

		if (value)
			return value;
	}
	return NULL;
}
