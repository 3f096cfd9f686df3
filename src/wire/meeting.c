/* meeting.c - see meeting.h. */
#include "wire/meeting.h"

bool meet_read(struct bytes raw, struct meet *ret)
{
	struct reader r = reader_of(raw);
	struct meet m;
	uint64_t seconds;

	read_copy(&r, m.topic, sizeof m.topic);
	seconds = read_varint(&r);
	m.blob = read_sized(&r, MEET_BLOB);
	if (!read_end(&r) || seconds > MEET_TTL_S)
		return false;
	m.seconds = (uint32_t)seconds;
	*ret = m;
	return true;
}

void meet_write(struct writer *w, const struct meet *m)
{
	write_bytes(w, m->topic, sizeof m->topic);
	write_varint(w, m->seconds);
	write_sized(w, m->blob);
}

bool met_read(struct bytes raw, struct met *ret)
{
	struct reader r = reader_of(raw);
	struct met m = { 0 };
	uint64_t count;

	read_copy(&r, m.topic, sizeof m.topic);
	count = read_varint(&r);
	r.bad = r.bad || count > MET_MAX;
	for (; m.n < count && !r.bad; m.n++) {
		m.at[m.n].seen = read_sized(&r, MEET_SEEN);
		m.at[m.n].blob = read_sized(&r, MEET_BLOB);
	}
	if (!read_end(&r))
		return false;
	*ret = m;
	return true;
}

void met_write(struct writer *w, const struct met *m)
{
	write_bytes(w, m->topic, sizeof m->topic);
	write_varint(w, m->n);
	for (size_t i = 0; i < m->n; i++) {
		write_sized(w, m->at[i].seen);
		write_sized(w, m->at[i].blob);
	}
}
