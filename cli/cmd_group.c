/* cmd_group.c - `leno group`: lines of standard input to all who have the same key.
 *
 *   --accept: waiting --an invitation that matches--> in
 *   KEY: in --JOINED--> lines are read and sent --end of input, all confirmed--> leaving -> over
 *
 *  1. No line is read before the group is joined, nor while the one before waits for room. */
#include "app.h"
#include "events.h"
#include "output.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_ = 1 << 20, READ_SIZE = 64 * 1024 };

struct group_command {
	struct words words;
	char *key_file, *invite, *accept;
	const char *note, *type;
	bool listen;
};

struct talk {
	struct app app;
	struct group_command *c;
	leno_group *group;
	char *line;                 /* what was read and not sent        */
	size_t have, room;
	bool joined, ended, watching, full;
	bool invited;               /* NODE of --invite has been asked   */
	leno_id guest;              /* ... which is this one             */
	bool late;                  /* it is not waited for any longer   */
	uint64_t open, lost;        /* lines not confirmed yet, by all   */
};

static bool json(const struct talk *t)
{
	return t->app.set->json;
}

static void watch_input(struct talk *t);

/* ---- our input -------------------------------------------------------------------- */

/* False when it has to wait. */
static bool say(struct talk *t, const char *line, size_t size)
{
	int error = leno_group_send(t->group, t->c->type, (leno_bytes){ line, size }, NULL);

	if (error == LENO_AGAIN) {
		t->full = true;
		return false;
	}
	if (error) {
		fail("a line cannot be sent: %s", leno_strerror(error));
		app_end(&t->app, EXIT_FAILED);
		return false;
	}
	t->open++;
	return true;
}

static void say_lines(struct talk *t)
{
	size_t at = 0;
	char *end;

	while (!t->full && !t->app.done && t->have > at) {
		end = memchr(t->line + at, '\n', t->have - at);
		if (end == NULL && !t->ended)
			break;
		if (end == NULL)
			end = t->line + t->have; /* the last one has no end of its own */
		if (!say(t, t->line + at, (size_t)(end - t->line) - at))
			break;
		at = (size_t)(end - t->line) + 1;
	}
	at = at < t->have ? at : t->have;
	memmove(t->line, t->line + at, t->have - at);
	t->have -= at;
	if (t->have >= LINE_MAX_ && !t->full) {
		fail("a line has at most %d bytes", LINE_MAX_);
		app_end(&t->app, EXIT_FAILED);
	}
	watch_input(t);
}

static void on_input(struct app *app, short revents, void *arg)
{
	struct talk *t = arg;
	ssize_t n;

	if (t->room < t->have + READ_SIZE) {
		t->room = t->have + READ_SIZE;
		t->line = need(realloc(t->line, t->room));
	}
	n = read(STDIN_FILENO, t->line + t->have, READ_SIZE);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		input_failed();
		app_end(app, EXIT_FAILED);
		return;
	}
	t->have += (size_t)n;
	t->ended = n == 0;
	if (t->ended && t->c->invite != NULL)
		app_start_clock(&t->app);      /* NODE is waited for, still */
	say_lines(t);
}

static void watch_input(struct talk *t)
{
	bool wanted = t->group != NULL && t->joined && !t->c->listen && !t->ended && !t->full;

	if (wanted == t->watching)
		return;
	t->watching = wanted;
	if (wanted)
		app_watch(&t->app, STDIN_FILENO, POLLIN, on_input, t);
	else
		app_unwatch(&t->app, STDIN_FILENO);
}

/* ---- the group -------------------------------------------------------------------- */

static const char *state_text(enum leno_group_state state)
{
	static const char *const text[] = { "?", "joining", "joined", "leaving", "left" };

	return text[state];
}

/* Of one that has gone the library knows no name any more. */
static void say_name(struct talk *t, const leno_id *id)
{
	const char *name = event_name(id);

	out_safe_text(*name ? name : node_label(t->app.node, id));
}

static void tell(struct talk *t, const char *event, const leno_id *id, const char *reason)
{
	if (json(t)) {
		cJSON *object = json_event(event);

		json_id(object, "id", id);
		json_text(object, "name", event_name(id));
		if (reason)
			json_text(object, "reason", reason);
		out_json(object);
		return;
	}
	out("%s%s%s ", style_dim(), strcmp(event, "joined") == 0 ? "+" : "-", style_none());
	say_name(t, id);
	if (reason)
		out(", %s", reason);
	out("\n");
	out_end();
}

static void on_state(leno_group *group, void *user, enum leno_group_state state)
{
	struct talk *t = user;

	if (json(t)) {
		cJSON *object = json_event("state");

		json_text(object, "state", state_text(state));
		json_number(object, "members",
		            state == LENO_GROUP_LEFT ? 0 : (double)leno_group_count(group));
		out_json(object);
	}
	if (state == LENO_GROUP_LEFT) {
		t->group = NULL;
		app_end(&t->app, t->lost > 0 ? EXIT_FAILED : EXIT_DONE);
		return;
	}
	/* What was read before is sent to those who are there, though nobody else comes now. */
	t->joined = t->joined || state == LENO_GROUP_JOINED;
	watch_input(t);
}

static void on_joined(leno_group *group, void *user, const leno_id *id)
{
	tell(user, "joined", id, NULL);
}

static void on_left(leno_group *group, void *user, const leno_id *id, enum leno_why why)
{
	tell(user, "left", id, why_text(why));
}

static void on_message(leno_group *group, void *user, const leno_id *from, const char *type,
                       leno_bytes data, bool alone)
{
	struct talk *t = user;

	if (json(t)) {
		cJSON *object = json_event("message");

		json_id(object, "id", from);
		json_text(object, "name", event_name(from));
		json_text(object, "type", type);
		json_bool(object, "alone", alone);
		json_data(object, data);
		out_json(object);
		return;
	}
	out("%s", style_bold());
	say_name(t, from);
	out("%s: ", style_none());
	out_safe(data.data, data.size);
	out("\n");
	out_end();
}

static void on_done(leno_group *group, void *user, uint64_t seq, uint32_t confirmed,
                    uint32_t unknown)
{
	struct talk *t = user;

	t->open--;
	t->lost += unknown > 0;
	if (!json(t))
		return;
	cJSON *object = json_event("done");
	json_number(object, "seq", (double)seq);
	json_number(object, "confirmed", confirmed);
	json_number(object, "unknown", unknown);
	out_json(object);
}

static void on_writable(leno_group *group, void *user)
{
	struct talk *t = user;

	t->full = false;
	say_lines(t);
}

static const leno_group_handlers group_handlers = { .state = on_state, .joined = on_joined,
	                                            .left = on_left, .message = on_message,
	                                            .done = on_done, .writable = on_writable };

static void join(struct talk *t, leno_bytes key)
{
	int error = leno_group_join(t->app.node, key, &group_handlers, t, &t->group);

	if (error == 0)
		return;
	fail("the group cannot be joined: %s",
	     error == LENO_ARGUMENT ? "a key has 1 to 255 bytes" : leno_strerror(error));
	app_end(&t->app, error == LENO_ARGUMENT ? EXIT_USAGE : EXIT_FAILED);
}

/* ---- the node --------------------------------------------------------------------- */

static void on_invited(leno_node *node, void *user, const leno_id *from, leno_bytes key,
                       leno_bytes note)
{
	struct talk *t = user;
	char text[LENO_GROUP_NOTE_MAX + 1];

	if (t->c->accept == NULL || t->group != NULL)
		return;
	memcpy(text, note.data ? note.data : "", note.size);
	text[note.size] = '\0';
	if (strlen(text) == note.size && fnmatch(t->c->accept, text, 0) == 0)
		join(t, key);
}

static void on_node_up(leno_node *node, void *user, const leno_info *info)
{
	event_know(info);
}

static void on_node_down(leno_node *node, void *user, const leno_id *id, enum leno_why why)
{
	event_forget(id);
}

static void on_link_down(leno_node *node, void *user, const leno_id *id, enum leno_why why,
                         int error)
{
	app_check_life(user, error);
}

static void invite(struct talk *t)
{
	const leno_bytes note = { t->c->note, strlen(t->c->note) };
	leno_id id;
	int error = leno_find(t->app.node, t->c->invite, &id);

	if (error == LENO_NO_NODE && !t->late)
		return;                /* it may come yet */
	if (!error)
		error = leno_group_invite(t->group, &id, note);
	if (error == LENO_AGAIN)
		return;
	t->invited = true;
	t->guest = id;
	if (!error)
		return;
	fail("%s cannot be invited: %s", t->c->invite, leno_strerror(error));
	app_end(&t->app, app_error_exit(error));
}

struct hearing {
	const leno_id *guest;
	bool open;
};

static bool is_open(void *arg, const leno_session_info *session)
{
	struct hearing *h = arg;

	h->open = h->open || (leno_id_same(&session->id, h->guest) &&
	                      session->waiting_bytes + session->unconfirmed_bytes > 0);
	return true;
}

/* What was not sent yet when we go nobody hears. */
static bool has_heard(struct talk *t)
{
	struct hearing h = { .guest = &t->guest };

	if (!t->invited)
		return false;
	leno_sessions(t->app.node, is_open, &h);
	if (h.open && t->late) {
		fail("%s has not confirmed that it is invited", t->c->invite);
		app_end(&t->app, EXIT_TIMEOUT);
	}
	return !h.open;
}

static void on_tick(struct app *app)
{
	struct talk *t = (struct talk *)app;

	if (t->group == NULL || !t->joined)
		return;
	if (t->c->invite != NULL && !t->invited)
		invite(t);
	if (t->ended && t->have == 0 && t->open == 0 && (t->c->invite == NULL || has_heard(t)))
		leno_group_leave(t->group);
}

static void on_late(struct app *app)
{
	((struct talk *)app)->late = true;
	on_tick(app);
}

/* ---- the command ------------------------------------------------------------------ */

static const struct argp_option options[] = {
	{ "key-file", 'k', "FILE", 0, "the key is the first line of FILE, and no KEY is said", 0 },
	{ "invite", 'i', "NODE", 0,
	  "ask NODE into the group, once it is there; after the input it is waited for, 5 s", 0 },
	{ "note", 'n', "TEXT", 0, "what the invitation says beside the key", 0 },
	{ "accept", 'a', "GLOB", 0,
	  "wait to be invited with a note that matches GLOB, and no KEY is said", 0 },
	{ "type", 't', "TYPE", 0, "the type of what is sent (default: line)", 0 },
	{ "listen", 'l', NULL, 0, "read nothing: print what is said, until interrupted", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct group_command *c = state->input;

	switch (key) {
	case 'k': c->key_file = arg; return 0;
	case 'i': c->invite = arg; return 0;
	case 'n': c->note = arg; return 0;
	case 'a': c->accept = arg; return 0;
	case 't': c->type = arg; return 0;
	case 'l': c->listen = true; return 0;
	case ARGP_KEY_END:
		if (c->words.count + (c->key_file != NULL) + (c->accept != NULL) != 1)
			argp_error(state, "say one of KEY, --key-file and --accept");
		return words_parse(key, arg, state);
	default: return words_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "KEY\n--key-file=FILE\n--accept=GLOB",
	.doc = "Joins the group of all nodes that have the same key, tells who comes and goes and what "
	       "is said, and sends each line of standard input to all of them. Nodes without the key "
	       "carry it and read nothing."
	       "\vAt the end of the input it leaves, once all has been confirmed: with 0 when every "
	       "member has confirmed every line. A KEY on the command line can be seen by other "
	       "users of this machine, and a short one be guessed by nodes of the network.",
	.children = children,
};

/* The first line. NULL: it has been said why. */
static char *read_key(const char *path)
{
	FILE *f = fopen(path, "re");
	char *key = NULL;
	size_t room = 0;
	ssize_t n = f ? getline(&key, &room, f) : -1;

	if (n > 0 && key[n - 1] == '\n')
		key[--n] = '\0';
	if (n <= 0) {
		fail("%s: %s", path, f && !ferror(f) ? "there is no key in it" : strerror(errno));
		free(key);
		key = NULL;
	}
	if (f)
		fclose(f);
	return key;
}

/* What the environment and the configuration say of a node is meant for the one that
 * stays; this one stands beside it. */
static void stand_apart(struct settings *set)
{
	if (!settings_from(set, "identity", LAYER_ARGUMENT))
		set->identity = NULL;
	if (!settings_from(set, "name", LAYER_ARGUMENT))
		set->name = NULL;
	set->listen.count = 0;
}

static void open_group(struct talk *t, const char *key)
{
	if (json(t))
		event_ready(t->app.node, EVENTS_JSON, t->app.set->name, t->app.set->network);
	if (key != NULL)
		join(t, (leno_bytes){ key, strlen(key) });
}

int cmd_group(int argc, char **argv)
{
	static const leno_handlers handlers = { .node_up = on_node_up,
		                                .node_down = on_node_down,
		                                .link_down = on_link_down,
		                                .invited = on_invited };
	struct group_command c = { .words = { .most = 1 }, .note = "", .type = "line" };
	struct talk t = { .app = { .tick = on_tick, .late = on_late, .acts = true }, .c = &c };
	char *from_file = NULL;

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	if (strlen(c.note) > LENO_GROUP_NOTE_MAX || strlen(c.type) > LENO_TYPE_MAX) {
		fail("a note has at most %d bytes, a type %d", LENO_GROUP_NOTE_MAX, LENO_TYPE_MAX);
		return EXIT_USAGE;
	}
	if (c.key_file != NULL && (from_file = read_key(c.key_file)) == NULL)
		return EXIT_FAILED;
	stand_apart(&c.words.set);
	if (app_open(&t.app, &c.words.set, &handlers, true)) {
		open_group(&t, from_file ? from_file : c.words.items[0]);
		app_run(&t.app);
	}
	free(t.line);
	free(from_file);
	return t.app.exit;
}
