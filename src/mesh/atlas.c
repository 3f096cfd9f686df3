/* atlas.c - the nodes that we know, by id and by slot, and which links both ends list.
 *
 *  1. A node is in by_id, and in slots[its slot], from atlas_add() to atlas_remove().
 *  2. Of two nodes that list each other, each edge names the other's slot; any other edge
 *     names NO_SLOT. Kept when records come and go, so that a search looks nothing up.
 *  3. All links have marks, and the search has states, for all slots_room slots.
 *  4. A member that may still be reached is never removed for a newcomer. Those that no path
 *     ever led to may have been made up by whoever told of them: when there is no room they
 *     go at once, the oldest of the link that has brought most of them. */
#include <assert.h>

#include "base/mem.h"
#include "mesh/state.h"

enum { ROOM_MIN = 64 };

static void node_init(struct atlas_node *n, const leno_id *id, uint64_t now_us)
{
	n->id = *id;
	n->own_link = n->asked_link = n->link = n->link_local = n->told_link = n->brought_by = -1;
	n->down_us = NEVER;
	n->lost_us = now_us;
	list_init(&n->change);
}

/* Makes room for one more slot, everywhere. When memory is out midway, what has grown
 * stays grown: nobody minds. */
static int slots_grow(struct mesh *m)
{
	uint32_t old = m->slots_room, room = old ? 2 * old : ROOM_MIN;
	void *grown;

	for (int i = 0; i < m->links_end; i++)
		if (m->links[i] && marks_grow(m->links[i], room / 64))
			return LENO_MEMORY;
	grown = mem_grow(m->states, 2 * old * sizeof *m->states, 2 * room * sizeof *m->states);
	if (!grown)
		return LENO_MEMORY;
	m->states = grown;
	grown = mem_grow(m->heap, 2 * old * sizeof *m->heap, 2 * room * sizeof *m->heap);
	if (!grown)
		return LENO_MEMORY;
	m->heap = grown;
	grown = mem_grow(m->slots, old * sizeof *m->slots, room * sizeof *m->slots);
	if (!grown)
		return LENO_MEMORY;
	m->slots = grown;
	m->slots_room = room;
	return 0;
}

int atlas_init(struct mesh *m)
{
	uint8_t seed[16];

	random_bytes(m->setup.random, seed, sizeof seed);
	map_init(&m->by_id, offsetof(struct atlas_node, id), sizeof(leno_id), m->setup.nodes_max,
	         seed);
	node_init(&m->self, &m->setup.self->id, m->now_us);
	m->self.up = m->self.told_up = true;
	m->self.edges = m->own.edges;
	if (slots_grow(m))
		return LENO_MEMORY;
	m->slots[0] = &m->self;
	m->n_slots = 1;
	return 0;
}

void atlas_clear(struct mesh *m)
{
	for (uint32_t i = 1; i < m->n_slots; i++) {
		if (m->slots[i])
			mem_free(m->slots[i]->record);
		mem_free(m->slots[i]);
	}
	map_clear(&m->by_id);
	m->slots = mem_free(m->slots);
	m->states = mem_free(m->states);
	m->heap = mem_free(m->heap);
}

struct atlas_node *atlas_find(const struct mesh *m, const leno_id *id)
{
	if (memcmp(id->bytes, m->self.id.bytes, sizeof id->bytes) == 0)
		return m->slots[0];
	return map_get(&m->by_id, id);
}

static bool pathless(const struct atlas_node *n)
{
	return n && n->link < 0 && !n->up && !n->told_up && n->own_link < 0;
}

/* Which link has brought most of those that no path ever led to; -1 stands for those that
 * are gone. */
static int most_inventive(const struct mesh *m)
{
	uint32_t counts[1 + LINKS_MAX] = { 0 };
	int most = 0;

	for (uint32_t i = 1; i < m->n_slots; i++) {
		const struct atlas_node *n = m->slots[i];
		uint32_t *count;

		if (!pathless(n) || n->had_path)
			continue;
		count = &counts[1 + n->brought_by];
		(*count)++;
		if (*count > counts[most])
			most = 1 + n->brought_by;
	}
	return most - 1;
}

/* One that can go so that a newcomer may come: long without a path, or never on one. */
static struct atlas_node *find_victim(struct mesh *m)
{
	struct atlas_node *dead = NULL, *invented = NULL;
	int link = most_inventive(m);

	for (uint32_t i = 1; i < m->n_slots; i++) {
		struct atlas_node *n = m->slots[i];

		if (!pathless(n))
			continue;
		if (!n->had_path && n->brought_by == link &&
		    (!invented || n->lost_us < invented->lost_us))
			invented = n;
		if (n->had_path && m->now_us - n->lost_us > ms_us(FORGET_MS) &&
		    (!dead || n->lost_us < dead->lost_us))
			dead = n;
	}
	return dead ? dead : invented;
}

/* Whoever was asked for it need not be waited for any more. */
static void give_way(struct mesh *m, struct atlas_node *n)
{
	m->refused += n->record && !n->had_path;
	atlas_remove(m, n);
	for (int i = 0; i < m->links_end; i++)
		if (m->links[i])
			gossip_settle(m->links[i]);
}

static bool full(const struct mesh *m)
{
	return m->by_id.count + 1 >= m->setup.nodes_max;
}

bool atlas_has_room(struct mesh *m)
{
	return !full(m) || find_victim(m);
}

int atlas_add(struct mesh *m, const leno_id *id, const struct mesh_link *from,
              struct atlas_node **ret)
{
	uint32_t slot = 1;
	struct atlas_node *n;

	if (full(m)) {
		struct atlas_node *victim = find_victim(m);

		if (!victim)
			return LENO_LIMIT;
		give_way(m, victim);
	}
	while (slot < m->n_slots && m->slots[slot])
		slot++;
	if (slot == m->slots_room && slots_grow(m))
		return LENO_MEMORY;
	n = mem_new(sizeof *n);
	if (!n)
		return LENO_MEMORY;
	node_init(n, id, m->now_us);
	n->slot = slot;
	n->brought_by = from->number;
	if (map_put(&m->by_id, n)) {
		mem_free(n);
		return LENO_MEMORY;
	}
	m->slots[slot] = n;
	if (slot == m->n_slots)
		m->n_slots++;
	for (int i = 0; i < m->links_end; i++) {
		if (!m->links[i] || !leno_id_same(&m->links[i]->peer.id, id))
			continue;
		m->links[i]->slot = slot;
		n->own_link = i;
	}
	*ret = n;
	return 0;
}

struct atlas_edge *atlas_edge_to(const struct atlas_node *n, const leno_id *id)
{
	size_t low = 0, high = n->n_edges;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = memcmp(n->edges[middle].id.bytes, id->bytes, sizeof id->bytes);

		if (order == 0)
			return &n->edges[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool unresolve(struct mesh *m, struct atlas_node *n)
{
	bool any = false;

	for (size_t i = 0; i < n->n_edges; i++) {
		struct atlas_edge *e = &n->edges[i], *back;

		if (e->slot == NO_SLOT)
			continue;
		back = atlas_edge_to(m->slots[e->slot], &n->id);
		assert(back && back->slot == n->slot);
		back->slot = e->slot = NO_SLOT;
		any = true;
	}
	return any;
}

/* Both ends pay the higher of their two costs, so that all paths are as long backwards. */
static bool resolve(struct mesh *m, struct atlas_node *n)
{
	bool any = false;

	for (size_t i = 0; i < n->n_edges; i++) {
		struct atlas_edge *e = &n->edges[i], *back;
		struct atlas_node *far = atlas_find(m, &e->id);

		back = far ? atlas_edge_to(far, &n->id) : NULL;
		if (!back || far == n)
			continue;
		e->slot = far->slot;
		back->slot = n->slot;
		e->weight = back->weight = e->cost > back->cost ? e->cost : back->cost;
		e->far_local = back->local;
		back->far_local = e->local;
		any = true;
	}
	return any;
}

void atlas_remove(struct mesh *m, struct atlas_node *n)
{
	if (unresolve(m, n))
		m->dirty = true;
	gossip_forget(m, n->slot);
	if (n->asked_link >= 0)
		m->links[n->asked_link]->asked--;
	if (n->own_link >= 0)
		m->links[n->own_link]->slot = NO_SLOT;
	if (n->up)
		m->n_up--;
	list_remove(&n->change);
	map_remove(&m->by_id, &n->id);
	m->slots[n->slot] = NULL;
	while (!m->slots[m->n_slots - 1])
		m->n_slots--;
	mem_free(n->record);
	mem_free(n);
}

void atlas_drop_heard(struct mesh *m, struct atlas_node *n)
{
	if (n->slot == 0 || n->record || n->asked_link >= 0)
		return;
	for (int i = 0; i < m->links_end; i++)
		if (m->links[i] && mark_has(m->links[i], MARK_WANT, n->slot))
			return;
	atlas_remove(m, n);
}

/* It is kept, so that what is told of it is known for what it is; but it has no links, no path
 * leads there, and nobody is told of it. */
void atlas_shut(struct mesh *m, struct atlas_node *n)
{
	unresolve(m, n);
	n->n_edges = 0;
	n->shut = true;
	gossip_forget(m, n->slot);
	m->dirty = m->urgent = true;
}

static bool same_edges(const struct atlas_node *n, const struct mesh_record *r)
{
	if (n->n_edges != r->n_edges)
		return false;
	for (size_t i = 0; i < r->n_edges; i++) {
		const struct atlas_edge *a = &n->edges[i], *b = &r->edges[i];

		if (!leno_id_same(&a->id, &b->id) || a->cost != b->cost ||
		    a->local != b->local || a->rtt_class != b->rtt_class)
			return false;
	}
	return true;
}

static void compute_digest(struct atlas_node *n)
{
	uint8_t buf[28], hash[16];
	struct writer w = writer_of(buf, sizeof buf);
	struct bytes part;

	write_id(&w, &n->id);
	write_u64(&w, n->stamp.incarnation);
	write_u32(&w, n->stamp.version);
	part = writer_bytes(&w);
	crypto_hash(hash, sizeof hash, bytes_of(NULL, 0), &part, 1);
	for (int i = 0; i < 2; i++) {
		struct reader r = reader_of(bytes_of(hash + 8 * i, 8));

		n->digest[i] = read_u64(&r);
	}
}

void atlas_set_record(struct mesh *m, struct atlas_node *n, struct mesh_record *r)
{
	bool same = n->record && !n->shut && same_edges(n, r) && n->record->role == r->role &&
	            n->record->goodbye == r->goodbye &&
	            n->stamp.incarnation == r->stamp.incarnation;
	struct bytes none = { NULL, 0 };
	bool had = unresolve(m, n), has;

	if (!bytes_same(n->record ? n->record->extensions : none, r->extensions)) {
		m->extended_serial++;
		n->extended = true;
		route_note(m, n);
	}
	mem_free(n->record);
	n->record = r;
	n->shut = false;
	n->stamp = r->stamp;
	n->edges = r->edges;
	n->n_edges = r->n_edges;
	if (node_stamp_order(n->heard, n->stamp) < 0)
		n->heard = n->stamp;
	for (int i = 0; i < 2 && n->link >= 0; i++)
		m->digest[i] -= n->digest[i];
	compute_digest(n);
	for (int i = 0; i < 2 && n->link >= 0; i++)
		m->digest[i] += n->digest[i];
	has = resolve(m, n);
	if (!same && (had || has || n->own_link >= 0))
		m->dirty = true;
	if (n->told_incarnation && n->told_incarnation != r->stamp.incarnation)
		route_note(m, n);
}

static void sort_own(struct mesh *m)
{
	struct mesh_own *own = &m->own;

	for (size_t i = 1; i < m->self.n_edges; i++) {
		struct atlas_edge e = own->edges[i];
		int link = own->link_of[i];
		size_t j = i;

		for (; j > 0 && memcmp(own->edges[j - 1].id.bytes, e.id.bytes, 16) > 0; j--) {
			own->edges[j] = own->edges[j - 1];
			own->link_of[j] = own->link_of[j - 1];
		}
		own->edges[j] = e;
		own->link_of[j] = link;
	}
}

/* Our own edges are our links as they are now, not as they were last published. */
void atlas_set_own_edges(struct mesh *m)
{
	struct mesh_own *own = &m->own;
	size_t count = 0;

	unresolve(m, &m->self);
	for (int i = 0; i < m->links_end; i++) {
		struct mesh_link *l = m->links[i];

		if (!l || l->peer.role == LENO_VISITOR || mesh_is_visitor(m))
			continue;
		assert(count < NEIGHBOURS_MAX);
		own->link_of[count] = i;
		own->edges[count++] = (struct atlas_edge){
			.id = l->peer.id, .slot = NO_SLOT, .cost = cost_of_step(l->step),
			.weight = cost_of_step(l->step), .local = l->peer.local,
			.rtt_class = rtt_class(l->rtt_us) };
	}
	m->self.n_edges = count;
	sort_own(m);
	resolve(m, &m->self);
	m->dirty = true;
}
