/* sniff.c - the first byte decides. */
#include "transport/sniff.h"

#include "base/mem.h"

enum { TLS_HANDSHAKE = 0x16 };

struct sniff {
	struct filter filter;
	const struct sniff_ways *ways;
	bool found;
};

static enum sniffed tell(uint8_t first)
{
	if (first == TLS_HANDSHAKE)
		return SNIFFED_TLS;
	return first >= 'A' && first <= 'Z' ? SNIFFED_HTTP : SNIFFED_LENO;
}

static int take(struct filter *f, uint8_t *data, size_t size, filter_sink *sink, void *user)
{
	struct sniff *s = (struct sniff *)f;

	if (size == 0)
		return LENO_OK;
	if (!s->found) {
		int error = s->ways->found(s->ways->user, tell(data[0]), &f->inner, &f->why);

		if (error < 0)
			return error;
		s->found = true;
	}
	return filter_take(f->inner, data, size, sink, user);
}

static struct span wrap(struct filter *f, struct span plain)
{
	return plain;
}

static struct span say(struct filter *f)
{
	return (struct span){ NULL, 0 };
}

static bool ready(const struct filter *f)
{
	return ((const struct sniff *)f)->found;
}

static void finish(struct filter *f)
{
}

static void release(struct filter *f)
{
	mem_free(f);
}

static const struct filter_ops ops = { take, wrap, say, ready, finish, release };

struct filter *sniff_new(const struct sniff_ways *ways)
{
	struct sniff *s = mem_new(sizeof *s);

	if (!s)
		return NULL;
	s->filter.ops = &ops;
	s->ways = ways;
	return &s->filter;
}
