/* dgram_path.c - where datagrams go, and in what sizes.
 *
 * The size: a probe of the next rung of a ladder goes as PING with padding. One that arrives
 * raises the size; DGRAM_TRIES that do not end the search for a while. When nothing larger
 * than DGRAM_BASE seems to arrive any more, that is the size again (RFC 8899, section 4.3).
 *
 * The address: see dgram.h. Only a datagram that is newer than all others counts as a move;
 * what the network delayed or repeated does not. */
#include "transport/dgram_state.h"

#include "base/map.h"

#include <assert.h>
#include <string.h>

/* Ethernet by IPv6 and by IPv4; larger frames; the loopback. */
static const uint16_t ladder[] = { DGRAM_BASE, 1452, 1472, 8952, 16384, 32768, DGRAM_MOST };

enum {
	RUNGS        = sizeof ladder / sizeof *ladder,
	HOLE_BACKOFF = 2,              /* silences in a row: what is large does not arrive     */
	AMPLIFY      = 3,              /* RFC 9000, section 8.1                                */
	PROBE_LATE   = 3,              /* numbers, as for other losses                         */
	START_SEGMENTS = 10,           /* RFC 6928, as RFC 9002, section 7.2, has it           */
	START_BYTES  = 14720,
	WINDOW_MOST  = 2 << 20
};
static_assert(WINDOW_MOST <= DGRAM_QUEUE, "what is under way is kept");
static_assert(2 * DGRAM_MOST <= WINDOW_MOST, "two of the largest are the least window");

/* ---- sizes ------------------------------------------------------------------------- */

static struct congestion_limits limits_of(size_t size)
{
	uint32_t step = (uint32_t)size, start = START_SEGMENTS * step;

	if (start > START_BYTES)
		start = 2 * step > START_BYTES ? 2 * step : START_BYTES;
	return (struct congestion_limits){ .step = step, .start = start, .least = 2 * step,
		                           .most = WINDOW_MOST, .burst = 8 * step };
}

void path_set_size(struct dgram *d, size_t size)
{
	struct congestion_limits l = limits_of(size);

	d->search.size = size;
	congestion_resize(&d->congestion, &l);
}

static void begin(struct dgram *d)
{
	struct congestion_limits l = limits_of(DGRAM_BASE);

	congestion_init(&d->congestion, &l);
	d->search = (struct dgram_search){ .size = DGRAM_BASE, .most = d->search.most };
}

void path_init(struct dgram *d, size_t most)
{
	d->search.most = most;
	begin(d);
}

/* The next rung; 0: there is none. */
static size_t next_size(const struct dgram_search *s)
{
	for (size_t i = 0; i < RUNGS; i++)
		if (ladder[i] > s->size && ladder[i] <= s->most)
			return ladder[i];
	return 0;
}

static uint64_t wait_us(const struct dgram *d)
{
	uint64_t us = 3 * ((uint64_t)d->recovery.rtt.smooth_us + 4 * (uint64_t)d->recovery.rtt.var_us +
	                   ACK_DELAY_US);

	return us > PTO_FIRST_US ? us : PTO_FIRST_US;
}

static void lost_probe(struct dgram *d, uint64_t now_us)
{
	struct dgram_search *s = &d->search;

	s->probe_size = 0;
	if (++s->tries < DGRAM_TRIES) {
		s->due_us = now_us;
		return;
	}
	s->tries = 0;
	s->due_us = now_us + DGRAM_SEARCH_US;
}

void path_heard(struct dgram *d, const struct report *p, uint64_t now_us)
{
	struct dgram_search *s = &d->search;

	if (s->due_us == NEVER)
		s->due_us = now_us;
	if (!s->probe_size)
		return;
	for (unsigned i = 0; i < p->n; i++) {
		if (s->probe > p->spans[i].newest || s->probe < p->spans[i].oldest)
			continue;
		path_set_size(d, s->probe_size);
		s->probe_size = 0;
		s->tries = 0;
		s->due_us = now_us;
		return;
	}
	if (p->spans[0].newest >= s->probe + PROBE_LATE)
		lost_probe(d, now_us);
}

/* What is on its way in larger datagrams is found to be lost as usual. Perhaps nothing passed,
 * of whatever size: once something does, larger ones are tried anew. */
static void fall_back(struct dgram *d)
{
	path_set_size(d, DGRAM_BASE);
	d->search.probe_size = 0;
	d->search.tries = 0;
	d->search.due_us = NEVER;
}

void path_silent(struct dgram *d)
{
	if (d->recovery.backoff >= HOLE_BACKOFF && d->search.size > DGRAM_BASE)
		fall_back(d);
}

void dgram_too_big(struct dgram *d, size_t size, uint64_t now_us)
{
	struct dgram_search *s = &d->search;

	if (size <= s->size) {
		if (s->size > DGRAM_BASE)
			fall_back(d);
		return;
	}
	s->probe_size = 0;
	s->tries = 0;
	s->due_us = now_us + DGRAM_SEARCH_US;
}

/* ---- addresses --------------------------------------------------------------------- */

static uint64_t new_token(struct dgram *d)
{
	d->tokens++;
	return siphash24(d->token_key, &d->tokens, sizeof d->tokens);
}

void path_from(struct dgram *d, const struct dgram_address *from, size_t size, uint64_t number,
               uint64_t now_us)
{
	struct dgram_move *m = &d->move;

	if (dgram_same_address(from, &d->at))
		return;
	if (m->on && dgram_same_address(from, &m->to)) {
		m->came += size;
		return;
	}
	if (m->on || number < d->came.next)
		return;
	*m = (struct dgram_move){ .on = true, .to = *from, .token = new_token(d), .came = size,
		                  .due_us = now_us };
}

/* Nothing is known of the new path; what was on the old one may have gone nowhere. */
void path_answered(struct dgram *d, const struct dgram_address *from, uint64_t token,
                   uint64_t now_us)
{
	struct dgram_move *m = &d->move;

	if (!m->on || m->token != token || !dgram_same_address(from, &m->to))
		return;
	d->at = m->to;
	m->on = false;
	d->counts.moves++;
	begin(d);
	d->search.due_us = now_us;
	recovery_move(&d->recovery, true, d->number);
	congestion_move(&d->congestion, d->recovery.next);
	dgram_go_back(d);
	d->probe = d->ping = true;
}

/* ---- datagrams --------------------------------------------------------------------- */

static size_t finish(struct dgram *d, uint8_t *buf, struct dgram_fields *f, size_t padded)
{
	size_t size;

	f->number = d->number++;
	size = dgram_write_data(buf, d->peer.id, f);
	if (size < padded) {
		memset(buf + size, 0, padded - size);
		size = padded;
	}
	dgram_tag(buf, size, d->peer.key);
	return size;
}

static size_t make_challenge(struct dgram *d, uint8_t *buf, uint64_t now_us,
                             struct dgram_address *to)
{
	struct dgram_fields f = { .flags = DGRAM_CHALLENGE, .challenge = d->move.token };
	struct dgram_move *m = &d->move;
	size_t size = dgram_data_head(&f);

	if (m->went + size > AMPLIFY * m->came)
		return 0;
	*to = m->to;
	m->went += size;
	m->tries++;
	m->due_us = now_us + wait_us(d);
	return finish(d, buf, &f, 0);
}

static size_t make_probe(struct dgram *d, uint8_t *buf, uint64_t now_us)
{
	struct dgram_fields f = { .flags = DGRAM_PING };
	struct dgram_search *s = &d->search;

	s->probe = d->number;
	s->probe_size = next_size(s);
	s->due_us = now_us + wait_us(d);
	d->counts.probes++;
	return finish(d, buf, &f, s->probe_size);
}

/* A search begins when the peer has answered something. */
static bool may_search(const struct dgram *d)
{
	return !d->search.probe_size && d->recovery.rtt.smooth_us > 0 && next_size(&d->search) > 0;
}

size_t path_make(struct dgram *d, uint8_t *buf, uint64_t now_us, struct dgram_address *ret_to)
{
	struct dgram_fields f = { .flags = DGRAM_RESPONSE, .response = d->answer };

	if (d->answer_due) {
		d->answer_due = false;
		*ret_to = d->answer_to;
		return finish(d, buf, &f, 0);
	}
	if (d->move.on && d->move.tries < DGRAM_TRIES && now_us >= d->move.due_us) {
		size_t size = make_challenge(d, buf, now_us, ret_to);

		if (size > 0)
			return size;
	}
	if (may_search(d) && now_us >= d->search.due_us)
		return make_probe(d, buf, now_us);
	return 0;
}

uint64_t path_deadline(const struct dgram *d)
{
	uint64_t due = NEVER;

	if (d->search.probe_size || may_search(d))
		due = d->search.due_us;
	if (d->move.on && d->move.due_us < due)
		due = d->move.due_us;
	return due;
}

void path_tick(struct dgram *d, uint64_t now_us)
{
	struct dgram_move *m = &d->move;

	if (d->search.probe_size && now_us >= d->search.due_us)
		lost_probe(d, now_us);
	if (!m->on || now_us < m->due_us)
		return;
	if (m->tries >= DGRAM_TRIES)
		m->on = false;
	else if (m->went + DGRAM_DATA_MIN + 8 > AMPLIFY * m->came)
		m->on = false;               /* nothing more has come from there */
}
