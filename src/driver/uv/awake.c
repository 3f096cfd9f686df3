/* awake.c - nodes that meet wait for each other's answers without going to sleep, for a moment: a
 * core that sleeps is woken more slowly (30 us in a virtual machine) than a peer nearby answers.
 *
 *   dialled, or accepted and proved
 *     --we said something--> awake, AWAKE_US --an answer came--> again, some times
 *                                +--none came--> asleep: the peer is far, or slow
 *
 *  1. A dial costs at most DIALLED_TIMES times AWAKE_US; of a peer that is far, once.
 *  2. Nobody is kept awake by a stranger.
 *  3. Whoever else wants the processor has it meanwhile. */
#include "driver/uv/uv.h"

#include <sched.h>

enum { AWAKE_US = 200, DIALLED_TIMES = 4, PROVED_TIMES = 2 };

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
	p->awake = DIALLED_TIMES;
}

void awake_said(struct pipe *p)
{
	struct driver *d = p->driver;

	if (!p->dial && !p->proved && leno_engine_proved(d->node, p->number)) {
		p->proved = true;
		p->awake = PROVED_TIMES;
	}
	if (p->awake == 0)
		return;
	p->awake--;
	d->awake_until_us = uv_hrtime() / 1000 + AWAKE_US;
	uv_idle_start(&d->awake, on_idle);
}

void awake_heard(struct pipe *p)
{
	/* Before the engine has said anything it answers nobody but filters. */
	if (p->awake > 0 && p->awake < DIALLED_TIMES &&
	    !uv_is_active((uv_handle_t *)&p->driver->awake))
		p->awake = 0;
}
