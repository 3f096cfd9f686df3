/* status.h - how all nodes are: `leno nodes --status`. */
#pragma once

#include "rounds.h"

/* All nodes that are there now, to be asked by rounds_work(). */
void status_begin(struct rounds *, struct app *);

/* When that is over: prints what they said, a table or an object a line. */
void status_print(struct rounds *, bool whole_ids);
void status_free(struct rounds *);
