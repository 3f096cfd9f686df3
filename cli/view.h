/* view.h - a snapshot as tables for people: totals, or rates since another snapshot. */
#pragma once

#include "snapshot.h"
#include "table.h"

struct view {
	const struct snapshot *now;
	const struct snapshot *before; /* for rates                        */
	uint64_t ms;                   /* between the two; 0: show totals  */
};

/* Fill an empty table; busiest rows first. */
void view_links(struct table *, const struct view *);
void view_sessions(struct table *, const struct view *);

/* "ada 3f2a91c0", or the whole id of a node without a name. Safe for a terminal. */
void view_node(char *ret, size_t size, const leno_id *, const char *name);
