/* timers.c - see timers.h. Room in the heap is made when owners are, so that setting a
 * timer never allocates and never fails. */
#include "base/timers.h"

#include <assert.h>

#include "base/mem.h"
#include "leno.h"

void timers_init(struct timers *t)
{
	*t = (struct timers){ 0 };
}

void timers_clear(struct timers *t)
{
	t->heap = mem_free(t->heap);
	*t = (struct timers){ 0 };
}

/* capacity counts admitted timers; the array has room for the next power of two. */
int timers_admit(struct timers *t)
{
	size_t n = t->capacity;

	if (n == 0 || (n >= 8 && (n & (n - 1)) == 0)) {
		size_t room = n ? 2 * n : 8;
		struct timer **heap = mem_grow(t->heap, n * sizeof *heap, room * sizeof *heap);

		if (!heap)
			return LENO_MEMORY;
		t->heap = heap;
	}
	t->capacity++;
	return 0;
}

static bool earlier(const struct timer *a, const struct timer *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->serial < b->serial;
}

static void put(struct timers *t, size_t at, struct timer *x)
{
	t->heap[at] = x;
	x->slot = at + 1;
}

static void sift(struct timers *t, size_t at)
{
	struct timer *x = t->heap[at];

	while (at > 0 && earlier(x, t->heap[(at - 1) / 2])) {
		put(t, at, t->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < t->count && earlier(t->heap[child + 1], t->heap[child]))
			child++;
		if (child >= t->count || !earlier(t->heap[child], x))
			break;
		put(t, at, t->heap[child]);
		at = child;
	}
	put(t, at, x);
}

static void unset(struct timers *t, struct timer *x)
{
	size_t at = x->slot - 1;
	struct timer *last = t->heap[--t->count];

	x->slot = 0;
	if (last != x) {
		put(t, at, last);
		sift(t, at);
	}
}

void timers_release(struct timers *t, struct timer *x)
{
	if (x->slot > 0)
		unset(t, x);
	assert(t->capacity > 0);
	t->capacity--;
}

void timers_set(struct timers *t, struct timer *x, uint64_t due_us)
{
	if (due_us < t->now_us)            /* else it would go before those that are due */
		due_us = t->now_us;
	if (x->slot > 0 && due_us == x->due_us)
		return;
	if (x->slot > 0)
		unset(t, x);
	if (due_us == NEVER)
		return;
	assert(t->count < t->capacity);
	x->due_us = due_us;
	x->serial = ++t->serial;
	put(t, t->count++, x);
	sift(t, t->count - 1);
}

uint64_t timers_due(const struct timers *t)
{
	return t->count > 0 ? t->heap[0]->due_us : NEVER;
}

void timers_begin(struct timers *t, uint64_t now_us)
{
	t->now_us = now_us;
	t->upto = t->serial;
}

struct timer *timers_pop(struct timers *t)
{
	struct timer *x;

	if (t->count == 0 || t->heap[0]->due_us > t->now_us || t->heap[0]->serial > t->upto)
		return NULL;
	x = t->heap[0];
	unset(t, x);
	return x;
}
