/* fan_tree.c - frames of broadcasts along the tree: made, checked, queued, passed on.
 *
 *  1. A frame is encoded and signed once; each link's queue holds a reference.
 *  2. Nothing is passed on or believed before its signature held; what was here before is
 *     dropped without looking at it.
 *  3. A link's queue is bounded: what does not fit is dropped for that link, and repaired
 *     from the source. */
#include <assert.h>

#include "base/mem.h"
#include "node/fan.h"

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

/* To all of the tree but where it came from (NULL: from ourselves). */
static void push(leno_node *n, struct parcel *p, const struct conn *from)
{
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (c == from || !fan_on_tree(c) || (from && !conns_pass(from, c)))
			continue;
		if (!queue(c, p))
			n->stats.dropped++;
		else if (from)
			n->stats.forwarded++;
	}
}

/* ---- out ------------------------------------------------------------------------ */

/* As many items as fit one frame, under one signature. */
static void make_frame(leno_node *n)
{
	struct fan *f = n->fan;
	struct writer w = writer_of(f->scratch + FAN_DOMAIN, CAST_FRAME_MAX);
	struct parcel *p;
	size_t size;

	if (!aired_frame(&f->aired, &n->identity.id, mesh_incarnation(n->mesh), &w))
		return;
	bytes_copy(f->scratch, CAST_DOMAIN, FAN_DOMAIN);
	size = FAN_DOMAIN + writer_size(&w);
	p = parcel_new(&f->parcels, size + SIGNATURE_SIZE);
	if (!p) {
		n->stats.dropped++;
		return;
	}
	bytes_copy(p->bytes, f->scratch, size);
	crypto_sign(p->bytes + size, bytes_of(p->bytes, size), n->identity.ed_secret);
	push(n, p, NULL);
	parcel_drop(p);
}

bool fan_wants(const struct conn *c)
{
	return (c->fan && c->fan->count > 0) ||
	       (aired_unframed(&c->node->fan->aired) && !c->node->options.visitor &&
	        fan_on_tree(c));
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
			make_frame(c->node);
			continue;
		}
		p = q->ring[q->head];
		if (!write_frame(w, FRAME_BROADCAST,
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
		if (writer_size(w) > RECORD_FRAMES / 2 && others_wait(c))
			break;
	}
	return wrote;
}

/* ---- in -------------------------------------------------------------------------- */

/* Who is said to have sent it; false: nobody that it could be from. */
static bool find_source(leno_node *n, const struct cast *cast, struct mesh_node *ret)
{
	return mesh_get(n->mesh, &cast->origin, ret) && cast->incarnation >= ret->incarnation;
}

/* The frame in a parcel of its own, with what its signature covers; NULL: no room. */
static struct parcel *wrap(leno_node *n, struct bytes body)
{
	struct parcel *p = parcel_new(&n->fan->parcels, FAN_DOMAIN + body.size);

	if (!p)
		return NULL;
	bytes_copy(p->bytes, CAST_DOMAIN, FAN_DOMAIN);
	bytes_copy(p->bytes + FAN_DOMAIN, body.data, body.size);
	return p;
}

static bool verify(const struct parcel *p, const struct mesh_node *source)
{
	size_t size = p->size - SIGNATURE_SIZE;

	return crypto_verify(p->bytes + size, bytes_of(p->bytes, size), source->keys.ed);
}

/* Neighbours check before they pass on: one that gives us what does not hold is bad. */
static void refuse(struct conn *c)
{
	node_count_refusal(c->node, LENO_PROTOCOL);
	events_log(c->node, LENO_LOG_WARN, "refused %s: a broadcast that its source did not sign",
	           c->uri);
	conns_close(c, CLOSE_PROTOCOL, LENO_WHY_REFUSED, LENO_PROTOCOL);
}

/* A frame whose signature held: on along the tree, then to the application. */
static void believe(struct conn *from, struct heard *h, struct parcel *p)
{
	struct cast cast;
	bool good = read_cast(bytes_of(p->bytes + FAN_DOMAIN, p->size - FAN_DOMAIN), &cast);

	assert(good);                      /* it was read before it was verified */
	heard_mark(h, cast.number);
	push(from->node, p, from);
	if (!admit_hears(from->node, &cast.origin))
		return;
	heard_take(h, &cast, p);
	fan_deliver(from->node, h);
}

void fan_take(struct conn *c, struct bytes body)
{
	leno_node *n = c->node;
	struct mesh_node source;
	struct parcel *p;
	struct heard *h;
	struct cast cast;
	int error;

	if (!read_cast(body, &cast)) {
		refuse(c);
		return;
	}
	if (leno_id_same(&cast.origin, &n->identity.id) || n->options.visitor)
		return;
	h = map_get(&n->fan->heard, &cast.origin);
	if (h && (cast.incarnation < h->incarnation ||
	          (cast.incarnation == h->incarnation && !heard_fresh(h, cast.number))))
		return;
	if (!find_source(n, &cast, &source))
		return;
	error = source.role == LENO_OBSERVER ? LENO_ROLE : admit_still(n, &source.pass);
	if (error) {
		node_count_refusal(n, error);
		return;
	}
	p = wrap(n, body);
	if (!p) {
		n->stats.dropped++;
		return;
	}
	if (!verify(p, &source))
		refuse(c);
	else if ((h = fan_heard(n, &cast.origin, cast.incarnation)))
		believe(c, h, p);
	parcel_drop(p);
}
