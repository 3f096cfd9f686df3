/* netfile.h - the files of networks that have a key, and what people are told of them. */
#pragma once

#include <stdbool.h>

/* Writes a new key; false after saying why it could not. network: NULL is "default". */
bool netfile_create(const char *path, const char *network);

/* Says what is wrong with a key's file, by the error of leno_invite(). */
void netfile_complain(const char *path, int error);
