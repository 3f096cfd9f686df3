/* state_kept.c - what the driver keeps of a map: its entries, each under its name, and when this
 * copy was in sync with another last, under the empty name. */
#include "node/states.h"

enum { NAME_SIZE = 1 + 2 + STATE_KEY_MAX + 2 + STATE_SUB_MAX };

static const leno_engine_store *store_of(const leno_state *st)
{
	return st->options.keep && !st->options.per_node ? st->node->states->store : NULL;
}

static leno_bytes name_of(const struct entry *e, uint8_t buf[NAME_SIZE])
{
	struct writer w = writer_of(buf, NAME_SIZE);

	write_u8(&w, (uint8_t)e->kind);
	write_sized(&w, e->key);
	write_sized(&w, e->sub);
	return (leno_bytes){ buf, writer_size(&w) };
}

static void change(leno_state *st, leno_bytes name, leno_bytes value)
{
	const leno_engine_store *store = store_of(st);
	int error = store ? store->change(st->node->driver, st->name, name, value) : 0;

	if (error)
		leno_engine_store_failed(st->node, st->name, error);
}

void state_keep(leno_state *st, const struct entry *e)
{
	struct states *all = st->node->states;
	struct writer w = writer_of(all->word, sizeof all->word);
	uint8_t name[NAME_SIZE];

	if (!store_of(st))
		return;
	write_entry(&w, e);
	change(st, name_of(e, name), (leno_bytes){ w.start, writer_size(&w) });
}

void state_forget(leno_state *st, const struct entry *e)
{
	uint8_t name[NAME_SIZE];

	if (store_of(st))
		change(st, name_of(e, name), (leno_bytes){ NULL, 0 });
}

void state_keep_met(leno_state *st)
{
	uint8_t buf[8];
	struct bytes b = entry_u64(buf, st->met_ms);

	if (st->met_ms != st->kept_met_ms)
		change(st, (leno_bytes){ "", 0 }, (leno_bytes){ b.data, b.size });
	st->kept_met_ms = st->met_ms;
}

struct loading {
	leno_state *st;
	int error;
};

/* In another order than they came in once: so there may be wider tables by now than there were, and
 * too little room for the last ones. */
static int merge_kept(leno_state *st, const struct entry *e)
{
	int got;

	while ((got = state_merge(st, e, STATE_KEPT)) == LENO_MEMORY && store_shrink(&st->store))
		;
	return got;
}

/* What died before the horizon while we were away is left out, and not kept either. */
static void loaded(void *arg, leno_bytes name, leno_bytes value)
{
	struct loading *l = arg;
	leno_state *st = l->st;
	struct reader r = reader_of(bytes_of(value.data, value.size));
	struct entry e;

	if (l->error)
		return;
	if (name.size == 0 && value.size == 8)
		st->met_ms = st->kept_met_ms = read_u64(&r);
	else if (!read_entry(&r, &e) || reader_left(&r) > 0)
		l->error = LENO_FILE;
	else if (state_forgotten(st, &e))
		state_forget(st, &e);
	else if (merge_kept(st, &e) < 0)
		l->error = LENO_MEMORY;
}

int state_load(leno_state *st)
{
	const leno_engine_store *store = store_of(st);
	struct loading l = { .st = st };
	int error;

	if (!store)
		return 0;
	error = store->load(st->node->driver, st->name, loaded, &l);
	st->store.depth_most = DEPTH_MAX;
	return error ? error : l.error;
}

void leno_engine_set_store(leno_node *n, const leno_engine_store *store)
{
	n->states->store = store;
}

void leno_engine_store_failed(leno_node *n, const char *map, int error)
{
	list_each (it, next, &n->states->all) {
		leno_state *st = list_item(it, leno_state, all);

		if (!st->options.keep || (map && strcmp(map, st->name) != 0) || st->kept_bad)
			continue;
		st->kept_bad = true;
		st->kept_error = error;
		events_log(n, LENO_LOG_ERROR, "map %s: changes are not kept any more: %s", st->name,
		           leno_strerror(error));
		timers_set(&n->timers, &n->states->timer, n->now_us);
	}
}
