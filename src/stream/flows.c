/* flows.c - see flows.h. */
#include "stream/flows.h"

#include <assert.h>

void flows_init(struct flows *s, const uint8_t seed[16])
{
	*s = (struct flows){ 0 };
	map_init(&s->by_key, offsetof(struct flow, key), sizeof(struct flow_key), 2 * FLOWS_MAX,
	         seed);
	list_init(&s->turns);
}

void flows_clear(struct flows *s)
{
	assert(s->by_key.count == 0);
	map_clear(&s->by_key);
}

int flows_open(struct flows *s, struct flow_key *ret)
{
	if (s->n_ours >= FLOWS_MAX || s->next_ours == UINT32_MAX)
		return LENO_LIMIT;
	*ret = (struct flow_key){ s->next_ours, 1 };
	return 0;
}

int flows_opened(struct flows *s, uint32_t number)
{
	if (number < s->next_theirs || number == UINT32_MAX)
		return LENO_PROTOCOL;
	s->next_theirs = number + 1;
	return s->n_theirs < FLOWS_MAX ? 0 : LENO_LIMIT;
}

int flows_add(struct flows *s, struct flow *f)
{
	int error = map_put(&s->by_key, f);

	if (error)
		return error;
	if (f->key.ours) {
		s->n_ours++;
		s->next_ours = f->key.number + 1;
	} else {
		s->n_theirs++;
	}
	return 0;
}

void flows_remove(struct flows *s, struct flow *f)
{
	if (map_get(&s->by_key, &f->key) != f)
		return;
	map_remove(&s->by_key, &f->key);
	list_remove(&f->ready);
	if (f->key.ours)
		s->n_ours--;
	else
		s->n_theirs--;
}

struct flow *flows_find(const struct flows *s, struct flow_key key, int *ret_error)
{
	uint32_t next = key.ours ? s->next_ours : s->next_theirs;

	*ret_error = key.number < next ? 0 : LENO_PROTOCOL;
	return map_get(&s->by_key, &key);
}

struct flow *flows_next(const struct flows *s, size_t *cursor)
{
	return map_next(&s->by_key, cursor);
}

void flows_wake(struct flows *s, struct flow *f)
{
	if (!flow_wants(f))
		list_remove(&f->ready);
	else if (list_empty(&f->ready))
		list_append(&s->turns, &f->ready);
}

struct flow *flows_turn(struct flows *s, size_t *ret_max)
{
	struct flow *f;

	if (list_empty(&s->turns))
		return NULL;
	f = list_item(s->turns.next, struct flow, ready);
	if (f->turn < FLOW_TURN)
		f->turn += (size_t)f->weight * FLOW_TURN;
	*ret_max = f->turn;
	return f;
}

void flows_said(struct flows *s, struct flow *f, size_t bytes)
{
	assert(bytes <= f->turn);
	f->turn -= bytes;
	if (!flow_wants(f)) {
		f->turn = 0;
		list_remove(&f->ready);
	} else if (f->turn < FLOW_TURN) { /* the rest is too little for a piece: kept */
		list_append(&s->turns, &f->ready);
	}
}
