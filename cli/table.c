/* table.c - see table.h. */
#include "table.h"
#include "output.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 2 };

struct cell {
	const char *text;
	size_t size;
};

void table_init(struct table *t, const struct column *columns, size_t n_columns)
{
	*t = (struct table){ .columns = columns, .n_columns = n_columns };
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	table_init(t, t->columns, t->n_columns);
}

void table_add(struct table *t, const char *text)
{
	if (t->n_cells == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->cells = need(realloc(t->cells, t->room * sizeof *t->cells));
	}
	t->cells[t->n_cells++] = need(strdup(text));
}

size_t table_rows(const struct table *t)
{
	return t->n_cells / t->n_columns;
}

static size_t total(const struct table *t, const size_t *width)
{
	size_t sum = 0;

	for (size_t c = 0; c < t->n_columns; c++)
		sum += width[c] ? width[c] + (sum ? GAP : 0) : 0;
	return sum;
}

/* The one to be left out next; n_columns when all that are left must stay. */
static size_t least(const struct table *t, const size_t *width)
{
	size_t found = t->n_columns;

	for (size_t c = 0; c < t->n_columns; c++) {
		unsigned most = found < t->n_columns ? t->columns[found].rank : 0;

		if (width[c] && t->columns[c].rank > most)
			found = c;
	}
	return found;
}

void table_fit(const struct table *t, size_t columns, size_t ret_width[TABLE_COLUMNS_MAX])
{
	size_t out, sum;

	for (size_t c = 0; c < t->n_columns; c++)
		ret_width[c] = text_columns(t->columns[c].title);
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t n = text_columns(t->cells[i]), *width = &ret_width[i % t->n_columns];

		*width = n > *width ? n : *width;
	}
	sum = total(t, ret_width);
	if (columns && sum > columns && ret_width[0] > TABLE_NAME_LEAST) {
		size_t over = sum - columns, spare = ret_width[0] - TABLE_NAME_LEAST;

		ret_width[0] -= over < spare ? over : spare;
	}
	while (columns && total(t, ret_width) > columns && (out = least(t, ret_width)) < t->n_columns)
		ret_width[out] = 0;
}

size_t table_cut(const char *text, size_t columns)
{
	size_t n = 0;

	while (text[n] && (columns > 0 || ((unsigned char)text[n] & 0xc0) == 0x80)) {
		columns -= ((unsigned char)text[n] & 0xc0) != 0x80;
		n++;
	}
	return n;
}

static void append(char *line, size_t *used, struct cell cell, size_t spaces_before,
                   size_t spaces_behind)
{
	size_t n = cell.size;

	if (*used + n + spaces_before + spaces_behind >= TABLE_LINE_MAX)
		return;
	memset(line + *used, ' ', spaces_before);
	memcpy(line + *used + spaces_before, cell.text, n);
	memset(line + *used + spaces_before + n, ' ', spaces_behind);
	*used += n + spaces_before + spaces_behind;
}

char *table_line(const struct table *t, const size_t width[TABLE_COLUMNS_MAX], size_t row,
                 char ret[TABLE_LINE_MAX])
{
	size_t used = 0;

	for (size_t c = 0; c < t->n_columns; c++) {
		const char *text = row == SIZE_MAX ? t->columns[c].title
		                                   : t->cells[row * t->n_columns + c];
		size_t gap = used ? GAP : 0, pad = text_columns(text);

		if (width[c] == 0)
			continue;
		pad = pad < width[c] ? width[c] - pad : 0;
		append(ret, &used, (struct cell){ text, table_cut(text, width[c]) }, gap + (t->columns[c].right ? pad : 0),
		       t->columns[c].right ? 0 : pad);
	}
	while (used > 0 && ret[used - 1] == ' ')
		used--;
	ret[used] = '\0';
	return ret;
}
