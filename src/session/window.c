/* window.c - see window.h. */
#include "session/window.h"

void window_reset(struct window *w, bool on)
{
	*w = (struct window){ .on = on, .cwnd = CWND_START, .threshold = SESSION_WINDOW,
	                      .due_us = NEVER };
}

static uint64_t patience_us(const struct window *w)
{
	uint64_t us = w->srtt_us ? 3 * (uint64_t)w->srtt_us : PTO_FIRST_US;

	if (us < PTO_MIN_US)
		us = PTO_MIN_US;
	us <<= w->backoff;
	return us < PTO_MAX_US ? us : PTO_MAX_US;
}

void window_sent(struct window *w, uint64_t upto, bool again, uint64_t now_us)
{
	if (again) {
		w->timing = false;     /* whose answer it is could not be told (Karn) */
	} else if (!w->timing) {
		w->timing = true;
		w->timed_offset = upto;
		w->timed_us = now_us;
	}
}

void window_arm(struct window *w, uint64_t now_us)
{
	if (w->on && w->due_us == NEVER)
		w->due_us = now_us + patience_us(w);
}

static void measure(struct window *w, uint64_t us64)
{
	uint32_t us = us64 < PTO_MAX_US ? (uint32_t)us64 : PTO_MAX_US;

	if (us == 0)
		us = 1;
	if (w->srtt_us == 0) {
		w->srtt_us = us;
		w->var_us = us / 2;
		return;
	}
	uint32_t off = us > w->srtt_us ? us - w->srtt_us : w->srtt_us - us;
	w->var_us = (3 * w->var_us + off) / 4;
	w->srtt_us = (7 * w->srtt_us + us) / 8;
	if (w->srtt_us == 0)
		w->srtt_us = 1;
}

static void grow(struct window *w, uint64_t bytes)
{
	if (w->cwnd < w->threshold) {
		w->cwnd = bytes < SESSION_WINDOW - w->cwnd ? w->cwnd + (uint32_t)bytes
		                                           : SESSION_WINDOW;
		return;
	}
	w->grown += bytes < SESSION_WINDOW ? (uint32_t)bytes : SESSION_WINDOW;
	if (w->grown >= w->cwnd) {
		w->grown = 0;
		w->cwnd += PACKET_MAX;
	}
	if (w->cwnd > SESSION_WINDOW)
		w->cwnd = SESSION_WINDOW;
}

void window_acked(struct window *w, uint64_t upto, uint64_t bytes, bool waiting, uint64_t now_us)
{
	if (w->timing && upto >= w->timed_offset) {
		w->timing = false;
		measure(w, now_us - w->timed_us);
	}
	if (!w->on)
		return;
	grow(w, bytes);
	w->backoff = 0;
	w->due_us = waiting ? now_us + patience_us(w) : NEVER;
}

static void halve(struct window *w, uint64_t now_us)
{
	w->cwnd = w->cwnd / 2 > CWND_MIN ? w->cwnd / 2 : CWND_MIN;
	w->threshold = w->cwnd;
	w->grown = 0;
	w->cut_us = now_us;
}

bool window_cut(struct window *w, uint64_t now_us)
{
	uint64_t rtt_us = w->srtt_us ? w->srtt_us : PTO_MIN_US;

	if (w->cut_us && now_us - w->cut_us < rtt_us)
		return false;
	halve(w, now_us);
	return true;
}

void window_expired(struct window *w, uint64_t now_us)
{
	halve(w, now_us);
	w->timing = false;
	w->due_us = NEVER;             /* set again by what is sent next */
	if (w->backoff < 8)
		w->backoff++;
}
