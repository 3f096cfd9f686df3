/* aired.c - see aired.h. */
#include "message/aired.h"

#include <assert.h>

#include "base/mem.h"
#include "base/timers.h"

enum { RING_MIN = 16 };

struct aired_item {
	uint64_t put_us;
	size_t   aimed;           /* targets that it is for                        */
	struct tally more;        /* than of the item before it                    */
	size_t   size;
	uint8_t  bytes[];
};

/* The ring has room for twice as many, for a moment thrice. */
enum { ITEM_COST = sizeof(struct aired_item) + BUDGET_BLOCK + 3 * sizeof(struct aired_item *) };

void aired_init(struct aired *a, size_t max, struct budget *budget, size_t targets_max,
                const uint8_t seed[16])
{
	*a = (struct aired){ .first = 1, .max = max, .budget = budget };
	map_init(&a->targets, offsetof(struct target, id), sizeof(leno_id), targets_max, seed);
}

static struct aired_item **slot(const struct aired *a, uint64_t seq)
{
	return &a->ring[seq & (a->capacity - 1)];
}

static const struct aired_item *kept(const struct aired *a, uint64_t seq)
{
	assert(seq >= a->first && seq <= a->last);
	return *slot(a, seq);
}

void aired_clear(struct aired *a)
{
	size_t cursor = 0;

	for (uint64_t seq = a->first; seq <= a->last; seq++) {
		budget_give(a->budget, ITEM_COST + (*slot(a, seq))->size);
		mem_free(*slot(a, seq));
	}
	for (struct target *t; (t = map_next(&a->targets, &cursor));)
		mem_free(t);
	map_clear(&a->targets);
	a->ring = mem_free(a->ring);
	a->capacity = 0;
	a->first = a->last + 1;
	a->used = 0;
}

int aired_aim(struct aired *a, const leno_id *id)
{
	struct target *t = map_get(&a->targets, id);
	int error;

	if (t)
		return 0;
	t = mem_new(sizeof *t);
	if (!t)
		return LENO_MEMORY;
	t->id = *id;
	t->since = t->acked = t->given = a->last;
	t->delay_ms = REPAIR_FIRST_MS;
	error = map_put(&a->targets, t);
	if (error)
		mem_free(t);
	return error;
}

struct target *aired_target(const struct aired *a, const leno_id *id)
{
	return map_get(&a->targets, id);
}

static int grow(struct aired *a)
{
	size_t capacity = a->capacity ? 2 * a->capacity : RING_MIN;
	struct aired_item **ring, **old = a->ring;

	if (a->last - a->first + 1 < a->capacity)
		return 0;
	ring = mem_new(capacity * sizeof *ring);
	if (!ring)
		return LENO_MEMORY;
	for (uint64_t seq = a->first; seq <= a->last; seq++)
		ring[seq & (capacity - 1)] = *slot(a, seq);
	mem_free(old);
	a->ring = ring;
	a->capacity = capacity;
	return 0;
}

int aired_put(struct aired *a, struct bytes type, struct bytes data, uint64_t *ret_seq)
{
	return aired_put_after(a, type, bytes_of(NULL, 0), data, ret_seq);
}

int aired_put_after(struct aired *a, struct bytes type, struct bytes head, struct bytes data,
                    uint64_t *ret_seq)
{
	size_t after = head.size + data.size;
	size_t size = varint_size(type.size) + type.size + varint_size(after) + after;
	struct aired_item *item;
	struct writer w;

	if (a->used > 0 && (size > a->max || a->used > a->max - size))
		return LENO_AGAIN;
	if (!budget_take(a->budget, ITEM_COST + size))
		return a->used > 0 ? LENO_AGAIN : LENO_MEMORY;
	item = grow(a) ? NULL : mem_new(sizeof *item + size);
	if (!item) {
		budget_give(a->budget, ITEM_COST + size);
		return LENO_MEMORY;
	}
	item->put_us = NEVER;
	item->aimed = a->targets.count;
	if (a->first > a->last)
		a->now = (struct tally){ 0, 0 };
	else
		item->more = (struct tally){ -a->end.confirmed, -a->end.unknown };
	a->end = (struct tally){ 0, 0 };
	item->size = size;
	w = writer_of(item->bytes, size);
	write_sized(&w, type);
	write_varint(&w, after);
	write_bytes(&w, head.data, head.size);
	write_bytes(&w, data.data, data.size);
	assert(!w.full && writer_size(&w) == size);
	a->used += size;
	*slot(a, ++a->last) = item;
	*ret_seq = a->last;
	return 0;
}

void aired_clock(struct aired *a, uint64_t now_us)
{
	uint64_t seq = a->clocked + 1 > a->first ? a->clocked + 1 : a->first;

	for (; seq <= a->last; seq++)
		(*slot(a, seq))->put_us = now_us;
	a->clocked = a->last;
}

/* Since when this node has had something to acknowledge. */
static uint64_t waiting_since(const struct aired *a, const struct target *t)
{
	uint64_t put = kept(a, t->acked + 1)->put_us;

	return put == NEVER || put > t->moved_us ? put : t->moved_us;
}

/* Where acknowledgements come slowly, help comes later: twice what the last one took. */
static void expect(const struct aired *a, struct target *t, uint64_t now_us)
{
	uint64_t since = t->acked < a->last ? waiting_since(a, t) : NEVER;
	uint64_t delay_ms = since < now_us ? (now_us - since) / 500 : 0;

	if (delay_ms < t->delay_ms - t->delay_ms / 4)
		delay_ms = t->delay_ms - t->delay_ms / 4;
	if (delay_ms < REPAIR_FIRST_MS)
		delay_ms = REPAIR_FIRST_MS;
	t->delay_ms = delay_ms > REPAIR_LAST_MS ? REPAIR_LAST_MS : (uint32_t)delay_ms;
}

/* For all items from..upto, which are kept. */
static void count(struct aired *a, uint64_t from, uint64_t upto, struct tally by)
{
	struct tally *start, *stop;

	if (from > upto)
		return;
	assert(from >= a->first && upto <= a->last);
	start = from == a->first ? &a->now : &(*slot(a, from))->more;
	stop = upto == a->last ? &a->end : &(*slot(a, upto + 1))->more;
	start->confirmed += by.confirmed;
	start->unknown += by.unknown;
	stop->confirmed += upto == a->last ? by.confirmed : -by.confirmed;
	stop->unknown += upto == a->last ? by.unknown : -by.unknown;
}

bool aired_ack(struct aired *a, struct target *t, uint64_t seq, uint32_t had, uint64_t now_us)
{
	assert(seq <= a->last);
	if (seq < t->acked || (seq == t->acked && had <= t->had))
		return false;
	expect(a, t, now_us);
	count(a, t->acked + 1, seq, (struct tally){ .confirmed = 1 });
	t->acked = seq;
	t->had = had;
	t->moved_us = now_us;
	return true;
}

bool aired_back(struct aired *a, struct target *t, uint64_t seq)
{
	if (seq >= t->acked)
		return true;
	if (seq + 1 < a->first || seq < t->since)
		return false;
	count(a, seq + 1, t->acked, (struct tally){ .confirmed = -1 });
	if (t->given < t->acked)
		t->given = t->acked;           /* nothing comes again before it is asked for */
	t->acked = seq;
	t->had = 0;
	return true;
}

void aired_gone(struct aired *a, const leno_id *id)
{
	struct target *t = map_remove(&a->targets, id);

	if (!t)
		return;
	count(a, t->acked + 1, a->last, (struct tally){ .unknown = 1 });
	a->gone++;
	mem_free(t);
}

void aired_missed(struct aired *a, uint32_t n)
{
	(*slot(a, a->last))->aimed += n;
	count(a, a->last, a->last, (struct tally){ .unknown = n });
}

bool aired_next_done(struct aired *a, uint64_t *ret_seq, uint32_t *ret_confirmed,
                     uint32_t *ret_unknown)
{
	struct aired_item *item = a->first <= a->last ? *slot(a, a->first) : NULL;

	if (!item || (uint64_t)(a->now.confirmed + a->now.unknown) < item->aimed)
		return false;
	assert((uint64_t)(a->now.confirmed + a->now.unknown) == item->aimed);
	*ret_seq = a->first;
	*ret_confirmed = (uint32_t)a->now.confirmed;
	*ret_unknown = (uint32_t)a->now.unknown;
	if (a->framed < a->first) {
		a->framed = a->first;      /* nobody is left to be told */
		a->fragment = 0;
	}
	a->used -= item->size;
	budget_give(a->budget, ITEM_COST + item->size);
	*slot(a, a->first++) = NULL;
	if (a->first <= a->last) {
		a->now.confirmed += (*slot(a, a->first))->more.confirmed;
		a->now.unknown += (*slot(a, a->first))->more.unknown;
	}
	mem_free(item);
	return true;
}

/* ---- frames and repair --------------------------------------------------------- */

struct bytes aired_item(const struct aired *a, uint64_t seq)
{
	const struct aired_item *item = kept(a, seq);

	return bytes_of(item->bytes, item->size);
}

uint32_t aired_pack(const struct aired *a, uint64_t from, uint64_t upto, struct writer *w)
{
	uint32_t count = 0;

	for (uint64_t seq = from; seq <= upto; seq++, count++) {
		struct bytes b = aired_item(a, seq);

		if (writer_left(w) < b.size)
			break;
		write_bytes(w, b.data, b.size);
	}
	return count;
}

static uint32_t count_fitting(const struct aired *a, uint64_t from)
{
	size_t size = 0;
	uint32_t count = 0;

	for (uint64_t seq = from; seq <= a->last; seq++, count++) {
		size += kept(a, seq)->size;
		if (size > CAST_ROOM)
			break;
	}
	return count;
}

bool aired_frame(struct aired *a, const leno_id *self, uint64_t incarnation, struct writer *w)
{
	struct cast c = { .origin = *self, .incarnation = incarnation, .number = a->number + 1,
	                  .first = a->framed + 1 };
	struct bytes whole;
	size_t from, size;

	if (!aired_unframed(a))
		return false;
	c.behind = c.first - a->first;
	whole = aired_item(a, c.first);
	a->number++;
	if (whole.size <= CAST_ROOM) {
		c.count = count_fitting(a, c.first);
		write_cast_head(w, &c);
		aired_pack(a, c.first, c.first + c.count - 1, w);
		a->framed += c.count;
		return true;
	}
	c.fragment = a->fragment++;
	c.fragments = (uint32_t)((whole.size + CAST_ROOM - 1) / CAST_ROOM);
	from = (size_t)c.fragment * CAST_ROOM;
	size = whole.size - from < CAST_ROOM ? whole.size - from : CAST_ROOM;
	write_cast_head(w, &c);
	write_bytes(w, whole.data + from, size);
	if (a->fragment == c.fragments) {
		a->framed++;
		a->fragment = 0;
	}
	return true;
}

uint64_t aired_due(const struct aired *a, const struct target *t)
{
	uint64_t since;

	if (t->acked == a->last)
		return NEVER;
	since = waiting_since(a, t);
	if (since == NEVER)
		return NEVER;
	return (since > t->helped_us ? since : t->helped_us) + (uint64_t)t->delay_ms * 1000;
}

uint64_t aired_lacks(const struct aired *a, const struct target *t)
{
	uint64_t low = t->acked, high = a->last;

	if (t->acked != t->given)
		return 0;
	while (low < high) {                   /* the last that was put before the help */
		uint64_t mid = high - (high - low) / 2;

		if (kept(a, mid)->put_us < t->helped_us)
			low = mid;
		else
			high = mid - 1;
	}
	return low > t->acked ? low : 0;
}

void aired_helped(struct target *t, uint64_t now_us)
{
	t->helped_us = now_us;
	t->delay_ms = t->delay_ms >= REPAIR_LAST_MS / 2 ? REPAIR_LAST_MS : 2 * t->delay_ms;
}
