/* replies.c - programs that answer requests, without ever stopping the node.
 *
 *   replies_take --> WAITING --start--> RUNNING --ended--> ANSWERING --> free
 *         \-> refused: too many wait
 *
 *  1. At most as many children at once as there are workers, at most WAITING_MAX requests and
 *     WAITING_BYTES of data behind them; what is beyond is refused as busy.
 *  2. Pipes to and from a child never block, and no other child holds their ends.
 *  3. A request is answered when its child has ended: by what the child wrote when
 *     its exit code is 0, by a refusal otherwise. What the child left running in the
 *     background is not waited for.
 *  4. Who wants its lines has them in order, and while one finds no room nothing is read.
 *  5. Each child leads a process group of its own, so that all of it can be ended. */
#include "replies.h"
#include "events.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	RUNNING_MAX = 8,
	WAITING_MAX = 256,
	WAITING_BYTES = 64 * 1024 * 1024,
	REPLY_MAX = 64 * 1024 * 1024,
	CHUNK = 64 * 1024
};

enum state { WAITING, RUNNING, ANSWERING };

struct job {
	struct job *next; /* in order of arrival */
	struct replies *replies;
	enum state state;
	struct asker asker;
	leno_id from;
	char *type, *data, *reply;
	char **argv; /* of its child */
	size_t size, written, reply_size, reply_room;
	bool held; /* a line has found no room */
	pid_t pid;
	int in, out; /* our ends, -1 when closed */
	int status;
	bool ended, late, too_big;
	int64_t deadline;
};

struct replies {
	struct app *app;
	const char *command;
	leno_ms limit_ms;
	struct job *first, **last;
	unsigned workers, running, waiting;
	size_t waiting_bytes;
};

struct replies *replies_new(struct app *app, const char *command, leno_ms limit_ms)
{
	struct replies *r = need(calloc(1, sizeof *r));

	r->app = app;
	r->command = command;
	r->limit_ms = limit_ms;
	r->workers = RUNNING_MAX;
	r->last = &r->first;
	return r;
}

static void close_end(struct app *app, int *fd)
{
	if (*fd < 0)
		return;
	app_unwatch(app, *fd);
	close(*fd);
	*fd = -1;
}

static void job_free(struct job *job)
{
	struct replies *r = job->replies;

	for (struct job **at = &r->first; *at != NULL; at = &(*at)->next) {
		if (*at != job)
			continue;
		*at = job->next;
		break;
	}
	r->last = &r->first;
	while (*r->last != NULL)
		r->last = &(*r->last)->next;
	close_end(r->app, &job->in);
	close_end(r->app, &job->out);
	free(job->type);
	free(job->data);
	free(job->reply);
	for (size_t i = 0; job->argv[i] != NULL; i++)
		free(job->argv[i]);
	free(job->argv);
	free(job);
}

void replies_free(struct replies *r)
{
	if (r == NULL)
		return;
	while (r->first != NULL) {
		if (r->first->state == RUNNING && !r->first->ended)
			kill(-r->first->pid, SIGTERM);
		r->first->asker.drop(r->first->asker.what);
		job_free(r->first);
	}
	free(r);
}

/* ---- one child -------------------------------------------------------------- */

static void on_writable(struct app *app, short revents, void *arg)
{
	struct job *job = arg;
	ssize_t n = write(job->in, job->data + job->written, job->size - job->written);

	if (n > 0)
		job->written += (size_t)n;
	else if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* A child that does not want to read all of it is free not to. */
	if (n < 0 || job->written == job->size)
		close_end(app, &job->in);
}

static void read_some(struct job *job)
{
	struct app *app = job->replies->app;
	ssize_t n;

	if (job->reply_room - job->reply_size < CHUNK) {
		job->reply_room = job->reply_room ? job->reply_room * 2 : 2 * CHUNK;
		job->reply = need(realloc(job->reply, job->reply_room));
	}
	n = read(job->out, job->reply + job->reply_size, CHUNK);
	if (n > 0)
		job->reply_size += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_end(app, &job->out);
	if (job->reply_size > REPLY_MAX && !job->too_big) {
		job->too_big = true;
		kill(-job->pid, SIGKILL);
	}
}

/* The line at the beginning, when another one has begun behind it: *ret_next says where. */
static bool first_line(const char *text, size_t size, leno_bytes *ret, size_t *ret_next)
{
	const char *end = size > 0 ? memchr(text, '\n', size) : NULL;
	size_t next = end != NULL ? (size_t)(end - text) : size;

	*ret = (leno_bytes){ text, next };
	while (next < size && (text[next] == '\n' || text[next] == '\r'))
		next++;
	*ret_next = next;
	return next < size;
}

/* False when one of them found no room: it is tried again after a later step. */
static bool say_lines(struct job *job)
{
	size_t at = 0, next;
	bool room = true;
	leno_bytes line;

	while (job->asker.said != NULL && room && job->reply_size > 0 &&
	       first_line(job->reply + at, job->reply_size - at, &line, &next)) {
		room = line.size == 0 || job->asker.said(job->asker.what, line) != LENO_AGAIN;
		at += room ? next : 0;
	}
	job->reply_size -= at;
	if (at > 0)
		memmove(job->reply, job->reply + at, job->reply_size);
	return room;
}

static void on_readable(struct app *app, short revents, void *arg);

static void hold(struct job *job)
{
	job->held = !say_lines(job);
	if (job->out >= 0 && job->held)
		app_unwatch(job->replies->app, job->out);
	else if (job->out >= 0)
		app_watch(job->replies->app, job->out, POLLIN, on_readable, job);
}

static void on_readable(struct app *app, short revents, void *arg)
{
	struct job *job = arg;

	read_some(job);
	if (job->asker.said != NULL)
		hold(job);
}

static char *variable(const char *name, const char *value)
{
	char *text = NULL;

	if (asprintf(&text, "%s=%s", name, value) < 0)
		text = NULL;
	return need(text);
}

/* Our environment, and what the child may want to know of the request. */
static char **child_environment(const struct job *job)
{
	static const char *const names[] = { "LENO_TYPE=", "LENO_FROM=", "LENO_FROM_NAME=",
		                             "LENO_ARGUMENTS=" };
	char id[LENO_ID_TEXT];
	size_t n = 0, kept = 0;
	char **all;

	while (environ[n] != NULL)
		n++;
	all = need(calloc(n + 5, sizeof *all));
	for (size_t i = 0; i < n; i++) {
		bool ours = false;

		for (size_t k = 0; k < 4; k++)
			ours = ours || strncmp(environ[i], names[k], strlen(names[k])) == 0;
		if (!ours)
			all[kept++] = need(strdup(environ[i]));
	}
	all[kept++] = variable("LENO_TYPE", job->type);
	all[kept++] = variable("LENO_FROM", leno_id_text(&job->from, id));
	all[kept++] = variable("LENO_FROM_NAME", event_name(&job->from));
	if (job->asker.join != NULL)
		all[kept++] = variable("LENO_ARGUMENTS", job->data);
	return all;
}

static int spawn(struct job *job, int in, int out)
{
	char **environment = child_environment(job);
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	int error;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
	                                              POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	error = posix_spawn(&job->pid, "/bin/sh", &files, &attributes, job->argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	for (size_t i = 0; environment[i] != NULL; i++)
		free(environment[i]);
	free(environment);
	return error;
}

/* 0, or an errno. */
static int job_start(struct job *job)
{
	struct app *app = job->replies->app;
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	int error = pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0
	                    ? errno
	                    : spawn(job, in[0], out[1]);

	if (in[0] >= 0)
		close(in[0]);
	if (out[1] >= 0)
		close(out[1]);
	job->in = in[1];
	job->out = out[0];
	if (error)
		return error;
	fcntl(job->in, F_SETFL, O_NONBLOCK);
	fcntl(job->out, F_SETFL, O_NONBLOCK);
	if (job->asker.join != NULL) {
		job->asker.join(job->asker.what, job->in, job->out);
		job->in = job->out = -1;
		return 0;
	}
	app_watch(app, job->out, POLLIN, on_readable, job);
	if (job->size > 0)
		app_watch(app, job->in, POLLOUT, on_writable, job);
	else
		close_end(app, &job->in);
	return 0;
}

/* ---- all of them ------------------------------------------------------------ */

void replies_workers(struct replies *r, unsigned workers)
{
	r->workers = workers;
}

/* What the shell is to run, and after that $0, $1 and so on. */
static char **words_of_shell(const char *program, const leno_command *c)
{
	size_t n = 0;
	char **argv = need(calloc((c ? c->n_args : 0) + 5, sizeof *argv));

	argv[n++] = need(strdup("sh"));
	argv[n++] = need(strdup("-c"));
	argv[n++] = need(strdup(program));
	if (c != NULL)
		argv[n++] = need(strdup(c->word));
	for (size_t i = 0; c != NULL && i < c->n_args; i++)
		argv[n++] = need(strdup(c->args[i]));
	return argv;
}

/* NULL: it has been refused. */
static struct job *job_new(struct replies *r, const struct asker *asker, const leno_id *from,
                           const char *type, leno_bytes data)
{
	struct job *job;

	if (r->waiting >= WAITING_MAX || r->waiting_bytes + data.size > WAITING_BYTES) {
		if (asker->refuse(asker->what, LENO_BUSY, "busy"))
			asker->drop(asker->what);
		return NULL;
	}
	job = need(calloc(1, sizeof *job));
	job->asker = *asker;
	job->replies = r;
	job->in = job->out = -1;
	job->from = *from;
	job->type = need(strdup(type));
	job->data = need(malloc(data.size + 1));
	if (data.size > 0)
		memcpy(job->data, data.data, data.size);
	job->data[data.size] = '\0';
	job->size = data.size;
	*r->last = job;
	r->last = &job->next;
	r->waiting++;
	r->waiting_bytes += job->size;
	return job;
}

void replies_ask(struct replies *r, const struct asker *asker, const leno_id *from,
                 const char *type, leno_bytes data)
{
	struct job *job = job_new(r, asker, from, type, data);

	if (job == NULL)
		return;
	job->argv = words_of_shell(r->command, NULL);
	replies_work(r);
}

static int request_reply(void *what, leno_bytes data)
{
	return leno_reply(what, data);
}

static int request_refuse(void *what, int code, const char *why)
{
	return leno_refuse(what, code, why);
}

static void request_drop(void *what)
{
	leno_message_drop(what);
}

/* False: there is no memory to keep it, which has been said. */
static bool keep_message(leno_message *message, struct asker *ret)
{
	*ret = (struct asker){ .what = leno_message_keep(message),
		               .reply = request_reply,
		               .refuse = request_refuse,
		               .drop = request_drop };
	if (ret->what == NULL)
		leno_refuse(message, LENO_BUSY, "out of memory");
	return ret->what != NULL;
}

void replies_take(struct replies *r, leno_message *message, const char *type, leno_bytes data)
{
	struct asker asker;

	if (keep_message(message, &asker))
		replies_ask(r, &asker, leno_message_from(message), type, data);
}

void replies_command(struct replies *r, const char *program, const leno_command *c)
{
	struct asker asker;
	struct job *job;

	if (!keep_message(c->message, &asker))
		return;
	job = job_new(r, &asker, &c->from, c->word, (leno_bytes){ NULL, 0 });
	if (job == NULL)
		return;
	job->argv = words_of_shell(program, c);
	replies_work(r);
}

void replies_cancel(struct replies *r, const void *what)
{
	for (struct job *job = r->first; job != NULL; job = job->next) {
		if (job->asker.what != what)
			continue;
		if (job->state == WAITING) {
			r->waiting--;
			r->waiting_bytes -= job->size;
			if (job->asker.refuse(job->asker.what, LENO_CLOSED, "nobody waits for it"))
				job->asker.drop(job->asker.what);
			job_free(job);
		} else if (job->state == RUNNING) {
			kill(-job->pid, SIGTERM);
		}
		return;
	}
}

static void start_waiting(struct replies *r)
{
	struct job *job, *next;
	int error;

	for (job = r->first; job != NULL && r->running < r->workers; job = next) {
		next = job->next;
		if (job->state != WAITING)
			continue;
		r->waiting--;
		r->waiting_bytes -= job->size;
		error = job_start(job);
		if (error == 0) {
			job->state = RUNNING;
			job->deadline = r->limit_ms < 0 ? INT64_MAX : clock_ms() + r->limit_ms;
			r->running++;
			continue;
		}
		fail("a program to reply cannot be started: %s", strerror(error));
		if (job->asker.refuse(job->asker.what, LENO_BUSY, "its program cannot be started"))
			job->asker.drop(job->asker.what);
		job_free(job);
	}
}

static void take_ended(struct replies *r)
{
	for (struct job *job = r->first; job != NULL; job = job->next) {
		if (job->state != RUNNING || waitpid(job->pid, &job->status, WNOHANG) <= 0)
			continue;
		job->ended = true;
		job->state = ANSWERING;
		r->running--;
		/* All that it wrote is in the pipe now. */
		for (size_t before = SIZE_MAX; job->out >= 0 && before != job->reply_size;) {
			before = job->reply_size;
			read_some(job);
		}
		close_end(r->app, &job->in);
		close_end(r->app, &job->out);
	}
}

/* A program that runs; or has ended, and its caller has yet to read what it said. */
static bool is_timed(const struct job *job)
{
	return job->deadline != INT64_MAX &&
	       (job->state == RUNNING || (job->state == ANSWERING && job->asker.join != NULL));
}

static void end_late(struct replies *r)
{
	int64_t now = clock_ms();

	for (struct job *job = r->first; job != NULL; job = job->next) {
		if (!is_timed(job) || now < job->deadline)
			continue;
		job->late = true;
		job->deadline = now + r->limit_ms;
		if (job->state == RUNNING)
			kill(-job->pid, SIGKILL);
	}
}

static int64_t next_deadline(const struct replies *r)
{
	int64_t next = -1;

	for (const struct job *job = r->first; job != NULL; job = job->next) {
		if (is_timed(job) && (next < 0 || job->deadline < next))
			next = job->deadline;
	}
	return next;
}

static int refuse(struct job *job, int code, const char *why)
{
	return job->asker.refuse(job->asker.what, code, why);
}

static int answer(struct job *job)
{
	int code = WIFEXITED(job->status) ? WEXITSTATUS(job->status) : 128;
	char why[80];

	if (job->late)
		return refuse(job, LENO_TIMEOUT, "its program took too long");
	if (job->too_big)
		return refuse(job, LENO_TOO_BIG, "its program's reply is too big");
	if (code == 0 && !say_lines(job))
		return LENO_AGAIN;
	if (code == 0)
		return job->asker.reply(job->asker.what,
		                        (leno_bytes){ job->reply, job->reply_size });
	if (WIFSIGNALED(job->status)) {
		code = 128 + WTERMSIG(job->status);
		snprintf(why, sizeof why, "its program was ended by signal %d",
		         WTERMSIG(job->status));
	} else {
		snprintf(why, sizeof why, "its program ended with %d", code);
	}
	return refuse(job, code, why);
}

static void answer_ended(struct replies *r)
{
	struct job *job, *next;
	int error;

	for (job = r->first; job != NULL; job = next) {
		next = job->next;
		if (job->state != ANSWERING)
			continue;
		error = answer(job);
		if (error == LENO_AGAIN)
			continue; /* after a later step, when there is room again */
		if (error == LENO_TOO_BIG)
			error = refuse(job, error, "the reply is too big");
		if (error)
			job->asker.drop(job->asker.what);
		job_free(job);
	}
}

void replies_work(struct replies *r)
{
	take_ended(r);
	end_late(r);
	answer_ended(r);
	start_waiting(r);
	for (struct job *job = r->first; job != NULL; job = job->next) {
		if (job->held)
			hold(job);
	}
	r->app->deadline = next_deadline(r);
}

bool replies_idle(const struct replies *r)
{
	return r == NULL || r->first == NULL;
}
