/* mates.h - nodes at the other end of what goes on here: are they still there? The mesh
 * says nothing of visitors, and a session waits long for a node that may never return. */
#pragma once

#include "app.h"

struct mates;

/* Each node that something goes on with is asked every so often. `lost` is called, again
 * and again, for one that has not answered for silent_ms. */
struct mates *mates_new(struct app *, leno_ms silent_ms, void (*lost)(void *arg, const leno_id *),
                        void *arg);

/* Before the node is closed. NULL is fine. */
void mates_free(struct mates *);

/* Something begins with this node; it ends. */
void mates_begin(struct mates *, const leno_id *);
void mates_end(struct mates *, const leno_id *);
