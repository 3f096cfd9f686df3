/* suspects.c - see suspects.h. */
#include "node/suspects.h"

#include <stdio.h>

#include "base/mem.h"

enum { NAMED_MAX = 280, NAME_ROOM = NAME_MAX_ + 12 };

/* ---- how it is told to people ----------------------------------------------------- */

/* A name can be anybody's: a piece of the id goes with it. */
static const char *name_of(leno_node *n, const leno_id *id, char ret[NAME_ROOM])
{
	char text[LENO_ID_TEXT];
	struct mesh_node m;

	leno_id_text(id, text);
	if (mesh_get(n->mesh, id, &m) && *m.name)
		snprintf(ret, NAME_ROOM, "%s (%.8s)", m.name, text);
	else
		snprintf(ret, NAME_ROOM, "%.8s", text);
	return ret;
}

static const char *names_of(leno_node *n, const struct mesh_way *way, char ret[NAMED_MAX])
{
	size_t kept = way->n < ROUTE_MAX ? way->n : ROUTE_MAX, used = 0;
	char name[NAME_ROOM];

	ret[0] = '\0';
	for (size_t i = 0; i < kept && used < NAMED_MAX - 2 * NAME_ROOM; i++)
		used += (size_t)snprintf(ret + used, NAMED_MAX - used, "%s%s", i > 0 ? ", " : "",
		                         name_of(n, &way->relays[i], name));
	if (way->n == 1)
		snprintf(ret + used, NAMED_MAX - used, ", the only relay");
	else if (way->n > kept)
		snprintf(ret + used, NAMED_MAX - used, " and more");
	return ret;
}

static void tell(const struct suspects *s, const struct mesh_way *path,
                 enum session_doubt_why why, bool moved)
{
	leno_node *n = s->peer->node;
	char name[NAME_ROOM], names[NAMED_MAX];
	const char *then = moved ? "packets go another way now" : "there is no better way";

	name_of(n, &s->peer->id, name);
	names_of(n, path, names);
	if (why == DOUBT_DAMAGE)
		events_log(n, LENO_LOG_WARN, "packets of %s were altered on their way by %s; %s",
		           name, names, then);
	else
		events_log(n, LENO_LOG_INFO, "%s does not answer by way of %s; %s", name, names,
		           then);
}

void suspects_refused(struct conn *c, const struct packet *p, int error)
{
	char line[3 * NAME_ROOM], from[NAME_ROOM], by[NAME_ROOM];
	leno_node *n = c->node;

	if (p->kind != PACKET_INIT && p->kind != PACKET_RESPONSE)
		return;
	snprintf(line, sizeof line, "a handshake of %s that came by %s", name_of(n, &p->from, from),
	         name_of(n, &link_peer(c->link)->id, by));
	events_refused(n, line, leno_strerror(error));
}

/* ---- who was on the way ------------------------------------------------------------- */

/* Keeps the last ones, as mesh_way() does. */
static void push(struct mesh_way *way, const leno_id *id)
{
	if (way->n++ >= ROUTE_MAX) {
		memmove(way->relays, way->relays + 1, (ROUTE_MAX - 1) * sizeof *way->relays);
		way->relays[ROUTE_MAX - 1] = *id;
	} else {
		way->relays[way->n - 1] = *id;
	}
}

static void push_all(struct mesh_way *way, const struct mesh_way *more)
{
	for (size_t i = 0; i < more->n && i < ROUTE_MAX; i++)
		push(way, &more->relays[i]);
	way->n += more->n > ROUTE_MAX ? more->n - ROUTE_MAX : 0;
}

static struct mesh_suspect *find(struct suspects *s, const leno_id *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (leno_id_same(&s->who[i].id, id))
			return &s->who[i];
	return NULL;
}

static const leno_id *goal_of(const struct peer *p)
{
	return p->has_gate ? &p->gate : &p->id;
}

/* From the peer to us: its last relay is certain, whose link it came by, the rest is what the
 * atlas says. Where the last one is suspected already, the peer has not heard of it. */
static struct mesh_way way_in(struct suspects *s, const leno_id *neighbour)
{
	const struct peer *p = s->peer;
	struct mesh_way path = { 0 }, more;
	size_t n = find(s, neighbour) ? 0 : s->n;

	if (p->has_gate && !leno_id_same(&p->gate, neighbour))
		push(&path, &p->gate);
	if (mesh_way(p->node->mesh, goal_of(p), neighbour, s->who, n, &more))
		push_all(&path, &more);
	push(&path, neighbour);
	return path;
}

/* From us to the peer, as packets go now. */
static struct mesh_way way_out(const struct suspects *s)
{
	const struct peer *p = s->peer;
	struct mesh_way path = { 0 };

	if (s->around)
		path = s->way;
	else
		mesh_way(p->node->mesh, &p->node->identity.id, goal_of(p), NULL, 0, &path);
	if (p->has_gate)
		push(&path, &p->gate);
	return path;
}

/* ---- who is suspected, and for how long ----------------------------------------------- */

static struct suspects *need(struct peer *p)
{
	struct suspects *s = p->suspects;

	if (s)
		return s;
	s = mem_new(sizeof *s);
	if (!s)
		return NULL;
	s->peer = p;
	list_init(&s->of_node);
	p->suspects = s;
	return s;
}

/* At least so many strikes. False: not one that can be suspected, or no room. */
static bool suspect(struct suspects *s, const leno_id *id, uint32_t strikes)
{
	leno_node *n = s->peer->node;
	struct mesh_suspect *who = find(s, id);
	struct mesh_node known;

	strikes = strikes < STRIKES_MAX ? strikes : STRIKES_MAX;
	if (!who && (s->n == MESH_SUSPECTS_MAX || strikes == 0 ||
	             leno_id_same(id, &n->identity.id) || leno_id_same(id, &s->peer->id) ||
	             !mesh_get(n->mesh, id, &known)))
		return false;
	if (!who) {
		who = &s->who[s->n++];
		*who = (struct mesh_suspect){ .id = *id };
	}
	if (who->strikes < strikes)
		who->strikes = strikes;
	return true;
}

static void suspect_all(struct suspects *s, const struct mesh_way *path)
{
	for (size_t i = 0; i < path->n && i < ROUTE_MAX; i++) {
		const struct mesh_suspect *who = find(s, &path->relays[i]);

		suspect(s, &path->relays[i], who ? who->strikes + 1 : 1);
	}
}

/* How long damage is held against them: twice as long when it comes again about the time when
 * they were trusted again; what comes sooner is still the same. True when it is not. */
static bool lengthen(struct suspects *s, uint64_t now_us)
{
	uint64_t since_us = now_us - s->harmed_us;
	bool first = !s->lasts_us || since_us >= 2 * s->lasts_us;
	bool again = !first && since_us >= s->lasts_us / 2;

	if (first)
		s->lasts_us = SUSPECT_US;
	else if (again && s->lasts_us < SUSPECT_MAX_US)
		s->lasts_us *= 2;
	s->harmed_us = now_us;
	return first || again;
}

/* Returns whether that is news, of which people should hear. */
static bool extend(struct suspects *s, enum session_doubt_why why)
{
	leno_node *n = s->peer->node;
	uint64_t until_us = n->now_us + SUSPECT_SILENT_US;
	bool news = list_empty(&s->of_node);

	if (why == DOUBT_DAMAGE) {
		news = lengthen(s, n->now_us) || news;
		until_us = n->now_us + s->lasts_us;
	}
	if (s->until_us < until_us)
		s->until_us = until_us;
	s->deaf_us = n->now_us + STRIKE_PAUSE_US;
	s->damaged = 0;
	if (list_empty(&s->of_node))
		list_append(&n->suspected, &s->of_node);
	n->suspects_due = n->now_us;
	return news;
}

static void expire(struct suspects *s)
{
	s->n = 0;
	s->until_us = 0;
	s->around = s->look = s->other = false;
	list_remove(&s->of_node);
	session_doubt(s->peer->session, NULL);
	peers_path(s->peer);
}

static void drop_unknown(struct suspects *s)
{
	struct mesh_node known;
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++)
		if (mesh_get(s->peer->node->mesh, &s->who[i].id, &known))
			s->who[kept++] = s->who[i];
	s->n = kept;
}

/* ---- the way around --------------------------------------------------------------------- */

static uint32_t strikes_on(struct suspects *s, const struct mesh_way *way)
{
	uint32_t strikes = 0;

	for (size_t i = 0; i < way->n && i < ROUTE_MAX; i++) {
		const struct mesh_suspect *who = find(s, &way->relays[i]);

		strikes += who ? who->strikes : 0;
	}
	return strikes;
}

static bool same_way(const struct mesh_way *a, const struct mesh_way *b)
{
	return a->n == b->n && memcmp(a->relays, b->relays, a->n * sizeof *a->relays) == 0;
}

/* A way that meets as many of them as the path itself would be no better, and longer. True when
 * packets go another way than before. */
static bool look(struct suspects *s)
{
	struct peer *p = s->peer;
	struct mesh *m = p->node->mesh;
	const leno_id *self = &p->node->identity.id;
	struct mesh_way plain, before = s->way;
	bool was = s->around;

	if (s->other) {
		struct mesh_way path = way_out(s);

		suspect_all(s, &path);
	}
	if (s->told)
		s->told_us = p->node->now_us + STRIKE_PAUSE_US;
	s->look = s->other = s->told = false;
	p->node->suspects_us = p->node->now_us + SUSPECT_PACE_US;
	drop_unknown(s);
	if (s->n == 0) {
		expire(s);
		return was;
	}
	s->goal = *goal_of(p);
	s->around = mesh_way(m, self, &s->goal, NULL, 0, &plain) &&
	            mesh_way(m, self, &s->goal, s->who, s->n, &s->way) &&
	            s->way.strikes < strikes_on(s, &plain) &&
	            s->way.n + (p->has_gate ? 1u : 0u) <= ROUTE_MAX;
	peers_path(p);
	return s->around != was || (was && !same_way(&s->way, &before));
}

/* For as long as damage goes on the peer has not heard it: all of it is said each time, even
 * when we see no other way: it may be its own packets alone that need one. */
static void warn(struct suspects *s, enum session_doubt_why why)
{
	struct session_doubt doubt = { .why = why, .n = s->n };
	static_assert(DOUBTS_MAX >= MESH_SUSPECTS_MAX, "the peer can be told of all of them");

	for (size_t i = 0; i < s->n; i++) {
		doubt.relays[i] = s->who[i].id;
		doubt.strikes[i] = (uint8_t)s->who[i].strikes;
	}
	session_doubt(s->peer->session, &doubt);
	peers_wake(s->peer);
}

static void strike(struct suspects *s, const struct mesh_way *path, enum session_doubt_why why)
{
	size_t known = s->n;
	bool news, moved;

	if (path->n == 0)
		return;
	suspect_all(s, path);
	news = extend(s, why) || s->n > known;
	moved = look(s);
	if (s->n > 0)
		warn(s, why);
	if (news)
		tell(s, path, why, moved);
}

/* ---- what is held against them ------------------------------------------------------------ */

void suspects_damage(struct peer *p, const leno_id *neighbour)
{
	leno_node *n = p->node;
	struct suspects *s = need(p);
	struct mesh_way path;

	if (!s || n->now_us < s->deaf_us || leno_id_same(neighbour, &p->id))
		return;
	if (n->now_us - s->since_us > DAMAGE_WINDOW_US) {
		s->since_us = n->now_us;
		s->damaged = 0;
	}
	if (++s->damaged < DAMAGE_MIN || n->now_us < n->suspects_us)
		return;
	path = way_in(s, neighbour);
	strike(s, &path, DOUBT_DAMAGE);
}

void suspects_silence(struct peer *p)
{
	unsigned asked = session_unanswered(p->session);
	struct suspects *s = p->suspects;
	struct mesh_way path;

	if (asked < SILENCE_FIRST) {
		if (s)
			s->silent_due = 0;
		return;
	}
	s = need(p);
	if (!s || asked < s->silent_due || session_path(p->session) != PATH_RELAYED ||
	    p->node->now_us < p->node->suspects_us)
		return;
	s->silent_due = asked + SILENCE_AGAIN;
	path = way_out(s);
	strike(s, &path, DOUBT_SILENCE);
}

/* Whom the peer names is suspected here as there. When it does not name the relay that we go
 * by, its map is not ours: then the way that we see is suspected too. */
void suspects_hear(struct peer *p)
{
	leno_node *n = p->node;
	struct session_doubt doubt;
	struct suspects *s;
	char name[NAME_ROOM];
	bool named = false, news;

	if (!session_take_doubt(p->session, &doubt) || !(s = need(p)))
		return;
	for (size_t i = 0; i < doubt.n; i++) {
		suspect(s, &doubt.relays[i], doubt.strikes[i]);
		named = named ||
		        (p->conn && leno_id_same(&link_peer(p->conn->link)->id, &doubt.relays[i]));
	}
	s->other = !named && !s->around && session_path(p->session) == PATH_RELAYED;
	if (s->n == 0 && !s->other)
		return;
	news = extend(s, doubt.why);
	s->told = s->told || !s->look;
	s->look = true;
	if (news && doubt.why == DOUBT_DAMAGE)
		events_log(n, LENO_LOG_WARN, "%s says that our packets to it were altered on their "
		           "way; they go around whom it suspects, where there is a way",
		           name_of(n, &p->id, name));
}

/* ---- what comes of it ----------------------------------------------------------------------- */

bool suspects_route(struct peer *p, leno_id ret[ROUTE_MAX], size_t *ret_n, struct conn **ret_first)
{
	const struct suspects *s = p->suspects;
	size_t n;
	struct conn *c;

	if (!s || !s->around || !leno_id_same(&s->goal, goal_of(p)))
		return false;
	n = s->way.n;
	bytes_copy(ret, s->way.relays, n * sizeof *ret);
	if (p->has_gate)
		ret[n++] = p->gate;
	c = conns_to(p->node, n > 0 ? &ret[0] : &p->id);
	if (!c || c->finishing)
		return false;
	*ret_n = n;
	*ret_first = c;
	return true;
}

static bool stands(const struct suspects *s)
{
	return s->around && leno_id_same(&s->goal, goal_of(s->peer)) &&
	       mesh_way_stands(s->peer->node->mesh, &s->way, &s->goal);
}

void suspects_settle(leno_node *n)
{
	uint64_t serial = mesh_routes_serial(n->mesh), due = NEVER, look_us;
	bool changed = serial != n->suspects_serial;
	struct list later;

	if (list_empty(&n->suspected) || (!changed && n->now_us < n->suspects_due))
		return;
	list_init(&later);
	list_each (it, next, &n->suspected) {
		struct suspects *s = list_item(it, struct suspects, of_node);

		if (n->now_us >= s->until_us) {
			expire(s);
			continue;
		}
		if (changed && !stands(s)) {
			s->look = true;
			s->told = false;
		}
		look_us = s->told && s->told_us > n->suspects_us ? s->told_us : n->suspects_us;
		if (s->look && n->now_us >= look_us) {
			list_append(&later, &s->of_node);
			look(s);
		}
		if (s->n > 0 && s->until_us < due)
			due = s->until_us;
		if (s->look && look_us < due)
			due = look_us;
	}
	while (!list_empty(&later))        /* who has had its turn */
		list_append(&n->suspected, later.next);
	n->suspects_serial = serial;
	n->suspects_due = due;
	timers_set(&n->timers, &n->suspects_timer, due);
}

void suspects_free(struct peer *p)
{
	if (p->suspects)
		list_remove(&p->suspects->of_node);
	p->suspects = mem_free(p->suspects);
}
