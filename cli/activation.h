/* activation.h - sockets that a service manager has opened for this process, as systemd does:
 * LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES; and what it is told, over NOTIFY_SOCKET. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { ACTIVATION_FIRST = 3, ACTIVATION_MAX = 32 };

/* Reads what was handed over and clears the environment of it: once, at the beginning. */
void activation_begin(void);

/* What "NAME" or "NUMBER" means: *ret_n descriptors, in their order. Returns 0 of them when
 * nothing was handed over under that name. */
size_t activation_find(const char *name, int ret[ACTIVATION_MAX]);

/* Tells the service manager, if there is one, what this process is about. */
void activation_ready(void);     /* it serves, or serves again */
void activation_reloading(void); /* until it is ready          */
void activation_stopping(void);
