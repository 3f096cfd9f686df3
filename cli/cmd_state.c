/* cmd_state.c - `leno state`: what shared maps hold, by a visitor that shares the map for as
 * long as it looks.
 *
 *   share -> synced: get, dump: print; watch: go on; set, delete, add: write -> all acknowledged
 *   -> all asked once more, since who does not take it says so before it answers -> none refused */
#include "app.h"
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { COPY_MAX = 1 << 29, WORDS_MAX = 4, PER_NODE = 0x100 };

enum action { GET, SET, DELETE, ADD, WATCH, DUMP };

static const struct {
	const char *name;
	unsigned least, most; /* words, with the action and the map */
} actions[] = {
	[GET] = { "get", 3, 3 },       [SET] = { "set", 3, 4 },     [DELETE] = { "delete", 3, 3 },
	[ADD] = { "add", 3, 4 },       [WATCH] = { "watch", 2, 3 }, [DUMP] = { "dump", 2, 3 },
};

struct state {
	struct app app;
	enum action action;
	const char *map;
	leno_bytes key;
	char *data;
	size_t size;
	long by;
	bool per_node;
	leno_state *shared;
	size_t left; /* to answer once more */
	bool started, asked, wrote, said, refused;
};

/* ---- printing ---------------------------------------------------------------- */

static const char *const kinds[] = { [LENO_STATE_VALUE] = "value",
	                             [LENO_STATE_COUNTER] = "counter",
	                             [LENO_STATE_SET] = "set" };

/* Of a map per node; also of one that has just gone. */
static const char *whose(const struct state *s, const leno_change *c)
{
	const char *name = leno_name(s->app.node, &c->version.writer);

	return *name ? name : node_label(s->app.node, &c->version.writer);
}

static void out_whose(const struct state *s, const leno_change *c)
{
	if (!s->per_node)
		return;
	out_safe_text(whose(s, c));
	out("\t");
}

static void describe(cJSON *object, const struct state *s, const leno_change *c)
{
	char key[4 * LENO_STATE_KEY_MAX + 1];

	json_text(object, "map", s->map);
	json_text(object, "key", safe_copy(key, sizeof key, c->key.data, c->key.size));
	json_text(object, "kind", kinds[c->kind]);
	if (c->kind == LENO_STATE_COUNTER)
		json_integer(object, "count", c->count);
	else if (c->value.data != NULL)
		json_data(object, c->value);
	json_id(object, "by", &c->version.writer);
	if (s->per_node)
		json_text(object, "by_name", whose(s, c));
}

static void print_entry(const struct state *s, const leno_change *c)
{
	if (s->app.set->json) {
		cJSON *object = need(cJSON_CreateObject());

		describe(object, s, c);
		out_json(object);
		return;
	}
	out_whose(s, c);
	out_safe(c->key.data, c->key.size);
	if (c->kind == LENO_STATE_COUNTER) {
		out("\t%lld\n", (long long)c->count);
	} else {
		out(c->kind == LENO_STATE_SET ? "\t+" : "\t");
		out_safe(c->value.data, c->value.size);
		out("\n");
	}
	out_end();
}

static void on_change(leno_state *shared, void *user, const leno_change *c)
{
	struct state *s = user;

	if (s->app.set->json) {
		bool there = c->value.data || c->kind == LENO_STATE_COUNTER;
		cJSON *object = json_event(there ? "changed" : "deleted");

		describe(object, s, c);
		if (c->old_value.data != NULL || c->kind == LENO_STATE_COUNTER) {
			cJSON *old = need(cJSON_CreateObject());

			if (c->kind == LENO_STATE_COUNTER)
				json_integer(old, "count", c->old_count);
			else
				json_data(old, c->old_value);
			cJSON_AddItemToObject(object, "old", old);
		}
		out_json(object);
	} else if (c->value.data || c->kind == LENO_STATE_COUNTER) {
		print_entry(s, c);
	} else {
		out_whose(s, c);
		out_safe(c->key.data, c->key.size);
		out(c->kind == LENO_STATE_SET ? "\t-" : " is deleted");
		if (c->kind == LENO_STATE_SET)
			out_safe(c->old_value.data, c->old_value.size);
		out("\n");
		out_end();
	}
}

/* ---- dump, get: in the order of keys ------------------------------------------- */

struct found {
	leno_change *items;
	size_t n, room;
	const struct state *only; /* this key alone */
};

static bool collect(void *arg, const leno_change *c)
{
	struct found *f = arg;

	if (f->only && c->key.size != f->only->key.size)
		return true;
	if (f->n == f->room) {
		f->room = f->room ? 2 * f->room : 64;
		f->items = need(realloc(f->items, f->room * sizeof *f->items));
	}
	f->items[f->n++] = *c;
	return true;
}

static int by_bytes(leno_bytes a, leno_bytes b)
{
	size_t least = a.size < b.size ? a.size : b.size;
	int order = least ? memcmp(a.data, b.data, least) : 0;

	return order ? order : a.size < b.size ? -1 : a.size > b.size;
}

static int by_key(const void *a, const void *b)
{
	const leno_change *x = a, *y = b;
	int order = by_bytes(x->key, y->key);

	if (order == 0 && x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (order == 0)
		order = by_bytes(x->value, y->value);
	return order ? order : memcmp(&x->version.writer, &y->version.writer, sizeof(leno_id));
}

static void show(struct state *s)
{
	struct found f = { .only = s->action == GET ? s : NULL };

	leno_state_each(s->shared, s->key, collect, &f);
	if (f.n > 0)
		qsort(f.items, f.n, sizeof *f.items, by_key);
	for (size_t i = 0; i < f.n; i++) {
		const leno_change *c = &f.items[i];

		if (s->action == DUMP || s->app.set->json) {
			print_entry(s, c);
		} else if (c->kind == LENO_STATE_COUNTER) {
			out("%lld\n", (long long)c->count);
		} else { /* as it is, for scripts; a line on a terminal, or when it is one of several */
			out_whose(s, c);
			out_bytes(c->value.data, c->value.size);
			if (out_is_terminal() || c->kind == LENO_STATE_SET || f.n > 1 || s->per_node)
				out("\n");
		}
	}
	if (f.n == 0 && s->action == GET)
		fail("there is no such key in the map %s", s->map);
	app_end(&s->app, f.n == 0 && s->action == GET ? EXIT_FAILED : EXIT_DONE);
	free(f.items);
}

/* ---- writing --------------------------------------------------------------------- */

static void refused(struct state *s, int error, const char *why)
{
	fail("the map %s is as it was: %s", s->map, why && *why ? why : leno_strerror(error));
	app_end(&s->app, app_error_exit(error));
}

static void on_decided(leno_node *node, void *user, const leno_answer *a)
{
	struct state *s = user;

	s->wrote = true;
	if (a->error)
		refused(s, a->error, a->why);
}

/* The owner of the key decides. */
static int ask_owner(struct state *s, leno_bytes value)
{
	leno_state_version version;

	leno_state_get(s->shared, s->key, NULL, &version);
	return leno_state_compare_and_set(s->shared, s->key, &version, value,
	                                  s->app.set->timeout_ms, on_decided, s);
}

static void write_it(struct state *s)
{
	leno_bytes value = { s->data, s->size };
	leno_id owner;
	int error = 0;

	switch (s->action) {
	case SET: error = leno_state_set(s->shared, s->key, value, NULL); break;
	case ADD: error = leno_state_add(s->shared, s->key, s->by); break;
	default:
		value = (leno_bytes){ 0 };
		error = leno_state_delete(s->shared, s->key);
		break;
	}
	s->asked = error == LENO_REFUSED && leno_state_owner(s->shared, s->key, &owner);
	if (s->asked)
		error = ask_owner(s, value);
	if (error)
		refused(s, error, NULL);
	s->wrote = !s->asked;
	app_start_clock(&s->app);
}

static bool is_said(void *arg, const leno_session_info *session)
{
	bool *all = arg;

	*all = *all && session->waiting_bytes == 0 && session->unconfirmed_bytes == 0;
	return *all;
}

static const char *why_refused(int error)
{
	return error == LENO_MEMORY  ? "its copy is full"
	     : error == LENO_REFUSED ? "there it is per node, or another node's to write"
	     : error == LENO_LIMIT   ? "the clock here is more than 5 minutes ahead of its"
	                             : leno_strerror(error);
}

/* The first one is told of; the others hear of the change all the same before we go. */
static void on_refused(leno_state *shared, void *user, const leno_id *by, int error)
{
	struct state *s = user;

	if (!s->refused && !s->app.done)
		fail("%s has not taken the change into its map %s: %s",
		     node_label(s->app.node, by), s->map, why_refused(error));
	s->refused = true;
}

/* Who is gone meanwhile shares the map no more. */
static void on_answer(leno_node *node, void *user, const leno_answer *answer)
{
	struct state *s = user;

	s->left--;
}

static bool ask_once_more(void *arg, const leno_session_info *session)
{
	struct state *s = arg;

	s->left += leno_ping(s->app.node, &session->id, s->app.set->timeout_ms, on_answer, s) == 0;
	return true;
}

static void conclude(struct state *s)
{
	bool all = true;

	if (!s->said) {
		leno_sessions(s->app.node, is_said, &all);
		if (!all)
			return;
		s->said = true;
		leno_sessions(s->app.node, ask_once_more, s);
	}
	if (s->left == 0)
		app_end(&s->app, s->refused ? EXIT_FAILED : EXIT_DONE);
}

/* ---- the loop -------------------------------------------------------------------- */

static void begin(struct state *s)
{
	leno_state_info info;
	leno_watch watch;

	leno_state_get_info(s->shared, &info);
	if (info.sharers == 0) {
		fail("nobody shares a map of the name %s (leno up --share does)", s->map);
		app_end(&s->app, EXIT_NO_NODE);
		return;
	}
	s->started = true;
	if (s->action == GET || s->action == DUMP) {
		show(s);
	} else if (s->action == WATCH) {
		s->app.deadline = -1;
		if (s->app.set->json) {
			cJSON *object = json_event("watching");

			json_text(object, "map", s->map);
			out_json(object);
		}
		if (leno_state_watch(s->shared, s->key, false, on_change, s, &watch))
			refused(s, LENO_MEMORY, NULL);
	} else {
		write_it(s);
	}
}

static void on_tick(struct app *app)
{
	struct state *s = (struct state *)app;

	if (!s->started && !app->done && leno_state_synced(s->shared))
		begin(s);
	if (s->wrote && !app->done)
		conclude(s);
}

static void on_late(struct app *app)
{
	struct state *s = (struct state *)app;

	if (s->refused) {
		app_end(app, EXIT_FAILED);
	} else if (s->wrote) {
		fail("not all who share the map %s have confirmed the change", s->map);
		app_end(app, EXIT_TIMEOUT);
	} else if (!leno_synced(app->node)) {
		app_not_found(app, NULL);
	} else {
		fail("the map %s has not come within %g s", s->map,
		     (double)app->set->timeout_ms / 1000);
		app_end(app, EXIT_TIMEOUT);
	}
}

/* What there is of it would be shown as if it were all. */
static void on_failed(leno_state *shared, void *user, int error)
{
	struct state *s = user;

	fail("the map %s is too large to be looked at: %s", s->map, leno_strerror(error));
	app_end(&s->app, EXIT_FAILED);
}

/* What the command line says. */
struct given {
	struct words words;
	bool per_node;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct given *given = state->input;

	if (key != PER_NODE)
		return words_parse(key, arg, state);
	given->per_node = true;
	return 0;
}

static const struct argp_option options[] = {
	{ "per-node", PER_NODE, NULL, 0,
	  "each node has values of its own in this map (get, watch and dump alone)", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &asking_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "get MAP KEY\nset MAP KEY [VALUE]\ndelete MAP KEY\nadd MAP KEY [N]\n"
	            "watch MAP [PREFIX]\ndump MAP [PREFIX]",
	.doc = "Reads and writes the maps that nodes share (see leno up --share)."
	       "\vA value is VALUE, or else all of standard input. add counts a counter up by N "
	       "(1 when not said; -N after --). watch prints what others change until Ctrl-C; dump "
	       "prints all, in the order of the keys. With --per-node the node's name is before each: its "
	       "values go when it does. What is written has reached all who share "
	       "the map when it returns; when one of them does not take it, it fails. Of a key with an "
	       "owner, the owner decides.",
	.children = children,
};

static int parse_action(struct state *s, const struct words *w)
{
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		if (strcmp(w->items[0], actions[i].name) != 0)
			continue;
		s->action = (enum action)i;
		if (w->count >= actions[i].least && w->count <= actions[i].most)
			return EXIT_DONE;
		fail("leno state %s takes %u to %u words (see leno state --help)", actions[i].name,
		     actions[i].least - 1, actions[i].most - 1);
		return EXIT_USAGE;
	}
	fail("leno state knows get, set, delete, add, watch and dump, not \"%s\"", w->items[0]);
	return EXIT_USAGE;
}

static int prepare(struct state *s, const struct words *w)
{
	int code = parse_action(s, w);

	if (code)
		return code;
	if (s->per_node && s->action != GET && s->action != WATCH && s->action != DUMP) {
		fail("leno state --per-node cannot %s: what this command wrote as a node of its own "
		     "would go as soon as it ends", actions[s->action].name);
		return EXIT_USAGE;
	}
	s->map = w->items[1];
	if (w->count > 2)
		s->key = (leno_bytes){ w->items[2], strlen(w->items[2]) };
	s->by = 1;
	if (s->action == ADD && w->count > 3) {
		char *end;

		errno = 0;
		s->by = strtol(w->items[3], &end, 10);
		if (end == w->items[3] || *end || errno) {
			fail("\"%s\" is no whole number of 64 bits", w->items[3]);
			return EXIT_USAGE;
		}
	}
	if ((w->count > 2 && s->key.size == 0) || s->key.size > LENO_STATE_KEY_MAX) {
		fail("a key has 1 to %d bytes", LENO_STATE_KEY_MAX);
		return EXIT_USAGE;
	}
	return s->action == SET ? read_payload(w->items[3], &s->data, &s->size) : EXIT_DONE;
}

int cmd_state(int argc, char **argv)
{
	static const leno_handlers handlers = { 0 };
	static const leno_state_handlers state_handlers = { .failed = on_failed,
	                                                    .refused = on_refused };
	leno_state_options how = { .memory_max = COPY_MAX };
	struct given given = { .words = { .least = 1, .most = WORDS_MAX } };
	struct state s = { .app = { .tick = on_tick, .late = on_late } };
	int code, error;

	settings_parse(&argp, argc, argv, &given.words.set, &given);
	s.per_node = how.per_node = given.per_node;
	code = prepare(&s, &given.words);
	if (code)
		return code;
	if (s.size > LENO_STATE_VALUE_MAX) {
		fail("a value has at most %d bytes", LENO_STATE_VALUE_MAX);
		free(s.data);
		return EXIT_USAGE;
	}
	s.app.acts = s.action != GET && s.action != DUMP && s.action != WATCH;
	if (app_open(&s.app, &given.words.set, &handlers, false)) {
		error = leno_state_share(s.app.node, s.map, &how, &state_handlers, &s,
		                         &s.shared);
		if (error) {
			fail("a map is named by 1 to %d bytes: %s", LENO_STATE_NAME_MAX,
			     leno_strerror(error));
			app_end(&s.app, EXIT_USAGE);
		}
		app_start_clock(&s.app);
		app_run(&s.app);
	}
	free(s.data);
	return s.app.exit;
}
