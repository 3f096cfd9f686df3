/* handles.c - objects by number. A handle is a place and how often it was taken, so that one
 * that is gone is not taken for the next. Free places are used again in the order in which they
 * became free. */
#include "driver/wasm/wasm.h"

#include "base/mem.h"

enum { PLACE_BITS = 20, PLACES_MAX = 1 << PLACE_BITS, FIRST = 64 };

struct place {
	void *object;
	uint32_t times;        /* taken; even: it is free */
	uint32_t next;         /* free one, or 0 */
};
static struct place *places;   /* the first is none */
static uint32_t n_places, first_free, last_free;

static void add_free(uint32_t at)
{
	places[at].next = 0;
	if (first_free)
		places[last_free].next = at;
	else
		first_free = at;
	last_free = at;
}

static bool more(void)
{
	uint32_t n = n_places ? n_places * 2 : FIRST;
	struct place *p = n > PLACES_MAX ? NULL
	                : mem_grow(places, n_places * sizeof *p, n * sizeof *p);

	if (!p)
		return false;
	places = p;
	for (uint32_t i = n_places ? n_places : 1; i < n; i++)
		add_free(i);
	n_places = n;
	return true;
}

static struct place *find(uint32_t handle)
{
	uint32_t at = handle & (PLACES_MAX - 1);
	struct place *p = at < n_places ? &places[at] : NULL;

	return p && p->times & 1 && (handle == (p->times << PLACE_BITS | at)) ? p : NULL;
}

uint32_t handle_new(void *object)
{
	uint32_t at;

	if (!first_free && !more())
		return 0;
	at = first_free;
	first_free = places[at].next;
	places[at].object = object;
	places[at].times++;
	return places[at].times << PLACE_BITS | at;
}

void handle_is(uint32_t handle, void *object)
{
	struct place *p = find(handle);

	if (p)
		p->object = object;
}

void *handle_get(uint32_t handle)
{
	struct place *p = find(handle);

	return p ? p->object : NULL;
}

void *handle_drop(uint32_t handle)
{
	struct place *p = find(handle);
	void *object = p ? p->object : NULL;

	if (p) {
		p->object = NULL;
		p->times++;
		add_free((uint32_t)(p - places));
	}
	return object;
}

uint32_t handle_find(const void *object)
{
	for (uint32_t at = 1; at < n_places; at++)
		if (places[at].times & 1 && places[at].object == object)
			return places[at].times << PLACE_BITS | at;
	return 0;
}
