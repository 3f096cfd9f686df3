/* part.c - a part, from its first byte to its name.
 *
 *   part_open -> [ pwrite ]... -> part_commit -> part_close
 *
 *  1. One process at a time has a part, by flock(2); the lock ends with the process.
 *  2. The name appears by rename(2) alone, after the bytes are on the disk: whoever sees
 *     it sees all of the file.
 *  3. Until then only its owner can read it. */
#include "part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_TRIES = 8 /* against others who finish or remove it meanwhile */ };

static bool still_there(const struct part *p)
{
	struct stat ours, named;

	return fstat(p->fd, &ours) == 0 &&
	       fstatat(p->folder, p->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

static int open_once(struct part *p)
{
	struct stat st;

	p->fd = openat(p->folder, p->name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	               0600);
	if (p->fd < 0)
		return errno;
	if (fstat(p->fd, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1) /* not what another name shows, too */
		return EINVAL;
	if (flock(p->fd, LOCK_EX | LOCK_NB) != 0)
		return errno;
	if (!still_there(p))
		return ESTALE;
	if (fstat(p->fd, &st) != 0)
		return errno;
	p->size = (uint64_t)st.st_size;
	return 0;
}

int part_open(struct part *p, int folder, const char *leaf)
{
	int error = ENAMETOOLONG;

	*p = (struct part){ .folder = folder, .fd = -1 };
	snprintf(p->leaf, sizeof p->leaf, "%s", leaf);
	if (part_name(leaf, p->name)) {
		for (int i = 0; i < OPEN_TRIES; i++) {
			bool again;

			error = open_once(p);
			if (error == 0)
				return 0;
			again = error == ESTALE || (error == EWOULDBLOCK && !still_there(p));
			if (p->fd >= 0)
				close(p->fd);
			p->fd = -1;
			if (!again)
				break;
		}
	}
	close(folder);
	p->folder = -1;
	return error;
}

/* Filesystems that cannot refuse to replace can still refuse to link. */
static int name_it(const struct part *p, bool force)
{
	if (force)
		return renameat(p->folder, p->name, p->folder, p->leaf) ? errno : 0;
	if (renameat2(p->folder, p->name, p->folder, p->leaf, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	if (linkat(p->folder, p->name, p->folder, p->leaf, 0) != 0)
		return errno;
	return unlinkat(p->folder, p->name, 0) ? errno : 0;
}

int part_commit(struct part *p, mode_t mode, bool force)
{
	int error;

	if (fchmod(p->fd, mode & 0777) != 0 || fsync(p->fd) != 0)
		return errno;
	error = name_it(p, force);
	if (error)
		return error;
	fsync(p->folder); /* what cannot be synced here was renamed all the same */
	return 0;
}

void part_close(struct part *p, bool remove)
{
	struct stat st;

	if (p->fd >= 0) {
		bool empty = fstat(p->fd, &st) == 0 && st.st_size == 0;

		if ((remove || empty) && still_there(p))
			unlinkat(p->folder, p->name, 0);
		close(p->fd);
	}
	if (p->folder >= 0)
		close(p->folder);
	p->folder = p->fd = -1;
}
