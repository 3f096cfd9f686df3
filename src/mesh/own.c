/* own.c - our own record: when it has changed, when it is published, when it is signed.
 *
 *   own_changed --pace--> seal --make_frames--> own_seal: a new version, signed, spread
 *
 *  1. Signed only when a frame is about to be made, so that changes of one moment share
 *     one version, and a change that has undone itself costs nothing.
 *  2. At most one version in PUBLISH_MS; the first change after that goes at once. A
 *     change that makes no difference to who can be reached waits REDUNDANT_MS, one of a
 *     round trip alone COST_MS. */
#include <assert.h>

#include "mesh/state.h"
#include "wire/certificate.h"
#include "wire/extensions.h"

void own_changed(struct mesh *m, uint32_t pace_ms)
{
	struct mesh_own *own = &m->own;

	if (mesh_is_visitor(m))
		return;
	own->dirty = true;
	own->due_us = least(own->due_us,
	                    own->stamp.version ? own->sealed_us + ms_us(pace_ms) : m->now_us);
	if (own->due_us > m->now_us) {
		mesh_wake_at(m, own->due_us);
		return;
	}
	own->seal = true;
	for (int i = 0; i < m->links_end; i++)
		if (m->links[i])
			gossip_wanting(m, m->links[i]);
}

static size_t list_neighbours(const struct mesh *m, struct node_neighbour *ret)
{
	if (m->own.gone)
		return 0;
	for (size_t i = 0; i < m->self.n_edges; i++) {
		const struct mesh_link *l = m->links[m->own.link_of[i]];

		ret[i] = (struct node_neighbour){ .id = l->peer.id, .cost = m->own.edges[i].cost,
		                                  .rtt_class = rtt_class(l->rtt_us),
		                                  .local = l->peer.local };
	}
	return m->self.n_edges;
}

/* Is what is signed still so? A round trip that has moved a little is. */
static bool unchanged(const struct mesh_own *own, const struct node_neighbour *now, size_t n)
{
	if (own->force || own->stamp.version == 0 || n != own->n_told)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!leno_id_same(&now[i].id, &own->told[i].id) ||
		    now[i].cost != own->told[i].cost || now[i].local != own->told[i].local ||
		    (own->told[i].rtt_class == 0 && now[i].rtt_class != 0))
			return false;
	return true;
}

void own_seal(struct mesh *m)
{
	struct mesh_own *own = &m->own;
	const struct mesh_setup *setup = &m->setup;
	struct node_neighbour neighbours[NEIGHBOURS_MAX];
	struct node_record n = { .role = setup->role, .goodbye = own->gone,
	                         .message_max = setup->message_max,
	                         .name = bytes_text(setup->name), .n_labels = setup->n_labels };
	struct writer w = writer_of(own->raw, sizeof own->raw);
	size_t n_neighbours = list_neighbours(m, neighbours);

	own->seal = own->dirty = false;
	own->due_us = NEVER;
	own->extended = false;
	if (unchanged(own, neighbours, n_neighbours))
		return;
	bytes_copy(own->told, neighbours, n_neighbours * sizeof *neighbours);
	own->n_told = n_neighbours;
	own->force = false;
	own->stamp.version++;
	own->sealed_us = m->now_us;
	n.stamp = own->stamp;
	memcpy(n.ed, setup->self->public.ed, sizeof n.ed);
	memcpy(n.x, setup->self->public.x, sizeof n.x);
	network_credential(setup->network, &setup->self->public, n.credential);
	for (size_t i = 0; i < setup->n_labels; i++)
		n.labels[i] = bytes_text(setup->labels[i]);
	if (setup->network->certificate.size > 0)
		extensions_set(own->extensions, &own->n_extensions, sizeof own->extensions,
		               EXTENSION_CERTIFICATE, setup->network->certificate);
	n.extensions = bytes_of(own->extensions, own->n_extensions);
	node_record_write(&w, &n, neighbours, n_neighbours);
	mesh_record_sign(&w, setup->self);
	assert(!w.full);        /* node_record.h has proved that it fits */
	own->raw_size = writer_size(&w);
	m->self.stamp = m->self.heard = own->stamp;
	gossip_spread(m, &m->self, NULL);
}

/* What else is said leaves room for the largest certificate. */
static size_t extensions_room(const struct mesh_own *own)
{
	struct bytes held;
	size_t taken = 0;

	if (extensions_find(bytes_of(own->extensions, own->n_extensions), EXTENSION_CERTIFICATE,
	                    &held))
		taken = 1 + varint_size(held.size) + held.size;
	return sizeof own->extensions - (EXTENSION_HEAD + CERTIFICATE_MAX - taken);
}

int mesh_extend(struct mesh *m, uint8_t kind, struct bytes value, uint64_t now_us)
{
	struct mesh_own *own = &m->own;
	struct bytes old = { NULL, 0 };
	bool had = extensions_find(bytes_of(own->extensions, own->n_extensions), kind, &old);

	m->now_us = now_us;
	if (had == (value.data != NULL) && bytes_same(old, value))
		return 0;
	if (!extensions_set(own->extensions, &own->n_extensions, extensions_room(own), kind, value))
		return LENO_LIMIT;
	own->force = own->extended = true;
	m->extended_serial++;
	own_changed(m, kind >= EXTENSION_GROUPS ? PUBLISH_MS : REDUNDANT_MS);
	return 0;
}

/* A round trip was measured. A link that is local, or new, costs the least there is. */
void own_rtt(struct mesh *m, struct mesh_link *l)
{
	unsigned step = l->peer.local ? 0 : cost_step(l->rtt_us);
	unsigned by = step > l->step ? step - l->step : l->step - step;

	l->cost_due = NEVER;
	if (l->peer.role == LENO_VISITOR || mesh_is_visitor(m))
		return;
	if (by >= COST_STEPS && l->cost_us && m->now_us - l->cost_us < ms_us(COST_MS)) {
		l->cost_due = l->cost_us + ms_us(COST_MS);
		mesh_wake_at(m, l->cost_due);
	} else if (by >= COST_STEPS) {
		l->step = step;
		l->cost_us = m->now_us ? m->now_us : 1;
		atlas_set_own_edges(m);
		own_changed(m, REDUNDANT_MS);
	}
	if (!l->hinted && l->rtt_us > 0) {
		l->hinted = true;
		own_changed(m, COST_MS);
	}
}

/* A record of our own identity. Only what our key has signed counts, and only when it is
 * newer than ours: a life with another clock, a copy of us, or what we have forgotten. */
int own_met(struct mesh *m, struct mesh_link *from, const struct node_record *n)
{
	struct mesh_own *own = &m->own;
	struct pass pass;
	int error;

	mark_clear(from, MARK_WANT, 0);
	if (node_stamp_order(n->stamp, own->stamp) <= 0 || mesh_is_visitor(m))
		return 0;
	error = mesh_record_admitted(n, m->setup.network, &pass);
	if (error)
		return error == LENO_PROTOCOL ? error : 0;
	if (!mesh_record_signed(n))
		return LENO_PROTOCOL;
	if (n->stamp.incarnation == own->stamp.incarnation) {
		if (++own->jumps > JUMPS_MAX || n->stamp.version == UINT32_MAX)
			return LENO_DUPLICATE;
		own->stamp.version = n->stamp.version;
	} else {
		if (own->bumped || n->stamp.incarnation == INCARNATION_MAX)
			return LENO_DUPLICATE;
		own->bumped = true;
		own->stamp = (struct node_stamp){ n->stamp.incarnation + 1, 0 };
	}
	m->self.stamp = m->self.heard = own->stamp;
	gossip_got(m, &m->self);
	own->force = true;
	own_changed(m, PUBLISH_MS);
	return 0;
}
