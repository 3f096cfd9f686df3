/* streams.c - streams between src/stream/ and the session: how they begin and end, what goes
 * into items and comes out of them. What the application does with one is in stream_api.c.
 *
 *   leno_stream_write --> flow --streams_feed, as the session has room--> items
 *   items --streams_take--> flow --> the handler `readable`
 *
 *  1. Bytes go to the session as late as can be, one piece ahead: what an application sends
 *     meanwhile, or another stream, waits behind that piece and not behind all that waits.
 *  2. Handlers run inside inputs only; what happens elsewhere waits in node->stream_events.
 *  3. A stream that is over, or aborted, lives until nobody stands in it (`entered`) and
 *     what the peer must hear of it is in the session. */
#include <assert.h>

#include "base/mem.h"
#include "node/services.h"
#include "node/stream.h"

enum {
	FEED_PIECE  = 16 * 1024 - 64,  /* a record's worth                            */
	FEED_AHEAD  = 16 * 1024,       /* put into the session and not sent yet       */
	FLIGHT_LEAST = 96 * 1024,      /* bytes sent and not acknowledged: more would only
	                                  lie in sockets, before the question of another */
	FLIGHT_US   = 1024,            /* more of them for each microsecond of round trip */
	RETRY_US    = 50 * 1000        /* between two looks for memory                */
};

static leno_stream *stream_of(struct flow *f)
{
	return list_item(f, leno_stream, flow);
}

/* ---- life and end -------------------------------------------------------------- */

leno_stream *stream_new(struct peer *p, struct flow_key key, struct bytes topic, int refused,
                        int *ret_error)
{
	leno_stream *s = mem_new(sizeof *s + topic.size + 1);

	*ret_error = s ? 0 : LENO_MEMORY;
	if (!s)
		return NULL;
	if (refused)
		flow_init_refused(&s->flow, &p->node->flow_setup, key, (uint32_t)refused,
		                  bytes_text(leno_strerror(refused)));
	else
		*ret_error = flow_init(&s->flow, &p->node->flow_setup, key);
	if (!*ret_error) {
		*ret_error = flows_add(p->flows, &s->flow);
		if (*ret_error)
			flow_clear(&s->flow);
	}
	if (*ret_error)
		return mem_free(s);
	s->node = p->node;
	s->peer = p;
	s->id = p->id;
	list_init(&s->event);
	bytes_copy(s->topic, topic.data, topic.size);
	return s;
}

static void stream_free(leno_stream *s)
{
	if (s->peer)
		flows_remove(s->peer->flows, &s->flow);
	list_remove(&s->event);
	flow_clear(&s->flow);
	mem_free(s);
}

void stream_let_go(leno_stream *s)
{
	if (s->left && s->entered == 0 && (!s->peer || !s->flow.abort_due))
		stream_free(s);
}

static void event(leno_stream *s)
{
	leno_node *n = s->node;

	list_append(&n->stream_events, &s->event);
	if (n->depth == 0)
		timers_set(&n->timers, &n->stream_timer, n->now_us);
}

/* It is over for the peer: from here on it is the application's alone. */
static void part(leno_stream *s, int error)
{
	if (s->peer)
		flows_remove(s->peer->flows, &s->flow);
	flow_part(&s->flow);
	s->peer = NULL;
	s->closed = true;
	s->error = error;
	if (s->left)
		stream_let_go(s);
	else
		event(s);
}

void stream_wake(leno_stream *s)
{
	if (!s->peer)
		return;
	flows_wake(s->peer->flows, &s->flow);
	peers_wake(s->peer);
}

/* The handlers' own abort must not free what they stand in. */
static void enter(leno_stream *s)
{
	s->entered++;
}

static void leave(leno_stream *s)
{
	s->entered--;
	stream_let_go(s);
}

static void call_readable(leno_stream *s)
{
	if (s->accepted && s->handlers.readable && !s->left)
		s->handlers.readable(s, s->user);
}

static void fire(leno_stream *s)
{
	char why[FLOW_WHY_MAX + 1];

	enter(s);
	if (s->peer && flow_take_writable(&s->flow) && s->handlers.writable && !s->left)
		s->handlers.writable(s, s->user);
	if (s->closed && !s->left) {
		bytes_copy(why, s->flow.why, s->flow.why_size);
		why[s->flow.why_size] = '\0';
		s->left = true;
		if (s->handlers.closed)
			s->handlers.closed(s, s->user, s->error, (int)s->flow.code, why);
	}
	stream_wake(s);                           /* one that was left may have yet to say so */
	leave(s);
}

/* The timer has come. */
void streams_tick(leno_node *n)
{
	while (!list_empty(&n->stream_later))
		list_append(&n->stream_events, n->stream_later.next);
}

void streams_settle(leno_node *n)
{
	struct list now;

	if (list_empty(&n->stream_events) || n->leaving)
		return;
	/* A list of its own: what handlers cause waits for the next round. */
	now = n->stream_events;
	now.next->prev = now.prev->next = &now;
	list_init(&n->stream_events);
	while (!list_empty(&now) && !n->leaving) {
		leno_stream *s = list_item(now.next, leno_stream, event);

		list_remove(&s->event);
		fire(s);
	}
	while (!list_empty(&now))
		list_append(&n->stream_events, now.next);
	if (!list_empty(&n->stream_events))
		timers_set(&n->timers, &n->stream_timer, n->now_us);
}

void streams_end(struct peer *p, int error)
{
	struct flow *f;
	size_t cursor = 0;

	if (!p->flows)
		return;
	for (; (f = flows_next(p->flows, &cursor)); cursor = 0) {
		flow_settle(f);
		f->abort_due = false;
		part(stream_of(f), error);
	}
	p->flows->next_ours = p->flows->next_theirs = 0;
	p->fed_to = 0;
}

void streams_free(struct peer *p)
{
	struct flow *f;
	size_t cursor = 0;

	if (!p->flows)
		return;
	for (; (f = flows_next(p->flows, &cursor)); cursor = 0)
		stream_free(stream_of(f));
	flows_clear(p->flows);
	p->flows = mem_free(p->flows);
}

void streams_clear(leno_node *n)
{
	streams_tick(n);
	list_each (it, next, &n->stream_events)
		stream_free(list_item(it, leno_stream, event));
}

int streams_need(struct peer *p)
{
	uint8_t seed[16];

	if (p->flows)
		return 0;
	p->flows = mem_new(sizeof *p->flows);
	if (!p->flows)
		return LENO_MEMORY;
	random_bytes(&p->node->random, seed, sizeof seed);
	flows_init(p->flows, seed);
	return 0;
}

/* ---- into the session ------------------------------------------------------------ */

static int put(struct peer *p, struct flow_key key, const struct flow_item *item,
               struct bytes data)
{
	uint8_t head[ITEM_HEAD_MAX + FLOW_HEAD_MAX];
	size_t n = write_item_head(head, &(struct item){ .kind = ITEM_STREAM, .type = key.number });

	n += flow_write_head(head + n, key, item);
	return session_put_piece(p->session, bytes_of(head, n), data);
}

static bool may_feed(const struct peer *p)
{
	const struct session *s = p->session;
	uint64_t flight = FLIGHT_LEAST + (uint64_t)p->rtt_least_us * FLIGHT_US;

	/* One piece in any case: an application may keep the queue full of messages for ever. */
	bool alone = p->fed_to <= session_put_to(s) - session_queued(s);

	return p->flows && flows_want(p->flows) && (session_queued(s) < flight || alone) &&
	       (session_put_to(s) < session_sent_to(s) + FEED_AHEAD ||
	        p->fed_to <= session_sent_to(s));
}

bool streams_want(const struct peer *p)
{
	return p->conn && may_feed(p);
}

bool streams_open(const struct peer *p)
{
	return p->flows && p->flows->by_key.count > 0;
}

bool streams_opening(const struct peer *p, uint32_t below)
{
	size_t cursor = 0;

	for (const struct flow *f; p->flows && (f = flows_next(p->flows, &cursor));)
		if (f->key.ours && f->key.number < below && f->open_due && !f->aborted)
			return true;
	return false;
}

size_t streams_count(const struct peer *p)
{
	return p->flows ? p->flows->n_ours + p->flows->n_theirs : 0;
}

uint64_t streams_waiting(const struct peer *p)
{
	uint64_t bytes = 0;
	size_t cursor = 0;

	for (const struct flow *f; p->flows && (f = flows_next(p->flows, &cursor));)
		bytes += tape_size(&f->out);
	return bytes;
}

static void made(struct peer *p, leno_stream *s, const struct flow_item *item)
{
	struct flow *f = &s->flow;

	flow_made(f, item);
	flows_said(p->flows, f, item->op == FLOW_DATA ? item->data.size : 0);
	p->fed_to = session_put_to(p->session);
	if (item->op == FLOW_OPEN)
		provide_unsent(p);
	if (item->op == FLOW_ABORT)
		stream_let_go(s);
	else if (flow_over(f))
		part(s, 0);
	else if (f->short_write && tape_size(&f->out) <= FLOW_BUFFER / 2)
		event(s);
}

void stream_look_later(leno_stream *s)
{
	leno_node *n = s->node;

	list_append(&n->stream_later, &s->event);
	if (n->stream_timer.slot == 0)
		timers_set(&n->timers, &n->stream_timer, n->now_us + RETRY_US);
}

/* Or the queue is full: what is acknowledged wakes the peer. */
static void retry(leno_stream *s)
{
	if (session_queued(s->peer->session) == 0 && list_empty(&s->event))
		stream_look_later(s);
}

void streams_feed(struct peer *p)
{
	uint32_t rtt_us = session_rtt_us(p->session);
	uint64_t bound = session_message_max(p->session);
	size_t max, most = bound < PIECE_LEAST ? PIECE_LEAST
	                 : bound < FEED_PIECE ? (size_t)bound : FEED_PIECE;
	struct flow_item item;

	if (rtt_us > 0 && (p->rtt_least_us == 0 || rtt_us < p->rtt_least_us))
		p->rtt_least_us = rtt_us;
	while (may_feed(p)) {
		struct flow *f = flows_turn(p->flows, &max);
		leno_stream *s = stream_of(f);
		bool any = flow_make(f, max < most ? max : most, &item);

		assert(any);
		if (put(p, f->key, &item, item.op == FLOW_OPEN ? bytes_text(s->topic) : item.data)) {
			retry(s);
			return;
		}
		made(p, s, &item);
	}
}

/* ---- out of the session ------------------------------------------------------------ */

/* It stands in line with the others, and may have to wait, until that is said. */
static int refuse_open(struct peer *p, struct flow_key key, int why)
{
	leno_stream *s = stream_new(p, key, bytes_of(NULL, 0), why, &why);

	if (!s)
		return LENO_MEMORY;
	s->left = true;
	stream_wake(s);
	return 0;
}

static int take_open(struct peer *p, uint32_t number, struct bytes body)
{
	const struct flow_key key = { number, 0 };
	leno_node *n = p->node;
	struct reader r = reader_of(body);
	uint64_t credit = read_varint(&r);
	struct bytes topic = read_bytes(&r, reader_left(&r));
	leno_stream *s = NULL;
	int error;

	if (!read_end(&r) || topic.size > LENO_TYPE_MAX || memchr(topic.data, 0, topic.size))
		return LENO_PROTOCOL;
	error = flows_opened(p->flows, number);
	if (error == LENO_PROTOCOL)
		return error;
	if (!error && p->flows->n_theirs >= FLOWS_FEW && flow_scarce(&n->flow_setup))
		error = LENO_LIMIT;
	if (!error)
		s = stream_new(p, key, topic, 0, &error);
	if (!s)
		return refuse_open(p, key, error);
	s->flow.credit = credit;
	enter(s);
	if (!calls_take_stream(p, s, s->topic) && n->handlers.stream)
		n->handlers.stream(n, n->user, s, s->topic);
	if (!s->accepted && !s->left)
		leno_stream_abort(s, LENO_REFUSED, "no such stream is taken here");
	leave(s);
	return 0;
}

/* What can no longer be kept ends the stream, for both. */
static void give_up(leno_stream *s, int error)
{
	struct bytes why = bytes_text(leno_strerror(error));

	flow_abort(&s->flow, (uint32_t)error, why);
	s->closed = true;
	s->error = error;
	event(s);
	stream_wake(s);
}

static int take_body(leno_stream *s, enum flow_op op, struct bytes body)
{
	int error = flow_take(&s->flow, op, body);

	if (error)
		return error;
	if (op == FLOW_ABORT) {
		part(s, LENO_REFUSED);
		return 0;
	}
	enter(s);
	if (op == FLOW_DATA || op == FLOW_FINISH)
		call_readable(s);
	if (s->peer && flow_settle(&s->flow))
		give_up(s, LENO_MEMORY);
	stream_wake(s);
	if (s->peer && flow_over(&s->flow))
		part(s, 0);
	leave(s);
	return 0;
}

int streams_take(struct peer *p, const struct item *item)
{
	struct flow_key key;
	enum flow_op op;
	struct bytes body;
	struct flow *f;
	int error;

	if (!flow_read(item->data, item->type, &key, &op, &body))
		return LENO_PROTOCOL;
	if (streams_need(p))
		return LENO_MEMORY;
	if (op == FLOW_OPEN)
		return key.ours ? LENO_PROTOCOL : take_open(p, key.number, body);
	f = flows_find(p->flows, key, &error);
	if (!f || f->aborted)
		return error;
	return take_body(stream_of(f), op, body);
}
