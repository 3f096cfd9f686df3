/* membership.c - see membership.h. */
#include "group/membership.h"

bool membership_find(struct bytes value, const uint8_t tag[GROUP_TAG_SIZE],
                     struct membership *ret)
{
	struct reader r = reader_of(value);
	struct membership m = { 0 }, found = { 0 };
	unsigned n = 0, hits = 0;

	while (!r.bad && reader_left(&r) > 0) {
		uint8_t last[GROUP_TAG_SIZE];

		memcpy(last, m.tag, sizeof last);
		read_copy(&r, m.tag, sizeof m.tag);
		m.join = read_varint(&r);
		read_copy(&r, m.proof, sizeof m.proof);
		if (r.bad || n == GROUPS_MAX || (n > 0 && memcmp(last, m.tag, sizeof last) >= 0))
			return false;
		n++;
		if (memcmp(m.tag, tag, sizeof m.tag) != 0)
			continue;
		found = m;
		hits++;
	}
	if (r.bad || hits == 0)
		return false;
	*ret = found;
	return true;
}

void membership_write(struct writer *w, const struct membership *m)
{
	write_bytes(w, m->tag, sizeof m->tag);
	write_varint(w, m->join);
	write_bytes(w, m->proof, sizeof m->proof);
}
