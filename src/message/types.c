/* types.c - see types.h. The index is ours to fill (our own types) or bounded by
 * TYPES_MAX (a peer's), so that a plain hash (FNV-1a) is enough. */
#include "message/types.h"

#include "base/mem.h"
#include "leno.h"

enum { CAPACITY_MIN = 8 };

void types_clear(struct types *t)
{
	for (uint32_t i = 0; i < t->count; i++)
		mem_free(t->texts[i]);
	mem_free(t->texts);
	mem_free(t->sizes);
	mem_free(t->buckets);
	budget_give(t->budget, t->cost);
	*t = (struct types){ .budget = t->budget };
}

static uint32_t hash(struct bytes b)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < b.size; i++)
		h = (h ^ b.data[i]) * 16777619u;
	return h;
}

static bool is(const struct types *t, uint32_t number, struct bytes text)
{
	return t->sizes[number] == text.size &&
	       memcmp(t->texts[number], text.data, text.size) == 0;
}

int64_t types_find(struct types *t, struct bytes text)
{
	if (t->count == 0)
		return -1;
	if (is(t, t->last, text))
		return t->last;
	for (size_t i = hash(text) & (t->n_buckets - 1); t->buckets[i];
	     i = (i + 1) & (t->n_buckets - 1))
		if (is(t, t->buckets[i] - 1, text))
			return t->last = t->buckets[i] - 1;
	return -1;
}

static void index_add(uint32_t *buckets, size_t n, uint32_t number, struct bytes text)
{
	size_t i = hash(text) & (n - 1);

	while (buckets[i])
		i = (i + 1) & (n - 1);
	buckets[i] = number + 1;
}

static bool take(struct types *t, size_t size)
{
	if (!budget_take(t->budget, size))
		return false;
	t->cost += size;
	return true;
}

static void give(struct types *t, size_t size)
{
	budget_give(t->budget, size);
	t->cost -= size;
}

static int grow_to(struct types *t, uint32_t capacity)
{
	uint32_t *buckets = mem_new(2 * capacity * sizeof *buckets);
	char **texts = mem_grow(t->texts, t->capacity * sizeof *texts, capacity * sizeof *texts);
	size_t *sizes;

	if (texts)
		t->texts = texts;
	sizes = mem_grow(t->sizes, t->capacity * sizeof *sizes, capacity * sizeof *sizes);
	if (sizes)
		t->sizes = sizes;
	if (!buckets || !texts || !sizes) {
		mem_free(buckets);
		return LENO_MEMORY;
	}
	for (uint32_t i = 0; i < t->count; i++)
		index_add(buckets, 2 * capacity, i, bytes_of(t->texts[i], t->sizes[i]));
	mem_free(t->buckets);
	t->buckets = buckets;
	t->n_buckets = 2 * capacity;
	t->capacity = capacity;
	return 0;
}

static int grow(struct types *t)
{
	uint32_t capacity = t->capacity ? 2 * t->capacity : CAPACITY_MIN;
	size_t cost = (capacity - t->capacity) *
	              (sizeof *t->texts + sizeof *t->sizes + 2 * sizeof *t->buckets);
	int error;

	cost += t->capacity ? 0 : 3 * BUDGET_BLOCK;
	if (!take(t, cost))
		return LENO_MEMORY;
	error = grow_to(t, capacity);
	if (error)
		give(t, cost);
	return error;
}

int types_add(struct types *t, struct bytes text)
{
	size_t cost = text.size + 1 + BUDGET_BLOCK;
	char *copy;

	if (t->count >= TYPES_MAX || text.size > LENO_TYPE_MAX ||
	    t->text_size + text.size > TYPES_TEXT_MAX)
		return LENO_LIMIT;
	if (t->count == t->capacity && grow(t))
		return LENO_MEMORY;
	if (!take(t, cost))
		return LENO_MEMORY;
	copy = mem_new(text.size + 1);
	if (!copy) {
		give(t, cost);
		return LENO_MEMORY;
	}
	bytes_copy(copy, text.data, text.size);
	t->texts[t->count] = copy;
	t->sizes[t->count] = text.size;
	t->text_size += text.size;
	index_add(t->buckets, t->n_buckets, t->count, text);
	t->last = t->count++;
	return 0;
}

const char *types_text(const struct types *t, uint32_t number)
{
	return number < t->count ? t->texts[number] : NULL;
}
