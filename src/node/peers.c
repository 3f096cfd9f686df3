/* peers.c - the nodes with which there is a session, and the path that each takes.
 *
 *  1. A session outlives its paths: only peers_end() ends it, and says what became of what
 *     was not confirmed.
 *  2. At the end of each input a peer's path is the mesh's route. While it is dealt with, a
 *     route may go and come back, of which the mesh, rightly, says nothing: so whoever moved
 *     is looked at once more (peers_settle).
 *  3. A peer is in the ready list of its conn exactly while its session wants to write.
 *  4. Of visitors the mesh says nothing: one without a path is a stray, and looked for when
 *     a link is chosen, or anything else is heard of the mesh: its gate may be back.
 *  5. A path by a gate is a guess: whether the visitor is still there nobody says. So such a
 *     peer lives as long as something is heard of it, and session_linger_ms more.
 *  6. Peers are no more than nodes_max. When they are as many, the one that has been silent
 *     longest goes, of those that have nothing pending, and no path or no place in the mesh. */
#include <assert.h>

#include "base/mem.h"
#include "node/node.h"
#include "node/states.h"
#include "node/services.h"
#include "node/suspects.h"

struct peer *peers_get(leno_node *n, const leno_id *id)
{
	/* For each message that is sent: not a call of leno_id_same(). */
	if (!n->last_peer || memcmp(&n->last_peer->id, id, sizeof *id) != 0) {
		struct peer *p = map_get(&n->peers, id);

		if (!p)
			return NULL;
		n->last_peer = p;
	}
	return n->last_peer;
}

static uint64_t linger_due_us(const leno_node *n, uint64_t since_us)
{
	return since_us + (uint64_t)n->options.session_linger_ms * 1000;
}

bool peers_idle(const struct peer *p)
{
	uint64_t first, last;

	return list_empty(&p->requests) && list_empty(&p->kept) && list_empty(&p->serving) &&
	       !streams_open(p) &&
	       !session_unconfirmed(p->session, &first, &last);
}

/* What it has yet to say could not be said later: it would be unknown of another life. */
static bool may_give_way(const struct peer *p)
{
	return p->held == 0 && peers_idle(p) && (!p->conn || p->has_gate);
}

static bool make_room(leno_node *n)
{
	struct peer *oldest = NULL;
	size_t cursor = 0;

	for (struct peer *p; (p = map_next(&n->peers, &cursor));)
		if (may_give_way(p) && (!oldest || p->heard_us < oldest->heard_us))
			oldest = p;
	if (oldest)
		peers_free(oldest);
	return oldest != NULL;
}

/* What is known of its bounds before it says so itself. */
static void tell_bounds(struct peer *p)
{
	leno_node *n = p->node;
	const struct conn *c = conns_to(n, &p->id);
	struct mesh_node far;

	if (c) {
		session_set_message_max(p->session, link_peer(c->link)->message_max);
		session_set_meant(p->session, link_peer(c->link)->incarnation);
	} else if (mesh_get(n->mesh, &p->id, &far)) {
		session_set_message_max(p->session, far.message_max);
		session_set_meant(p->session, far.incarnation);
	}
}

struct peer *peers_add(leno_node *n, const struct public_keys *keys, const struct pass *pass,
                       bool visitor, int *ret_error)
{
	struct peer *p;

	*ret_error = LENO_LIMIT;
	if (n->peers.count >= n->peers.max && !make_room(n))
		return NULL;
	*ret_error = LENO_MEMORY;
	p = mem_new(sizeof *p);
	if (!p)
		return NULL;
	p->node = n;
	p->session = session_new(&n->session_setup, keys, n->now_us);
	if (!p->session || timers_admit(&n->timers)) {
		session_free(p->session);
		mem_free(p);
		return NULL;
	}
	if (timers_admit(&n->timers)) {
		timers_release(&n->timers, &p->timer);
		session_free(p->session);
		mem_free(p);
		return NULL;
	}
	p->id = *session_peer(p->session);
	p->timer.kind = TIMER_PEER;
	p->linger.kind = TIMER_LINGER;
	p->visitor = visitor;
	p->pass = *pass;
	p->types_out.budget = p->types_in.budget = &n->types_budget;
	p->heard_us = n->now_us;
	p->life = ++n->last_life;
	p->born_us = n->now_us;
	list_init(&p->ready);
	list_init(&p->moved);
	list_init(&p->stray);
	list_init(&p->requests);
	list_init(&p->kept);
	list_init(&p->serving);
	list_init(&p->unsent);
	*ret_error = map_put(&n->peers, p);
	if (*ret_error) {
		peers_free(p);
		return NULL;
	}
	n->stats.sessions = n->peers.count;
	tell_bounds(p);
	timers_set(&n->timers, &p->linger, linger_due_us(n, n->now_us));
	peers_path(p);
	return p;
}

static struct peer *make(leno_node *n, const leno_id *id, int *ret_error)
{
	const struct link_peer *near;
	struct mesh_node far;
	struct conn *c;

	*ret_error = leno_id_same(id, &n->identity.id) ? LENO_SELF : LENO_NO_NODE;
	if (*ret_error == LENO_SELF)
		return NULL;
	c = conns_to(n, id);
	near = c ? link_peer(c->link) : NULL;
	if (!near && !mesh_get(n->mesh, id, &far))
		return NULL;
	*ret_error = admit_ours(n, id, near ? &near->pass : &far.pass);
	if (*ret_error)
		return NULL;
	return near ? peers_add(n, &near->keys, &near->pass, near->role == LENO_VISITOR, ret_error)
	            : peers_add(n, &far.keys, &far.pass, false, ret_error);
}

struct peer *peers_need(leno_node *n, const leno_id *id, int *ret_error)
{
	struct peer *p = peers_get(n, id);

	if (!p)
		return make(n, id, ret_error);
	*ret_error = LENO_REVOKED;
	return p->shut ? NULL : p;
}

static void forget_gate(struct peer *p)
{
	if (p->has_gate)
		session_set_gate(p->session, NULL);
	p->has_gate = false;
}

/* Who is found where: by the mesh's route, by a link that the mesh does not count yet, or
 * (visitors) by their gate. */
static struct conn *led_conn(struct peer *p)
{
	leno_node *n = p->node;
	int number = mesh_route(n->mesh, &p->id);
	struct conn *c = number >= 0 ? table_get(&n->links, (size_t)number) : conns_to(n, &p->id);

	if (c)
		forget_gate(p);                /* it is of the mesh, or here: nobody stands before it */
	if (!c && p->has_gate) {
		number = mesh_route(n->mesh, &p->gate);
		c = number >= 0 ? table_get(&n->links, (size_t)number) : conns_to(n, &p->gate);
	}
	return c;
}

/* Around suspects, if there are any. Moved: by other relays than before. */
static struct conn *first_conn(struct peer *p, enum session_path *ret_path, bool *ret_moved)
{
	leno_id route[ROUTE_MAX];
	size_t n_route = 0;
	struct conn *c;

	if (!suspects_route(p, route, &n_route, &c))
		c = led_conn(p);
	*ret_moved = session_set_route(p->session, route, n_route);
	*ret_path = !c ? PATH_NONE
	          : leno_id_same(&link_peer(c->link)->id, &p->id) ? PATH_DIRECT : PATH_RELAYED;
	return c;
}

void peers_path(struct peer *p)
{
	leno_node *n = p->node;
	enum session_path path;
	bool moved;
	struct conn *c = first_conn(p, &path, &moved);

	if (c && c->finishing)
		c = NULL, path = PATH_NONE;
	if (c)
		list_remove(&p->stray);
	else if (p->visitor && list_empty(&p->stray))
		list_append(&n->strays, &p->stray);
	if (c == p->conn && path == session_path(p->session)) {
		if (moved) {
			p->rtt_least_us = 0;
			peers_wake(p);
		}
		return;
	}
	list_remove(&p->ready);
	if (list_empty(&p->moved))
		list_append(&n->moved, &p->moved);
	p->conn = c;
	if (path == PATH_DIRECT)
		session_set_meant(p->session, link_peer(c->link)->incarnation);
	session_set_path(p->session, path, c ? c->via : 0, n->now_us);
	p->rtt_least_us = 0;
	timers_set(&n->timers, &p->linger,
	           c && !p->has_gate ? NEVER : linger_due_us(n, n->now_us));
	peers_wake(p);
}

void peers_settle(leno_node *n)
{
	while (!list_empty(&n->moved)) {
		struct peer *p = list_item(n->moved.next, struct peer, moved);

		list_remove(&p->moved);
		peers_path(p);
	}
}

void peers_find_strays(leno_node *n)
{
	list_each (it, next, &n->strays)
		peers_path(list_item(it, struct peer, stray));
}

void peers_wake(struct peer *p)
{
	leno_node *n = p->node;

	timers_set(&n->timers, &p->timer, session_deadline(p->session));
	if (!p->conn || (!session_wants(p->session) && !streams_want(p) && !states_want(p)))
		return;
	if (list_empty(&p->ready))
		list_append(&p->conn->ready, &p->ready);
	down_wake(p->conn);
}

static void fail_requests(leno_node *n, struct list *failing, int error)
{
	const leno_answer answer = { .error = error, .why = "" };

	while (!list_empty(failing)) {
		struct request *r = list_item(failing->next, struct request, of_peer);

		if (n->leaving)                /* one of them said goodbye */
			requests_end(&n->requests, r);
		else
			events_answer(n, r, &answer);
	}
}

/* What the callbacks ask anew is not failed with the old. */
static void set_aside(struct peer *p, struct list *failing)
{
	list_init(failing);
	list_each (it, next, &p->requests)
		list_append(failing, it);
}

void peers_fail_requests(struct peer *p, int error)
{
	struct list failing;

	set_aside(p, &failing);
	fail_requests(p->node, &failing, error);
}

/* The new life stands before anybody hears of the old one's end: what the callbacks send
 * belongs to it. */
void peers_end(struct peer *p, int error)
{
	leno_node *n = p->node;
	bool blocked, unknown;
	uint64_t first, last;
	struct list failing, parted;

	peers_hold(p);
	events_sent(p);
	blocked = p->blocked;
	unknown = session_unconfirmed(p->session, &first, &last);
	set_aside(p, &failing);
	streams_end(p, LENO_CLOSED);
	list_init(&parted);
	provide_part(p, &parted);
	types_clear(&p->types_out);
	types_clear(&p->types_in);
	p->types_told = 0;
	p->life = ++n->last_life;
	p->blocked = false;
	session_renew(p->session, n->now_us);
	tell_bounds(p);
	if (unknown && n->handlers.sent)
		n->handlers.sent(n, n->user, &p->id, first, last, LENO_UNKNOWN, error);
	provide_parted(n, &parted);
	fail_requests(n, &failing, error);
	if (blocked && !p->blocked && n->handlers.writable)
		n->handlers.writable(n, n->user, &p->id); /* its queue is empty now */
	peers_wake(p);
	peers_release(p);
}

/* What the callbacks have just sent waits as long once more for a path, or a sign of life. */
void peers_linger(struct peer *p)
{
	leno_node *n = p->node;
	uint64_t due_us = linger_due_us(n, p->heard_us);

	if (p->conn && due_us > n->now_us) {   /* its gate is there, and it was heard since */
		timers_set(&n->timers, &p->linger, due_us);
		return;
	}
	peers_end(p, LENO_UNREACHABLE);
	if (p->conn && !p->has_gate)
		return;
	if (peers_idle(p))
		peers_free(p);
	else
		timers_set(&n->timers, &p->linger, linger_due_us(n, n->now_us));
}

void peers_hold(struct peer *p)
{
	p->held++;
}

void peers_release(struct peer *p)
{
	bool gone;

	assert(p->held > 0);
	if (--p->held > 0)
		return;
	gone = p->left && peers_idle(p) && session_over(p->session);
	p->left = false;
	if (gone)
		peers_free(p);
}

void peers_free(struct peer *p)
{
	leno_node *n = p->node;

	if (map_get(&n->peers, &p->id) == p)
		map_remove(&n->peers, &p->id);
	if (n->last_peer == p)
		n->last_peer = NULL;
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (c->peer == p)
			c->peer = NULL;
	}
	list_each (kt, after, &p->kept) {
		leno_message *m = list_item(kt, leno_message, of_peer);

		list_remove(kt);                /* its answer will find nobody */
		m->life = 0;
	}
	list_each (rt, behind, &p->requests)
		requests_end(&n->requests, list_item(rt, struct request, of_peer));
	provide_forget(p);
	list_remove(&p->ready);
	list_remove(&p->moved);
	list_remove(&p->stray);
	timers_release(&n->timers, &p->timer);
	timers_release(&n->timers, &p->linger);
	streams_free(p);
	suspects_free(p);
	types_clear(&p->types_out);
	types_clear(&p->types_in);
	session_free(p->session);
	mem_free(p);
	n->stats.sessions = n->peers.count;
}
