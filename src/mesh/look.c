/* look.c - questions to the mesh: routes, nodes, edges. */
#include "mesh/mesh.h"

#include "mesh/state.h"

static int link_of(struct mesh *m, const leno_id *id)
{
	for (int i = 0; i < m->links_end; i++)
		if (m->links[i] && leno_id_same(&m->links[i]->peer.id, id))
			return i;
	return -1;
}

/* A visitor is in no atlas, but we know our own. */
int mesh_route(struct mesh *m, const leno_id *id)
{
	const struct atlas_node *n;

	route_update(m, false);
	n = atlas_find(m, id);
	return n ? n->link : link_of(m, id);
}

/* Does what came by this link go on over local links only? */
static bool local_only(const struct mesh *m, int from)
{
	return m->setup.role == LENO_ENDPOINT && from >= 0 && from < m->links_end &&
	       m->links[from] && !m->links[from]->peer.local;
}

static int if_local(const struct mesh *m, int link)
{
	return link >= 0 && m->links[link] && m->links[link]->peer.local ? link : -1;
}

int mesh_forward(struct mesh *m, const leno_id *id, int from)
{
	const struct atlas_node *n;

	route_update(m, false);
	if (m->setup.role == LENO_VISITOR)
		return -1;
	if (!local_only(m, from))
		return mesh_route(m, id);
	n = atlas_find(m, id);
	return if_local(m, n ? n->link_local : link_of(m, id));
}

int mesh_step(struct mesh *m, const leno_id *id, int from)
{
	const struct atlas_node *n = atlas_find(m, id);
	int link = n ? n->own_link : link_of(m, id);

	if (m->setup.role == LENO_VISITOR)
		return -1;
	return local_only(m, from) ? if_local(m, link) : link;
}

static void tell_node(const struct mesh *m, const struct atlas_node *n, struct mesh_node *ret)
{
	const struct mesh_record *r = n->record;
	const struct mesh_setup *s = &m->setup;

	*ret = (struct mesh_node){ .id = n->id, .incarnation = n->stamp.incarnation,
	                           .version = n->stamp.version, .up = n->up, .link = n->link,
	                           .hops = n->hops, .rtt_us = n->rtt_us, .tree_link = n->tree_link };
	if (n->lost_us > n->record_us && n->slot != 0)
		ret->stale_us = n->found_us;
	if (n->link >= 0 && m->links[n->link])
		ret->next = m->links[n->link]->peer.id;
	if (n->slot == 0) {
		ret->next = n->id;
		ret->keys = s->self->public;
		ret->role = s->role;
		ret->message_max = s->message_max;
		ret->name = s->name;
		ret->n_labels = s->n_labels;
		ret->labels = s->labels;
		ret->extensions = bytes_of(m->own.extensions, m->own.n_extensions);
		ret->n_links = (unsigned)m->self.n_edges;
	} else {
		ret->keys = r->keys;
		ret->pass = r->pass;
		ret->role = r->role;
		ret->message_max = r->message_max;
		ret->name = r->name;
		ret->n_labels = r->n_labels;
		ret->labels = r->labels;
		ret->extensions = r->extensions;
		ret->n_links = (unsigned)r->n_edges;
	}
}

bool mesh_get(struct mesh *m, const leno_id *id, struct mesh_node *ret)
{
	const struct atlas_node *n;

	route_update(m, false);
	n = atlas_find(m, id);
	if (!n || (n->slot != 0 && !n->record))
		return false;
	tell_node(m, n, ret);
	return true;
}

bool mesh_each(struct mesh *m, size_t *cursor, struct mesh_node *ret)
{
	if (*cursor == 0)
		route_update(m, false);
	while (*cursor < m->n_slots) {
		const struct atlas_node *n = m->slots[(*cursor)++];

		if (!n || !n->up)
			continue;
		tell_node(m, n, ret);
		return true;
	}
	return false;
}

/* The cursor counts slots in its upper part, edges of that slot's node in its lower. */
bool mesh_each_edge(struct mesh *m, size_t *cursor, leno_edge *ret)
{
	enum { PART = 2 * NEIGHBOURS_MAX };

	if (*cursor == 0)
		route_update(m, false);
	for (; *cursor / PART < m->n_slots; *cursor = (*cursor / PART + 1) * PART) {
		const struct atlas_node *n = m->slots[*cursor / PART];

		while (n && n->up && *cursor % PART < n->n_edges) {
			const struct atlas_edge *e = &n->edges[(*cursor)++ % PART];

			if (e->slot == NO_SLOT || !m->slots[e->slot]->up ||
			    memcmp(n->id.bytes, e->id.bytes, sizeof e->id) > 0)
				continue;
			*ret = (leno_edge){ .a = n->id, .b = e->id, .cost = e->weight };
			return true;
		}
	}
	return false;
}

size_t mesh_count(const struct mesh *m)
{
	return 1 + m->n_up;
}

bool mesh_synced(const struct mesh *m)
{
	for (int i = 0; i < m->links_end; i++)
		if (m->links[i] && m->links[i]->synced)
			return true;
	return false;
}

bool mesh_linked(const struct mesh *m, const leno_id *id)
{
	const struct atlas_node *n = atlas_find(m, id);

	if (n)
		return n->own_link >= 0;
	for (int i = 0; i < m->links_end; i++)
		if (m->links[i] && leno_id_same(&m->links[i]->peer.id, id))
			return true;
	return false;
}

uint64_t mesh_incarnation(const struct mesh *m)
{
	return m->own.stamp.incarnation;
}

uint64_t mesh_refused(const struct mesh *m)
{
	return m->refused;
}

bool mesh_pushes(const struct mesh *m, int link)
{
	return link >= 0 && link < m->links_end && m->links[link] && m->links[link]->eager;
}

uint64_t mesh_refused_revoked(const struct mesh *m)
{
	return m->refused_revoked;
}

uint64_t mesh_refused_expired(const struct mesh *m)
{
	return m->refused_expired;
}

bool mesh_pushes_blindly(const struct mesh *m, int link)
{
	const struct mesh_link *l;

	if (!mesh_pushes(m, link))
		return false;
	l = m->links[link];
	return l->slot == NO_SLOT || m->slots[l->slot]->tree_link != link;
}

uint64_t mesh_tree_serial(struct mesh *m)
{
	route_update(m, false);
	return m->routes_serial + m->extended_serial;
}

bool mesh_published(const struct mesh *m)
{
	return !m->own.extended;
}
