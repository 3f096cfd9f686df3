/* cmd_command.c - `leno command`: tells nodes what to do, and says what came of it at each. */
#include "app.h"
#include "output.h"
#include "rounds.h"

#include <string.h>

static const char word_letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct command_command {
	struct words words;
	char *args[LENO_ARGS_MAX];
	size_t n_args;
};

struct commanding {
	struct app app;
	const struct command_command *c;
	const char *who, *word;
	struct rounds rounds;
	bool chosen;
};

/* ---- to whom ---------------------------------------------------------------------------- */

static bool is_meant(const char *who, const leno_info *info)
{
	if (info->role == LENO_VISITOR)
		return false;
	if (strcmp(who, "all") == 0)
		return true;
	for (size_t i = 0; i < info->n_labels; i++) {
		if (strcmp(info->labels[i], who) == 0)
			return true;
	}
	return false;
}

static bool add_meant(void *arg, const leno_info *info)
{
	struct commanding *k = arg;

	if (is_meant(k->who, info))
		rounds_add(&k->rounds, info);
	return true;
}

struct one {
	struct commanding *k;
	leno_id id;
};

static bool add_one(void *arg, const leno_info *info)
{
	struct one *one = arg;

	if (!leno_id_same(&info->id, &one->id))
		return true;
	rounds_add(&one->k->rounds, info);
	return false;
}

/* NODE, or all that `all` or a label means: then nobody is an end, too. */
static bool choose(struct commanding *k)
{
	struct app *app = &k->app;
	bool several = strcmp(k->who, "all") == 0 || strchr(k->who, '=') != NULL;
	struct one one = { .k = k };

	app->synced = app->synced || leno_synced(app->node);
	if (several && app->synced)
		leno_nodes(app->node, add_meant, k);
	else if (!several && app_seek(app, k->who, &one.id))
		leno_nodes(app->node, add_one, &one);
	if (k->rounds.n == 0 && several && app->synced && !app->set->wait) {
		fail("no node of network %s is meant by \"%s\"", leno_network(app->node), k->who);
		app_end(app, EXIT_NO_NODE);
	}
	rounds_sort(&k->rounds);
	return k->rounds.n > 0;
}

/* ---- what came of it ------------------------------------------------------------------- */

static void print_json(const struct commanding *k, const struct round_node *one,
                       const leno_answer *a)
{
	cJSON *object = json_event("answer");
	char why[256];

	json_id(object, "id", &one->id);
	json_text(object, "name", one->name);
	json_text(object, "command", k->word);
	json_bool(object, "done", a->error == 0);
	json_number(object, "rtt_us", (double)(clock_us() - one->asked_us));
	if (a->error == 0) {
		json_data(object, a->data);
	} else {
		json_number(object, "code", a->error == LENO_REFUSED ? a->code : a->error);
		json_text(object, "error", round_why(a, why));
	}
	out_json(object);
}

/* Each line of it behind the name of who said it. */
static void print_said(const char *name, leno_bytes said)
{
	const char *at = said.data, *end = at + said.size;

	if (said.size == 0)
		out("%s: done\n", name);
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((stop ? stop : end) - at);

		out("%s: ", name);
		out_safe(at, n);
		out("\n");
		at += n + 1;
	}
	out_end();
}

static void on_answered(struct rounds *r, struct round_node *one, const leno_answer *answer)
{
	struct commanding *k = (struct commanding *)r->app;
	char name[128], why[256];

	round_name(one, name);
	if (k->app.set->json)
		print_json(k, one, answer);
	else if (answer->error == 0)
		print_said(name, answer->data);
	if (answer->error == LENO_REFUSED && answer->code == LENO_NO_COMMAND)
		fail("%s obeys no command \"%s\"", name, k->word);
	else if (answer->error == LENO_REFUSED)
		fail("%s refused: %s", name, round_why(answer, why));
	else if (answer->error)
		fail("%s has not said that it is done: %s", name, round_why(answer, why));
}

static int ask(struct rounds *r, struct round_node *one)
{
	struct commanding *k = (struct commanding *)r->app;

	return leno_command_send(k->app.node, &one->id, k->word, k->c->n_args,
	                         (const char *const *)k->c->args, k->app.set->timeout_ms,
	                         rounds_done, one);
}

static void on_tick(struct app *app)
{
	struct commanding *k = (struct commanding *)app;

	if (!k->chosen) {
		k->chosen = choose(k);
		if (!k->chosen)
			return;
		app->deadline = -1; /* the library keeps it from here */
	}
	if (rounds_work(&k->rounds))
		app_end(app, rounds_exit(&k->rounds));
}

static void on_late(struct app *app)
{
	app_not_found(app, ((struct commanding *)app)->who);
}

static const struct argp_child children[] = {
	{ &waiting_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

/* The first two words are ours, all others the command's. */
static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command_command *c = state->input;

	if (key != ARGP_KEY_ARG || c->words.count < c->words.most)
		return words_parse(key, arg, state);
	if (c->n_args == LENO_ARGS_MAX)
		argp_error(state, "a command has at most %d arguments", LENO_ARGS_MAX);
	else
		c->args[c->n_args++] = arg;
	return 0;
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "NODE|LABEL|all WORD [ARG...]",
	.doc = "Tells a node, those with a label (as in kind=bot), or all of them what to do, and "
	       "prints what each answers."
	       "\vWhich words a node obeys `leno nodes --status` tells; a node that stays obeys "
	       "`stop` (see --allow-commands there). Who commands is known by its certificate, or "
	       "by --identity FILE. Those that are farthest away are told first, those at the same "
	       "distance together; --timeout is for each. It ends with 1 when one of them refused "
	       "or could not be reached, with 3 when only answers are missing. ARGs that begin "
	       "with - go behind --.",
	.children = children,
};

static bool settings_good(const struct command_command *c)
{
	const char *word = c->words.items[1];
	size_t size = strlen(word), bytes = 0;

	if (size == 0 || size > LENO_WORD_MAX || strspn(word, word_letters) != size) {
		fail("\"%s\" is no WORD: it has letters, digits, - and _, to %d of them", word,
		     LENO_WORD_MAX);
		return false;
	}
	for (size_t i = 0; i < c->n_args; i++)
		bytes += strlen(c->args[i]) + 1;
	if (bytes > LENO_ARGS_BYTES)
		fail("the arguments of a command have to %d bytes", LENO_ARGS_BYTES);
	return bytes <= LENO_ARGS_BYTES;
}

int cmd_command(int argc, char **argv)
{
	static const leno_handlers handlers = { 0 };
	struct command_command c = { .words = { .least = 2, .most = 2 } };
	struct commanding k = { .app = { .tick = on_tick, .late = on_late, .acts = true }, .c = &c };

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	if (!settings_good(&c))
		return EXIT_USAGE;
	k.who = c.words.items[0];
	k.word = c.words.items[1];
	k.rounds = (struct rounds){ .app = &k.app, .farthest_first = true, .ask = ask,
		                    .answered = on_answered };
	if (app_open(&k.app, &c.words.set, &handlers, false)) {
		app_start_clock(&k.app);
		app_run(&k.app);
	}
	rounds_free(&k.rounds);
	return k.app.exit;
}
