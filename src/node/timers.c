/* timers.c - the deadlines of a node, and the end of each input. */
#include "node/node.h"
#include "node/direct.h"
#include "node/meet.h"
#include "node/group.h"
#include "node/states.h"
#include "node/services.h"
#include "node/suspects.h"

void node_count_refusal(leno_node *n, int error)
{
	leno_stats *s = &n->stats;

	switch (error) {
	case LENO_SECRET:    s->refused_secret++; break;
	case LENO_FOREIGN:   s->refused_network++; break;
	case LENO_CERTIFICATE: s->refused_certificate++; break;
	case LENO_EXPIRED:   s->refused_expired++; break;
	case LENO_REVOKED:   s->refused_revoked++; break;
	case LENO_ROLE:      s->refused_role++; break;
	case LENO_UNINVITED: s->refused_uninvited++; break;
	case LENO_IDENTITY:
	case LENO_SELF:
	case LENO_DUPLICATE: s->refused_identity++; break;
	case LENO_BUSY:
	case LENO_LIMIT:
	case LENO_AGAIN:
	case LENO_MEMORY:    s->refused_busy++; break;
	default:             s->refused_protocol++; break;
	}
}

/* Links that this node dialled and that live, or are about to. */
static size_t dialled(const leno_node *n)
{
	size_t count = 0;

	list_each (it, next, &n->dials.all) {
		const struct dial *d = list_item(it, struct dial, all);

		count += !d->meeting && (d->state == DIAL_DIALLING || d->state == DIAL_LINKING ||
		                         d->state == DIAL_HELD);
	}
	return count;
}

static void dial_due(leno_node *n, struct dial *d)
{
	if (n->leaving)
		return;
	if (!d->meeting && dialled(n) >= n->options.dials_max) {
		direct_dial_lost(n, d);
		return;
	}
	d->state = DIAL_DIALLING;
	d->due = true;
	n->n_dials_due++;
}

static void conn_due(struct conn *c)
{
	int error = c->finishing ? 0 : link_tick(c->link, c->node->now_us);

	if (error) {
		conns_leave(c, LENO_WHY_SILENT, error);
	} else if (!c->finishing) {
		conns_timer(c);
		if (link_wants(c->link))
			down_wake(c);
	}
}

static void request_due(leno_node *n, struct request *r)
{
	events_answer(n, r, &(leno_answer){ .error = LENO_TIMEOUT, .why = "" });
}

static void peer_due(struct peer *p)
{
	session_tick(p->session, p->node->now_us);
	suspects_silence(p);
	peers_wake(p);
}

static void due(leno_node *n, struct timer *t)
{
	switch ((enum timer_kind)t->kind) {
	case TIMER_CONN:
		conn_due(list_item(t, struct conn, timer));
		break;
	case TIMER_PEER:
		peer_due(list_item(t, struct peer, timer));
		break;
	case TIMER_LINGER:
		peers_linger(list_item(t, struct peer, linger));
		break;
	case TIMER_REQUEST:
		request_due(n, list_item(t, struct request, timer));
		break;
	case TIMER_DIAL:
		dial_due(n, list_item(t, struct dial, timer));
		break;
	case TIMER_MESH:
		mesh_tick(n->mesh, n->now_us);
		break;
	case TIMER_FAN:
		fan_tick(n);
		break;
	case TIMER_STREAMS:
		streams_tick(n);
		break;
	case TIMER_STATES:
		states_tick(n);
		break;
	case TIMER_ADMIT:
		n->admit.look = true;      /* and node_settle() does */
		break;
	case TIMER_INCOMING:
		provide_due(t);
		break;
	case TIMER_CALL:
		calls_due(t);
		break;
	case TIMER_SUSPECTS: case TIMER_DIRECT: case TIMER_MEET: case TIMER_GROUPS:
	case TIMER_SERVICES:
		break;                     /* node_settle() looks at them */
	}
}

/* A host may ask for something long after the last input: its timeout starts now. */
static void clock_requests(leno_node *n, uint64_t passed_us)
{
	while (!list_empty(&n->unclocked)) {
		struct request *r = list_item(n->unclocked.next, struct request, unclocked);

		list_remove(&r->unclocked);
		if (r->timer.slot > 0)
			timers_set(&n->timers, &r->timer, r->timer.due_us + passed_us);
	}
	calls_clock(n, passed_us);
}

void leno_engine_time(leno_node *n, uint64_t now_us)
{
	struct timer *t;

	if (now_us > n->now_us) {
		clock_requests(n, now_us - n->now_us);
		n->now_us = now_us;
	}
	if (timers_due(&n->timers) > n->now_us)
		return;
	n->depth++;
	timers_begin(&n->timers, n->now_us);
	while ((t = timers_pop(&n->timers)))
		due(n, t);
	node_settle(n);
	n->depth--;
}

uint64_t leno_engine_deadline(const leno_node *n)
{
	return timers_due(&n->timers);
}

/* The atlas may have met an older life of ours that was newer by its clock, and gone past
 * it: so this is another life to all others, and they end what they had with the one before. */
static void follow_incarnation(leno_node *n)
{
	if (n->incarnation == mesh_incarnation(n->mesh))
		return;
	n->incarnation = mesh_incarnation(n->mesh);
	n->link_setup.incarnation = n->session_setup.incarnation = n->incarnation;
	fan_renewed(n);
}

void node_settle(leno_node *n)
{
	struct conn *c;
	int number;

	follow_incarnation(n);
	events_mesh(n);
	admit_settle(n);
	groups_settle(n);
	states_settle(n);
	events_crowded(n);
	events_room(n);
	streams_settle(n);
	services_settle(n);
	suspects_settle(n);
	meet_settle(n);
	direct_settle(n);
	peers_settle(n);
	while ((number = mesh_next_wanting(n->mesh)) >= 0)
		if ((c = table_get(&n->links, (size_t)number)))
			down_wake(c);
	timers_set(&n->timers, &n->mesh_timer, mesh_deadline(n->mesh));
	list_each (it, next, &n->graves)
		conns_free(list_item(it, struct conn, all));
}
