/* take.c - frames of the atlas, as they come in.
 *
 * Meeting: each end sends ROOT, the digest of the nodes it has paths to without the two
 * ends themselves. Equal: SYNCED. Else VERSIONS of all, each end WANTs what it lacks, with
 * a flag on the last; the other sends those records, then SYNCED. A visitor has nothing to
 * tell: it gets, and when it knows nobody, all at once. */
#include "base/mem.h"
#include "mesh/state.h"

enum { ROOT_SIZE = 16 };

void mesh_digest_for(struct mesh *m, const struct mesh_link *l, uint64_t ret[2])
{
	const struct atlas_node *peer;

	route_update(m, true);
	peer = l->slot != NO_SLOT ? m->slots[l->slot] : NULL;
	for (int i = 0; i < 2; i++)
		ret[i] = m->digest[i] - (peer && peer->link >= 0 ? peer->digest[i] : 0);
}

static void offer_all(struct mesh *m, struct mesh_link *l)
{
	for (uint32_t i = 1; i < m->n_slots; i++)
		if (m->slots[i] && m->slots[i]->link >= 0 && l->slot != i)
			mark_set(l, MARK_PUSH, i);
}

static int take_root(struct mesh *m, struct mesh_link *l, struct reader *r)
{
	uint64_t theirs[2], ours[2];

	theirs[0] = read_u64(r);
	theirs[1] = read_u64(r);
	if (!read_end(r))
		return LENO_PROTOCOL;
	if (mesh_is_visitor(m))
		return 0;
	mesh_digest_for(m, l, ours);
	if (theirs[0] == ours[0] && theirs[1] == ours[1]) {
		l->synced = l->synced || l->peer.role != LENO_VISITOR;
		gossip_owe_synced(m, l);
	} else if (l->peer.role == LENO_VISITOR && (theirs[0] | theirs[1]) == 0) {
		offer_all(m, l);
		gossip_owe_synced(m, l);
	} else {
		l->vector_due = true;
		l->vector_at = 0;
	}
	gossip_wanting(m, l);
	return 0;
}

/* What a neighbour says that it has: to be asked for, known, or newer here. */
static int take_version(struct mesh *m, struct mesh_link *l, const leno_id *id,
                        struct node_stamp stamp)
{
	struct atlas_node *n = atlas_find(m, id);
	int order, error;

	if (!n) {
		error = atlas_add(m, id, l, &n);
		if (error) {
			m->refused += error == LENO_LIMIT;
			return error == LENO_LIMIT ? 0 : error;
		}
	}
	order = node_stamp_order(stamp, n->stamp);
	if (order == 0) {
		mark_set(l, MARK_HAS, n->slot);
		mark_clear(l, MARK_ANNOUNCE, n->slot);
		mark_clear(l, MARK_PUSH, n->slot);
		mark_clear(l, MARK_WANT, n->slot);
	} else if (order > 0) {
		if (node_stamp_order(stamp, n->heard) > 0)
			n->heard = stamp;
		mark_set(l, MARK_WANT, n->slot);
	}
	return 0;
}

static int take_versions(struct mesh *m, struct mesh_link *l, struct reader *r)
{
	uint8_t flags = read_u8(r);

	if (l->peer.role == LENO_VISITOR || (flags & ~(VECTOR_MEETING | VECTOR_LAST)))
		return LENO_PROTOCOL;
	while (!r->bad && reader_left(r) > 0) {
		leno_id id = read_id(r);
		uint64_t incarnation = read_incarnation(r), version = read_varint(r);
		int error;

		if (r->bad || version == 0 || version > UINT32_MAX)
			return LENO_PROTOCOL;
		error = take_version(m, l, &id, (struct node_stamp){ incarnation,
		                                                     (uint32_t)version });
		if (error)
			return error;
	}
	if (!read_end(r))
		return LENO_PROTOCOL;
	if (flags & VECTOR_LAST)
		l->last_due = true;
	if (flags & VECTOR_MEETING) {
		l->want_now = true;
		gossip_wanting(m, l);
	} else if (l->counts[MARK_WANT] > 0 && !l->want_now) {
		l->want_due = least(l->want_due, m->now_us + ms_us(WANT_MS));
		mesh_wake_at(m, l->want_due);
	}
	return 0;
}

static int take_want(struct mesh *m, struct mesh_link *l, struct reader *r)
{
	uint8_t flags = read_u8(r);

	if (flags & ~VECTOR_LAST)
		return LENO_PROTOCOL;
	while (!r->bad && reader_left(r) > 0) {
		leno_id id = read_id(r);
		struct atlas_node *n = r->bad ? NULL : atlas_find(m, &id);

		if (n && n->stamp.version > 0 && !n->shut &&
		    !(n->slot == 0 && mesh_is_visitor(m))) {
			mark_clear(l, MARK_ANNOUNCE, n->slot);
			mark_set(l, MARK_PUSH, n->slot);
		}
	}
	if (!read_end(r))
		return LENO_PROTOCOL;
	if (flags & VECTOR_LAST)
		gossip_owe_synced(m, l);
	gossip_wanting(m, l);
	return 0;
}

/* Older than ours, or the same: nothing is verified. Whoever sent an older one lacks ours,
 * its origin above all, when its clock went back. */
static void take_known(struct mesh *m, struct mesh_link *l, struct atlas_node *n, int order)
{
	if (order < 0) {
		if (!mesh_is_visitor(m) && !n->shut && l->peer.role != LENO_VISITOR) {
			mark_set(l, MARK_PUSH, n->slot);
			gossip_wanting(m, l);
		}
		return;
	}
	mark_set(l, MARK_HAS, n->slot);
	mark_clear(l, MARK_PUSH, n->slot);
	mark_clear(l, MARK_ANNOUNCE, n->slot);
	gossip_got(m, n);
}

static int store(struct mesh *m, struct mesh_link *l, struct atlas_node *n, const leno_id *id,
                 const struct node_record *record, struct bytes raw, enum record_proof proof,
                 const struct pass *pass)
{
	struct mesh_record *kept = mesh_record_new(record, raw);
	int error = kept ? 0 : LENO_MEMORY;

	if (!error && !n)
		error = atlas_add(m, id, l, &n);
	if (error) {
		mem_free(kept);
		return error;
	}
	kept->proof = proof;
	kept->pass = *pass;
	atlas_set_record(m, n, kept);
	gossip_got(m, n);
	gossip_spread(m, n, l);
	return 0;
}

/* Whoever told of it may not have heard yet: so nobody is to blame. */
static void shut_out(struct mesh *m, struct atlas_node *n, int error)
{
	if (error == LENO_REVOKED)
		m->refused_revoked++;
	else
		m->refused_expired++;
	if (n)
		gossip_vain(m, n);
}

static int take_record(struct mesh *m, struct mesh_link *l, struct bytes raw)
{
	struct node_record record;
	struct public_keys keys;
	struct atlas_node *n;
	struct pass pass;
	leno_id id;
	int order, error;
	bool own;

	if (l->lied || l->peer.role == LENO_VISITOR || !node_record_peek(raw, &record))
		return LENO_PROTOCOL;
	keys = mesh_record_keys(&record);
	id = identity_id(&keys);
	n = atlas_find(m, &id);
	order = n ? node_stamp_order(record.stamp, n->stamp) : 1;
	if (n && order <= 0) {
		take_known(m, l, n, order);
		return 0;
	}
	if (!node_record_read(raw, &record) || record.role == LENO_VISITOR)
		return LENO_PROTOCOL;
	if (n && n->slot == 0)
		return own_met(m, l, &record);
	if (!n && !atlas_has_room(m)) {
		m->refused++;
		return 0;
	}
	own = leno_id_same(&id, &l->peer.id);
	error = mesh_record_admitted(&record, m->setup.network, &pass);
	if (error == LENO_PROTOCOL || (!own && !mesh_record_signed(&record)))
		return LENO_PROTOCOL;
	if (error) {
		shut_out(m, n, error);
		return 0;
	}
	return store(m, l, n, &id, &record, raw, own ? PROOF_LINK : PROOF_SIGNATURE, &pass);
}

int take_frame(struct mesh *m, struct mesh_link *l, const struct frame *f)
{
	struct reader r = reader_of(f->body);

	switch (f->type) {
	case FRAME_ROOT:
		return take_root(m, l, &r);
	case FRAME_VERSIONS:
		return take_versions(m, l, &r);
	case FRAME_WANT:
		return take_want(m, l, &r);
	case FRAME_RECORD:
		return take_record(m, l, f->body);
	case FRAME_SYNCED:
		l->told_all = true;
		gossip_settle(l);
		return read_end(&r) ? 0 : LENO_PROTOCOL;
	default:
		return LENO_PROTOCOL;
	}
}
