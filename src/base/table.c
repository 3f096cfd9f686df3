/* table.c - see table.h. */
#include "base/table.h"

#include "base/mem.h"
#include "leno.h"

enum { ROOM_MIN = 16 };

static int grow(struct table *t, size_t number)
{
	size_t room = t->room ? 2 * t->room : ROOM_MIN;
	void **at;

	while (room <= number)
		room *= 2;
	at = mem_grow(t->at, t->room * sizeof *at, room * sizeof *at);
	if (!at)
		return LENO_MEMORY;
	t->at = at;
	t->room = room;
	return 0;
}

int table_put(struct table *t, size_t number, void *value)
{
	if (number >= t->room && grow(t, number))
		return LENO_MEMORY;
	t->at[number] = value;
	return 0;
}

void table_remove(struct table *t, size_t number)
{
	if (number < t->room)
		t->at[number] = NULL;
}

void table_clear(struct table *t)
{
	t->at = mem_free(t->at);
	t->room = 0;
}
