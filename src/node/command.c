/* command.c - words that this node obeys, and who may say them (leno/command.h).
 *
 *  1. Whether somebody may command is decided when the command comes, by whose certificate it
 *     shows, or else by its proved id. Who may not learns nothing of the words.
 *  2. A command has its answer when its handler returns, unless the handler keeps it. */
#include "node/services.h"

#include "base/mem.h"
#include "service/command.h"

struct obeyed {
	struct list all;                       /* services.words, in order of registration */
	leno_command_fn *fn;
	void *user;
	char word[LENO_WORD_MAX + 1];
};

static struct obeyed *find(const leno_node *n, const char *word)
{
	list_each (it, next, &n->services->words) {
		struct obeyed *o = list_item(it, struct obeyed, all);

		if (strcmp(o->word, word) == 0)
			return o;
	}
	return NULL;
}

/* ---- what the program says ------------------------------------------------------------- */

int leno_command_on(leno_node *n, const char *word, leno_command_fn *fn, void *user)
{
	struct obeyed *o;

	if (!n || !fn || !word_ok(word))
		return LENO_ARGUMENT;
	o = find(n, word);
	if (!o && n->services->n_words == LENO_WORDS_MAX)
		return LENO_LIMIT;
	if (!o) {
		o = mem_new(sizeof *o);
		if (!o)
			return LENO_MEMORY;
		memcpy(o->word, word, strlen(word) + 1);
		list_init(&o->all);
		list_append(&n->services->words, &o->all);
		n->services->n_words++;
	}
	o->fn = fn;
	o->user = user;
	return 0;
}

static void forget(leno_node *n, struct obeyed *o)
{
	list_remove(&o->all);
	n->services->n_words--;
	mem_free(o);
}

int leno_command_off(leno_node *n, const char *word)
{
	struct obeyed *o = n && word ? find(n, word) : NULL;

	if (!o)
		return LENO_ARGUMENT;
	forget(n, o);
	return 0;
}

int leno_command_allow(leno_node *n, const leno_id *ids, size_t count)
{
	return n ? admit_relist(&n->services->commanders, &n->services->n_commanders, ids, count)
	         : LENO_ARGUMENT;
}

void leno_command_allow_all(leno_node *n, bool all)
{
	n->services->all_command = all;
}

void command_words(const leno_node *n, leno_status *ret)
{
	ret->n_words = 0;
	if (n->services->n_commanders == 0 && !n->services->all_command)
		return;                        /* it obeys nobody */
	list_each (it, next, &n->services->words) {
		const struct obeyed *o = list_item(it, struct obeyed, all);

		memcpy(ret->words[ret->n_words++], o->word, sizeof o->word);
	}
}

void command_free(leno_node *n)
{
	struct services *s = n->services;

	while (!list_empty(&s->words))
		forget(n, list_item(s->words.next, struct obeyed, all));
	mem_free(s->commanders);
}

/* ---- one that comes -------------------------------------------------------------------- */

/* 0, ROLE or UNINVITED. */
static int may_command(struct peer *p)
{
	const struct services *s = p->node->services;

	if (admit_observes(p->node, &p->id) || p->pass.role == LENO_OBSERVER)
		return LENO_ROLE;
	for (size_t i = 0; i < s->n_commanders; i++)
		if (leno_id_same(&s->commanders[i], &p->pass.holder))
			return 0;
	return s->all_command ? 0 : LENO_UNINVITED;
}

static void refuse(struct peer *p, leno_message *m, int error)
{
	char id[LENO_ID_TEXT];

	node_count_refusal(p->node, error);
	if (error == LENO_ROLE || error == LENO_UNINVITED)
		events_refused(p->node, leno_id_text(&p->pass.holder, id),
		               "it commands, and may not");
	leno_refuse(m, error, error == LENO_UNINVITED ? "you may not command this node"
	                                              : leno_strerror(error));
}

void command_take(struct peer *p, const struct item *item)
{
	leno_message m = {
		.node = p->node, .from = p->id, .life = p->life, .request = item->request
	};
	leno_command command = { .message = &m, .from = p->pass.holder };
	int error = may_command(p);
	const struct obeyed *o;
	struct command c;

	if (!error && !command_read(item->data, &c))
		error = LENO_ARGUMENTS;
	if (error) {
		refuse(p, &m, error);
		return;
	}
	o = find(p->node, c.word);
	if (!o) {
		leno_refuse(&m, LENO_NO_COMMAND, leno_strerror(LENO_NO_COMMAND));
		return;
	}
	command.word = c.word;
	command.n_args = c.n_args;
	command.args = c.args;
	o->fn(m.node, o->user, &command);
	if (!m.answered && !m.copy)
		leno_reply(&m, (leno_bytes){ NULL, 0 });
}

/* ---- one that goes --------------------------------------------------------------------- */

int leno_command_send(leno_node *n, const leno_id *to, const char *word, size_t n_args,
                      const char *const *args, leno_ms timeout, leno_done_fn *done, void *user)
{
	uint8_t buf[COMMAND_MAX];
	leno_pack p = leno_pack_into(buf, sizeof buf);
	int error = command_write(&p, word, n_args, args);

	return error ? error
	             : leno_request(n, to, COMMAND_TYPE, leno_pack_bytes(&p), timeout, done, user,
	                            NULL);
}
