/* cmd_send.c - `leno send`: one message, or one a line of standard input, and the
 * exit code 0 only when the receiver has taken all of them.
 *
 *   seek NODE -> fill (until the queue is full or the input ends) -> settle
 *
 * A message waits in `seqs` from leno_send() until the handler `sent` tells what became
 * of its number; the command ends when none waits and no input is left. The ranges that
 * `sent` tells may hold numbers which are none of our messages, so they are not counted
 * but looked up. */
#include "app.h"
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 64 * 1024 * 1024, LINE_CHUNK = 64 * 1024 };

struct send_command {
	struct words words;
	bool lines;
};

struct send {
	struct app app;
	const char *who, *type;
	leno_id to;
	bool found, lines, ended; /* no more input        */
	bool full;                /* wait for `writable`  */
	bool watching;
	char *data; /* the message, or what was read of lines */
	size_t size, used, room;
	uint64_t *seqs; /* of what waits, in order, from `oldest` on */
	size_t oldest, waiting, seqs_room;
	uint64_t bytes, confirmed, refused, unknown;
	int error;
	int64_t began_us;
};

static void report(struct send *s, int code)
{
	if (s->app.set->json) {
		cJSON *object = json_event("sent");

		json_id(object, "id", &s->to);
		json_text(object, "name", s->app.name);
		json_text(object, "type", s->type);
		json_number(object, "confirmed", (double)s->confirmed);
		json_number(object, "refused", (double)s->refused);
		json_number(object, "unknown", (double)(s->unknown + s->waiting));
		json_number(object, "bytes", (double)s->bytes);
		json_number(object, "elapsed_us", (double)(clock_us() - s->began_us));
		out_json(object);
	}
	app_end(&s->app, code);
}

static void settle(struct send *s)
{
	unsigned long long lost = s->refused + s->unknown;

	bool given = s->lines ? s->ended && s->used == s->size : s->used > 0;

	if (!given || s->waiting > 0)
		return;
	if (lost == 0) {
		report(s, EXIT_DONE);
		return;
	}
	if (s->refused > 0)
		fail("%s refused %llu of %llu: %s", s->who, (unsigned long long)s->refused,
		     (unsigned long long)(s->confirmed + lost), leno_strerror(s->error));
	else
		fail("what became of %llu of %llu messages to %s is not known: %s",
		     (unsigned long long)s->unknown, (unsigned long long)(s->confirmed + lost),
		     s->who, leno_strerror(s->error));
	report(s, app_error_exit(s->error));
}

static void on_sent(leno_node *node, void *user, const leno_id *to, uint64_t first_seq,
                    uint64_t last_seq, enum leno_outcome outcome, int error)
{
	struct send *s = user;
	uint64_t n = 0;

	for (; s->waiting > 0 && s->seqs[s->oldest] <= last_seq; n++) {
		s->oldest++;
		s->waiting--;
	}
	if (n == 0)
		return;
	switch (outcome) {
	case LENO_CONFIRMED: s->confirmed += n; break;
	case LENO_OUTCOME_REFUSED: s->refused += n; break;
	case LENO_UNKNOWN: s->unknown += n; break;
	}
	if (outcome != LENO_CONFIRMED)
		s->error = error ? error : LENO_REFUSED;
	app_start_clock(&s->app);
}

static void on_writable(leno_node *node, void *user, const leno_id *to)
{
	struct send *s = user;

	s->full = false;
}

static void remember(struct send *s, uint64_t seq)
{
	if (s->oldest + s->waiting == s->seqs_room) {
		if (s->oldest > s->seqs_room / 2) {
			memmove(s->seqs, s->seqs + s->oldest, s->waiting * sizeof *s->seqs);
			s->oldest = 0;
		} else {
			s->seqs_room = s->seqs_room ? s->seqs_room * 2 : 64;
			s->seqs = need(realloc(s->seqs, s->seqs_room * sizeof *s->seqs));
		}
	}
	s->seqs[s->oldest + s->waiting++] = seq;
}

/* One message. False when it must wait, or when nothing can be sent at all. */
static bool send_one(struct send *s, const char *data, size_t size)
{
	uint64_t seq;
	int error = leno_send(s->app.node, &s->to, s->type, (leno_bytes){ data, size }, &seq);

	if (error == LENO_AGAIN) {
		s->full = true;
		return false;
	}
	if (error) {
		fail("cannot send to %s: %s", s->who, app_send_error(error));
		report(s, error == LENO_ARGUMENT ? EXIT_USAGE : app_error_exit(error));
		return false;
	}
	remember(s, seq);
	s->bytes += size;
	return true;
}

static void send_lines(struct send *s)
{
	while (s->used < s->size && !s->full && !s->app.done) {
		char *line = s->data + s->used;
		char *end = memchr(line, '\n', s->size - s->used);

		if (end == NULL && !s->ended)
			break;
		if (end == NULL)
			end = s->data + s->size;
		if (!send_one(s, line, (size_t)(end - line)))
			return;
		s->used += (size_t)(end - line) + 1;
		s->used = s->used < s->size ? s->used : s->size;
	}
	if (s->used == 0)
		return;
	memmove(s->data, s->data + s->used, s->size - s->used);
	s->size -= s->used;
	s->used = 0;
}

static void fill(struct send *s)
{
	if (s->lines) {
		send_lines(s);
	} else if (s->used == 0 && !s->full) {
		/* An empty message is one, too: size + 1 tells that it has been sent. */
		if (send_one(s, s->data, s->size))
			s->used = s->size + 1;
	}
}

static void on_input(struct app *app, short revents, void *arg)
{
	struct send *s = arg;
	ssize_t n;

	if (s->room - s->size < LINE_CHUNK) {
		s->room = s->room ? s->room * 2 : 2 * LINE_CHUNK;
		s->data = need(realloc(s->data, s->room));
	}
	n = read(STDIN_FILENO, s->data + s->size, LINE_CHUNK);
	if (n > 0) {
		s->size += (size_t)n;
	} else if (n == 0) {
		s->ended = true;
	} else if (errno != EINTR && errno != EAGAIN) {
		input_failed();
		report(s, EXIT_FAILED);
	}
	if (s->size > LINE_MAX_BYTES) {
		fail("a line is larger than a message may be");
		report(s, EXIT_FAILED);
	}
}

/* Input is read only while there is room for it: a full queue stops the writer. */
static void watch_input(struct send *s)
{
	bool wanted = s->lines && !s->ended && !s->full;

	if (wanted && !s->watching)
		app_watch(&s->app, STDIN_FILENO, POLLIN, on_input, s);
	if (!wanted && s->watching)
		app_unwatch(&s->app, STDIN_FILENO);
	s->watching = wanted;
}

static void on_tick(struct app *app)
{
	struct send *s = (struct send *)app;
	bool idle;

	if (!s->found) {
		s->found = app_seek(app, s->who, &s->to);
		if (!s->found)
			return;
		s->began_us = clock_us();
		app_start_clock(app);
	}
	fill(s);
	watch_input(s);
	if (!app->done)
		settle(s);
	/* Nobody is late while we wait for input ourselves. */
	idle = s->waiting == 0 && s->lines && !s->ended;
	if (idle)
		app->deadline = -1;
	else if (app->deadline < 0 && !app->done)
		app_start_clock(app);
}

static void on_late(struct app *app)
{
	struct send *s = (struct send *)app;

	if (!s->found) {
		app_not_found(app, s->who);
		return;
	}
	fail("%s has not confirmed %zu of %llu messages within %g s", s->who, s->waiting,
	     (unsigned long long)(s->waiting + s->confirmed + s->refused + s->unknown),
	     (double)app->set->timeout_ms / 1000);
	report(s, EXIT_TIMEOUT);
}

static const struct argp_option options[] = {
	{ "lines", 'l', NULL, 0, "send each line of standard input as one message", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &waiting_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct send_command *c = state->input;

	if (key != 'l')
		return words_parse(key, arg, state);
	c->lines = true;
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NODE TYPE [DATA]",
	.doc = "Sends a message of this TYPE to NODE, a name, an id, or the beginning of one. "
	       "The message is DATA, or else all of standard input."
	       "\vEnds with 0 only when NODE has confirmed all that was sent. --timeout is for "
	       "finding NODE, and again for each time nothing has been confirmed.",
	.children = children,
};

int cmd_send(int argc, char **argv)
{
	static const leno_handlers handlers = { .sent = on_sent, .writable = on_writable };
	struct send_command c = { .words = { .least = 2, .most = 3 } };
	struct send s = { .app = { .tick = on_tick, .late = on_late, .acts = true } };
	int code;

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	if (c.lines && c.words.count == 3) {
		fail("--lines reads standard input: leave DATA out");
		return EXIT_USAGE;
	}
	s.who = c.words.items[0];
	s.type = c.words.items[1];
	s.lines = c.lines;
	s.ended = !c.lines;
	if (!c.lines) {
		code = read_payload(c.words.items[2], &s.data, &s.size);
		if (code)
			return code;
	}
	if (app_open(&s.app, &c.words.set, &handlers, false)) {
		app_start_clock(&s.app);
		app_run(&s.app);
	}
	free(s.data);
	free(s.seqs);
	return s.app.exit;
}
