/* state_own.c - compare and set: the owner of a key decides.
 *
 *   request "leno/state": tag 8 | stamp u64 | writer id | key sized | has u8 | value sized
 *   reply: the entry as it is now (state/entry.h); refused: enum leno_state_code
 *
 * When we are the owner ourselves, `done` hears of it at the end of the input. */
#include "base/mem.h"
#include "node/states.h"

#define OWN_TYPE "leno/state"

struct decision {
	struct list   all;           /* states.decided, or states.asked                */
	leno_node    *node;
	uint8_t       tag[STATE_TAG];
	leno_id       owner;
	leno_done_fn *done;
	void         *user;
	int           error, code;
};

static const char *why(int code)
{
	return code == LENO_STATE_CHANGED    ? "the version is another one"
	     : code == LENO_STATE_NOT_OWNER  ? "it does not think that it is the key's owner"
	     : code == LENO_STATE_NOT_SHARED ? "it does not share this map" : "";
}

static bool version_is(leno_state *st, leno_bytes key, const leno_state_version *v)
{
	leno_state_version now;

	leno_state_get(st, key, NULL, &now);
	return now.stamp == v->stamp && leno_id_same(&now.writer, &v->writer);
}

/* What our clock has stamped while it was ahead nobody else has: it is told anew, so that who asks
 * knows what there is to compare with. */
static void renew(leno_state *st, leno_bytes key)
{
	const struct stored *s = store_find(&st->store, ENTRY_VALUE, bytes_of(key.data, key.size),
	                                    bytes_of(NULL, 0));

	if (s && state_is_ahead(st, s))
		state_write_value(st, bytes_of(key.data, key.size),
		                  s->dead ? bytes_of(NULL, 0) : stored_entry(s).value, NULL);
}

/* By the owner. value.data NULL: delete. *ret_code says why it is REFUSED. */
static int decide(leno_state *st, leno_bytes key, const leno_state_version *v, leno_bytes value,
                  int *ret_code)
{
	leno_id owner;

	*ret_code = 0;
	if (state_may_write(st, key) || !leno_state_owner(st, key, &owner) ||
	    !leno_id_same(&owner, &st->node->identity.id))
		*ret_code = LENO_STATE_NOT_OWNER;
	else if (!version_is(st, key, v))
		*ret_code = LENO_STATE_CHANGED;
	if (*ret_code == LENO_STATE_CHANGED)
		renew(st, key);
	if (*ret_code)
		return LENO_REFUSED;
	return state_write_value(st, bytes_of(key.data, key.size),
	                         bytes_of(value.data, value.size), NULL);
}

/* ---- the owner's side ----------------------------------------------------------------------- */

static void reply(leno_message *m, leno_state *st, struct bytes key)
{
	const struct stored *s = store_find(&st->store, ENTRY_VALUE, key, bytes_of(NULL, 0));
	struct writer w = writer_of(st->node->states->word, sizeof st->node->states->word);
	struct entry e;

	if (s) {
		e = stored_entry(s);
		write_entry(&w, &e);
	}
	leno_reply(m, (leno_bytes){ w.start, writer_size(&w) });
}

bool states_request(leno_message *m, const char *type, struct bytes data)
{
	struct reader r = reader_of(data);
	uint8_t tag[STATE_TAG], has;
	leno_state_version v;
	leno_bytes key, value;
	struct bytes k, b;
	leno_state *st;
	int code, error;

	if (strcmp(type, OWN_TYPE) != 0)
		return false;
	read_copy(&r, tag, sizeof tag);
	v.stamp = read_u64(&r);
	v.writer = read_id(&r);
	k = read_sized(&r, STATE_KEY_MAX);
	has = read_u8(&r);
	b = read_sized(&r, STATE_VALUE_MAX);
	if (!read_end(&r) || k.size == 0) {
		leno_refuse(m, 0, "not a request that can be");
		return true;
	}
	key = (leno_bytes){ k.data, k.size };
	value = (leno_bytes){ has ? (b.data ? (const void *)b.data : "") : NULL, b.size };
	if (admit_observes(m->node, &m->from)) {
		node_count_refusal(m->node, LENO_ROLE);
		leno_refuse(m, 0, leno_strerror(LENO_ROLE));
		return true;
	}
	st = states_find(m->node, tag);
	code = st && !st->options.per_node ? 0 : LENO_STATE_NOT_SHARED;
	error = code ? LENO_REFUSED : decide(st, key, &v, value, &code);
	if (error)
		leno_refuse(m, code, code ? why(code) : leno_strerror(error));
	else
		reply(m, st, k);
	return true;
}

/* ---- who asks ------------------------------------------------------------------------------ */

static void answered(leno_node *n, void *user, const leno_answer *a)
{
	struct decision *d = user;
	leno_state *st = states_find(n, d->tag);
	struct reader r = reader_of(bytes_of(a->data.data, a->data.size));
	leno_done_fn *done = d->done;
	void *theirs = d->user;
	const leno_id owner = d->owner;
	struct entry e;

	list_remove(&d->all);
	mem_free(d);
	/* It comes to us with the owner's other changes, too: but `done` shall find it here. */
	if (!a->error && st && read_entry(&r, &e) && entry_timely(&e, states_wall_ms(n)) &&
	    state_believes(st, &owner, &e))
		state_merge(st, &e, STATE_THEIRS);
	done(n, theirs, &(leno_answer){ .error = a->error, .code = a->code, .why = a->why });
}

static int ask(leno_state *st, const leno_id *owner, struct decision *d, leno_bytes key,
               const leno_state_version *v, leno_bytes value, leno_ms timeout)
{
	struct states *all = st->node->states;
	struct writer w = writer_of(all->word, sizeof all->word);

	write_bytes(&w, st->tag, STATE_TAG);
	write_u64(&w, v->stamp);
	write_id(&w, &v->writer);
	write_sized(&w, bytes_of(key.data, key.size));
	write_u8(&w, value.data != NULL);
	write_sized(&w, bytes_of(value.data, value.size));
	return leno_request(st->node, owner, OWN_TYPE, (leno_bytes){ w.start, writer_size(&w) },
	                    timeout, answered, d, NULL);
}

int leno_state_compare_and_set(leno_state *st, leno_bytes key, const leno_state_version *v,
                               leno_bytes value, leno_ms timeout, leno_done_fn *done, void *user)
{
	struct decision *d;
	leno_id owner;
	int error = 0;

	if (!st || !v || !done || st->options.per_node || value.size > LENO_STATE_VALUE_MAX ||
	    (!value.data && value.size > 0) || !leno_state_owner(st, key, &owner))
		return LENO_ARGUMENT;
	if (st->left || st->node->leaving)
		return LENO_CLOSED;
	d = mem_new(sizeof *d);
	if (!d)
		return LENO_MEMORY;
	*d = (struct decision){ .node = st->node, .owner = owner, .done = done,
	                        .user = user };
	memcpy(d->tag, st->tag, STATE_TAG);
	list_init(&d->all);
	if (!leno_id_same(&owner, &st->node->identity.id)) {
		error = ask(st, &owner, d, key, v, value, timeout);
		if (error)
			mem_free(d);
		else
			list_append(&st->node->states->asked, &d->all);
		return error;
	}
	d->error = decide(st, key, v, value, &d->code);
	list_append(&st->node->states->decided, &d->all);
	timers_set(&st->node->timers, &st->node->states->timer, st->node->now_us);
	return 0;
}

void states_forget_asked(leno_node *n)
{
	list_each (it, next, &n->states->asked) {
		list_remove(it);
		mem_free(list_item(it, struct decision, all));
	}
}

void states_decided(leno_node *n)
{
	struct list *all = &n->states->decided;

	while (!list_empty(all)) {
		struct decision *d = list_item(all->next, struct decision, all);
		leno_answer a = { .error = d->error, .code = d->code, .why = why(d->code) };
		leno_done_fn *done = d->done;
		void *user = d->user;

		list_remove(&d->all);
		mem_free(d);
		if (!n->leaving)
			done(n, user, &a);
	}
}
