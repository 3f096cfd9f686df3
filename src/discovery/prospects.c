/* prospects.c - see prospects.h. */
#include "discovery/prospects.h"

#include <assert.h>

void prospects_init(struct prospects *p)
{
	*p = (struct prospects){ .gap_ms = TRY_GAP_MS };
}

static uint64_t ms_us(uint32_t ms)
{
	return (uint64_t)ms * 1000;
}

/* Between half of the delay and all of it. */
static uint64_t later(uint64_t now_us, uint32_t delay_ms, uint64_t random)
{
	return now_us + ms_us(delay_ms) / 2 + random % (ms_us(delay_ms) / 2);
}

static uint32_t doubled(uint32_t delay_ms, uint32_t most_ms)
{
	return delay_ms >= most_ms / 2 ? most_ms : 2 * delay_ms;
}

static size_t place_of(const struct prospects *p, const leno_id *id)
{
	size_t i = 0;

	while (i < PROSPECTS_MAX && (p->at[i].state == PROSPECT_FREE ||
	                             memcmp(&p->at[i].id, id, sizeof *id) != 0))
		i++;
	return i;
}

static struct prospect *find(struct prospects *p, const leno_id *id)
{
	size_t i = place_of(p, id);

	return i < PROSPECTS_MAX ? &p->at[i] : NULL;
}

/* Of two idle ones, which is forgotten first: who talks less, then who may be tried sooner. */
static bool forgets_first(const struct prospect *a, const struct prospect *b)
{
	if (a->shunned != b->shunned)
		return b->shunned;
	return a->moved != b->moved ? a->moved < b->moved : a->due_us < b->due_us;
}

/* The place of this node, a new one if need be; NULL when all are in use. */
static struct prospect *need(struct prospects *p, const leno_id *id)
{
	struct prospect *x = find(p, id), *place = NULL;

	for (size_t i = 0; i < PROSPECTS_MAX && !x; i++) {
		struct prospect *at = &p->at[i];

		if (at->state == PROSPECT_FREE) {
			place = at;
			break;
		}
		if (at->state == PROSPECT_IDLE && (!place || forgets_first(at, place)))
			place = at;
	}
	if (x || !place)
		return x;
	*place = (struct prospect){ .id = *id, .state = PROSPECT_IDLE,
	                            .delay_ms = RETRY_FIRST_MS };
	return place;
}

/* ---- hosts ---------------------------------------------------------------------------- */

/* A number for the host that a URI names, whatever scheme, port and path: FNV-1a. */
static uint64_t host_of(struct bytes uri)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	size_t i = 0;
	bool bracket;

	while (i < uri.size && uri.data[i] != ':')
		i++;
	for (i++; i < uri.size && uri.data[i] == '/';)
		i++;
	bracket = i < uri.size && uri.data[i] == '[';
	for (; i < uri.size && uri.data[i] != '/' && uri.data[i] != ']' &&
	       (bracket || uri.data[i] != ':'); i++)
		hash = (hash ^ uri.data[i]) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

static struct resting_host *host_at(struct prospects *p, uint64_t host)
{
	for (size_t i = 0; i < HOSTS_MAX; i++)
		if (p->hosts[i].host == host)
			return &p->hosts[i];
	return NULL;
}

static void host_failed(struct prospects *p, uint64_t host, uint64_t now_us, uint64_t random)
{
	struct resting_host *h = host_at(p, host);

	if (!h) {
		h = &p->hosts[0];
		for (size_t i = 1; i < HOSTS_MAX; i++)
			if (p->hosts[i].due_us < h->due_us)
				h = &p->hosts[i];
		*h = (struct resting_host){ .host = host, .delay_ms = HOST_FIRST_MS };
	}
	h->due_us = later(now_us, h->delay_ms, random);
	h->delay_ms = doubled(h->delay_ms, HOST_LAST_MS);
}

static bool host_rests(struct prospects *p, uint64_t host, uint64_t now_us)
{
	const struct resting_host *h = host_at(p, host);

	return h && now_us < h->due_us;
}

/* ---- what is so ----------------------------------------------------------------------- */

void prospects_look(struct prospects *p)
{
	for (size_t i = 0; i < PROSPECTS_MAX; i++) {
		struct prospect *x = &p->at[i];

		x->moved -= x->moved / 8 + (x->moved > 0 && x->moved < 8);
		x->wanted = x->wanted && x->moved >= WORTH;
	}
}

void prospects_talk(struct prospects *p, const leno_id *id, uint64_t bytes, bool crosses,
                    uint64_t now_us)
{
	struct prospect *x = need(p, id);

	if (!x)
		return;
	x->moved += bytes;
	if (x->state != PROSPECT_IDLE || x->wanted || x->moved < WORTH)
		return;
	x->wanted = true;
	if (crosses && x->due_us < now_us + ms_us(CROSS_MS))
		x->due_us = now_us + ms_us(CROSS_MS);
}

void prospects_used(struct prospects *p, const leno_id *id, uint64_t bytes, uint64_t now_us)
{
	struct prospect *x = find(p, id);

	if (!x || x->state != PROSPECT_HELD)
		return;
	x->moved += bytes;
	x->used_us = now_us;
}

void prospects_settled(struct prospects *p, const leno_id *id)
{
	struct prospect *x = find(p, id);

	if (x)
		x->wanted = false;
}

void prospects_unwanted(struct prospects *p, const leno_id *id, uint64_t now_us, uint64_t random)
{
	struct prospect *x = need(p, id);

	if (x && x->state == PROSPECT_IDLE)
		x->due_us = later(now_us, UNUSED_MS, random);
}

void prospects_shun(struct prospects *p, const leno_id *id)
{
	struct prospect *x = need(p, id);

	if (x)
		x->shunned = true;
}

/* ---- whom to try ------------------------------------------------------------------------ */

bool prospects_may(const struct prospects *p, uint64_t now_us)
{
	return p->trying < TRIES_MAX && now_us >= p->gap_due_us;
}

static bool may_be_tried(const struct prospect *x, uint64_t now_us)
{
	return x->state == PROSPECT_IDLE && !x->shunned && now_us >= x->due_us;
}

bool prospects_busiest(const struct prospects *p, uint64_t now_us, leno_id *ret,
                       uint64_t *ret_moved)
{
	const struct prospect *best = NULL;

	for (size_t i = 0; i < PROSPECTS_MAX; i++) {
		const struct prospect *x = &p->at[i];

		if (x->wanted && may_be_tried(x, now_us) && (!best || x->moved > best->moved))
			best = x;
	}
	if (!best)
		return false;
	*ret = best->id;
	*ret_moved = best->moved;
	return true;
}

bool prospects_ready(const struct prospects *p, const leno_id *id, uint64_t now_us)
{
	size_t i = place_of(p, id);

	return i == PROSPECTS_MAX || may_be_tried(&p->at[i], now_us);
}

/* All its addresses have had their turn. */
static void rest(struct prospect *x, uint64_t now_us, uint64_t random)
{
	x->address = 0;
	x->due_us = later(now_us, x->delay_ms, random);
	x->delay_ms = doubled(x->delay_ms, RETRY_LAST_MS);
}

bool prospects_address(struct prospects *p, const leno_id *id, const struct addresses *a,
                       bool beside, uint64_t now_us, uint64_t random, size_t *ret)
{
	struct prospect *x = need(p, id);

	if (!x)
		return false;
	for (; x->address < a->n; x->address++) {
		if (a->at[x->address].reach == REACH_MACHINE && !beside)
			continue;
		if (host_rests(p, host_of(a->at[x->address].uri), now_us))
			continue;
		*ret = x->address;
		return true;
	}
	rest(x, now_us, random);
	return false;
}

bool prospects_try(struct prospects *p, const leno_id *id, struct bytes uri, uint64_t now_us,
                   uint64_t random)
{
	struct prospect *x = need(p, id);

	if (!x || x->state != PROSPECT_IDLE)
		return false;
	x->state = PROSPECT_TRYING;
	x->host = host_of(uri);
	p->trying++;
	p->gap_due_us = later(now_us, p->gap_ms, random);
	return true;
}

/* ---- what became of it -------------------------------------------------------------------- */

void prospects_failed(struct prospects *p, const leno_id *id, size_t n_addresses, uint64_t now_us,
                      uint64_t random)
{
	struct prospect *x = find(p, id);

	if (!x || x->state != PROSPECT_TRYING)
		return;
	x->state = PROSPECT_IDLE;
	p->trying--;
	p->gap_ms = doubled(p->gap_ms, TRY_GAP_LAST_MS);
	host_failed(p, x->host, now_us, random);
	if (++x->address >= n_addresses)
		rest(x, now_us, random);
}

void prospects_made(struct prospects *p, const leno_id *id, uint64_t now_us)
{
	struct prospect *x = find(p, id);
	struct resting_host *h;

	if (!x || x->state != PROSPECT_TRYING)
		return;
	x->state = PROSPECT_HELD;
	x->wanted = false;
	x->used_us = now_us;
	x->delay_ms = RETRY_FIRST_MS;
	p->trying--;
	p->held++;
	p->gap_ms = TRY_GAP_MS;
	h = host_at(p, x->host);
	if (h)
		*h = (struct resting_host){ 0 };
}

void prospects_ended(struct prospects *p, const leno_id *id, bool unused, uint64_t now_us,
                     uint64_t random)
{
	struct prospect *x = find(p, id);

	if (!x || (x->state != PROSPECT_HELD && x->state != PROSPECT_TRYING))
		return;
	p->held -= x->state == PROSPECT_HELD;
	p->trying -= x->state == PROSPECT_TRYING;
	x->state = PROSPECT_IDLE;
	x->due_us = later(now_us, unused ? UNUSED_MS : LOOK_MS, random);
}

bool prospects_idle(const struct prospects *p, uint64_t now_us, leno_id *ret)
{
	const struct prospect *worst = NULL;

	for (size_t i = 0; i < PROSPECTS_MAX; i++) {
		const struct prospect *x = &p->at[i];

		if (x->state == PROSPECT_HELD && now_us - x->used_us >= ms_us(IDLE_MS) &&
		    (!worst || x->used_us < worst->used_us))
			worst = x;
	}
	if (worst)
		*ret = worst->id;
	return worst;
}

bool prospects_weakest(const struct prospects *p, leno_id *ret, uint64_t *ret_moved)
{
	const struct prospect *weakest = NULL;

	for (size_t i = 0; i < PROSPECTS_MAX; i++) {
		const struct prospect *x = &p->at[i];

		if (x->state == PROSPECT_HELD && (!weakest || x->moved < weakest->moved))
			weakest = x;
	}
	if (!weakest)
		return false;
	*ret = weakest->id;
	*ret_moved = weakest->moved;
	return true;
}

uint64_t prospects_due(const struct prospects *p)
{
	uint64_t due = NEVER_DUE, at;

	if (p->trying >= TRIES_MAX)
		return due;
	for (size_t i = 0; i < PROSPECTS_MAX; i++) {
		const struct prospect *x = &p->at[i];

		if (x->state != PROSPECT_IDLE || !x->wanted || x->shunned)
			continue;
		at = x->due_us > p->gap_due_us ? x->due_us : p->gap_due_us;
		due = at < due ? at : due;
	}
	return due;
}
