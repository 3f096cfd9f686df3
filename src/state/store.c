/* store.c - see store.h. */
#include "state/store.h"

#include <assert.h>

#include "base/map.h"
#include "base/mem.h"

static size_t width(unsigned level)
{
	return (size_t)1 << 4 * level;
}

/* The first digits of a hash, as a number. */
static size_t digits(uint64_t hash, unsigned level)
{
	return level == 0 ? 0 : (size_t)(hash >> (64 - 4 * level));
}

bool range_good(struct range r)
{
	return r.level <= LEVEL_MAX &&
	       (r.level == LEVEL_MAX || (r.prefix & (UINT64_MAX >> 4 * r.level)) == 0);
}

bool range_has(struct range r, uint64_t hash)
{
	return r.level == 0 || ((hash ^ r.prefix) >> (64 - 4 * r.level)) == 0;
}

struct range range_child(struct range r, unsigned digit)
{
	return (struct range){ r.level + 1, r.prefix | (uint64_t)digit << (60 - 4 * r.level) };
}

/* ---- entries ------------------------------------------------------------------------------ */

struct entry stored_entry(const struct stored *s)
{
	const uint8_t *sub = s->bytes + s->key_size;

	return (struct entry){ .kind = (enum entry_kind)s->kind, .dead = s->dead,
	                       .key = bytes_of(s->bytes, s->key_size),
	                       .sub = bytes_of(sub, s->sub_size),
	                       .value = bytes_of(sub + s->sub_size, s->value_size),
	                       .stamp = s->stamp, .writer = s->writer };
}

static size_t cost(size_t bytes)
{
	return sizeof(struct stored) + bytes + BUDGET_BLOCK;
}

static size_t cost_of(const struct stored *e)
{
	return cost((size_t)e->key_size + e->sub_size + e->value_size);
}

static uint64_t hash_of(const struct store *s, enum entry_kind kind, struct bytes key)
{
	uint8_t text[1 + STATE_KEY_MAX];

	text[0] = (uint8_t)kind;
	bytes_copy(text + 1, key.data, key.size);
	return siphash24(s->hash_key, text, 1 + key.size);
}

static uint64_t digest_of(const struct store *s, uint64_t hash, const struct entry *e)
{
	uint8_t text[5 * 8 + 16 + 1];
	struct writer w = writer_of(text, sizeof text);

	write_u64(&w, hash);
	write_u64(&w, siphash24(s->sum_key, e->key.data, e->key.size));
	write_u64(&w, siphash24(s->sum_key, e->sub.data, e->sub.size));
	write_u64(&w, siphash24(s->sum_key, e->value.data, e->value.size));
	write_u64(&w, e->stamp);
	write_id(&w, &e->writer);
	write_u8(&w, e->dead);
	return siphash24(s->sum_key, text, writer_size(&w));
}

static int order_bytes(struct bytes a, struct bytes b)
{
	if (a.size != b.size)
		return a.size < b.size ? -1 : 1;
	return a.size == 0 ? 0 : memcmp(a.data, b.data, a.size);
}

/* Of names. */
static int order(const struct stored *at, uint64_t hash, const struct entry *e)
{
	const struct entry have = stored_entry(at);
	int by_key;

	if (at->hash != hash)
		return at->hash < hash ? -1 : 1;
	if (have.kind != e->kind)
		return have.kind < e->kind ? -1 : 1;
	by_key = order_bytes(have.key, e->key);
	return by_key != 0 ? by_key : order_bytes(have.sub, e->sub);
}

static struct stored *make(struct store *s, uint64_t hash, const struct entry *e)
{
	size_t bytes = e->key.size + e->sub.size + e->value.size;
	struct stored *made;

	if (!budget_take(&s->budget, cost(bytes)))
		return NULL;
	made = mem_take(sizeof *made + bytes);
	if (!made) {
		budget_give(&s->budget, cost(bytes));
		return NULL;
	}
	*made = (struct stored){ .hash = hash, .digest = digest_of(s, hash, e), .stamp = e->stamp,
	                         .writer = e->writer, .value_size = (uint32_t)e->value.size,
	                         .sub_size = (uint16_t)e->sub.size,
	                         .key_size = (uint8_t)e->key.size, .kind = (uint8_t)e->kind,
	                         .dead = e->dead };
	bytes_copy(made->bytes, e->key.data, e->key.size);
	bytes_copy(made->bytes + e->key.size, e->sub.data, e->sub.size);
	bytes_copy(made->bytes + e->key.size + e->sub.size, e->value.data, e->value.size);
	return made;
}

void store_free(struct store *s, struct stored *e)
{
	if (!e)
		return;
	if (!e->unpaid)
		budget_give(&s->budget, cost_of(e));
	mem_free(e);
}

/* In the room of what it replaces, so that a full store can be written and deleted from. */
static struct stored *make_in_place(struct store *s, struct stored *old, uint64_t hash,
                                    const struct entry *e)
{
	struct stored *made;
	bool back;

	budget_give(&s->budget, cost_of(old));
	made = make(s, hash, e);
	old->unpaid = made != NULL;
	back = made || budget_take(&s->budget, cost_of(old));
	assert(back);
	(void)back;
	return made;
}

/* ---- buckets and digests ------------------------------------------------------------------- */

static void count_in(struct store *s, const struct stored *e, bool in)
{
	for (unsigned level = 0; level <= s->depth; level++) {
		struct digest *d = &s->levels[level][digits(e->hash, level)];

		d->sum = in ? d->sum + e->digest : d->sum - e->digest;
		d->count = in ? d->count + 1 : d->count - 1;
	}
	s->n_dead = in ? s->n_dead + e->dead : s->n_dead - e->dead;
}

static size_t table_cost(unsigned depth)
{
	return width(depth) * (sizeof(struct digest) + sizeof(struct stored *));
}

int store_init(struct store *s, size_t memory_max, const uint8_t key[32])
{
	struct reader r = reader_of(bytes_of(key, 32));

	*s = (struct store){ .budget = { .max = memory_max }, .depth_most = DEPTH_MAX };
	for (int i = 0; i < 2; i++)
		s->hash_key[i] = read_u64(&r);
	for (int i = 0; i < 2; i++)
		s->sum_key[i] = read_u64(&r);
	s->buckets = mem_new(sizeof(struct stored *));
	s->levels[0] = mem_new(sizeof(struct digest));
	if (!s->buckets || !s->levels[0] || !budget_take(&s->budget, table_cost(0))) {
		mem_free(s->buckets);
		mem_free(s->levels[0]);
		return LENO_MEMORY;
	}
	return 0;
}

void store_clear(struct store *s)
{
	for (size_t i = 0; s->buckets && i < width(s->depth); i++)
		for (struct stored *e = s->buckets[i], *next; e; e = next) {
			next = e->next;
			store_free(s, e);
		}
	mem_free(s->buckets);
	for (unsigned level = 0; level <= s->depth; level++)
		mem_free(s->levels[level]);
	*s = (struct store){ 0 };
}

/* One digit more: an entry goes behind the last of its new bucket, so their order stays. Without
 * memory for it buckets are longer, and that is all. */
static void grow(struct store *s)
{
	unsigned depth = s->depth + 1;
	struct stored **wider, **tails;
	struct digest *level;

	if (s->depth >= s->depth_most || !budget_take(&s->budget, table_cost(depth)))
		return;
	wider = mem_new(width(depth) * sizeof *wider);
	level = mem_new(width(depth) * sizeof *level);
	tails = mem_new(FANOUT * sizeof *tails);
	if (!wider || !level || !tails) {
		mem_free(wider);
		mem_free(level);
		mem_free(tails);
		budget_give(&s->budget, table_cost(depth));
		return;
	}
	for (size_t i = 0; i < width(s->depth); i++) {
		memset(tails, 0, FANOUT * sizeof *tails);
		for (struct stored *e = s->buckets[i], *next; e; e = next) {
			size_t to = digits(e->hash, depth);
			struct stored **tail = &tails[to % FANOUT];

			next = e->next;
			e->next = NULL;
			if (*tail)
				(*tail)->next = e;
			else
				wider[to] = e;
			*tail = e;
			level[to].sum += e->digest;
			level[to].count++;
		}
	}
	mem_free(tails);
	mem_free(s->buckets);
	budget_give(&s->budget, width(s->depth) * sizeof(struct stored *));
	s->buckets = wider;
	s->levels[depth] = level;
	s->depth = depth;
}

bool store_shrink(struct store *s)
{
	struct stored **fewer = s->depth > 0 ? mem_new(width(s->depth - 1) * sizeof *fewer) : NULL;
	struct stored **tail = fewer;
	bool room;

	if (!fewer)
		return false;
	for (size_t i = 0; i < width(s->depth); i++) {
		if (i % FANOUT == 0)
			tail = &fewer[i / FANOUT];
		*tail = s->buckets[i];
		while (*tail)
			tail = &(*tail)->next;
	}
	mem_free(s->buckets);
	mem_free(s->levels[s->depth]);
	budget_give(&s->budget, table_cost(s->depth));
	s->buckets = fewer;
	s->depth_most = --s->depth;
	room = budget_take(&s->budget, width(s->depth) * sizeof *fewer);
	assert(room);
	(void)room;
	return true;
}

/* Where an entry of this name is, or would go. */
static struct stored **place(const struct store *s, uint64_t hash, const struct entry *e,
                             bool *ret_there)
{
	struct stored **at = &s->buckets[digits(hash, s->depth)];
	int by_name = 1;

	while (*at && (by_name = order(*at, hash, e)) < 0)
		at = &(*at)->next;
	*ret_there = *at && by_name == 0;
	return at;
}

struct stored *store_find(const struct store *s, enum entry_kind kind, struct bytes key,
                          struct bytes sub)
{
	const struct entry name = { .kind = kind, .key = key, .sub = sub };
	bool there;
	struct stored **at = place(s, hash_of(s, kind, key), &name, &there);

	return there ? *at : NULL;
}

static bool same_object(const struct stored *a, enum entry_kind kind, struct bytes key)
{
	return a && (enum entry_kind)a->kind == kind &&
	       bytes_same(bytes_of(a->bytes, a->key_size), key);
}

struct stored *store_first(const struct store *s, enum entry_kind kind, struct bytes key)
{
	const struct entry name = { .kind = kind, .key = key };
	bool there;
	struct stored *at = *place(s, hash_of(s, kind, key), &name, &there);

	return same_object(at, kind, key) ? at : NULL;
}

struct stored *store_same(const struct stored *e)
{
	return same_object(e->next, (enum entry_kind)e->kind, bytes_of(e->bytes, e->key_size))
	       ? e->next : NULL;
}

/* ---- merging ------------------------------------------------------------------------------- */

int store_put(struct store *s, const struct entry *e, struct stored **ret_old)
{
	uint64_t hash = hash_of(s, e->kind, e->key);
	struct stored **at, *made, *old = NULL;
	struct entry have;
	bool there;

	if (store_count(s) >= width(s->depth) * BUCKET_LOAD)
		grow(s);
	at = place(s, hash, e, &there);
	if (there) {
		old = *at;
		have = stored_entry(old);
		if (entry_order(e, &have) <= 0)
			return 0;
	}
	made = old ? make_in_place(s, old, hash, e) : make(s, hash, e);
	if (!made)
		return LENO_MEMORY;
	made->next = old ? old->next : *at;
	*at = made;
	if (old)
		count_in(s, old, false);
	count_in(s, made, true);
	*ret_old = old;
	return 1;
}

void store_outdate(struct store *s, struct stored *e)
{
	struct entry as;

	count_in(s, e, false);
	e->stamp = STAMP_LEAST;
	as = stored_entry(e);
	e->digest = digest_of(s, e->hash, &as);
	count_in(s, e, true);
}

void store_take(struct store *s, struct stored *e)
{
	const struct entry name = stored_entry(e);
	bool there;
	struct stored **at = place(s, e->hash, &name, &there);

	assert(there && *at == e);
	*at = e->next;
	e->next = NULL;
	count_in(s, e, false);
}

void store_drop(struct store *s, struct stored *e)
{
	store_take(s, e);
	store_free(s, e);
}

/* ---- ranges -------------------------------------------------------------------------------- */

struct digest store_digest(const struct store *s, struct range r)
{
	struct digest d = { 0 };

	if (r.level <= s->depth)
		return s->levels[r.level][digits(r.prefix, r.level)];
	for (const struct stored *e = s->buckets[digits(r.prefix, s->depth)]; e; e = e->next)
		if (range_has(r, e->hash)) {
			d.sum += e->digest;
			d.count++;
		}
	return d;
}

static struct stored *first_from(const struct store *s, struct range r, const struct walk *w)
{
	size_t bucket = digits(w->hash, s->depth);

	do {
		uint32_t past = w->past;

		for (struct stored *e = s->buckets[bucket]; e; e = e->next) {
			if (e->hash < w->hash || (e->hash == w->hash && past > 0)) {
				past -= e->hash == w->hash;
				continue;
			}
			return range_has(r, e->hash) ? e : NULL;
		}
		bucket++;
	} while (bucket < width(s->depth) &&
	         range_has(r, s->depth == 0 ? 0 : (uint64_t)bucket << (64 - 4 * s->depth)));
	return NULL;
}

struct stored *store_walk(const struct store *s, struct range r, struct walk *w)
{
	struct stored *e;

	if (!w->begun)
		*w = (struct walk){ .hash = r.prefix, .begun = true };
	e = w->over ? NULL : first_from(s, r, w);
	if (!e) {
		w->over = true;
		return NULL;
	}
	if (e->hash != w->hash)
		w->past = 0;
	w->hash = e->hash;
	w->past++;
	return e;
}

struct stored *store_expired(const struct store *s, uint64_t before_ms, struct walk *at,
                             size_t *looks)
{
	const struct range all = { 0 };

	while (s->n_dead > 0 && *looks > 0) {
		struct stored *e = store_walk(s, all, at);
		const struct entry seen = e ? stored_entry(e) : (struct entry){ 0 };

		--*looks;
		if (!e) {
			*at = (struct walk){ 0 };
			return NULL;
		}
		if (seen.dead && entry_died_ms(&seen) < before_ms)
			return e;
	}
	return NULL;
}
