/* copy_serve.c - files that others bring to this node and fetch from it.
 *
 *  1. Files come only into the folder of --accept-files and go only out of that of
 *     --share-files; who asks names them by paths below it (beneath.c).
 *  2. At most COPIES_MAX at once; one that does not move for COPY_IDLE_MS is over.
 *  3. Of two that bring the same file (name and size), the later takes over: it is the
 *     same sender, back after its path broke. */
#include "copy_serve.h"
#include "copy.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BEAT_MS = 1000 };

struct copies {
	struct app *app;
	struct background *background;
	enum event_style style;
	int accept, share; /* folders, or -1 */
	struct copy *first;
	unsigned count;
	leno_timer beat;
};

/* ---- who brings ------------------------------------------------------------------ */

static bool same_place(const struct copy *c, int folder, const char *leaf)
{
	struct stat ours, theirs;

	return c->parted && strcmp(c->part.leaf, leaf) == 0 && fstat(folder, &ours) == 0 &&
	       fstat(c->part.folder, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
	       ours.st_dev == theirs.st_dev;
}

static void take_over(struct copies *all, struct copy *by, int folder, const char *leaf)
{
	for (struct copy *c = all->first, *next; c != NULL; c = next) {
		next = c->next;
		if (c == by || c->ended || c->working || c->size != by->size ||
		    !same_place(c, folder, leaf))
			continue;
		copy_fail(c, COPY_TAKEN, "another copy of %.180s took over", c->file);
		copy_run(c);
	}
}

static void on_offered(struct copy *c, const struct frame *f)
{
	struct copies *all = c->owner;
	const char *wrong = beneath_wrong(f->path, strlen(f->path));
	const char *leaf;
	int folder;

	memcpy(c->file, f->path, sizeof c->file);
	c->force = f->flags & OFFER_FORCE;
	c->again_offered = f->flags & OFFER_AGAIN;
	if (all->accept < 0) {
		copy_fail(c, COPY_DENIED,
		          "that node takes no files; `leno up --accept-files DIR` does");
		return;
	}
	if (wrong != NULL) {
		copy_fail(c, COPY_DENIED, "%.120s cannot be put there: %s", c->file, wrong);
		return;
	}
	folder = beneath_open(all->accept, f->path, &leaf);
	if (folder < 0) {
		copy_fail_errno(c, "cannot be put there", errno);
		return;
	}
	take_over(all, c, folder, leaf);
	copy_into(c, folder, leaf);
}

/* ---- who fetches ------------------------------------------------------------------ */

static void share(struct copies *all, struct copy *c)
{
	const char *wrong = beneath_wrong(c->file, strlen(c->file)), *leaf;
	struct stat st;
	int folder;

	if (all->share < 0) {
		copy_fail(c, COPY_DENIED,
		          "that node shares no files; `leno up --share-files DIR` does");
		return;
	}
	if (wrong != NULL) {
		copy_fail(c, COPY_DENIED, "%.120s cannot be had from there: %s", c->file, wrong);
		return;
	}
	folder = beneath_open(all->share, c->file, &leaf);
	if (folder >= 0) {
		c->fd = openat(folder, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		close(folder);
	}
	if (c->fd < 0)
		copy_fail_errno(c, "cannot be read", errno);
	else if (fstat(c->fd, &st) != 0 || !S_ISREG(st.st_mode))
		copy_fail(c, COPY_DENIED, "%.180s is no regular file", c->file);
	else
		copy_offer(c, "", 0);
}

/* The first word decides which end of a copy we are. */
static bool serve_step(struct copy *c, size_t *budget)
{
	struct frame f;

	if (!copy_next(c, &f))
		return false;
	if (f.kind == FRAME_OFFER) {
		copy_offered(c, &f);
	} else if (f.kind == FRAME_WANT) {
		memcpy(c->file, f.path, sizeof c->file);
		share(c->owner, c);
	} else {
		copy_fail(c, COPY_BROKEN, "a copy begins with a file or a wish");
	}
	return !c->ended;
}

/* ---- all of them ------------------------------------------------------------------ */

static void on_over(struct copy *c)
{
	struct copies *all = c->owner;
	struct copy **at = &all->first;
	const struct event_copy e = {
		.peer = &c->peer,
		.file = c->file,
		.in = c->inward,
		.size = c->size,
		.bytes = c->at > c->resumed ? c->at - c->resumed : 0,
		.took_us = clock_us() - c->began_us,
		.error = c->end == COPY_OK ? NULL : c->why,
	};

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	all->count--;
	event_copy(all->style, &e);
	copy_free(c);
}

static void on_beat(leno_node *node, void *arg)
{
	struct copies *all = arg;
	int64_t now = clock_ms();

	all->beat = 0;
	for (struct copy *c = all->first, *next; c != NULL; c = next) {
		next = c->next;
		copy_beat(c);
		if (copy_moving(c, now) || now - c->moved_ms < COPY_IDLE_MS)
			continue;
		copy_fail(c, COPY_GONE, "nothing moved for %d s", COPY_IDLE_MS / 1000);
		copy_run(c);
	}
	if (all->first != NULL)
		leno_after(node, BEAT_MS, on_beat, all, &all->beat);
}

void copies_take(struct copies *all, leno_stream *stream)
{
	struct copy *c;

	if (all->count == COPIES_MAX) {
		leno_stream_abort(stream, COPY_BUSY, "that node has too many copies at once");
		return;
	}
	c = copy_new(all->app, all->background, on_over, all);
	c->stream = stream;
	c->peer = *leno_stream_peer(stream);
	c->step = serve_step;
	c->offered = on_offered;
	c->next = all->first;
	all->first = c;
	all->count++;
	leno_stream_accept(stream, &copy_handlers, c);
	if (all->beat == 0)
		leno_after(all->app->node, BEAT_MS, on_beat, all, &all->beat);
}

static bool open_folder(const char *path, int mode, int *ret)
{
	*ret = -1;
	if (path == NULL)
		return true;
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret >= 0 && faccessat(*ret, ".", mode, AT_EACCESS) == 0)
		return true;
	fail("the folder %s cannot be %s: %s", path, mode & W_OK ? "written" : "read",
	     strerror(errno));
	return false;
}

struct copies *copies_new(struct app *app, struct background *b, const char *accept,
                          const char *share_, enum event_style style)
{
	struct copies *all = need(calloc(1, sizeof *all));

	*all = (struct copies){ .app = app, .background = b, .style = style, .share = -1 };
	if (open_folder(accept, W_OK | X_OK, &all->accept) &&
	    open_folder(share_, R_OK | X_OK, &all->share))
		return all;
	copies_free(all);
	return NULL;
}

void copies_adopt(struct copies *all, struct copies *other)
{
	const int accept = all->accept, share_ = all->share;

	all->accept = other->accept;
	all->share = other->share;
	other->accept = accept;
	other->share = share_;
	copies_free(other);
}

void copies_free(struct copies *all)
{
	if (all == NULL)
		return;
	for (struct copy *c = all->first, *next; c != NULL; c = next) {
		next = c->next;
		copy_free(c);
	}
	if (all->beat != 0)
		leno_cancel(all->app->node, all->beat);
	if (all->accept >= 0)
		close(all->accept);
	if (all->share >= 0)
		close(all->share);
	free(all);
}
