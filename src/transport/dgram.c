/* dgram.c - see dgram.h: the life of a connection, and what comes. */
#include "transport/dgram_state.h"

#include "base/mem.h"

#include <assert.h>
#include <leno.h>
#include <string.h>

/* Datagrams, before an acknowledgement goes unasked: as many as RFC 9406's L, so that slow start
 * loses nothing by it. */
enum { OWED_MAX = 8 };

/* Answered cookies; then each has to wait. Who sees our key could make us talk without end. */
enum { HELLOS_AT_ONCE = 8 };

/* ---- beginning ----------------------------------------------------------------- */

static struct dgram *new_one(const struct dgram_setup *setup, uint64_t now_us)
{
	struct dgram *d = mem_new(sizeof *d);

	if (!d)
		return NULL;
	assert(setup->peer.size <= DGRAM_ADDRESS);
	d->share = setup->share;
	d->at = setup->peer;
	memcpy(d->token_key, setup->seed + 32, 16);
	d->heard_us = d->said_us = now_us;
	d->hello_us = d->ack_us = d->short_us = NEVER;
	d->now_us = now_us;
	d->limit = DGRAM_WINDOW;
	tape_init(&d->tape, &setup->share->pool, POOL_SEND);
	ranges_init(&d->again);
	recovery_init(&d->recovery);
	recovery_move(&d->recovery, true, 0);
	dgram_hold_init(&d->hold, &setup->share->hold);
	path_init(d, setup->size_max ? setup->size_max : DGRAM_MOST);
	return d;
}

struct dgram *dgram_dial(const struct dgram_setup *setup, uint64_t now_us)
{
	struct dgram *d = new_one(setup, now_us);

	if (!d)
		return NULL;
	memcpy(d->own.id, setup->seed, DGRAM_ID);
	memcpy(d->own.key, setup->seed + 16, DGRAM_KEY);
	d->state = DGRAM_DIALLING;
	d->hello_us = now_us;
	return d;
}

struct dgram *dgram_accept(const struct dgram_setup *setup, const struct dgram_greeting *g,
                           uint64_t now_us)
{
	struct dgram *d = new_one(setup, now_us);

	if (!d)
		return NULL;
	d->own = g->own;
	d->peer = g->peer;
	d->state = DGRAM_OPEN;
	d->accept_due = true;
	return d;
}

void dgram_free(struct dgram *d)
{
	if (!d)
		return;
	tape_clear(&d->tape);
	ranges_clear(&d->again);
	recovery_clear(&d->recovery);
	dgram_hold_clear(&d->hold);
	mem_free(d);
}

void dgram_over(struct dgram *d, int error)
{
	if (d->state == DGRAM_OVER)
		return;
	d->state = DGRAM_OVER;
	d->error = error;
}

const uint8_t *dgram_id(const struct dgram *d)
{
	return d->own.id;
}

bool dgram_is_open(const struct dgram *d)
{
	return d->state == DGRAM_OPEN;
}

bool dgram_ended(const struct dgram *d)
{
	return d->end_known && d->read > d->end;
}

int dgram_error(const struct dgram *d)
{
	return d->error;
}

unsigned dgram_silences(const struct dgram *d)
{
	return d->recovery.backoff;
}

void dgram_place(const struct dgram *d, struct dgram_address *ret)
{
	*ret = d->at;
}

void dgram_count(const struct dgram *d, struct dgram_counts *ret)
{
	*ret = d->counts;
	ret->size = d->search.size;
	ret->rtt_us = d->recovery.rtt.smooth_us;
	ret->window = d->congestion.cwnd;
	ret->in_flight = d->recovery.in_flight;
}

void dgram_greet_again(struct dgram *d)
{
	d->accept_due = d->state == DGRAM_OPEN;
}

/* ---- the answers to a HELLO ------------------------------------------------------ */

static void take_retry(struct dgram *d, const uint8_t *data, uint64_t now_us)
{
	struct dgram_cookie c;

	dgram_read_retry(data, &c);
	if (data[1] != DGRAM_VERSION)
		dgram_over(d, LENO_OLD);
	if (d->state == DGRAM_OVER || (c.time == d->cookie.time && c.proof == d->cookie.proof))
		return;
	d->cookie = c;
	if (d->hellos < HELLOS_AT_ONCE)
		d->hello_us = now_us;
}

static void take_accept(struct dgram *d, const uint8_t *data, uint64_t now_us)
{
	dgram_read_accept(data, &d->peer);
	d->state = DGRAM_OPEN;
	d->hello_us = NEVER;
	d->heard_us = now_us;
	d->ping = true;                  /* so that the peer, too, knows how far it is */
}

static void take_answer(struct dgram *d, const uint8_t *data, size_t size, uint64_t now_us)
{
	bool retry = dgram_is(data, size, DGRAM_RETRY), accept = dgram_is(data, size, DGRAM_ACCEPT);

	if ((!retry && !accept) || memcmp(data + 2, d->own.id, DGRAM_ID) != 0 ||
	    !dgram_tagged(data, size, d->own.key)) {
		d->counts.bad++;
		return;
	}
	d->counts.taken++;
	if (retry)
		take_retry(d, data, now_us);
	else
		take_accept(d, data, now_us);
}

/* ---- acknowledgements ------------------------------------------------------------ */

static void take_feedback(struct dgram *d, struct feedback *f, uint64_t in_flight)
{
	d->counts.lost += f->lost;
	f->limited = in_flight + d->search.size >= d->congestion.cwnd;
	congestion_take(&d->congestion, f);
	if (f->overflow)
		dgram_go_back(d);
	ranges_drop(&d->again, d->tape.start);
}

/* The peer has read all before `read`. */
static void advance(struct dgram *d, uint64_t read)
{
	tape_drop(&d->tape, read < d->tape.end ? read : d->tape.end);
	ranges_drop(&d->again, read);
	if (d->next < read)
		d->next = read;
}

static bool take_ack(struct dgram *d, const struct dgram_fields *f, uint64_t now_us)
{
	uint64_t in_flight = d->recovery.in_flight, heard = d->recovery.heard;
	struct feedback fb = { 0 };
	bool news = f->read > d->tape.start || f->limit > d->limit;

	if (f->report.spans[0].newest >= d->number || f->read > d->sent_max)
		return false;
	if (f->read > d->tape.start)
		advance(d, f->read);
	if (f->limit > d->limit)
		d->limit = f->limit;
	recovery_heard(&d->recovery, &f->report, &d->again, now_us, &fb);
	path_heard(d, &f->report, now_us);
	take_feedback(d, &fb, in_flight);
	if (news || d->recovery.heard > heard)
		recovery_news(&d->recovery, dgram_waits(d), now_us);
	return true;
}

/* ---- bytes ----------------------------------------------------------------------- */

static void give_held(struct dgram *d, dgram_sink *sink, void *user)
{
	uint8_t *piece;
	size_t n;

	dgram_hold_drop(&d->hold, d->read);
	while ((n = dgram_hold_next(&d->hold, d->read, &piece)) > 0) {
		d->read += n;
		sink(user, piece, n);
	}
	dgram_hold_drop(&d->hold, d->read);
}

/* Mostly it is what comes next, and is given where it lies. false: there is no room for it. */
static bool take_bytes(struct dgram *d, struct dgram_fields *f, dgram_sink *sink, void *user)
{
	uint64_t end = f->offset + f->size, from = f->offset;

	if (from > d->read) {
		d->ack_now = true;           /* something is missing: the peer should know */
		if (f->size > 0 && !dgram_hold_put(&d->hold, d->read, from, f->data, f->size))
			return false;
	} else if (end > d->read) {
		uint8_t *data = f->data + (d->read - from);
		size_t size = (size_t)(end - d->read);

		d->read = end;
		sink(user, data, size);
		give_held(d, sink, user);
	}
	if (f->flags & DGRAM_END) {
		d->end_known = true;
		d->end = end;
	}
	if (d->end_known && d->read == d->end)
		d->read++;
	return true;
}

/* Bytes beyond what was granted, or behind the end: the peer breaks its word. */
static bool may_come(const struct dgram *d, const struct dgram_fields *f)
{
	uint64_t end = f->offset + f->size;

	if (end > d->read + DGRAM_WINDOW || (d->end_known && end > d->end))
		return false;
	return !(f->flags & DGRAM_END) ||
	       (d->end_known ? end == d->end
	                     : end >= d->read && (d->hold.have.n == 0 ||
	                                          end >= d->hold.have.at[d->hold.have.n - 1].to));
}

/* ---- datagrams ------------------------------------------------------------------- */

static void note_came(struct dgram *d, const struct dgram_fields *f, uint64_t now_us)
{
	bool next = f->number == d->came.next;

	if (f->number >= d->came.next)
		d->came_us = now_us;
	replay_mark(&d->came, f->number);
	if (!(f->flags & (DGRAM_BYTES | DGRAM_PING | DGRAM_CHALLENGE)))
		return;
	if (++d->owed >= OWED_MAX || !next || (f->flags & DGRAM_PING))
		d->ack_now = true;
	if (d->ack_us == NEVER)
		d->ack_us = now_us + DGRAM_ACK_US;
}

static void take_data(struct dgram *d, const struct dgram_address *from, struct dgram_fields *f,
                      size_t size, uint64_t now_us, dgram_sink *sink, void *user)
{
	path_from(d, from, size, f->number, now_us);
	if (f->flags & DGRAM_RESET) {
		dgram_over(d, LENO_CLOSED);
		return;
	}
	if ((f->flags & DGRAM_ACK) && !take_ack(d, f, now_us)) {
		dgram_over(d, LENO_PROTOCOL);
		return;
	}
	if (f->flags & DGRAM_CHALLENGE) {
		d->answer_due = true;
		d->answer = f->challenge;
		d->answer_to = *from;
	}
	if (f->flags & DGRAM_RESPONSE)
		path_answered(d, from, f->response, now_us);
	if ((f->flags & DGRAM_BYTES) && !may_come(d, f)) {
		dgram_over(d, LENO_PROTOCOL);
		return;
	}
	if ((f->flags & DGRAM_BYTES) && !take_bytes(d, f, sink, user)) {
		d->counts.refused++;         /* as if it had been lost */
		return;
	}
	note_came(d, f, now_us);
}

void dgram_take(struct dgram *d, const struct dgram_address *from, uint8_t *data, size_t size,
                uint64_t now_us, dgram_sink *sink, void *user)
{
	struct dgram_fields f;

	if (d->state == DGRAM_DIALLING)
		take_answer(d, data, size, now_us);
	if (d->state != DGRAM_OPEN || !dgram_is(data, size, DGRAM_DATA))
		return;
	if (memcmp(data + 2, d->own.id, DGRAM_ID) != 0 || !dgram_tagged(data, size, d->own.key)) {
		d->counts.bad++;
		return;
	}
	if (!dgram_read_data(data, size, &f)) {
		dgram_over(d, LENO_PROTOCOL);
		return;
	}
	if (!replay_fresh(&d->came, f.number)) {
		d->counts.old++;
		return;
	}
	d->counts.taken++;
	d->heard_us = now_us;
	take_data(d, from, &f, size, now_us, sink, user);
}

/* ---- time ------------------------------------------------------------------------ */

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t dgram_deadline(const struct dgram *d)
{
	uint64_t due = sooner(d->heard_us + DGRAM_SILENCE_US, d->hello_us);

	if (d->state == DGRAM_OVER)
		return NEVER;
	if (d->state == DGRAM_DIALLING)
		return due;
	due = sooner(due, d->said_us + DGRAM_IDLE_US);
	due = sooner(due, sooner(d->ack_us, d->short_us));
	due = sooner(due, sooner(d->recovery.overdue_us, d->recovery.silent_us));
	return sooner(due, path_deadline(d));
}

static void probe(struct dgram *d)
{
	struct range oldest;

	d->probe = true;
	if (!recovery_silent(&d->recovery, &oldest))
		d->ping = true;
	else if (oldest.from == oldest.to)
		d->ping = d->again.n == 0;
	else if (!ranges_add(&d->again, oldest))
		dgram_go_back(d);
	ranges_drop(&d->again, d->tape.start);
	d->ping |= d->again.n == 0;
	path_silent(d);
}

void dgram_tick(struct dgram *d, uint64_t now_us)
{
	struct recovery *r = &d->recovery;
	struct feedback f = { 0 };

	if (d->state == DGRAM_OVER)
		return;
	d->now_us = now_us;
	if (now_us >= d->short_us)
		d->short_us = NEVER;
	if (now_us - d->heard_us >= DGRAM_SILENCE_US) {
		dgram_over(d, LENO_TIMEOUT);
		return;
	}
	if (d->state == DGRAM_DIALLING)
		return;
	if (now_us >= r->overdue_us) {
		uint64_t in_flight = r->in_flight;

		recovery_find_lost(r, &d->again, now_us, &f);
		take_feedback(d, &f, in_flight);
	}
	if (now_us >= r->silent_us)
		probe(d);
	if (now_us - d->said_us >= DGRAM_IDLE_US)
		d->ping = true;
	path_tick(d, now_us);
}
