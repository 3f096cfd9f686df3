/* copy_send.c - the end of a copy that has the file.
 *
 *   OFFERED --HAVE--> CHECKING --all of it checked--> BYTES --the last--> ENDED --DONE--> done
 *
 *  1. Bytes that the taker has are skipped only when their checksum is that of ours.
 *  2. The file is sent as it was offered: one that changes meanwhile is no copy, and
 *     neither is one whose size is not that of what it holds, as in /proc. */
#include "copy.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { OFFERED, CHECKING, BYTES, ENDED };

static bool take_have(struct copy *c)
{
	struct frame f;

	if (!copy_next(c, &f))
		return false;
	if (f.kind == FRAME_ALIVE)
		return true;
	if (f.kind != FRAME_HAVE) {
		copy_fail(c, COPY_BROKEN, "it did not say what it has");
		return false;
	}
	c->had = f.size <= c->size ? f.size : 0;
	memcpy(c->had_sum, f.sum, sizeof c->had_sum);
	c->phase = CHECKING;
	c->doing = "checking";
	return true;
}

static bool check(struct copy *c, size_t *budget)
{
	uint8_t ours[CHECKSUM_SIZE];

	if (copy_check(c, c->fd, budget) || c->ended)
		return !c->ended;
	checksum_value(c->sum, ours);
	if (c->had > 0 && memcmp(ours, c->had_sum, sizeof ours) != 0)
		copy_resum(c);
	c->resumed = c->at;
	posix_fadvise(c->fd, (off_t)c->at, 0, POSIX_FADV_SEQUENTIAL);
	copy_say(c, &(struct frame){ .kind = FRAME_FROM, .size = c->at });
	c->bare = true;
	c->phase = BYTES;
	c->doing = NULL;
	return true;
}

static bool is_changed(struct copy *c)
{
	struct stat now;

	return fstat(c->fd, &now) != 0 || now.st_size != c->before.st_size ||
	       now.st_mtim.tv_sec != c->before.st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != c->before.st_mtim.tv_nsec;
}

static bool finish(struct copy *c)
{
	struct frame f = { .kind = FRAME_END };
	char more;

	if (pread(c->fd, &more, 1, (off_t)c->at) > 0 && !is_changed(c)) {
		copy_fail(c, COPY_FAILED, "%.180s holds more than the %llu bytes of its size: copy "
		          "what `cat` makes of it", c->file, (unsigned long long)c->size);
		return false;
	}
	if (is_changed(c)) {
		copy_fail(c, COPY_CHANGED, "%.180s changed while it was read", c->file);
		return false;
	}
	checksum_value(c->sum, f.sum);
	memcpy(c->final_sum, f.sum, sizeof f.sum);
	copy_say(c, &f);
	c->bare = false;
	c->all_sent = true;
	c->phase = ENDED;
	c->doing = "saving";
	return true;
}

static bool send_bytes(struct copy *c, size_t *budget)
{
	uint64_t left = c->size - c->at;
	ssize_t n;

	if (left == 0)
		return finish(c);
	n = pread(c->fd, c->out, left < COPY_OUT ? (size_t)left : COPY_OUT, (off_t)c->at);
	if (n <= 0) {
		if (n < 0)
			copy_fail_errno(c, "cannot be read", errno);
		else
			copy_fail(c, COPY_CHANGED, "%.180s became shorter while it was read",
			          c->file);
		return false;
	}
	checksum_add(c->sum, c->out, (size_t)n);
	c->out_to = (size_t)n;
	c->at += (uint64_t)n;
	*budget -= (size_t)n < *budget ? (size_t)n : *budget;
	return true;
}

static bool take_done(struct copy *c)
{
	struct frame f;

	if (!copy_next(c, &f))
		return false;
	if (f.kind == FRAME_ALIVE)
		return true;
	if (f.kind != FRAME_DONE) {
		copy_fail(c, COPY_BROKEN, "it did not say that it was done");
		return false;
	}
	leno_stream_finish(c->stream);
	c->done = true;
	return false;
}

static bool send_step(struct copy *c, size_t *budget)
{
	if (c->done)
		return false;
	switch (c->phase) {
	case OFFERED: return take_have(c);
	case CHECKING: return check(c, budget);
	case BYTES: return send_bytes(c, budget);
	case ENDED: return take_done(c);
	default: return false;
	}
}

void copy_offer(struct copy *c, const char *path, uint8_t flags)
{
	struct frame f = { .kind = FRAME_OFFER, .flags = flags };

	c->step = send_step;
	c->phase = OFFERED;
	if (fstat(c->fd, &c->before) != 0) {
		copy_fail_errno(c, "cannot be read", errno);
		return;
	}
	c->size = (uint64_t)c->before.st_size;
	f.size = c->size;
	f.mode = c->before.st_mode & 0777;
	memcpy(f.path, path, strnlen(path, sizeof f.path - 1));
	copy_say(c, &f);
}
