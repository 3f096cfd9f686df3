/* fan.c - broadcasts: what is sent, to whom, and what became of it.
 *
 *   leno_broadcast --> aired --fan_tree.c, along the tree--> heard --fan_deliver--> callback
 *   heard --acknowledgement, through the session--> fan_item --> aired --> broadcast_done
 *   aired --who lags or misses something: items, through the session--> fan_item --> heard
 *
 *  1. Each broadcast ends once: when every node that was up when it was sent has
 *     acknowledged it or is gone; never inside leno_broadcast().
 *  2. A node acknowledges items whose callback has returned, all sources at most once in
 *     ACK_MS, unless ACK_ITEMS have come.
 *  3. With nothing sent, lagging or to be acknowledged there is no deadline. */
#include "node/fan.h"

#include <assert.h>

#include "base/mem.h"

enum {
	ACK_MS       = 20,
	ACK_ITEMS    = 64,
	REPAIR_BYTES = 64 * 1024,     /* to one node, when it merely lags             */
	ASKED_BYTES  = 512 * 1024     /* when it asked                                */
};

static uint64_t ms_us(uint64_t ms)
{
	return ms * 1000;
}

int fan_open(leno_node *n)
{
	struct fan *f = mem_take(sizeof *f);
	uint8_t seed[16];

	if (!f || timers_admit(&n->timers)) {
		mem_free(f);
		return LENO_MEMORY;
	}
	memset(f, 0, offsetof(struct fan, scratch));
	n->fan = f;
	f->timer.kind = TIMER_FAN;
	f->scan_us = NEVER;
	f->parcels.max = share_of(&n->options, SHARE_CASTS);
	f->aired_budget.max = share_of(&n->options, SHARE_AIRED);
	list_init(&f->acks);
	random_bytes(&n->random, seed, sizeof seed);
	aired_init(&f->aired, n->options.queue_max, &f->aired_budget, n->options.nodes_max, seed);
	random_bytes(&n->random, seed, sizeof seed);
	map_init(&f->heard, offsetof(struct heard, id), sizeof(leno_id), n->options.nodes_max,
	         seed);
	return 0;
}

void fan_free(leno_node *n)
{
	struct fan *f = n->fan;
	size_t cursor = 0;

	if (!f)
		return;
	list_each (it, next, &n->conns)
		fan_drop(list_item(it, struct conn, all));
	list_each (jt, after, &n->graves)
		fan_drop(list_item(jt, struct conn, all));
	for (struct heard *h; (h = map_next(&f->heard, &cursor));) {
		heard_clear(h);
		mem_free(h);
	}
	map_clear(&f->heard);
	aired_clear(&f->aired);
	timers_release(&n->timers, &f->timer);
	assert(f->parcels.used == 0);
	n->fan = mem_free(f);
}

static void set_timer(leno_node *n)
{
	struct fan *f = n->fan;
	uint64_t due = f->put ? n->now_us : f->scan_us;

	if (!list_empty(&f->acks)) {
		uint64_t acks = f->acked_us + ms_us(ACK_MS);

		if (f->acks_now || acks < n->now_us)
			acks = n->now_us;
		due = acks < due ? acks : due;
	}
	timers_set(&n->timers, &f->timer, due);
}

/* ---- sending ----------------------------------------------------------------------- */

static int aim(leno_node *n)
{
	struct fan *f = n->fan;
	struct mesh_node m;
	size_t cursor = 0;
	int error = 0;

	/* Many in a row are for the same nodes. */
	if (f->aimed && f->aimed_us == n->now_us && f->aimed_count == mesh_count(n->mesh))
		return 0;
	while (!error && mesh_each(n->mesh, &cursor, &m))
		if (!leno_id_same(&m.id, &n->identity.id))
			error = aired_aim(&f->aired, &m.id);
	f->aimed = !error;
	f->aimed_us = n->now_us;
	f->aimed_count = mesh_count(n->mesh);
	return error;
}

int leno_broadcast(leno_node *n, const char *type, leno_bytes data, uint64_t *ret_seq)
{
	uint64_t seq;
	int error;

	if (!n || !type || strnlen(type, LENO_TYPE_MAX + 1) > LENO_TYPE_MAX ||
	    (!data.data && data.size > 0))
		return LENO_ARGUMENT;
	if (n->leaving)
		return LENO_CLOSED;
	if (n->network.invitation.size > 0 || n->link_setup.role == LENO_OBSERVER || n->admit.pass.role == LENO_OBSERVER)
		return LENO_ROLE;
	if (data.size > BROADCAST_MAX)
		return LENO_TOO_BIG;
	error = aim(n);
	if (!error)
		error = aired_put(&n->fan->aired, bytes_text(type), bytes_of(data.data, data.size),
		                  &seq);
	if (error)
		return error;
	if (ret_seq)
		*ret_seq = seq;
	n->stats.sent++;
	n->fan->put = true;
	set_timer(n);
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (fan_wants(c))
			down_wake(c);
	}
	return 0;
}

static void report(leno_node *n)
{
	struct aired *a = &n->fan->aired;
	uint64_t upto = a->last, seq;
	uint32_t confirmed, unknown;

	/* What the handler sends is told of the next time. */
	while (!n->leaving && a->first <= upto && aired_next_done(a, &seq, &confirmed, &unknown))
		if (n->handlers.broadcast_done)
			n->handlers.broadcast_done(n, n->user, seq, confirmed, unknown);
	if (a->first > a->last)
		n->fan->scan_us = NEVER;       /* nobody lags behind nothing */
	set_timer(n);
}

/* ---- helping those who lag ------------------------------------------------------------ */

/* As many as fit one item of the session, a large one alone. AGAIN, MEMORY, TOO_BIG. */
static int give(struct peer *p, uint64_t *from, uint64_t upto, size_t *budget)
{
	leno_node *n = p->node;
	struct fan *f = n->fan;
	const struct item item = { .kind = ITEM_BROADCAST };
	uint8_t head[ITEM_HEAD_MAX + CAST_BY_SESSION_MAX];
	struct writer w = writer_of(head, sizeof head);
	uint64_t bound = session_message_max(p->session);
	struct writer items = writer_of(f->scratch, bound < sizeof f->scratch ? (size_t)bound
	                                                                      : sizeof f->scratch);
	uint32_t count = aired_pack(&f->aired, *from, upto, &items);
	struct bytes data = count ? writer_bytes(&items) : aired_item(&f->aired, *from);
	int error;

	count = count ? count : 1;
	w.at += write_item_head(head, &item);
	write_cast_items_head(&w, mesh_incarnation(n->mesh), *from, count);
	error = session_put(p->session, writer_bytes(&w), data, NULL);
	if (error)
		return error;
	*budget = data.size < *budget ? *budget - data.size : 0;
	*from += count;
	peers_wake(p);
	return 0;
}

/* What this node has been given goes by its session, once as long as that lives. When the
 * session has nothing left to say and still it lags, all is given again. False: it is no
 * target any more, since it takes nothing so large. */
static bool help(leno_node *n, struct target *t, uint64_t upto, size_t budget)
{
	int error = 0;
	struct peer *p = peers_need(n, &t->id, &error);
	uint64_t from;

	if (!p)
		return true;
	if (t->life != p->life || (t->delay_ms >= REPAIR_LAST_MS && session_idle(p->session)))
		t->given = t->acked;
	t->life = p->life;
	from = (t->given > t->acked ? t->given : t->acked) + 1;
	for (error = 0; !error && from <= upto && budget > 0; t->given = from - 1)
		error = give(p, &from, upto, &budget);
	if (error != LENO_TOO_BIG)
		return true;
	n->fan->aimed = false;
	aired_gone(&n->fan->aired, &t->id);
	return false;
}

/* Nobody knows a visitor's keys, so that its broadcasts go by sessions alone. */
static bool is_due(leno_node *n, const struct target *t)
{
	return aired_due(&n->fan->aired, t) <= n->now_us ||
	       (n->options.visitor && t->given < n->fan->aired.last);
}

static void scan(leno_node *n)
{
	struct aired *a = &n->fan->aired;
	uint64_t next = NEVER, soonest = n->now_us + ms_us(REPAIR_STEP_MS);
	size_t cursor = 0;

	for (struct target *t; (t = map_next(&a->targets, &cursor));) {
		uint64_t due;

		if (t->acked == a->last)
			continue;
		if (is_due(n, t)) {
			aired_helped(t, n->now_us);
			if (!help(n, t, a->last, n->options.visitor ? SIZE_MAX : REPAIR_BYTES))
				continue;
		}
		due = aired_due(a, t);
		next = due < next ? due : next;
	}
	n->fan->scan_us = next == NEVER || next > soonest ? next : soonest;
}

/* "Before `upto` there is nothing for you": to one that does not know where to begin. */
static void tell_start(struct peer *p, uint64_t upto)
{
	const struct item item = { .kind = ITEM_BROADCAST };
	uint8_t head[ITEM_HEAD_MAX + CAST_BY_SESSION_MAX];
	struct writer w = writer_of(head, sizeof head);

	w.at += write_item_head(head, &item);
	write_cast_items_head(&w, mesh_incarnation(p->node->mesh), upto + 1, 0);
	session_put(p->session, writer_bytes(&w), bytes_of(NULL, 0), NULL);
	peers_wake(p);
}

static void take_ack(struct peer *p, const struct cast_ack *ack)
{
	leno_node *n = p->node;
	struct aired *a = &n->fan->aired;
	struct target *t = aired_target(a, &p->id);
	uint64_t upto = ack->want < a->last ? ack->want : a->last;

	if (ack->incarnation != mesh_incarnation(n->mesh))
		return;                        /* it speaks of a life before this one */
	if (ack->seq > a->last) {
		node_count_refusal(n, LENO_PROTOCOL);
		return;
	}
	if (t)
		aired_ack(a, t, ack->seq, ack->had, n->now_us);
	if (ack->want > 0) {
		if (t && t->acked < upto)
			help(n, t, upto, ASKED_BYTES);
		else
			tell_start(p, upto);
	}
	report(n);
}

void fan_gone(leno_node *n, const leno_id *id)
{
	struct fan *f = n->fan;
	struct heard *h = map_get(&f->heard, id);

	f->aimed = false;
	if (h)
		heard_let_go(h);
	if (!aired_target(&f->aired, id))
		return;
	aired_gone(&f->aired, id);
	f->put = true;                         /* something may be done now */
	set_timer(n);
}

/* What the life before has broadcast is not sent again under the new one's numbers: to those
 * that have it, it would come twice. */
void fan_renewed(leno_node *n)
{
	struct fan *f = n->fan;
	size_t cursor = 0;
	bool any = false;

	for (struct target *t; (t = map_next(&f->aired.targets, &cursor)); any = true) {
		aired_gone(&f->aired, &t->id);
		cursor = 0;
	}
	f->aimed = false;
	f->put = f->put || any;                /* all of it is done now */
	set_timer(n);
}

/* ---- receiving ------------------------------------------------------------------------ */

/* The one that was heard longest ago, and is not up. */
static bool make_room(leno_node *n)
{
	struct heard *oldest = NULL;
	size_t cursor = 0;
	struct mesh_node m;

	for (struct heard *h; (h = map_next(&n->fan->heard, &cursor));)
		if ((!oldest || h->heard_us < oldest->heard_us) &&
		    !(mesh_get(n->mesh, &h->id, &m) && m.up))
			oldest = h;
	if (!oldest)
		return false;
	map_remove(&n->fan->heard, &oldest->id);
	heard_clear(oldest);
	mem_free(oldest);
	return true;
}

struct heard *fan_heard(leno_node *n, const leno_id *id, uint64_t incarnation)
{
	struct fan *f = n->fan;
	struct heard *h = map_get(&f->heard, id);

	if (h && h->incarnation == incarnation)
		return h;
	if (h) {
		heard_clear(h);                /* a new life begins anew */
		heard_init(h, id, incarnation, &f->parcels);
		return h;
	}
	if (f->heard.count >= f->heard.max && !make_room(n))
		return NULL;
	h = mem_new(sizeof *h);
	if (!h)
		return NULL;
	heard_init(h, id, incarnation, &f->parcels);
	if (map_put(&f->heard, h))
		return mem_free(h);
	return h;
}

void fan_deliver(leno_node *n, struct heard *h)
{
	char text[LENO_TYPE_MAX + 1];
	struct bytes type, data;

	while (!n->leaving && heard_next(h, &type, &data)) {
		leno_message m = { .node = n, .from = h->id, .broadcast = true };

		bytes_copy(text, type.data, type.size);
		text[type.size] = '\0';
		n->stats.received++;
		if (n->handlers.message)
			n->handlers.message(n, n->user, &m, text,
			                    (leno_bytes){ data.data, data.size });
	}
	heard_rest(h);
	h->heard_us = n->now_us;
	if (list_empty(&h->acks))
		list_append(&n->fan->acks, &h->acks);
	if (h->unacked >= ACK_ITEMS)
		n->fan->acks_now = true;
	set_timer(n);
}

static void take_items(struct peer *p, const struct cast *items)
{
	leno_node *n = p->node;
	struct heard *h = map_get(&n->fan->heard, &p->id);

	if (h && items->incarnation < h->incarnation)
		return;
	h = fan_heard(n, &p->id, items->incarnation);
	if (!h) {
		node_count_refusal(n, LENO_LIMIT);
		return;
	}
	heard_take_items(h, items);
	fan_deliver(n, h);
}

void fan_item(struct peer *p, struct bytes data)
{
	struct cast_ack ack;
	struct cast items;

	switch (read_cast_by_session(data, &ack, &items)) {
	case CAST_ACK:
		take_ack(p, &ack);
		break;
	case CAST_ITEMS:
		if (admit_observes(p->node, &p->id))
			node_count_refusal(p->node, LENO_ROLE);
		else
			take_items(p, &items);
		break;
	default:
		node_count_refusal(p->node, LENO_PROTOCOL);
	}
}

/* One that cannot be sent now is not kept: who waits for it will send its items again. */
static void send_acks(leno_node *n)
{
	const struct item item = { .kind = ITEM_BROADCAST };
	struct fan *f = n->fan;

	f->acked_us = n->now_us;
	f->acks_now = false;
	while (!list_empty(&f->acks)) {
		struct heard *h = list_item(f->acks.next, struct heard, acks);
		uint8_t buf[ITEM_HEAD_MAX + CAST_BY_SESSION_MAX];
		struct writer w = writer_of(buf, sizeof buf);
		struct cast_ack ack;
		int error;
		struct peer *p = peers_need(n, &h->id, &error);

		list_remove(&h->acks);
		h->unacked = 0;
		if (!p)
			continue;
		heard_ack(h, &ack);
		w.at += write_item_head(buf, &item);
		write_cast_ack(&w, &ack);
		session_put(p->session, writer_bytes(&w), bytes_of(NULL, 0), NULL);
		peers_wake(p);
	}
}

void fan_tick(leno_node *n)
{
	struct fan *f = n->fan;

	if (n->leaving)
		return;
	if (!list_empty(&f->acks) && (f->acks_now || f->acked_us + ms_us(ACK_MS) <= n->now_us))
		send_acks(n);
	if (f->put) {
		f->put = false;
		aired_clock(&f->aired, n->now_us);
		f->scan_us = n->now_us;
	}
	if (f->scan_us <= n->now_us)
		scan(n);
	report(n);
}
