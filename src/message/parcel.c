/* parcel.c - see parcel.h. */
#include "message/parcel.h"

#include <assert.h>

#include "base/mem.h"

struct parcel *parcel_new(struct budget *store, size_t size)
{
	struct parcel *p;

	if (size > SIZE_MAX - PARCEL_COST || !budget_take(store, PARCEL_COST + size))
		return NULL;
	p = mem_take(sizeof *p + size);
	if (!p) {
		budget_give(store, PARCEL_COST + size);
		return NULL;
	}
	p->store = store;
	p->refs = 1;
	p->kind = 0;
	p->size = size;
	return p;
}

struct parcel *parcel_take(struct parcel *p)
{
	assert(p->refs > 0);
	p->refs++;
	return p;
}

struct parcel *parcel_drop(struct parcel *p)
{
	if (!p)
		return NULL;
	assert(p->refs > 0);
	if (--p->refs > 0)
		return NULL;
	budget_give(p->store, PARCEL_COST + p->size);
	return mem_free(p);
}
