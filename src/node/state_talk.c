/* state_talk.c - what sharers of a map say to each other: see states.h and state/words.h. */
#include "base/mem.h"
#include "node/states.h"

enum {
	ITEM_OF_STATES = 2,              /* the number of an ITEM_BROADCAST             */
	AHEAD          = 32 * 1024,      /* put into the session and not sent yet       */
	FLIGHT_LEAST   = 256 * 1024,     /* sent and not acknowledged                   */
	FLIGHT_US      = 1024,           /* more for each microsecond of round trip     */
	PUSH_QUEUE     = 1 << 20         /* with so much waiting it finds out by itself */
};

bool states_item(const struct item *item)
{
	return item->kind == ITEM_BROADCAST && item->type == ITEM_OF_STATES;
}

void sharer_reset(leno_state *st, struct sharer *s)
{
	supply_end(&s->supply);
	s->met = s->fixed = false;
	s->refuse_due = 0;
	s->refuse_at = 0;
	s->mate_told = s->mate_heard = false;
	if (st->asking == s) {
		pull_end(&st->pull);
		st->asking = NULL;
	}
}

void state_stop_asking(leno_state *st)
{
	pull_end(&st->pull);
	st->asking = NULL;
}

void state_wake(leno_state *st, struct sharer *s)
{
	int error = 0;
	struct peer *p = peers_need(st->node, &s->id, &error);

	if (!p)
		return;
	p->state_due = true;
	peers_wake(p);
}

/* ---- into the session ------------------------------------------------------------------------ */

static int put(struct peer *p, struct bytes word)
{
	const struct item item = { .kind = ITEM_BROADCAST, .type = ITEM_OF_STATES };
	uint8_t head[ITEM_HEAD_MAX];
	size_t n = write_item_head(head, &item);
	int error = session_put(p->session, bytes_of(head, n), word, NULL);

	if (!error)
		p->state_fed_to = session_put_to(p->session);
	return error;
}

/* A word is made only where it can be put: it is not made twice. */
static bool has_room(const struct peer *p)
{
	const leno_node *n = p->node;
	size_t queued = session_queued(p->session);

	return (queued == 0 || queued + WORD_MAX <= n->options.queue_max) &&
	       pool_room(&n->pool, POOL_SEND) > WORD_MAX / CHUNK_SIZE;
}

static bool may_feed(const struct peer *p)
{
	const struct session *s = p->session;
	uint64_t flight = FLIGHT_LEAST + (uint64_t)p->rtt_least_us * FLIGHT_US;
	/* One word in any case: an application may keep the queue full for ever. */
	bool alone = p->state_fed_to <= session_put_to(s) - session_queued(s);

	return has_room(p) && (session_queued(s) < flight || alone) &&
	       (session_put_to(s) < session_sent_to(s) + AHEAD ||
	        p->state_fed_to <= session_sent_to(s));
}

bool states_want(const struct peer *p)
{
	return p->conn && p->state_due && may_feed(p);
}

/* Of a map per node: of what this one has set alone. */
static struct digest standing(const leno_state *st, const leno_id *of)
{
	const struct range all = { 0 };
	struct digest d = { 0 };
	struct walk w = { 0 };

	if (!st->options.per_node)
		return store_digest(&st->store, all);
	for (const struct stored *e; (e = store_walk(&st->store, all, &w));)
		if (leno_id_same(&e->writer, of)) {
			d.sum += e->digest;
			d.count++;
		}
	return d;
}

static void fix_standing(leno_state *st, struct sharer *s)
{
	s->told = standing(st, &st->node->identity.id);
	s->told_ms = st->met_ms;
	s->told_you_ms = s->met_ms;
	s->told_round = st->discarded;
}

static void write_meet(leno_state *st, struct sharer *s, struct writer *w)
{
	bool answer = s->answer_due && !s->meet_due && (!s->mate || s->mate_told);
	struct word v = { .op = STATE_MEET, .flags = answer ? MEET_ANSWER : 0 };

	if (answer ? s->mate_heard : s->mate && !s->mate_told)
		v.flags |= MEET_GIVE_WAY;
	if (answer)
		s->mate_heard = false;
	else
		s->mate_told = true;
	if (!s->fixed)
		fix_standing(st, s);
	s->fixed = s->meet_due = s->answer_due = false;
	v.digest = s->told;
	v.met_ms = s->told_ms;
	v.you_ms = s->told_you_ms;
	memcpy(v.tag, st->tag, STATE_TAG);
	write_word(w, &v);
}

static bool write_question(leno_state *st, struct writer *w)
{
	uint8_t rest[8 * FETCH_MAX];
	struct word v;

	if (!pull_next(&st->pull, &st->store, &v, rest))
		return false;
	if (st->options.per_node)
		v.digest = (struct digest){ 0 };   /* all that is its own */
	memcpy(v.tag, st->tag, STATE_TAG);
	write_word(w, &v);
	write_bytes(w, v.rest.data, v.rest.size);
	return true;
}

/* The next word for this sharer; false: there is none. */
static bool next_word(leno_state *st, struct sharer *s, const struct peer *p, struct writer *w)
{
	const leno_id *self = &st->node->identity.id;

	if (st->left) {
		struct word v = { .op = STATE_LEAVE };

		memcpy(v.tag, st->tag, STATE_TAG);
		if (s->leave_due)
			write_word(w, &v);
		s->leave_due = false;
	} else if (s->refuse_due) {
		state_write_refused(st, s, p->session, w);
	} else if (s->meet_due || s->answer_due) {
		write_meet(st, s, w);
	} else if (st->asking == s && write_question(st, w)) {
		return true;
	} else if (supply_wants(&s->supply)) {
		supply_next(&s->supply, &st->store, st->tag, st->options.per_node ? self : NULL, w);
	}
	return writer_size(w) > 0;
}

/* Its message_max is less than a word may have. */
static bool too_small(leno_state *st, struct sharer *s, const struct peer *p)
{
	char id[LENO_ID_TEXT];
	bool small = session_message_max(p->session) < WORD_MAX;

	if (small && !s->small)
		events_log(st->node, LENO_LOG_WARN,
		           "map %s: %s takes no messages of %d bytes, so no maps", st->name,
		           leno_id_text(&p->id, id), (int)WORD_MAX);
	s->small = small;
	return small;
}

static bool feed_one(struct peer *p)
{
	struct states *all = p->node->states;

	list_each (it, next, &all->all) {
		leno_state *st = list_item(it, leno_state, all);
		struct sharer *s = state_sharer(st, &p->id, false);
		struct writer w = writer_of(all->word, sizeof all->word);

		if (!s || too_small(st, s, p) || !next_word(st, s, p, &w))
			continue;
		if (put(p, writer_bytes(&w))) {      /* what it was is not known any more */
			sharer_reset(st, s);
			s->meet_due = true;
			return false;
		}
		return true;
	}
	p->state_due = false;
	return false;
}

void states_feed(struct peer *p)
{
	while (p->state_due && may_feed(p) && feed_one(p))
		;
}

/* Guests share it without being listed (visitors): writers do not know of them. */
static bool is_guest(const struct sharer *s)
{
	return s->here && s->met && !s->listed;
}

/* To guests what others say is passed on by the listed one of the lowest id. */
static bool passes_on(const leno_state *st)
{
	const leno_node *n = st->node;
	bool guests = false;
	size_t cursor = 0;

	if (n->options.visitor || st->options.per_node)
		return false;
	for (const struct sharer *s; (s = map_next(&st->sharers, &cursor));) {
		guests = guests || is_guest(s);
		if (s->here && s->listed && memcmp(s->id.bytes, n->identity.id.bytes, 16) < 0)
			return false;
	}
	return guests;
}

/* from: NULL, when it is ours, and for all. */
static void push(leno_state *st, const struct entry *e, const leno_id *from)
{
	struct word v = { .op = STATE_ENTRIES, .flags = from ? 0 : ENTRIES_MADE };
	struct writer w = writer_of(st->node->states->word, sizeof st->node->states->word);
	size_t cursor = 0;

	memcpy(v.tag, st->tag, STATE_TAG);
	write_word(&w, &v);
	write_entry(&w, e);
	for (struct sharer *s; (s = map_next(&st->sharers, &cursor));) {
		struct peer *p = s->here && s->met ? peers_get(st->node, &s->id) : NULL;

		if (!s->here || (from && (!is_guest(s) || leno_id_same(from, &s->id))))
			continue;
		if (!p || p->life != s->life || too_small(st, s, p) ||
		    session_queued(p->session) > PUSH_QUEUE || !has_room(p) ||
		    put(p, writer_bytes(&w))) {
			s->meet_due = true;
			if (p)
				p->state_due = true;
			continue;
		}
		peers_wake(p);
	}
}

void state_push(leno_state *st, const struct entry *e)
{
	push(st, e, NULL);
}

/* ---- asking ---------------------------------------------------------------------------------- */

void state_ask_next(leno_state *st)
{
	size_t cursor = 0;

	if (st->asking || st->left ||
	    (st->full && st->pulled_us &&
	     st->node->now_us < st->pulled_us + STATE_FULL_MS * UINT64_C(1000)))
		return;
	for (struct sharer *s; (s = map_next(&st->sharers, &cursor));) {
		if (!s->pull_due || !s->here || !s->met || s->apart || s->mate)
			continue;
		if (pull_begin(&st->pull))
			return;
		st->asking = s;
		st->lacked = false;
		st->pulls++;
		st->answered_us = st->node->now_us;
		state_wake(st, s);
		return;
	}
}

/* ---- who is too old -------------------------------------------------------------------------- */

enum verdict { TOGETHER, WE_ARE_OLD, IT_IS_OLD };

static bool is_writer(const leno_state *st, const leno_id *id)
{
	static const leno_id all = { { 0 } };

	return leno_id_same(&st->options.writer, &all) || leno_id_same(&st->options.writer, id);
}

/* Observers see a map, and put nothing into it: what they say that others wrote is no better. */
static bool may_ask(const leno_state *st, const leno_id *id)
{
	return is_writer(st, id) && !admit_observes(st->node, id);
}

static bool may_give(const leno_state *st)
{
	const leno_node *n = st->node;

	return is_writer(st, &n->identity.id) && n->link_setup.role != LENO_OBSERVER;
}

static uint64_t least_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Both ends judge by what they have told each other, so they judge alike. Who may put nothing into
 * the map gives way to who may: of it nobody takes back what he has dropped. */
static enum verdict too_old(const leno_state *st, const struct sharer *s, const struct word *w)
{
	bool gives = may_give(st), asked = may_ask(st, &s->id);
	uint64_t now = states_wall_ms(st->node), horizon = (uint64_t)st->options.horizon_ms;
	uint64_t ours = s->told_ms, theirs = w->met_ms;
	uint64_t last = least_of(s->told_you_ms, w->you_ms);
	uint64_t apart = ours > theirs ? ours - theirs : theirs - ours;

	if (last == 0)                         /* one of them was renewed, or has forgotten */
		last = least_of(ours, theirs);
	if (st->options.per_node || (!gives && !asked) || ours == 0 || theirs == 0 || now <= last ||
	    now - last <= horizon)
		return TOGETHER;
	if (!gives || !asked)
		return gives ? IT_IS_OLD : WE_ARE_OLD;
	if (apart > horizon / 2)
		return ours < theirs ? WE_ARE_OLD : IT_IS_OLD;
	if (s->told.count != w->digest.count)
		return s->told.count < w->digest.count ? WE_ARE_OLD : IT_IS_OLD;
	return s->told.sum == w->digest.sum ? TOGETHER
	     : s->told.sum < w->digest.sum ? WE_ARE_OLD : IT_IS_OLD;
}

static bool settled_lately(const leno_state *st)
{
	return states_wall_ms(st->node) - st->settled_ms <= (uint64_t)st->options.horizon_ms / 4;
}

/* Those with whom we were in company give way as we do: else what we drop would come back of them.
 * `to` is the one that has made us. */
static void become_new(leno_state *st, const struct sharer *to)
{
	uint64_t wall_ms = states_wall_ms(st->node);
	size_t cursor = 0;

	events_log(st->node, LENO_LOG_WARN,
	           "map %s: this copy was apart for too long, and is taken anew", st->name);
	st->discarded++;
	st->met_ms = 0;
	st->settled_ms = wall_ms;
	state_discard(st);
	for (struct sharer *s; (s = map_next(&st->sharers, &cursor));) {
		s->mate = s != to && s->met_ms &&
		          wall_ms - s->met_ms <= (uint64_t)st->options.horizon_ms / 4;
		s->mate_told = false;
		s->met_ms = 0;
		s->fixed = false;
		if (!s->here)
			continue;
		s->meet_due = true;
		state_wake(st, s);
	}
}

/* ---- out of the session ---------------------------------------------------------------------- */

/* It has given way, or has heard that it should and knows better; or it says so to us. */
static void take_way(leno_state *st, struct sharer *s, const struct word *w)
{
	bool answer = w->flags & MEET_ANSWER, way = w->flags & MEET_GIVE_WAY;

	if (w->met_ms == 0 || (answer && way))
		s->mate = false;
	if (answer || !way)
		return;
	s->mate_heard = true;
	if (st->met_ms && !settled_lately(st) && !st->options.per_node && may_ask(st, &s->id))
		become_new(st, s);
}

static void take_meet(leno_state *st, struct peer *p, const struct word *w)
{
	struct sharer *s = state_sharer(st, &p->id, true);
	struct digest ours;

	if (!s)
		return;
	if (s->life != p->life)
		sharer_reset(st, s);
	s->life = p->life;
	s->here = s->met = true;
	if (!(w->flags & MEET_ANSWER)) {
		s->answer_due = true;
		s->fixed = true;
		fix_standing(st, s);
	}
	s->apart = false;
	take_way(st, s, w);
	if (s->told_round != st->discarded) {  /* it judges what we were: it will hear anew */
		s->meet_due = true;
		return;
	}
	switch (too_old(st, s, w)) {
	case TOGETHER:
		break;
	case WE_ARE_OLD:
		become_new(st, s);
		break;
	case IT_IS_OLD:
		st->settled_ms = states_wall_ms(st->node);
		s->apart = true;
		return;
	}
	ours = standing(st, &p->id);
	if (ours.sum == w->digest.sum && ours.count == w->digest.count)
		state_insync(st, s);
	else if (may_ask(st, &s->id))
		s->pull_due = w->digest.count > 0;
	else if (may_give(st))
		state_insync(st, s);           /* it has nothing that we would take */
	state_ask_next(st);
	state_look_whole(st);
}

bool state_believes(const leno_state *st, const leno_id *from, const struct entry *e)
{
	if (!may_ask(st, from) || !is_writer(st, &e->writer))
		return false;
	if (!st->options.per_node)
		return true;
	return e->kind == ENTRY_VALUE && leno_id_same(&e->writer, from) && e->sub.size == 16 &&
	       memcmp(e->sub.data, from->bytes, 16) == 0;
}

/* *ret_new: it was not here. Why it is not taken; 0: it is, or is older than what is here. */
static enum state_refusal take_entry(leno_state *st, const struct sharer *s, const struct entry *e,
                                     bool *ret_new)
{
	uint64_t wall_ms = states_wall_ms(st->node), horizon = (uint64_t)st->options.horizon_ms;
	bool old = s->apart || s->mate;        /* what it has had for long may be deleted */
	enum state_refusal why = state_objects(st, &s->id, e);
	int got;

	*ret_new = false;
	if (why || (old && stamp_ms(e->stamp) + horizon < wall_ms) || state_forgotten(st, e))
		return why;
	got = state_merge(st, e, STATE_THEIRS);
	*ret_new = got > 0;
	return got < 0 ? REFUSED_FULL : 0;
}

static int take_entries(leno_state *st, struct sharer *s, const struct word *v)
{
	struct reader r = reader_of(v->rest);
	bool on = passes_on(st), new;
	struct entry e;

	while (!st->left && !st->node->leaving && read_entry(&r, &e)) {
		enum state_refusal why = take_entry(st, s, &e, &new);

		if (v->flags & ENTRIES_MADE && !s->refuse_due)
			s->refuse_due = (uint8_t)why;
		st->taken += new;
		if (new && on)
			push(st, &e, &s->id);
	}
	return r.bad ? LENO_PROTOCOL : 0;
}

/* At once, where there is room for it and not for any word: what it asks later may be answered at
 * once, too. */
static void say_refused(leno_state *st, struct sharer *s, struct peer *p)
{
	struct states *all = st->node->states;
	struct writer w = writer_of(all->word, sizeof all->word);
	uint8_t why = s->refuse_due;

	if (why && state_refusal_waits(s, p->session)) {
		s->refuse_due = 0;
	} else if (why && !st->left) {
		state_write_refused(st, s, p->session, &w);
		if (put(p, writer_bytes(&w))) {
			s->refuse_due = why;           /* later: see next_word() */
			s->refuse_at = 0;
		}
	}
}

static void take_answer(leno_state *st, struct sharer *s, const struct word *w)
{
	if (st->asking != s || pull_take(&st->pull, &st->store, w))
		return;                            /* of a question that was given up */
	st->answered_us = st->node->now_us;
	if (!pull_over(&st->pull))
		return;
	state_stop_asking(st);
	st->pulled_us = st->node->now_us;
	st->full = st->full && st->lacked;
	state_insync(st, s);
	state_ask_next(st);
	state_look_whole(st);
}

/* Who is not answered now asks again when it has waited for STATE_STALL_MS. */
static bool may_supply(const leno_state *st, const struct sharer *s)
{
	unsigned n = 0;
	size_t cursor = 0;

	if (supply_wants(&s->supply))
		return true;
	for (const struct sharer *o; (o = map_next(&st->sharers, &cursor));)
		n += supply_wants(&o->supply);
	return n < STATE_SUPPLIES;
}

static int take_word(leno_state *st, struct peer *p, const struct word *w)
{
	struct sharer *s = state_sharer(st, &p->id, false);
	int error = 0;

	if (w->op == STATE_MEET) {
		take_meet(st, p, w);
		return 0;
	}
	if (!s || s->life != p->life)
		return 0;                          /* said before we have met anew */
	switch (w->op) {
	case STATE_LEAVE:
		sharer_reset(st, s);
		s->here = s->listed;
		if (st->options.per_node)
			state_drop_of(st, &s->id);
		break;
	case STATE_ASK:
	case STATE_FETCH:
		error = may_supply(st, s) ? supply_take(&s->supply, w) : 0;
		break;
	case STATE_ENTRIES:
		if (admit_observes(st->node, &p->id))
			return LENO_ROLE;
		error = take_entries(st, s, w);
		say_refused(st, s, p);
		if (w->flags & ENTRIES_LAST && !st->left)
			take_answer(st, s, w);
		break;
	case STATE_REFUSED:
		state_take_refused(st, s, (enum state_refusal)w->why);
		break;
	default:
		take_answer(st, s, w);
		break;
	}
	return error;
}

void states_take(struct peer *p, struct bytes item)
{
	leno_node *n = p->node;
	struct word w;
	leno_state *st;
	int error = LENO_PROTOCOL;

	if (read_word(item, &w)) {
		st = states_find(n, w.tag);
		if (!st)
			return;                    /* we share it no more */
		state_enter(st);
		error = take_word(st, p, &w);
		state_leave(st);
	}
	if (error)
		node_count_refusal(n, error);
	p->state_due = true;
	peers_wake(p);
}
