/* gossip.c - marks: what each neighbour has, lacks, or must be told.
 *
 * A new record is pushed along the edges of the tree (route.c), which meets each node
 * once. Neighbours beside the tree are told its version, so that whoever the tree has
 * missed can ask: a little later, all that is new at once, and by one end of a link first,
 * the other being silenced by what it hears. Neighbours of a record's origin hear of it
 * from the origin: nobody else need tell them.
 *
 *  1. MARK_HAS is about the version that we have; a newer one clears it on all links.
 *  2. counts[] are the numbers of marks set.
 *  3. A record is asked for on one link at a time. */
#include <assert.h>

#include "base/mem.h"
#include "mesh/state.h"

int marks_grow(struct mesh_link *l, size_t n_words)
{
	struct mark_word *grown;

	if (n_words <= l->n_words)
		return 0;
	grown = mem_grow(l->marks, l->n_words * sizeof *grown, n_words * sizeof *grown);
	if (!grown)
		return LENO_MEMORY;
	l->marks = grown;
	l->n_words = n_words;
	return 0;
}

bool mark_has(const struct mesh_link *l, enum mark mark, uint32_t slot)
{
	return l->marks[slot / 64].bits[mark] >> slot % 64 & 1;
}

void mark_set(struct mesh_link *l, enum mark mark, uint32_t slot)
{
	l->counts[mark] += !mark_has(l, mark, slot);
	l->marks[slot / 64].bits[mark] |= UINT64_C(1) << slot % 64;
}

void mark_clear(struct mesh_link *l, enum mark mark, uint32_t slot)
{
	l->counts[mark] -= mark_has(l, mark, slot);
	l->marks[slot / 64].bits[mark] &= ~(UINT64_C(1) << slot % 64);
}

uint32_t mark_next(const struct mesh_link *l, enum mark mark, uint32_t from)
{
	uint64_t bits;

	if (l->counts[mark] == 0 || from / 64 >= l->n_words)
		return NO_SLOT;
	bits = l->marks[from / 64].bits[mark] & UINT64_MAX << from % 64;
	for (size_t word = from / 64;; bits = l->marks[word].bits[mark]) {
		if (bits)
			return (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(bits);
		if (++word >= l->n_words)
			return NO_SLOT;
	}
}

void gossip_forget(struct mesh *m, uint32_t slot)
{
	for (int i = 0; i < m->links_end; i++)
		for (int mark = 0; m->links[i] && mark < MARKS; mark++)
			mark_clear(m->links[i], (enum mark)mark, slot);
}

void gossip_wanting(struct mesh *m, struct mesh_link *l)
{
	m->wanting[l->number / 64] |= UINT64_C(1) << l->number % 64;
}

static void push(struct mesh *m, struct mesh_link *l, uint32_t slot)
{
	mark_clear(l, MARK_ANNOUNCE, slot);
	mark_set(l, MARK_PUSH, slot);
	gossip_wanting(m, l);
}

static void announce(struct mesh *m, struct mesh_link *l, uint32_t slot)
{
	uint64_t delay = ms_us(ANNOUNCE_MS);

	if (mark_has(l, MARK_PUSH, slot))
		return;
	if (slot != 0 && memcmp(m->self.id.bytes, l->peer.id.bytes, sizeof(leno_id)) > 0)
		delay *= 2;
	mark_set(l, MARK_ANNOUNCE, slot);
	if (!l->announce_now)
		l->announce_due = least(l->announce_due, m->now_us + delay);
	mesh_wake_at(m, l->announce_due);
}

/* Tells one neighbour of a record, the quick way or the cheap one. */
static void tell(struct mesh *m, struct mesh_link *l, struct atlas_node *n, bool may_push)
{
	/* The origin knows its own record, unless it is of a life that it does not know of. */
	if (l->slot == n->slot && n->stamp.incarnation > l->peer.incarnation)
		push(m, l, n->slot);
	if (mark_has(l, MARK_HAS, n->slot) || l->slot == n->slot)
		return;
	if (may_push && (l->eager || (n->slot == 0 && l->was_eager)))
		push(m, l, n->slot);
	else if (n->slot == 0 || l->eager || !atlas_edge_to(n, &l->peer.id))
		announce(m, l, n->slot);
}

void gossip_spread(struct mesh *m, struct atlas_node *n, const struct mesh_link *from)
{
	for (int i = 0; i < m->links_end; i++) {
		struct mesh_link *l = m->links[i];

		if (!l)
			continue;
		mark_clear(l, MARK_HAS, n->slot);
		mark_clear(l, MARK_PUSH, n->slot);
		if (l == from && l->slot == n->slot)
			l->peer.incarnation = n->stamp.incarnation;
		if (l == from)
			mark_set(l, MARK_HAS, n->slot);
		else if (n->slot == 0 && m->own.gone)
			push(m, l, 0);
		else if (!mesh_is_visitor(m))
			tell(m, l, n, true);
		l->was_eager = l->was_eager && n->slot != 0;
	}
}

/* Those who joined while no path led to it have not been told of it when we met. */
void gossip_offer(struct mesh *m, struct atlas_node *n)
{
	for (int i = 0; i < m->links_end && !mesh_is_visitor(m); i++)
		if (m->links[i])
			tell(m, m->links[i], n, false);
}

void gossip_eager(struct mesh *m, struct mesh_link *l, bool eager)
{
	uint32_t slot = 0;

	if (eager && !l->eager)
		for (; (slot = mark_next(l, MARK_ANNOUNCE, slot)) != NO_SLOT; slot++)
			push(m, l, slot);
	l->was_eager = l->was_eager || (l->eager && !eager);
	l->eager = eager;
}

static void unask(struct mesh *m, struct atlas_node *n)
{
	if (n->asked_link < 0)
		return;
	m->links[n->asked_link]->asked--;
	n->asked_link = -1;
}

void gossip_got(struct mesh *m, struct atlas_node *n)
{
	unask(m, n);
	for (int i = 0; i < m->links_end; i++) {
		struct mesh_link *l = m->links[i];

		if (!l)
			continue;
		if (node_stamp_order(n->stamp, n->heard) >= 0) {
			mark_clear(l, MARK_WANT, n->slot);
		} else if (mark_has(l, MARK_WANT, n->slot)) {
			l->want_now = true;
			gossip_wanting(m, l);
		}
		gossip_settle(l);
	}
}

/* Asking on would bring the same again. */
void gossip_vain(struct mesh *m, struct atlas_node *n)
{
	unask(m, n);
	for (int i = 0; i < m->links_end; i++) {
		if (!m->links[i])
			continue;
		mark_clear(m->links[i], MARK_WANT, n->slot);
		gossip_settle(m->links[i]);
	}
	atlas_drop_heard(m, n);
}

/* Once true it stays: what changes later is news, not what was known when we met. */
void gossip_settle(struct mesh_link *l)
{
	if (l->told_all && l->asked == 0 && l->counts[MARK_WANT] == 0)
		l->synced = true;
}

/* A visitor asks for a node and leaves: for a neighbour of ours that came just before it, it
 * waits until our record lists that one. It is on nobody's list itself, so it comes with
 * nothing to publish. Members hear of a newcomer as of any other, and are not kept waiting. */
void gossip_owe_synced(struct mesh *m, struct mesh_link *l)
{
	const struct mesh_own *own = &m->own;

	if (l->peer.role != LENO_VISITOR || !own->dirty || own->due_us <= m->now_us ||
	    own->due_us > m->now_us + ms_us(PUBLISH_MS)) {
		l->synced_due = true;
		return;
	}
	l->synced_us = own->due_us;
	mesh_wake_at(m, l->synced_us);
}

/* Whoever else has it is asked instead. */
static void ask_another(struct mesh *m, struct atlas_node *n)
{
	unask(m, n);
	for (int i = 0; i < m->links_end; i++) {
		struct mesh_link *l = m->links[i];

		if (!l || !mark_has(l, MARK_WANT, n->slot))
			continue;
		l->want_now = true;
		gossip_wanting(m, l);
	}
	atlas_drop_heard(m, n);
}

void gossip_link_down(struct mesh *m, struct mesh_link *l)
{
	for (uint32_t i = m->n_slots; i-- > 0;) {
		struct atlas_node *n = i < m->n_slots ? m->slots[i] : NULL;

		if (n && n->brought_by == l->number)
			n->brought_by = -1;    /* the number may be another's next */
		if (!n || (!mark_has(l, MARK_WANT, i) && n->asked_link != l->number))
			continue;
		mark_clear(l, MARK_WANT, i);
		if (n->asked_link == l->number)
			ask_another(m, n);
		else
			atlas_drop_heard(m, n);
	}
}

void gossip_expire(struct mesh *m)
{
	if (m->now_us < m->ask_due)
		return;
	m->ask_due = NEVER;
	for (uint32_t i = m->n_slots; i-- > 0;) {
		struct atlas_node *n = i < m->n_slots ? m->slots[i] : NULL;

		if (!n || n->asked_link < 0)
			continue;
		if (m->now_us - n->asked_us >= ms_us(ASK_MS))
			ask_another(m, n);
		else
			m->ask_due = least(m->ask_due, n->asked_us + ms_us(ASK_MS));
	}
	mesh_wake_at(m, m->ask_due);
}
