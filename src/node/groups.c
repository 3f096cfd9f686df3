/* groups.c - which groups this node is in, who else is, and what the application hears of it.
 *
 *   leno_group_join --> JOINING --connected, published, quiet--> JOINED
 *   JOINED --no neighbour any more--> JOINING
 *   leno_group_leave --> LEAVING --all confirmed, or GROUP_LEAVE_MS--> LEFT, and freed
 *
 *  1. Our record lists a group from its beginning to LEFT.
 *  2. The groups are in the order of their tags, as the record wants them.
 *  3. A node that is found again may have left in the meantime: what its record said before it
 *     was lost makes it no member until GROUP_STALE_MS have brought no newer one. */
#include "base/mem.h"
#include "node/group.h"
#include "node/look.h"
#include "wire/extensions.h"

enum { POLL_MS = 50, STALE_LOOK_MS = 10 * 1000 };

static uint64_t ms_us(uint64_t ms)
{
	return ms * 1000;
}

int groups_open(leno_node *n)
{
	struct groups *g = mem_new(sizeof *g);
	uint8_t seed[16];

	if (!g)
		return LENO_MEMORY;
	g->aead = aead_new(CIPHER_CHACHA, (const uint8_t[KEY_SIZE]){ 0 }, NULL);
	if (!g->aead || timers_admit(&n->timers)) {
		aead_free(g->aead);
		mem_free(g);
		return LENO_MEMORY;
	}
	list_init(&g->all);
	g->doubt_us = NEVER;
	g->timer.kind = TIMER_GROUPS;
	random_bytes(&n->random, seed, sizeof seed);
	map_init(&g->paths, offsetof(struct group_path, tag), GROUP_TAG, GROUP_PATHS_MAX, seed);
	n->groups = g;
	return 0;
}

/* Out of the list it is found no more: its key may be joined anew. */
static void unlist(leno_group *g)
{
	g->node->groups->count -= !list_empty(&g->all);
	list_remove(&g->all);
}

static void free_group(leno_group *g)
{
	unlist(g);
	voice_close(&g->voice);
	roster_clear(&g->roster);
	tape_clear(&g->large);
	crypto_wipe(g, sizeof *g);
	mem_free(g);
}

void groups_free(leno_node *n)
{
	struct groups *g = n->groups;
	size_t cursor = 0;

	if (!g)
		return;
	list_each (it, next, &g->all)
		free_group(list_item(it, leno_group, all));
	for (struct group_path *p; (p = map_next(&g->paths, &cursor));)
		mem_free(p);
	map_clear(&g->paths);
	timers_release(&n->timers, &g->timer);
	aead_free(g->aead);
	n->groups = mem_free(g);
}

leno_group *groups_find(leno_node *n, const uint8_t tag[GROUP_TAG])
{
	list_each (it, next, &n->groups->all) {
		leno_group *g = list_item(it, leno_group, all);

		if (memcmp(g->keys.tag, tag, GROUP_TAG) == 0)
			return g;
	}
	return NULL;
}

struct channel group_channel(const leno_group *g)
{
	struct channel c = { .join = g->join };

	memcpy(c.tag, g->keys.tag, sizeof c.tag);
	return c;
}

/* ---- our own record ----------------------------------------------------------------------- */

static int publish(leno_node *n)
{
	uint8_t buf[MEMBERSHIPS_MAX];
	struct writer w = writer_of(buf, sizeof buf);

	list_each (it, next, &n->groups->all) {
		const leno_group *g = list_item(it, leno_group, all);
		struct membership m = { .join = g->join };

		if (g->state == LENO_GROUP_LEFT)
			continue;
		memcpy(m.tag, g->keys.tag, sizeof m.tag);
		group_proof(&g->keys, &n->identity.id, g->join, m.proof);
		membership_write(&w, &m);
	}
	return mesh_extend(n->mesh, EXTENSION_GROUPS,
	                   writer_size(&w) > 0 ? writer_bytes(&w) : bytes_of(NULL, 0), n->now_us);
}

/* ---- who is in it ------------------------------------------------------------------------- */

static bool proved(const leno_group *g, const leno_id *id, const struct membership *m)
{
	uint8_t due[GROUP_PROOF];

	group_proof(&g->keys, id, m->join, due);
	return crypto_same(due, m->proof, sizeof due);
}

static void gone(leno_group *g, const leno_id *id, enum leno_why why)
{
	leno_node *n = g->node;
	struct ear *e;

	if (!roster_gone(&g->roster, id, why))
		return;
	voice_gone(n, &g->voice, id);
	e = ear_get(n, id, g->keys.tag);
	if (!e)
		return;
	ear_drop_parts(n, e);
	heard_leave(&e->heard);
}

static void look_again(leno_node *n, uint64_t due_us)
{
	if (due_us < n->groups->doubt_us)
		n->groups->doubt_us = due_us;
}

/* Is it to be looked at again later? */
static bool doubted(leno_group *g, const struct mesh_node *m)
{
	uint64_t until = m->stale_us + ms_us(GROUP_STALE_MS);

	if (m->stale_us == 0 || until <= g->node->now_us || roster_get(&g->roster, &m->id))
		return false;
	look_again(g->node, until);
	return true;
}

/* What this node's record says of this group. */
static void look_at(leno_group *g, const struct mesh_node *m)
{
	leno_node *n = g->node;
	struct membership found;
	struct bytes value;
	int error;

	if (m->role == LENO_OBSERVER ||
	    !extensions_find(m->extensions, EXTENSION_GROUPS, &value) ||
	    !membership_find(value, g->keys.tag, &found) || !proved(g, &m->id, &found)) {
		gone(g, &m->id, LENO_WHY_GOODBYE);
		return;
	}
	if (doubted(g, m))
		return;
	if (roster_put(&g->roster, &m->id, m->incarnation, found.join, &error)) {
		g->news_us = n->now_us;
		voice_gone(n, &g->voice, &m->id);  /* what it lacked of us was of another join */
	} else if (error) {                    /* no memory: there may be some later */
		node_count_refusal(n, error);
		look_again(n, n->now_us + ms_us(GROUP_STALE_MS));
	}
}

void groups_told(leno_node *n, const leno_id *id)
{
	struct mesh_node m;

	if (list_empty(&n->groups->all) || !mesh_get(n->mesh, id, &m) || !m.up)
		return;
	list_each (it, next, &n->groups->all)
		look_at(list_item(it, leno_group, all), &m);
}

static void look_at_all(leno_node *n)
{
	struct mesh_node m;
	size_t cursor = 0;

	while (mesh_each(n->mesh, &cursor, &m))
		if (!leno_id_same(&m.id, &n->identity.id))
			list_each (it, next, &n->groups->all)
				look_at(list_item(it, leno_group, all), &m);
}

static void tell_state(leno_group *g)
{
	if (g->told == g->state || g->node->leaving)
		return;
	g->told = g->state;
	if (g->handlers.state)
		g->handlers.state(g, g->user, g->state);
}

static void tell_members(leno_group *g)
{
	leno_node *n = g->node;
	struct roster_event e;

	while (!n->leaving && g->state < LENO_GROUP_LEAVING && roster_next(&g->roster, &e)) {
		if (e.joined && g->handlers.joined)
			g->handlers.joined(g, g->user, &e.id);
		else if (!e.joined && g->handlers.left)
			g->handlers.left(g, g->user, &e.id, e.why);
	}
}

void group_tell(leno_group *g)
{
	if (g->told != LENO_GROUP_JOINED)
		tell_state(g);
	if (!list_empty(&g->roster.changes))
		tell_members(g);
}

/* Told at once: before the node is said to be down. */
void groups_down(leno_node *n, const leno_id *id, enum leno_why why)
{
	list_each (it, next, &n->groups->all) {
		leno_group *g = list_item(it, leno_group, all);

		gone(g, id, why);
		group_tell(g);
	}
}

/* ---- joining and leaving ----------------------------------------------------------------- */

static void set_in_order(struct groups *all, leno_group *g)
{
	struct list *before = all->all.next;

	while (before != &all->all &&
	       memcmp(list_item(before, leno_group, all)->keys.tag, g->keys.tag, GROUP_TAG) < 0)
		before = before->next;
	list_append(before, &g->all);
	all->count++;
}

static leno_group *make(leno_node *n, leno_bytes key, const struct group_keys *keys)
{
	size_t most = n->fan->aired_budget.max / 2, queue = n->options.queue_max;
	leno_group *g = mem_new(sizeof *g);
	uint8_t seed[16];

	if (!g)
		return NULL;
	g->node = n;
	bytes_copy(g->key, key.data, key.size);
	g->key_size = key.size;
	g->keys = *keys;
	g->join = ++n->groups->last_join;
	g->state = LENO_GROUP_JOINING;
	g->ready_us = NEVER;
	list_init(&g->all);
	random_bytes(&n->random, seed, sizeof seed);
	roster_init(&g->roster, n->options.nodes_max, seed);
	voice_open(n, &g->voice, g, queue < most ? queue : most);
	tape_init(&g->large, &n->pool, POOL_SEND);
	set_in_order(n->groups, g);
	return g;
}

int leno_group_join(leno_node *n, leno_bytes key, const leno_group_handlers *handlers, void *user,
                    leno_group **ret)
{
	struct group_keys keys;
	struct mesh_node m;
	size_t cursor = 0;
	leno_group *g;

	if (!n || !ret || !key.data || key.size == 0 || key.size > LENO_GROUP_KEY_MAX ||
	    n->options.visitor || n->link_setup.role == LENO_OBSERVER)
		return LENO_ARGUMENT;
	if (n->leaving)
		return LENO_CLOSED;
	group_keys_init(&keys, &n->network, bytes_of(key.data, key.size));
	if (groups_find(n, keys.tag))
		return LENO_EXISTS;
	if (n->groups->count >= GROUPS_MAX)
		return LENO_LIMIT;
	g = make(n, key, &keys);
	crypto_wipe(&keys, sizeof keys);
	if (!g)
		return LENO_MEMORY;
	if (publish(n)) {
		free_group(g);
		return LENO_LIMIT;
	}
	g->handlers = handlers ? *handlers : (leno_group_handlers){ 0 };
	g->user = user;
	while (mesh_each(n->mesh, &cursor, &m))
		if (!leno_id_same(&m.id, &n->identity.id))
			look_at(g, &m);
	timers_set(&n->timers, &n->groups->timer, n->now_us);
	*ret = g;
	return 0;
}

void leno_group_leave(leno_group *g)
{
	leno_node *n;

	if (!g || g->state >= LENO_GROUP_LEAVING)
		return;
	n = g->node;
	g->state = LENO_GROUP_LEAVING;
	g->leave_us = n->now_us + ms_us(GROUP_LEAVE_MS);
	timers_set(&n->timers, &n->groups->timer, n->now_us);
}

/* ---- the end of an input ------------------------------------------------------------------ */

static bool is_connected(const leno_node *n)
{
	return mesh_synced(n->mesh) || list_empty(&n->dials.all);
}

static bool said_all(const leno_group *g)
{
	return g->voice.aired.first > g->voice.aired.last && tape_size(&g->large) == 0;
}

/* Told of us: our record is signed, or there is nobody to be told. */
static bool is_told(const leno_node *n)
{
	return mesh_published(n->mesh) || mesh_count(n->mesh) == 1;
}

static void connect(leno_group *g)
{
	leno_node *n = g->node;

	if (!is_connected(n)) {
		g->ready_us = NEVER;
		g->state = LENO_GROUP_JOINING;
	} else if (g->ready_us == NEVER) {
		g->ready_us = g->news_us = n->now_us;
	}
}

/* As long as a record may take to the node that is farthest, and then some: whoever has waited so
 * long is known to all before it says that it has joined. */
static uint64_t settling_us(leno_node *n)
{
	uint32_t farthest_us = 0;
	struct mesh_node m;
	size_t cursor = 0;

	while (mesh_each(n->mesh, &cursor, &m))
		if (m.rtt_us > farthest_us)
			farthest_us = m.rtt_us;
	return ms_us(GROUP_SETTLE_MS) + farthest_us;
}

/* When it has joined, if nothing happens: NEVER while it is not connected. */
static uint64_t joined_us(const leno_group *g)
{
	uint64_t doubt = g->node->groups->doubt_us, settling, quiet, latest;

	if (g->ready_us == NEVER)
		return NEVER;
	if (!is_told(g->node))
		return g->node->now_us + ms_us(POLL_MS);
	settling = settling_us(g->node);
	quiet = g->news_us + settling;
	latest = g->ready_us + (settling > ms_us(GROUP_LATEST_MS) ? settling
	                                                          : ms_us(GROUP_LATEST_MS));
	if (doubt != NEVER && doubt >= quiet)  /* then somebody may come */
		quiet = doubt + 1;
	return quiet < latest ? quiet : latest;
}

static void settle(leno_group *g)
{
	leno_node *n = g->node;

	tell_state(g);                         /* JOINING comes before any member */
	tell_members(g);
	if (g->state < LENO_GROUP_LEAVING) {
		connect(g);
		if (g->state == LENO_GROUP_JOINING && joined_us(g) <= n->now_us)
			g->state = LENO_GROUP_JOINED;
		tell_state(g);
	}
	if (g->state == LENO_GROUP_LEAVING) {
		tell_state(g);
		if (!said_all(g) && n->now_us < g->leave_us)
			return;
		group_give_up(g);
		g->state = LENO_GROUP_LEFT;
		publish(n);
		ears_leave(n, g->keys.tag);
		unlist(g);
		tell_state(g);
		free_group(g);
	}
}

/* For what sessions hold: no acknowledgement of a group tells that there is room. */
static bool waits_for_room(const leno_node *n)
{
	list_each (it, next, &n->groups->all)
		if (list_item(it, leno_group, all)->wants > 0)
			return true;
	return false;
}

static void set_timer(leno_node *n)
{
	struct groups *all = n->groups;
	uint64_t due = all->n_parts > 0 ? n->now_us + ms_us(STALE_LOOK_MS) : NEVER;

	if (all->n_stuck > 0 || waits_for_room(n))
		due = n->now_us + ms_us(GROUP_ROOM_MS);
	due = all->doubt_us < due ? all->doubt_us : due;

	list_each (it, next, &all->all) {
		const leno_group *g = list_item(it, leno_group, all);
		uint64_t at = NEVER;

		if (g->state != g->told)
			at = n->now_us;
		else if (g->state == LENO_GROUP_JOINING)
			at = joined_us(g);
		else if (g->state == LENO_GROUP_LEAVING)
			at = g->leave_us;
		due = at < due ? at : due;
	}
	timers_set(&n->timers, &all->timer, due);
}

void groups_settle(leno_node *n)
{
	if (list_empty(&n->groups->all) || n->leaving)
		return;
	if (waits_for_room(n))
		groups_feed(n);
	if (n->groups->doubt_us <= n->now_us) {
		n->groups->doubt_us = NEVER;
		look_at_all(n);
	}
	list_each (it, next, &n->groups->all) {
		settle(list_item(it, leno_group, all));
		if (n->leaving)
			return;
	}
	groups_tend_parts(n);
	set_timer(n);
}

/* ---- looking ------------------------------------------------------------------------------- */

size_t leno_group_count(const leno_group *g)
{
	return 1 + g->roster.n_here;
}

void leno_group_members(leno_group *g, bool (*fn)(void *arg, const leno_info *), void *arg)
{
	leno_node *n = g->node;
	struct mesh_node m;
	leno_info info;
	size_t cursor = 0;

	if (!mesh_get(n->mesh, &n->identity.id, &m))
		return;
	look_info(n, &m, &info);
	if (!fn(arg, &info))
		return;
	for (const struct member *r; (r = roster_each(&g->roster, &cursor));) {
		if (!mesh_get(n->mesh, &r->id, &m))
			continue;
		look_info(n, &m, &info);
		if (!fn(arg, &info))
			return;
	}
}

leno_node *leno_group_node(const leno_group *g)
{
	return g->node;
}

leno_bytes leno_group_key(const leno_group *g)
{
	return (leno_bytes){ g->key, g->key_size };
}
