/* mem.c - see mem.h. The failure switch is process-wide and meant for tests of one
 * thread; when it is off it costs one comparison. */
#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static struct {
	bool on, after;
	size_t nth, made;
} fail;

static bool refused(void)
{
	if (!fail.on)
		return false;
	fail.made++;
	return fail.made == fail.nth || (fail.after && fail.nth > 0 && fail.made > fail.nth);
}

void *mem_new(size_t size)
{
	return refused() ? NULL : calloc(1, size ? size : 1);
}

void *mem_take(size_t size)
{
	return refused() ? NULL : malloc(size ? size : 1);
}

void *mem_grow(void *old, size_t old_size, size_t size)
{
	char *p = refused() ? NULL : realloc(old, size ? size : 1);

	if (p && size > old_size)
		memset(p + old_size, 0, size - old_size);
	return p;
}

void *mem_free(void *p)
{
	free(p);
	return NULL;
}

size_t mem_fail(size_t nth, int and_after)
{
	size_t made = fail.made;

	fail.on = nth > 0;
	fail.after = and_after != 0;
	fail.nth = nth;
	fail.made = 0;
	return made;
}
