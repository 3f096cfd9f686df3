/* report.c - keeps every value of a figure, prints the median and the spread.
 *   peer metric size value unit  # min..max
 * Figures are printed in the order in which they were first reported. */
#include "harness.h"

enum { FIGURES_MAX = 512, VALUES_MAX = 32, NAME_SIZE = 32 };

struct row {
	char   peer[NAME_SIZE], metric[NAME_SIZE], unit[NAME_SIZE];
	size_t size;
	int    values;
	double value[VALUES_MAX];
};

static struct row rows[FIGURES_MAX];
static int        rows_used;

static struct row *find(const char *peer, const char *metric, size_t size)
{
	for (int i = 0; i < rows_used; i++)
		if (rows[i].size == size && !strcmp(rows[i].peer, peer) &&
		    !strcmp(rows[i].metric, metric))
			return &rows[i];
	if (rows_used == FIGURES_MAX)
		return NULL;

	struct row *r = &rows[rows_used++];

	snprintf(r->peer, sizeof r->peer, "%s", peer);
	snprintf(r->metric, sizeof r->metric, "%s", metric);
	r->size = size;
	return r;
}

void report(const char *peer, const char *metric, size_t size, double value, const char *unit)
{
	struct row *r = find(peer, metric, size);

	if (!r || r->values == VALUES_MAX)
		return;
	snprintf(r->unit, sizeof r->unit, "%s", unit);
	r->value[r->values++] = value;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* As many decimals as mean something: 12345678, 1234.5, 12.34, 0.123. */
static int decimals(double v)
{
	return v >= 10000 ? 0 : v >= 1000 ? 1 : v >= 10 ? 2 : 3;
}

void report_print(FILE *out)
{
	for (int i = 0; i < rows_used; i++) {
		struct row *r = &rows[i];
		const int n = r->values;

		qsort(r->value, (size_t)n, sizeof *r->value, by_value);

		const double median = (r->value[(n - 1) / 2] + r->value[n / 2]) / 2;
		const int d = decimals(median);

		fprintf(out, "%s %s %zu %.*f %s  # %.*f..%.*f\n", r->peer, r->metric,
		        r->size, d, median, r->unit, d, r->value[0], d, r->value[n - 1]);
	}
}
