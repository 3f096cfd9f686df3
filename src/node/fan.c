/* fan.c - broadcasts, and what is said in groups: what is sent, to whom, what became of it.
 *
 *   voice_put --> aired --fan_tree.c, along the tree--> an ear --fan_deliver--> callback
 *   heard --acknowledgement, through the session--> fan_item --> aired --> done
 *   aired --who lags or misses something: items, through the session--> fan_item --> heard
 *
 *  1. Each item ends once: when every node that it was for when it was sent has acknowledged
 *     it or is gone; never inside the call that sends.
 *  2. A node acknowledges items whose callback has returned, all sources at most once in
 *     ACK_MS, unless ACK_ITEMS have come.
 *  3. With nothing sent, lagging or to be acknowledged there is no deadline. */
#include "node/fan.h"

#include <assert.h>

#include "base/mem.h"
#include "node/group.h"

enum {
	ACK_MS       = 20,
	REPAIR_BYTES = 64 * 1024,     /* to one node, when it merely lags             */
	ASKED_BYTES  = 512 * 1024     /* when it asked                                */
};

static uint64_t ms_us(uint64_t ms)
{
	return ms * 1000;
}

void voice_open(leno_node *n, struct voice *v, leno_group *g, size_t max)
{
	uint8_t seed[16];

	v->group = g;
	v->scan_us = NEVER;
	random_bytes(&n->random, seed, sizeof seed);
	aired_init(&v->aired, max, &n->fan->aired_budget, n->options.nodes_max, seed);
	list_init(&v->all);
	list_append(&n->fan->voices, &v->all);
}

void voice_close(struct voice *v)
{
	list_remove(&v->all);
	aired_clear(&v->aired);
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
	f->parcels.max = share_of(&n->options, SHARE_CASTS);
	f->aired_budget.max = share_of(&n->options, SHARE_AIRED);
	list_init(&f->acks);
	list_init(&f->voices);
	voice_open(n, &f->all, NULL, n->options.queue_max);
	random_bytes(&n->random, seed, sizeof seed);
	map_init(&f->ears, offsetof(struct ear, heard.id), sizeof(leno_id) + CAST_CHANNEL,
	         (size_t)n->options.nodes_max * EARS_A_NODE, seed);
	return 0;
}

void fan_free(leno_node *n)
{
	struct fan *f = n->fan;

	if (!f)
		return;
	list_each (it, next, &n->conns)
		fan_drop(list_item(it, struct conn, all));
	list_each (jt, after, &n->graves)
		fan_drop(list_item(jt, struct conn, all));
	ears_free(n);
	list_each (vt, behind, &f->voices)
		voice_close(list_item(vt, struct voice, all));
	timers_release(&n->timers, &f->timer);
	assert(f->parcels.used == 0);
	n->fan = mem_free(f);
}

void fan_set_timer(leno_node *n)
{
	struct fan *f = n->fan;
	uint64_t due = NEVER;

	list_each (it, next, &f->voices) {
		const struct voice *v = list_item(it, struct voice, all);
		uint64_t at = v->put ? n->now_us : v->scan_us;

		due = at < due ? at : due;
	}
	if (!list_empty(&f->acks)) {
		uint64_t acks = f->acked_us + ms_us(ACK_MS);

		if (f->acks_now || acks < n->now_us)
			acks = n->now_us;
		due = acks < due ? acks : due;
	}
	timers_set(&n->timers, &f->timer, due);
}

struct channel voice_channel(const struct voice *v)
{
	return v->group ? group_channel(v->group) : (struct channel){ .join = 0 };
}

void write_cast_channel(struct writer *w, const struct channel *c)
{
	static const struct channel all;

	if (memcmp(c->tag, all.tag, sizeof all.tag) == 0)
		return;
	write_u8(w, GROUP_CAST);
	write_channel(w, c);
}

/* ---- sending ----------------------------------------------------------------------- */

static int aim(leno_node *n)
{
	struct voice *v = &n->fan->all;
	struct mesh_node m;
	size_t cursor = 0;
	int error = 0;

	/* Many in a row are for the same nodes. */
	if (v->aimed && v->aimed_us == n->now_us && v->aimed_count == mesh_count(n->mesh))
		return 0;
	while (!error && mesh_each(n->mesh, &cursor, &m))
		if (!leno_id_same(&m.id, &n->identity.id))
			error = aired_aim(&v->aired, &m.id);
	v->aimed = !error;
	v->aimed_us = n->now_us;
	v->aimed_count = mesh_count(n->mesh);
	return error;
}

int voice_put(leno_node *n, struct voice *v, struct bytes type, struct bytes head,
              struct bytes data, uint64_t *ret_seq)
{
	bool told = aired_unframed(&v->aired);
	int error = aired_put_after(&v->aired, type, head, data, ret_seq);

	if (error)
		return error;
	v->put = true;
	fan_set_timer(n);
	if (told)                              /* those who are to make frames know it */
		return 0;
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (fan_wants(c))
			down_wake(c);
	}
	return 0;
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
		error = voice_put(n, &n->fan->all, bytes_text(type), bytes_of(NULL, 0),
		                  bytes_of(data.data, data.size), &seq);
	if (error)
		return error;
	if (ret_seq)
		*ret_seq = seq;
	n->stats.sent++;
	return 0;
}

static void report(leno_node *n, struct voice *v)
{
	struct aired *a = &v->aired;
	uint64_t upto = a->last, seq;
	uint32_t confirmed, unknown;

	/* What the handler sends is told of the next time. */
	while (!n->leaving && a->first <= upto) {
		bool told = !v->group || group_last_piece(v->group, a->first);

		if (!aired_next_done(a, &seq, &confirmed, &unknown))
			break;
		if (v->group && told)
			group_done(v->group, seq, confirmed, unknown);
		else if (!v->group && n->handlers.broadcast_done)
			n->handlers.broadcast_done(n, n->user, seq, confirmed, unknown);
	}
	if (a->first > a->last)
		v->scan_us = NEVER;            /* nobody lags behind nothing */
	fan_set_timer(n);
}

/* ---- helping those who lag ------------------------------------------------------------ */

/* What comes before items: "of this stream, from here on". */
static void write_items_head(struct writer *w, const struct voice *v, uint64_t incarnation,
                             uint64_t first, uint32_t count)
{
	const struct item item = { .kind = ITEM_BROADCAST };
	const struct channel channel = voice_channel(v);

	w->at += write_item_head(w->at, &item);
	write_cast_channel(w, &channel);
	write_cast_items_head(w, incarnation, first, count);
}

/* As many as fit one item of the session, a large one alone. AGAIN, MEMORY, TOO_BIG. */
static int give(struct peer *p, struct voice *v, uint64_t *from, uint64_t upto, size_t *budget)
{
	leno_node *n = p->node;
	struct fan *f = n->fan;
	uint8_t head[ACK_HEAD_MAX];
	struct writer w = writer_of(head, sizeof head);
	uint64_t bound = session_message_max(p->session);
	struct writer items = writer_of(f->scratch, bound < sizeof f->scratch ? (size_t)bound
	                                                                      : sizeof f->scratch);
	uint32_t count = aired_pack(&v->aired, *from, upto, &items);
	struct bytes data = count ? writer_bytes(&items) : aired_item(&v->aired, *from);
	int error;

	count = count ? count : 1;
	write_items_head(&w, v, mesh_incarnation(n->mesh), *from, count);
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
static bool help(leno_node *n, struct voice *v, struct target *t, uint64_t upto, size_t budget)
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
		error = give(p, v, &from, upto, &budget);
	if (error != LENO_TOO_BIG)
		return true;
	v->aimed = false;
	aired_gone(&v->aired, &t->id);
	return false;
}

/* Nobody knows a visitor's keys, so that its broadcasts go by sessions alone. */
static bool is_due(leno_node *n, const struct voice *v, const struct target *t)
{
	return aired_due(&v->aired, t) <= n->now_us ||
	       (n->options.visitor && t->given < v->aired.last);
}

static void scan(leno_node *n, struct voice *v)
{
	struct aired *a = &v->aired;
	uint64_t next = NEVER, soonest = n->now_us + ms_us(REPAIR_STEP_MS);
	size_t cursor = 0;

	for (struct target *t; (t = map_next(&a->targets, &cursor));) {
		uint64_t due;

		if (t->acked == a->last)
			continue;
		if (is_due(n, v, t)) {
			aired_helped(t, n->now_us);
			if (!help(n, v, t, a->last, n->options.visitor ? SIZE_MAX : REPAIR_BYTES))
				continue;
		}
		due = aired_due(a, t);
		next = due < next ? due : next;
	}
	v->scan_us = next == NEVER || next > soonest ? next : soonest;
}

/* "Before `upto` there is nothing for you": to one that does not know where to begin. */
static void tell_start(struct peer *p, const struct voice *v, uint64_t upto)
{
	uint8_t head[ACK_HEAD_MAX];
	struct writer w = writer_of(head, sizeof head);

	write_items_head(&w, v, mesh_incarnation(p->node->mesh), upto + 1, 0);
	session_put(p->session, writer_bytes(&w), bytes_of(NULL, 0), NULL);
	peers_wake(p);
}

/* What it was given it has, and nothing that went along the tree before that: so it lacks that,
 * too, and need not wait until it lags. */
static void go_on(leno_node *n, struct voice *v, struct target *t)
{
	uint64_t upto = aired_lacks(&v->aired, t);

	if (upto == 0)
		return;
	t->helped_us = n->now_us;
	help(n, v, t, upto, ASKED_BYTES);
}

void voice_take_ack(struct peer *p, struct voice *v, const struct cast_ack *ack)
{
	leno_node *n = p->node;
	struct aired *a = &v->aired;
	struct target *t = aired_target(a, &p->id);
	uint64_t upto = ack->want < a->last ? ack->want : a->last;

	if (ack->incarnation != mesh_incarnation(n->mesh))
		return;                        /* it speaks of a life before this one */
	if (ack->seq > a->last) {
		node_count_refusal(n, LENO_PROTOCOL);
		return;
	}
	if (t && ack->want >= CAST_WANT_BACK && !aired_back(a, t, ack->seq)) {
		voice_gone(n, v, &p->id);      /* it will not have all of that */
		t = NULL;
	}
	if (t && aired_ack(a, t, ack->seq, ack->had, n->now_us) && ack->want == 0 && ack->had == 0)
		go_on(n, v, t);
	if (ack->want > 0 && !(t && ack->want == CAST_WANT_BACK)) {
		if (!t || t->acked >= upto) {
			tell_start(p, v, upto);
		} else {
			if (ack->want == CAST_WANT_AGAIN)
				t->given = t->acked;
			t->helped_us = n->now_us;
			help(n, v, t, upto, ASKED_BYTES);
		}
	}
	report(n, v);
	groups_feed(n);
}

void voice_gone(leno_node *n, struct voice *v, const leno_id *id)
{
	v->aimed = false;
	if (!aired_target(&v->aired, id))
		return;
	aired_gone(&v->aired, id);
	v->put = true;                         /* something may be done now */
	fan_set_timer(n);
}

void fan_gone(leno_node *n, const leno_id *id)
{
	ears_let_go(n, id);
	list_each (it, next, &n->fan->voices)
		voice_gone(n, list_item(it, struct voice, all), id);
}

/* What the life before has said is not sent again under the new one's numbers: to those
 * that have it, it would come twice. */
static void voice_renewed(struct voice *v)
{
	size_t cursor = 0;
	bool any = false;

	for (struct target *t; (t = map_next(&v->aired.targets, &cursor)); any = true) {
		aired_gone(&v->aired, &t->id);
		cursor = 0;
	}
	v->aimed = false;
	v->put = v->put || any;                /* all of it is done now */
}

void voice_end(leno_node *n, struct voice *v)
{
	voice_renewed(v);
	report(n, v);
}

void fan_renewed(leno_node *n)
{
	list_each (it, next, &n->fan->voices)
		voice_renewed(list_item(it, struct voice, all));
	fan_set_timer(n);
}

/* ---- what comes by the session ---------------------------------------------------------- */

static void take_cast(struct peer *p, const struct channel *channel, struct bytes data)
{
	leno_node *n = p->node;
	leno_group *g = channel ? groups_find(n, channel->tag) : NULL;
	struct cast_ack ack;
	struct cast items;

	switch (read_cast_by_session(data, &ack, &items)) {
	case CAST_ACK:
		if (!channel)
			voice_take_ack(p, &n->fan->all, &ack);
		else if (g && g->join == channel->join && roster_get(&g->roster, &p->id))
			voice_take_ack(p, &g->voice, &ack);
		break;
	case CAST_ITEMS:
		if (admit_observes(n, &p->id))
			node_count_refusal(n, LENO_ROLE);
		else if (!channel || (g && roster_has(&g->roster, &p->id, items.incarnation,
		                                      channel->join)))
			ear_take_items(p, channel, &items);
		break;
	default:
		node_count_refusal(n, LENO_PROTOCOL);
	}
}

void fan_item(struct peer *p, struct bytes data)
{
	struct reader r = reader_of(data);
	uint8_t word = read_u8(&r);
	struct channel channel;

	if (word == GROUP_ONE || word == GROUP_INVITATION) {
		groups_word(p, (enum group_word)word, bytes_of(r.at, reader_left(&r)));
		return;
	}
	if (word != GROUP_CAST) {
		take_cast(p, NULL, data);
		return;
	}
	channel = read_channel(&r);
	if (r.bad)
		node_count_refusal(p->node, LENO_PROTOCOL);
	else
		take_cast(p, &channel, bytes_of(r.at, reader_left(&r)));
}

void fan_tick(leno_node *n)
{
	struct fan *f = n->fan;

	if (n->leaving)
		return;
	if (!list_empty(&f->acks) && (f->acks_now || f->acked_us + ms_us(ACK_MS) <= n->now_us))
		ears_send_acks(n);
	list_each (it, next, &f->voices) {
		struct voice *v = list_item(it, struct voice, all);

		if (v->put) {
			v->put = false;
			aired_clock(&v->aired, n->now_us);
			v->scan_us = n->now_us;
		}
		if (v->scan_us <= n->now_us)
			scan(n, v);
		report(n, v);
	}
	groups_feed(n);
}
