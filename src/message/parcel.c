/* parcel.c - see parcel.h. */
#include "message/parcel.h"

#include <assert.h>

#include "base/mem.h"

struct parcel *parcel_new(struct parcels *store, size_t size)
{
	struct parcel *p;

	if (size > store->max || store->used > store->max - size)
		return NULL;
	p = mem_new(sizeof *p + size);
	if (!p)
		return NULL;
	p->store = store;
	p->refs = 1;
	p->size = size;
	store->used += size;
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
	p->store->used -= p->size;
	return mem_free(p);
}
