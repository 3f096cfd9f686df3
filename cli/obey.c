/* obey.c - see obey.h. */
#include "obey.h"
#include "output.h"
#include "replies.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { STOP_MS = 200 /* for the answer to go before we do */, LIMIT_MS = 60000 };

/* ---- who may ---------------------------------------------------------------------------- */

bool obey_read(const struct settings *set, struct obeyed *ret)
{
	*ret = (struct obeyed){ .n = 0 };
	for (size_t i = 0; i < set->commanders.count; i++) {
		const char *text = set->commanders.items[i];

		if (strcmp(text, "all") == 0) {
			ret->all = true;
		} else if (leno_id_parse(text, &ret->ids[ret->n]) == 0) {
			ret->n++;
		} else {
			fail("%s--allow-commands: \"%s\" is no id; `leno id` prints one, or say "
			     "all for every member",
			     settings_where(set, text), text);
			return false;
		}
	}
	return true;
}

bool obey_allow(struct app *app, const struct obeyed *who)
{
	if (leno_command_allow(app->node, who->ids, who->n)) {
		fail("there is no memory for the list of who may command this node");
		return false;
	}
	leno_command_allow_all(app->node, who->all);
	return true;
}

/* ---- the words of each node ---------------------------------------------------------------- */

/* As whoever started us would end us. */
static void end(leno_node *node, void *arg)
{
	raise(SIGTERM);
}

static void stop(leno_node *node, void *user, const leno_command *c)
{
	if (leno_after(node, STOP_MS, end, NULL, NULL))
		end(node, NULL);
}

bool obey_begin(struct app *app)
{
	struct obeyed who;

	if (!obey_read(app->set, &who)) {
		app->exit = EXIT_USAGE;
		return false;
	}
	app->exit = EXIT_FAILED;
	if (!obey_allow(app, &who) || leno_command_on(app->node, "stop", stop, app) != 0)
		return false;
	app->exit = EXIT_DONE;
	return true;
}

/* ---- programs ------------------------------------------------------------------------------ */

struct program {
	struct obey *obey;
	char *text; /* what the shell runs */
};

struct obey {
	enum event_style style;
	struct replies *replies;
	struct program *programs;
	size_t n;
};

static void run(leno_node *node, void *user, const leno_command *c)
{
	const struct program *program = user;

	event_command(program->obey->style, &c->from, c->word);
	replies_command(program->obey->replies, program->text, c);
}

static void stop_aloud(leno_node *node, void *user, const leno_command *c)
{
	const struct obey *o = user;

	event_command(o->style, &c->from, c->word);
	stop(node, NULL, c);
}

/* WORD=PROGRAM. */
static bool add(struct app *app, struct obey *o, const char *text)
{
	struct program *program = &o->programs[o->n];
	size_t n = strcspn(text, "=");
	char word[LENO_WORD_MAX + 1];
	int error = LENO_ARGUMENT;

	if (text[n] == '=' && text[n + 1] && n < sizeof word) {
		memcpy(word, text, n);
		word[n] = '\0';
		*program = (struct program){ o, need(strdup(text + n + 1)) };
		o->n++;
		error = leno_command_on(app->node, word, run, program);
	}
	if (error == LENO_ARGUMENT)
		fail("%s--on-command takes WORD=PROGRAM, as in restart='systemctl restart bot'; a "
		     "WORD has letters, digits, - and _",
		     settings_where(app->set, text));
	else if (error)
		fail("cannot obey \"%s\": %s", text, leno_strerror(error));
	app->exit = error == LENO_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
	return error == 0;
}

struct obey *obey_programs(struct app *app, const struct settings *set, enum event_style style)
{
	struct obey *o = need(calloc(1, sizeof *o));

	o->style = style;
	leno_command_on(app->node, "stop", stop_aloud, o); /* in place of what is there: it has room */
	o->replies = replies_new(app, "", LIMIT_MS);
	o->programs = need(calloc(LIST_MAX, sizeof *o->programs));
	for (size_t i = 0; i < set->on_command.count; i++) {
		if (!add(app, o, set->on_command.items[i])) {
			obey_free(o);
			return NULL;
		}
	}
	return o;
}

void obey_work(struct obey *o)
{
	replies_work(o->replies);
}

void obey_free(struct obey *o)
{
	if (o == NULL)
		return;
	replies_free(o->replies);
	for (size_t i = 0; i < o->n; i++)
		free(o->programs[i].text);
	free(o->programs);
	free(o);
}
