/* dgram_make.c - what one connection sends: first what was lost, then what is new. */
#include "transport/dgram_state.h"

#include <assert.h>
#include <leno.h>
#include <string.h>

uint64_t dgram_last(const struct dgram *d)
{
	return d->tape.end + d->ends;
}

void dgram_go_back(struct dgram *d)
{
	ranges_clear(&d->again);
	d->next = d->tape.start;
}

/* ---- bytes ------------------------------------------------------------------------ */

/* So much may be written beyond what waits: what may go now, and a little more. */
static uint64_t room_of(const struct dgram *d)
{
	uint64_t cwnd = d->congestion.cwnd, fly = d->recovery.in_flight;
	uint64_t may = DGRAM_UNSENT + (cwnd > fly ? cwnd - fly : 0);
	uint64_t unsent = d->tape.end - (d->next < d->tape.end ? d->next : d->tape.end);
	uint64_t held = tape_size(&d->tape);

	if (may > DGRAM_QUEUE - held)
		may = DGRAM_QUEUE - held;
	return may > unsent ? may - unsent : 0;
}

size_t dgram_write(struct dgram *d, const uint8_t *data, size_t size)
{
	uint64_t room = room_of(d);

	if (d->state != DGRAM_OPEN || d->ends)
		return 0;
	if (size > room)
		size = (size_t)room;
	if (size > 0 && tape_reserve(&d->tape, size) != 0) {
		if (size > DGRAM_UNSENT / 2)
			size = DGRAM_UNSENT / 2;
		if (tape_reserve(&d->tape, size) != 0) {
			d->short_us = d->now_us + DGRAM_SHORT_US;
			return 0;
		}
	}
	tape_append(&d->tape, data, size);
	return size;
}

bool dgram_room(const struct dgram *d)
{
	return d->state == DGRAM_OPEN && d->short_us == NEVER && room_of(d) >= DGRAM_UNSENT / 2;
}

void dgram_end(struct dgram *d)
{
	d->ends = true;
}

/* Before which all may go: the end itself needs no grant. */
static uint64_t granted(const struct dgram *d)
{
	return d->tape.end <= d->limit ? dgram_last(d) : d->limit;
}

bool dgram_waits(const struct dgram *d)
{
	return d->recovery.in_flight > 0 || (d->next < dgram_last(d) && d->next >= granted(d));
}

static struct range piece(const struct dgram *d)
{
	const struct recovery *r = &d->recovery;
	struct range p = { d->next, granted(d) };

	if (d->again.n > 0)
		p = d->again.at[0];
	if (p.to < p.from || recovery_full(r) ||
	    (!d->probe && r->in_flight > 0 && r->in_flight + d->search.size > d->congestion.cwnd))
		p.to = p.from;
	return p;
}

static void note_sent(struct dgram *d, struct range p, size_t size, uint64_t now_us)
{
	const struct sent s = { .number = d->number, .from = p.from, .us = now_us,
	                        .length = (uint32_t)(p.to - p.from), .size = (uint16_t)size };

	if (p.to > p.from) {
		if (d->again.n > 0)
			ranges_drop(&d->again, p.to);
		else
			d->next = p.to;
		if (d->sent_max < p.to)
			d->sent_max = p.to;
	}
	recovery_sent(&d->recovery, &s);
	recovery_arm(&d->recovery, now_us);
	d->probe = d->ping = false;
}
static_assert(DGRAM_MOST <= UINT16_MAX, "the books have sixteen bits for it");

/* ---- datagrams ------------------------------------------------------------------------ */

static void add_ack(struct dgram *d, struct dgram_fields *f, uint64_t now_us)
{
	report_of(&d->came, &f->report);
	f->flags |= DGRAM_ACK;
	f->report.delay_us = now_us - d->came_us;
	f->read = d->read;
	f->limit = d->read + DGRAM_WINDOW;
	d->owed = 0;
	d->ack_now = false;
	d->ack_us = NEVER;
}

/* The bytes of this piece that fit, behind the head; the fields say which. */
static void fit(const struct dgram *d, struct dgram_fields *f, struct range *p)
{
	size_t room;

	f->flags |= DGRAM_BYTES;
	f->offset = p->from;
	room = d->search.size - dgram_data_head(f);
	if (p->to - p->from > room)
		p->to = p->from + room;
	f->size = (size_t)((p->to < d->tape.end ? p->to : d->tape.end) - p->from);
	if (p->to > d->tape.end)
		f->flags |= DGRAM_END;
}

/* An answer costs both sides a turn of their loops: four for each window are enough to go on
 * by, whatever the window is. */
static bool should_ask(struct dgram *d, size_t size)
{
	d->unasked += size;
	if (4 * d->unasked < d->congestion.cwnd)
		return false;
	d->unasked = 0;
	return true;
}

static bool wants_ack(const struct dgram *d, uint64_t now_us)
{
	return d->came.next > 0 && (d->ack_now || now_us >= d->ack_us);
}

/* Of the stream, from here on. */
static void add_bytes(struct dgram *d, uint8_t *buf, uint64_t from, size_t size,
                      struct dgram_out *out)
{
	if (size < DGRAM_COPIED) {
		if (size > 0)
			tape_read(&d->tape, from, buf + out->head, size);
		out->head += size;
		return;
	}
	while (size > 0) {
		struct bytes part = tape_view(&d->tape, from, size);

		assert(out->n < DGRAM_PARTS);
		out->parts[out->n++] = part;
		from += part.size;
		size -= part.size;
	}
}
static_assert(DGRAM_MOST <= (DGRAM_PARTS - 2) * CHUNK_SIZE, "a datagram has no more parts");

static bool make_data(struct dgram *d, uint8_t *buf, uint64_t now_us, struct dgram_out *out)
{
	struct dgram_fields f = { .number = d->number };
	struct range p = piece(d);
	bool bytes = p.to > p.from, ack = wants_ack(d, now_us);

	if ((bytes || d->ping) && !recovery_reserve(&d->recovery))
		bytes = d->ping = false;
	if (!bytes && !d->ping && !ack) {
		if (dgram_waits(d))
			recovery_arm(&d->recovery, now_us);
		return false;
	}
	if (d->came.next > 0 && (ack || d->owed > 0 || d->ping))
		add_ack(d, &f, now_us);
	if (bytes)
		fit(d, &f, &p);
	else
		p.to = p.from;
	if (bytes ? should_ask(d, d->search.size) || d->probe : d->ping)
		f.flags |= DGRAM_PING;
	out->head = dgram_write_data(buf, d->peer.id, &f);
	out->size = out->head + f.size;
	add_bytes(d, buf, p.from, f.size, out);
	dgram_tag_parts(buf, out->head, out->parts, out->n, d->peer.key);
	if (bytes || (f.flags & DGRAM_PING))
		note_sent(d, p, out->size, now_us);
	d->number++;
	return true;
}

static size_t make_hello(struct dgram *d, uint8_t *buf, uint64_t now_us)
{
	if (now_us < d->hello_us)
		return 0;
	d->hello_us = now_us + ((uint64_t)DGRAM_HELLO_US << (d->hellos < 6 ? d->hellos : 6));
	d->hellos++;
	return dgram_write_hello(buf, &d->own, &d->cookie);
}

static bool make_one(struct dgram *d, uint8_t *buf, uint64_t now_us, struct dgram_out *out)
{
	if (d->state == DGRAM_DIALLING) {
		out->head = make_hello(d, buf, now_us);
	} else if (d->accept_due) {
		d->accept_due = false;
		out->head = dgram_write_accept(buf, &d->peer, &d->own);
	} else {
		out->head = path_make(d, buf, now_us, &out->to);
		if (out->head == 0)
			return make_data(d, buf, now_us, out);
	}
	out->size = out->head;
	return out->size > 0;
}

bool dgram_make_parts(struct dgram *d, uint8_t *buf, uint64_t now_us, struct dgram_out *ret)
{
	d->now_us = now_us;
	ret->to = d->at;
	ret->n = 0;
	if (d->state == DGRAM_OVER || !make_one(d, buf, now_us, ret))
		return false;
	d->said_us = now_us;
	d->counts.made++;
	return true;
}

size_t dgram_make(struct dgram *d, uint8_t *buf, uint64_t now_us, struct dgram_address *ret_to)
{
	struct dgram_out out;
	uint8_t *at;

	if (!dgram_make_parts(d, buf, now_us, &out))
		return 0;
	at = buf + out.head;
	for (unsigned i = 0; i < out.n; at += out.parts[i++].size)
		memcpy(at, out.parts[i].data, out.parts[i].size);
	*ret_to = out.to;
	return out.size;
}

size_t dgram_make_reset(struct dgram *d, uint8_t *buf)
{
	struct dgram_fields f = { .number = d->number, .flags = DGRAM_RESET };
	size_t size;

	if (d->state == DGRAM_DIALLING || (d->state == DGRAM_OVER && d->error == LENO_CLOSED))
		return 0;
	d->number++;
	size = dgram_write_data(buf, d->peer.id, &f);
	dgram_tag(buf, size, d->peer.key);
	return size;
}
