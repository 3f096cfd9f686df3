/* ledger.c - the messages between two nodes, and who is up for whom.
 *
 * host.c tells what the handlers saw, talk.c what was sent. A flow holds what one life
 * of a node sent to another node, numbered in order.
 *
 *  1. A message arrives whole, once, and never after a later one of its flow.
 *  2. "Confirmed" is said only of what has been delivered; each message ends once.
 *  3. While both ends live on, no other end than "confirmed" is right; but only for what was
 *     sent after the two lives had met (`firm`): who has not heard yet that the other began
 *     anew still speaks with its older life.
 *  4. node_up and node_down alternate, and so do link_up and link_down. */
#include "book.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- pages --------------------------------------------------------------------- */

void ledger_open(struct sim *sim)
{
	sim->ledger = world_alloc(sizeof *sim->ledger);
}

void ledger_born(struct sim_node *node)
{
	node->book = world_alloc(sizeof *node->book);
}

static void free_flow(struct flow *flow)
{
	for (struct flow *older; flow; flow = older) {
		older = flow->older;
		free(flow->sent);
		free(flow);
	}
}

void ledger_close(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_nodes; i++) {
		struct book *book = sim->nodes[i]->book;

		for (uint32_t f = 0; f < book->n_flows; f++)
			free_flow(book->flows[f]);
		for (uint32_t c = 0; c < book->n_casts; c++)
			free(book->casts[c].got_life);
		free(book->flows);
		free(book->views);
		free(book->casts);
		free(book->kept);
		free(book->heard);
		free(book->heard_life);
		free(book);
	}
	for (uint32_t i = 0; i < sim->ledger->n_asks; i++)
		free(sim->ledger->asks[i]);
	free(sim->ledger->asks);
	ledger_free_streams(sim);
	free(sim->ledger->body);
	free(sim->ledger);
}

struct flow *book_flow(struct sim_node *from, struct sim_node *to)
{
	struct book *book = from->book;
	struct flow *flow;

	if (to->index >= book->n_flows) {
		uint32_t n = from->sim->n_nodes;

		book->flows = world_grow(book->flows, n * sizeof(*book->flows));
		memset(book->flows + book->n_flows, 0, (n - book->n_flows) * sizeof(*book->flows));
		book->n_flows = n;
	}
	flow = book->flows[to->index];
	if (!flow || flow->life != from->life) {
		struct flow *older = flow;

		flow = world_alloc(sizeof *flow);
		flow->to = to;
		flow->life = from->life;
		flow->older = older;
		book->flows[to->index] = flow;
	}
	return flow;
}

static const struct flow *flow_now(const struct sim_node *from, const struct sim_node *to)
{
	const struct book *book = from->book;
	const struct flow *flow = to->index < book->n_flows ? book->flows[to->index] : NULL;

	return flow && flow->life == from->life ? flow : NULL;
}

struct view *book_view(struct sim_node *observer, const struct sim_node *subject)
{
	struct book *book = observer->book;

	if (subject->index >= book->n_views) {
		uint32_t n = observer->sim->n_nodes;

		book->views = world_grow(book->views, n * sizeof *book->views);
		memset(book->views + book->n_views, 0, (n - book->n_views) * sizeof *book->views);
		book->n_views = n;
	}
	return &book->views[subject->index];
}

/* A life ended: what it knew and owed is void. What it sent may still arrive. */
void ledger_died(struct sim_node *node)
{
	struct book *book = node->book;
	struct ledger *ledger = node->sim->ledger;

	if (book->n_views)
		memset(book->views, 0, book->n_views * sizeof *book->views);
	for (uint32_t i = 0; i < book->n_casts; i++)
		book->casts[i].ended = true;
	book->casts_open = 0;
	for (uint32_t i = 0; i < ledger->n_asks; i++) {
		struct ask *ask = ledger->asks[i];

		if (ask->from != node || ask->ended)
			continue;
		ask->ended = true;
		ask->ret = NULL;
	}
	book->asks_open = 0;
	ledger_streams_died(node);
	book->talking = 0;
}

/* ---- up and down ----------------------------------------------------------------- */

static void loosen(struct flow *flow)
{
	if (!flow)
		return;
	for (uint32_t i = flow->first_open; i < flow->n; i++)
		flow->sent[i].firm = false;
}

void ledger_up(struct sim_node *node, struct sim_node *subject)
{
	struct view *view = book_view(node, subject);

	if (view->up)
		world_fail(node->sim, "%s was told twice that %s is up", node->name, subject->name);
	if (subject == node)
		world_fail(node->sim, "%s was told that it is up itself", node->name);
	view->up = true;
	view->ups++;
}

void ledger_down(struct sim_node *node, struct sim_node *subject, enum leno_why why)
{
	struct view *view = book_view(node, subject);

	if (!view->up)
		world_fail(node->sim, "%s was told that %s is down, which was not up", node->name,
		           subject->name);
	view->up = false;
	view->why = why;
	view->down_at = node->sim->now_us;
}

void ledger_link(struct sim_node *node, struct sim_node *peer, bool up)
{
	struct view *view = book_view(node, peer);

	if (view->linked == up)
		world_fail(node->sim, "%s was told that its link to %s is %s, which it was",
		           node->name, peer->name, up ? "up" : "down");
	view->linked = up;
	view->link_ups += up;
}

bool sim_sees(const struct sim_node *from, const struct sim_node *to)
{
	return to->index < from->book->n_views && from->book->views[to->index].up;
}

unsigned sim_ups(const struct sim_node *from, const struct sim_node *to)
{
	return to->index < from->book->n_views ? from->book->views[to->index].ups : 0;
}

unsigned sim_link_ups(const struct sim_node *from, const struct sim_node *to)
{
	return to->index < from->book->n_views ? from->book->views[to->index].link_ups : 0;
}

enum leno_why sim_last_why(const struct sim_node *from, const struct sim_node *to)
{
	return to->index < from->book->n_views ? from->book->views[to->index].why
	                                       : (enum leno_why)0;
}

uint64_t sim_down_at(const struct sim_node *from, const struct sim_node *to)
{
	return to->index < from->book->n_views ? from->book->views[to->index].down_at : 0;
}

void sim_forgive(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_nodes; i++)
		for (uint32_t f = 0; f < sim->nodes[i]->book->n_flows; f++)
			loosen(sim->nodes[i]->book->flows[f]);
	ledger_forgive_streams(sim);
}

void ledger_outcast(struct sim_node *node)
{
	struct sim *sim = node->sim;

	for (uint32_t i = 0; i < sim->n_nodes; i++)
		for (uint32_t f = 0; f < sim->nodes[i]->book->n_flows; f++) {
			struct flow *flow = sim->nodes[i]->book->flows[f];

			if (flow && (sim->nodes[i] == node || flow->to == node))
				loosen(flow);
		}
	ledger_forgive_streams(sim);
}

/* ---- sending --------------------------------------------------------------------- */

static void enter_sending(struct sim_node *from, struct flow *flow, uint64_t seq, size_t size)
{
	const struct view *view = book_view(from, flow->to);

	if (flow->n == flow->room) {
		flow->room = flow->room ? 2 * flow->room : 16;
		flow->sent = world_grow(flow->sent, flow->room * sizeof *flow->sent);
	}
	flow->sent[flow->n++] =
		(struct sending){ .seq = seq,
		                  .size = size,
		                  .to_life = flow->to->life,
		                  .fate = FATE_OPEN,
		                  .firm = flow->to->leno && view->met_life == flow->to->life };
}

int sim_send(struct sim_node *from, struct sim_node *to, size_t size)
{
	struct flow *flow;
	struct body_head head;
	char type[TYPE_ROOM];
	leno_bytes data;
	uint64_t seq = 0;
	int error;

	if (!from->leno || from->frozen)
		return LENO_CLOSED;
	flow = book_flow(from, to);
	head = (struct body_head){ from->life, flow->n, size };
	message_type(type, from->life, flow->n, size);
	data.data = body_make(from->sim, body_key('m', from->index, to->index, from->life, flow->n),
	                      &head);
	data.size = size;
	node_enter(from);
	error = leno_send(from->leno, &to->id, type, data, &seq);
	if (!error) {
		world_tell(from, "sends %u to %s: number %u, %zu bytes", (unsigned)seq, to->name,
		           (unsigned)flow->n, size);
		enter_sending(from, flow, seq, size);
	} else if (error == LENO_AGAIN) {
		flow->blocked = true;
		flow->again++;
	}
	node_leave(from);
	return error;
}

void ledger_writable(struct sim_node *node, struct sim_node *to)
{
	struct flow *flow = book_flow(node, to);

	if (!flow->blocked)
		world_fail(node->sim, "%s was told that %s is writable, without LENO_AGAIN before",
		           node->name, to->name);
	flow->blocked = false;
}

bool sim_blocked(const struct sim_node *from, const struct sim_node *to)
{
	const struct flow *flow = flow_now(from, to);

	return flow && flow->blocked;
}

/* ---- arriving -------------------------------------------------------------------- */

static struct flow *flow_of_life(struct sim_node *from, struct sim_node *to, uint32_t life)
{
	struct flow *flow = to->index < from->book->n_flows ? from->book->flows[to->index] : NULL;

	while (flow && flow->life != life)
		flow = flow->older;
	return flow;
}

/* Which message is it? By its head, or (a tiny one) the next of its type. */
static bool find_number(struct flow *flow, uint32_t life, const char *type, leno_bytes data,
                        uint32_t *ret)
{
	struct body_head head;
	char want[TYPE_ROOM];

	if (body_read(data, &head)) {
		*ret = head.number;
		return head.number < flow->n;
	}
	/* Types come round again: what has not ended yet is likelier than what has. */
	for (int ended = 0; ended < 2; ended++)
		for (uint32_t i = flow->next; i < flow->n; i++) {
			if ((flow->sent[i].fate != FATE_OPEN) != ended ||
			    flow->sent[i].size != data.size)
				continue;
			message_type(want, life, i, flow->sent[i].size);
			if (!strcmp(type, want)) {
				*ret = i;
				return true;
			}
		}
	return false;
}

static uint32_t life_named(const char *type, leno_bytes data)
{
	struct body_head head;
	unsigned life = 0;

	if (body_read(data, &head))
		return head.life;
	return sscanf(type, "tiny.%u.", &life) == 1 ? life : 0;
}

void ledger_message(struct sim_node *node, struct sim_node *from, const char *type, leno_bytes data)
{
	struct sim *sim = node->sim;
	uint32_t life = life_named(type, data), number = 0;
	struct flow *flow = flow_of_life(from, node, life);
	struct sending *sending;
	struct body_head head;
	char want[TYPE_ROOM];

	sim->ledger->delivered++;
	sim->ledger->delivered_bytes += data.size;
	if (!flow) {
		world_fail(sim, "%s got a message that %s never sent", node->name, from->name);
		return;
	}
	if (flow->next_life != node->life) {
		flow->next_life = node->life; /* what an older life got is checked below */
		flow->next = 0;
	}
	if (!find_number(flow, life, type, data, &number)) {
		world_fail(sim, "%s got a message of %zu bytes from %s that fits none it waits for",
		           node->name, data.size, from->name);
		return;
	}
	sending = &flow->sent[number];
	message_type(want, life, number, sending->size);
	head = (struct body_head){ life, number, sending->size };
	if (strcmp(type, want) ||
	    !body_same(body_key('m', from->index, node->index, life, number), &head, data))
		world_fail(sim, "message %u from %s to %s arrived changed", (unsigned)number,
		           from->name, node->name);
	if (sending->got_life)
		world_fail(sim, "message %u from %s to %s arrived twice%s", (unsigned)number,
		           from->name, node->name,
		           sending->got_life == node->life ? ""
		                                           : ", the second time in a new life");
	else if (number < flow->next)
		world_fail(sim, "message %u from %s to %s arrived after number %u",
		           (unsigned)number, from->name, node->name, (unsigned)flow->next - 1);
	if (sending->fate == FATE_REFUSED)
		world_fail(sim, "message %u from %s to %s arrived after it was refused",
		           (unsigned)number, from->name, node->name);
	sending->got_life = node->life;
	flow->next = number + 1;
	if (life == from->life)
		book_view(node, from)->met_life = life;
}

/* ---- ending ---------------------------------------------------------------------- */

static void end_one(struct sim_node *node, struct flow *flow, uint32_t number,
                    enum leno_outcome outcome)
{
	struct sending *s = &flow->sent[number];
	struct sim *sim = node->sim;
	bool same_life = flow->to->leno && flow->to->life == s->to_life;

	if (s->fate != FATE_OPEN)
		world_fail(sim, "message %u from %s to %s ended twice", (unsigned)number,
		           node->name, flow->to->name);
	else if (outcome == LENO_CONFIRMED && !s->got_life)
		world_fail(sim, "message %u from %s to %s is confirmed, but never arrived",
		           (unsigned)number, node->name, flow->to->name);
	else if (outcome == LENO_UNKNOWN && s->firm && same_life)
		world_fail(sim, "message %u from %s to %s ended as unknown, though both live on",
		           (unsigned)number, node->name, flow->to->name);
	if (outcome == LENO_CONFIRMED && same_life && s->got_life == s->to_life)
		book_view(node, flow->to)->met_life = s->to_life;
	s->fate = outcome == LENO_CONFIRMED ? FATE_CONFIRMED
	          : outcome == LENO_UNKNOWN ? FATE_UNKNOWN
	                                    : FATE_REFUSED;
}

/* The range covers requests and answers too, which have no line here. */
void ledger_sent(struct sim_node *node, struct sim_node *to, uint64_t first, uint64_t last,
                 enum leno_outcome outcome)
{
	struct flow *flow = book_flow(node, to);

	if (first > last)
		world_fail(node->sim, "%s was told of the empty range %" PRIu64 " to %" PRIu64,
		           node->name, first, last);
	for (uint32_t i = flow->n; i-- > 0;) {
		uint64_t seq = flow->sent[i].seq;

		if (seq < first || (i + 1 < flow->n && seq >= flow->sent[i + 1].seq))
			break; /* what was sent in a session before this one */
		if (seq <= last)
			end_one(node, flow, i, outcome);
	}
	while (flow->first_open < flow->n && flow->sent[flow->first_open].fate != FATE_OPEN)
		flow->first_open++;
}

struct sim_tally sim_tally(const struct sim_node *from, const struct sim_node *to)
{
	const struct flow *flow = flow_now(from, to);
	struct sim_tally tally = { 0 };

	for (uint32_t i = 0; flow && i < flow->n; i++) {
		const struct sending *s = &flow->sent[i];

		tally.sent++;
		tally.delivered += s->got_life != 0;
		tally.confirmed += s->fate == FATE_CONFIRMED;
		tally.refused += s->fate == FATE_REFUSED;
		tally.unknown += s->fate == FATE_UNKNOWN;
		tally.open += s->fate == FATE_OPEN;
	}
	return tally;
}

uint64_t sim_delivered(const struct sim *sim)
{
	return sim->ledger->delivered;
}

uint64_t sim_delivered_bytes(const struct sim *sim)
{
	return sim->ledger->delivered_bytes;
}

/* Between the living nothing may stay open, and nobody may wait for writable. */
const char *ledger_open_sends(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_nodes; i++) {
		struct sim_node *from = sim->nodes[i];

		if (from->outcast)
			continue;
		if (from->leno && from->book->talking) {
			snprintf(sim->missing, sizeof sim->missing, "%s has %u messages to send",
			         from->name, (unsigned)from->book->talking);
			return sim->missing;
		}
		for (uint32_t f = 0; from->leno && f < from->book->n_flows; f++) {
			const struct flow *flow = from->book->flows[f];

			if (!flow || flow->life != from->life || !flow->to->leno ||
			    flow->to->outcast)
				continue;
			if (flow->first_open < flow->n)
				snprintf(sim->missing, sizeof sim->missing,
				         "message %u from %s to %s (%s) has not ended",
				         (unsigned)flow->first_open, from->name, flow->to->name,
				         flow->sent[flow->first_open].got_life ? "which arrived"
				                                               : "not arrived");
			else if (flow->blocked)
				snprintf(sim->missing, sizeof sim->missing,
				         "%s still waits for writable to %s", from->name,
				         flow->to->name);
			else
				continue;
			return sim->missing;
		}
	}
	return NULL;
}
