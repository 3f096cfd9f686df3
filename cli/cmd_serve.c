/* cmd_serve.c - `leno serve`: any program as a method of a service. */
#include "app.h"
#include "duct.h"
#include "events.h"
#include "output.h"
#include "value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 8, LIMIT_MS = 60000, CONFIRM_MS = 2000 };

struct serve_command {
	struct words words;
	const char *version, *line;
	leno_ms limit_ms;
	long workers, waiting;
	bool stream, progress;
	char *program;
};

struct serve {
	struct app app;
	const struct serve_command *c;
	struct replies *replies;
	struct duct *ducts; /* calls with streams */
	bool leaving, drained;
	int64_t leave_by; /* all is answered, and has to arrive; 0: it is not */
};

/* ---- a call and its program -------------------------------------------------------- */

/* What it printed is a value: JSON, or else a text as it is. The caller frees what is returned. */
static void *value_of(leno_bytes printed, leno_bytes *ret)
{
	const char *text = printed.data;
	size_t size = printed.size;
	leno_pack p;
	void *packed;

	while (size > 0 && strchr(" \t\r\n", text[size - 1]))
		size--;
	packed = size > 0 ? value_from_json(text, size, ret) : NULL;
	if (packed != NULL)
		return packed;
	packed = need(malloc(size + 8));
	p = leno_pack_into(packed, size + 8);
	if (size > 0)
		leno_pack_str(&p, (leno_bytes){ text, size });
	*ret = leno_pack_bytes(&p);
	return packed;
}

/* A call is ours until it is answered: what finds no memory is tried again. When nobody waits for
 * it, it is gone all the same. */
static int outcome(int error)
{
	return error == LENO_CLOSED ? 0 : error == LENO_MEMORY ? LENO_AGAIN : error;
}

static int reply(void *what, leno_bytes printed)
{
	leno_bytes value;
	void *packed = value_of(printed, &value);
	int error = leno_call_reply(what, value);

	free(packed);
	if (error == LENO_ARGUMENT)
		error = leno_call_fail(what, error,
		                       "its program's result is not what its line promises");
	return outcome(error);
}

static int said(void *what, leno_bytes line)
{
	leno_bytes value;
	void *packed = value_of(line, &value);
	int error = leno_call_progress(what, value);

	free(packed);
	return error;
}

static int refuse(void *what, int code, const char *why)
{
	return outcome(leno_call_fail(what, code, why));
}

static void drop(void *what)
{
}

/* One argument stands for itself, as `leno call` has it. NULL: they are too many. */
static char *text_of(leno_bytes arguments)
{
	cJSON *json = value_to_json(arguments);
	char *text;

	if (json == NULL)
		return NULL;
	if (arguments.size == 0)
		text = need(strdup("[]"));
	else if (cJSON_GetArraySize(json) == 1 && !cJSON_IsArray(cJSON_GetArrayItem(json, 0)))
		text = need(cJSON_PrintUnformatted(cJSON_GetArrayItem(json, 0)));
	else
		text = need(cJSON_PrintUnformatted(json));
	cJSON_Delete(json);
	return text;
}

static void on_call(leno_node *node, void *user, leno_incoming *in, leno_bytes arguments)
{
	struct serve *s = user;
	struct asker asker = { .what = in, .reply = reply, .refuse = refuse, .drop = drop,
		               .said = s->c->progress ? said : NULL };
	leno_bytes name = leno_call_method(in);
	char method[LENO_METHOD_MAX + 1], *text = text_of(arguments);
	const leno_id from = *leno_call_from(in);

	if (text == NULL) {
		leno_call_fail(in, LENO_TOO_BIG, "so many values are not given to programs");
		return;
	}
	snprintf(method, sizeof method, "%.*s", (int)name.size, (const char *)name.data);
	if (!s->c->stream || duct_open(&s->app, s->replies, &s->ducts, in, &asker))
		replies_ask(s->replies, &asker, &from, method,
		            (leno_bytes){ text, strlen(text) });
	free(text);
}

static void on_cancelled(leno_node *node, void *user, leno_incoming *in)
{
	struct serve *s = user;

	if (s->c->stream)
		ducts_cancel(s->ducts, in);
	else
		replies_cancel(s->replies, in);
}

/* ---- the node ------------------------------------------------------------------------- */

static bool is_confirmed(void *arg, const leno_session_info *i)
{
	bool *all = arg;

	*all = *all && i->waiting_bytes == 0 && i->unconfirmed_bytes == 0;
	return *all;
}

/* No call is left, those that the node keeps until there is a worker too. */
static void on_drained(leno_node *node, void *user)
{
	struct serve *s = user;

	s->drained = true;
}

/* ... and callers have their answers; those that are gone are not waited for. */
static bool is_served(struct serve *s)
{
	bool all = true;

	if (!s->drained || !replies_idle(s->replies))
		return false;
	if (s->leave_by == 0)
		s->leave_by = clock_ms() + CONFIRM_MS;
	leno_sessions(s->app.node, is_confirmed, &all);
	return all || clock_ms() >= s->leave_by;
}

static void on_tick(struct app *app)
{
	struct serve *s = (struct serve *)app;

	replies_work(s->replies);
	if (s->leaving && is_served(s))
		app_end(app, EXIT_DONE);
}

/* Who is replaced by a newer one, or only started anew, fails no call: those to come go elsewhere.
 * A stream may last for ever, and is not waited for. */
static bool on_stay(struct app *app)
{
	struct serve *s = (struct serve *)app;

	if (s->c->stream)
		return false;
	if (!s->leaving)
		leno_service_unregister(app->node, s->c->words.items[0]);
	s->leaving = true;
	return !is_served(s);
}

static void on_closing(struct app *app)
{
	struct serve *s = (struct serve *)app;

	replies_free(s->replies);
	ducts_free(&s->ducts);
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

static const struct argp_option options[] = {
	{ "workers", 'w', "N", 0, "programs that run at once (default: 8)", 0 },
	{ "waiting", 'W', "N", 0,
	  "calls that wait for one of them; more are told that it is busy "
	  "(default: 64)",
	  0 },
	{ "reply-timeout", 't', "SECONDS", 0,
	  "end a COMMAND that takes longer (default: 60; with --stream none)", 0 },
	{ "service-version", 'S', "VERSION", 0, "of the service: callers take the newest", 0 },
	{ "line", 'l', "LINE", 0, "what METHOD takes and gives, as in \"(a: int, b?: str) -> int\"",
	  0 },
	{ "progress", 'p', NULL, 0, "each line but the last is told as it is printed", 0 },
	{ "stream", 's', NULL, 0,
	  "COMMAND's standard input and output are a stream to and from who calls", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &member_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

/* The words as the shell would have to be told them. */
static char *quoted(char *const *words, size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *to = need(open_memstream(&text, &size));

	fputs("exec", to);
	for (size_t i = 0; i < n; i++) {
		fputs(" '", to);
		for (const char *at = words[i]; *at; at++) {
			if (*at == '\'')
				fputs("'\\''", to);
			else
				fputc(*at, to);
		}
		fputc('\'', to);
	}
	fclose(to);
	return need(text);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct serve_command *c = state->input;

	switch (key) {
	case 'w':
		if (!parse_count(arg, 1, 1000, &c->workers))
			argp_error(state, "--workers takes a number from 1 to 1000");
		return 0;
	case 'W':
		if (!parse_count(arg, 0, 100000, &c->waiting))
			argp_error(state, "--waiting takes a number to 100000");
		return 0;
	case 't':
		if (!parse_duration(arg, &c->limit_ms) || c->limit_ms == 0)
			argp_error(state, "--reply-timeout takes seconds, as in 60 or 0.5");
		return 0;
	case 'S': c->version = arg; return 0;
	case 'l': c->line = arg; return 0;
	case 'p': c->progress = true; return 0;
	case 's': c->stream = true; return 0;
	case ARGP_KEY_END:
		if (c->stream && c->progress)
			argp_error(state, "--stream and --progress exclude each other: a program has "
			                  "one output");
		return words_parse(key, arg, state);
	default: return words_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NAME METHOD -- COMMAND [WORD...]",
	.doc = "A node that stays and offers METHOD of the service NAME: for each call it runs "
	       "COMMAND, which finds the arguments as JSON on its standard input (one that is "
	       "alone for itself, else a list), and whose standard output is the result: JSON, or "
	       "a text."
	       "\vWhen COMMAND ends with another code than 0, the call fails with that code. "
	       "LENO_TYPE is METHOD; LENO_FROM and LENO_FROM_NAME say who calls. A call that is "
	       "cancelled ends its COMMAND. Told to end by SIGTERM, it takes no more calls and ends "
	       "when those that it has are answered; Ctrl-C ends it, and them, at once. With "
	       "--stream the arguments are in LENO_ARGUMENTS, and the result is nil (see leno call "
	       "--stream).",
	.children = children,
};

static int offer(struct serve *s)
{
	const struct serve_command *c = s->c;
	const struct settings *set = s->app.set;
	char line[600];
	leno_method method = { .line = line, .call = on_call };
	leno_service service = { .version = c->version, .methods = &method, .n_methods = 1,
		                 .concurrency = (unsigned)c->workers,
		                 .n_labels = set->labels.count < 4 ? set->labels.count : 4,
		                 .labels = (const char *const *)set->labels.items,
		                 .waiting = c->waiting ? (unsigned)c->waiting : UINT32_MAX,
		                 .cancelled = on_cancelled,
		                 .drained = on_drained };

	snprintf(line, sizeof line, "%s%s%s", c->stream ? "stream " : "", c->words.items[1],
	         c->line     ? c->line
	         : c->stream ? "(arguments: any...) -> nil"
	                     : "(arguments: any...) -> any");
	return leno_service_register(s->app.node, c->words.items[0], &service, s);
}

static leno_ms limit_of(const struct serve_command *c)
{
	return c->limit_ms > 0 ? c->limit_ms : c->stream ? -1 : LIMIT_MS;
}

int cmd_serve(int argc, char **argv)
{
	static const leno_handlers handlers = { .node_up = on_node_up,
		                                .node_down = on_node_down,
		                                .link_down = on_link_down };
	struct serve_command c = { .words = { .least = 2, .most = 2 }, .workers = WORKERS,
		                   .waiting = 64 };
	struct serve s = { .app = { .tick = on_tick, .children = on_tick, .late = on_tick,
		                    .stay = on_stay, .closing = on_closing }, .c = &c };
	int words = 1, error;

	while (words < argc && strcmp(argv[words], "--") != 0)
		words++;
	if (words + 1 < argc)
		c.program = quoted(argv + words + 1, (size_t)(argc - words - 1));
	settings_parse(&argp, words, argv, &c.words.set, &c);
	if (c.program == NULL) {
		fail("say which program answers, behind --: leno serve NAME METHOD -- COMMAND");
		return EXIT_USAGE;
	}
	if (app_open(&s.app, &c.words.set, &handlers, true)) {
		s.replies = replies_new(&s.app, c.program, limit_of(&c));
		replies_workers(s.replies, (unsigned)c.workers);
		error = offer(&s);
		if (error) {
			fail("cannot offer %s.%s: %s", c.words.items[0], c.words.items[1],
			     error == LENO_ARGUMENT ? "a name, the version or --line is none"
			                            : leno_strerror(error));
			app_end(&s.app, error == LENO_ARGUMENT ? EXIT_USAGE : EXIT_FAILED);
		} else if (s.app.set->json) {
			event_ready(s.app.node, EVENTS_JSON, c.words.set.name, c.words.set.network);
		}
		app_run(&s.app);
	}
	free(c.program);
	return s.app.exit;
}
