/* report.c - see report.h. */
#include "session/report.h"

static bool read_span(struct reader *r, uint64_t newest, struct run *ret)
{
	uint64_t length = read_varint(r);

	*ret = (struct run){ newest, newest - length };
	return !r->bad && length <= newest;
}

bool report_read(struct bytes body, struct report *ret)
{
	struct reader r = reader_of(body);
	struct report p = { .index = read_u32(&r) };
	uint64_t newest = read_varint(&r), gap;
	struct run s;

	p.delay_us = read_varint(&r);
	p.marked = read_varint(&r);
	if (!read_span(&r, newest, &p.spans[p.n++]))
		return false;
	for (s = p.spans[0]; reader_left(&r) > 0;) {
		gap = read_varint(&r);
		if (s.oldest < 2 || gap > s.oldest - 2 || !read_span(&r, s.oldest - 2 - gap, &s))
			return false;
		if (p.n < REPORT_SPANS)
			p.spans[p.n++] = s;
	}
	if (!read_end(&r))
		return false;
	*ret = p;
	return true;
}

void report_write(struct writer *w, const struct report *p)
{
	write_u32(w, p->index);
	write_varint(w, p->spans[0].newest);
	write_varint(w, p->delay_us);
	write_varint(w, p->marked);
	for (unsigned i = 0; i < p->n; i++) {
		if (i > 0)
			write_varint(w, p->spans[i - 1].oldest - 2 - p->spans[i].newest);
		write_varint(w, p->spans[i].newest - p->spans[i].oldest);
	}
}
