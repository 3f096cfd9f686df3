/* privilege.h - giving up root, once what needs it is done. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct privilege {
	uid_t user;
	gid_t group;
};

/* "NAME" or "NAME:GROUP", or their numbers. False after having said what is wrong. */
bool privilege_find(const char *text, struct privilege *ret);

/* Becomes that user, in this group and no other, for good: it is tried whether that can be undone.
 * Who is that user already stays. False after having said why not. */
bool privilege_drop(const struct privilege *);
