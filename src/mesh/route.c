/* route.c - who can be reached over which link, the tree of gossip, who came and went.
 *
 * Computed when the graph has changed and somebody asks, not at each input: while it is
 * large and changes fast, at most once in as many microseconds as a search visits edges,
 * which keeps searching to a few parts in a hundred of the time. What our own links do is
 * seen at once.
 *
 *  1. A node with a path is up. One that has lost it is up until its grace ends, unless
 *     it has said goodbye.
 *  2. What the user has been told and what is so are both kept; an event is the
 *     difference. So nothing queues, and what has passed before it was told is not told.
 *  3. mesh->digest is the sum over the nodes with a path. */
#include "mesh/state.h"

enum { WORK_FREE = 512 };  /* edges: graphs as small as this are searched at once */

void route_note(struct mesh *m, struct atlas_node *n)
{
	if (n->slot != 0 && list_empty(&n->change))
		list_append(&m->changes, &n->change);
}

static void went_down(struct mesh *m, struct atlas_node *n)
{
	n->up = false;
	n->down_us = NEVER;
	m->n_up--;
	route_note(m, n);
}

void route_expire(struct mesh *m)
{
	if (m->now_us < m->grace_due)
		return;
	route_update(m, true);
	m->grace_due = NEVER;
	for (uint32_t i = 1; i < m->n_slots; i++) {
		struct atlas_node *n = m->slots[i];

		if (!n || !n->up || n->link >= 0)
			continue;
		if (m->now_us >= n->down_us)
			went_down(m, n);
		else
			m->grace_due = least(m->grace_due, n->down_us);
	}
	mesh_wake_at(m, m->grace_due);
}

/* Its path is gone. Whatever the neighbours had of it, they may forget it now. */
static void lost(struct mesh *m, struct atlas_node *n)
{
	n->lost_us = m->now_us;
	for (int i = 0; i < m->links_end; i++)
		if (m->links[i])
			mark_clear(m->links[i], MARK_HAS, n->slot);
	if (node_gone(n)) {
		went_down(m, n);
		return;
	}
	n->down_us = m->now_us + ms_us(DOWN_GRACE_MS);
	m->grace_due = least(m->grace_due, n->down_us);
	mesh_wake_at(m, m->grace_due);
}

static void set_path(struct mesh *m, struct atlas_node *n, const struct route_state *s)
{
	int old = n->link;

	n->link = s ? s->first : -1;
	n->hops = s ? s->hops : 0;
	n->rtt_us = s ? s->rtt_us : 0;
	if (s) {
		m->digest[0] += n->digest[0];
		m->digest[1] += n->digest[1];
	}
	if (n->link == old)
		return;
	route_note(m, n);
	if (!s) {
		lost(m, n);
	} else if (old < 0) {
		n->had_path = true;
		n->found_us = m->now_us;
		n->down_us = NEVER;
		if (!n->up)
			m->n_up++;
		n->up = true;
		gossip_offer(m, n);
	}
}

/* A neighbour is reached over our link to it before its record says so; what lies behind
 * it is not: it could not answer yet. */
static void direct_paths(struct mesh *m)
{
	for (size_t i = 0; i < m->self.n_edges; i++) {
		const struct mesh_link *l = m->links[m->own.link_of[i]];
		struct route_state direct = { .first = l->number, .hops = 1, .rtt_us = l->rtt_us };
		struct route_state *s;

		if (m->self.edges[i].slot != NO_SLOT || l->slot == NO_SLOT ||
		    !m->slots[l->slot]->record)
			continue;
		direct.dist = (uint32_t)m->self.edges[i].cost + HOP_COST;
		s = &m->states[2 * l->slot];
		if (direct.dist < s[0].dist && direct.dist < s[1].dist)
			s[0] = direct;
	}
}

/* Its link told of a newer life than the record is of: that one is no path any more. */
static bool outlived(const struct mesh *m, const struct atlas_node *n)
{
	return n->own_link >= 0 &&
	       m->links[n->own_link]->peer.incarnation > n->stamp.incarnation;
}

static void update_paths(struct mesh *m)
{
	search_run(m, 0, false, true);
	direct_paths(m);
	m->digest[0] = m->digest[1] = 0;
	for (uint32_t i = 1; i < m->n_slots; i++) {
		struct atlas_node *n = m->slots[i];

		if (n)
			set_path(m, n, node_gone(n) || outlived(m, n) ? NULL : search_best(m, i));
	}
}

/* What an endpoint gets over a link that is not local goes on over local ones only. */
static void update_local_paths(struct mesh *m)
{
	bool any = false;

	for (size_t i = 0; i < m->self.n_edges; i++)
		any = any || m->self.edges[i].local;
	if (any)
		search_run(m, 0, true, true);
	for (uint32_t i = 1; i < m->n_slots; i++) {
		const struct route_state *s = any && m->slots[i] ? search_best(m, i) : NULL;

		if (m->slots[i])
			m->slots[i]->link_local = s ? s->first : -1;
	}
}

/* Endpoints come last, and observers behind them: as the root they would have to pass on what
 * they do not. */
static int root_rank(const struct mesh *m, const struct atlas_node *n)
{
	enum leno_role role = node_role(m, n);

	return role == LENO_OBSERVER ? 2 : role == LENO_ENDPOINT;
}

static bool better_root(const struct mesh *m, const struct atlas_node *a,
                        const struct atlas_node *b)
{
	int rank_a = root_rank(m, a), rank_b = root_rank(m, b);

	return rank_a != rank_b ? rank_a < rank_b
	                        : memcmp(a->id.bytes, b->id.bytes, sizeof a->id) < 0;
}

/* By which link the tree leads to each node: that of the child behind which it lies, or else
 * our parent's. Each node on the way up is labelled once. */
static void label_tree(struct mesh *m, uint32_t root, int parent_link)
{
	enum { UNLABELLED = -2 };

	for (uint32_t i = 0; i < m->n_slots; i++)
		if (m->slots[i])
			m->slots[i]->tree_link = UNLABELLED;
	m->self.tree_link = -1;
	if (root != 0)
		m->slots[root]->tree_link = parent_link;
	for (uint32_t i = 1; i < m->n_slots; i++) {
		const struct route_state *s = NULL;
		uint32_t at = i;
		int label;

		if (!m->slots[i])
			continue;
		while (m->slots[at]->tree_link == UNLABELLED && (s = search_best(m, at)) &&
		       s->parent / 2 != 0)
			at = s->parent / 2;
		label = m->slots[at]->tree_link != UNLABELLED ? m->slots[at]->tree_link
		      : s ? m->slots[at]->own_link : -1;
		for (at = i; m->slots[at]->tree_link == UNLABELLED;) {
			m->slots[at]->tree_link = label;
			s = search_best(m, at);
			if (!s || s->parent / 2 == 0)
				break;
			at = s->parent / 2;
		}
	}
}

/* The tree of gossip: shortest paths from the best root that can be reached, which all
 * nodes with the same atlas compute alike. A neighbour that is not in it hears all. */
static void update_tree(struct mesh *m)
{
	const struct atlas_node *root = &m->self;
	const struct route_state *self;
	uint32_t parent;

	for (uint32_t i = 1; i < m->n_slots; i++) {
		const struct atlas_node *n = m->slots[i];

		if (n && n->link >= 0 && better_root(m, n, root))
			root = n;
	}
	search_run(m, root->slot, false, false);
	self = search_best(m, 0);
	parent = self && root->slot != 0 ? self->parent / 2 : NO_SLOT;
	label_tree(m, root->slot, parent == NO_SLOT || parent == 0 ? -1 : m->slots[parent]->own_link);
	for (int i = 0; i < m->links_end; i++) {
		struct mesh_link *l = m->links[i];
		const struct route_state *s;

		if (!l || l->peer.role == LENO_VISITOR || mesh_is_visitor(m))
			continue;
		s = l->slot != NO_SLOT ? search_best(m, l->slot) : NULL;
		gossip_eager(m, l, !self || !s || l->slot == parent ||
		                   (l->slot != root->slot && s->parent / 2 == 0));
	}
}

/* The dead are forgotten when it costs nothing to look. */
static void forget(struct mesh *m)
{
	for (uint32_t i = m->n_slots; i-- > 1;) {
		struct atlas_node *n = m->slots[i];

		if (n && n->record && !n->up && !n->told_up && n->link < 0 && n->own_link < 0 &&
		    m->now_us - n->lost_us > ms_us(FORGET_MS))
			atlas_remove(m, n);
	}
}

void route_update(struct mesh *m, bool at_once)
{
	if (!m->dirty)
		return;
	if (!m->urgent && !at_once && m->now_us < m->routes_due) {
		mesh_wake_at(m, m->routes_due);
		return;
	}
	m->routes_work = 0;
	update_paths(m);
	if (m->setup.role == LENO_ENDPOINT)
		update_local_paths(m);
	update_tree(m);
	m->dirty = m->urgent = false;
	m->routes_us = m->now_us;
	m->routes_serial++;
	m->routes_due = m->now_us + (m->routes_work > WORK_FREE ? m->routes_work : 0);
	forget(m);
	m->dirty = false;
}
