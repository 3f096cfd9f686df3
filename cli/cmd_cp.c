/* cmd_cp.c - `leno cp`: a file to a node, or from it.
 *
 *   seek NODE -> attempt --over--> done
 *                   \--the path broke, the node restarted, it is busy--> wait -> attempt
 *
 *  1. Each attempt is a stream of its own, and goes on from the part that an earlier one,
 *     or an earlier command, has left.
 *  2. The command gives up when nothing has moved for --timeout.
 *  3. What is drawn goes to standard error, and only where a person looks. */
#include "copy.h"
#include "copy_show.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 200, BEATS = 1000 / LOOK_MS, RETRY_MS = 250, RETRY_MOST_MS = 2000 };

struct cp_command {
	struct words words;
	bool force;
};

struct cp {
	struct app app;
	struct background *background;
	bool put, force;
	char *who;
	char local[4096];  /* the file on this side                      */
	char folder[4096]; /* where it goes, when it comes               */
	const char *leaf;
	char remote[BENEATH_PATH_MAX];
	leno_id peer;
	bool found;   /* once                                       */
	bool waiting; /* for the next attempt                       */
	bool again;   /* all was sent once                          */
	int64_t delay_ms;
	struct copy *copy;
	struct copy_show show;
	leno_timer look, retry;
	unsigned looks;
	char why[COPY_WHY + 128]; /* the last attempt was in vain */
};

/* ---- attempts -------------------------------------------------------------------- */

static void finished(struct cp *p, struct copy *c)
{
	copy_show_done(&p->show, c);
	if (p->app.set->json) {
		cJSON *object = json_event("copied");
		char sum[CHECKSUM_TEXT];

		json_id(object, "id", &p->peer);
		json_text(object, "name", node_label(p->app.node, &p->peer));
		json_text(object, "file", p->put ? p->remote : p->local);
		json_number(object, "size", (double)c->size);
		json_number(object, "resumed_from", (double)c->resumed);
		json_text(object, "sha256", checksum_text(c->final_sum, sum));
		json_number(object, "elapsed_us", (double)(clock_us() - p->show.began_us));
		out_json(object);
	}
	app_end(&p->app, EXIT_DONE);
}

static void say_why(struct cp *p, const struct copy *c)
{
	const char *why = c->why;

	if (c->theirs && strcmp(why, "no such stream is taken here") == 0)
		why = "that node has no part in copies; `leno up --accept-files DIR` or "
		      "`--share-files DIR` has";
	if (c->theirs)
		snprintf(p->why, sizeof p->why, "%s: %s", p->who, why);
	else
		snprintf(p->why, sizeof p->why, "%s", why);
}

static void on_retry(leno_node *node, void *arg)
{
	struct cp *p = arg;

	p->retry = 0;
	p->waiting = false;
}

static void wait_a_moment(struct cp *p)
{
	p->waiting = true;
	leno_after(p->app.node, p->delay_ms, on_retry, p, &p->retry);
	p->delay_ms = p->delay_ms * 2 < RETRY_MOST_MS ? p->delay_ms * 2 : RETRY_MOST_MS;
}

static void on_over(struct copy *c)
{
	struct cp *p = c->owner;

	p->copy = NULL;
	p->again = p->again || c->all_sent;
	if (c->end == COPY_OK) {
		finished(p, c);
	} else {
		say_why(p, c);
		if (c->end >= COPY_BUSY) {
			wait_a_moment(p);
		} else {
			copy_show_clear(&p->show);
			fail("%s", p->why);
			app_end(&p->app, EXIT_FAILED);
		}
	}
	copy_free(c);
}

/* Where it goes is known: the offer only says what comes. */
static void on_offered(struct copy *c, const struct frame *f)
{
	struct cp *p = c->owner;
	int folder = open(p->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	c->force = p->force;
	if (folder < 0)
		copy_fail_errno(c, "cannot be written", errno);
	else
		copy_into(c, folder, p->leaf);
}

static void start(struct cp *p, struct copy *c)
{
	snprintf(c->file, sizeof c->file, "%.1000s", p->local);
	c->peer = p->peer;
	c->offered = on_offered;
	if (!p->put) {
		copy_want(c, p->remote);
		return;
	}
	c->fd = open(p->local, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0) {
		copy_fail_errno(c, "cannot be read", errno);
		return;
	}
	copy_offer(c, p->remote,
	           (uint8_t)((p->force ? OFFER_FORCE : 0) | (p->again ? OFFER_AGAIN : 0)));
}

/* Nobody gives files to an observer: it could not be held to its role otherwise. */
static bool may_take(struct cp *p)
{
	if (!p->put || leno_role_of(p->app.node, &p->peer) != LENO_OBSERVER)
		return true;
	fail("%s is an observer, and observers are given no files", p->who);
	app_end(&p->app, EXIT_FAILED);
	return false;
}

static void attempt(struct cp *p)
{
	struct copy *c = copy_new(&p->app, p->background, on_over, p);
	int error =
		leno_stream_open(p->app.node, &p->peer, COPY_TOPIC, &copy_handlers, c, &c->stream);

	if (error) {
		copy_free(c);
		snprintf(p->why, sizeof p->why, "%s: %s", p->who, leno_strerror(error));
		wait_a_moment(p);
		return;
	}
	p->copy = c;
	start(p, c);
	copy_run(c);
}

/* ---- time ------------------------------------------------------------------------- */

/* The node may have come back under another id: its old life will not answer. */
static void look_for_life(struct cp *p)
{
	leno_id id;

	if (leno_find(p->app.node, p->who, &id) != 0 || leno_id_same(&id, &p->peer))
		return;
	copy_fail(p->copy, COPY_GONE, "it has restarted");
	copy_run(p->copy);
}

static void on_look(leno_node *node, void *arg)
{
	struct cp *p = arg;

	leno_after(node, LOOK_MS, on_look, p, &p->look);
	if (p->copy != NULL && copy_moving(p->copy, clock_ms())) {
		p->app.deadline = clock_ms() + p->app.set->patience_ms;
		if (p->copy->phase > 0)
			p->delay_ms = RETRY_MS;
	}
	copy_show_draw(&p->show, p->copy);
	p->looks++;
	if (p->copy == NULL || p->looks % BEATS != 0)
		return;
	if (p->app.set->json)
		copy_show_json(&p->show, p->copy);
	copy_beat(p->copy);
	look_for_life(p);
}

static void on_tick(struct app *app)
{
	struct cp *p = (struct cp *)app;

	if (p->copy != NULL || p->waiting)
		return;
	if (p->found) {
		if (leno_find(app->node, p->who, &p->peer) == 0 && may_take(p))
			attempt(p);
		else if (!app->done)
			wait_a_moment(p);
		return;
	}
	if (!app_seek(app, p->who, &p->peer) || !may_take(p))
		return;
	p->found = true;
	app->deadline = clock_ms() + app->set->patience_ms;
	p->show.began_us = clock_us();
	on_look(app->node, p);
	attempt(p);
}

static void on_late(struct app *app)
{
	struct cp *p = (struct cp *)app;

	if (!p->found) {
		app_not_found(app, p->who);
		return;
	}
	if (p->copy != NULL && p->copy->done) {
		finished(p, p->copy);
		return;
	}
	copy_show_clear(&p->show);
	fail("nothing has moved for %g s; the same command goes on from here%s%s",
	     (double)app->set->patience_ms / 1000, *p->why ? ": " : "", p->why);
	app_end(app, EXIT_TIMEOUT);
}

static void on_closing(struct app *app)
{
	struct cp *p = (struct cp *)app;

	copy_show_clear(&p->show);
	background_free(p->background);
	copy_free(p->copy);
}

/* ---- the command --------------------------------------------------------------------- */

/* NODE:PATH, where a colon comes before any slash. */
static char *remote_colon(char *text)
{
	char *colon = strchr(text, ':');

	return colon != NULL && colon != text && memchr(text, '/', (size_t)(colon - text)) == NULL
	               ? colon
	               : NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static bool check_source(struct cp *p, const char *file)
{
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	bool good = fd >= 0 && fstat(fd, &st) == 0;

	if (!good)
		fail("%s cannot be read: %s", file, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		fail("%s is a folder: copy a file, or what `tar -c %s` makes of it", file, file);
	else if (!S_ISREG(st.st_mode))
		fail("%s is no regular file", file);
	if (fd >= 0)
		close(fd);
	snprintf(p->local, sizeof p->local, "%s", file);
	return good && S_ISREG(st.st_mode);
}

/* A device that a link leads to is meant to be written to, which we do not. */
static bool has_place(const struct cp *p)
{
	struct stat st, to;

	if (lstat(p->local, &st) != 0)
		return true;
	if (stat(p->local, &to) != 0)
		to = st;
	if (S_ISDIR(st.st_mode))
		fail("%s is a folder", p->local);
	else if (!S_ISREG(to.st_mode) && !S_ISLNK(to.st_mode))
		fail("%s is no regular file; say the name of one that is not there yet", p->local);
	else if (!p->force)
		fail("%s exists; --force replaces it", p->local);
	else
		return true;
	return false;
}

static bool check_target(struct cp *p, const char *file)
{
	struct stat st;
	char *slash;

	if (stat(file, &st) == 0 && S_ISDIR(st.st_mode))
		snprintf(p->local, sizeof p->local, "%s/%s", file, base_name(p->remote));
	else
		snprintf(p->local, sizeof p->local, "%s", file);
	if (!has_place(p))
		return false;
	snprintf(p->folder, sizeof p->folder, "%s", p->local);
	slash = strrchr(p->folder, '/');
	if (slash == NULL)
		snprintf(p->folder, sizeof p->folder, ".");
	else
		slash[slash == p->folder] = '\0';
	p->leaf = base_name(p->local);
	if (access(p->folder, W_OK | X_OK) != 0)
		fail("%s cannot be written: folder %s: %s", p->local, p->folder, strerror(errno));
	else if (*p->leaf == '\0')
		fail("%s is no folder", p->local);
	else
		return true;
	return false;
}

/* Takes "NODE:PATH" apart; PATH gets the file's own name where it names none. */
static bool take_remote(struct cp *p, char *text, char *colon, const char *file)
{
	size_t n = strlen(colon + 1);
	bool whole = n > 0 && (!p->put || colon[n] != '/');

	p->who = text;
	*colon = '\0';
	if (!p->put && n == 0) {
		fail("say which file of %s: %s:PATH", text, text);
		return false;
	}
	if ((size_t)snprintf(p->remote, sizeof p->remote, "%s%s", colon + 1,
	                     whole ? "" : base_name(file)) < sizeof p->remote)
		return true;
	fail("a path at NODE is up to %d bytes", BENEATH_PATH_MAX - 1);
	return false;
}

static bool take_words(struct cp *p, char *from, char *to)
{
	char *from_colon = remote_colon(from), *to_colon = remote_colon(to);

	p->put = to_colon != NULL;
	p->app.exit = EXIT_USAGE;
	if ((from_colon != NULL) == (to_colon != NULL)) {
		fail("one of the two is a file here, the other one is NODE:PATH (a file here whose "
		     "name has a colon: ./NAME)");
		return false;
	}
	if (strlen(p->put ? from : to) >= sizeof p->local - 256) {
		fail("a path is up to %zu bytes", sizeof p->local - 257);
		return false;
	}
	if (!take_remote(p, p->put ? to : from, p->put ? to_colon : from_colon, from))
		return false;
	p->app.exit = EXIT_FAILED;
	return p->put ? check_source(p, from) : check_target(p, to);
}

static const struct argp_option options[] = {
	{ "force", 'f', NULL, 0, "replace a file that exists", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &patient_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cp_command *c = state->input;

	if (key != 'f')
		return words_parse(key, arg, state);
	c->force = true;
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FILE NODE:[PATH]\nNODE:PATH FILE|FOLDER",
	.doc = "Copies a file to NODE, below the folder of its `leno up --accept-files`, or from "
	       "it, below that of its `leno up --share-files`."
	       "\vA copy that was interrupted goes on where it was: the part lies as "
	       ".NAME.leno-part until the checksum of the whole file holds. While NODE is away "
	       "the command waits, and tries again, until nothing has moved for --timeout.",
	.children = children,
};

int cmd_cp(int argc, char **argv)
{
	static const leno_handlers handlers = { 0 };
	struct cp_command c = { .words = { .least = 2, .most = 2 } };
	struct cp p = {
		.app = { .tick = on_tick, .late = on_late, .closing = on_closing, .acts = true },
		.delay_ms = RETRY_MS
	};

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	if (c.words.set.patience_ms == 0)
		c.words.set.patience_ms = STALL_MS;
	p.force = c.force;
	if (!take_words(&p, c.words.items[0], c.words.items[1]))
		return p.app.exit;
	copy_show_init(&p.show, base_name(p.put ? p.local : p.remote), c.words.set.json);
	if (!app_open(&p.app, &c.words.set, &handlers, false))
		return p.app.exit;
	p.background = background_new(&p.app);
	app_start_clock(&p.app);
	return app_run(&p.app);
}
