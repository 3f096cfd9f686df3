/* pull.c - see pull.h. */
#include "state/pull.h"

#include <assert.h>

#include "base/mem.h"

enum { STACK_FIRST = 64 };

int pull_begin(struct pull *p)
{
	assert(!p->on);
	p->stack = mem_new(STACK_FIRST * sizeof *p->stack);
	p->found = mem_new(PULL_FOUND * sizeof *p->found);
	if (!p->stack || !p->found) {
		pull_end(p);
		return LENO_MEMORY;
	}
	p->room = STACK_FIRST;
	p->stack[0] = (struct range){ 0 };
	p->n_stack = 1;
	p->on = true;
	return 0;
}

void pull_end(struct pull *p)
{
	mem_free(p->stack);
	mem_free(p->found);
	*p = (struct pull){ 0 };
}

bool pull_over(const struct pull *p)
{
	return p->n_stack == 0 && p->n_found == 0 && p->outstanding == 0;
}

static void fetch(struct pull *p, struct word *ret, uint8_t *rest)
{
	struct writer w = writer_of(rest, 8 * FETCH_MAX);

	while (p->n_found > 0 && writer_left(&w) >= 8)
		write_u64(&w, p->found[--p->n_found]);
	ret->op = STATE_FETCH;
	ret->rest = writer_bytes(&w);
}

/* Room is kept for what the answers that are outstanding may list. */
static bool may_ask(const struct pull *p)
{
	return p->n_stack > 0 && p->n_found + (p->outstanding + 1) * LIST_MAX <= PULL_FOUND;
}

bool pull_next(struct pull *p, const struct store *s, struct word *ret, uint8_t rest[8 * FETCH_MAX])
{
	*ret = (struct word){ 0 };
	if (!p->on || p->outstanding >= PULL_WINDOW)
		return false;
	if (p->n_found >= FETCH_MAX || (p->n_found > 0 && !may_ask(p))) {
		fetch(p, ret, rest);
	} else if (may_ask(p)) {
		ret->op = STATE_ASK;
		ret->range = p->stack[--p->n_stack];
		ret->digest = store_digest(s, ret->range);
	} else {
		return false;
	}
	p->outstanding++;
	return true;
}

static int push(struct pull *p, struct range r)
{
	if (p->n_stack == p->room) {
		size_t room = 2 * p->room;
		struct range *wider;

		if (p->n_stack >= PULL_STACK)
			return LENO_PROTOCOL;
		wider = mem_grow(p->stack, p->room * sizeof *wider, room * sizeof *wider);
		if (!wider)
			return LENO_MEMORY;
		p->stack = wider;
		p->room = room;
	}
	p->stack[p->n_stack++] = r;
	return 0;
}

static int take_node(struct pull *p, const struct store *s, const struct word *w)
{
	struct reader r = reader_of(w->rest);
	int error = 0;

	for (unsigned i = 0; i < FANOUT && !error; i++) {
		struct range child = range_child(w->range, i);
		struct digest have = store_digest(s, child), theirs;

		theirs.sum = read_u64(&r);
		theirs.count = read_varint(&r);
		if (theirs.count > 0 && (theirs.sum != have.sum || theirs.count != have.count))
			error = push(p, child);
	}
	return error;
}

static uint64_t sum_of(const struct store *s, uint64_t hash)
{
	return store_digest(s, (struct range){ LEVEL_MAX, hash }).sum;
}

static int take_list(struct pull *p, const struct store *s, const struct word *w)
{
	struct reader r = reader_of(w->rest);

	while (reader_left(&r) > 0) {
		uint64_t hash = read_u64(&r), sum = read_u64(&r);

		if (sum_of(s, hash) == sum)
			continue;
		if (p->n_found >= PULL_FOUND)
			return LENO_PROTOCOL;
		p->found[p->n_found++] = hash;
	}
	return 0;
}

int pull_take(struct pull *p, const struct store *s, const struct word *w)
{
	int error = 0;

	if (w->op == STATE_ENTRIES && !(w->flags & ENTRIES_LAST))
		return 0;
	if (!p->on || p->outstanding == 0)
		return LENO_PROTOCOL;
	p->outstanding--;
	if (w->op == STATE_NODE)
		error = take_node(p, s, w);
	else if (w->op == STATE_LIST)
		error = take_list(p, s, w);
	return error;
}

/* ---- answering ------------------------------------------------------------------------------ */

int supply_take(struct supply *s, const struct word *w)
{
	struct supply_job *job;
	struct reader r = reader_of(w->rest);

	if (s->n == PULL_WINDOW)
		return LENO_PROTOCOL;
	if (!s->jobs)
		s->jobs = mem_new(PULL_WINDOW * sizeof *s->jobs);
	if (!s->jobs)
		return LENO_MEMORY;
	job = &s->jobs[(s->first + s->n++) % PULL_WINDOW];
	*job = (struct supply_job){ .fetch = w->op == STATE_FETCH, .range = w->range,
	                           .digest = w->digest };
	while (reader_left(&r) > 0)
		job->hashes[job->n++] = read_u64(&r);
	return 0;
}

void supply_end(struct supply *s)
{
	mem_free(s->jobs);
	*s = (struct supply){ 0 };
}

static void done(struct supply *s)
{
	s->first = (s->first + 1) % PULL_WINDOW;
	if (--s->n == 0)
		supply_end(s);
}

static void write_node(const struct store *s, struct word *v, struct writer *w)
{
	v->op = STATE_NODE;
	write_word(w, v);
	for (unsigned i = 0; i < FANOUT; i++) {
		struct digest d = store_digest(s, range_child(v->range, i));

		write_u64(w, d.sum);
		write_varint(w, d.count);
	}
}

static void write_list(const struct store *s, struct word *v, struct writer *w)
{
	struct walk walk = { 0 };
	uint64_t last = 0;
	bool any = false;

	v->op = STATE_LIST;
	write_word(w, v);
	for (const struct stored *e; (e = store_walk(s, v->range, &walk));) {
		bool again = any && e->hash == last;

		last = e->hash;
		any = true;
		if (again)
			continue;
		write_u64(w, e->hash);
		write_u64(w, sum_of(s, e->hash));
	}
}

/* Entries of the job, as many as fit. True: these were the last. */
static bool write_entries(struct supply_job *job, const struct store *s, const leno_id *only,
                          struct writer *w)
{
	size_t begun = writer_size(w);

	while (writer_size(w) - begun < WORD_FILL) {
		struct range range = job->range;
		struct stored *found;
		struct entry e;

		if (job->fetch && job->at == job->n)
			return true;
		if (job->fetch)
			range = (struct range){ LEVEL_MAX, job->hashes[job->at] };
		found = store_walk(s, range, &job->walk);
		if (!found && !job->fetch)
			return true;
		if (!found) {
			job->at++;
			job->walk = (struct walk){ 0 };
			continue;
		}
		e = stored_entry(found);
		if (!only || leno_id_same(only, &e.writer))
			write_entry(w, &e);
	}
	return false;
}

static void answer_entries(struct supply *s, struct supply_job *job, const struct store *store,
                           const leno_id *only, struct word *v, struct writer *w)
{
	uint8_t *flags;
	bool last;

	v->op = STATE_ENTRIES;
	write_word(w, v);
	flags = w->at - 1;
	last = write_entries(job, store, only, w);
	if (!last)
		return;
	*flags = ENTRIES_LAST;
	done(s);
}

void supply_next(struct supply *s, const struct store *store, const uint8_t tag[STATE_TAG],
                const leno_id *only, struct writer *w)
{
	struct supply_job *job = &s->jobs[s->first];
	struct digest have = store_digest(store, job->range);
	struct word v = { .range = job->range };

	assert(s->n > 0);
	memcpy(v.tag, tag, STATE_TAG);
	if (job->fetch || (job->digest.count == 0 && (have.count > 0 || job->walk.begun))) {
		answer_entries(s, job, store, only, &v, w);
		return;
	}
	if (have.sum == job->digest.sum && have.count == job->digest.count) {
		v.op = STATE_SAME;
		write_word(w, &v);
	} else if (have.count <= LIST_MAX || job->range.level == LEVEL_MAX) {
		write_list(store, &v, w);
	} else {
		write_node(store, &v, w);
	}
	done(s);
}
