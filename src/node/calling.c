/* calling.c - the structs of calls that go: made, filled, found by their numbers, ended. */
#include "node/services.h"

#include "base/mem.h"

enum { SLOT_BITS = 24, SLOT_MASK = (1 << SLOT_BITS) - 1, WHY_ROOM = 256,
       CALLING_COST = sizeof(struct calling) + BUDGET_BLOCK + 2 * sizeof(void *),
       TEXTS_KEPT = 512 };
static_assert((int)CALLS_MAX <= (int)SLOT_MASK, "a slot fits the number");

struct bytes calling_service(const struct calling *c)
{
	return bytes_of(c->texts, c->service_size);
}

struct bytes calling_method(const struct calling *c)
{
	return bytes_of(c->texts + c->service_size + 1, c->method_size);
}

const char *calling_label(const struct calling *c)
{
	return (const char *)c->texts + c->service_size + c->method_size + 2;
}

const char *calling_version(const struct calling *c)
{
	return calling_label(c) + c->label_size + 1;
}

struct bytes calling_arguments(const struct calling *c)
{
	return bytes_of(calling_version(c) + c->version_size + 1, c->arguments_size);
}

/* ---- structs ------------------------------------------------------------------------ */

static struct calling *new_slot(leno_node *n)
{
	struct services *s = n->services;
	struct calling *c;

	if (s->n_slots == s->slots_room) {
		uint32_t room = s->slots_room ? 2 * s->slots_room : 16;
		struct calling **grown = mem_grow(s->slots, s->slots_room * sizeof *grown,
		                                  room * sizeof *grown);
		if (!grown)
			return NULL;
		s->slots = grown;
		s->slots_room = room;
	}
	c = mem_new(sizeof *c);
	if (!c || timers_admit(&n->timers))
		return mem_free(c);
	c->node = n;
	c->slot = s->n_slots;
	c->timer.kind = TIMER_CALL;
	list_init(&c->all);
	list_init(&c->later);
	list_init(&c->unclocked);
	s->slots[s->n_slots++] = c;
	list_append(&s->free, &c->all);
	return c;
}

static size_t cost_of(const struct calling *c)
{
	return CALLING_COST + c->texts_room;
}

static void drop_large_texts(struct calling *c)
{
	if (c->texts_room <= TEXTS_KEPT)
		return;
	c->texts = mem_free(c->texts);
	c->texts_room = 0;
}

static bool room_for_texts(struct calling *c, size_t size)
{
	if (c->texts_room >= size)
		return true;
	mem_free(c->texts);
	c->texts_room = 0;
	c->texts = mem_take(size < 128 ? 128 : size);
	if (c->texts)
		c->texts_room = size < 128 ? 128 : size;
	return c->texts != NULL;
}

struct calling *calling_new(leno_node *n, size_t texts, int *ret_error)
{
	struct services *s = n->services;
	struct calling *c = NULL;

	*ret_error = LENO_LIMIT;
	if (list_empty(&s->free) && s->n_slots >= CALLS_MAX)
		return NULL;
	*ret_error = LENO_MEMORY;
	if (!list_empty(&s->free))
		c = list_item(s->free.next, struct calling, all);
	else
		c = new_slot(n);
	if (!c || !room_for_texts(c, texts))
		return NULL;
	if (!budget_take(&s->budget, cost_of(c))) {
		drop_large_texts(c);           /* the next call may get this one, and be small */
		return NULL;
	}
	c->uses++;
	c->number = c->uses << SLOT_BITS | c->slot;
	c->n_tried = c->n_lacks = 0;
	c->named = c->local = c->again = c->moved = c->busy = false;
	c->lost = 0;
	c->request = 0;
	list_append(&s->calling, &c->all);
	return c;
}

void calling_free(struct calling *c)
{
	struct services *s = c->node->services;

	budget_give(&s->budget, cost_of(c));
	c->number = 0;
	c->answer = mem_free(c->answer);
	if (s->handed == c) {
		s->handed_texts = c->texts;
		c->texts = NULL;
		c->texts_room = 0;
	}
	drop_large_texts(c);
	list_remove(&c->later);
	list_remove(&c->unclocked);
	timers_set(&c->node->timers, &c->timer, NEVER);
	list_append(&s->free, &c->all);
}

struct calling *calling_find(const leno_node *n, uint64_t number)
{
	const struct services *s = n->services;
	uint64_t slot = number & SLOT_MASK;

	return number && slot < s->n_slots && s->slots[slot]->number == number ? s->slots[slot]
	                                                                       : NULL;
}

void calling_end(struct calling *c, const leno_answer *answer)
{
	leno_node *n = c->node;
	leno_done_fn *done = c->done;
	void *user = c->user;
	uint8_t *own = c->answer;              /* which the answer may view */

	c->answer = NULL;
	calling_free(c);
	done(n, user, answer);
	mem_free(own);
}

void calling_end_with(struct calling *c, int error, int code, struct bytes why)
{
	char text[WHY_ROOM];
	size_t size = why.size < WHY_ROOM ? why.size : WHY_ROOM - 1;

	bytes_copy(text, why.data, size);
	text[size] = '\0';
	calling_end(c, &(leno_answer){ .error = error, .code = code, .why = text });
}

void calling_fail(struct calling *c, int error)
{
	calling_end_with(c, error, 0, bytes_of(NULL, 0));
}

static void copy_text(uint8_t **at, const char *text, uint8_t *ret_size)
{
	*ret_size = (uint8_t)(text ? strlen(text) : 0);
	bytes_copy(*at, text, *ret_size);
	(*at)[*ret_size] = '\0';
	*at += *ret_size + 1;
}

void calling_fill(struct calling *c, const char *service, const char *method, leno_bytes arguments,
                 const leno_call_options *o)
{
	uint8_t *at = c->texts;
	leno_ms timeout = o->timeout ? o->timeout : CALL_MS;

	copy_text(&at, service, &c->service_size);
	copy_text(&at, method, &c->method_size);
	copy_text(&at, o->label, &c->label_size);
	copy_text(&at, o->version, &c->version_size);
	bytes_copy(at, arguments.data, arguments.size);
	c->arguments_size = arguments.size;
	c->any_label = !o->label;
	c->any_version = !o->version;
	c->named = o->node != NULL;
	if (o->node)
		c->to = *o->node;
	c->progress = o->progress;
	c->stream = o->stream;
	c->due_us =
		timeout < 0 || timeout >> 40 ? NEVER : c->node->now_us + (uint64_t)timeout * 1000;
}

void calls_free(leno_node *n)
{
	struct services *s = n->services;

	for (uint32_t i = 0; i < s->n_slots; i++) {
		timers_release(&n->timers, &s->slots[i]->timer);
		mem_free(s->slots[i]->texts);
		mem_free(s->slots[i]->answer);
		mem_free(s->slots[i]);
	}
	s->slots = mem_free(s->slots);
	s->n_slots = s->slots_room = 0;
}
