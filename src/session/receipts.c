/* receipts.c - FRAME_HEARD: which packets came, in the words of report.h.
 *
 * A report is due with each DATA that came sealed, for the epoch that it came under; a
 * change of keys may leave one of the old epoch to be said, too. The peer's reports are in
 * counters of one epoch; recovery.h knows the running numbers of all our packets. */
#include "session/inside.h"
#include "session/report.h"

void receipts_note(struct session *s)
{
	struct epoch *e = seal_opened(&s->seal);

	if (e)
		e->report_due = s->report_due = true;
}

static bool write_one(const struct epoch *e, struct writer *w, uint64_t now_us)
{
	uint8_t buf[REPORT_MAX];
	struct writer body = writer_of(buf, sizeof buf);
	struct report p = { .index = e->mine, .delay_us = now_us - e->came_us,
	                    .marked = e->came_marked };

	report_of(&e->replay, &p);
	report_write(&body, &p);
	return write_frame(w, FRAME_HEARD, writer_bytes(&body));
}

/* All that are due; false: there is no room for one. */
bool receipts_write(struct session *s, struct writer *w, uint64_t now_us)
{
	struct epoch *all[] = { s->seal.previous, s->seal.current };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (!all[i] || !all[i]->report_due)
			continue;
		if (!write_one(all[i], w, now_us))
			return false;
		all[i]->report_due = false;
	}
	s->report_due = false;
	return true;
}

int receipts_take(struct session *s, struct bytes body, uint64_t now_us)
{
	struct report p;
	struct epoch *e;
	uint32_t marked = 0;

	if (!report_read(body, &p))
		return LENO_PROTOCOL;
	e = seal_named(&s->seal, p.index);
	if (!e)
		return LENO_OK;                    /* of keys that are gone */
	if (p.spans[0].newest >= e->counter || p.marked > p.spans[0].newest + 1)
		return LENO_PROTOCOL;
	if (p.marked > e->told_marked) {
		marked = (uint32_t)(p.marked - e->told_marked);
		e->told_marked = p.marked;
	}
	for (unsigned i = 0; i < p.n; i++) {
		p.spans[i].newest += e->first;
		p.spans[i].oldest += e->first;
	}
	stream_take_report(&s->out, &p, marked, now_us);
	return LENO_OK;
}
