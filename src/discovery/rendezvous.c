/* rendezvous.c - see rendezvous.h. */
#include "discovery/rendezvous.h"

#include "base/mem.h"

/* ---- the meeting point ----------------------------------------------------------------- */

int point_open(struct point *p)
{
	p->meetings = mem_new(MEET_GUESTS_MAX * sizeof *p->meetings);
	return p->meetings ? 0 : LENO_MEMORY;
}

void point_close(struct point *p)
{
	p->meetings = mem_free(p->meetings);
}

static bool same_topic(const struct meeting *m, const uint8_t *topic)
{
	return memcmp(m->topic, topic, TOPIC_SIZE) == 0;
}

/* The meeting of this guest and topic, or a free place for it; NULL: it has too many. */
static struct meeting *place_for(struct point *p, uint32_t guest, const uint8_t *topic)
{
	struct meeting *free_one = NULL;

	for (size_t i = 0; i < GUEST_TOPICS; i++) {
		struct meeting *m = &p->meetings[guest][i];

		if (m->used && same_topic(m, topic))
			return m;
		if (!m->used && !free_one)
			free_one = m;
	}
	return free_one;
}

/* A bucket of MEET_BURST words that fills by one in MEET_PACE_MS. */
bool meet_floods(struct meet_pace *pace, uint64_t now_us)
{
	uint64_t step = MEET_PACE_MS * UINT64_C(1000);

	if (pace->next_us < now_us)
		pace->next_us = now_us;
	if (pace->next_us - now_us > (MEET_BURST - 1) * step)
		return true;
	pace->next_us += step;
	return false;
}

static void tell_the_others(struct point *p, const struct meeting *of)
{
	for (size_t i = 0; i < MEETINGS_MAX; i++) {
		struct meeting *m = &p->meetings[0][0] + i;

		if (m != of && m->used && same_topic(m, of->topic))
			m->due = true;
	}
}

int point_meet(struct point *p, uint32_t guest, struct meet_pace *pace, const char *seen,
               const struct meet *said, uint64_t now_us)
{
	struct meeting *m = place_for(p, guest, said->topic);
	bool fresh;

	if (meet_floods(pace, now_us) || !m)
		return LENO_LIMIT;
	if (said->seconds == 0) {
		*m = (struct meeting){ 0 };
		return 0;
	}
	fresh = !m->used || now_us >= m->ends_us;
	m->used = true;
	memcpy(m->topic, said->topic, TOPIC_SIZE);
	m->ends_us = now_us + said->seconds * UINT64_C(1000000);
	m->blob_size = (uint16_t)said->blob.size;
	bytes_copy(m->blob, said->blob.data, said->blob.size);
	m->due = true;
	for (size_t i = 0; seen[i] && i < MEET_SEEN; i++)
		m->seen[i] = seen[i];
	if (fresh)
		tell_the_others(p, m);
	return 0;
}

void point_leave(struct point *p, uint32_t guest)
{
	memset(p->meetings[guest], 0, sizeof p->meetings[guest]);
}

static bool is_due(const struct meeting *m, uint64_t now_us)
{
	return m->used && m->due && now_us >= m->told_us;
}

bool point_wants(const struct point *p, uint32_t guest, uint64_t now_us)
{
	for (size_t i = 0; i < GUEST_TOPICS; i++)
		if (is_due(&p->meetings[guest][i], now_us))
			return true;
	return false;
}

/* Each of the others is as likely to be among those that are told. */
static void draw(const struct point *p, const struct meeting *of, uint64_t now_us, uint64_t random,
                 struct met *ret)
{
	size_t seen = 0;

	for (size_t i = 0; i < MEETINGS_MAX; i++) {
		const struct meeting *m = &p->meetings[0][0] + i;
		size_t at = seen;

		if (m == of || !m->used || !same_topic(m, of->topic) || now_us >= m->ends_us)
			continue;
		if (seen >= MET_MAX) {
			random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			at = (size_t)((random >> 33) % (seen + 1));
		}
		seen++;
		if (at < MET_MAX)
			ret->at[at] = (struct met_other){ .seen = bytes_text(m->seen),
			                                  .blob = bytes_of(m->blob, m->blob_size) };
	}
	ret->n = seen < MET_MAX ? seen : MET_MAX;
}

bool point_make(struct point *p, uint32_t guest, uint64_t now_us, uint64_t random, struct met *ret)
{
	for (size_t i = 0; i < GUEST_TOPICS; i++) {
		struct meeting *m = &p->meetings[guest][i];

		if (!is_due(m, now_us))
			continue;
		m->due = false;
		m->told_us = now_us + MEET_PUSH_MS * UINT64_C(1000);
		*ret = (struct met){ 0 };
		memcpy(ret->topic, m->topic, TOPIC_SIZE);
		draw(p, m, now_us, random, ret);
		return true;
	}
	return false;
}

uint64_t point_due(const struct point *p)
{
	uint64_t due = UINT64_MAX;

	for (size_t i = 0; i < MEETINGS_MAX; i++) {
		const struct meeting *m = &p->meetings[0][0] + i;

		if (m->used && m->due && m->told_us < due)
			due = m->told_us;
	}
	return due;
}

/* ---- the guest ------------------------------------------------------------------------- */

static size_t place_of(const struct others *o, const leno_id *id)
{
	size_t i = 0;

	while (i < OTHERS_MAX && (o->at[i].told_us == 0 ||
	                          memcmp(&o->at[i].id, id, sizeof *id) != 0))
		i++;
	return i;
}

void others_put(struct others *o, const leno_id *id, struct bytes addresses, struct bytes seen,
                uint64_t now_us)
{
	size_t at = place_of(o, id);
	uint64_t now = now_us ? now_us : 1, first = at < OTHERS_MAX ? o->at[at].first_us : now;
	struct other *x;

	if (at == OTHERS_MAX) {
		at = 0;
		for (size_t i = 1; i < OTHERS_MAX; i++)
			if (o->at[i].told_us < o->at[at].told_us)
				at = i;
	}
	x = &o->at[at];
	if (addresses.size > sizeof x->addresses || seen.size > MEET_SEEN)
		return;
	*x = (struct other){ .id = *id, .told_us = now, .first_us = first,
	                     .size = addresses.size };
	bytes_copy(x->addresses, addresses.data, addresses.size);
	bytes_copy(x->seen, seen.data, seen.size);
}

void others_forget(struct others *o, const leno_id *id)
{
	size_t at = place_of(o, id);

	if (at < OTHERS_MAX)
		o->at[at] = (struct other){ 0 };
}

const struct other *others_get(const struct others *o, const leno_id *id)
{
	size_t at = o ? place_of(o, id) : OTHERS_MAX;

	return at < OTHERS_MAX ? &o->at[at] : NULL;
}

const struct other *others_next(const struct others *o, size_t *cursor, uint64_t now_us)
{
	while (o && *cursor < OTHERS_MAX) {
		const struct other *x = &o->at[(*cursor)++];

		if (x->told_us > 0 && now_us - x->told_us < OTHERS_MS * UINT64_C(1000))
			return x;
	}
	return NULL;
}

/* Where the host is in "scheme://host:port/path", brackets included; size 0: nowhere. */
static struct bytes host_in(struct bytes uri)
{
	size_t from = 0, to;

	while (from < uri.size && uri.data[from] != ':')
		from++;
	if (uri.size - from < 4 || memcmp(uri.data + from, "://", 3) != 0)
		return bytes_of(NULL, 0);
	from += 3;
	to = from;
	if (uri.data[from] == '[')
		while (to < uri.size && uri.data[to] != ']')
			to++;
	while (to < uri.size && uri.data[to] != ':' && uri.data[to] != '/')
		to++;
	return bytes_of(uri.data + from, to - from);
}

static void add_seen(struct addresses *a, struct bytes door, struct bytes host, char *text)
{
	struct bytes old = host_in(door);
	struct writer w = writer_of(text, ADVERTISED_URI);
	size_t before;

	if (old.size == 0 || a->n == ADVERTISED_MAX)
		return;
	before = (size_t)(old.data - door.data);
	write_bytes(&w, door.data, before);
	write_bytes(&w, host.data, host.size);
	write_bytes(&w, old.data + old.size, door.size - before - old.size);
	if (w.full || !address_ok(writer_bytes(&w)))
		return;
	for (size_t i = 0; i < a->n; i++)
		if (bytes_same(a->at[i].uri, writer_bytes(&w)))
			return;
	a->at[a->n].reach = REACH_ANY;
	a->at[a->n++].uri = writer_bytes(&w);
}

void others_addresses(const struct other *x, struct addresses *ret, char text[OTHERS_TEXT])
{
	struct bytes host = host_in(bytes_text(x->seen));
	size_t said;

	if (!addresses_read(bytes_of(x->addresses, x->size), ret))
		*ret = (struct addresses){ 0 };
	said = ret->n;
	for (size_t i = 0; i < said && host.size > 0; i++)
		if (ret->at[i].reach == REACH_ANY)
			add_seen(ret, ret->at[i].uri, host, text + i * ADVERTISED_URI);
}
