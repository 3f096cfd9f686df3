/* services.c - the beginning and end of all that services.h names, and who takes what. */
#include "node/services.h"

#include "base/mem.h"
#include "service/command.h"

int services_open(leno_node *n)
{
	struct services *s = mem_new(sizeof *s);
	uint8_t seed[16];

	if (!s)
		return LENO_MEMORY;
	s->budget.max = share_of(&n->options, SHARE_CALLS);
	list_init(&s->offered);
	list_init(&s->retired);
	list_init(&s->due);
	list_init(&s->own);
	list_init(&s->idle);
	list_init(&s->calling);
	list_init(&s->free);
	list_init(&s->local);
	list_init(&s->answered);
	list_init(&s->moved);
	list_init(&s->unclocked);
	list_init(&s->said);
	list_init(&s->subscriptions);
	list_init(&s->events);
	list_init(&s->clocks);
	list_init(&s->words);
	s->opened_us = n->now_us;
	s->look_us = NEVER;
	memcpy(seed, n->peers.seed, sizeof seed);      /* as secret here as there */
	directory_init(&s->directory, n->options.nodes_max, seed);
	map_init(&s->incoming, offsetof(leno_incoming, key), sizeof(struct incoming_key), CALLS_MAX,
	         seed);
	if (timers_admit(&n->timers)) {
		mem_free(s);
		return LENO_MEMORY;
	}
	s->timer.kind = TIMER_SERVICES;
	n->services = s;
	return 0;
}

static void free_all(leno_node *n, struct list *services)
{
	while (!list_empty(services))
		offers_free(n, list_item(services->next, struct service, all));
}

void services_free(leno_node *n)
{
	struct services *s = n->services;

	if (!s)
		return;
	calls_forget_said(n);
	calls_free(n);
	provide_free(n);
	emit_free(n);
	clock_free(n);
	command_free(n);
	free_all(n, &s->offered);
	free_all(n, &s->retired);
	directory_clear(&s->directory);
	timers_release(&n->timers, &s->timer);
	n->services = mem_free(s);
}

void services_wake(leno_node *n)
{
	if (n->depth == 0)
		timers_set(&n->timers, &n->services->timer, n->now_us);
}

static bool waiting(const struct services *s)
{
	return !list_empty(&s->said) || !list_empty(&s->due) || !list_empty(&s->local) ||
	       !list_empty(&s->answered) || !list_empty(&s->events) ||
	       !list_empty(&s->directory.changes);
}

void services_settle(leno_node *n)
{
	struct services *s = n->services;

	if (n->leaving)
		return;
	calls_settle(n);
	provide_settle(n);
	emit_settle(n);
	offers_settle(n);
	offers_load(n);
	if (!n->leaving && waiting(s))
		timers_set(&n->timers, &s->timer, n->now_us);
}

int services_send(struct peer *p, struct item *item, const char *type, struct bytes first,
                  struct bytes data)
{
	bool blocked = p->blocked;
	int error = send_parts(p, item, type, first, data, NULL);

	p->blocked = blocked;
	send_count(p, error);
	return error;
}

/* These are not the application's, whatever they come as. */
static void misused(struct peer *p, const struct item *item)
{
	leno_message m = {
		.node = p->node, .from = p->id, .life = p->life, .request = item->request
	};

	node_count_refusal(p->node, LENO_PROTOCOL);
	if (item->kind == ITEM_REQUEST)
		leno_refuse(&m, LENO_PROTOCOL, "no request is of that type");
}

/* A message that nobody knows is of a later version, or of the command: the application's. */
bool services_take(struct peer *p, const struct item *item, const char *type)
{
	static const struct {
		const char *type;
		enum item_kind kind;
		void (*take)(struct peer *, const struct item *);
	} known[] = {
		{ CALL_TYPE, ITEM_REQUEST, provide_take },
		{ CANCEL_TYPE, ITEM_MESSAGE, provide_cancel },
		{ PROGRESS_TYPE, ITEM_MESSAGE, calls_progress },
		{ CONTRACT_TYPE, ITEM_REQUEST, offers_describe },
		{ EVENT_TYPE, ITEM_MESSAGE, emit_take },
		{ COMMAND_TYPE, ITEM_REQUEST, command_take },
		{ STATUS_TYPE, ITEM_REQUEST, status_take },
		{ TIME_TYPE, ITEM_REQUEST, NULL }
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(type, known[i].type) != 0)
			continue;
		if (item->kind != known[i].kind)
			misused(p, item);
		else if (known[i].take)
			known[i].take(p, item);
		else
			clock_take(p, item->request);
		return true;
	}
	return false;
}
