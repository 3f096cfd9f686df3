/* signals.h - what ends a command, and its children's ends. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

void signals_catch(void);
void signals_release(void); /* let them in at any time: for loops not ours */

int  signals_interrupted(void); /* SIGINT, SIGTERM (or one like it), or 0 */
bool signals_child(void);       /* a child has ended since the last call   */

/* poll(2), with signals let in: one of them ends it. -1 ms: for ever. */
int signals_poll(struct pollfd *, nfds_t, int64_t ms);
