/* recovery.c - see recovery.h. Sections are those of RFC 9002. */
#include "recovery/recovery.h"

#include <assert.h>

#include "base/mem.h"

enum fate { FLYING = 1, HEARD, LOST };

void recovery_init(struct recovery *r)
{
	*r = (struct recovery){ .overdue_us = NEVER, .silent_us = NEVER, .room = SENT_FEW };
	r->ring = r->few;
}

void recovery_clear(struct recovery *r)
{
	if (r->ring != r->few)
		mem_free(r->ring);
	recovery_init(r);
}

void recovery_move(struct recovery *r, bool on, uint64_t number)
{
	uint64_t next = r->next < number ? number : r->next;

	if (!on) {
		recovery_clear(r);               /* a direct path needs no ring */
		r->next = next;
		return;
	}
	r->on = true;
	r->stuck = false;
	r->next = next;
	r->rtt = (struct rtt){ 0 };
	if (r->heard < next)
		r->heard = next;                 /* older ones are not of this path */
	r->in_flight = 0;
	r->first = r->count = 0;
	r->backoff = 0;
	r->overdue_us = r->silent_us = NEVER;
}

/* ---- round trips (section 5.3) --------------------------------------------- */

static uint32_t clamp_us(uint64_t us)
{
	return us == 0 ? 1 : us < UINT32_MAX / 8 ? (uint32_t)us : UINT32_MAX / 8;
}

void rtt_take(struct rtt *r, uint64_t us64, uint64_t delay_us, uint64_t now_us)
{
	uint32_t us = clamp_us(us64), off;

	r->latest_us = us;
	if (!r->smooth_us) {
		r->least_us = r->smooth_us = us;
		r->var_us = us / 2;
		r->first_us = now_us;
		return;
	}
	if (us < r->least_us)
		r->least_us = us;
	if (delay_us > ACK_DELAY_US)
		delay_us = ACK_DELAY_US;
	if (us >= r->least_us + delay_us)
		us -= (uint32_t)delay_us;
	off = us > r->smooth_us ? us - r->smooth_us : r->smooth_us - us;
	r->var_us = (uint32_t)((3 * (uint64_t)r->var_us + off) / 4);
	r->smooth_us = clamp_us((7 * (uint64_t)r->smooth_us + us) / 8);
}

/* ---- the ring -------------------------------------------------------------- */

static struct sent *at(const struct recovery *r, size_t i)
{
	return &r->ring[(r->first + i) & (r->room - 1)];
}

bool recovery_full(const struct recovery *r)
{
	return r->count == r->room && (r->room == SENT_MAX || r->stuck);
}

bool recovery_reserve(struct recovery *r)
{
	struct sent *grown;

	if (r->count < r->room)
		return true;
	if (r->room == SENT_MAX)
		return false;
	grown = mem_take(2 * r->room * sizeof *grown);
	r->stuck = !grown;                       /* until one of them is settled */
	if (!grown)
		return false;
	for (size_t i = 0; i < r->count; i++)
		grown[i] = *at(r, i);
	if (r->ring != r->few)
		mem_free(r->ring);
	r->ring = grown;
	r->room *= 2;
	r->first = 0;
	return true;
}

void recovery_sent(struct recovery *r, const struct sent *s)
{
	assert(r->count < r->room && s->number >= r->next);
	r->next = s->number + 1;
	*at(r, r->count) = *s;
	at(r, r->count++)->fate = FLYING;
	r->in_flight += s->size;
}

static void settle(struct recovery *r, struct sent *s, enum fate fate)
{
	assert(s->fate == FLYING);
	s->fate = (uint16_t)fate;
	r->in_flight -= s->size;
}

static void shorten(struct recovery *r)
{
	while (r->count > 0 && at(r, 0)->fate != FLYING) {
		r->first = (r->first + 1) & (r->room - 1);
		r->count--;
		r->stuck = false;
	}
	if (r->count == 0)
		r->overdue_us = NEVER;
}

/* ---- losses (section 6.1) -------------------------------------------------- */

static uint64_t loss_delay_us(const struct recovery *r)
{
	uint64_t us = r->rtt.latest_us > r->rtt.smooth_us ? r->rtt.latest_us : r->rtt.smooth_us;

	us = us * LOSS_TIME_NUM / LOSS_TIME_DEN;
	return us > GRANULARITY_US ? us : GRANULARITY_US;
}

static uint64_t patience_us(const struct recovery *r)
{
	uint64_t var_us = 4 * (uint64_t)r->rtt.var_us;

	if (!r->rtt.smooth_us)
		return PTO_FIRST_US;
	return r->rtt.smooth_us + (var_us > GRANULARITY_US ? var_us : GRANULARITY_US) + ACK_DELAY_US;
}

static void lose(struct recovery *r, struct sent *s, struct ranges *again, struct feedback *f)
{
	settle(r, s, LOST);
	f->lost++;
	f->lost_last = s->number;
	if (!ranges_add(again, (struct range){ s->from, s->from + s->length }))
		f->overflow = true;
}

/* A run of losses, each after the first round trip was known, without anything between
 * them that came. */
static void note_run(const struct recovery *r, const struct sent *s, uint64_t *start_us,
                     struct feedback *f)
{
	if (s->fate == HEARD || !r->rtt.first_us || s->us <= r->rtt.first_us)
		*start_us = NEVER;
	else if (*start_us == NEVER)
		*start_us = s->us;
	else if (s->us - *start_us > PERSISTENT * patience_us(r))
		f->persistent = true;
}

/* Those before the newest that was reported are late; how late, decides. */
void recovery_find_lost(struct recovery *r, struct ranges *again, uint64_t now_us,
                        struct feedback *f)
{
	uint64_t delay_us = loss_delay_us(r), start_us = NEVER;

	r->overdue_us = NEVER;
	for (size_t i = 0; i < r->count && at(r, i)->number + 1 < r->heard; i++) {
		struct sent *s = at(r, i);

		if (s->fate == FLYING && s->number + 1 + LOSS_PACKETS > r->heard &&
		    s->us + delay_us > now_us) {
			if (s->us + delay_us < r->overdue_us)
				r->overdue_us = s->us + delay_us;
			continue;
		}
		if (s->fate == FLYING)
			lose(r, s, again, f);
		note_run(r, s, &start_us, f);
	}
	shorten(r);
	f->heard = r->heard;
	f->next = r->next > r->heard ? r->next : r->heard;   /* not all carry data */
}

void recovery_heard(struct recovery *r, const struct report *p, struct ranges *again,
                    uint64_t now_us, struct feedback *f)
{
	unsigned span = p->n;

	assert(span > 0);
	if (r->heard <= p->spans[0].newest)
		r->heard = p->spans[0].newest + 1;
	/* Packets go up, the report's spans from its last one up, too. */
	for (size_t i = 0; i < r->count && at(r, i)->number <= p->spans[0].newest; i++) {
		struct sent *s = at(r, i);

		while (span > 1 && p->spans[span - 1].newest < s->number)
			span--;
		if (s->fate != FLYING || s->number < p->spans[span - 1].oldest)
			continue;
		settle(r, s, HEARD);
		f->packets++;
		f->bytes += s->size;
		if (s->number == p->spans[0].newest) {
			rtt_take(&r->rtt, now_us - s->us, p->delay_us, now_us);
			f->rtt_us = r->rtt.latest_us;
		}
	}
	recovery_find_lost(r, again, now_us, f);
}

void recovery_read(struct recovery *r, uint64_t offset)
{
	for (; r->count > 0 && at(r, 0)->from + at(r, 0)->length <= offset; shorten(r))
		settle(r, at(r, 0), HEARD);
}

/* ---- silence (section 6.2) ------------------------------------------------- */

void recovery_arm(struct recovery *r, uint64_t now_us)
{
	uint64_t us = patience_us(r);

	if (us < PTO_MIN_US)
		us = PTO_MIN_US;
	us <<= r->backoff;
	if (r->on && r->silent_us == NEVER)
		r->silent_us = now_us + (us < PTO_MAX_US ? us : PTO_MAX_US);
}

void recovery_news(struct recovery *r, bool waits, uint64_t now_us)
{
	r->backoff = 0;
	r->silent_us = NEVER;
	if (waits)
		recovery_arm(r, now_us);
}

bool recovery_silent(struct recovery *r, struct range *ret)
{
	r->silent_us = NEVER;                    /* set again by what is sent next */
	if (r->backoff < BACKOFF_MAX)
		r->backoff++;
	if (r->count == 0)
		return false;
	*ret = (struct range){ at(r, 0)->from, at(r, 0)->from + at(r, 0)->length };
	settle(r, at(r, 0), LOST);
	shorten(r);
	return true;
}
