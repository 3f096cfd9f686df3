/* replies.h - programs that answer requests: one process a request, a few at a time. */
#pragma once

#include "app.h"

struct replies;

/* Runs `command` by the shell for each request; one that takes longer than limit_ms
 * is ended. */
struct replies *replies_new(struct app *, const char *command, leno_ms limit_ms);

/* Ends what still runs. NULL is fine. */
void replies_free(struct replies *);

/* Takes over a request: runs it now or when it is its turn, or refuses it. */
void replies_take(struct replies *, leno_message *, const char *type, leno_bytes);

/* To call when a child has ended, when the deadline has passed, and after each step.
 * Keeps app->deadline. */
void replies_work(struct replies *);

bool replies_idle(const struct replies *);
