/* entry.c - see entry.h. */
#include "state/entry.h"

enum { DEAD = 0x80, U64 = 8, ID = 16 };

struct bytes entry_u64(uint8_t *buf, uint64_t v)
{
	struct writer w = writer_of(buf, U64);

	write_u64(&w, v);
	return writer_bytes(&w);
}

uint64_t entry_as_u64(struct bytes b)
{
	struct reader r = reader_of(b);

	return read_u64(&r);
}

static bool good(const struct entry *e)
{
	if (e->key.size == 0 || e->stamp == 0)
		return false;
	if (e->dead ? e->value.size != U64 : e->stamp & 1)
		return false;
	switch (e->kind) {
	case ENTRY_VALUE:
		return e->sub.size == 0 || e->sub.size == ID;
	case ENTRY_COUNT:
		return e->sub.size == ID + U64 && e->value.size == U64;
	case ENTRY_MEMBER:
		return e->sub.size >= ID && (e->dead || e->value.size == 0);
	case ENTRY_OWNER:
		return e->sub.size == 0 && (e->dead || e->value.size == ID);
	case ENTRY_KINDS:
		break;
	}
	return false;
}

bool read_entry(struct reader *r, struct entry *ret)
{
	struct entry e = { 0 };
	uint8_t kind;

	if (r->bad || reader_left(r) == 0)
		return false;
	kind = read_u8(r);
	e.dead = kind & DEAD;
	e.kind = kind & (DEAD - 1);
	e.key = read_sized(r, STATE_KEY_MAX);
	e.sub = read_sized(r, STATE_SUB_MAX);
	e.stamp = read_u64(r);
	e.writer = read_id(r);
	e.value = read_sized(r, STATE_VALUE_MAX);
	r->bad = r->bad || !good(&e);
	if (r->bad)
		return false;
	*ret = e;
	return true;
}

void write_entry(struct writer *w, const struct entry *e)
{
	write_u8(w, (uint8_t)(e->kind | (e->dead ? DEAD : 0)));
	write_sized(w, e->key);
	write_sized(w, e->sub);
	write_u64(w, e->stamp);
	write_id(w, &e->writer);
	write_sized(w, e->value);
}

static size_t sized(struct bytes b)
{
	return varint_size(b.size) + b.size;
}

size_t entry_size(const struct entry *e)
{
	return 1 + sized(e->key) + sized(e->sub) + 8 + ID + sized(e->value);
}

int entry_order(const struct entry *a, const struct entry *b)
{
	int order = memcmp(a->writer.bytes, b->writer.bytes, ID);

	if (a->stamp != b->stamp)
		return a->stamp < b->stamp ? -1 : 1;
	if (order != 0)
		return order;
	if (a->dead != b->dead)
		return a->dead ? 1 : -1;
	if (a->value.size != b->value.size)
		return a->value.size < b->value.size ? -1 : 1;
	return a->value.size == 0 ? 0 : memcmp(a->value.data, b->value.data, a->value.size);
}

uint64_t stamp_next(uint64_t wall_ms, uint64_t last)
{
	uint64_t now = wall_ms << 16, on = (last | 1) + 1;

	return now > on ? now : on;
}

uint64_t entry_died_ms(const struct entry *e)
{
	return e->dead ? entry_as_u64(e->value) : 0;
}

bool entry_timely(const struct entry *e, uint64_t wall_ms)
{
	uint64_t latest = wall_ms + STATE_DRIFT_MS;

	return stamp_ms(e->stamp) <= latest && entry_died_ms(e) <= latest;
}
