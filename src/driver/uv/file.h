/* file.h - small files that only their owner may read. */
#ifndef LENO_DRIVER_UV_FILE_H
#define LENO_DRIVER_UV_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes text to a new file of mode 0600: all of it or nothing, and never over another.
 * EXISTS, FILE. */
int file_create_private(const char *path, const char *text);

/* Reads the whole of a text of less than capacity bytes, ended by a NUL. FILE, and
 * *ret_why (static) says why: missing, open to others, too long, not text. */
int file_read_private(const char *path, char *ret, size_t capacity, const char **ret_why);

/* Reads any text of less than `most` bytes into memory of its own, which the caller frees;
 * one that is `private` must be its owner's alone. FILE and *ret_why as above, MEMORY. */
int file_read_text(const char *path, bool private, size_t most, char **ret, const char **ret_why);

/* The same of an open descriptor. */
int file_read_open(int fd, char *ret, size_t capacity, const char **ret_why);

#endif
