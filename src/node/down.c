/* down.c - a byte's way out: what waits -> frames -> one record after another -> pipe.
 *
 * Control frames go first; then those who have data take turns, a packet or the rest of a
 * record each, so that nobody starves. Sealing happens here, as late as can be: what piled
 * up while the pipe was busy becomes one record. A record whose turn begins with a large packet
 * carries (link.h): packets alone go into it, everybody else into the next. */
#include <assert.h>

#include "node/meet.h"
#include "node/node.h"
#include "node/states.h"

enum { RECORD_MIN = 256 };   /* less room than this is not worth a record */
static_assert(CARRIED_MAX + RECORD_MIN <= CARRIER_FRAMES,
	      "a record that carries takes one packet at least: none blocks the queue");
static_assert(RECORD_FRAMES_MAX + RECORD_MIN <= LENO_MAKE_MIN, "a driver's buffer takes any record");

void down_wake(struct conn *c)
{
	if (!c->named && !c->finishing && list_empty(&c->writing))
		list_append(&c->node->writing, &c->writing);
}

bool down_has(const struct conn *c)
{
	if (link_wants(c->link))
		return true;
	if (c->finishing || link_state(c->link) != LINK_OPEN)
		return false;
	if (c->guest)
		return meet_wants(c);
	return c->links_due || revoke_wants(c) || !list_empty(&c->ready) || relay_has(&c->relay) || fan_wants(c) ||
	       (c->number >= 0 && mesh_wants(c->node->mesh, c->number));
}

/* carried: in a record that carries, else NULL. */
static void make_peers(struct conn *c, struct writer *w, struct writer *carried)
{
	leno_node *n = c->node;

	/* One turn each, while the record has room; who is done leaves the list. */
	for (struct list *it = c->ready.next; it != &c->ready; it = c->ready.next) {
		struct peer *p = list_item(it, struct peer, ready);
		bool wrote;

		if (carried && session_path(p->session) == PATH_DIRECT)
			return;                    /* begins the next record: this one has no room */
		streams_feed(p);
		states_feed(p);
		wrote = session_carry(p->session, w, carried, n->now_us);
		if (!wrote && session_wants(p->session))
			return;                    /* the record is full */
		timers_set(&n->timers, &p->timer, session_deadline(p->session));
		if (session_wants(p->session) || (wrote && (streams_want(p) || states_want(p))))
			list_append(&c->ready, it);
		else
			list_remove(it);
		if (w->full || writer_left(w) < RECORD_MIN)
			return;
	}
}

static void make_record(struct conn *c, struct writer *w)
{
	leno_node *n = c->node;

	if (c->guest)
		meet_make(c, w);
	if (c->links_due)
		conns_make_links(c, w);
	if (!c->links_known)               /* nothing counts before the peer has said its own */
		return;
	revoke_make(c, w);
	if (c->number >= 0)
		mesh_make(n->mesh, c->number, w, n->now_us);
	if (c->relay_first)
		relay_make(&c->relay, w, NULL, n->now_us);
	fan_make(c, w);
	make_peers(c, w, NULL);
	relay_make(&c->relay, w, NULL, n->now_us);
}

/* Does nobody but packets want the next record, and is the first of them a large one? */
static bool carries(struct conn *c)
{
	struct peer *p;

	if (c->finishing || !c->links_known || c->links_due || revoke_wants(c) || fan_wants(c) ||
	    (c->number >= 0 && mesh_wants(c->node->mesh, c->number)))
		return false;
	if (list_empty(&c->ready) || (c->relay_first && relay_has(&c->relay)))
		return relay_carries(&c->relay);
	p = list_item(c->ready.next, struct peer, ready);
	streams_feed(p);
	states_feed(p);
	return session_carries(p->session);
}

static size_t make_carrying(struct conn *c, uint8_t *buf, size_t capacity)
{
	uint64_t now_us = c->node->now_us;
	struct carrier k;

	link_carrier_begin(c->link, &k, buf, capacity, now_us);
	if (c->relay_first)
		relay_make(&c->relay, &k.frames, &k.carried, now_us);
	make_peers(c, &k.frames, &k.carried);
	relay_make(&c->relay, &k.frames, &k.carried, now_us);
	return link_carrier_end(c->link, &k, now_us);
}

static size_t make_plain(struct conn *c, uint8_t *buf, size_t capacity)
{
	uint64_t now_us = c->node->now_us;
	struct writer w = link_record_begin(c->link, buf, capacity, now_us);

	if (!c->finishing)
		make_record(c, &w);
	return link_record_end(c->link, &w, now_us);
}

static size_t make_one(struct conn *c, uint8_t *buf, size_t capacity)
{
	size_t size;

	if (link_state(c->link) != LINK_OPEN || !down_has(c))
		return 0;
	c->relay_first = !c->relay_first;  /* sessions and the relay queue take turns */
	size = carries(c) ? make_carrying(c, buf, capacity) : make_plain(c, buf, capacity);
	c->node->stats.records_out += size > 0;
	c->counts.records_out += size > 0;
	return size;
}

static size_t make_records(struct conn *c, uint8_t *buf, size_t capacity)
{
	size_t used = 0, size;

	while (capacity - used >= RECORD_FRAMES + RECORD_MIN) {
		size = make_one(c, buf + used, capacity - used);
		used += size;
		if (size == 0 && c->goodbye && link_state(c->link) != LINK_DEAD &&
		    !link_closing(c->link))
			link_close(c->link, CLOSE_GOODBYE);
		else if (size == 0)
			break;
	}
	return used;
}

size_t down_make(struct conn *c, uint8_t *buf, size_t capacity)
{
	leno_node *n = c->node;
	size_t used = link_make_handshake(c->link, buf, capacity, n->now_us);

	/* The dialler's LINKS go with its proof: one wake-up less of the peer. What comes behind
	 * them waits for the peer's own, so nothing is signed while the proof is held up. */
	used += make_records(c, buf + used, capacity - used);
	c->named = used > 0 && down_has(c);
	n->stats.bytes_out += used;
	c->counts.bytes_out += used;
	if (c->close_told && used == 0)
		conns_bury(c);
	else if (!c->finishing)
		conns_timer(c);
	return used;
}
