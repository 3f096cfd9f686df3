/* folder.h - pages from the files of a folder, and from nowhere else.
 *
 *  1. Each part of a path is opened on its own, beneath the one before, and never through a
 *     link: whatever the path says, and whatever changes meanwhile, it stays in the folder.
 *  2. Names with a dot in front are not there. Of folders their index.html is served. */
#ifndef LENO_DRIVER_UV_FOLDER_H
#define LENO_DRIVER_UV_FOLDER_H

#include "base/bytes.h"
#include "transport/http.h"

enum { FOLDER_PATH_MAX = 1024 };       /* of what is asked for, decoded */

/* Decodes the %-codes of a path into a text. False: it is not well formed, too long, or holds
 * a NUL. */
bool folder_decode(struct bytes path, char ret[FOLDER_PATH_MAX]);

/* A descriptor of the folder; -1: there is none of that name. */
int  folder_open(const char *name);

/* The page of a decoded path; *ret is untouched when there is none. */
void folder_page(int folder, const char *path, struct http_answer *ret);

#endif
