/* state_merge.c - what becomes of a map's entries, and who hears of it. */
#include "base/mem.h"
#include "node/states.h"

void state_fail(leno_state *st, int error)
{
	if (state_enter(st) && st->handlers.failed)
		st->handlers.failed(st, st->user, error);
	state_leave(st);
}

/* ---- watches ------------------------------------------------------------------------------- */

static bool meant(const struct watch *w, struct bytes key)
{
	return key.size >= w->size && (!w->exact || key.size == w->size) &&
	       (w->size == 0 || memcmp(key.data, w->key, w->size) == 0);
}

void state_sweep(leno_state *st)
{
	if (st->entered > 0)
		return;
	list_each (it, next, &st->watches) {
		struct watch *w = list_item(it, struct watch, all);

		if (!w->gone)
			continue;
		list_remove(&w->all);
		mem_free(w);
	}
}

static void tell(leno_state *st, const leno_change *c)
{
	struct bytes key = bytes_of(c->key.data, c->key.size);

	list_each (it, next, &st->watches) {
		struct watch *w = list_item(it, struct watch, all);

		if (!w->gone && meant(w, key) && state_enter(st))
			w->fn(st, w->user, c);
		else if (w->gone || !meant(w, key))
			continue;
		state_leave(st);
	}
}

static leno_bytes lend(struct bytes b)
{
	return (leno_bytes){ b.data ? (const void *)b.data : "", b.size };
}

/* Is this element in it, by whomever, beside this entry? */
static bool held_otherwise(const leno_state *st, const struct entry *e)
{
	const struct stored *s = store_first(&st->store, ENTRY_MEMBER, e->key);

	for (; s; s = store_same(s)) {
		const struct entry m = stored_entry(s);

		if (!m.dead && !bytes_same(m.sub, e->sub) && m.sub.size == e->sub.size &&
		    memcmp(m.sub.data + 16, e->sub.data + 16, m.sub.size - 16) == 0)
			return true;
	}
	return false;
}

int64_t state_count_of(const leno_state *st, struct bytes key)
{
	uint64_t sum = 0;

	const struct stored *s = store_first(&st->store, ENTRY_COUNT, key);

	for (; s; s = store_same(s)) {
		const struct entry e = stored_entry(s);

		sum += e.dead ? 0 : entry_as_u64(e.value);
	}
	return (int64_t)sum;
}

/* What a merge means to who watches. old: what gave way. False: nothing. */
static bool change_of(const leno_state *st, const struct entry *e, const struct entry *old,
                      leno_change *ret)
{
	bool had = old && !old->dead;

	*ret = (leno_change){ .key = lend(e->key), .version = { e->stamp, e->writer } };
	switch (e->kind) {
	case ENTRY_VALUE:
		ret->kind = LENO_STATE_VALUE;
		if (had)
			ret->old_value = lend(old->value);
		if (!e->dead)
			ret->value = lend(e->value);
		return had || !e->dead;
	case ENTRY_COUNT:
		ret->kind = LENO_STATE_COUNTER;
		ret->count = state_count_of(st, e->key);
		ret->old_count = (int64_t)((uint64_t)ret->count -
		                           (e->dead ? 0 : entry_as_u64(e->value)) +
		                           (had ? entry_as_u64(old->value) : 0));
		return ret->count != ret->old_count;
	case ENTRY_MEMBER:
		ret->kind = LENO_STATE_SET;
		if (had == !e->dead || held_otherwise(st, e))
			return false;
		*(e->dead ? &ret->old_value : &ret->value) =
			lend(bytes_of(e->sub.data + 16, e->sub.size - 16));
		return true;
	case ENTRY_OWNER:
	case ENTRY_KINDS:
		break;
	}
	return false;
}

/* ---- merging ------------------------------------------------------------------------------- */

/* Once, until there is room again (state_look_for_room()). */
static void no_room(leno_state *st)
{
	st->lacked = true;
	if (st->full)
		return;
	st->full = true;
	events_log(st->node, LENO_LOG_WARN,
	           "map %s: memory_max (%zu) is reached: entries are missing here", st->name,
	           st->options.memory_max);
	state_fail(st, LENO_MEMORY);
}

/* Not for each entry that goes: what is missing is asked for anew then. */
void state_look_for_room(leno_state *st)
{
	const struct budget *b = &st->store.budget;

	st->full = st->full && b->used > b->max / 8 * 7;
}

/* What our clock has stamped while it was ahead is taken by nobody else, and would keep this copy
 * from the others' for as long. A clock that nobody has set back may as well be behind. */
bool state_is_ahead(const leno_state *st, const struct stored *s)
{
	const struct entry e = stored_entry(s);

	return st->node->wall_ahead && !entry_timely(&e, states_wall_ms(st->node));
}

static bool outdate(leno_state *st, const struct entry *name)
{
	struct stored *s = store_find(&st->store, name->kind, name->key, name->sub);

	if (!s || !state_is_ahead(st, s))
		return false;
	store_outdate(&st->store, s);
	return true;
}

int state_merge(leno_state *st, const struct entry *e, enum state_source source)
{
	struct stored *old = NULL;
	struct entry before;
	leno_change change;
	int got = store_put(&st->store, e, &old);

	if (got == 0 && source != STATE_KEPT && outdate(st, e))
		got = store_put(&st->store, e, &old);
	if (got == LENO_MEMORY && source == STATE_THEIRS)
		no_room(st);
	if (got <= 0)
		return got;
	if (source != STATE_KEPT)
		state_keep(st, e);
	if (source == STATE_OURS)              /* it may be made of what it replaces */
		state_push(st, e);
	if (old)
		before = stored_entry(old);
	if (source == STATE_THEIRS && !list_empty(&st->watches) &&
	    change_of(st, e, old ? &before : NULL, &change))
		tell(st, &change);
	store_free(&st->store, old);
	return 1;
}

/* Out of the walk, and then told of: handlers may change the map. */
static void drop(leno_state *st, struct stored *s, struct walk *w, bool told)
{
	const struct entry e = stored_entry(s);
	leno_change change = { .kind = LENO_STATE_VALUE, .key = lend(e.key),
	                       .version = { e.stamp, e.writer } };

	store_take(&st->store, s);
	w->past--;
	state_forget(st, &e);
	if (told && !e.dead && e.kind == ENTRY_VALUE) {
		change.old_value = lend(e.value);
		tell(st, &change);
	}
	store_free(&st->store, s);
}

void state_drop_of(leno_state *st, const leno_id *id)
{
	const struct range all = { 0 };
	struct walk w = { 0 };

	state_enter(st);
	for (struct stored *s; (s = store_walk(&st->store, all, &w));)
		if (leno_id_same(&s->writer, id))
			drop(st, s, &w, true);
	state_leave(st);
}

void state_discard(leno_state *st)
{
	const struct range all = { 0 };
	uint64_t wall_ms = states_wall_ms(st->node), horizon = (uint64_t)st->options.horizon_ms;
	struct walk w = { 0 };

	for (struct stored *s; (s = store_walk(&st->store, all, &w));)
		if (stamp_ms(s->stamp) + horizon < wall_ms)
			drop(st, s, &w, false);
}

void state_expire(leno_state *st, uint64_t before_ms)
{
	size_t looks = STATE_LOOKS;
	struct stored *s;

	while ((s = store_expired(&st->store, before_ms, &st->expiry, &looks)))
		drop(st, s, &st->expiry, false);
}

bool state_forgotten(const leno_state *st, const struct entry *e)
{
	uint64_t wall_ms = states_wall_ms(st->node), horizon = (uint64_t)st->options.horizon_ms;

	return e->dead && entry_died_ms(e) + horizon < wall_ms &&
	       !store_find(&st->store, e->kind, e->key, e->sub);
}

/* ---- watching ------------------------------------------------------------------------------ */

int leno_state_watch(leno_state *st, leno_bytes key, bool exact, leno_watch_fn *fn, void *user,
                     leno_watch *ret)
{
	size_t n = 0;
	struct watch *w;

	if (!st || !fn || !ret || key.size > LENO_STATE_KEY_MAX || (!key.data && key.size > 0))
		return LENO_ARGUMENT;
	list_each (it, next, &st->watches)
		n++;
	if (n >= STATE_WATCHES)
		return LENO_LIMIT;
	w = mem_new(sizeof *w + key.size);
	if (!w)
		return LENO_MEMORY;
	*w = (struct watch){ .number = ++st->last_watch, .fn = fn, .user = user, .exact = exact,
	                     .size = key.size };
	bytes_copy(w->key, key.data, key.size);
	list_init(&w->all);
	list_append(&st->watches, &w->all);
	*ret = w->number;
	return 0;
}

void leno_state_unwatch(leno_state *st, leno_watch number)
{
	list_each (it, next, &st->watches) {
		struct watch *w = list_item(it, struct watch, all);

		if (w->number == number)
			w->gone = true;
	}
	state_sweep(st);
}
