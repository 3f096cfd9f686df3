/* table.h - rows and columns as wide as what is in them, cut to a width by leaving out what
 * matters least. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { TABLE_COLUMNS_MAX = 20, TABLE_LINE_MAX = 1024, TABLE_NAME_LEAST = 16 };

struct column {
	const char *title;
	bool right;    /* numbers end in one line                             */
	unsigned rank; /* where there is no room, the highest goes first; 0: never */
};

struct table {
	const struct column *columns;
	size_t n_columns;
	char **cells; /* row after row                                        */
	size_t n_cells, room;
};

void table_init(struct table *, const struct column *, size_t n_columns);
void table_free(struct table *);

/* The next cell; texts from elsewhere must be made safe before. */
void table_add(struct table *, const char *text);

size_t table_rows(const struct table *);

/* What each column takes when a line may have `columns` of them (0: any number); those with
 * a width of 0 are left out. Before that the first one, which names the row, gives way down to
 * TABLE_NAME_LEAST. */
void table_fit(const struct table *, size_t columns, size_t ret_width[TABLE_COLUMNS_MAX]);

/* One line without its end: a row, or the titles (row SIZE_MAX). Returns ret. */
char *table_line(const struct table *, const size_t width[TABLE_COLUMNS_MAX], size_t row,
                 char ret[TABLE_LINE_MAX]);

/* Bytes of a text that take at most so many columns. */
size_t table_cut(const char *text, size_t columns);
