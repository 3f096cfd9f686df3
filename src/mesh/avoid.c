/* avoid.c - ways between two nodes around relays that are suspected.
 *
 * Each time that a relay is suspected it has a strike, and a strike costs more than any path
 * without one. So a clean way is taken where there is one, and else the way that has been
 * suspected least: whoever suspects wrongly, since it cannot know which relay of a path did
 * it, comes back to each in turn. Both ends search the same atlas for the same suspects, and
 * find the same way. */
#include "mesh/state.h"

static void set_strikes(struct mesh *m, const struct mesh_suspect *s, size_t n, bool on)
{
	for (size_t i = 0; i < n; i++) {
		struct atlas_node *node = atlas_find(m, &s[i].id);

		if (node)
			node->strikes = on ? s[i].strikes : 0;
	}
}

/* From the goal back to the source. False when an endpoint is on it twice, out of its machine
 * and in again, which no route can say. */
static bool read_way(const struct mesh *m, uint32_t source, uint32_t goal, struct mesh_way *ret)
{
	const struct route_state *s = search_best(m, goal);
	struct mesh_way way = { .n = s->hops - 1u };

	for (size_t at = way.n; at-- > 0;) {
		const struct atlas_node *relay = m->slots[s->parent / 2];
		size_t kept = way.n < ROUTE_MAX ? way.n : ROUTE_MAX, from_end = way.n - 1 - at;

		s = &m->states[s->parent];
		way.strikes += relay->strikes;
		if (relay->slot == source || relay->slot == goal)
			return false;
		for (size_t i = 0; i < from_end && i < kept; i++)
			if (leno_id_same(&way.relays[kept - 1 - i], &relay->id))
				return false;
		if (from_end < kept)
			way.relays[kept - 1 - from_end] = relay->id;
	}
	*ret = way;
	return true;
}

static bool search(struct mesh *m, uint32_t source, uint32_t goal, bool by_hops,
                   struct mesh_way *ret)
{
	m->by_hops = by_hops;
	search_run(m, source, false, source == 0);
	m->by_hops = false;
	return search_best(m, goal) && read_way(m, source, goal, ret);
}

bool mesh_way(struct mesh *m, const leno_id *from, const leno_id *to,
              const struct mesh_suspect *suspects, size_t n, struct mesh_way *ret)
{
	const struct atlas_node *source, *goal;
	struct mesh_way way = { 0 }, shorter;
	bool found;

	assert(n <= MESH_SUSPECTS_MAX);
	route_update(m, false);
	source = atlas_find(m, from);
	goal = atlas_find(m, to);
	if (!source || !goal)
		return false;
	if (source != goal) {
		set_strikes(m, suspects, n, true);
		found = search(m, source->slot, goal->slot, false, &way);
		if (found && way.n > ROUTE_MAX &&
		    search(m, source->slot, goal->slot, true, &shorter))
			way = shorter;
		set_strikes(m, suspects, n, false);
		if (!found)
			return false;
	}
	*ret = way;
	return true;
}

static bool joined(const struct mesh *m, const leno_id *a, const leno_id *b)
{
	const struct atlas_node *n = atlas_find(m, a);
	const struct atlas_edge *e = n ? atlas_edge_to(n, b) : NULL;

	return e && e->slot != NO_SLOT;
}

bool mesh_way_stands(const struct mesh *m, const struct mesh_way *way, const leno_id *to)
{
	if (!mesh_linked(m, way->n > 0 ? &way->relays[0] : to))
		return false;
	for (size_t i = 0; i < way->n; i++)
		if (!joined(m, &way->relays[i], i + 1 < way->n ? &way->relays[i + 1] : to))
			return false;
	return true;
}

uint64_t mesh_routes_serial(const struct mesh *m)
{
	return m->routes_serial;
}

bool mesh_spares(struct mesh *m, int link)
{
	struct atlas_edge *e = link >= 0 && link < m->links_end && m->links[link]
	                     ? atlas_edge_to(&m->self, &m->links[link]->peer.id) : NULL;
	uint32_t slot = e ? e->slot : NO_SLOT;

	if (slot == NO_SLOT)
		return false;
	e->slot = NO_SLOT;
	search_run(m, 0, false, false);
	e->slot = slot;
	return search_best(m, slot) != NULL;
}
