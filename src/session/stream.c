/* stream.c - see stream.h. */
#include "session/stream.h"

#include "base/mem.h"
#include "session/inbox.h"

enum { BIGS_MIN = 8, DATA_MIN = 64, SMALL_MAX = 256 };
#define DATA_MAX ((uint64_t)1 << 31)

void stream_init(struct stream *s, struct session_setup *setup)
{
	*s = (struct stream){ .setup = setup, .credit = SESSION_WINDOW, .data_max = DATA_MAX,
	                      .put = setup->items_past, .base = setup->items_past,
	                      .reported = setup->items_past };
	tape_init(&s->tape, setup->pool);
	window_reset(&s->window, false);
}

void stream_clear(struct stream *s)
{
	if (s->setup->items_past < s->put)
		s->setup->items_past = s->put;
	tape_clear(&s->tape);
	s->bigs = mem_free(s->bigs);
	s->n_bigs = s->bigs_room = 0;
}

void stream_renew(struct stream *s)
{
	bool relayed = s->window.on;

	tape_clear(&s->tape);
	tape_init(&s->tape, s->setup->pool);
	window_reset(&s->window, relayed);
	s->next = s->sent_max = 0;
	s->credit = SESSION_WINDOW;
	s->base = s->reported = s->put;
	s->delivered = 0;
	s->data_max = DATA_MAX;
	s->n_bigs = 0;
}

static int note_big(struct stream *s, uint64_t body, uint64_t end)
{
	if (s->n_bigs == s->bigs_room) {
		size_t room = s->bigs_room ? 2 * s->bigs_room : BIGS_MIN;
		struct big *grown = mem_grow(s->bigs, s->bigs_room * sizeof *grown,
		                             room * sizeof *grown);
		if (!grown)
			return LENO_MEMORY;
		s->bigs = grown;
		s->bigs_room = room;
	}
	s->bigs[s->n_bigs++] = (struct big){ body, end };
	return LENO_OK;
}

static int reserve(struct stream *s, uint64_t size, size_t all)
{
	uint64_t held = tape_size(&s->tape);
	int err;

	/* A few words, as a type's text before its first use, do not make a queue: one
	 * message always fits. */
	if (held > 2 * SMALL_MAX && held + all > s->setup->queue_max) {
		s->refused = all;
		return LENO_AGAIN;
	}
	err = tape_reserve(&s->tape, all);
	if (err && pool_short(s->setup->pool, all)) {
		s->refused = all;              /* others have it all, and will give it back */
		s->setup->pool_short = true;
		err = LENO_AGAIN;
	}
	if (!err && size > ITEM_FREE)
		err = note_big(s, s->tape.end + (all - size), s->tape.end + all);
	if (err && held == 0)
		tape_drop(&s->tape, s->tape.end);      /* gives back what it got so far */
	return err;
}

static void count_put(struct stream *s, uint64_t *ret_seq)
{
	s->put++;
	if (ret_seq)
		*ret_seq = s->put;
}

/* A small item into room that is there already: most of all traffic is this. */
static bool put_small(struct stream *s, struct bytes head, struct bytes data)
{
	size_t size = head.size + data.size, all = 1 + size;
	uint8_t *at;

	if (size >= 0x80 || tape_size(&s->tape) + all > s->setup->queue_max ||
	    data.size > s->data_max || !(at = tape_room(&s->tape, all)))
		return false;
	*at++ = (uint8_t)size;
	for (size_t i = 0; i < head.size; i++)
		*at++ = head.data[i];
	bytes_copy(at, data.data, data.size);
	tape_written(&s->tape, all);
	return true;
}

int stream_put(struct stream *s, struct bytes head, struct bytes data, uint64_t *ret_seq)
{
	uint64_t size = (uint64_t)head.size + data.size;
	uint8_t text[16];
	struct writer w = writer_of(text, sizeof text);
	int err;

	if (put_small(s, head, data)) {
		count_put(s, ret_seq);
		return LENO_OK;
	}
	if (data.size > s->data_max || data.size > DATA_MAX)
		return LENO_TOO_BIG;
	write_varint(&w, size);
	err = reserve(s, size, writer_size(&w) + (size_t)size);
	if (err)
		return err;
	tape_append(&s->tape, text, writer_size(&w));
	tape_append(&s->tape, head.data, head.size);
	tape_append(&s->tape, data.data, data.size);
	count_put(s, ret_seq);
	return LENO_OK;
}

void stream_move(struct stream *s, bool relayed)
{
	s->next = s->tape.start;
	window_reset(&s->window, relayed);
}

/* The offset before which all may go now. */
static uint64_t limit(const struct stream *s)
{
	uint64_t upto = s->tape.end < s->credit ? s->tape.end : s->credit;

	if (s->n_bigs > 0) {
		/* Only the first can be granted: a later one's size is behind it. */
		const struct big *b = &s->bigs[0];
		bool granted = s->tape.start >= b->body && s->credit >= b->end;

		if (granted)
			b = s->n_bigs > 1 ? b + 1 : NULL;
		if (b && b->body < upto)
			upto = b->body;
	}
	if (s->window.on && upto > s->tape.start + s->window.cwnd)
		upto = s->tape.start + s->window.cwnd;
	return upto;
}

uint64_t stream_sendable(const struct stream *s)
{
	uint64_t upto = limit(s);

	return upto > s->next ? upto - s->next : 0;
}

bool stream_make(struct stream *s, struct writer *w, uint64_t now_us)
{
	uint64_t left = stream_sendable(s);
	size_t room = writer_left(w), n, size_width;

	if (left == 0 || room < 2 + 4 + 1)
		return false;
	n = room - 2 - 4;
	if (n > left)
		n = (size_t)left;
	size_width = varint_size(n + 4);
	if (1 + size_width + 4 + n > room)
		n = room - 1 - size_width - 4;
	if (n < left && n < DATA_MIN)          /* the next record carries it better */
		return false;

	write_u8(w, FRAME_DATA);
	write_varint(w, n + 4);
	write_u32(w, (uint32_t)s->next);
	if (s->next < s->sent_max) {
		uint64_t again = s->sent_max - s->next < n ? s->sent_max - s->next : n;

		s->setup->resent_bytes += again;
		s->resent += again;
	}
	window_sent(&s->window, s->next + n, s->next < s->sent_max, now_us);
	while (n > 0) {
		struct bytes piece = tape_view(&s->tape, s->next, n);

		assert(piece.size > 0);
		write_bytes(w, piece.data, piece.size);
		s->next += piece.size;
		n -= piece.size;
	}
	if (s->sent_max < s->next)
		s->sent_max = s->next;
	return true;
}

static void forget_bigs(struct stream *s, uint64_t upto)
{
	size_t n = 0;

	while (n < s->n_bigs && s->bigs[n].end <= upto)
		n++;
	if (n > 0) {
		s->n_bigs -= n;
		memmove(s->bigs, s->bigs + n, s->n_bigs * sizeof *s->bigs);
	}
}

int stream_take_position(struct stream *s, const struct position *p, uint64_t now_us)
{
	uint64_t start = s->tape.start;
	bool news = false;

	if (p->offset > s->sent_max || p->items > s->put - s->base)
		return LENO_PROTOCOL;
	if (p->offset < start || p->items < s->delivered)
		return LENO_OK;                /* overtaken by a newer one */
	if (p->offset > start) {
		tape_drop(&s->tape, p->offset);
		if (s->next < p->offset)
			s->next = p->offset;
		forget_bigs(s, p->offset);
		s->credit = p->credit;
		news = true;
	} else if (s->credit < p->credit) {
		s->credit = p->credit;         /* at one offset it only grows */
		news = true;
	}
	news = news || p->items > s->delivered;
	s->delivered = p->items;
	if (news)
		window_acked(&s->window, p->offset, p->offset - start, stream_waits(s), now_us);
	if (s->window.on && (p->gap || p->mark)) {
		/* A path that forgets asks again and again: once a round trip is enough. */
		bool cut = window_cut(&s->window, now_us);
		if (p->gap && cut)
			s->next = s->tape.start;
	} else if (p->gap) {
		s->next = s->tape.start;
	}
	return LENO_OK;
}

void stream_expired(struct stream *s, uint64_t now_us)
{
	window_expired(&s->window, now_us);
	s->next = s->tape.start;
}

bool stream_take_writable(struct stream *s)
{
	uint64_t held = tape_size(&s->tape);
	bool room = held == 0 || (held <= s->setup->queue_max / 2 &&
	                          held + s->refused <= s->setup->queue_max);

	if (!s->refused || !room || pool_short(s->setup->pool, s->refused))
		return false;
	s->refused = 0;
	return true;
}
