/* direct.c - links that the node makes by itself, see direct.h: what is so is told to
 * discovery/prospects.c, whom it names is dialled.
 *
 *   direct_settle --LOOK_MS--> look: who talks along relays, which links are unused
 *                 --a try may be made--> turn: for talk, then for the mesh's sake
 *
 *  1. An automatic dial lives from dials_try() to direct_dial_lost(), and its node is TRYING
 *     or HELD as long; or until the application adopts it.
 *  2. Automatic dials and those of the application together are no more than dials_max; when
 *     the application wants more, automatic ones give way.
 *  3. Each link that is made or unmade is told to all nodes: the more there are, the slower.
 *  4. A link on which hangs that somebody can be reached does not go, nor one whose ends have
 *     few. */
#include "node/direct.h"

#include "base/mem.h"
#include "node/meet.h"

enum {
	TURN_MS      = 100,          /* between two choices                                 */
	PRUNE_MS     = 5000,         /* between two links that go                           */
	PACE_US      = 4000          /* between two changes, for each node that hears of it */
};

static const char any[] = "*";

int direct_open(leno_node *n, const char *dials)
{
	struct direct *d = mem_new(sizeof *d);

	if (!d)
		return LENO_MEMORY;
	if (timers_admit(&n->timers)) {
		mem_free(d);
		return LENO_MEMORY;
	}
	prospects_init(&d->prospects);
	d->timer.kind = TIMER_DIRECT;
	memcpy(d->dials, dials ? dials : any, strlen(dials ? dials : any));
	d->makes = !n->options.no_direct && !n->options.visitor;
	n->direct = d;
	return n->options.n_advertise > 0 ? leno_engine_advertise(n, NULL, 0, (leno_bytes){ 0 }) : 0;
}

void direct_free(leno_node *n)
{
	if (n->direct)
		timers_release(&n->timers, &n->direct->timer);
	n->direct = mem_free(n->direct);
}

/* ---- where others can be dialled ----------------------------------------------------- */

void direct_own(const leno_node *n, struct addresses *ret)
{
	if (!addresses_read(bytes_of(n->direct->own, n->direct->own_size), ret))
		*ret = (struct addresses){ 0 };
}

static bool dials_scheme(const struct direct *d, struct bytes uri)
{
	const char *at = d->dials;
	size_t scheme = 0;

	while (uri.data[scheme] != ':')                /* address_ok() has seen it */
		scheme++;
	for (size_t size; *at; at += size + (at[size] == ' ')) {
		size = strcspn(at, " ");
		if (size == scheme && memcmp(at, uri.data, size) == 0)
			return true;
	}
	return strcmp(d->dials, any) == 0;
}

/* What the driver cannot dial is as if it had not been said. False: nothing is left. */
static bool keep_dialable(const leno_node *n, struct addresses *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->n; i++)
		if (dials_scheme(n->direct, a->at[i].uri))
			a->at[kept++] = a->at[i];
	a->n = kept;
	return kept > 0;
}

/* Of one in the mesh its record says it; of one that is not, whoever told us of it. */
static bool addresses_of(leno_node *n, const leno_id *id, struct addresses *ret,
                         char text[OTHERS_TEXT])
{
	const struct other *other = others_get(meet_others(n), id);
	struct mesh_node m;
	struct bytes value;
	bool known = mesh_get(n->mesh, id, &m);

	if (other && !(known && m.up))
		others_addresses(other, ret, text);
	else if (!known || !extensions_find(m.extensions, EXTENSION_ADDRESSES, &value) ||
	         !addresses_read(value, ret))
		return false;
	return keep_dialable(n, ret);
}

/* ---- the life of an automatic dial ------------------------------------------------------ */

void direct_adopt(leno_node *n, struct dial *d)
{
	if (!d || !d->automatic)
		return;
	prospects_ended(&n->direct->prospects, &d->wanted, false, n->now_us, random_u64(&n->random));
	d->automatic = d->beside = false;
}

void direct_shun(leno_node *n, const leno_id *id)
{
	prospects_shun(&n->direct->prospects, id);
}

void direct_dial_lost(leno_node *n, struct dial *d)
{
	struct prospects *p = &n->direct->prospects;
	uint64_t random = random_u64(&n->random);
	struct addresses a = { 0 };
	char text[OTHERS_TEXT];

	if (!d->automatic) {
		dials_lost(&n->dials, d, n->now_us, random);
		return;
	}
	if (d->state == DIAL_HELD || d->state == DIAL_WAITING) {
		prospects_ended(p, &d->wanted, d->unused, n->now_us, random);
	} else {
		addresses_of(n, &d->wanted, &a, text);
		prospects_failed(p, &d->wanted, a.n, n->now_us, random);
	}
	n->n_dials_due -= d->due;
	dials_remove(&n->dials, d);
	direct_wake(n);
}

static struct dial *automatic_to(const leno_node *n, const leno_id *id)
{
	list_each (it, next, &n->dials.all) {
		struct dial *d = list_item(it, struct dial, all);

		if (d->automatic && leno_id_same(&d->wanted, id))
			return d;
	}
	return NULL;
}

/* Of two dials to one node the application's counts, whichever of their links is chosen. */
static void give_way(leno_node *n, const leno_id *id)
{
	struct dial *ours = automatic_to(n, id), *theirs = NULL;

	while ((theirs = dials_by_peer(&n->dials, id, theirs)))
		if (!theirs->automatic && theirs->state == DIAL_HELD)
			break;
	if (!ours || !theirs)
		return;
	prospects_ended(&n->direct->prospects, id, false, n->now_us, random_u64(&n->random));
	n->n_dials_due -= ours->due;
	dials_remove(&n->dials, ours);
}

void direct_unwanted(const struct conn *c)
{
	leno_node *n = c->node;
	const leno_id *id = &link_peer(c->link)->id;
	struct dial *d = automatic_to(n, id);

	if (d)
		d->unused = true;
	else
		prospects_unwanted(&n->direct->prospects, id, n->now_us, random_u64(&n->random));
}

/* A link more, or one less: the next one later. */
static void pace(leno_node *n, uint64_t least_us)
{
	uint64_t delay = mesh_count(n->mesh) * (uint64_t)PACE_US;

	n->direct->pace_us = n->now_us + (delay > least_us ? delay : least_us);
}

bool direct_proved(struct conn *c, struct dial *d)
{
	leno_node *n = c->node;
	const leno_id *id = &link_peer(c->link)->id;

	if (d->automatic && !leno_id_same(id, &d->wanted)) {
		d->state = DIAL_LINKING;               /* it led to somebody else */
		conns_close(c, CLOSE_DISCONNECT, LENO_WHY_GOODBYE, 0);
		return false;
	}
	if (d->automatic) {
		prospects_made(&n->direct->prospects, id, n->now_us);
		pace(n, 0);
		direct_wake(n);
	}
	give_way(n, id);
	return true;
}

/* ---- looking --------------------------------------------------------------------------- */

/* The other one can dial us as well, and its id is the lower one: it begins. */
static bool crosses(const leno_node *n, const leno_id *id)
{
	struct addresses own;

	direct_own(n, &own);
	return own.n > 0 && memcmp(id->bytes, n->identity.id.bytes, sizeof id->bytes) < 0;
}

static void look_at_peer(leno_node *n, struct peer *p)
{
	struct prospects *prospects = &n->direct->prospects;
	struct session_counts k;
	uint64_t bytes, moved;

	session_count(p->session, &k);
	bytes = k.bytes_out + k.bytes_in;
	moved = bytes >= p->looked ? bytes - p->looked : bytes;
	p->looked = bytes;
	if (moved == 0 || p->visitor)
		return;
	if (session_path(p->session) == PATH_DIRECT)
		prospects_used(prospects, &p->id, moved, n->now_us);
	else if (session_path(p->session) == PATH_RELAYED && !mesh_linked(n->mesh, &p->id))
		prospects_talk(prospects, &p->id, moved, crosses(n, &p->id), n->now_us);
}

static void look_at_links(leno_node *n)
{
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (c->number >= 0 && c->counts.forwarded != c->looked)
			prospects_used(&n->direct->prospects, &link_peer(c->link)->id, 0, n->now_us);
		c->looked = c->counts.forwarded;
	}
}

/* How many more links we may make by ourselves; below 0: too many. */
static int room(const leno_node *n)
{
	int left = (int)(n->options.dials_max < DIALS_MAX ? n->options.dials_max : DIALS_MAX);
	int ours = AUTOMATIC_MAX;

	list_each (it, next, &n->dials.all) {
		const struct dial *d = list_item(it, struct dial, all);

		left -= (d->keep && !d->meeting) || d->automatic;
		ours -= d->automatic;
	}
	return left < ours ? left : ours;
}

/* Takes the link away that we made to it. False: it has to stay, or there is none. */
static bool take_away(leno_node *n, const leno_id *id)
{
	struct dial *d = automatic_to(n, id);
	struct conn *c = conns_to(n, id);

	if (!d || !c || d->state != DIAL_HELD || !mesh_spares(n->mesh, c->number))
		return false;
	d->unused = true;
	conns_close(c, CLOSE_DISCONNECT, LENO_WHY_GOODBYE, 0);
	pace(n, PRUNE_MS * 1000);
	return true;
}

static unsigned links_now(leno_node *n)
{
	struct mesh_node self;

	return mesh_get(n->mesh, &n->identity.id, &self) ? self.n_links : 0;
}

static void prune(leno_node *n)
{
	struct prospects *p = &n->direct->prospects;
	struct mesh_node m;
	uint64_t moved;
	leno_id id;

	if (room(n) < 0 && prospects_weakest(p, &id, &moved)) {
		take_away(n, &id);
		return;
	}
	if (!prospects_idle(p, n->now_us, &id))
		return;
	if (links_now(n) >= LINKS_ENOUGH && mesh_get(n->mesh, &id, &m) &&
	    m.n_links >= LINKS_ENOUGH && take_away(n, &id))
		return;
	prospects_used(p, &id, 0, n->now_us);          /* another one's turn next time */
}

static void look(leno_node *n)
{
	size_t cursor = 0;

	prospects_look(&n->direct->prospects);
	for (struct peer *p; (p = map_next(&n->peers, &cursor));)
		look_at_peer(n, p);
	look_at_links(n);
	if (n->now_us >= n->direct->pace_us)
		prune(n);
}

/* ---- trying ---------------------------------------------------------------------------- */

/* Dials the next of its addresses. */
static void try(leno_node *n, const leno_id *id)
{
	struct prospects *p = &n->direct->prospects;
	char uri[ADVERTISED_URI + 1] = "", text[OTHERS_TEXT];
	struct addresses a, own;
	bool beside;
	size_t i;

	if (!addresses_of(n, id, &a, text)) {
		prospects_settled(p, id);
		return;
	}
	direct_own(n, &own);
	beside = addresses_beside(a.machine, own.machine);
	if (!prospects_address(p, id, &a, beside, n->now_us, random_u64(&n->random), &i) ||
	    !prospects_try(p, id, a.at[i].uri, n->now_us, random_u64(&n->random)))
		return;
	memcpy(uri, a.at[i].uri.data, a.at[i].uri.size);
	if (!dials_try(&n->dials, uri, id, beside && a.at[i].reach == REACH_MACHINE, n->now_us))
		prospects_failed(p, id, a.n, n->now_us, random_u64(&n->random));
}

/* Is it worth a try, or is it in the mesh already? */
static bool is_apart(leno_node *n, const struct other *other)
{
	struct mesh_node m;

	return !conns_to(n, &other->id) && !(mesh_get(n->mesh, &other->id, &m) && m.up);
}

/* One that a meeting point has told of. */
static bool try_for_meeting(leno_node *n)
{
	const struct prospects *p = &n->direct->prospects;
	const struct other *other;
	size_t cursor = 0;

	if (room(n) <= 0)
		return false;
	while ((other = others_next(meet_others(n), &cursor, n->now_us))) {
		if (!is_apart(n, other) || !prospects_ready(p, &other->id, n->now_us) ||
		    (crosses(n, &other->id) &&
		     n->now_us - other->first_us < CROSS_MS * UINT64_C(1000)))
			continue;
		try(n, &other->id);
		return true;
	}
	return false;
}

static bool any_apart(leno_node *n)
{
	const struct other *other;
	size_t cursor = 0;

	while ((other = others_next(meet_others(n), &cursor, n->now_us)))
		if (is_apart(n, other))
			return true;
	return false;
}

/* The busiest that is known, not linked, and not overrun. */
static bool try_for_talk(leno_node *n)
{
	struct prospects *p = &n->direct->prospects;
	uint64_t moved, least;
	struct mesh_node m;
	leno_id id, weakest;

	while (prospects_busiest(p, n->now_us, &id, &moved)) {
		if (!mesh_get(n->mesh, &id, &m) || !m.up || mesh_linked(n->mesh, &id) ||
		    m.n_links >= LINKS_CROWDED) {
			prospects_settled(p, &id);
			continue;
		}
		if (room(n) > 0) {
			try(n, &id);
			return true;
		}
		if (!prospects_weakest(p, &weakest, &least) || moved / BUSIER < least + WORTH ||
		    !take_away(n, &weakest))
			prospects_settled(p, &id);
		return true;
	}
	return false;
}

/* Who only follows on its machine leaves it to the leader. */
static bool wants_more(leno_node *n)
{
	enum leno_role role = n->link_setup.role;
	struct addresses own;
	unsigned links = 0;
	bool local = false;

	if (role == LENO_ENDPOINT || role == LENO_OBSERVER || room(n) <= 0)
		return false;
	list_each (it, next, &n->conns) {
		const struct conn *c = list_item(it, struct conn, all);

		if (c->number < 0 || link_peer(c->link)->role == LENO_VISITOR)
			continue;
		local = local || c->class == LENO_PIPE_LOCAL;
		links += c->class != LENO_PIPE_LOCAL;
	}
	direct_own(n, &own);
	return links < LINKS_WANTED && (!local || own.n > 0);
}

static bool is_candidate(leno_node *n, const struct mesh_node *m)
{
	struct addresses a;
	struct bytes value;

	return m->role == LENO_MEMBER && m->hops > 1 && m->n_links < LINKS_CROWDED &&
	       extensions_find(m->extensions, EXTENSION_ADDRESSES, &value) &&
	       addresses_read(value, &a) && keep_dialable(n, &a) &&
	       prospects_ready(&n->direct->prospects, &m->id, n->now_us);
}

/* Any of those that say where they are dialled; of two drawn the one that has fewer links. */
static void try_for_mesh(leno_node *n)
{
	struct mesh_node m, drawn[2];
	size_t cursor = 0, seen = 0;

	while (mesh_each(n->mesh, &cursor, &m)) {
		size_t at;

		if (!is_candidate(n, &m))
			continue;
		at = seen < 2 ? seen : (size_t)random_below(&n->random, seen + 1);
		if (at < 2)
			drawn[at] = m;
		seen++;
	}
	if (seen > 1 && drawn[1].n_links < drawn[0].n_links)
		drawn[0] = drawn[1];
	if (seen > 0)
		try(n, &drawn[0].id);
}

static void turn(leno_node *n)
{
	struct direct *d = n->direct;

	if (!prospects_may(&d->prospects, n->now_us) || try_for_meeting(n) || !d->makes ||
	    n->now_us < d->pace_us)
		return;
	if (try_for_talk(n) || n->now_us < d->more_us)
		return;
	if (wants_more(n))
		try_for_mesh(n);
	/* Not in step with the others: so that two do not choose each other at once. */
	d->more_us = n->now_us + LOOK_MS * 1000 + random_below(&n->random, LOOK_MS * 1000);
}

void direct_wake(leno_node *n)
{
	n->direct->settle_us = n->now_us;
	timers_set(&n->timers, &n->direct->timer, n->now_us);
}

void direct_settle(leno_node *n)
{
	struct direct *d = n->direct;
	uint64_t due;

	if (n->now_us < d->settle_us || (!d->makes && !meet_asks(n)) || n->leaving || n->duplicate)
		return;
	if (n->now_us >= d->look_us) {
		d->look_us = n->now_us + LOOK_MS * 1000;
		look(n);
	}
	if (n->now_us >= d->turn_us) {
		d->turn_us = n->now_us + TURN_MS * 1000;
		turn(n);
	}
	d->settle_us = d->turn_us;
	due = prospects_due(&d->prospects);
	if (due != NEVER_DUE && due < d->pace_us)
		due = d->pace_us;
	if (due > n->now_us + LOOK_MS * 1000 && any_apart(n))
		due = n->now_us + LOOK_MS * 1000;
	timers_set(&n->timers, &d->timer, due == NEVER_DUE ? NEVER : due > d->turn_us ? due : d->turn_us);
}
