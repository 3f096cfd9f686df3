/* maps.h - the maps that `leno up` shares. */
#pragma once

#include "app.h"

struct maps;

/* Shares what the settings name and `before` (may be NULL) has not. NULL after having said
 * what is wrong with one; app->exit is set then, and no other map is shared than before. */
struct maps *maps_share(struct app *, const struct settings *, const struct maps *before);

/* Ends those that `next` has not, and frees the list; next is the list from here on. NULL is
 * fine. */
void maps_replace(struct maps *before, struct maps *next);

/* Ends those that were shared for this list, as if it had never been. NULL is fine. */
void maps_undo(struct maps *);

/* The list alone: for the end of the node. */
void maps_free(struct maps *);
