/* conns.c - pipes with their links, and which of several to one neighbour counts.
 *
 *   conns_open --LINK_OPENED--> known --conns_take_links--> counted --choose--> chosen
 *   any --conns_leave--> finishing --make() is dry--> buried
 *
 * Each end says FRAME_LINKS first: the links that it holds with the other. From then on
 * the link counts, and both ends choose alike: the better class, then the lower link id.
 *
 *  1. At most one conn to a neighbour is chosen; only that one is in the mesh.
 *  2. A link that the neighbour had confirmed and no longer lists is a zombie: it goes
 *     before anything is chosen, so that it cannot win over the living. */
#include "base/mem.h"
#include "node/direct.h"
#include "node/meet.h"
#include "node/node.h"

enum {
	LISTED_MAX        = 64,
	LINK_ID_SIZE      = 8,
	STRANGER_YOUNG_US = 500 * 1000  /* so long a stranger keeps its place, once welcomed */
};

static bool same_peer(const struct conn *c, const leno_id *id)
{
	return c->proved && leno_id_same(&link_peer(c->link)->id, id);
}

static void forget_stranger(struct conn *c)
{
	c->node->n_strangers -= c->stranger;
	c->stranger = false;
}

/* The one that came first of those that are in this state, and came before. */
static struct conn *oldest_stranger(leno_node *n, enum link_state state, uint64_t before_us)
{
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (c->stranger && !c->finishing && link_state(c->link) == state &&
		    c->opened_us <= before_us)
			return c;
	}
	return NULL;
}

/* Whoever has a right to be here speaks at once, and proves it a round trip later: so those
 * give their place up that have been silent longest, then those that have not gone on. A
 * crowd, even one that says hello, keeps nobody out. */
static bool make_room(leno_node *n)
{
	struct conn *c = oldest_stranger(n, LINK_AWAITED, NEVER);

	if (!c && n->now_us >= STRANGER_YOUNG_US)
		c = oldest_stranger(n, LINK_WELCOMED, n->now_us - STRANGER_YOUNG_US);
	if (!c)
		return false;
	link_refuse(c->link, LENO_BUSY);
	node_count_refusal(n, LENO_BUSY);
	conns_leave(c, LENO_WHY_REFUSED, LENO_BUSY);
	return true;
}

int conns_open(leno_node *n, leno_pipe pipe, enum leno_pipe_class class, uint32_t dial,
               const char *uri, struct bytes binding)
{
	/* Who comes by a local pipe is of this user: a crowd from outside does not keep it out. */
	bool stranger = !dial && class != LENO_PIPE_LOCAL;
	struct conn *c;

	if (stranger && n->n_strangers >= STRANGERS_MAX && !make_room(n))
		return LENO_BUSY;
	if (n->n_conns >= n->options.links_max + 2 * STRANGERS_MAX + meet_conns_max(n))
		return LENO_LIMIT;
	c = mem_new(sizeof *c);
	if (!c)
		return LENO_MEMORY;
	c->link = link_new(meet_link_setup(n, dial), dial != 0, n->now_us);
	if (!c->link || table_put(&n->pipes, pipe, c) || timers_admit(&n->timers)) {
		table_remove(&n->pipes, pipe);
		link_free(c->link);
		mem_free(c);
		return LENO_MEMORY;
	}
	link_bind(c->link, binding);
	c->node = n;
	c->pipe = pipe;
	c->class = class;
	c->dial = dial;
	c->via = ++n->last_via;
	c->number = -1;
	c->timer.kind = TIMER_CONN;
	c->stranger = stranger;
	c->opened_us = n->now_us;
	n->n_strangers += c->stranger;
	n->n_conns++;
	list_init(&c->all);
	list_init(&c->writing);
	list_init(&c->ready);
	relay_init(&c->relay, &n->pool);
	for (size_t i = 0; uri[i] && i < URI_SHOWN - 1; i++)
		c->uri[i] = uri[i];
	list_append(&n->conns, &c->all);
	conns_timer(c);
	down_wake(c);
	return 0;
}

void conns_timer(struct conn *c)
{
	timers_set(&c->node->timers, &c->timer, c->finishing ? NEVER : link_deadline(c->link));
}

/* A neighbour's other links do not count: all but one are on their way out, as soon as each
 * end has said which it holds. Not without end, though. */
static bool is_full(const struct conn *c)
{
	const leno_node *n = c->node;
	const leno_id *id = &link_peer(c->link)->id;
	size_t others = 0, all = 0;

	list_each (it, next, &n->conns) {
		const struct conn *o = list_item(it, struct conn, all);

		all += o->proved;
		others += o->proved && !same_peer(o, id);
	}
	return others >= n->options.links_max || all > n->options.links_max + STRANGERS_MAX;
}

static void no_room(struct conn *c)
{
	node_count_refusal(c->node, LENO_LIMIT);
	events_refused(c->node, c->uri, "there is no room for another link");
}

void conns_turn_away(struct conn *c, int error)
{
	node_count_refusal(c->node, error);
	events_refused(c->node, c->uri, leno_strerror(error));
	conns_close(c, error == LENO_UNINVITED ? CLOSE_UNINVITED : CLOSE_LIMIT, LENO_WHY_REFUSED,
	            error);
}

void conns_opened(struct conn *c)
{
	leno_node *n = c->node;
	int error;

	forget_stranger(c);
	n->spare_due |= c->dial == 0;
	if (link_guest(c->link)) {
		meet_opened(c);
		return;
	}
	c->proved = true;
	c->counts.opened_us = n->now_us;
	n->stats.handshakes++;
	if (is_full(c)) {
		no_room(c);
		conns_close(c, CLOSE_LIMIT, LENO_WHY_REFUSED, LENO_LIMIT);
		return;
	}
	error = admit_link(c);
	c->waiting = error == LENO_AGAIN;
	if (error && !c->waiting)
		conns_turn_away(c, error);
	if (error)
		return;
	c->links_due = true;
	down_wake(c);
}

void conns_make_links(struct conn *c, struct writer *w)
{
	const leno_id *id = &link_peer(c->link)->id;
	struct writer body = frame_begin(w, FRAME_LINKS);
	unsigned listed = 0;

	write_u8(&body, (uint8_t)(c->node->options.visitor | c->class << 1));
	write_u64(&body, ++c->node->links_turn);
	list_each (it, next, &c->node->conns) {
		struct conn *o = list_item(it, struct conn, all);

		if (!o->finishing && same_peer(o, id) && listed++ < LISTED_MAX)
			write_bytes(&body, link_id(o->link), LINK_ID_SIZE);
	}
	if (frame_end(w, &body))
		c->links_due = false;
}

static bool listed(struct bytes ids, const struct conn *c)
{
	for (size_t i = 0; i < ids.size; i += LINK_ID_SIZE)
		if (memcmp(ids.data + i, link_id(c->link), LINK_ID_SIZE) == 0)
			return true;
	return false;
}

/* The neighbour held o once. It does no longer when it is in a newer life, or when a list
 * that it wrote *later* (pipes are not ordered among each other) does not name it. */
static bool is_zombie(const struct conn *o, const struct conn *c, struct bytes ids)
{
	uint64_t was = link_peer(o->link)->incarnation, is = link_peer(c->link)->incarnation;

	return was != is ? was < is : o->peer_turn < c->peer_turn && !listed(ids, o);
}

/* Of two lives of one identity the one that came last is surely alive. If it is the older
 * one it learns over this link that there is a newer, and goes past it or ends. */
static bool better(const struct conn *a, const struct conn *b)
{
	if (link_peer(a->link)->incarnation != link_peer(b->link)->incarnation)
		return a->via > b->via;
	if (a->rank != b->rank)
		return a->rank < b->rank;
	return memcmp(link_id(a->link), link_id(b->link), LINK_ID_SIZE) < 0;
}

static void unchoose(struct conn *c)
{
	leno_node *n = c->node;

	if (c->number < 0)
		return;
	mesh_link_down(n->mesh, c->number, n->now_us);
	table_remove(&n->links, (size_t)c->number);
	c->number = -1;
}

/* Guests hear nothing of the mesh, nor it of them. */
static bool of_mesh(const struct conn *c)
{
	return !link_peer(c->link)->pass.guest;
}

static int choose_this(struct conn *c)
{
	leno_node *n = c->node;
	const struct link_peer *p = link_peer(c->link);
	struct mesh_neighbour neighbour = {
		.id = p->id, .keys = p->keys, .incarnation = p->incarnation, .role = p->role,
		.local = c->class == LENO_PIPE_LOCAL
	};
	int number = 0, error;

	while (number < LINKS_MAX && table_get(&n->links, (size_t)number))
		number++;
	if (number == LINKS_MAX)
		return LENO_LIMIT;
	error = table_put(&n->links, (size_t)number, c);
	if (error)
		return error;
	if (of_mesh(c))
		error = mesh_link_up(n->mesh, number, &neighbour, n->now_us);
	if (error)
		table_remove(&n->links, (size_t)number);
	else
		c->number = number;
	return error;
}

/* A link to this node that has yet to count: its LINKS are on their way. */
static struct conn *heir_to(const leno_node *n, const leno_id *id)
{
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (!c->finishing && !c->links_known && same_peer(c, id))
			return c;
	}
	return NULL;
}

/* Was the application told of a link that gave way to one that had yet to count? */
static bool inherited(leno_node *n, const leno_id *id)
{
	bool any = false;

	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (c->inherits && same_peer(c, id)) {
			any = true;
			c->inherits = false;
		}
	}
	return any;
}

/* The mesh learns of the switch as one: routes are not looked at in between. */
static void choose(leno_node *n, const leno_id *id, bool switching)
{
	struct conn *best = NULL, *old = NULL;
	int error = 0;

	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (c->finishing || !c->links_known || !same_peer(c, id))
			continue;
		if (c->number >= 0)
			old = c;
		if (!best || better(c, best))
			best = c;
	}
	if (best && best != old) {
		bool heir = inherited(n, id);

		if (old)
			unchoose(old);
		error = choose_this(best);
		peers_find_strays(n);
		if (!error && !old && !switching && !heir && of_mesh(best) && n->handlers.link_up)
			n->handlers.link_up(n, n->user, id, best->uri);
		if (!error)
			join_ask(best);
	}
	if (error) {                           /* perhaps another of them can be it */
		no_room(best);
		conns_close(best, CLOSE_LIMIT, LENO_WHY_REFUSED, error);
		choose(n, id, switching || old);
		if (old && !conns_to(n, id) && n->handlers.link_down)
			n->handlers.link_down(n, n->user, id, LENO_WHY_REFUSED, error);
		return;
	}
	list_each (jt, after, &n->conns) {
		struct conn *c = list_item(jt, struct conn, all);

		if (best && c != best && !c->finishing && c->links_known && same_peer(c, id))
			conns_close(c, CLOSE_DUPLICATE_LINK, LENO_WHY_REPLACED, 0);
	}
}

/* Its first record came: so it knows the secret, if there is one. False: it is not whom it was
 * dialled for, and on its way out. */
static bool count_in(struct conn *c)
{
	leno_node *n = c->node;
	struct dial *d = c->dial ? dials_find(&n->dials, c->dial) : NULL;

	c->links_known = true;
	if (d)
		dials_proved(&n->dials, d, &link_peer(c->link)->id, n->now_us);
	if (d && !direct_proved(c, d))
		return false;
	down_wake(c);
	return true;
}

void conns_let_in(struct conn *c)
{
	leno_id id = link_peer(c->link)->id;

	c->links_due = true;
	down_wake(c);
	if (!c->links_came)
		return;
	if (count_in(c))
		choose(c->node, &id, false);
}

bool conns_take_links(struct conn *c, struct bytes body)
{
	leno_node *n = c->node;
	leno_id id = link_peer(c->link)->id;
	struct reader r = reader_of(body);
	unsigned class;
	struct bytes ids;

	class = read_u8(&r) >> 1;              /* bit 0, a visitor: its handshake has said so */
	c->peer_turn = read_u64(&r);
	ids = read_bytes(&r, reader_left(&r));
	if (r.bad || ids.size % LINK_ID_SIZE != 0)
		return false;
	c->rank = class > c->class ? class : c->class;
	c->links_came = true;
	if (c->waiting)
		return true;
	if (!count_in(c))
		return true;
	list_each (it, next, &n->conns) {
		struct conn *o = list_item(it, struct conn, all);

		if (o != c && !o->finishing && o->links_known && same_peer(o, &id) &&
		    is_zombie(o, c, ids))
			conns_leave(o, LENO_WHY_REPLACED, 0);
	}
	choose(n, &id, false);
	return true;
}

static bool held_otherwise(const leno_node *n, const struct conn *c, const leno_id *peer)
{
	list_each (it, next, &n->conns) {
		const struct conn *o = list_item(it, struct conn, all);

		if (o != c && !o->finishing && same_peer(o, peer))
			return true;
	}
	return false;
}

/* Somebody else may hold what this dial is for: then it rests until that goes. The peer says so
 * when it closes a link that is one too many, perhaps before its LINKS. */
static void dial_again(leno_node *n, const struct conn *c, const leno_id *peer, enum leno_why why,
                       int error)
{
	struct dial *d = c->dial ? dials_find(&n->dials, c->dial) : NULL;
	bool held = peer && held_otherwise(n, c, peer);

	if (d && held && why == LENO_WHY_REPLACED && !d->automatic && !d->meeting)
		dials_proved(&n->dials, d, peer, n->now_us);
	if (d && error == LENO_SELF)
		dials_self(d);
	if (d && error == LENO_LIMIT)
		dials_shut(d, n->now_us);
	if (d && (d->automatic || d->meeting || d->state != DIAL_HELD))
		direct_dial_lost(n, d);
	if (!peer || held)
		return;
	for (d = NULL; (d = dials_by_peer(&n->dials, peer, d));)
		if (d->state == DIAL_HELD)
			dials_lost(&n->dials, d, n->now_us, random_u64(&n->random));
}

/* The peer closes a link because of another one, which may be faster than the LINKS that make
 * that one count here: then it is one link still, and silence is all there is to say. */
static void tell_down(leno_node *n, const leno_id *id, enum leno_why why, int error, bool heir)
{
	struct conn *next = why == LENO_WHY_REPLACED || heir ? heir_to(n, id) : NULL;

	if (conns_to(n, id))
		return;
	if (next)
		next->inherits = true;
	else if (n->handlers.link_down)
		n->handlers.link_down(n, n->user, id, why, error);
}

static void detach(struct conn *c, enum leno_why why, int error)
{
	leno_node *n = c->node;
	bool chosen = c->number >= 0, told = c->proved && of_mesh(c), heir = c->inherits;
	leno_id id = { { 0 } };

	if (c->proved)
		id = link_peer(c->link)->id;
	c->finishing = true;
	forget_stranger(c);
	meet_left(c);
	if (chosen && why == LENO_WHY_GOODBYE && link_reason(c->link) == CLOSE_GOODBYE)
		mesh_link_goodbye(n->mesh, c->number);
	unchoose(c);
	timers_set(&n->timers, &c->timer, NEVER);
	relay_clear(&c->relay);
	fan_drop(c);
	list_each (it, next, &c->ready)
		list_remove(it);
	size_t cursor = 0;
	for (struct peer *p; (p = map_next(&n->peers, &cursor));)
		if (p->conn == c)
			peers_path(p);
	dial_again(n, c, c->proved ? &id : NULL, why, error);
	c->inherits = false;
	if (chosen)
		choose(n, &id, true);
	if (told && (chosen || heir))
		tell_down(n, &id, why, error, heir);
}

void conns_leave(struct conn *c, enum leno_why why, int error)
{
	if (c->finishing)
		return;
	detach(c, why, error);
	c->close_due = true;
	list_append(&c->node->writing, &c->writing);
}

void conns_close(struct conn *c, enum close_reason reason, enum leno_why why, int error)
{
	if (c->finishing)
		return;
	link_close(c->link, reason);
	conns_leave(c, why, error);
}

void conns_bury(struct conn *c)
{
	leno_node *n = c->node;

	if (c->dead)
		return;
	if (!c->finishing)                 /* a goodbye is over: links, peers, mesh still name it */
		detach(c, LENO_WHY_GOODBYE, 0);
	c->dead = true;
	if (table_get(&n->pipes, c->pipe) == c)
		table_remove(&n->pipes, c->pipe);
	list_remove(&c->writing);
	list_append(&n->graves, &c->all);
	n->n_conns--;
}

struct conn *conns_to(leno_node *n, const leno_id *id)
{
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (c->number >= 0 && same_peer(c, id))
			return c;
	}
	return NULL;
}

static bool is_our_visitor(const struct conn *c)
{
	return c->class == LENO_PIPE_LOCAL && link_peer(c->link)->role == LENO_VISITOR;
}

bool conns_pass(const struct conn *from, const struct conn *to)
{
	enum leno_role own = from->node->link_setup.role;

	if (own == LENO_OBSERVER)
		return is_our_visitor(from) || is_our_visitor(to);
	return own != LENO_ENDPOINT || from->class == LENO_PIPE_LOCAL ||
	       to->class == LENO_PIPE_LOCAL;
}

/* It has given way once, by a newer incarnation, and met a newer one still: two processes
 * that both insisted would throw each other out for ever. */
void conns_duplicate(leno_node *n)
{
	if (n->duplicate)
		return;
	n->duplicate = true;
	node_count_refusal(n, LENO_DUPLICATE);
	events_log(n, LENO_LOG_ERROR, "this identity runs elsewhere too: leaving the mesh to it");
	list_each (it, next, &n->dials.all)
		dials_rest(&n->dials, list_item(it, struct dial, all));
	list_each (jt, after, &n->conns)
		conns_close(list_item(jt, struct conn, all), CLOSE_DUPLICATE_NODE, LENO_WHY_REFUSED,
		            LENO_DUPLICATE);
}

void conns_free(struct conn *c)
{
	list_remove(&c->all);
	list_remove(&c->writing);
	c->node->stats.marked += c->relay.marked;
	relay_clear(&c->relay);
	fan_drop(c);
	timers_release(&c->node->timers, &c->timer);
	link_free(c->link);
	mem_free(c->guest);
	mem_free(c);
}
