/* metrics_page.h - the counters of a node as Prometheus reads them, whoever serves the text. */
#pragma once

#include "app.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_page {
	char *text;       /* the last one; NULL: none yet */
	size_t size;
	int64_t stale_us; /* when a new one may be made   */
};

/* At most one part in twenty of the time goes into making pages: those that ask in between get
 * the last one. Lent until the next call. */
leno_bytes metrics_page_get(struct metrics_page *, struct app *);
void metrics_page_clear(struct metrics_page *);
