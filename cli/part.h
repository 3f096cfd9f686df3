/* part.h - a file that is not whole yet: ".NAME.leno-part" beside its place. */
#pragma once

#include "beneath.h"

#include <stdint.h>
#include <sys/types.h>

struct part {
	int folder;   /* where it lies; owned                     */
	int fd;       /* locked while we have it                  */
	char leaf[256];             /* what it will be called     */
	char name[PART_NAME_MAX];
	uint64_t size; /* that it had when it was opened           */
};

/* Opens or makes the part of `leaf` in a folder, which it takes over. 0 or an errno (the
 * folder is closed then): EWOULDBLOCK while somebody else writes it. */
int part_open(struct part *, int folder, const char *leaf);

/* Makes it durable and gives it its name: an errno, or 0. EEXIST when the name is taken
 * and force is not set. Blocks as long as the disk does; the part stays open. */
int part_commit(struct part *, mode_t mode, bool force);

/* Lets go of it; it stays for another time unless it is empty or `remove`. */
void part_close(struct part *, bool remove);
