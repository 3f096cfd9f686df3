/* states.c - which maps this node shares, and who else does: see states.h. */
#include "node/states.h"

#include "base/mem.h"
#include "wire/extensions.h"

#include <string.h>

enum { LOOK_MS = 50, LOOKS = 20, MEMORY_DEFAULT = 64 << 20, MEMORY_LEAST = 4096 };
static_assert((int)LENO_STATE_KEY_MAX == (int)STATE_KEY_MAX &&
              (int)LENO_STATE_VALUE_MAX == (int)STATE_VALUE_MAX, "as leno.h says");

int states_open(leno_node *n)
{
	struct states *s = mem_take(sizeof *s);

	if (!s)
		return LENO_MEMORY;
	memset(s, 0, offsetof(struct states, word));
	if (timers_admit(&n->timers)) {
		mem_free(s);
		return LENO_MEMORY;
	}
	list_init(&s->all);
	list_init(&s->decided);
	list_init(&s->asked);
	s->timer.kind = TIMER_STATES;
	n->states = s;
	return 0;
}

static void free_state(leno_state *st)
{
	size_t cursor = 0;

	list_remove(&st->all);
	st->node->states->count--;
	pull_end(&st->pull);
	for (struct sharer *s; (s = map_next(&st->sharers, &cursor));) {
		supply_end(&s->supply);
		mem_free(s);
	}
	map_clear(&st->sharers);
	list_each (it, next, &st->watches)
		mem_free(list_item(it, struct watch, all));
	store_clear(&st->store);
	mem_free(st);
}

void states_free(leno_node *n)
{
	if (!n->states)
		return;
	n->leaving = true;
	states_decided(n);
	states_forget_asked(n);
	list_each (it, next, &n->states->all)
		free_state(list_item(it, leno_state, all));
	timers_release(&n->timers, &n->states->timer);
	n->states = mem_free(n->states);
}

uint64_t states_wall_ms(const leno_node *n)
{
	int64_t told_us = n->wall_told ? leno_clock_now(n) : 0;

	return told_us > 0 ? (uint64_t)told_us / 1000 : admit_now_ms(n);
}

leno_state *states_find(leno_node *n, const uint8_t tag[STATE_TAG])
{
	list_each (it, next, &n->states->all) {
		leno_state *st = list_item(it, leno_state, all);

		if (!st->left && memcmp(st->tag, tag, STATE_TAG) == 0)
			return st;
	}
	return NULL;
}

bool state_enter(leno_state *st)
{
	st->entered++;
	return !st->left && !st->node->leaving;
}

void state_leave(leno_state *st)
{
	st->entered--;
}

/* ---- our record ----------------------------------------------------------------------------- */

static int publish(leno_node *n)
{
	uint8_t buf[STATE_TAG * LENO_STATES_MAX];
	struct writer w = writer_of(buf, sizeof buf);

	if (n->options.visitor)
		return 0;
	list_each (it, next, &n->states->all) {
		const leno_state *st = list_item(it, leno_state, all);

		if (!st->left)
			write_bytes(&w, st->tag, STATE_TAG);
	}
	return mesh_extend(n->mesh, EXTENSION_STATES,
	                   writer_size(&w) > 0 ? writer_bytes(&w) : bytes_of(NULL, 0), n->now_us);
}

static bool lists(struct bytes extensions, const uint8_t tag[STATE_TAG])
{
	struct bytes tags;

	if (!extensions_find(extensions, EXTENSION_STATES, &tags))
		return false;
	for (size_t at = 0; at + STATE_TAG <= tags.size; at += STATE_TAG)
		if (memcmp(tags.data + at, tag, STATE_TAG) == 0)
			return true;
	return false;
}

/* ---- sharers -------------------------------------------------------------------------------- */

/* Of those that are gone the one that was in sync longest ago: each visitor leaves one behind. */
static void forget_one(leno_state *st)
{
	struct sharer *oldest = NULL;
	size_t cursor = 0;

	for (struct sharer *s; (s = map_next(&st->sharers, &cursor));)
		if (!s->here && st->asking != s && (!oldest || s->met_ms < oldest->met_ms))
			oldest = s;
	if (!oldest)
		return;
	map_remove(&st->sharers, &oldest->id);
	supply_end(&oldest->supply);
	mem_free(oldest);
}

struct sharer *state_sharer(leno_state *st, const leno_id *id, bool add)
{
	struct sharer *s = map_get(&st->sharers, id);

	if (s || !add)
		return s;
	if (st->sharers.count >= STATE_SHARERS)
		forget_one(st);
	s = mem_new(sizeof *s);
	if (!s)
		return NULL;
	s->id = *id;
	if (st->sharers.count == 0)
		st->found_us = st->node->now_us;
	if (map_put(&st->sharers, s))
		s = mem_free(s);
	return s;
}

static void gone(leno_state *st, struct sharer *s)
{
	s->here = s->meet_due = s->answer_due = s->pull_due = false;
	sharer_reset(st, s);
	if (st->options.per_node)
		state_drop_of(st, &s->id);
}

static void look_at(leno_state *st, const struct mesh_node *m)
{
	bool listed = lists(m->extensions, st->tag);
	struct sharer *s = state_sharer(st, &m->id, listed);

	if (!s) {
		st->node->states->missed |= listed;
		return;
	}
	if (listed && !s->here) {
		s->here = s->meet_due = true;
		state_wake(st, s);
	}
	if (s->listed && !listed)
		gone(st, s);
	s->listed = listed;
}

void states_told(leno_node *n, const leno_id *id)
{
	struct mesh_node m;

	if (n->states->count == 0 || !mesh_get(n->mesh, id, &m) || !m.up ||
	    leno_id_same(id, &n->identity.id))
		return;
	list_each (it, next, &n->states->all)
		look_at(list_item(it, leno_state, all), &m);
}

/* At all that is known when a map is shared, and again while there is one for whom there was no
 * room: what changes later states_told() hears. */
static void look_around(leno_node *n)
{
	struct mesh_node m;
	size_t cursor = 0;

	n->states->missed = false;
	while (mesh_each(n->mesh, &cursor, &m))
		if (!leno_id_same(&m.id, &n->identity.id))
			list_each (it, next, &n->states->all)
				look_at(list_item(it, leno_state, all), &m);
}

void states_down(leno_node *n, const leno_id *id)
{
	list_each (it, next, &n->states->all) {
		leno_state *st = list_item(it, leno_state, all);
		struct sharer *s = state_sharer(st, id, false);

		if (s)
			gone(st, s);
	}
}

/* Visitors are in no atlas: they are gone with their session. And a session may have begun anew
 * without a word of it. */
static void look_at_sharers(leno_state *st)
{
	leno_node *n = st->node;
	size_t cursor = 0;

	for (struct sharer *s; (s = map_next(&st->sharers, &cursor));) {
		struct peer *p = peers_get(n, &s->id);

		if (p && p->state_due)         /* for want of room, of which others give back */
			peers_wake(p);
		if (s->here && !s->listed && !p)
			gone(st, s);
		else if (s->here && s->met && p && p->life != s->life) {
			sharer_reset(st, s);
			s->meet_due = true;
			state_wake(st, s);
		}
	}
}

/* ---- sharing -------------------------------------------------------------------------------- */

static void make_keys(const leno_node *n, leno_state *st, uint8_t ret_key[32])
{
	const struct network *net = &n->network;
	struct bytes parts[] = { bytes_text("leno state"), bytes_text(net->name), bytes_of("", 1),
	                         bytes_text(st->name) };
	struct bytes label = bytes_text("leno state tag");
	struct bytes psk = bytes_of(net->psk, net->has_secret ? sizeof net->psk : 0);
	uint8_t root[KEY_SIZE];

	crypto_hash(root, sizeof root, psk, parts, 4);
	crypto_hash(st->tag, STATE_TAG, bytes_of(root, sizeof root), &label, 1);
	label = bytes_text("leno state digest");
	crypto_hash(ret_key, 32, bytes_of(root, sizeof root), &label, 1);
}

static leno_state *make(leno_node *n, const char *name, const leno_state_options *o)
{
	leno_state *st = mem_new(sizeof *st);
	uint8_t key[32], seed[16];

	if (!st)
		return NULL;
	st->node = n;
	st->options = o ? *o : (leno_state_options){ 0 };
	st->options.memory_max = st->options.memory_max ? st->options.memory_max : MEMORY_DEFAULT;
	if (st->options.horizon_ms == 0)
		st->options.horizon_ms = (leno_ms)STATE_HORIZON_MS;
	memcpy(st->name, name, strlen(name) + 1);
	make_keys(n, st, key);
	if (store_init(&st->store, st->options.memory_max, key))
		return mem_free(st);
	random_bytes(&n->random, seed, sizeof seed);
	map_init(&st->sharers, offsetof(struct sharer, id), sizeof(leno_id), STATE_SHARERS, seed);
	st->born_us = n->now_us;
	st->meet_us = n->now_us + STATE_MEET_MS * 1000 +
	              random_u64(&n->random) % (STATE_MEET_MS * 500);
	list_init(&st->watches);
	list_init(&st->all);
	list_append(&n->states->all, &st->all);
	n->states->count++;
	return st;
}

static bool good_name(const char *name)
{
	size_t size = name ? strlen(name) : 0;

	return size > 0 && size <= LENO_STATE_NAME_MAX;
}

static bool shares(const leno_node *n, const char *name)
{
	list_each (it, next, &n->states->all) {
		const leno_state *st = list_item(it, leno_state, all);

		if (!st->left && strcmp(st->name, name) == 0)
			return true;
	}
	return false;
}

int leno_state_share(leno_node *n, const char *name, const leno_state_options *o,
                     const leno_state_handlers *handlers, void *user, leno_state **ret)
{
	leno_state *st;
	int error;

	if (!n || !ret || !good_name(name) ||
	    (o && ((o->memory_max && o->memory_max < MEMORY_LEAST) || o->horizon_ms < 0)))
		return LENO_ARGUMENT;
	if (n->leaving)
		return LENO_CLOSED;
	if (shares(n, name))
		return LENO_EXISTS;
	if (n->options.message_max < WORD_MAX || n->states->count >= LENO_STATES_MAX)
		return LENO_LIMIT;
	st = make(n, name, o);
	if (!st)
		return LENO_MEMORY;
	error = state_load(st);
	if (!error)
		error = publish(n);
	if (error) {
		free_state(st);
		return error;
	}
	st->handlers = handlers ? *handlers : (leno_state_handlers){ 0 };
	st->user = user;
	n->states->looks = 0;
	look_around(n);
	timers_set(&n->timers, &n->states->timer, n->now_us + LOOK_MS * 1000);
	*ret = st;
	return 0;
}

void leno_state_unshare(leno_state *st)
{
	size_t cursor = 0;
	leno_node *n;

	if (!st || st->left)
		return;
	n = st->node;
	st->left = true;
	st->answered_us = n->now_us;
	state_stop_asking(st);
	for (struct sharer *s; (s = map_next(&st->sharers, &cursor));) {
		s->leave_due = s->here && s->met;
		if (s->leave_due)
			state_wake(st, s);
	}
	publish(n);
	timers_set(&n->timers, &n->states->timer, n->now_us);
}

/* ---- time ----------------------------------------------------------------------------------- */

/* Somebody has more than we do, as far as they have said; for a moment we wait also for those who
 * have not said anything, or whom we do not know yet. */
static bool lacks(const leno_state *st)
{
	bool waits = st->node->now_us < st->found_us + STATE_PATIENCE_MS * 1000;
	size_t cursor = 0;

	if (st->asking || (waits && st->sharers.count > 0 && !mesh_synced(st->node->mesh)))
		return true;
	for (const struct sharer *s; (s = map_next(&st->sharers, &cursor));)
		if (s->here && !s->apart && !s->mate &&
		    ((s->pull_due && !st->full) || (!s->met && waits)))
			return true;
	return false;
}

void state_look_whole(leno_state *st)
{
	size_t cursor = 0;

	if (st->synced || lacks(st))
		return;
	for (const struct sharer *s; (s = map_next(&st->sharers, &cursor));)
		if (s->here && s->met && !s->apart && !s->mate)
			st->synced_due = true;
}

void state_insync(leno_state *st, struct sharer *s)
{
	s->met_ms = st->met_ms = states_wall_ms(st->node);
	s->apart = false;
	s->pull_due = false;
}

/* Who is next, in the order of ids. */
static struct sharer *next_turn(leno_state *st)
{
	struct sharer *first = NULL, *after = NULL;
	size_t cursor = 0;

	for (struct sharer *s; (s = map_next(&st->sharers, &cursor));) {
		if (!s->here)
			continue;
		if (!first || memcmp(s->id.bytes, first->id.bytes, 16) < 0)
			first = s;
		if (memcmp(s->id.bytes, st->turn.bytes, 16) > 0 &&
		    (!after || memcmp(s->id.bytes, after->id.bytes, 16) < 0))
			after = s;
	}
	return after ? after : first;
}

static void meet_somebody(leno_state *st)
{
	leno_node *n = st->node;
	struct sharer *s = next_turn(st);

	if (n->now_us < st->meet_us)
		return;
	st->meet_us = n->now_us + STATE_MEET_MS * 1000;
	state_keep_met(st);
	if (!s)
		return;
	st->turn = s->id;
	s->meet_due = true;
	state_wake(st, s);
}

static bool alone(const leno_state *st)
{
	size_t cursor = 0;

	for (const struct sharer *s; (s = map_next(&st->sharers, &cursor));)
		if (s->here)
			return false;
	return true;
}

/* Is there nobody who could name others that share it? */
static bool knows_all(const leno_node *n)
{
	return mesh_synced(n->mesh) || list_empty(&n->dials.all);
}

static void tick(leno_state *st)
{
	leno_node *n = st->node;
	uint64_t wall_ms = states_wall_ms(n), horizon_ms = (uint64_t)st->options.horizon_ms;

	look_at_sharers(st);
	meet_somebody(st);
	if (st->asking && n->now_us > st->answered_us + STATE_STALL_MS * 1000) {
		struct sharer *s = st->asking;

		sharer_reset(st, s);
		s->meet_due = true;
		state_wake(st, s);
	}
	state_look_for_room(st);
	state_ask_next(st);
	state_look_whole(st);
	if (wall_ms > horizon_ms)
		state_expire(st, wall_ms - horizon_ms);
	if (!st->synced && alone(st) && n->now_us >= st->born_us + STATE_ALONE_MS * 1000 &&
	    knows_all(n))
		st->synced_due = true;
}

void states_tick(leno_node *n)
{
	struct states *all = n->states;

	if (n->leaving || all->count == 0)
		return;
	if (all->missed)
		look_around(n);
	list_each (it, next, &all->all) {
		leno_state *st = list_item(it, leno_state, all);

		if (!st->left)
			tick(st);
	}
	timers_set(&n->timers, &all->timer,
	           n->now_us + (all->looks++ < LOOKS ? LOOK_MS : STATE_TICK_MS) * 1000);
}

/* Of who shares it the same input may have told, behind what made it due. */
static void tell_synced(leno_state *st)
{
	if (!st->synced_due || st->synced || lacks(st))
		return;
	st->synced = true;
	if (state_enter(st) && st->handlers.synced)
		st->handlers.synced(st, st->user);
	state_leave(st);
}

static void tell_failed(leno_state *st)
{
	int error = st->kept_error;

	st->kept_error = 0;
	if (error)
		state_fail(st, error);
}

static bool said_goodbye(leno_state *st)
{
	size_t cursor = 0;

	for (struct sharer *s; (s = map_next(&st->sharers, &cursor));) {
		const struct peer *p = s->leave_due ? peers_get(st->node, &s->id) : NULL;

		if (p && p->conn)
			return false;
	}
	return true;
}

void states_settle(leno_node *n)
{
	struct states *all = n->states;

	if (all->count == 0 && list_empty(&all->decided))
		return;
	if (!n->leaving)
		states_decided(n);
	list_each (it, next, &all->all) {
		leno_state *st = list_item(it, leno_state, all);

		if (!st->left && !n->leaving)
			tell_synced(st), tell_failed(st);
		state_sweep(st);
		if (st->left && st->entered == 0 &&
		    (said_goodbye(st) || n->now_us > st->answered_us + STATE_TICK_MS * 1000))
			free_state(st);
	}
}

/* ---- looking -------------------------------------------------------------------------------- */

bool leno_state_synced(const leno_state *st)
{
	return st->synced;
}

leno_node *leno_state_node(const leno_state *st)
{
	return st->node;
}

void leno_state_get_info(const leno_state *st, leno_state_info *ret)
{
	size_t cursor = 0;

	*ret = (leno_state_info){ .name = st->name, .entries = store_count(&st->store),
	                          .dead = st->store.n_dead, .memory = st->store.budget.used,
	                          .pulls = st->pulls, .taken = st->taken,
	                          .refused = st->refused, .discarded = st->discarded };
	for (const struct sharer *s; (s = map_next(&st->sharers, &cursor));)
		ret->sharers += s->here;
}
