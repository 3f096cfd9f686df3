/* serve.h - what a node that stays does for others, as far as it was told to: files and
 * connections. */
#pragma once

#include "common.h"
#include "events.h"

struct app;
struct serve;

/* NULL after having said what is wrong with the settings; app->exit is set. The node need
 * not be open yet. */
struct serve *serve_new(struct app *, const struct settings *, enum event_style);

/* Serves as `other` would, which it frees; what is under way goes on. */
void serve_adopt(struct serve *, struct serve *other);

/* Before the node is closed. NULL is fine. */
void serve_free(struct serve *);

/* The handler `stream`. */
void serve_take(struct serve *, leno_stream *, const char *topic);
