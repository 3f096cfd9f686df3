/* emit.c - events: to all who say in their records that they want to hear them. */
#include "node/services.h"

#include "base/mem.h"

struct subscription {
	struct list    all;
	leno_event_fn *fn;
	void          *user;
	uint64_t       told;           /* the last event that was told of              */
	size_t         size;
	char           pattern[];
};

struct own_event {
	struct list all;
	size_t name_size, value_size;
	char   name[];                 /* and the value behind its NUL */
};

static struct subscription *find(const leno_node *n, struct bytes pattern)
{
	list_each (it, next, &n->services->subscriptions) {
		struct subscription *s = list_item(it, struct subscription, all);

		if (bytes_same(bytes_of(s->pattern, s->size), pattern))
			return s;
	}
	return NULL;
}

void emit_patterns(leno_node *n, struct offers *ret)
{
	ret->n_patterns = 0;
	list_each (it, next, &n->services->subscriptions) {
		const struct subscription *s = list_item(it, struct subscription, all);

		ret->patterns[ret->n_patterns++] = bytes_of(s->pattern, s->size);
	}
}

static void drop(leno_node *n, struct subscription *s)
{
	list_remove(&s->all);
	n->services->n_subscriptions--;
	mem_free(s);
}

int leno_subscribe(leno_node *n, const char *pattern, leno_event_fn *fn, void *user)
{
	struct subscription *s;
	struct bytes text;
	int error;

	if (!n || !pattern || !fn || n->options.visitor || !pattern_ok(bytes_text(pattern)))
		return LENO_ARGUMENT;
	if (n->leaving)
		return LENO_CLOSED;
	text = bytes_text(pattern);
	s = find(n, text);
	if (s) {
		s->fn = fn;
		s->user = user;
		return 0;
	}
	if (n->services->n_subscriptions == PATTERNS_MAX)
		return LENO_LIMIT;
	s = mem_new(sizeof *s + text.size + 1);
	if (!s)
		return LENO_MEMORY;
	s->fn = fn;
	s->user = user;
	s->told = n->services->n_told; /* what is being told came before it */
	s->size = text.size;
	bytes_copy(s->pattern, text.data, text.size);
	list_init(&s->all);
	list_append(&n->services->subscriptions, &s->all);
	n->services->n_subscriptions++;
	error = offers_publish(n);
	if (error) {
		drop(n, s);
		offers_publish(n);
	}
	return error;
}

int leno_unsubscribe(leno_node *n, const char *pattern)
{
	struct subscription *s = n && pattern ? find(n, bytes_text(pattern)) : NULL;

	if (!s)
		return LENO_ARGUMENT;
	drop(n, s);
	offers_publish(n);
	return 0;
}

static struct subscription *next_matching(const leno_node *n, struct bytes name, uint64_t event)
{
	list_each (it, next, &n->services->subscriptions) {
		struct subscription *s = list_item(it, struct subscription, all);

		if (s->told < event && pattern_matches(bytes_of(s->pattern, s->size), name))
			return s;
	}
	return NULL;
}

/* Handlers may end subscriptions, this one too: so each is looked for when its turn comes. */
static void tell(leno_node *n, const leno_id *from, const char *name, leno_bytes value)
{
	uint64_t event = ++n->services->n_told;
	struct subscription *s;

	while (!n->leaving && (s = next_matching(n, bytes_text(name), event))) {
		s->told = event;
		s->fn(n, s->user, from, name, value);
	}
}

void emit_take(struct peer *p, const struct item *item)
{
	char text[EVENT_MAX + 1];
	struct bytes name, value;

	if (!read_event(item->data, &name, &value) ||
	    (value.size > 0 && !leno_unpack_ok((leno_bytes){ value.data, value.size }))) {
		node_count_refusal(p->node, LENO_PROTOCOL);
		return;
	}
	bytes_copy(text, name.data, name.size);
	text[name.size] = '\0';
	tell(p->node, &p->id, text, (leno_bytes){ value.data, value.size });
}

/* ---- saying ------------------------------------------------------------------------------ */

/* "math.added" is the event `added` of our service "math", if there is such a service. */
static bool as_promised(leno_node *n, const char *event, leno_bytes value)
{
	const char *dot = strrchr(event, '.');
	struct service *v = dot ? offers_find(n, bytes_of(event, (size_t)(dot - event))) : NULL;

	if (value.size > 0 && !leno_unpack_ok(value))
		return false;
	for (size_t i = 0; v && i < v->n_methods; i++) {
		const struct method *m = &v->methods[i];

		if ((m->flags & METHOD_EVENT) && bytes_same(m->name, bytes_text(dot + 1)))
			return contract_says(m, value);
	}
	return true;
}

static bool to_self(leno_node *n, const char *event, leno_bytes value)
{
	struct services *s = n->services;
	size_t size = strlen(event);
	struct own_event *e;

	if (!budget_take(&s->budget, sizeof *e + size + 1 + value.size))
		return false;
	e = mem_new(sizeof *e + size + 1 + value.size);
	if (!e) {
		budget_give(&s->budget, sizeof *e + size + 1 + value.size);
		return false;
	}
	e->name_size = size;
	e->value_size = value.size;
	memcpy(e->name, event, size + 1);
	bytes_copy(e->name + size + 1, value.data, value.size);
	list_init(&e->all);
	list_append(&s->events, &e->all);
	services_wake(n);
	return true;
}

static bool to_node(leno_node *n, const leno_id *id, const char *event, leno_bytes value)
{
	struct item item = { .kind = ITEM_MESSAGE };
	uint8_t head[1 + EVENT_MAX];
	struct writer w = writer_of(head, sizeof head);
	struct peer *p;
	int error;

	if (leno_id_same(id, &n->identity.id))
		return to_self(n, event, value);
	p = peers_need(n, id, &error);
	if (!p)
		return false;
	write_sized(&w, bytes_text(event));
	error = services_send(p, &item, EVENT_TYPE, writer_bytes(&w),
	                      bytes_of(value.data, value.size));
	return error == 0;
}

int leno_emit(leno_node *n, const char *event, leno_bytes value, size_t *ret_missed)
{
	struct known_node *k = NULL;
	size_t missed = 0;

	if (!n || !event || !name_ok(bytes_text(event), EVENT_MAX, true) ||
	    (!value.data && value.size > 0) || !as_promised(n, event, value))
		return LENO_ARGUMENT;
	if (n->leaving)
		return LENO_CLOSED;
	while ((k = directory_hears(&n->services->directory, bytes_text(event), k)))
		missed += !to_node(n, &k->id, event, value);
	if (ret_missed)
		*ret_missed = missed;
	return 0;
}

static void own_free(leno_node *n, struct own_event *e)
{
	list_remove(&e->all);
	budget_give(&n->services->budget, sizeof *e + e->name_size + 1 + e->value_size);
	mem_free(e);
}

void emit_settle(leno_node *n)
{
	struct services *s = n->services;
	struct list now;

	list_init(&now);
	while (!list_empty(&s->events))
		list_append(&now, s->events.next);
	while (!list_empty(&now)) {
		struct own_event *e = list_item(now.next, struct own_event, all);

		if (!n->leaving)
			tell(n, &n->identity.id, e->name,
			     (leno_bytes){ e->name + e->name_size + 1, e->value_size });
		own_free(n, e);
	}
}

void emit_free(leno_node *n)
{
	struct services *s = n->services;

	while (!list_empty(&s->subscriptions))
		drop(n, list_item(s->subscriptions.next, struct subscription, all));
	while (!list_empty(&s->events))
		own_free(n, list_item(s->events.next, struct own_event, all));
}
