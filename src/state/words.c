/* words.c - see words.h. */
#include "state/words.h"

static void read_range(struct reader *r, struct range *ret)
{
	ret->level = read_u8(r);
	ret->prefix = read_u64(r);
	r->bad = r->bad || !range_good(*ret);
}

static void read_digest(struct reader *r, struct digest *ret)
{
	ret->sum = read_u64(r);
	ret->count = read_varint(r);
}

static bool good_node(struct range range, struct bytes rest)
{
	struct reader r = reader_of(rest);
	struct digest d;

	if (range.level >= LEVEL_MAX)
		return false;
	for (int i = 0; i < FANOUT; i++)
		read_digest(&r, &d);
	return read_end(&r);
}

bool read_word(struct bytes b, struct word *ret)
{
	struct reader r = reader_of(b);
	struct word w = { .op = (enum state_op)read_u8(&r) };
	bool good = true;

	read_copy(&r, w.tag, sizeof w.tag);
	switch (w.op) {
	case STATE_MEET:
		w.flags = read_u8(&r);
		w.met_ms = read_varint(&r);
		w.you_ms = read_varint(&r);
		read_digest(&r, &w.digest);
		break;
	case STATE_LEAVE:
		break;
	case STATE_ASK:
		read_range(&r, &w.range);
		read_digest(&r, &w.digest);
		break;
	case STATE_SAME:
		read_range(&r, &w.range);
		break;
	case STATE_NODE:
	case STATE_LIST:
		read_range(&r, &w.range);
		w.rest = read_bytes(&r, reader_left(&r));
		good = w.op == STATE_NODE ? good_node(w.range, w.rest)
		                          : w.rest.size % 16 == 0 && w.rest.size <= 16 * LIST_MAX;
		break;
	case STATE_FETCH:
		w.rest = read_bytes(&r, reader_left(&r));
		good = w.rest.size % 8 == 0 && w.rest.size <= 8 * FETCH_MAX;
		break;
	case STATE_ENTRIES:
		w.flags = read_u8(&r);
		w.rest = read_bytes(&r, reader_left(&r));
		break;
	case STATE_REFUSED:
		w.why = read_u8(&r);
		good = w.why >= REFUSED_FULL && w.why <= REFUSED_AHEAD;
		break;
	default:
		return false;
	}
	if (!good || !read_end(&r))
		return false;
	*ret = w;
	return true;
}

void write_word(struct writer *w, const struct word *v)
{
	write_u8(w, (uint8_t)v->op);
	write_bytes(w, v->tag, sizeof v->tag);
	if (v->op == STATE_MEET || v->op == STATE_ENTRIES)
		write_u8(w, v->flags);
	if (v->op == STATE_REFUSED)
		write_u8(w, v->why);
	if (v->op == STATE_MEET) {
		write_varint(w, v->met_ms);
		write_varint(w, v->you_ms);
	}
	if (v->op == STATE_ASK || v->op == STATE_SAME || v->op == STATE_NODE ||
	    v->op == STATE_LIST) {
		write_u8(w, (uint8_t)v->range.level);
		write_u64(w, v->range.prefix);
	}
	if (v->op == STATE_MEET || v->op == STATE_ASK) {
		write_u64(w, v->digest.sum);
		write_varint(w, v->digest.count);
	}
}
