/* awake.c - who dials waits for each answer without going to sleep, for a moment: a core that
 * sleeps is woken more slowly (30 us in a virtual machine) than a peer nearby answers.
 *
 *   dialled --we said something--> awake, AWAKE_US --an answer came--> again, to AWAKE_TIMES
 *                                      +--none came--> asleep: the peer is far, or slow
 *
 *  1. A dial costs at most AWAKE_TIMES times AWAKE_US; of a peer that is far, once.
 *  2. Whoever else wants the processor has it meanwhile. */
#include "driver/uv/uv.h"

#include <sched.h>

enum { AWAKE_US = 200, AWAKE_TIMES = 4 };

static void on_idle(uv_idle_t *idle)
{
	struct driver *d = idle->data;

	if (uv_hrtime() / 1000 >= d->awake_until_us)
		uv_idle_stop(idle);
	else
		sched_yield();
}

void awake_init(struct driver *d)
{
	uv_idle_init(&d->loop, &d->awake);
	d->awake.data = d;
}

void awake_dialled(struct pipe *p)
{
	p->awake = AWAKE_TIMES;
}

void awake_said(struct pipe *p)
{
	struct driver *d = p->driver;

	if (p->awake == 0)
		return;
	p->awake--;
	d->awake_until_us = uv_hrtime() / 1000 + AWAKE_US;
	uv_idle_start(&d->awake, on_idle);
}

void awake_heard(struct pipe *p)
{
	if (!uv_is_active((uv_handle_t *)&p->driver->awake))
		p->awake = 0;
}
