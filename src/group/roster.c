/* roster.c - see roster.h. */
#include "group/roster.h"

#include "base/mem.h"

void roster_init(struct roster *r, size_t max, const uint8_t seed[16])
{
	map_init(&r->members, offsetof(struct member, id), sizeof(leno_id), max, seed);
	list_init(&r->changes);
	r->n_here = 0;
}

void roster_clear(struct roster *r)
{
	size_t cursor = 0;

	for (struct member *m; (m = map_next(&r->members, &cursor));)
		mem_free(m);
	map_clear(&r->members);
	list_init(&r->changes);
	r->n_here = 0;
}

static void note(struct roster *r, struct member *m)
{
	if (list_empty(&m->change))
		list_append(&r->changes, &m->change);
}

bool roster_put(struct roster *r, const leno_id *id, uint64_t incarnation, uint64_t join,
                int *ret_error)
{
	struct member *m = map_get(&r->members, id);

	*ret_error = 0;
	if (m && m->here && m->incarnation == incarnation && m->join == join)
		return false;
	if (!m) {
		m = mem_new(sizeof *m);
		if (!m) {
			*ret_error = LENO_MEMORY;
			return false;
		}
		m->id = *id;
		list_init(&m->change);
		*ret_error = map_put(&r->members, m);
		if (*ret_error) {
			mem_free(m);
			return false;
		}
	}
	r->n_here += !m->here;
	m->here = true;
	m->incarnation = incarnation;
	m->join = join;
	note(r, m);
	return true;
}

bool roster_gone(struct roster *r, const leno_id *id, enum leno_why why)
{
	struct member *m = map_get(&r->members, id);

	if (!m || !m->here)
		return false;
	m->here = false;
	m->why = why;
	r->n_here--;
	note(r, m);
	return true;
}

const struct member *roster_get(const struct roster *r, const leno_id *id)
{
	const struct member *m = map_get(&r->members, id);

	return m && m->here ? m : NULL;
}

bool roster_has(const struct roster *r, const leno_id *id, uint64_t incarnation, uint64_t join)
{
	const struct member *m = roster_get(r, id);

	return m && m->incarnation == incarnation && m->join == join;
}

const struct member *roster_each(const struct roster *r, size_t *cursor)
{
	const struct member *m;

	do
		m = map_next(&r->members, cursor);
	while (m && !m->here);
	return m;
}

/* A step of the difference between what was told of a member and what is so. */
static bool step(struct member *m, struct roster_event *ret)
{
	bool other = m->told && m->here &&
	             (m->incarnation != m->told_incarnation || m->join != m->told_join);

	*ret = (struct roster_event){ .id = m->id };
	if (m->told && (!m->here || other)) {
		ret->why = other ? LENO_WHY_RESTARTED : m->why;
		m->told = false;
		return true;
	}
	if (!m->here || m->told)
		return false;
	ret->joined = m->told = true;
	m->told_incarnation = m->incarnation;
	m->told_join = m->join;
	return true;
}

bool roster_next(struct roster *r, struct roster_event *ret)
{
	while (!list_empty(&r->changes)) {
		struct member *m = list_item(r->changes.next, struct member, change);

		if (step(m, ret))
			return true;
		list_remove(&m->change);
		if (!m->here) {
			map_remove(&r->members, &m->id);
			mem_free(m);
		}
	}
	return false;
}
