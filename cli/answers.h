/* answers.h - what every node that stays answers by itself: requests whose type begins with
 * "leno/". They never reach the command; who asks is a member, or would not have got in. */
#pragma once

#include "app.h"
#include "snapshot.h"

struct answers;

/* The handlers to open the node with: the command's, behind ours. */
const leno_handlers *answers_begin(struct app *, const leno_handlers *);
void answers_end(struct app *); /* again is harmless */

/* The counters of this process's node, its name and network included, into an empty one. */
void answers_snapshot(struct app *, struct snapshot *ret);
