/* background.h - what may block (a disk, a resolver), beside the loop: a few threads that
 * work, and a word to the loop when they are done. */
#pragma once

#include "app.h"

enum { BACKGROUND_THREADS = 4 /* at work at once; further jobs wait */ };

struct background;

struct background *background_new(struct app *);

/* Waits for jobs that are running, skips those that wait, and calls done for each. Before
 * the node is closed. NULL is fine. */
void background_free(struct background *);

/* work(arg) on a thread, then done(arg, true) in the loop; done(arg, false) when there was
 * no turn for it before the end. Work touches nothing but arg. */
void background_run(struct background *, void (*work)(void *arg),
                    void (*done)(void *arg, bool worked), void *arg);
