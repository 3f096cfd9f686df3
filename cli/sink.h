/* sink.h - standard output and standard error, written to without ever waiting. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Writes what is taken now of these bytes to STDOUT_FILENO or STDERR_FILENO. Returns how
 * many were taken, 0 when none are; or -1 and errno: EPIPE, its reader has gone. */
ssize_t sink_write(int fd, const void *data, size_t size);

/* Whoever reads it sees its end; what is written later goes nowhere. */
void sink_close(int fd);

/* Writing to it takes as long as it takes, and never fails for want of a reader. */
bool sink_is_file(int fd);

/* Poll(2) may say that a terminal takes bytes when it takes none: ask it again later. */
bool sink_is_terminal(int fd);

/* It was closed when the process began. */
bool sink_is_missing(int fd);
