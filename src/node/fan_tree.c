/* fan_tree.c - frames of broadcasts and groups along the tree: made, checked, queued, passed on.
 *
 *  1. A frame is encoded and signed once; each link's queue holds a reference.
 *  2. Nothing is passed on or believed before its signature held; what was here before is
 *     dropped without looking at it. Of a group's frames that come by the link with their source, and go
 *     nowhere else, the link is proof enough: to members that are neighbours, and behind whom there
 *     is nobody, the source sends them with neither seal nor signature (GROUP_NEAR).
 *  3. A link's queue is bounded: what does not fit is dropped for that link, and repaired
 *     from the source. */
#include <assert.h>

#include "base/mem.h"
#include "node/fan.h"
#include "node/group.h"

enum {
	QUEUE_MIN       = 16,
	QUEUE_KEEP      = 1024,          /* references that an empty queue has room for */
	QUEUE_BYTES_MAX = 4 << 20,
	QUEUE_COUNT_MAX = 1 << 16
};
static_assert(CAST_SIGNATURE == SIGNATURE_SIZE, "message/ knows it by another name");

/* A ring of references, which counts as the parcels do. */
struct fan_queue {
	struct budget *store;
	struct parcel **ring;
	size_t head, count, capacity, bytes;
};

bool fan_on_tree(const struct conn *c)
{
	return c->number >= 0 && !c->finishing && link_peer(c->link)->role != LENO_VISITOR &&
	       mesh_pushes(c->node->mesh, c->number);
}

static void drop_ring(struct fan_queue *q)
{
	if (q->ring)
		budget_give(q->store, q->capacity * sizeof *q->ring);
	q->ring = mem_free(q->ring);
	q->capacity = 0;
}

void fan_drop(struct conn *c)
{
	struct fan_queue *q = c->fan;

	if (!q)
		return;
	for (size_t i = 0; i < q->count; i++)
		parcel_drop(q->ring[(q->head + i) & (q->capacity - 1)]);
	drop_ring(q);
	c->fan = mem_free(q);
}

static int grow(struct fan_queue *q)
{
	size_t capacity = q->capacity ? 2 * q->capacity : QUEUE_MIN;
	struct parcel **ring;

	if (q->count < q->capacity)
		return 0;
	if (!budget_take(q->store, capacity * sizeof *ring))
		return LENO_MEMORY;
	ring = mem_new(capacity * sizeof *ring);
	if (!ring) {
		budget_give(q->store, capacity * sizeof *ring);
		return LENO_MEMORY;
	}
	for (size_t i = 0; i < q->count; i++)
		ring[i] = q->ring[(q->head + i) & (q->capacity - 1)];
	drop_ring(q);
	q->ring = ring;
	q->head = 0;
	q->capacity = capacity;
	return 0;
}

static bool queue(struct conn *c, struct parcel *p)
{
	struct fan_queue *q = c->fan;

	if (!q && (c->fan = q = mem_new(sizeof *q)))
		q->store = &c->node->fan->parcels;
	if (!q || q->bytes + p->size > QUEUE_BYTES_MAX || q->count >= QUEUE_COUNT_MAX || grow(q))
		return false;
	q->ring[(q->head + q->count++) & (q->capacity - 1)] = parcel_take(p);
	q->bytes += p->size;
	down_wake(c);
	return true;
}

static void queue_or_drop(struct conn *c, struct parcel *p)
{
	if (!queue(c, p))
		c->node->stats.dropped++;
}

/* On, to all of the tree but where it came from; what is of a group, to where members are. */
static void pass_on(leno_node *n, struct parcel *p, const struct channel *channel,
                    const struct conn *from)
{
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (c == from || !fan_on_tree(c) || !conns_pass(from, c) ||
		    (p->kind == FRAME_GROUP && !groups_behind(n, channel->tag, c)))
			continue;
		if (queue(c, p))
			n->stats.forwarded++;
		else
			n->stats.dropped++;
	}
}

/* ---- out ------------------------------------------------------------------------ */

/* What a frame is before it has a seal or a signature: domain, channel and body, in the scratch. */
struct draft {
	size_t head, size;               /* where the body begins; of all               */
};

/* As many items as fit one frame. False: all are in frames. */
static bool make_draft(leno_node *n, struct voice *v, struct draft *ret)
{
	struct fan *f = n->fan;
	const struct channel channel = voice_channel(v);
	struct writer head = writer_of(f->scratch + FAN_DOMAIN, CHANNEL_MAX), w;

	bytes_copy(f->scratch, v->group ? CHANNEL_DOMAIN : CAST_DOMAIN, FAN_DOMAIN);
	if (v->group)
		write_channel(&head, &channel);
	w = writer_of(head.at, CAST_FRAME_MAX);
	if (!aired_frame(&v->aired, &n->identity.id, mesh_incarnation(n->mesh), &w))
		return false;
	ret->head = FAN_DOMAIN + writer_size(&head);
	ret->size = ret->head + writer_size(&w);
	return true;
}

static struct parcel *parcel_of(leno_node *n, const struct draft *d, uint8_t kind, size_t more)
{
	struct parcel *p = parcel_new(&n->fan->parcels, d->size + more);

	if (!p) {
		n->stats.dropped++;
		return NULL;
	}
	p->kind = kind;
	bytes_copy(p->bytes, n->fan->scratch, d->size);
	return p;
}

static void sign(const leno_node *n, struct parcel *p)
{
	size_t size = p->size - SIGNATURE_SIZE;

	crypto_sign(p->bytes + size, bytes_of(p->bytes, size), n->identity.ed_secret);
}

static struct parcel *seal(leno_group *g, const struct draft *d)
{
	leno_node *n = g->node;
	struct parcel *p = parcel_of(n, d, FRAME_GROUP, CAST_SEAL + SIGNATURE_SIZE);

	if (p) {
		group_seal(g, mesh_incarnation(n->mesh), p->bytes + d->head, d->size - d->head);
		sign(n, p);
	}
	return p;
}

/* In the form that each link's frames need; what none needs is not made. */
static void say_in_group(leno_group *g, const struct draft *d)
{
	leno_node *n = g->node;
	struct parcel *near = NULL, *far = NULL;

	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);
		enum group_way way = fan_on_tree(c) ? group_way(g, c) : GROUP_NOWHERE;

		if (way == GROUP_NEAR && (near || (near = parcel_of(n, d, FRAME_GROUP_NEAR, 0))))
			queue_or_drop(c, near);
		else if (way == GROUP_FAR && (far || (far = seal(g, d))))
			queue_or_drop(c, far);
	}
	parcel_drop(near);
	parcel_drop(far);
}

static void say_to_all(leno_node *n, const struct draft *d)
{
	struct parcel *p = parcel_of(n, d, FRAME_BROADCAST, SIGNATURE_SIZE);

	if (!p)
		return;
	sign(n, p);
	list_each (it, next, &n->conns)
		if (fan_on_tree(list_item(it, struct conn, all)))
			queue_or_drop(list_item(it, struct conn, all), p);
	parcel_drop(p);
}

static void make_frame(leno_node *n, struct voice *v)
{
	struct draft d;

	if (!make_draft(n, v, &d))
		return;
	if (v->group)
		say_in_group(v->group, &d);
	else
		say_to_all(n, &d);
}

/* The next voice that has something to frame; NULL: none has. */
static struct voice *speaks(const leno_node *n)
{
	list_each (it, next, &n->fan->voices)
		if (aired_unframed(&list_item(it, struct voice, all)->aired))
			return list_item(it, struct voice, all);
	return NULL;
}

bool fan_wants(const struct conn *c)
{
	return (c->fan && c->fan->count > 0) ||
	       (!c->node->options.visitor && speaks(c->node) && fan_on_tree(c));
}

static bool others_wait(const struct conn *c)
{
	return !list_empty(&c->ready) || relay_has(&c->relay);
}

bool fan_make(struct conn *c, struct writer *w)
{
	bool wrote = false;

	while (fan_wants(c)) {
		struct fan_queue *q = c->fan;
		struct parcel *p;

		if (!q || q->count == 0) {
			make_frame(c->node, speaks(c->node));
			continue;
		}
		p = q->ring[q->head];
		if (!write_frame(w, p->kind,
		                 bytes_of(p->bytes + FAN_DOMAIN, p->size - FAN_DOMAIN)))
			break;
		q->head = (q->head + 1) & (q->capacity - 1);
		q->count--;
		q->bytes -= p->size;
		parcel_drop(p);
		if (q->count == 0 && q->capacity > QUEUE_KEEP)
			drop_ring(q);
		wrote = true;
		/* Half of each record is for others, when they wait. */
		if (writer_size(w) > writer_left(w) && others_wait(c))
			break;
	}
	return wrote;
}

/* ---- in -------------------------------------------------------------------------- */

/* A frame that came, as it is read; `at` is where its cast begins in the body. */
struct airing {
	uint8_t type;
	struct channel channel;            /* of a group                                 */
	struct cast cast;
	size_t at;
};

static bool read_airing(uint8_t type, struct bytes body, struct airing *ret)
{
	struct airing a = { .type = type };
	struct reader r = reader_of(body);
	bool good;

	if (type != FRAME_BROADCAST) {
		a.channel = read_channel(&r);
		if (r.bad)
			return false;
		a.at = (size_t)(r.at - body.data);
		body = bytes_of(r.at, reader_left(&r));
	}
	good = type == FRAME_GROUP        ? read_cast_sealed(body, &a.cast)
	       : type == FRAME_GROUP_NEAR ? read_cast_near(body, &a.cast)
	                                  : read_cast(body, &a.cast);
	if (good)
		*ret = a;
	return good;
}

/* Who is said to have sent it; false: nobody that it could be from. */
static bool find_source(leno_node *n, const struct airing *a, struct mesh_node *ret)
{
	return mesh_get(n->mesh, &a->cast.origin, ret) &&
	       a->cast.incarnation >= ret->incarnation &&
	       (a->type == FRAME_BROADCAST || groups_listed(ret, &a->channel));
}

/* The frame in a parcel of its own, with what its signature covers; NULL: no room. */
static struct parcel *wrap(leno_node *n, uint8_t type, struct bytes body)
{
	struct parcel *p = parcel_new(&n->fan->parcels, FAN_DOMAIN + body.size);

	if (!p)
		return NULL;
	p->kind = type;
	bytes_copy(p->bytes, type == FRAME_GROUP ? CHANNEL_DOMAIN : CAST_DOMAIN, FAN_DOMAIN);
	bytes_copy(p->bytes + FAN_DOMAIN, body.data, body.size);
	return p;
}

static bool verify(const struct parcel *p, const struct mesh_node *source)
{
	size_t size = p->size - SIGNATURE_SIZE;

	return crypto_verify(p->bytes + size, bytes_of(p->bytes, size), source->keys.ed);
}

/* Does it go on from here? */
static bool goes_on(const struct conn *from, const struct channel *channel)
{
	leno_node *n = from->node;

	list_each (it, next, &n->conns) {
		const struct conn *c = list_item(it, struct conn, all);

		if (c != from && fan_on_tree(c) && conns_pass(from, c) &&
		    groups_behind(n, channel->tag, c))
			return true;
	}
	return false;
}

static bool from_source(const struct conn *c, const struct airing *a)
{
	return leno_id_same(&link_peer(c->link)->id, &a->cast.origin);
}

/* To verify a signature costs more than all else that members do with a frame. */
static bool vouched(const struct conn *c, const struct airing *a)
{
	return a->type == FRAME_GROUP_NEAR ||
	       (a->type == FRAME_GROUP && from_source(c, a) && !goes_on(c, &a->channel));
}

/* Neighbours check before they pass on: one that gives us what does not hold is bad. */
static void refuse(struct conn *c)
{
	node_count_refusal(c->node, LENO_PROTOCOL);
	events_log(c->node, LENO_LOG_WARN, "refused %s: a broadcast that its source did not sign",
	           c->uri);
	conns_close(c, CLOSE_PROTOCOL, LENO_WHY_REFUSED, LENO_PROTOCOL);
}

/* The group, if we are in it and so is the source. */
static leno_group *group_of(leno_node *n, const struct airing *a)
{
	leno_group *g = groups_find(n, a->channel.tag);

	return g && roster_has(&g->roster, &a->cast.origin, a->cast.incarnation, a->channel.join)
	               ? g : NULL;
}

/* To be held with what it says in the open: NULL when it says nothing to us. */
static struct parcel *open_group(leno_node *n, struct airing *a, struct bytes body)
{
	leno_group *g = group_of(n, a);
	struct parcel *p;

	if (!g)
		return NULL;
	p = group_open(g, a->channel.join, bytes_of(body.data + a->at, body.size - a->at),
	               &a->cast);
	if (!p)
		node_count_refusal(n, LENO_PROTOCOL);
	return p;
}

/* To the application; p holds the frame, if it is in a parcel. */
static void hear(leno_node *n, struct ear *e, struct airing *a, struct bytes body, struct parcel *p)
{
	struct parcel *plain;

	heard_mark(&e->heard, a->cast.number);
	e->heard.heard_us = n->now_us;
	if (!admit_hears(n, &a->cast.origin))
		return;
	if (a->type == FRAME_GROUP_NEAR) {
		if (group_of(n, a)) {
			heard_take(&e->heard, &a->cast, NULL);
			fan_deliver(n, e);
		}
		return;
	}
	plain = a->type == FRAME_GROUP ? open_group(n, a, body) : parcel_take(p);
	if (!plain)
		return;
	heard_take(&e->heard, &a->cast, plain);
	fan_deliver(n, e);
	parcel_drop(plain);
}

/* A frame whose signature held: on along the tree, then to the application. */
static void believe(struct conn *from, struct ear *e, struct parcel *p)
{
	struct bytes body = bytes_of(p->bytes + FAN_DOMAIN, p->size - FAN_DOMAIN);
	struct airing a;
	bool good = read_airing(p->kind, body, &a);

	assert(good);                      /* it was read before it was verified */
	pass_on(from->node, p, &a.channel, from);
	hear(from->node, e, &a, body, p);
}

static void check(struct conn *c, const struct airing *a, struct bytes body,
                  const struct mesh_node *source)
{
	leno_node *n = c->node;
	struct parcel *p = wrap(n, a->type, body);
	struct ear *e;

	if (!p) {
		n->stats.dropped++;
		return;
	}
	if (!verify(p, source))
		refuse(c);
	else if ((e = ear_need(n, &a->cast.origin, &a->channel, a->cast.incarnation)))
		believe(c, e, p);
	parcel_drop(p);
}

void fan_take(struct conn *c, uint8_t type, struct bytes body)
{
	leno_node *n = c->node;
	struct mesh_node source;
	struct airing a;
	struct ear *e;
	int error;

	if (!read_airing(type, body, &a) || (type == FRAME_GROUP_NEAR && !from_source(c, &a))) {
		refuse(c);
		return;
	}
	if (leno_id_same(&a.cast.origin, &n->identity.id) || n->options.visitor)
		return;
	e = ear_get(n, &a.cast.origin, a.channel.tag);
	if (e && (ear_older(e, a.cast.incarnation, a.channel.join) ||
	          (a.cast.incarnation == e->heard.incarnation && a.channel.join == e->join &&
	           !heard_fresh(&e->heard, a.cast.number))))
		return;
	if (!find_source(n, &a, &source))
		return;
	error = source.role == LENO_OBSERVER ? LENO_ROLE : admit_still(n, &source.pass);
	if (error) {
		node_count_refusal(n, error);
		return;
	}
	if (!vouched(c, &a))
		check(c, &a, body, &source);
	else if ((e = ear_need(n, &a.cast.origin, &a.channel, a.cast.incarnation)))
		hear(n, e, &a, body, NULL);
}
