/* calls.c - the ledger's pages about requests and broadcasts.
 *
 *  1. A request reaches its node at most once and ends exactly once, in time; an
 *     answer is that of this request.
 *  2. A broadcast reaches each life of each node at most once, in its source's order,
 *     and is done exactly once, with no more confirmed than have got it. */
#include "book.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	LATE_US = 50000,        /* how late "late" answers              */
	DUE_SLACK_US = 2000000, /* a request may end so long after its timeout */
	REFUSAL_CODE = 7
};

/* ---- asking ------------------------------------------------------------------------ */

static struct ask *new_ask(struct sim_node *from, struct sim_node *to, const char *type,
                           leno_ms timeout)
{
	struct ledger *ledger = from->sim->ledger;
	struct ask *ask = world_alloc(sizeof *ask);

	if (ledger->n_asks == ledger->asks_room) {
		ledger->asks_room = ledger->asks_room ? 2 * ledger->asks_room : 64;
		ledger->asks = world_grow(ledger->asks, ledger->asks_room * sizeof(*ledger->asks));
	}
	*ask = (struct ask){
		.from = from, .to = to, .life = from->life, .index = ledger->n_asks, .type = type
	};
	ask->due_us = timeout < 0 ? UINT64_MAX : from->sim->now_us + MS(timeout) + DUE_SLACK_US;
	ledger->asks[ledger->n_asks++] = ask;
	return ask;
}

static void copy_answer(struct sim_got *ret, const leno_answer *answer, uint64_t now_us)
{
	size_t size =
		answer->data.size < sizeof ret->text ? answer->data.size : sizeof ret->text - 1;

	ret->error = answer->error;
	ret->code = answer->code;
	ret->size = answer->data.size;
	ret->at_us = now_us;
	if (size)
		memcpy(ret->text, answer->data.data, size);
	ret->text[size] = '\0';
	ret->done = true;
}

static void check_answer(struct ask *ask, const leno_answer *answer)
{
	struct sim *sim = ask->from->sim;
	struct body_head head = { ask->life, ask->index, ask->size };

	if (ask->ret)
		copy_answer(ask->ret, answer, sim->now_us);
	if (!answer->error && !ask->ret &&
	    !body_same(body_key('q', ask->from->index, ask->to->index, ask->life, ask->index),
	               &head, answer->data))
		world_fail(sim, "request %u of %s to %s got another's answer", (unsigned)ask->index,
		           ask->from->name, ask->to->name);
	if (!answer->error && !ask->ret && !ask->got)
		world_fail(sim, "request %u of %s was answered, but never arrived at %s",
		           (unsigned)ask->index, ask->from->name, ask->to->name);
	if (answer->error == LENO_REFUSED && strcmp(ask->type, "refuse") != 0)
		world_fail(sim, "request %u of %s was refused, which %s never did",
		           (unsigned)ask->index, ask->from->name, ask->to->name);
	if (answer->error == LENO_REFUSED && answer->code != REFUSAL_CODE)
		world_fail(sim, "request %u of %s was refused with another code",
		           (unsigned)ask->index, ask->from->name);
}

static void on_done(leno_node *leno, void *user, const leno_answer *answer)
{
	struct ask *ask = user;
	struct sim_node *from = ask->from;

	(void)leno;
	world_note(from, 'a', ask->index, (uint64_t)(int64_t)answer->error, answer->data.size);
	world_hash(from->sim, answer->data.data, answer->data.size);
	world_tell(from, "request %u to %s ends: %s, %zu bytes", (unsigned)ask->index,
	           ask->to->name, leno_strerror(answer->error), answer->data.size);
	if (ask->ended) {
		world_fail(from->sim, "request %u of %s ended twice", (unsigned)ask->index,
		           from->name);
		return;
	}
	ask->ended = true;
	from->book->asks_open--;
	check_answer(ask, answer);
}

static int ask_data(struct ask *ask, leno_bytes data, leno_ms timeout)
{
	struct sim_node *from = ask->from;
	leno_request_id id = 0;
	int error;

	node_enter(from);
	from->book->asks_open++;
	error = leno_request(from->leno, &ask->to->id, ask->type, data, timeout, on_done, ask, &id);
	if (error) {
		ask->ended = true;
		from->book->asks_open--;
	} else {
		world_tell(from, "asks %s: request %u, %s, %zu bytes", ask->to->name,
		           (unsigned)ask->index, ask->type, data.size);
	}
	if (error == LENO_AGAIN)
		book_flow(from, ask->to)->blocked = true;
	node_leave(from);
	return error;
}

int sim_ask(struct sim_node *from, struct sim_node *to, const char *type, const char *data,
            leno_ms timeout, struct sim_got *ret)
{
	struct ask *ask;

	*ret = (struct sim_got){ 0 };
	if (!from->leno || from->frozen)
		return LENO_CLOSED;
	ask = new_ask(from, to, type, timeout);
	ask->ret = ret;
	ask->size = strlen(data);
	return ask_data(ask, (leno_bytes){ data, strlen(data) }, timeout);
}

int sim_ask_size(struct sim_node *from, struct sim_node *to, const char *type, size_t size,
                 leno_ms timeout)
{
	struct ask *ask;
	struct body_head head;
	leno_bytes data;

	if (!from->leno || from->frozen)
		return LENO_CLOSED;
	ask = new_ask(from, to, type, timeout);
	ask->size = size < BODY_HEAD ? BODY_HEAD : size;
	head = (struct body_head){ ask->life, ask->index, ask->size };
	data.data = body_make(from->sim,
	                      body_key('q', from->index, to->index, ask->life, ask->index), &head);
	data.size = (size_t)ask->size;
	return ask_data(ask, data, timeout);
}

/* ---- answering --------------------------------------------------------------------- */

/* An answer that comes later: the bytes are copied, the message was kept. */
struct late {
	leno_message *message;
	struct sim_node *from;
	size_t size;
	uint8_t data[];
};

/* An answer for which there is no room is not given; who asked hears of a timeout. */
static int reply(struct sim_node *node, struct sim_node *from, leno_message *message,
                 leno_bytes data)
{
	int error = leno_reply(message, data);

	if (error == LENO_AGAIN)
		book_flow(node, from)->blocked = true;
	return error;
}

static void keep(struct book *book, leno_message *message)
{
	book->kept = world_grow(book->kept, (book->n_kept + 1) * sizeof(*book->kept));
	book->kept[book->n_kept++] = message;
}

static void unkeep(struct book *book, const leno_message *message)
{
	for (uint32_t i = 0; i < book->n_kept; i++)
		if (book->kept[i] == message) {
			book->kept[i] = book->kept[--book->n_kept];
			return;
		}
}

void ledger_drop_kept(struct sim_node *node)
{
	while (node->book->n_kept)
		leno_message_drop(node->book->kept[--node->book->n_kept]);
}

static void on_late(struct sim *sim, const struct event *e)
{
	struct late *late = e->user;

	(void)sim;
	unkeep(e->node->book, late->message);
	node_enter(e->node);
	if (reply(e->node, late->from, late->message, (leno_bytes){ late->data, late->size }) ==
	    LENO_AGAIN)
		leno_message_drop(late->message);
	node_leave(e->node);
}

static void answer_late(struct sim_node *node, struct sim_node *from, leno_message *message,
                        leno_bytes data)
{
	struct late *late = world_alloc(sizeof *late + data.size);
	struct event *e;

	late->message = leno_message_keep(message);
	late->from = from;
	late->size = data.size;
	if (data.size)
		memcpy(late->data, data.data, data.size);
	if (!late->message) {
		free(late);
		return;
	}
	keep(node->book, late->message);
	e = world_push(node->sim, node->sim->now_us + LATE_US, on_late, node, NULL, 0, 0);
	e->user = late;
	e->owns = true;
}

static void note_request(struct sim_node *node, struct sim_node *from, leno_bytes data)
{
	struct ledger *ledger = node->sim->ledger;
	struct body_head head;
	struct ask *ask;

	if (!body_read(data, &head) || head.size != data.size || head.number >= ledger->n_asks)
		return; /* a story's own words */
	ask = ledger->asks[head.number];
	if (ask->from != from || ask->life != head.life || ask->ret)
		return;
	if (ask->to != node)
		world_fail(node->sim, "request %u of %s went to %s", (unsigned)ask->index,
		           from->name, node->name);
	if (ask->got++)
		world_fail(node->sim, "request %u of %s arrived twice at %s", (unsigned)ask->index,
		           from->name, node->name);
	if (!body_same(body_key('q', from->index, node->index, ask->life, ask->index), &head, data))
		world_fail(node->sim, "request %u of %s arrived changed", (unsigned)ask->index,
		           from->name);
}

void ledger_request(struct sim_node *node, struct sim_node *from, leno_message *message,
                    const char *type, leno_bytes data)
{
	node->sim->ledger->delivered++;
	node->sim->ledger->delivered_bytes += data.size;
	note_request(node, from, data);
	if (!strcmp(type, "echo"))
		reply(node, from, message, data);
	else if (!strcmp(type, "late"))
		answer_late(node, from, message, data);
	else if (!strcmp(type, "refuse")) {
		if (leno_refuse(message, REFUSAL_CODE, "no") == LENO_AGAIN)
			book_flow(node, from)->blocked = true;
	} else if (!strcmp(type, "twice") && !reply(node, from, message, data) &&
	           leno_reply(message, data) != LENO_REPLIED)
		world_fail(node->sim, "%s could answer one request twice", node->name);
}

unsigned sim_asks_open(const struct sim_node *node)
{
	return node->book->asks_open;
}

/* ---- broadcasts --------------------------------------------------------------------- */

int sim_broadcast(struct sim_node *from, size_t size)
{
	struct book *book = from->book;
	struct cast *cast;
	struct body_head head;
	leno_bytes data;
	uint64_t seq = 0;
	int error;

	if (!from->leno || from->frozen)
		return LENO_CLOSED;
	head = (struct body_head){ from->life, book->n_casts, size < BODY_HEAD ? BODY_HEAD : size };
	data.data = body_make(from->sim, body_key('b', from->index, 0, from->life, book->n_casts),
	                      &head);
	data.size = (size_t)head.size;
	if (book->n_casts == book->casts_room) {
		book->casts_room = book->casts_room ? 2 * book->casts_room : 16;
		book->casts = world_grow(book->casts, book->casts_room * sizeof *book->casts);
	}
	cast = &book->casts[book->n_casts];
	*cast = (struct cast){ .size = head.size, .life = from->life, .seq = UINT64_MAX };
	book->n_casts++;
	book->casts_open++;
	node_enter(from);
	error = leno_broadcast(from->leno, "cast", data, &seq);
	if (error) {
		book->n_casts--;
		book->casts_open--;
	} else {
		cast->seq = seq;
		world_tell(from, "broadcasts number %u, %zu bytes", (unsigned)(book->n_casts - 1),
		           data.size);
	}
	node_leave(from);
	return error;
}

static void mark_got(struct sim_node *node, struct sim_node *from, struct cast *cast,
                     uint32_t number)
{
	if (node->index >= cast->n_got_life) {
		uint32_t n = node->sim->n_nodes;

		cast->got_life = world_grow(cast->got_life, n * sizeof *cast->got_life);
		memset(cast->got_life + cast->n_got_life, 0,
		       (n - cast->n_got_life) * sizeof *cast->got_life);
		cast->n_got_life = n;
	}
	if (cast->got_life[node->index] == node->life)
		world_fail(node->sim, "broadcast %u of %s arrived twice at %s", (unsigned)number,
		           from->name, node->name);
	if (!cast->got_life[node->index])
		cast->got++;
	cast->got_life[node->index] = node->life;
}

static void check_order(struct sim_node *node, struct sim_node *from, uint32_t number)
{
	struct book *book = node->book;

	if (from->index >= book->n_heard) {
		uint32_t n = node->sim->n_nodes;

		book->heard = world_grow(book->heard, n * sizeof *book->heard);
		book->heard_life = world_grow(book->heard_life, n * sizeof *book->heard_life);
		memset(book->heard + book->n_heard, 0, (n - book->n_heard) * sizeof *book->heard);
		memset(book->heard_life + book->n_heard, 0,
		       (n - book->n_heard) * sizeof *book->heard_life);
		book->n_heard = n;
	}
	if (book->heard_life[from->index] != node->life)
		book->heard[from->index] = 0;
	book->heard_life[from->index] = node->life;
	if (number < book->heard[from->index])
		world_fail(node->sim, "broadcast %u of %s arrived at %s after number %u",
		           (unsigned)number, from->name, node->name,
		           (unsigned)book->heard[from->index] - 1);
	book->heard[from->index] = number + 1;
}

void ledger_broadcast(struct sim_node *node, struct sim_node *from, leno_bytes data)
{
	struct sim *sim = node->sim;
	struct body_head head;

	sim->ledger->delivered++;
	sim->ledger->delivered_bytes += data.size;
	node->book->casts_got++;
	if (node == from)
		world_fail(sim, "%s got its own broadcast", node->name);
	if (!body_read(data, &head) || head.number >= from->book->n_casts ||
	    from->book->casts[head.number].life != head.life ||
	    !body_same(body_key('b', from->index, 0, head.life, head.number), &head, data)) {
		world_fail(sim, "%s got a broadcast that %s never made", node->name, from->name);
		return;
	}
	mark_got(node, from, &from->book->casts[head.number], head.number);
	check_order(node, from, head.number);
}

void ledger_broadcast_done(struct sim_node *node, uint64_t seq, uint32_t confirmed,
                           uint32_t unknown)
{
	struct book *book = node->book;
	uint32_t i = book->n_casts;

	while (i-- > 0) {
		struct cast *cast = &book->casts[i];

		if (cast->life != node->life || (cast->seq != seq && cast->seq != UINT64_MAX))
			continue;
		if (cast->ended)
			world_fail(node->sim, "broadcast %u of %s is done twice", (unsigned)i,
			           node->name);
		else
			book->casts_open--;
		if (confirmed > cast->got)
			world_fail(node->sim,
			           "broadcast %u of %s is confirmed by %u, but %u have got it",
			           (unsigned)i, node->name, (unsigned)confirmed,
			           (unsigned)cast->got);
		cast->ended = true;
		book->last_confirmed = confirmed;
		book->last_unknown = unknown;
		return;
	}
	world_fail(node->sim, "%s was told of broadcast %" PRIu64 ", which it never made",
	           node->name, seq);
}

unsigned sim_casts_open(const struct sim_node *node)
{
	return node->book->casts_open;
}

unsigned sim_casts_got(const struct sim_node *node)
{
	return node->book->casts_got;
}

void sim_cast_last(const struct sim_node *node, uint32_t *ret_confirmed, uint32_t *ret_unknown)
{
	*ret_confirmed = node->book->last_confirmed;
	*ret_unknown = node->book->last_unknown;
}

/* Between the living all calls must have ended. */
const char *ledger_open_calls(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_nodes; i++) {
		const struct sim_node *node = sim->nodes[i];

		if (!node->leno || node->outcast || (!node->book->asks_open && !node->book->casts_open))
			continue;
		snprintf(sim->missing, sizeof sim->missing,
		         "%s waits for %u answers and for the end of %u broadcasts", node->name,
		         (unsigned)node->book->asks_open, (unsigned)node->book->casts_open);
		return sim->missing;
	}
	return NULL;
}
