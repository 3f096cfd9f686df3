/* requests.c - see requests.h. */
#include "message/requests.h"

#include <assert.h>

#include "base/mem.h"
#include "wire/limits.h"

enum { SLOT_BITS = 24, SLOT_MASK = (1 << SLOT_BITS) - 1, VARINT_BITS = 63 };
#define USES_MAX (((uint64_t)1 << (VARINT_BITS - SLOT_BITS)) - 1)
static_assert((int)REQUESTS_MAX <= (int)SLOT_MASK, "a slot fits the number");

void requests_init(struct requests *q, struct timers *timers, int timer_kind, uint32_t max)
{
	*q = (struct requests){ .timers = timers, .timer_kind = timer_kind,
	                        .max = max < REQUESTS_MAX ? max : REQUESTS_MAX };
	list_init(&q->free);
}

void requests_clear(struct requests *q)
{
	for (uint32_t i = 0; i < q->count; i++) {
		timers_release(q->timers, &q->slots[i]->timer);
		mem_free(q->slots[i]);
	}
	q->slots = mem_free(q->slots);
	requests_init(q, q->timers, q->timer_kind, q->max);
}

static struct request *new_slot(struct requests *q)
{
	struct request *r;

	if (q->count == q->capacity) {
		uint32_t n = q->capacity ? 2 * q->capacity : 16;
		struct request **slots = mem_grow(q->slots, q->capacity * sizeof(void *),
		                                  n * sizeof(void *));
		if (!slots)
			return NULL;
		q->slots = slots;
		q->capacity = n;
	}
	r = mem_new(sizeof *r);
	if (!r)
		return NULL;
	if (timers_admit(q->timers)) {
		mem_free(r);
		return NULL;
	}
	r->timer.kind = q->timer_kind;
	r->slot = q->count;
	list_init(&r->of_peer);
	list_init(&r->unclocked);
	q->slots[q->count++] = r;
	return r;
}

struct request *requests_add(struct requests *q, const void *owner, struct list *of_owner,
                             uint64_t due_us, int *ret_error)
{
	struct request *r;

	if (!list_empty(&q->free)) {
		r = list_item(q->free.next, struct request, of_peer);
	} else {
		*ret_error = q->count >= q->max ? LENO_LIMIT : LENO_MEMORY;
		r = q->count >= q->max ? NULL : new_slot(q);
		if (!r)
			return NULL;
	}
	r->owner = owner;
	r->uses = r->uses < USES_MAX ? r->uses + 1 : 1;    /* never 0: that is no number */
	r->number = r->uses << SLOT_BITS | r->slot;
	list_append(of_owner, &r->of_peer);
	timers_set(q->timers, &r->timer, due_us);
	return r;
}

struct request *requests_find(const struct requests *q, uint64_t number, const void *owner)
{
	uint64_t slot = number & SLOT_MASK;

	if (number == 0 || slot >= q->count || q->slots[slot]->number != number ||
	    q->slots[slot]->owner != owner)
		return NULL;
	return q->slots[slot];
}

void requests_end(struct requests *q, struct request *r)
{
	assert(r->number != 0);
	r->number = 0;
	timers_set(q->timers, &r->timer, NEVER);
	list_remove(&r->unclocked);
	list_append(&q->free, &r->of_peer);
}
