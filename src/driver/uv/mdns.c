/* mdns.c - a node on the local network: offers its doors, dials what it finds.
 * Takes listeners from the driver, gives URIs to the engine.
 *
 *   mdns_start --> STANDING --the stack fails, or was flooded--> DOWN --in a while--> STANDING
 *
 *  1. The stack is touched in on_turn() alone, never within its own events. */
#include "base/mem.h"
#include "driver/uv/interfaces.h"
#include "driver/uv/mdns_found.h"
#include "driver/uv/mdns_offer.h"
#include "driver/uv/uv.h"

#include <stdio.h>
#include <string.h>

enum {
	RETRY_MS = 1000, /* the stack, when it could not be opened; doubles */
	RETRY_MAX_MS = 60000,
	NEWS_MS = 100,    /* addresses come in company                      */
	CALM_MS = 5000,   /* without a packet too many: the flood is over   */
	RENEW_MS = 60000, /* between two new stacks after floods; doubles   */
	RENEW_MAX_MS = 3600000
};

struct mdns {
	struct driver *driver;
	struct finder finder;
	struct interfaces_watch *news;
	uv_timer_t turn;
	uint64_t turn_ms;                  /* when it is due, or NEVER_MS                 */
	bool changed;                      /* offers are to be made anew                  */
	bool failed;                       /* the stack is of no more use                 */
	bool said;                         /* that there is none, and why                 */
	uint64_t retry_ms;                 /* when a new one may be opened; and ...       */
	uint64_t delay_ms;                 /* ... how long to wait after the next failure */
	uint64_t flood_ms;                 /* the flood that was dealt with               */
	uint64_t renew_ms, renew_delay_ms; /* after floods                         */
	char host[MDNS_LABEL + 1];
	char subtype[MDNS_SUBTYPE];
};

static void on_turn(uv_timer_t *timer);

static uint64_t now_ms(const struct mdns *m)
{
	return uv_now(&m->driver->loop);
}

static void turn_at(struct mdns *m, uint64_t at_ms)
{
	uint64_t now = now_ms(m);

	if (at_ms >= m->turn_ms)
		return;
	m->turn_ms = at_ms;
	uv_timer_start(&m->turn, on_turn, at_ms > now ? at_ms - now : 0, 0);
}

/* ---- events of the stack --------------------------------------------------------- */

static void on_seen(void *arg, const struct mdns_name *name, unsigned by)
{
	struct mdns *m = arg;

	finder_seen(&m->finder, name, by);
	turn_at(m, now_ms(m));
}

static void on_lost(void *arg, const struct mdns_name *name, unsigned by)
{
	struct mdns *m = arg;

	finder_lost(&m->finder, name, by);
	turn_at(m, now_ms(m));
}

static void on_found(void *arg, void *lookup_arg, const struct mdns_service *service)
{
	struct mdns *m = arg;

	finder_answer(&m->finder, lookup_arg, service);
	turn_at(m, now_ms(m));
}

static void on_taken(void *arg, const char *name)
{
	struct mdns *m = arg;

	loop_log(m->driver, LENO_LOG_WARN,
	         MDNS_URI " %s is offered by another process: not offered by this one", name);
}

static void on_failed(void *arg, const char *why)
{
	struct mdns *m = arg;

	loop_log(m->driver, LENO_LOG_WARN, MDNS_URI " %s: beginning anew", why);
	m->failed = true;
	turn_at(m, now_ms(m));
}

static const struct mdns_events events = {
	.seen = on_seen, .lost = on_lost, .found = on_found, .taken = on_taken, .failed = on_failed
};

/* ---- the stack ------------------------------------------------------------------- */

static void on_news(void *arg)
{
	struct mdns *m = arg;

	m->changed = true;
	turn_at(m, now_ms(m) + NEWS_MS);
}

/* avahi asserts that it can open what it needs, the kernel's news above all: so these are
 * opened here first. */
static int try_stack(struct mdns *m, const char **ret_why)
{
	struct driver *d = m->driver;

	*ret_why = "there are no descriptors left: trying again now and then";
	if (!loop_can_open(d))
		return LENO_ADDRESS_IN_USE;
	*ret_why = "the system tells nothing about its interfaces";
	if (!m->news)
		m->news = interfaces_watch(&d->loop, on_news, m);
	if (!m->news)
		return LENO_SYSTEM;
	return mdns_stack_open(&d->loop, m->host, m->subtype, &events, m, &m->finder.stack,
	                       ret_why);
}

static int open_stack(struct mdns *m, const char **ret_why)
{
	int error;

	m->failed = false;
	m->changed = true;
	m->flood_ms = 0;
	error = try_stack(m, ret_why);
	if (error == LENO_OK) {
		m->delay_ms = RETRY_MS;
		m->said = false;
		return LENO_OK;
	}
	m->finder.stack = NULL;
	m->retry_ms = now_ms(m) + m->delay_ms;
	m->delay_ms = 2 * m->delay_ms < RETRY_MAX_MS ? 2 * m->delay_ms : RETRY_MAX_MS;
	return error;
}

static void close_stack(struct mdns *m)
{
	struct mdns_stack *stack = m->finder.stack;

	finder_unstack(&m->finder);
	mdns_stack_close(stack);
}

/* What came last was perhaps not taken: so all are asked anew. After a real flood the stack
 * remembers what nobody offers, for as long as that said, and has no room for what is there:
 * so it forgets all, now and then. */
static void after_flood(struct mdns *m)
{
	uint64_t now = now_ms(m), flood = mdns_stack_flooded_ms(m->finder.stack);

	if (flood == m->flood_ms)
		return;
	if (now - flood < CALM_MS) {
		turn_at(m, flood + CALM_MS);
		return;
	}
	m->flood_ms = flood;
	if (now < m->renew_ms || !mdns_stack_full(m->finder.stack)) {
		mdns_stack_browse(m->finder.stack);
		return;
	}
	m->renew_ms = now + m->renew_delay_ms;
	m->renew_delay_ms =
		2 * m->renew_delay_ms < RENEW_MAX_MS ? 2 * m->renew_delay_ms : RENEW_MAX_MS;
	m->failed = true;
}

static void say_why(struct mdns *m, const char *why)
{
	if (!m->said)
		loop_log(m->driver, LENO_LOG_WARN, "cannot discover by " MDNS_URI " %s", why);
	m->said = true;
}

/* Whether there is one to work with. */
static bool keep_stack(struct mdns *m)
{
	const char *why;

	if (m->finder.stack && !m->failed)
		after_flood(m);
	if (m->failed && m->finder.stack) {
		close_stack(m);
		m->retry_ms = now_ms(m);
		m->failed = false;
	}
	if (m->finder.stack)
		return true;
	if (now_ms(m) >= m->retry_ms) {
		if (open_stack(m, &why) == LENO_OK)
			return true;
		say_why(m, why);
	}
	turn_at(m, m->retry_ms);
	return false;
}

/* ---- offers ------------------------------------------------------------------------ */

static void make_offers(struct mdns *m)
{
	struct interface_address addresses[INTERFACES_MAX];
	size_t n_addresses = interfaces_list(addresses), n, failed;
	struct mdns_offer *offers = mem_new(MDNS_OFFERS_MAX * sizeof *offers);

	if (!offers)
		return;
	m->changed = false;
	n = mdns_offers(m->driver, addresses, n_addresses, offers);
	failed = mdns_stack_offer(m->finder.stack, offers, n);
	if (failed > 0)
		loop_log(m->driver, LENO_LOG_WARN, MDNS_URI " %zu of %zu doors cannot be offered",
		         failed, n);
	mem_free(offers);
}

static void on_turn(uv_timer_t *timer)
{
	struct mdns *m = timer->data;

	m->turn_ms = NEVER_MS;
	if (m->driver->closing)
		return;
	loop_time(m->driver);
	if (m->driver->closing || m->driver->mdns != m) /* a handler has said no */
		return;
	if (keep_stack(m) && m->changed)
		make_offers(m);
	turn_at(m, finder_turn(&m->finder));
}

void mdns_changed(struct driver *d)
{
	if (!d->mdns)
		return;
	d->mdns->changed = true;
	turn_at(d->mdns, now_ms(d->mdns));
}

/* ---- beginning and end --------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

void mdns_clear(struct driver *d)
{
	struct mdns *m = d->mdns;

	if (!m)
		return;
	d->mdns = NULL;
	m->news = interfaces_unwatch(m->news);
	close_stack(m);
	finder_clear(&m->finder);
	uv_close((uv_handle_t *)&m->turn, on_closed);
}

int mdns_start(struct driver *d)
{
	struct mdns *m;
	char id[LENO_ID_TEXT];
	const char *why;
	int error;

	if (d->mdns)
		return LENO_OK;
	if (!d->sealed)
		return LENO_OPEN_NETWORK;
	m = mem_new(sizeof *m);
	if (!m)
		return LENO_MEMORY;
	uv_update_time(&d->loop);
	m->driver = d;
	m->turn_ms = NEVER_MS;
	m->delay_ms = RETRY_MS;
	m->renew_delay_ms = RENEW_MS;
	uv_timer_init(&d->loop, &m->turn);
	m->turn.data = m;
	finder_init(&m->finder, d);
	mdns_subtype(d->tag, m->subtype);
	snprintf(m->host, sizeof m->host, "m-%s", leno_id_text(leno_self(d->node), id));
	error = open_stack(m, &why);
	/* What may pass is tried again, and said then. */
	if (error < 0 && error != LENO_ADDRESS_IN_USE) {
		say_why(m, why);
		m->news = interfaces_unwatch(m->news);
		uv_close((uv_handle_t *)&m->turn, on_closed);
		return error;
	}
	d->mdns = m;
	turn_at(m, m->finder.stack ? now_ms(m) : m->retry_ms);
	return LENO_OK;
}
