/* stream.c - see stream.h. */
#include "session/stream.h"

#include "base/mem.h"
#include "session/inbox.h"
#include "session/window.h"

enum { BIGS_MIN = 8, DATA_MIN = 64, SMALL_MAX = 256, OFFSET_SIZE = 4 };
static_assert(PIECE_LEAST + 256 <= ITEM_EXTRA, "it fits what goes before data");
#define DATA_MAX ((uint64_t)1 << 31)

void stream_init(struct stream *s, struct session_setup *setup)
{
	*s = (struct stream){ .setup = setup, .credit = SESSION_WINDOW, .data_max = DATA_MAX,
	                      .put = setup->items_past, .base = setup->items_past,
	                      .reported = setup->items_past, .on = NOWHERE };
	tape_init(&s->tape, setup->pool, POOL_SEND);
	ranges_init(&s->again);
	recovery_init(&s->recovery);
	congestion_init(&s->congestion, &session_window);
}

void stream_clear(struct stream *s)
{
	if (s->setup->items_past < s->put)
		s->setup->items_past = s->put;
	tape_clear(&s->tape);
	ranges_clear(&s->again);
	recovery_clear(&s->recovery);
	s->bigs = mem_free(s->bigs);
	s->n_bigs = s->bigs_room = 0;
}

void stream_renew(struct stream *s)
{
	tape_clear(&s->tape);
	tape_init(&s->tape, s->setup->pool, POOL_SEND);
	stream_move(s, s->recovery.on, s->recovery.next);
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

/* A few words, as a type's text before its first use, do not make a queue: one message always
 * fits. */
static bool waits(const struct stream *s)
{
	return tape_size(&s->tape) > 2 * SMALL_MAX;
}

/* Have others all of the pool that this one may take? Whose queue is longer leaves the last of it
 * to those who have none: a few peers that are gone, or do not read, could hold all of it for as
 * long as sessions linger. */
static bool crowded(const struct stream *s, uint64_t all)
{
	const struct pool *pool = s->setup->pool;
	bool much = waits(s) && tape_size(&s->tape) + all > ITEM_FREE + SMALL_MAX;
	size_t left = much ? pool->least[POOL_SEND] * CHUNK_SIZE : 0;

	return pool_short(pool, POOL_SEND, (size_t)all + left);
}

static int reserve(struct stream *s, uint64_t size, size_t all, bool piece)
{
	uint64_t held = tape_size(&s->tape);
	int err = LENO_AGAIN;

	if (waits(s) && held + all > s->setup->queue_max + (piece ? STREAM_AHEAD : 0u)) {
		s->refused = piece ? s->refused : all;
		return LENO_AGAIN;
	}
	if (tape_room(&s->tape, all) || !crowded(s, all))
		err = tape_reserve(&s->tape, all);
	if (err && pool_short(s->setup->pool, POOL_SEND, all))
		err = LENO_AGAIN;
	if (err == LENO_AGAIN && !piece) {
		s->refused = all;              /* others have it all, and will give it back */
		s->setup->pool_short = true;
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

int stream_put(struct stream *s, struct bytes head, struct bytes data, bool piece,
               uint64_t *ret_seq)
{
	uint64_t size = (uint64_t)head.size + data.size;
	uint8_t text[16];
	struct writer w = writer_of(text, sizeof text);
	int err;

	if (put_small(s, head, data)) {
		count_put(s, ret_seq);
		return LENO_OK;
	}
	if ((data.size > s->data_max && !(piece && data.size <= PIECE_LEAST)) || data.size > DATA_MAX)
		return LENO_TOO_BIG;
	write_varint(&w, size);
	err = reserve(s, size, writer_size(&w) + (size_t)size, piece);
	if (err)
		return err;
	tape_append(&s->tape, text, writer_size(&w));
	tape_append(&s->tape, head.data, head.size);
	tape_append(&s->tape, data.data, data.size);
	count_put(s, ret_seq);
	return LENO_OK;
}

/* All that the peer has not acknowledged goes again. */
static void go_back(struct stream *s)
{
	s->next = s->tape.start;
	ranges_clear(&s->again);
	stream_place(s);
	s->timed = 0;                  /* whose answer it is could not be told */
}

void stream_move(struct stream *s, bool relayed, uint64_t number)
{
	go_back(s);
	recovery_move(&s->recovery, relayed, number);
	congestion_move(&s->congestion, s->recovery.next);
	s->probe = false;
	s->gap_us = 0;
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
	return upto;
}

/* So much is under way that no more may be. */
static bool is_full(const struct stream *s)
{
	return s->recovery.in_flight >= s->congestion.cwnd || recovery_full(&s->recovery);
}

/* What goes next: what was lost first, then what was not sent yet. */
static struct range piece(const struct stream *s)
{
	struct range p = s->again.n > 0 ? s->again.at[0] : (struct range){ s->next, s->tape.end };
	uint64_t upto = limit(s);

	if (p.to > upto)
		p.to = upto;
	if (s->recovery.on) {
		uint64_t share = congestion_share(&s->congestion);

		if (s->probe ? recovery_full(&s->recovery) : is_full(s))
			p.to = p.from;
		else if (p.to > p.from + share)
			p.to = p.from + share;
	}
	return p;
}

uint64_t stream_sendable(const struct stream *s)
{
	struct range p = piece(s);

	return p.to > p.from ? p.to - p.from : 0;
}

static void note_sent(struct stream *s, struct range p, uint64_t now_us)
{
	if (p.from < s->sent_max) {
		uint64_t again = (s->sent_max < p.to ? s->sent_max : p.to) - p.from;

		s->setup->resent_bytes += again;
		s->resent += again;
	}
	if (s->again.n > 0)
		ranges_drop(&s->again, p.to);
	else
		s->next = p.to;
	if (s->sent_max < s->next)
		s->sent_max = s->next;
	if (s->recovery.on)
		return;                /* a packet may be lost: each says its offset */
	s->on = p.to;
	if (!s->timed) {
		s->timed = p.to;
		s->timed_us = now_us;
	}
}

struct range stream_make(struct stream *s, struct writer *w, uint64_t now_us)
{
	struct range p = piece(s), none = { 0, 0 };
	size_t room = writer_left(w), place = p.from == s->on ? 0 : OFFSET_SIZE, n, size_width;

	if (p.to <= p.from || room < 2 + place + 1)
		return none;
	n = room - 2 - place;
	if (n > p.to - p.from)
		n = (size_t)(p.to - p.from);
	size_width = varint_size(n + place);
	if (1 + size_width + place + n > room)
		n = room - 1 - size_width - place;
	if (n < p.to - p.from && n < DATA_MIN) /* the next record carries it better */
		return none;
	if (s->recovery.on && !recovery_reserve(&s->recovery))
		return none;

	write_u8(w, place ? FRAME_DATA : FRAME_DATA_ON);
	write_varint(w, n + place);
	if (place)
		write_u32(w, (uint32_t)p.from);
	p.to = p.from + n;
	for (uint64_t at = p.from; at < p.to;) {
		struct bytes part = tape_view(&s->tape, at, (size_t)(p.to - at));

		assert(part.size > 0);
		write_bytes(w, part.data, part.size);
		at += part.size;
	}
	note_sent(s, p, now_us);
	return p;
}

void stream_sent(struct stream *s, struct range p, uint64_t number, size_t packet_size,
                 uint64_t now_us)
{
	const struct sent sent = { .number = number, .from = p.from, .us = now_us,
	                           .length = (uint32_t)(p.to - p.from),
	                           .size = (uint16_t)packet_size };

	if (p.to > p.from) {
		recovery_sent(&s->recovery, &sent);
		s->probe = false;
	}
	if (stream_waits(s))
		recovery_arm(&s->recovery, now_us);
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

/* What the peer had to drop, it asks for; a path that forgets asks again and again: once a
 * round trip is enough. It is too much for somebody: that counts as a loss. */
static void take_gap(struct stream *s, uint64_t now_us)
{
	const struct recovery *r = &s->recovery;
	uint64_t rtt_us = r->rtt.smooth_us ? r->rtt.smooth_us : PTO_FIRST_US;
	struct feedback f = { .heard = r->heard, .next = r->next, .lost = 1,
	                      .lost_last = r->next ? r->next - 1 : 0 };

	if (r->on) {
		if (s->gap_us && now_us - s->gap_us < rtt_us)
			return;
		s->gap_us = now_us;
		congestion_take(&s->congestion, &f);
	}
	go_back(s);
}

/* The peer has read all up to its offset. */
static void advance(struct stream *s, uint64_t offset, uint64_t now_us)
{
	tape_drop(&s->tape, offset);
	ranges_drop(&s->again, offset);
	if (s->next < offset)
		s->next = offset;
	forget_bigs(s, offset);
	if (s->timed && s->timed <= offset) {
		rtt_take(&s->recovery.rtt, now_us - s->timed_us, 0, now_us);
		s->timed = 0;
	}
}

int stream_take_position(struct stream *s, const struct position *p, uint64_t now_us)
{
	uint64_t start = s->tape.start;
	bool news = p->items > s->delivered || p->offset > start;

	if (p->offset > s->sent_max || p->items > s->put - s->base)
		return LENO_PROTOCOL;
	if (p->offset < start || p->items < s->delivered)
		return LENO_OK;                /* overtaken by a newer one */
	if (p->offset > start) {
		advance(s, p->offset, now_us);
		s->credit = p->credit;
	} else if (s->credit < p->credit) {
		s->credit = p->credit;         /* at one offset it only grows */
		news = true;
	}
	s->delivered = p->items;
	if (news)
		recovery_news(&s->recovery, stream_waits(s), now_us);
	if (!stream_waits(s) && is_full(s))
		recovery_read(&s->recovery, s->tape.start);   /* reports may be lost, too */
	if (p->gap)
		take_gap(s, now_us);
	return LENO_OK;
}

/* Of packets that have come, or have not: what it means for the window. */
static void take_feedback(struct stream *s, struct feedback *f, uint64_t in_flight)
{
	s->setup->lost_packets += f->lost;
	s->lost += f->lost;
	s->marked += f->marked;
	f->limited = in_flight + congestion_share(&s->congestion) >= s->congestion.cwnd;
	congestion_take(&s->congestion, f);
	if (f->overflow)
		go_back(s);
	ranges_drop(&s->again, s->tape.start);
}

void stream_take_report(struct stream *s, const struct report *p, uint32_t marked,
                        uint64_t now_us)
{
	uint64_t heard = s->recovery.heard, in_flight = s->recovery.in_flight;
	struct feedback f = { .marked = marked };

	if (!s->recovery.on)
		return;
	recovery_heard(&s->recovery, p, &s->again, now_us, &f);
	take_feedback(s, &f, in_flight);
	if (s->recovery.heard > heard)
		recovery_news(&s->recovery, stream_waits(s), now_us);
}

uint64_t stream_deadline(const struct stream *s)
{
	const struct recovery *r = &s->recovery;

	return r->overdue_us < r->silent_us ? r->overdue_us : r->silent_us;
}

/* What the oldest packet had goes as a probe. With nothing under way all has come, and yet
 * the peer has not read it: it may have lost its memory of it. */
static void probe(struct stream *s)
{
	struct range oldest;

	s->setup->probes++;
	s->probe = true;
	recovery_read(&s->recovery, s->tape.start);
	if (!recovery_silent(&s->recovery, &oldest) || !ranges_add(&s->again, oldest))
		go_back(s);
	ranges_drop(&s->again, s->tape.start);
}

bool stream_tick(struct stream *s, uint64_t now_us)
{
	struct recovery *r = &s->recovery;
	struct feedback f = { 0 };

	if (now_us >= r->overdue_us) {
		uint64_t in_flight = r->in_flight;

		recovery_find_lost(r, &s->again, now_us, &f);
		take_feedback(s, &f, in_flight);
	}
	if (now_us < r->silent_us)
		return false;
	probe(s);
	return true;
}

bool stream_take_writable(struct stream *s)
{
	uint64_t held = tape_size(&s->tape);
	bool room = held == 0 || (held <= s->setup->queue_max / 2 &&
	                          held + s->refused <= s->setup->queue_max);

	if (!s->refused || !room || crowded(s, s->refused))
		return false;
	s->refused = 0;
	return true;
}
