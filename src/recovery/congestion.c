/* congestion.c - see congestion.h. */
#include "recovery/congestion.h"

#include <assert.h>

static void begin_slow_start(struct congestion *c)
{
	/* alpha is one here, so that the first mark counts like a loss: RFC 8257, 3.3 */
	c->phase = SLOW_START;
	c->alpha = ALPHA_ONE;
	c->round_us = c->before_us = c->cautious_us = UINT32_MAX;
	c->samples = 0;
	c->rounds = 0;
}

void congestion_init(struct congestion *c, const struct congestion_limits *l)
{
	assert(l->least >= 2 * l->step && l->least <= l->start && l->start <= l->most);
	*c = (struct congestion){ .limits = *l, .cwnd = l->start, .threshold = l->most };
	begin_slow_start(c);
}

void congestion_move(struct congestion *c, uint64_t next)
{
	const struct congestion_limits limits = c->limits;

	congestion_init(c, &limits);
	c->marked_end = c->lost_end = c->round_end = next;
}

static void set_window(struct congestion *c, uint64_t bytes)
{
	const struct congestion_limits *l = &c->limits;

	c->cwnd = bytes < l->least ? l->least : bytes > l->most ? l->most : (uint32_t)bytes;
}

void congestion_resize(struct congestion *c, const struct congestion_limits *l)
{
	bool first = c->threshold == c->limits.most;

	assert(l->least >= 2 * l->step && l->least <= l->start && l->start <= l->most);
	c->limits = *l;
	set_window(c, c->cwnd);
	if (first || c->threshold > l->most)
		c->threshold = l->most;
}

/* ---- less ------------------------------------------------------------------ */

static uint32_t root(uint64_t square)
{
	uint64_t r = 0;

	for (uint64_t bit = (uint64_t)1 << 31; bit > 0; bit >>= 1)
		if ((r + bit) * (r + bit) <= square)
			r += bit;
	return (uint32_t)r;
}

/* Where alpha settles for one flow with this window: sqrt(2 / W), W in packets (Alizadeh et
 * al., section 3.3). Slow start has no marks to average. Had it to come down from one by a
 * sixteenth a round trip, each mark until then would halve the window once more. */
static void leave_slow_start(struct congestion *c, uint64_t next)
{
	if (c->phase == AVOIDANCE)
		return;
	c->phase = AVOIDANCE;
	c->alpha = root((uint64_t)ALPHA_ONE * ALPHA_ONE * 2 * c->limits.step / c->cwnd);
	c->packets = c->marked = 0;
	c->window_end = c->measured_from = next;
}

static void shrink(struct congestion *c, uint64_t bytes, uint64_t next)
{
	set_window(c, bytes);
	c->threshold = c->cwnd;
	c->grown = 0;
	leave_slow_start(c, next);
}

static void take_losses(struct congestion *c, const struct feedback *f)
{
	if (f->lost > 0 && f->lost_last >= c->lost_end) {
		/* Marks of the same window have shrunk it already: half of what was, in all. */
		uint32_t half = (f->lost_last < c->marked_end ? c->before : c->cwnd) / 2;

		c->lost_end = f->next;
		shrink(c, half < c->cwnd ? half : c->cwnd, f->next);
	}
	if (f->persistent) {
		set_window(c, c->limits.least);       /* the threshold stays: half of what was */
		begin_slow_start(c);
	}
}

/* RFC 8257, 3.3, steps 5 to 8: a window of data has passed. */
static void end_window(struct congestion *c, uint64_t next)
{
	uint64_t share = c->packets ? (uint64_t)c->marked * ALPHA_ONE / c->packets : 0;

	if (share > ALPHA_ONE)
		share = ALPHA_ONE;
	c->alpha += (uint32_t)(share >> ALPHA_SHIFT) - (c->alpha >> ALPHA_SHIFT);
	c->packets = c->marked = 0;
	c->window_end = next;
}

/* Step 9, at the first mark of what was sent since the last time: there is one cut a window,
 * and it need not wait for the window's end. */
static void take_marks(struct congestion *c, const struct feedback *f)
{
	if (f->marked > 0 && f->heard > c->marked_end && f->heard > c->lost_end) {
		c->before = c->cwnd;
		c->marked_end = f->next;
		shrink(c, c->cwnd - (uint64_t)c->cwnd * c->alpha / ALPHA_ONE / 2, f->next);
	}
	if (c->phase != AVOIDANCE || f->heard <= c->measured_from)
		return;
	c->packets += f->packets;
	c->marked += f->marked;
	if (f->heard > c->window_end)
		end_window(c, f->next);
}

/* ---- more ------------------------------------------------------------------ */

static uint32_t clamp(uint32_t us, uint32_t least, uint32_t most)
{
	return us < least ? least : us > most ? most : us;
}

/* RFC 9406, 4.2: has the round trip grown since the last round? */
static void watch_delay(struct congestion *c, const struct feedback *f)
{
	if (f->rtt_us) {
		c->samples++;
		if (f->rtt_us < c->round_us)
			c->round_us = f->rtt_us;
	}
	if (c->samples < RTT_SAMPLES)
		return;
	if (c->phase == CAUTIOUS && c->round_us < c->cautious_us) {
		c->cautious_us = UINT32_MAX;
		c->phase = SLOW_START;
	} else if (c->phase == SLOW_START && c->before_us != UINT32_MAX) {
		uint32_t more_us = clamp(c->before_us / RTT_DIVISOR, RTT_THRESH_MIN_US,
		                         RTT_THRESH_MAX_US);

		if (c->round_us >= c->before_us + more_us) {
			c->cautious_us = c->round_us;
			c->rounds = 0;
			c->phase = CAUTIOUS;
		}
	}
}

static void end_round(struct congestion *c, const struct feedback *f)
{
	c->round_end = f->next;
	c->before_us = c->round_us;
	c->round_us = UINT32_MAX;
	c->samples = 0;
	if (c->phase == CAUTIOUS && ++c->rounds >= CSS_ROUNDS) {
		c->threshold = c->cwnd;
		leave_slow_start(c, f->next);
	}
}

static void grow(struct congestion *c, const struct feedback *f)
{
	uint32_t bytes = f->bytes < c->limits.burst ? f->bytes : c->limits.burst;

	if (c->phase == SLOW_START && c->cwnd >= c->threshold)
		leave_slow_start(c, f->next);
	switch (c->phase) {
	case SLOW_START:
		set_window(c, (uint64_t)c->cwnd + bytes);
		return;
	case CAUTIOUS:
		set_window(c, (uint64_t)c->cwnd + bytes / CSS_GROWTH);
		return;
	case AVOIDANCE:
		break;
	}
	c->grown += f->bytes;
	if (c->grown >= c->cwnd) {
		c->grown -= c->cwnd;
		set_window(c, (uint64_t)c->cwnd + c->limits.step);
	}
}

void congestion_take(struct congestion *c, const struct feedback *f)
{
	take_losses(c, f);
	take_marks(c, f);
	if (c->phase != AVOIDANCE && c->threshold == c->limits.most) {
		watch_delay(c, f);               /* the first slow start alone: RFC 9406, 4.3 */
		if (f->heard > c->round_end)
			end_round(c, f);
	}
	if (f->limited && f->heard > c->marked_end && f->heard > c->lost_end)
		grow(c, f);
}
