/* desk.c - see desk.h. */
#include "service/desk.h"

enum { QUEUE_STEP = 16,      /* of load, for a queue as long as all that run         */
       HANDLING_US = 100 };  /* what a call takes at least, beside the way           */

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
	                (uint64_t)d->waiting * QUEUE_STEP / d->concurrency;

	return load < LOAD_MAX ? (uint8_t)load : LOAD_MAX;
}

uint64_t desk_cost(uint32_t rtt_us, uint8_t load, uint32_t outstanding)
{
	return ((uint64_t)rtt_us + HANDLING_US) * (16 + load + 8 * (uint64_t)outstanding);
}
