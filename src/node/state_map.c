/* state_map.c - leno_state_*: what an application reads of a map, and writes into it. */
#include "node/states.h"

static struct bytes view(leno_bytes b)
{
	return bytes_of(b.data, b.size);
}

static bool good_bytes(leno_bytes b, size_t max)
{
	return b.size <= max && (b.data || b.size == 0);
}

static bool good_key(leno_bytes key)
{
	return key.size > 0 && good_bytes(key, LENO_STATE_KEY_MAX);
}

static leno_bytes lent(struct bytes b)
{
	return (leno_bytes){ b.data ? (const void *)b.data : "", b.size };
}

/* ---- writing --------------------------------------------------------------------------------- */

int state_may_write(const leno_state *st, leno_bytes key)
{
	static const leno_id all = { { 0 } };
	const leno_id *self;

	if (!st || !good_key(key))
		return LENO_ARGUMENT;
	self = &st->node->identity.id;
	if (st->left || st->node->leaving)
		return LENO_CLOSED;
	if (st->node->link_setup.role == LENO_OBSERVER)
		return LENO_ROLE;
	return leno_id_same(&st->options.writer, &all) || leno_id_same(&st->options.writer, self)
	       ? 0 : LENO_REFUSED;
}

/* Stamped as newer than what is there, merged: which keeps it, and sends it to all who share it. */
int state_write(leno_state *st, struct entry *e, leno_state_version *ret)
{
	const struct stored *old = store_find(&st->store, e->kind, e->key, e->sub);
	int error;

	if (e->stamp == 0)
		e->stamp = stamp_next(states_wall_ms(st->node),
		                      old && !state_is_ahead(st, old) ? old->stamp : 0);
	if (leno_id_same(&e->writer, &(leno_id){ { 0 } }))
		e->writer = st->node->identity.id;
	error = state_merge(st, e, STATE_OURS);
	if (error < 0)
		return error;
	if (ret)
		*ret = (leno_state_version){ e->stamp, e->writer };
	return 0;
}

/* Of a map per node what we write is named by us. */
static struct bytes own_sub(const leno_state *st, const leno_id *id)
{
	return st->options.per_node ? bytes_of(id->bytes, sizeof id->bytes) : bytes_of(NULL, 0);
}

/* value.data NULL: none any more. */
int state_write_value(leno_state *st, struct bytes key, struct bytes value, leno_state_version *ret)
{
	uint8_t when[8];
	struct entry e = { .kind = ENTRY_VALUE, .key = key, .value = value,
	                   .sub = own_sub(st, &st->node->identity.id) };

	if (!value.data) {
		e.dead = true;
		e.value = entry_u64(when, states_wall_ms(st->node));
	}
	return state_write(st, &e, ret);
}

static int owned_elsewhere(leno_state *st, leno_bytes key)
{
	leno_id owner;

	return leno_state_owner(st, key, &owner) && !leno_id_same(&owner, &st->node->identity.id)
	       ? LENO_REFUSED : 0;
}

int leno_state_set(leno_state *st, leno_bytes key, leno_bytes value, leno_state_version *ret)
{
	int error = state_may_write(st, key);

	if (!error && !good_bytes(value, LENO_STATE_VALUE_MAX))
		error = LENO_ARGUMENT;
	if (!error)
		error = owned_elsewhere(st, key);
	return error ? error : state_write_value(st, view(key), view(lent(view(value))), ret);
}

static int bury(leno_state *st, const struct stored *s)
{
	uint8_t when[8], name[STATE_KEY_MAX + STATE_SUB_MAX];
	const struct entry old = stored_entry(s);
	struct entry e = { .kind = old.kind, .dead = true,
	                   .value = entry_u64(when, states_wall_ms(st->node)) };

	bytes_copy(name, old.key.data, old.key.size);
	bytes_copy(name + old.key.size, old.sub.data, old.sub.size);
	e.key = bytes_of(name, old.key.size);
	e.sub = bytes_of(name + old.key.size, old.sub.size);
	/* That one, and not what its writer adds later. */
	if (e.kind == ENTRY_MEMBER && !state_is_ahead(st, s)) {
		e.stamp = old.stamp | 1;
		e.writer = old.writer;
	}
	return state_write(st, &e, NULL);
}

/* Of all entries of this kind, or (element.data not NULL) those of one element. */
static int bury_all(leno_state *st, enum entry_kind kind, struct bytes key, struct bytes element)
{
	int error = 0;

	for (const struct stored *s = store_first(&st->store, kind, key); s && !error;) {
		const struct entry e = stored_entry(s);
		bool meant = !element.data || (e.sub.size == 16 + element.size &&
		             bytes_same(bytes_of(e.sub.data + 16, element.size), element));

		if (!e.dead && meant) {
			error = bury(st, s);
			s = store_first(&st->store, kind, key);
		} else {
			s = store_same(s);
		}
	}
	return error;
}

int leno_state_delete(leno_state *st, leno_bytes key)
{
	int error = state_may_write(st, key);
	const struct stored *s;

	if (!error)
		error = owned_elsewhere(st, key);
	if (error)
		return error;
	s = store_find(&st->store, ENTRY_VALUE, view(key), own_sub(st, &st->node->identity.id));
	if (s && !s->dead)
		error = bury(st, s);
	if (!error)
		error = bury_all(st, ENTRY_COUNT, view(key), bytes_of(NULL, 0));
	return error ? error : bury_all(st, ENTRY_MEMBER, view(key), bytes_of(NULL, 0));
}

int leno_state_add(leno_state *st, leno_bytes key, int64_t by)
{
	int error = state_may_write(st, key);
	uint8_t sub[24], total[8];
	struct entry e = { .kind = ENTRY_COUNT, .key = view(key),
	                   .sub = bytes_of(sub, sizeof sub) };
	const struct stored *s;
	uint64_t sum = (uint64_t)by;

	if (!error && st->options.per_node)
		error = LENO_ARGUMENT;
	if (error)
		return error;
	memcpy(sub, st->node->identity.id.bytes, 16);
	entry_u64(sub + 16, st->node->incarnation);
	s = store_find(&st->store, ENTRY_COUNT, e.key, e.sub);
	if (s && !s->dead)
		sum += entry_as_u64(stored_entry(s).value);
	e.value = entry_u64(total, sum);
	return state_write(st, &e, NULL);
}

static int good_element(const leno_state *st, leno_bytes key, leno_bytes element)
{
	int error = state_may_write(st, key);

	if (!error && (st->options.per_node || !good_bytes(element, LENO_STATE_ELEMENT_MAX)))
		error = LENO_ARGUMENT;
	return error;
}

int leno_state_insert(leno_state *st, leno_bytes key, leno_bytes element)
{
	int error = good_element(st, key, element);
	uint8_t sub[STATE_SUB_MAX];
	struct entry e = { .kind = ENTRY_MEMBER, .key = view(key) };

	if (error)
		return error;
	memcpy(sub, st->node->identity.id.bytes, 16);
	bytes_copy(sub + 16, element.data, element.size);
	e.sub = bytes_of(sub, 16 + element.size);
	return state_write(st, &e, NULL);
}

int leno_state_remove(leno_state *st, leno_bytes key, leno_bytes element)
{
	int error = good_element(st, key, element);

	return error ? error : bury_all(st, ENTRY_MEMBER, view(key), view(lent(view(element))));
}

int leno_state_own(leno_state *st, leno_bytes key, const leno_id *owner)
{
	int error = state_may_write(st, key);
	struct entry e = { .kind = ENTRY_OWNER, .key = view(key) };

	if (!error && (!owner || st->options.per_node))
		error = LENO_ARGUMENT;
	if (error)
		return error;
	e.value = bytes_of(owner->bytes, sizeof owner->bytes);
	return state_write(st, &e, NULL);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool tell_value(const struct stored *s, leno_bytes *ret, leno_state_version *ret_version)
{
	if (ret_version)
		*ret_version = (leno_state_version){ 0 };
	if (!s || s->dead)
		return false;
	if (ret)
		*ret = lent(stored_entry(s).value);
	if (ret_version)
		*ret_version = (leno_state_version){ s->stamp, s->writer };
	return true;
}

bool leno_state_of(leno_state *st, const leno_id *id, leno_bytes key, leno_bytes *ret,
                   leno_state_version *ret_version)
{
	return tell_value(good_key(key) ? store_find(&st->store, ENTRY_VALUE, view(key),
	                                             own_sub(st, id)) : NULL, ret, ret_version);
}

bool leno_state_get(leno_state *st, leno_bytes key, leno_bytes *ret,
                    leno_state_version *ret_version)
{
	return leno_state_of(st, &st->node->identity.id, key, ret, ret_version);
}

bool leno_state_owner(leno_state *st, leno_bytes key, leno_id *ret)
{
	const struct stored *s = good_key(key) ? store_find(&st->store, ENTRY_OWNER, view(key),
	                                                    bytes_of(NULL, 0)) : NULL;

	if (!s || s->dead)
		return false;
	memcpy(ret->bytes, stored_entry(s).value.data, sizeof ret->bytes);
	return true;
}

int64_t leno_state_count(leno_state *st, leno_bytes key)
{
	return good_key(key) ? state_count_of(st, view(key)) : 0;
}

/* Several may have put it in: the first of them that lives stands for it. */
static bool first_of_element(const struct stored *s, const struct stored *first)
{
	const struct entry e = stored_entry(s);

	for (const struct stored *b = first; b && b != s; b = store_same(b)) {
		const struct entry f = stored_entry(b);

		if (!f.dead && f.sub.size == e.sub.size &&
		    memcmp(f.sub.data + 16, e.sub.data + 16, e.sub.size - 16) == 0)
			return false;
	}
	return true;
}

static const struct stored *members(const leno_state *st, leno_bytes key)
{
	return good_key(key) ? store_first(&st->store, ENTRY_MEMBER, view(key)) : NULL;
}

void leno_state_elements(leno_state *st, leno_bytes key, bool (*fn)(void *arg, leno_bytes element),
                         void *arg)
{
	const struct stored *first = members(st, key);

	for (const struct stored *s = first; s; s = store_same(s)) {
		const struct entry e = stored_entry(s);

		if (!e.dead && first_of_element(s, first) &&
		    !fn(arg, (leno_bytes){ e.sub.data + 16, e.sub.size - 16 }))
			return;
	}
}

bool leno_state_contains(leno_state *st, leno_bytes key, leno_bytes element)
{
	const struct stored *s = members(st, key);

	for (; s; s = store_same(s)) {
		const struct entry e = stored_entry(s);

		if (!e.dead && e.sub.size == 16 + element.size &&
		    bytes_same(bytes_of(e.sub.data + 16, element.size), view(element)))
			return true;
	}
	return false;
}

/* Once for each thing, though several entries may make it. */
static bool describe(leno_state *st, const struct stored *s, leno_change *ret)
{
	const struct entry e = stored_entry(s);
	const struct stored *first = store_first(&st->store, e.kind, e.key);

	*ret = (leno_change){ .key = lent(e.key), .version = { e.stamp, e.writer } };
	switch (e.kind) {
	case ENTRY_VALUE:
		ret->kind = LENO_STATE_VALUE;
		ret->value = lent(e.value);
		return true;
	case ENTRY_COUNT:
		while (first != s && first->dead)
			first = store_same(first);
		ret->kind = LENO_STATE_COUNTER;
		ret->count = state_count_of(st, e.key);
		return first == s;
	case ENTRY_MEMBER:
		ret->kind = LENO_STATE_SET;
		ret->value = (leno_bytes){ e.sub.data + 16, e.sub.size - 16 };
		return first_of_element(s, first);
	case ENTRY_OWNER:
	case ENTRY_KINDS:
		break;
	}
	return false;
}

void leno_state_each(leno_state *st, leno_bytes prefix, bool (*fn)(void *arg, const leno_change *),
                     void *arg)
{
	const struct range all = { 0 };
	struct walk w = { 0 };
	leno_change c;

	for (const struct stored *s; (s = store_walk(&st->store, all, &w));) {
		if (s->dead || s->key_size < prefix.size ||
		    (prefix.size > 0 && memcmp(s->bytes, prefix.data, prefix.size) != 0))
			continue;
		if (describe(st, s, &c) && !fn(arg, &c))
			return;
	}
}
