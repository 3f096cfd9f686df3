/* metrics_page.c - see metrics_page.h. */
#include "metrics_page.h"
#include "answers.h"
#include "output.h"

#include <stdlib.h>

enum { FRESH_PARTS = 20 };

leno_bytes metrics_page_get(struct metrics_page *p, struct app *app)
{
	int64_t began_us = clock_us(), now_us;
	struct snapshot s = { .name = "" };
	FILE *f;

	if (p->text != NULL && began_us < p->stale_us)
		return (leno_bytes){ p->text, p->size };
	metrics_page_clear(p);
	f = need(open_memstream(&p->text, &p->size));
	answers_snapshot(app, &s);
	snapshot_write_metrics(f, &s);
	fclose(f);
	need(p->text);
	snapshot_free(&s);
	now_us = clock_us();
	p->stale_us = now_us + FRESH_PARTS * (now_us - began_us);
	return (leno_bytes){ p->text, p->size };
}

void metrics_page_clear(struct metrics_page *p)
{
	free(p->text);
	p->text = NULL;
}
