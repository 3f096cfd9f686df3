/* dials.c - see dials.h. */
#include "discovery/dials.h"

#include <string.h>

#include "base/mem.h"

void dials_init(struct dials *d, struct timers *timers, int timer_kind)
{
	*d = (struct dials){ .timers = timers, .timer_kind = timer_kind };
	list_init(&d->all);
}

void dials_clear(struct dials *d)
{
	list_each (it, next, &d->all)
		dials_remove(d, list_item(it, struct dial, all));
}

struct dial *dials_by_uri(const struct dials *d, const char *uri)
{
	list_each (it, next, &d->all) {
		struct dial *x = list_item(it, struct dial, all);

		if (strcmp(x->uri, uri) == 0)
			return x;
	}
	return NULL;
}

struct dial *dials_find(const struct dials *d, uint32_t number)
{
	list_each (it, next, &d->all) {
		struct dial *x = list_item(it, struct dial, all);

		if (x->number == number)
			return x;
	}
	return NULL;
}

struct dial *dials_by_peer(const struct dials *d, const leno_id *peer, struct dial *after)
{
	const struct list *from = after ? &after->all : &d->all;

	for (struct list *it = from->next; it != &d->all; it = it->next) {
		struct dial *x = list_item(it, struct dial, all);

		if (x->known && memcmp(&x->peer, peer, sizeof *peer) == 0)
			return x;
	}
	return NULL;
}

static int add(struct dials *d, const char *uri, uint64_t now_us, struct dial **ret)
{
	size_t size = strlen(uri) + 1;
	struct dial *x;

	if (size > URI_MAX)
		return LENO_URI;
	if (d->count >= DIALS_MAX)
		return LENO_LIMIT;
	x = mem_new(sizeof *x + size);
	if (!x)
		return LENO_MEMORY;
	if (timers_admit(d->timers)) {
		mem_free(x);
		return LENO_MEMORY;
	}
	memcpy(x->uri, uri, size);
	x->timer.kind = d->timer_kind;
	x->number = ++d->last_number;
	x->delay_ms = DIAL_FIRST_MS;
	x->meeting = strncmp(uri, MEETING_SCHEME, sizeof MEETING_SCHEME - 1) == 0;
	list_init(&x->all);
	list_append(&d->all, &x->all);
	d->count++;
	timers_set(d->timers, &x->timer, now_us);
	*ret = x;
	return 0;
}

int dials_add(struct dials *d, const char *uri, uint64_t now_us)
{
	struct dial *x = dials_by_uri(d, uri);
	int error = x ? 0 : add(d, uri, now_us, &x);

	if (error)
		return error;
	x->keep = true;
	x->automatic = x->beside = false;
	if (x->state == DIAL_WAITING)
		timers_set(d->timers, &x->timer, now_us);
	return 0;
}

struct dial *dials_try(struct dials *d, const char *uri, const leno_id *wanted, bool beside,
                       uint64_t now_us)
{
	struct dial *x;

	if (dials_by_uri(d, uri) || add(d, uri, now_us, &x))
		return NULL;
	x->automatic = true;
	x->beside = beside;
	x->wanted = *wanted;
	return x;
}

void dials_remove(struct dials *d, struct dial *x)
{
	list_remove(&x->all);
	timers_release(d->timers, &x->timer);
	d->count--;
	mem_free(x);
}

void dials_rest(struct dials *d, struct dial *x)
{
	x->keep = false;
	timers_set(d->timers, &x->timer, NEVER);
}

void dials_self(struct dial *x)
{
	x->delay_ms = DIAL_LAST_MS;
}

void dials_shut(struct dial *x, uint64_t now_us)
{
	x->shut = now_us - x->held_us < (uint64_t)DIAL_STEADY_MS * 1000;
}

void dials_proved(struct dials *d, struct dial *x, const leno_id *peer, uint64_t now_us)
{
	timers_set(d->timers, &x->timer, NEVER);
	x->state = DIAL_HELD;
	x->known = true;
	x->peer = *peer;
	x->held_us = now_us;
}

void dials_lost(struct dials *d, struct dial *x, uint64_t now_us, uint64_t random)
{
	uint64_t delay_us;

	if (x->state == DIAL_HELD && !x->shut)
		x->delay_ms = DIAL_FIRST_MS;
	x->shut = false;
	delay_us = (uint64_t)x->delay_ms * 1000;
	x->state = DIAL_WAITING;
	timers_set(d->timers, &x->timer,
	           x->keep ? now_us + delay_us / 2 + random % (delay_us / 2) : NEVER);
	x->delay_ms = x->delay_ms >= DIAL_LAST_MS / 2 ? DIAL_LAST_MS : 2 * x->delay_ms;
}
