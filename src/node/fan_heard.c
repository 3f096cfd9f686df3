/* fan_heard.c - what is heard of broadcasts and groups: ears, callbacks, acknowledgements.
 *
 *   frame (fan_tree.c) | items by the session --> ear --fan_deliver--> callback --> acks
 *
 *  1. An ear is of one life of its source, and of a group of one join in it: what is of an
 *     older one is not believed any more, a newer one begins anew.
 *  2. Ears are bounded. Those of nodes that are away give way, and of groups that we are not
 *     in: they merely tell which frames were here. */
#include <assert.h>

#include "base/mem.h"
#include "node/fan.h"
#include "node/group.h"

enum {
	ACK_ITEMS   = 64,
	ACK_MANY    = 1024,          /* of groups: acknowledging costs each member       */
	ACK_BYTES   = 256 * 1024
};

static struct ear *ear_of(struct heard *h)
{
	return list_item(h, struct ear, heard);
}

static const uint8_t nobody[CAST_CHANNEL];

static bool of_group(const struct heard *h)
{
	return memcmp(h->channel, nobody, sizeof nobody) != 0;
}

void ear_drop_parts(leno_node *n, struct ear *e)
{
	n->groups->n_stuck -= e->wants > 0;
	e->wants = 0;
	if (!e->parts.bytes)
		return;
	session_setup_give(&n->session_setup, e->parts.bytes, e->parts.size + e->parts.type_size);
	e->parts = (struct assembly){ 0 };
	n->groups->n_parts--;
	n->groups->tend_us = 0;        /* there is room now */
}

static void clear(leno_node *n, struct ear *e)
{
	ear_drop_parts(n, e);
	heard_clear(&e->heard);
}

void ears_free(leno_node *n)
{
	size_t cursor = 0;

	for (struct ear *e; (e = map_next(&n->fan->ears, &cursor));) {
		clear(n, e);
		mem_free(e);
	}
	map_clear(&n->fan->ears);
}

struct ear *ear_get(leno_node *n, const leno_id *id, const uint8_t channel[CAST_CHANNEL])
{
	uint8_t key[sizeof(leno_id) + CAST_CHANNEL];

	static_assert(offsetof(struct heard, channel) == sizeof(leno_id), "one key of both");
	memcpy(key, id->bytes, sizeof(leno_id));
	memcpy(key + sizeof(leno_id), channel, CAST_CHANNEL);
	return map_get(&n->fan->ears, key);
}

bool ear_older(const struct ear *e, uint64_t incarnation, uint64_t join)
{
	return incarnation < e->heard.incarnation ||
	       (incarnation == e->heard.incarnation && join < e->join);
}

static bool may_give_way(leno_node *n, const struct heard *h)
{
	struct mesh_node m;

	return !(mesh_get(n->mesh, &h->id, &m) && m.up) ||
	       (of_group(h) && !groups_find(n, h->channel));
}

/* Of those that may, the one that was heard longest ago. */
static bool make_room(leno_node *n)
{
	struct ear *oldest = NULL;
	size_t cursor = 0;

	for (struct ear *e; (e = map_next(&n->fan->ears, &cursor));)
		if ((!oldest || e->heard.heard_us < oldest->heard.heard_us) &&
		    may_give_way(n, &e->heard))
			oldest = e;
	if (!oldest)
		return false;
	map_remove(&n->fan->ears, &oldest->heard.id);
	clear(n, oldest);
	mem_free(oldest);
	return true;
}

static void begin(leno_node *n, struct ear *e, const leno_id *id, const struct channel *channel,
                  uint64_t incarnation)
{
	heard_init(&e->heard, id, incarnation, &n->fan->parcels);
	memcpy(e->heard.channel, channel->tag, sizeof e->heard.channel);
	e->heard.heard_us = n->now_us;
	e->join = channel->join;
	e->taken = 0;
}

struct ear *ear_need(leno_node *n, const leno_id *id, const struct channel *channel,
                     uint64_t incarnation)
{
	struct fan *f = n->fan;
	struct ear *e = ear_get(n, id, channel->tag);

	if (e && e->heard.incarnation == incarnation && e->join == channel->join)
		return e;
	if (e) {
		clear(n, e);                   /* a new life begins anew */
		begin(n, e, id, channel, incarnation);
		return e;
	}
	if (f->ears.count >= f->ears.max && !make_room(n))
		return NULL;
	e = mem_new(sizeof *e);
	if (!e)
		return NULL;
	begin(n, e, id, channel, incarnation);
	if (map_put(&f->ears, e))
		return mem_free(e);
	return e;
}

void ears_let_go(leno_node *n, const leno_id *id)
{
	struct ear *e = ear_get(n, id, nobody);

	if (e)
		heard_let_go(&e->heard);
	list_each (it, next, &n->groups->all) {
		e = ear_get(n, id, list_item(it, leno_group, all)->keys.tag);
		if (!e)
			continue;
		heard_let_go(&e->heard);
		ear_drop_parts(n, e);
	}
}

void ears_leave(leno_node *n, const uint8_t channel[CAST_CHANNEL])
{
	size_t cursor = 0;

	for (struct ear *e; (e = map_next(&n->fan->ears, &cursor));) {
		if (memcmp(e->heard.channel, channel, CAST_CHANNEL) != 0)
			continue;
		ear_drop_parts(n, e);
		heard_leave(&e->heard);
		list_remove(&e->heard.acks);
	}
}

/* ---- handing out ------------------------------------------------------------------------ */

static void tell(leno_node *n, const struct heard *h, struct bytes type, struct bytes data)
{
	char text[LENO_TYPE_MAX + 1];
	leno_message m = { .node = n, .from = h->id, .broadcast = true };

	bytes_copy(text, type.data, type.size);
	text[type.size] = '\0';
	n->stats.received++;
	if (n->handlers.message)
		n->handlers.message(n, n->user, &m, text, (leno_bytes){ data.data, data.size });
}

void ear_acknowledge(leno_node *n, struct ear *e)
{
	struct heard *h = &e->heard;

	if (list_empty(&h->acks))
		list_append(&n->fan->acks, &h->acks);
	if (h->unacked >= (of_group(h) ? ACK_MANY : ACK_ITEMS) || e->unacked_bytes >= ACK_BYTES)
		n->fan->acks_now = true;
	fan_set_timer(n);
}

void fan_deliver(leno_node *n, struct ear *e)
{
	struct heard *h = &e->heard;
	bool group = of_group(h);
	leno_group *g = group ? groups_find(n, h->channel) : NULL;
	struct bytes type, data;

	if (g)
		groups_hear(g, e);
	while (!group && !n->leaving && heard_next(h, &type, &data))
		tell(n, h, type, data);
	heard_rest(h);
	h->heard_us = n->now_us;
	if (h->next == 0 && group && !groups_find(n, h->channel))
		return;                        /* its handler has left the group */
	ear_acknowledge(n, e);
}

void ear_take_items(struct peer *p, const struct channel *channel, const struct cast *items)
{
	static const struct channel all;
	leno_node *n = p->node;
	struct ear *e = ear_get(n, &p->id, channel ? channel->tag : all.tag);

	if (e && ear_older(e, items->incarnation, channel ? channel->join : 0))
		return;
	e = ear_need(n, &p->id, channel ? channel : &all, items->incarnation);
	if (!e) {
		node_count_refusal(n, LENO_LIMIT);
		return;
	}
	heard_take_items(&e->heard, items);
	fan_deliver(n, e);
}

/* One that cannot be sent now is not kept: who waits for it will send its items again. */
void ears_send_acks(leno_node *n)
{
	const struct item item = { .kind = ITEM_BROADCAST };
	struct fan *f = n->fan;

	f->acked_us = n->now_us;
	f->acks_now = false;
	while (!list_empty(&f->acks)) {
		struct heard *h = list_item(f->acks.next, struct heard, acks);
		struct channel channel = { .join = ear_of(h)->join };
		uint8_t buf[ACK_HEAD_MAX];
		struct writer w = writer_of(buf, sizeof buf);
		struct cast_ack ack;
		int error;
		struct peer *p = peers_need(n, &h->id, &error);

		list_remove(&h->acks);
		h->unacked = 0;
		ear_of(h)->unacked_bytes = 0;
		if (!p)
			continue;
		memcpy(channel.tag, h->channel, sizeof channel.tag);
		heard_ack(h, &ack);
		w.at += write_item_head(buf, &item);
		write_cast_channel(&w, &channel);
		write_cast_ack(&w, &ack);
		session_put(p->session, writer_bytes(&w), bytes_of(NULL, 0), NULL);
		peers_wake(p);
	}
}
