/* mesh.c - the public functions; see mesh.h, and state.h for who does what. */
#include "mesh/mesh.h"

#include <assert.h>

#include "base/mem.h"
#include "mesh/state.h"

enum { LINKS_ROOM_MIN = 16 };
static_assert(LINKS_MAX % 64 == 0, "whole words of bits");

struct mesh *mesh_new(const struct mesh_setup *setup, uint64_t now_us)
{
	struct mesh *m = mem_take(sizeof *m);

	if (!m)
		return NULL;
	memset(m, 0, offsetof(struct mesh, own.raw));
	assert(setup->n_labels <= LABELS_MAX);
	m->setup = *setup;
	if (!m->setup.name)
		m->setup.name = "";
	if (m->setup.nodes_max < 1 || m->setup.nodes_max > NODES_LIMIT)
		m->setup.nodes_max = m->setup.nodes_max ? NODES_LIMIT : 1;
	m->now_us = now_us;
	m->deadline_us = m->grace_due = m->ask_due = m->own.due_us = NEVER;
	list_init(&m->changes);
	m->own.stamp.incarnation = setup->incarnation;
	m->own.dirty = m->own.seal = !mesh_is_visitor(m);
	if (atlas_init(m))
		return mesh_free(m);
	m->self.stamp = m->self.heard = m->own.stamp;
	return m;
}

struct mesh *mesh_free(struct mesh *m)
{
	if (!m)
		return NULL;
	for (int i = 0; i < m->links_end; i++) {
		if (m->links[i])
			mem_free(m->links[i]->marks);
		mem_free(m->links[i]);
	}
	mem_free(m->links);
	atlas_clear(m);
	return mem_free(m);
}

static struct mesh_link *link_at(const struct mesh *m, int link)
{
	return link >= 0 && link < m->links_end ? m->links[link] : NULL;
}

static struct mesh_link *link_to(const struct mesh *m, const leno_id *id)
{
	const struct atlas_node *n = atlas_find(m, id);

	if (n)
		return n->own_link >= 0 ? m->links[n->own_link] : NULL;
	for (int i = 0; i < m->links_end; i++)
		if (m->links[i] && leno_id_same(&m->links[i]->peer.id, id))
			return m->links[i];
	return NULL;
}

static struct mesh_link *link_new(struct mesh *m, const struct mesh_neighbour *peer, int number)
{
	struct mesh_link *l = mem_new(sizeof *l);

	if (!l)
		return NULL;
	if (marks_grow(l, m->slots_room / 64)) {
		mem_free(l);
		return NULL;
	}
	l->peer = *peer;
	l->number = number;
	l->slot = NO_SLOT;
	l->announce_due = l->want_due = l->cost_due = l->synced_us = NEVER;
	l->root_due = peer->role != LENO_VISITOR;
	return l;
}

static int links_grow(struct mesh *m, int link)
{
	int room = m->links_room ? 2 * m->links_room : LINKS_ROOM_MIN;
	struct mesh_link **grown;

	while (room <= link)
		room *= 2;
	grown = mem_grow(m->links, (size_t)m->links_room * sizeof *grown,
	                 (size_t)room * sizeof *grown);
	if (!grown)
		return LENO_MEMORY;
	m->links = grown;
	m->links_room = room;
	return 0;
}

int mesh_link_up(struct mesh *m, int link, const struct mesh_neighbour *peer, uint64_t now_us)
{
	bool counts = peer->role != LENO_VISITOR && !mesh_is_visitor(m);
	struct atlas_node *n = atlas_find(m, &peer->id);
	struct mesh_link *l;

	m->now_us = now_us;
	if (link < 0 || link >= LINKS_MAX || link_at(m, link) || link_to(m, &peer->id) ||
	    (n && n->slot == 0))
		return LENO_ARGUMENT;
	if (counts && m->n_listed >= NEIGHBOURS_MAX)
		return LENO_LIMIT;
	if (link >= m->links_room && links_grow(m, link))
		return LENO_MEMORY;
	l = link_new(m, peer, link);
	if (!l)
		return LENO_MEMORY;
	m->links[link] = l;
	if (link >= m->links_end)
		m->links_end = link + 1;
	if (n) {
		l->slot = n->slot;
		n->own_link = link;
	}
	l->eager = !counts || !n || n->link < 0;
	m->dirty = m->urgent = true;
	if (!mesh_is_visitor(m))
		mark_set(l, MARK_PUSH, 0);
	gossip_wanting(m, l);
	if (!counts)
		return 0;
	m->n_listed++;
	atlas_set_own_edges(m);
	own_changed(m, l->eager ? PUBLISH_MS : REDUNDANT_MS);
	return 0;
}

void mesh_link_goodbye(struct mesh *m, int link)
{
	struct mesh_link *l = link_at(m, link);

	if (l && l->slot != NO_SLOT)
		m->slots[l->slot]->left_incarnation = l->peer.incarnation;
}

void mesh_link_down(struct mesh *m, int link, uint64_t now_us)
{
	struct mesh_link *l = link_at(m, link);

	m->now_us = now_us;
	if (!l)
		return;
	gossip_link_down(m, l);
	if (l->slot != NO_SLOT)
		m->slots[l->slot]->own_link = -1;
	m->links[link] = NULL;
	m->wanting[link / 64] &= ~(UINT64_C(1) << link % 64);
	while (m->links_end > 0 && !m->links[m->links_end - 1])
		m->links_end--;
	if (l->peer.role != LENO_VISITOR && !mesh_is_visitor(m)) {
		m->n_listed--;
		atlas_set_own_edges(m);
		own_changed(m, PUBLISH_MS);
	}
	m->dirty = m->urgent = true;
	mem_free(l->marks);
	mem_free(l);
}

void mesh_link_rtt(struct mesh *m, int link, uint32_t rtt_us, uint64_t now_us)
{
	struct mesh_link *l = link_at(m, link);

	m->now_us = now_us;
	if (!l)
		return;
	l->rtt_us = rtt_us;
	own_rtt(m, l);
}

void mesh_goodbye(struct mesh *m, uint64_t now_us)
{
	m->now_us = now_us;
	if (m->own.gone || mesh_is_visitor(m))
		return;
	m->own.gone = m->own.force = true;
	own_changed(m, 0);
}

int mesh_take(struct mesh *m, int link, const struct frame *f, uint64_t now_us)
{
	struct mesh_link *l = link_at(m, link);

	m->now_us = now_us;
	return l ? take_frame(m, l, f) : LENO_ARGUMENT;
}

bool mesh_wants(const struct mesh *m, int link)
{
	const struct mesh_link *l = link_at(m, link);

	return l && make_wants(m, l);
}

bool mesh_make(struct mesh *m, int link, struct writer *w, uint64_t now_us)
{
	struct mesh_link *l = link_at(m, link);

	m->now_us = now_us;
	return l && make_frames(m, l, w);
}

/* ---- time ------------------------------------------------------------------------ */

uint64_t mesh_deadline(const struct mesh *m)
{
	return m->deadline_us;
}

static void link_tick(struct mesh *m, struct mesh_link *l)
{
	if (m->now_us >= l->announce_due) {
		l->announce_due = NEVER;
		l->announce_now = true;
		gossip_wanting(m, l);
	}
	if (m->now_us >= l->want_due) {
		l->want_due = NEVER;
		l->want_now = true;
		gossip_wanting(m, l);
	}
	if (m->now_us >= l->cost_due)
		own_rtt(m, l);
	if (m->now_us >= l->synced_us) {
		l->synced_us = NEVER;
		l->synced_due = true;
		gossip_wanting(m, l);
	}
	mesh_wake_at(m, least(least(l->announce_due, l->want_due),
	                      least(l->cost_due, l->synced_us)));
}

void mesh_tick(struct mesh *m, uint64_t now_us)
{
	m->now_us = now_us;
	if (now_us < m->deadline_us)
		return;
	m->deadline_us = NEVER;
	if (m->own.dirty && !m->own.seal && m->own.due_us != NEVER) {
		if (now_us >= m->own.due_us)
			own_changed(m, 0);
		else
			mesh_wake_at(m, m->own.due_us);
	}
	for (int i = 0; i < m->links_end; i++)
		if (m->links[i])
			link_tick(m, m->links[i]);
	gossip_expire(m);
	route_expire(m);
	route_update(m, false);
	mesh_wake_at(m, least(m->ask_due, m->grace_due));
}

uint64_t mesh_rejudge(struct mesh *m, int (*judge)(void *arg, const struct pass *), void *arg)
{
	uint64_t soonest_ms = NEVER;

	for (uint32_t i = 1; i < m->n_slots; i++) {
		struct atlas_node *n = m->slots[i];

		if (!n || !n->record || n->shut)
			continue;
		if (judge(arg, &n->record->pass))
			atlas_shut(m, n);
		else if (n->record->pass.expires_ms)
			soonest_ms = least(soonest_ms, n->record->pass.expires_ms);
	}
	return soonest_ms;
}

/* ---- what happened ------------------------------------------------------------------ */

/* The difference between what the user believes of a node and what is so, a step at a
 * time; false when there is none. */
static bool next_change(struct atlas_node *n, struct mesh_event *ret)
{
	bool renewed = n->told_incarnation && n->told_incarnation != n->stamp.incarnation;

	*ret = (struct mesh_event){ .id = n->id };
	if (n->told_up && !n->up) {
		ret->kind = MESH_DOWN;
		ret->why = n->shut ? LENO_WHY_REFUSED : node_gone(n) || (n->left_incarnation &&
		                           n->left_incarnation >= n->stamp.incarnation)
		         ? LENO_WHY_GOODBYE : LENO_WHY_UNREACHABLE;
		n->told_up = false;
		n->told_link = -1;
	} else if (renewed && n->link >= 0) {
		ret->kind = MESH_RENEWED;
		ret->was_up = n->told_up;
		n->told_incarnation = n->stamp.incarnation;
	} else if (!n->told_up && n->up && n->link >= 0) {
		ret->kind = MESH_UP;
		n->told_up = true;
		n->told_link = n->link;
		n->told_incarnation = n->stamp.incarnation;
	} else if (n->told_up && n->told_link != n->link) {
		ret->kind = MESH_ROUTE;
		n->told_link = n->link;
	} else if (n->told_up && n->extended) {
		ret->kind = MESH_EXTENDED;
	} else {
		return false;
	}
	if (ret->kind != MESH_DOWN && ret->kind != MESH_ROUTE)
		n->extended = false;           /* whoever hears of it looks at all of it */
	return true;
}

bool mesh_next_event(struct mesh *m, struct mesh_event *ret)
{
	route_update(m, false);
	while (!list_empty(&m->changes)) {
		struct atlas_node *n = list_item(m->changes.next, struct atlas_node, change);

		if (next_change(n, ret))
			return true;
		list_remove(&n->change);
	}
	return false;
}

int mesh_next_wanting(struct mesh *m)
{
	for (int word = 0; word * 64 < m->links_end; word++) {
		while (m->wanting[word]) {
			int link = word * 64 + __builtin_ctzll(m->wanting[word]);

			m->wanting[word] &= m->wanting[word] - 1;
			if (mesh_wants(m, link))
				return link;
		}
	}
	return -1;
}
