/* beneath.h - files of a folder and of nothing beside it, whatever others call them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
	BENEATH_PATH_MAX = 1024, /* bytes of a path below the folder           */
	PART_NAME_MAX = 256      /* bytes of a part's name, the NUL counted    */
};

/* NULL when the path names a file below a folder: words between single slashes, none of
 * them "." or "..", the last no part's name and short enough to have one. Else what is
 * wrong, as the end of a sentence. */
const char *beneath_wrong(const char *path, size_t size);

/* Opens the folder that a path's last word lies in, from `folder` on, without following
 * a symbolic link. *ret_leaf is that word, in the path. -1 and errno when it cannot;
 * ELOOP or ENOTDIR where a link or file stands in the way. */
int beneath_open(int folder, const char *path, const char **ret_leaf);

/* ".NAME.leno-part": where NAME lies until it is whole. False when NAME is too long. */
bool part_name(const char *name, char ret[PART_NAME_MAX]);
