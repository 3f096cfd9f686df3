/* desk.c - see desk.h. */
#include "service/desk.h"

enum { HANDLING_US = 100,    /* what a call takes at least, beside the way           */
       NEAR_US = 500 };      /* round trips that differ by less are alike            */

enum desk_place desk_come(struct desk *d)
{
	if (d->running < d->concurrency) {
		d->running++;
		return DESK_RUNS;
	}
	if (d->waiting >= d->waiting_max)
		return DESK_FULL;
	d->waiting++;
	return DESK_WAITS;
}

bool desk_next(struct desk *d)
{
	if (d->waiting == 0 || d->running >= d->concurrency)
		return false;
	d->waiting--;
	d->running++;
	return true;
}

uint8_t desk_load(const struct desk *d)
{
	uint64_t load = (uint64_t)d->running * LOAD_BUSY / d->concurrency +
	                (uint64_t)d->waiting * LOAD_QUEUE / d->concurrency;

	return load < LOAD_MAX ? (uint8_t)load : LOAD_MAX;
}

static uint64_t cost(const struct desk_seen *s, uint32_t rtt_us)
{
	return ((uint64_t)rtt_us + HANDLING_US) * (16 + s->load + 8 * (uint64_t)s->outstanding);
}

static bool alike(const struct desk_seen *a, const struct desk_seen *b)
{
	uint32_t by_us = a->rtt_us > b->rtt_us ? a->rtt_us - b->rtt_us : b->rtt_us - a->rtt_us;

	return !a->here && !b->here && by_us < NEAR_US;
}

bool desk_cheaper(const struct desk_seen *a, const struct desk_seen *b)
{
	return cost(a, a->rtt_us) < cost(b, alike(a, b) ? a->rtt_us : b->rtt_us);
}
