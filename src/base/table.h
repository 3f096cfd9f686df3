/* table.h - pointers by small numbers; as long as the highest number that was ever used. */
#ifndef LENO_BASE_TABLE_H
#define LENO_BASE_TABLE_H

#include <stddef.h>

struct table {
	void **at;
	size_t room;                   /* numbers from here on hold NULL */
};

static inline void *table_get(const struct table *t, size_t number)
{
	return number < t->room ? t->at[number] : NULL;
}

/* MEMORY; never for a number that has held a value before. */
int  table_put(struct table *, size_t number, void *value);
void table_remove(struct table *, size_t number);
void table_clear(struct table *);      /* the table's own memory, not what it points to */

#endif
