/* search.c - shortest paths over the links that both ends list (Dijkstra, with a binary
 * heap that knows where its entries are).
 *
 * A path costs the sum of its links' weights and HOP_COST a link. The result does not
 * depend on slots or on the order of insertion: of equal paths the one whose last relay
 * has the lowest id is taken. For our own routes a path that begins with the link in use
 * comes before that, so that among equals nothing moves (sticky). Nothing but a best path
 * is ever taken: each relay is nearer than the one before, on its own map as on ours, so
 * that no loop can last (docs/decisions/0002-one-tree-that-every-node-computes.md).
 *
 * A state is a node and a bit. The bit is set for an endpoint that is reached from
 * outside its machine: what comes in so goes on over local links only, and stays in.
 * Through observers no path leads. */
#include <assert.h>

#include "mesh/state.h"

static bool endpoint(const struct mesh *m, uint32_t slot)
{
	return node_role(m, m->slots[slot]) == LENO_ENDPOINT;
}

static void place(struct mesh *m, size_t at, uint32_t state)
{
	m->heap[at] = state;
	m->states[state].heap_at = (uint32_t)at + 1;
}

static void rise(struct mesh *m, size_t at)
{
	uint32_t state = m->heap[at];

	while (at > 0 && m->states[m->heap[(at - 1) / 2]].dist > m->states[state].dist) {
		place(m, at, m->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(m, at, state);
}

static uint32_t pop(struct mesh *m)
{
	uint32_t top = m->heap[0], last = m->heap[--m->n_heap];
	size_t at = 0;

	m->states[top].heap_at = 0;
	if (m->n_heap == 0)
		return top;
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < m->n_heap &&
		    m->states[m->heap[child + 1]].dist < m->states[m->heap[child]].dist)
			child++;
		if (child >= m->n_heap || m->states[m->heap[child]].dist >= m->states[last].dist)
			break;
		place(m, at, m->heap[child]);
		at = child;
	}
	place(m, at, last);
	return top;
}

static bool preferred(const struct mesh *m, uint32_t slot, const struct route_state *now,
                      const struct route_state *offer, bool sticky)
{
	int used = m->slots[slot]->link;

	if (offer->dist != now->dist)
		return offer->dist < now->dist;
	if (sticky && (offer->first == used) != (now->first == used))
		return offer->first == used;
	return memcmp(m->slots[offer->parent / 2]->id.bytes, m->slots[now->parent / 2]->id.bytes,
	              sizeof(leno_id)) < 0;
}

static void relax(struct mesh *m, uint32_t state, const struct route_state *offer, bool sticky)
{
	struct route_state *s = &m->states[state];
	bool fresh = s->dist == (uint32_t)NEVER_REACHED;
	uint32_t heap_at = s->heap_at;

	if (!fresh && !preferred(m, state / 2, s, offer, sticky))
		return;
	*s = *offer;
	s->heap_at = heap_at;
	if (fresh)
		place(m, m->n_heap++, state);
	if (s->heap_at > 0)
		rise(m, s->heap_at - 1);
}

/* What it costs to go on to a node over a link of this weight. */
static uint32_t step_cost(const struct mesh *m, uint32_t slot, uint16_t weight)
{
	return HOP_COST + (m->by_hops ? 0u : weight) + m->slots[slot]->strikes * STRIKE_COST;
}

/* Observers pass nothing on, but for the visitors of their own machine: one of them may be us. */
static bool passes_on(const struct mesh *m, const struct atlas_node *n, uint32_t source)
{
	if (n->slot == source || node_role(m, n) != LENO_OBSERVER)
		return true;
	return mesh_is_visitor(m) && source == 0 && n->own_link >= 0 &&
	       m->links[n->own_link]->peer.local;
}

/* Goes on from one state over all links that may be used from it. */
static void expand(struct mesh *m, uint32_t from, uint32_t source, bool sticky)
{
	const struct atlas_node *n = m->slots[from / 2];
	const struct route_state s = m->states[from];
	bool own = from / 2 == 0, inbound = from % 2;

	if (s.hops >= HOPS_MAX || !passes_on(m, n, source))
		return;
	for (size_t i = 0; i < n->n_edges; i++) {
		const struct atlas_edge *e = &n->edges[i];
		struct route_state offer = s;
		uint32_t hop_us;

		m->routes_work++;
		if (e->slot == NO_SLOT || e->slot == source || (inbound && !e->local))
			continue;
		hop_us = own ? m->links[m->own.link_of[i]]->rtt_us : rtt_of_class(e->rtt_class);
		offer.dist += step_cost(m, e->slot, e->weight);
		offer.parent = from;
		/* one unknown part makes the whole unknown */
		offer.rtt_us = hop_us && (s.rtt_us || from / 2 == source) ? s.rtt_us + hop_us : 0;
		if (offer.rtt_us < s.rtt_us)
			offer.rtt_us = 0;
		offer.hops++;
		if (from / 2 == source)
			offer.first = own ? m->own.link_of[i] : -1;
		relax(m, 2 * e->slot + (endpoint(m, e->slot) && (inbound || !e->far_local)), &offer,
		      sticky);
	}
}

/* Nobody lists a visitor, but its own links lead out. */
static void expand_visitor(struct mesh *m, bool sticky)
{
	for (int i = 0; i < m->links_end; i++) {
		const struct mesh_link *l = m->links[i];
		struct route_state offer = { .first = i, .hops = 1 };

		if (!l || l->slot == NO_SLOT || !m->slots[l->slot]->record)
			continue;
		offer.dist = step_cost(m, l->slot, cost_of_step(l->step));
		offer.rtt_us = l->rtt_us;
		relax(m, 2 * l->slot + (endpoint(m, l->slot) && !l->peer.local), &offer, sticky);
	}
}

void search_run(struct mesh *m, uint32_t source, bool local_only, bool sticky)
{
	for (uint32_t i = 0; i < 2 * m->n_slots; i++)
		m->states[i] = (struct route_state){ .dist = (uint32_t)NEVER_REACHED, .first = -1 };
	m->n_heap = 0;
	m->states[2 * source + local_only].dist = 0;
	place(m, m->n_heap++, 2 * source + local_only);
	if (source == 0 && mesh_is_visitor(m))
		expand_visitor(m, sticky);
	while (m->n_heap > 0)
		expand(m, pop(m), source, sticky);
}

const struct route_state *search_best(const struct mesh *m, uint32_t slot)
{
	const struct route_state *two = &m->states[2 * slot];

	if (two[1].dist < two[0].dist)
		two++;
	return two->dist == (uint32_t)NEVER_REACHED ? NULL : two;
}
