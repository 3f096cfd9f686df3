/* copy_show.h - how far a copy is, for whoever looks. */
#pragma once

#include "copy.h"
#include "progress.h"

struct copy_show {
	bool drawing; /* standard output and error are a terminal's */
	bool drawn;   /* there is a line that has not ended         */
	char name[256];
	struct rate rate;
	const struct copy *of; /* whose rate it is                           */
	int64_t began_us;
};

void copy_show_init(struct copy_show *, const char *name, bool json);
void copy_show_draw(struct copy_show *, const struct copy *); /* NULL: waiting for the node */
void copy_show_json(struct copy_show *, const struct copy *);

/* The last line stays, and tells of the whole. */
void copy_show_done(struct copy_show *, const struct copy *);

/* Before something else is said. */
void copy_show_clear(struct copy_show *);
