/* meet.c - meeting points and their guests, see meet.h. */
#include "node/meet.h"

#include "base/mem.h"
#include "node/direct.h"

enum { GUEST_HEARTBEAT_MS = 15 * 1000 };

int meet_open(leno_node *n)
{
	struct meet_state *m = mem_new(sizeof *m);
	uint8_t seed[32];

	if (!m)
		return LENO_MEMORY;
	if (timers_admit(&n->timers)) {
		mem_free(m);
		return LENO_MEMORY;
	}
	n->meet = m;
	m->timer.kind = TIMER_MEET;
	m->due_us = NEVER;
	random_bytes(&n->random, seed, sizeof seed);
	identity_from_seed(&m->identity, seed);
	crypto_wipe(seed, sizeof seed);
	network_init(&m->network, MEETING_NETWORK, NULL);
	m->setup = (struct link_setup){
		.self = &m->identity, .network = &m->network, .random = &n->random, .name = "",
		.heartbeat_us = GUEST_HEARTBEAT_MS * 1000, .misses = n->link_setup.misses,
		.silence_us = n->link_setup.silence_us, .has_aes = n->link_setup.has_aes,
		.gcm = &n->gcm, .guest = true
	};
	if (!n->options.rendezvous)
		return 0;
	n->link_setup.guests = &m->setup;
	return point_open(&m->point);
}

void meet_free(leno_node *n)
{
	struct meet_state *m = n->meet;

	if (!m)
		return;
	timers_release(&n->timers, &m->timer);
	point_close(&m->point);
	identity_wipe(&m->identity);
	n->meet = mem_free(m);
}

const struct link_setup *meet_link_setup(const leno_node *n, uint32_t dial)
{
	const struct dial *d = dial ? dials_find(&n->dials, dial) : NULL;

	return d && d->meeting ? &n->meet->setup : &n->link_setup;
}

size_t meet_conns_max(const leno_node *n)
{
	return POINTS_MAX + (n->options.rendezvous ? MEET_GUESTS_MAX : 0);
}

int leno_engine_meet(leno_node *n, const char *uri)
{
	char whole[URI_MAX] = MEETING_SCHEME;
	size_t size = strlen(uri), before = sizeof MEETING_SCHEME - 1;
	int error;

	if (size + before >= sizeof whole)
		return LENO_URI;
	error = n->meet ? 0 : meet_open(n);
	if (error)
		return error;
	memcpy(whole + before, uri, size);
	if (n->meet->n_points >= POINTS_MAX && !dials_by_uri(&n->dials, whole))
		return LENO_LIMIT;
	n->meet->n_points += !dials_by_uri(&n->dials, whole);
	error = leno_engine_connect(n, whole);
	n->meet->n_points -= error != 0;
	return error;
}

/* Whoever stays there is told of to others. */
void meet_forget(leno_node *n, uint32_t dial)
{
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (c->dial == dial && !c->finishing)
			conns_close(c, CLOSE_GOODBYE, LENO_WHY_GOODBYE, 0);
	}
	n->meet->n_points--;
}

/* ---- who comes and goes ----------------------------------------------------------------- */

/* A number for the host of "scheme://host:port": FNV-1a of all that stands before the port. */
static uint64_t host_number(const char *uri)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	const char *end = strrchr(uri, ':');

	for (; *uri && uri != end; uri++)
		hash = (hash ^ (uint8_t)*uri) * UINT64_C(0x100000001b3);
	return hash;
}

static unsigned guests_from(const struct meet_state *m, uint64_t host)
{
	unsigned count = 0;

	for (size_t i = 0; i < MEET_GUESTS_MAX; i++)
		count += m->guests[i] && m->guests[i]->guest->host == host;
	return count;
}

/* One of the host that has most guests gives way, if it has two more than the newcomer's. */
static bool make_room(leno_node *n, uint64_t for_host)
{
	struct meet_state *m = n->meet;
	unsigned most = guests_from(m, for_host) + 1;
	struct conn *last = NULL;

	for (size_t i = 0; i < MEET_GUESTS_MAX; i++) {
		unsigned count = m->guests[i] ? guests_from(m, m->guests[i]->guest->host) : 0;

		if (count > most) {
			most = count;
			last = m->guests[i];
		}
	}
	if (!last)
		return false;
	node_count_refusal(n, LENO_LIMIT);
	conns_close(last, CLOSE_LIMIT, LENO_WHY_REFUSED, LENO_LIMIT);
	return true;
}

static struct conn **place_in(struct conn **all, size_t most)
{
	for (size_t i = 0; i < most; i++)
		if (!all[i])
			return &all[i];
	return NULL;
}

static void turn_away(struct conn *c, int error)
{
	node_count_refusal(c->node, error);
	events_refused(c->node, c->uri, "there is no room for another guest");
	conns_close(c, CLOSE_LIMIT, LENO_WHY_REFUSED, LENO_LIMIT);
}

void meet_opened(struct conn *c)
{
	leno_node *n = c->node;
	struct meet_state *m = n->meet;
	struct dial *d = c->dial ? dials_find(&n->dials, c->dial) : NULL;
	uint64_t host = host_number(c->uri);
	struct conn **place;

	place = c->dial ? place_in(m->points, POINTS_MAX) : place_in(m->guests, MEET_GUESTS_MAX);
	if (!place && !c->dial && make_room(n, host))
		place = place_in(m->guests, MEET_GUESTS_MAX);
	c->guest = place ? mem_new(sizeof *c->guest) : NULL;
	if (!c->guest) {
		turn_away(c, place ? LENO_MEMORY : LENO_LIMIT);
		return;
	}
	*place = c;
	n->meet->live++;
	c->guest->asks = c->dial != 0;
	c->guest->number = (uint32_t)(place - (c->dial ? m->points : m->guests));
	c->guest->host = host;
	n->stats.handshakes++;
	if (d)
		dials_proved(&n->dials, d, &link_peer(c->link)->id, n->now_us);
	if (c->guest->asks) {
		meeting_topic(&n->network, link_peer(c->link)->keys.x, c->guest->topic);
		c->guest->due_us = n->now_us;
	}
	down_wake(c);
}

void meet_left(struct conn *c)
{
	struct meet_state *m = c->node->meet;

	if (!c->guest)
		return;
	m->live--;
	if (c->guest->asks) {
		m->points[c->guest->number] = NULL;
	} else {
		m->guests[c->guest->number] = NULL;
		point_leave(&m->point, c->guest->number);
		m->due_us = point_due(&m->point);
	}
}

/* ---- what is said ------------------------------------------------------------------------ */

/* A word of a guest. */
static int take_meet(struct conn *c, struct bytes body)
{
	leno_node *n = c->node;
	struct meet_state *m = n->meet;
	struct meet said;

	if (!meet_read(body, &said))
		return LENO_PROTOCOL;
	if (point_meet(&m->point, c->guest->number, &c->guest->pace, c->uri, &said, n->now_us)) {
		turn_away(c, LENO_LIMIT);
		return 0;
	}
	m->due_us = point_due(&m->point);
	return 0;
}

/* One of the others: who cannot be read is of another network, or made up. */
static void take_other(struct conn *c, const struct met_other *other)
{
	leno_node *n = c->node;
	uint8_t plain[MEET_BLOB];
	size_t size = meeting_open(&n->network, c->guest->topic, other->blob, plain);
	struct reader r = reader_of(bytes_of(plain, size));
	leno_id id = read_id(&r);
	struct addresses a;

	if (r.bad || leno_id_same(&id, &n->identity.id) ||
	    !addresses_read(bytes_of(r.at, reader_left(&r)), &a))
		return;
	others_put(&n->meet->others, &id, bytes_of(r.at, reader_left(&r)), other->seen, n->now_us);
}

static int take_met(struct conn *c, struct bytes body)
{
	struct met met;

	if (!met_read(body, &met) || memcmp(met.topic, c->guest->topic, TOPIC_SIZE) != 0)
		return LENO_PROTOCOL;
	if (meet_floods(&c->guest->pace, c->node->now_us))
		return 0;
	for (size_t i = 0; i < met.n; i++)
		take_other(c, &met.at[i]);
	direct_wake(c->node);
	return 0;
}

int meet_take(struct conn *c, const struct frame *f)
{
	if (f->type == FRAME_MEET && !c->guest->asks)
		return take_meet(c, f->body);
	if (f->type == FRAME_MET && c->guest->asks)
		return take_met(c, f->body);
	return f->type <= FRAME_MET ? LENO_PROTOCOL : 0;       /* of a later version */
}

bool meet_wants(const struct conn *c)
{
	const leno_node *n = c->node;

	if (c->guest->asks)
		return n->now_us >= c->guest->due_us;
	return point_wants(&n->meet->point, c->guest->number, n->now_us);
}

static void make_meet(struct conn *c, struct writer *w)
{
	leno_node *n = c->node;
	uint8_t salt[MEETING_SALT], plain[MEET_PLAIN], blob[MEET_BLOB];
	struct writer p = writer_of(plain, sizeof plain);
	struct writer body = frame_begin(w, FRAME_MEET);
	struct meet said = { .seconds = MEET_SAID_S };
	struct addresses own;

	direct_own(n, &own);
	write_id(&p, &n->identity.id);
	addresses_write(&p, &own);
	random_bytes(&n->random, salt, sizeof salt);
	meeting_seal(&n->network, c->guest->topic, salt, writer_bytes(&p), blob);
	memcpy(said.topic, c->guest->topic, sizeof said.topic);
	said.blob = bytes_of(blob, writer_size(&p) + MEETING_MORE);
	meet_write(&body, &said);
	if (frame_end(w, &body))
		c->guest->due_us = n->now_us + MEET_AGAIN_MS * 500 +
		                   random_below(&n->random, MEET_AGAIN_MS * 500);
}

void meet_make(struct conn *c, struct writer *w)
{
	leno_node *n = c->node;
	struct writer body;
	struct met met;

	if (!meet_wants(c))
		return;
	if (c->guest->asks) {
		make_meet(c, w);
		return;
	}
	if (!point_make(&n->meet->point, c->guest->number, n->now_us, random_u64(&n->random), &met))
		return;
	body = frame_begin(w, FRAME_MET);
	met_write(&body, &met);
	frame_end(w, &body);
	n->meet->due_us = point_due(&n->meet->point);
}

void meet_again(leno_node *n)
{
	for (size_t i = 0; n->meet && i < POINTS_MAX; i++)
		if (n->meet->points[i])
			n->meet->points[i]->guest->due_us = n->now_us;
}

void meet_settle(leno_node *n)
{
	struct meet_state *m = n->meet;
	uint64_t due = m ? m->due_us : 0;

	if (!m || m->live == 0)
		return;
	for (size_t i = 0; i < MEET_GUESTS_MAX && n->now_us >= m->due_us; i++)
		if (m->guests[i] && meet_wants(m->guests[i]))
			down_wake(m->guests[i]);
	for (size_t i = 0; i < POINTS_MAX; i++) {
		if (!m->points[i])
			continue;
		if (meet_wants(m->points[i]))
			down_wake(m->points[i]);
		else if (m->points[i]->guest->due_us < due)
			due = m->points[i]->guest->due_us;
	}
	/* What is due is on its way out, or its pipe is full: nobody waits for that. */
	timers_set(&n->timers, &m->timer, due > n->now_us ? due : n->now_us + MEET_PUSH_MS * 1000);
}
