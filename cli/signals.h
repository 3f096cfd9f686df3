/* signals.h - what ends a command, and its children's ends. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* reloads: SIGHUP is no end, unless it tells that the terminal of this process is gone. */
void signals_catch(bool reloads);
void signals_release(void); /* let them in at any time: for loops not ours */

int  signals_interrupted(void); /* SIGINT, SIGTERM (or one like it), or 0 */
bool signals_child(void);       /* a child has ended since the last call   */
bool signals_hangup(void);      /* a reload was asked for, since then too */

/* poll(2), with signals let in: one of them ends it. -1 ms: for ever. */
int signals_poll(struct pollfd *, nfds_t, int64_t ms);
