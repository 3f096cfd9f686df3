/* heard.c - see heard.h. */
#include "message/heard.h"

#include <assert.h>

#include "base/mem.h"

struct held {
	struct list    all;       /* sorted by first, then fragment                */
	struct cast    cast;
	struct parcel *parcel;
};

enum { WORD = 64, HELD_COST = sizeof(struct held) + BUDGET_BLOCK };

void heard_init(struct heard *h, const leno_id *id, uint64_t incarnation, struct budget *store)
{
	*h = (struct heard){ .id = *id, .incarnation = incarnation, .store = store };
	list_init(&h->held);
	list_init(&h->acks);
}

static void drop_parts(struct heard *h)
{
	h->parts = parcel_drop(h->parts);
	h->parts_size = 0;
	h->n_parts = h->of_parts = 0;
}

static void drop_held(struct heard *h, struct held *f)
{
	list_remove(&f->all);
	h->n_held--;
	parcel_drop(f->parcel);
	mem_free(f);
	budget_give(h->store, HELD_COST);
}

void heard_rest(struct heard *h)
{
	h->reading = parcel_drop(h->reading);
	h->left = reader_of(bytes_of(NULL, 0));
	h->left_count = 0;
}

void heard_let_go(struct heard *h)
{
	drop_parts(h);
	list_each (it, next, &h->held)
		drop_held(h, list_item(it, struct held, all));
}

void heard_clear(struct heard *h)
{
	heard_rest(h);
	heard_let_go(h);
	list_remove(&h->acks);
}

void heard_leave(struct heard *h)
{
	heard_rest(h);
	heard_let_go(h);
	h->past = h->next > h->past ? h->next : h->past;
	h->next = 0;
	h->unacked = 0;
	h->stuck = h->ask = h->back = false;
}

void heard_refuse(struct heard *h)
{
	assert(h->next > 1 && h->unacked > 0);
	heard_rest(h);
	heard_let_go(h);
	h->next--;
	h->unacked--;
	h->stuck = true;
	h->ask = false;
}

void heard_back(struct heard *h, uint64_t seq)
{
	assert(seq > 0 && seq < h->next);
	heard_rest(h);
	heard_let_go(h);
	h->next = seq;
	h->stuck = h->back = true;
	h->ask = false;
}

void heard_ask(struct heard *h)
{
	h->ask = h->stuck;
}

/* ---- which frames were here ------------------------------------------------------ */

bool heard_fresh(const struct heard *h, uint64_t number)
{
	if (number > h->top)
		return true;
	return h->top - number < HEARD_WINDOW &&
	       !(h->window[number / WORD % (HEARD_WINDOW / WORD)] >> number % WORD & 1);
}

void heard_mark(struct heard *h, uint64_t number)
{
	uint64_t from = h->top + 1;

	if (number > h->top + HEARD_WINDOW)
		from = number - HEARD_WINDOW + 1;
	for (uint64_t i = from; i <= number; i++)
		h->window[i / WORD % (HEARD_WINDOW / WORD)] &= ~(UINT64_C(1) << i % WORD);
	if (number > h->top)
		h->top = number;
	h->window[number / WORD % (HEARD_WINDOW / WORD)] |= UINT64_C(1) << number % WORD;
}

/* ---- where a frame belongs -------------------------------------------------------- */

enum place { PLACE_OLD, PLACE_NOW, PLACE_LATER };

static void advance(struct heard *h, uint64_t next)
{
	assert(next > h->next);
	h->next = next;
	h->stuck = h->ask = h->back = false;
	if (h->parts)
		drop_parts(h);
}

/* Where to begin with what was sent from there on: what was handed out before we left is not again. */
static uint64_t beginning(const struct heard *h, uint64_t first)
{
	return h->next == 0 && first < h->past ? h->past : first;
}

/* What lies before `floor` is repaired for nobody: then what we have goes first. */
static enum place place(struct heard *h, const struct cast *c)
{
	if (h->next == 0) {
		if (c->first > h->floor || c->fragment > 0)
			return PLACE_LATER;
		advance(h, beginning(h, c->first));
	} else if (c->first > h->next && h->floor > h->next && !h->back) {
		advance(h, c->first < h->floor ? c->first : h->floor);
	}
	if (c->first + c->count <= h->next)
		return PLACE_OLD;
	if (c->first > h->next)
		return PLACE_LATER;
	if (c->fragment == h->n_parts || !c->fragments)
		return PLACE_NOW;
	return c->fragment < h->n_parts ? PLACE_OLD : PLACE_LATER;
}

static bool before(const struct cast *a, const struct cast *b)
{
	return a->first != b->first ? a->first < b->first : a->fragment < b->fragment;
}

/* False: its bytes are lent, and there is no room for them. */
static bool keep(struct heard *h, struct held *f, const struct cast *c, struct parcel *parcel)
{
	f->cast = *c;
	f->parcel = parcel ? parcel_take(parcel) : parcel_new(h->store, c->items.size);
	if (!f->parcel)
		return false;
	if (!parcel) {
		bytes_copy(f->parcel->bytes, c->items.data, c->items.size);
		f->cast.items.data = f->parcel->bytes;
	}
	return true;
}

/* The farthest goes when there are too many. */
static void hold(struct heard *h, const struct cast *c, struct parcel *parcel)
{
	struct list *after = h->held.prev;
	struct held *f;

	if (!budget_take(h->store, HELD_COST))
		return;                    /* it will be asked for again */
	f = mem_new(sizeof *f);
	if (f && !keep(h, f, c, parcel))
		f = mem_free(f);
	if (!f) {
		budget_give(h->store, HELD_COST);
		return;
	}
	while (after != &h->held && before(c, &list_item(after, struct held, all)->cast))
		after = after->prev;
	list_init(&f->all);
	list_append(after->next, &f->all);
	if (++h->n_held > HELD_MAX)        /* f itself, if it is the farthest */
		drop_held(h, list_item(h->held.prev, struct held, all));
}

/* ---- reading ------------------------------------------------------------------------ */

static void read_from(struct heard *h, struct bytes items, uint64_t seq, uint32_t count,
                      struct parcel *parcel)
{
	assert(!h->reading && h->left_count == 0);
	h->left = reader_of(items);
	h->left_seq = seq;
	h->left_count = count;
	h->reading = parcel;
}

/* Room is made as fragments come, twice as much each time. False: no room for it. */
static bool grow_parts(struct heard *h, size_t more)
{
	size_t size = h->parts ? h->parts->size : 0, want = h->parts_size + more;
	struct parcel *bigger;

	if (want <= size)
		return true;
	if (want > CAST_ITEM_MAX)
		return false;
	if (want < 2 * size)
		want = 2 * size;
	bigger = parcel_new(h->store, want);
	if (!bigger)
		return false;
	if (h->parts)
		bytes_copy(bigger->bytes, h->parts->bytes, h->parts_size);
	parcel_drop(h->parts);
	h->parts = bigger;
	return true;
}

/* The fragment that is due. The last one makes an item. */
static void add_part(struct heard *h, const struct cast *c)
{
	struct reader r;
	struct bytes type, data;

	if (h->n_parts > 0 && h->of_parts != c->fragments)
		drop_parts(h);
	if (c->fragment != h->n_parts || !grow_parts(h, c->items.size)) {
		drop_parts(h);
		return;
	}
	h->of_parts = c->fragments;
	bytes_copy(h->parts->bytes + h->parts_size, c->items.data, c->items.size);
	h->parts_size += c->items.size;
	if (++h->n_parts < h->of_parts)
		return;
	r = reader_of(bytes_of(h->parts->bytes, h->parts_size));
	if (read_cast_item(&r, &type, &data) && read_end(&r)) {
		read_from(h, bytes_of(h->parts->bytes, h->parts_size), c->first, 1, h->parts);
		h->parts = NULL;           /* it is being read now */
	}
	drop_parts(h);
}

static void read_now(struct heard *h, const struct cast *c, struct parcel *parcel)
{
	if (c->fragments) {
		add_part(h, c);
		parcel_drop(parcel);
	} else {
		read_from(h, c->items, c->first, c->count, parcel);
	}
}

void heard_take(struct heard *h, const struct cast *c, struct parcel *parcel)
{
	heard_rest(h);
	if (c->first - c->behind > h->floor)
		h->floor = c->first - c->behind;
	/* Held frames may come first, once the floor has risen. */
	if (h->n_held > 0) {
		hold(h, c, parcel);
		return;
	}
	switch (place(h, c)) {
	case PLACE_NOW:
		read_now(h, c, parcel ? parcel_take(parcel) : NULL);
		break;
	case PLACE_LATER:
		hold(h, c, parcel);
		break;
	case PLACE_OLD:
		break;
	}
}

void heard_take_items(struct heard *h, const struct cast *c)
{
	heard_rest(h);
	/* What was refused has been given, and others after it: it will come again. */
	if (h->stuck && c->first > h->next && c->count > 0)
		return;
	if (c->first > h->next)
		advance(h, beginning(h, c->first));
	if (c->count > 0 && c->first + c->count > h->next)
		read_from(h, c->items, c->first, c->count, NULL);
}

/* Opens the first held frame that is due, and drops those that are late. */
static bool read_held(struct heard *h)
{
	while (!list_empty(&h->held)) {
		struct held *f = list_item(h->held.next, struct held, all);
		enum place p = place(h, &f->cast);

		if (p == PLACE_LATER)
			return false;
		if (p == PLACE_NOW)
			read_now(h, &f->cast, parcel_take(f->parcel));
		drop_held(h, f);
		if (h->left_count > 0)
			return true;
	}
	return false;
}

bool heard_next_other(struct heard *h, struct bytes *ret_type, struct bytes *ret_data)
{
	do {
		while (h->left_count > 0) {
			bool good = read_cast_item(&h->left, ret_type, ret_data);

			assert(good);      /* it was read once before */
			h->left_count--;
			if (h->left_seq++ != h->next)
				continue;
			advance(h, h->next + 1);
			h->unacked++;
			return true;
		}
		heard_rest(h);
	} while (read_held(h));
	return false;
}

void heard_ack(const struct heard *h, struct cast_ack *ret)
{
	*ret = (struct cast_ack){ .incarnation = h->incarnation,
	                          .seq = h->next ? h->next - 1 : 0, .had = h->n_parts };
	if (h->stuck) {
		ret->want = h->ask ? CAST_WANT_AGAIN : h->back ? CAST_WANT_BACK : 0;
		return;
	}
	if (!list_empty(&h->held)) {
		const struct cast *c = &list_item(h->held.next, struct held, all)->cast;

		/* A fragment that is not due means that the item is to come whole. */
		ret->want = c->fragment > 0 ? c->first : c->first - 1;
	}
}
