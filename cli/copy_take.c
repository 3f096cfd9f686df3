/* copy_take.c - the end of a copy that will have the file.
 *
 *   OFFERED --copy_into--> CHECKING --HAVE said--> ANSWERED --FROM--> BYTES --the last-->
 *   ENDED --END--> COMMITTING --durable, named, DONE said--> done
 *
 *  1. What the part holds counts when the sender has found it to be the beginning of its
 *     file; else it is emptied.
 *  2. The file gets its name when the checksum of all bytes, those of the part read again,
 *     is the sender's. A part whose checksum is another is thrown away.
 *  3. When all had been sent once and nobody knows what became of it (OFFER_AGAIN), a file
 *     that is there under the name and is the same is success. */
#include "copy.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { AWAITED, CHECKING, ANSWERED, BYTES, ENDED, COMMITTING };

static bool take_offer(struct copy *c)
{
	struct frame f;

	if (!copy_next(c, &f))
		return false;
	if (f.kind == FRAME_ALIVE)
		return true;
	if (f.kind != FRAME_OFFER) {
		copy_fail(c, COPY_BROKEN, "it did not say what it has");
		return false;
	}
	copy_offered(c, &f);
	return !c->ended;
}

static bool check(struct copy *c, size_t *budget)
{
	struct frame f = { .kind = FRAME_HAVE, .size = c->had };

	if (copy_check(c, c->whole ? c->fd : c->part.fd, budget) || c->ended)
		return !c->ended;
	checksum_value(c->sum, f.sum);
	copy_say(c, &f);
	c->phase = ANSWERED;
	return true;
}

/* The file of that name was another after all. */
static bool take_anew(struct copy *c)
{
	char leaf[sizeof c->part.leaf];
	int folder;

	c->whole = false;
	if (!c->force) {
		copy_fail(c, COPY_EXISTS, "%.180s exists there; --force replaces it", c->file);
		return false;
	}
	memcpy(leaf, c->part.leaf, sizeof leaf);
	folder = c->part.folder;
	c->parted = c->again_offered = false;
	close(c->fd);
	c->fd = -1;
	copy_into(c, folder, leaf);
	c->phase = ANSWERED;
	return !c->ended;
}

static bool take_from(struct copy *c)
{
	struct frame f;

	if (!copy_next(c, &f))
		return false;
	if (f.kind == FRAME_ALIVE)
		return true;
	if (f.kind != FRAME_FROM || (f.size != 0 && f.size != c->had)) {
		copy_fail(c, COPY_BROKEN, "it goes on where nothing ends");
		return false;
	}
	if (f.size == 0 && c->whole && c->size > 0 && !take_anew(c))
		return false;
	if (f.size == 0) {
		copy_resum(c);
		if (!c->whole && ftruncate(c->part.fd, 0) != 0) {
			copy_fail_errno(c, "cannot be written", errno);
			return false;
		}
	}
	c->resumed = c->at;
	c->phase = BYTES;
	c->doing = NULL;
	return true;
}

static bool take_bytes(struct copy *c, size_t *budget)
{
	uint64_t left = c->size - c->at;
	leno_bytes b;
	ssize_t n;

	if (left == 0) {
		c->phase = ENDED;
		return true;
	}
	b = leno_stream_peek(c->stream);
	if (b.size == 0)
		return false;
	b.size = b.size < left ? b.size : (size_t)left;
	b.size = b.size < *budget ? b.size : *budget;
	n = pwrite(c->part.fd, b.data, b.size, (off_t)c->at);
	if (n <= 0) {
		copy_fail_errno(c, "cannot be written", n < 0 ? errno : ENOSPC);
		return false;
	}
	checksum_add(c->sum, b.data, (size_t)n);
	leno_stream_skip(c->stream, (size_t)n);
	c->at += (uint64_t)n;
	*budget -= (size_t)n;
	return true;
}

/* ---- the end ------------------------------------------------------------------ */

static void say_done(struct copy *c)
{
	copy_say(c, &(struct frame){ .kind = FRAME_DONE });
	c->done = true;
}

static void commit(void *arg)
{
	struct copy *c = arg;

	c->committed = part_commit(&c->part, (mode_t)c->mode, c->force);
}

static void on_committed(void *arg, bool worked)
{
	struct copy *c = arg;

	c->working = false;
	if (!worked)
		copy_fail(c, COPY_GONE, "this node ends");
	else if (c->committed == EEXIST)
		copy_fail(c, COPY_EXISTS, "%.180s exists there; --force replaces it", c->file);
	else if (c->committed)
		copy_fail_errno(c, "cannot be written", c->committed);
	else if (c->ended) /* its stream did, meanwhile: the file is there all the same */
		c->end = COPY_OK;
	else
		say_done(c);
	copy_run(c);
}

static bool take_end(struct copy *c)
{
	struct frame f;

	if (!copy_next(c, &f))
		return false;
	if (f.kind != FRAME_END) {
		copy_fail(c, COPY_BROKEN, "it went on after the end");
		return false;
	}
	checksum_value(c->sum, c->final_sum);
	if (memcmp(f.sum, c->final_sum, sizeof f.sum) != 0) {
		if (c->parted)
			part_close(&c->part, true);
		c->parted = false;
		copy_fail(c, COPY_FAILED, "%.180s came with another checksum and was thrown away",
		          c->file);
		return false;
	}
	if (c->whole) {
		say_done(c);
		return true;
	}
	c->phase = COMMITTING;
	c->doing = "saving";
	c->working = true;
	background_run(c->background, commit, on_committed, c);
	return false;
}

static bool take_step(struct copy *c, size_t *budget)
{
	if (c->done) { /* what was said last has left */
		leno_stream_finish(c->stream);
		return false;
	}
	switch (c->phase) {
	case AWAITED: return take_offer(c);
	case CHECKING: return check(c, budget);
	case ANSWERED: return take_from(c);
	case BYTES: return take_bytes(c, budget);
	case ENDED: return take_end(c);
	default: return false;
	}
}

/* ---- the beginning -------------------------------------------------------------- */

void copy_await(struct copy *c)
{
	c->step = take_step;
	c->phase = AWAITED;
}

void copy_want(struct copy *c, const char *path)
{
	struct frame f = { .kind = FRAME_WANT };

	memcpy(f.path, path, strnlen(path, sizeof f.path - 1));
	copy_await(c);
	copy_say(c, &f);
}

/* The permissions of a new file, as cp(1) gives them. */
static uint32_t masked(uint32_t mode)
{
	mode_t mask = umask(077);

	umask(mask);
	return mode & 0777 & ~(uint32_t)mask;
}

void copy_offered(struct copy *c, const struct frame *f)
{
	c->step = take_step;
	c->inward = true;
	c->size = f->size;
	c->mode = masked(f->mode);
	c->offered(c, f);
}

static bool has_room(struct copy *c)
{
	uint64_t need = c->size > c->had ? c->size - c->had : 0;
	struct statvfs fs;

	/* Some know no size: 0 blocks of 0 bytes. */
	if (need == 0 || fstatvfs(c->part.fd, &fs) != 0 || fs.f_blocks == 0 || fs.f_frsize == 0 ||
	    need / fs.f_frsize < (uint64_t)fs.f_bavail)
		return true;
	copy_fail(c, COPY_FAILED, "%.180s does not fit on the disk: %llu bytes are to come, %llu "
	          "are free", c->file, (unsigned long long)need,
	          (unsigned long long)fs.f_bavail * fs.f_frsize);
	return false;
}

/* A file under the name may be what was sent before. True when it is compared. */
static bool compare_whole(struct copy *c, int folder, const char *leaf)
{
	struct stat st;

	c->fd = openat(folder, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (c->fd >= 0 && fstat(c->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size == c->size) {
		c->part = (struct part){ .folder = folder, .fd = -1 };
		snprintf(c->part.leaf, sizeof c->part.leaf, "%s", leaf);
		c->whole = c->parted = true;
		c->had = c->size;
		return true;
	}
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	return false;
}

/* A pipe or a device under the name is somebody's, and no file that could be replaced. */
static bool has_place(struct copy *c, int folder, const char *leaf)
{
	struct stat st;

	if (fstatat(folder, leaf, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return true;
	if (S_ISDIR(st.st_mode))
		copy_fail(c, COPY_EXISTS, "%.180s is a folder there; to put it into that say %.180s/",
		          c->file, c->file);
	else if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		copy_fail(c, COPY_EXISTS, "%.180s is no regular file there; say another name",
		          c->file);
	else if (!c->force)
		copy_fail(c, COPY_EXISTS, "%.180s exists there; --force replaces it", c->file);
	return !c->ended;
}

void copy_into(struct copy *c, int folder, const char *leaf)
{
	int error;

	c->phase = CHECKING;
	c->doing = "checking";
	copy_resum(c);
	if (c->again_offered && compare_whole(c, folder, leaf))
		return;
	if (!has_place(c, folder, leaf)) {
		close(folder);
		return;
	}
	error = part_open(&c->part, folder, leaf);
	if (error == EWOULDBLOCK) {
		copy_fail(c, COPY_BUSY, "%.180s is being written by somebody else", c->file);
		return;
	}
	if (error) {
		copy_fail_errno(c, "cannot be written", error);
		return;
	}
	c->parted = true;
	c->had = c->part.size;
	has_room(c);
}
