/* usage.c - what this process takes of the machine, for who asks the node how it is; and what
 * only a busy one takes: a faster library.
 *
 *  1. It is measured when an input comes, once a second at most: nothing wakes for it.
 *  2. An interval of less than that would say nothing; so the first figure is a second old.
 *  3. However much strangers say, they make nobody busy. */
#include "driver/uv/gcm_lib.h"
#include "driver/uv/uv.h"

#include <sys/resource.h>

enum {
	MEASURE_US = 1000 * 1000,
	BUSY_BYTES = 2 << 20          /* moved within that: it is worth half a millisecond */
};

static uint64_t us_of(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static uint64_t taken_us(void)
{
	struct rusage r;

	return getrusage(RUSAGE_SELF, &r) == 0 ? us_of(r.ru_utime) + us_of(r.ru_stime) : 0;
}

void usage_tell(struct driver *d, uint64_t now_us)
{
	struct usage *u = &d->usage;
	uint64_t taken, passed = now_us - u->at_us;
	size_t resident = 0;
	uint32_t cpu = 0;

	if (u->at_us != 0 && passed < MEASURE_US)
		return;
	taken = taken_us();
	if (u->at_us != 0) {
		if (uv_resident_set_memory(&resident) != 0)
			resident = 0;
		if (taken > u->taken_us)
			cpu = (uint32_t)((taken - u->taken_us) * 1000 / passed);
		leno_engine_usage(d->node, cpu, resident);
	}
	u->at_us = now_us;
	u->taken_us = taken;
	u->moved = 0;
}

void usage_moved(const struct pipe *p, size_t size)
{
	struct driver *d = p->driver;
	struct usage *u = &d->usage;
	const leno_gcm *gcm;

	u->moved += size;
	if (u->moved < BUSY_BYTES || u->busy || !leno_engine_proved(d->node, p->number))
		return;
	u->busy = true;
	gcm = gcm_lib();
	if (gcm)
		leno_engine_gcm(d->node, gcm);
}
