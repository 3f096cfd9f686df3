/* make.c - frames of the atlas, as they go out: marks become frames while there is room.
 *
 * In this order: our own record (the neighbour must know us before we ask it anything),
 * ROOT, WANT, records, VERSIONS of a meeting, announcements, SYNCED when all is said. */
#include "mesh/state.h"

enum { ENTRY_MAX = 16 + 8 + 5 };

bool make_wants(const struct mesh *m, const struct mesh_link *l)
{
	return m->own.seal || l->root_due || l->counts[MARK_PUSH] > 0 || l->vector_due ||
	       (l->announce_now && l->counts[MARK_ANNOUNCE] > 0) || l->want_now || l->synced_due;
}

/* A neighbour that signed its own record badly is as good as gone: see record.h. */
static void disbelieve(struct mesh *m, struct atlas_node *n)
{
	n->record->goodbye = true;
	m->dirty = m->urgent = true;
	if (n->own_link >= 0)
		m->links[n->own_link]->lied = true;
}

static struct bytes raw_of(struct mesh *m, uint32_t slot)
{
	struct atlas_node *n = m->slots[slot];

	if (slot == 0)
		return bytes_of(m->own.raw, m->own.raw_size);
	if (!n || !n->record)
		return bytes_of(NULL, 0);
	if (mesh_record_may_go(n->record))
		return n->record->raw;
	disbelieve(m, n);
	return bytes_of(NULL, 0);
}

static bool make_record(struct mesh *m, struct mesh_link *l, struct writer *w, uint32_t slot)
{
	struct bytes raw = raw_of(m, slot);

	if (raw.size > 0 && !write_frame(w, FRAME_RECORD, raw))
		return false;
	mark_clear(l, MARK_PUSH, slot);
	if (raw.size > 0)
		mark_set(l, MARK_HAS, slot);
	return true;
}

static void make_records(struct mesh *m, struct mesh_link *l, struct writer *w)
{
	uint32_t slot = 0;

	while ((slot = mark_next(l, MARK_PUSH, slot)) != NO_SLOT)
		if (!make_record(m, l, w, slot))
			return;
}

static void make_root(struct mesh *m, struct mesh_link *l, struct writer *w)
{
	uint64_t digest[2];
	uint8_t buf[16];
	struct writer body = writer_of(buf, sizeof buf);

	mesh_digest_for(m, l, digest);
	write_u64(&body, digest[0]);
	write_u64(&body, digest[1]);
	if (write_frame(w, FRAME_ROOT, writer_bytes(&body)))
		l->root_due = false;
}

/* One WANT with all that is not being asked for elsewhere. What is stays marked. */
static void make_want(struct mesh *m, struct mesh_link *l, struct writer *w)
{
	struct writer body = frame_begin(w, FRAME_WANT);
	uint8_t *flags = body.at;
	uint32_t slot = 0;
	bool any = false;

	write_u8(&body, 0);
	while ((slot = mark_next(l, MARK_WANT, slot)) != NO_SLOT) {
		struct atlas_node *n = m->slots[slot];

		if (n->asked_link < 0 && writer_left(&body) < sizeof n->id)
			break;
		if (n->asked_link < 0) {
			write_id(&body, &n->id);
			mark_clear(l, MARK_WANT, slot);
			n->asked_link = l->number;
			n->asked_us = m->now_us;
			l->asked++;
			m->ask_due = least(m->ask_due, m->now_us + ms_us(ASK_MS));
			any = true;
		}
		slot++;
	}
	mesh_wake_at(m, m->ask_due);
	if (body.full || (slot == NO_SLOT && !any && !l->last_due)) {
		l->want_now = l->want_now && body.full;
		return;
	}
	if (slot == NO_SLOT) {
		*flags = l->last_due ? VECTOR_LAST : 0;
		l->last_due = l->want_now = false;
	}
	if (any || *flags)
		frame_end(w, &body);
}

static void write_version(struct writer *w, const struct atlas_node *n)
{
	write_id(w, &n->id);
	write_u64(w, n->stamp.incarnation);
	write_varint(w, n->stamp.version);
}

/* All nodes with a path, and ourselves: what we can vouch for. */
static void make_vector(struct mesh *m, struct mesh_link *l, struct writer *w)
{
	struct writer body = frame_begin(w, FRAME_VERSIONS);
	uint8_t *flags = body.at;
	uint32_t slot = l->vector_at;

	write_u8(&body, VECTOR_MEETING);
	for (; slot < m->n_slots && writer_left(&body) >= ENTRY_MAX; slot++) {
		const struct atlas_node *n = m->slots[slot];

		if (n && n->stamp.version > 0 && (slot == 0 || n->link >= 0))
			write_version(&body, n);
	}
	if (body.full || (slot == l->vector_at && slot < m->n_slots))
		return;
	if (slot >= m->n_slots)
		*flags |= VECTOR_LAST;
	l->vector_at = slot;
	l->vector_due = slot < m->n_slots;
	frame_end(w, &body);
}

static void make_announcement(struct mesh *m, struct mesh_link *l, struct writer *w)
{
	struct writer body = frame_begin(w, FRAME_VERSIONS);
	uint32_t slot = 0;
	bool any = false;

	write_u8(&body, 0);
	while (writer_left(&body) >= ENTRY_MAX &&
	       (slot = mark_next(l, MARK_ANNOUNCE, slot)) != NO_SLOT) {
		if (m->slots[slot]->stamp.version > 0)
			write_version(&body, m->slots[slot]);
		mark_clear(l, MARK_ANNOUNCE, slot);
		any = true;
	}
	if (any)
		frame_end(w, &body);
	if (l->counts[MARK_ANNOUNCE] == 0)
		l->announce_now = false;
}

bool make_frames(struct mesh *m, struct mesh_link *l, struct writer *w)
{
	uint8_t *start = w->at;

	if (m->own.seal)
		own_seal(m);
	if (mark_has(l, MARK_PUSH, 0) && !make_record(m, l, w, 0))
		return false;
	if (l->root_due)
		make_root(m, l, w);
	if (l->want_now)
		make_want(m, l, w);
	make_records(m, l, w);
	if (l->vector_due)
		make_vector(m, l, w);
	if (l->announce_now && l->counts[MARK_ANNOUNCE] > 0)
		make_announcement(m, l, w);
	if (l->synced_due && l->counts[MARK_PUSH] == 0 &&
	    write_frame(w, FRAME_SYNCED, bytes_of(NULL, 0)))
		l->synced_due = false;
	return w->at != start;
}
