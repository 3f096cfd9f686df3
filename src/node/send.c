/* send.c - what an application sends, and what it answers. */
#include "base/mem.h"
#include "node/node.h"

static bool good_type(const char *type)
{
	return strnlen(type, LENO_TYPE_MAX + 1) <= LENO_TYPE_MAX;
}

/* When the numbers have run out both ends forget them all, at number 0. */
static int number_type(struct peer *p, const char *type)
{
	struct bytes text;
	int error;

	if (!good_type(type))
		return LENO_ARGUMENT;
	text = bytes_text(type);
	if (types_find(&p->types_out, text) >= 0)
		return 0;
	error = types_add(&p->types_out, text);
	if (error == LENO_LIMIT) {
		types_clear(&p->types_out);
		p->types_told = 0;
		error = types_add(&p->types_out, text);
	}
	return error;
}

/* In order, those too that could not be told when they were first used. */
static int tell_types(struct peer *p, uint32_t number)
{
	struct item item = { .kind = ITEM_TYPE };
	uint8_t told[ITEM_HEAD_MAX + LENO_TYPE_MAX]; /* the peer's bound is one of data */
	int error = 0;

	while (!error && number >= p->types_told) {
		struct bytes text = bytes_text(types_text(&p->types_out, p->types_told));
		size_t n;

		item.type = p->types_told;
		n = write_item_head(told, &item);
		bytes_copy(told + n, text.data, text.size);
		error = session_put(p->session, bytes_of(told, n + text.size), bytes_of(NULL, 0),
		                    NULL);
		p->types_told += !error;
	}
	return error;
}

/* A text that the peer has not heard in this session goes before its first use. ARGUMENT: it is
 * none; what was used last is one, and is not measured again. */
static int tell_type(struct peer *p, const char *text, uint32_t *ret_number)
{
	int error = types_last_is(&p->types_out, text) ? 0 : number_type(p, text);

	if (!error && p->types_out.last >= p->types_told)
		error = tell_types(p, p->types_out.last);
	*ret_number = p->types_out.last;
	return error;
}

int send_parts(struct peer *p, struct item *item, const char *type, struct bytes first,
               struct bytes data, uint64_t *ret_seq)
{
	uint8_t head[ITEM_HEAD_MAX + SEND_FIRST_MAX];
	size_t size;
	int error = 0;

	assert(first.size <= SEND_FIRST_MAX);
	if (type)
		error = tell_type(p, type, &item->type);
	if (!error) {
		size = write_item_head(head, item);
		if (first.size > 0)
			bytes_copy(head + size, first.data, first.size);
		error = session_put(p->session, bytes_of(head, size + first.size), data, ret_seq);
	}
	if (error == LENO_AGAIN)
		p->blocked = true;
	if (list_empty(&p->ready))         /* else it waits for its turn already */
		peers_wake(p);
	return error;
}

int send_item(struct peer *p, struct item *item, const char *type, struct bytes data,
              uint64_t *ret_seq)
{
	return send_parts(p, item, type, bytes_of(NULL, 0), data, ret_seq);
}

static int check(leno_node *n, const leno_id *to, const char *type, leno_bytes data)
{
	if (!n || !to || !type || (!data.data && data.size > 0))
		return LENO_ARGUMENT;
	return n->leaving ? LENO_CLOSED : 0;
}

void send_count(struct peer *p, int error)
{
	p->node->stats.sent += !error;
	p->sent += !error;
}

int leno_send(leno_node *n, const leno_id *to, const char *type, leno_bytes data,
              uint64_t *ret_seq)
{
	struct item item = { .kind = ITEM_MESSAGE };
	int error = check(n, to, type, data);
	struct peer *p = error ? NULL : peers_need(n, to, &error);

	if (!p)
		return error;
	error = send_item(p, &item, type, bytes_of(data.data, data.size), ret_seq);
	send_count(p, error);
	return error;
}

int leno_send_many(leno_node *n, const leno_id *to, size_t count, const char *type,
                   leno_bytes data)
{
	for (size_t i = 0; i < count; i++) {
		int error = leno_send(n, &to[i], type, data, NULL);

		if (error)
			return i > 0 ? (int)i : error;
	}
	return (int)count;
}

/* Some 35 million years are never, and can be counted in microseconds. */
static uint64_t due_after(const leno_node *n, leno_ms timeout)
{
	return timeout < 0 || timeout >> 50 ? NEVER : n->now_us + (uint64_t)timeout * 1000;
}

int send_request(leno_node *n, const leno_id *to, enum item_kind kind, const char *type,
                 struct bytes first, struct bytes data, leno_ms timeout, leno_done_fn *done,
                 void *user, leno_request_id *ret)
{
	struct item item = { .kind = kind };
	int error = 0;
	struct peer *p = peers_need(n, to, &error);
	struct request *r;

	if (!p)
		return error;
	r = requests_add(&n->requests, p, &p->requests, due_after(n, timeout), &error);
	if (!r)
		return error;
	r->done = done;
	r->user = user;
	r->ping = kind == ITEM_PING;
	if (n->depth == 0)
		list_append(&n->unclocked, &r->unclocked);
	item.request = r->number;
	error = send_parts(p, &item, type, first, data, NULL);
	if (kind == ITEM_REQUEST)
		send_count(p, error);
	if (error)
		requests_end(&n->requests, r);
	else if (ret)
		*ret = r->number;
	return error;
}

int leno_request(leno_node *n, const leno_id *to, const char *type, leno_bytes data,
                 leno_ms timeout, leno_done_fn *done, void *user, leno_request_id *ret)
{
	int error = done ? check(n, to, type, data) : LENO_ARGUMENT;

	if (!error && !good_type(type))
		error = LENO_ARGUMENT;
	if (!error)
		error = send_request(n, to, ITEM_REQUEST, type, bytes_of(NULL, 0),
		                     bytes_of(data.data, data.size), timeout, done, user, ret);
	return error;
}

int leno_ping(leno_node *n, const leno_id *to, leno_ms timeout, leno_done_fn *done, void *user)
{
	int error = done ? check(n, to, "", (leno_bytes){ 0 }) : LENO_ARGUMENT;

	if (error)
		return error;
	return send_request(n, to, ITEM_PING, NULL, bytes_of(NULL, 0), bytes_of(NULL, 0), timeout,
	                    done, user, NULL);
}

/* ---- answering ------------------------------------------------------------- */

const leno_id *leno_message_from(const leno_message *m)
{
	return &m->from;
}

bool leno_message_is_request(const leno_message *m)
{
	return m->request != 0;
}

bool leno_message_is_broadcast(const leno_message *m)
{
	return m->broadcast;
}

leno_message *leno_message_keep(leno_message *m)
{
	struct peer *p;

	if (!m || m->kept)
		return m;
	p = peers_get(m->node, &m->from);
	if (!m->copy && p) {
		m->copy = mem_new(sizeof *m);
		if (!m->copy)
			return NULL;
		*m->copy = *m;
		m->copy->kept = true;
		m->copy->copy = NULL;
		list_init(&m->copy->of_peer);
		list_append(&p->kept, &m->copy->of_peer);
	}
	return m->copy;
}

void leno_message_drop(leno_message *m)
{
	if (!m || !m->kept)
		return;
	list_remove(&m->of_peer);
	mem_free(m);
}

static int answer(leno_message *m, struct item *item, struct bytes data)
{
	struct peer *p;
	int error;

	if (!m || (!data.data && data.size > 0))
		return LENO_ARGUMENT;
	if (m->request == 0)
		return LENO_NOT_REQUEST;
	if (m->answered)
		return LENO_REPLIED;
	/* The life tells first: when it is 0 there may be no node any more. */
	p = m->life ? peers_get(m->node, &m->from) : NULL;
	if (!p || p->life != m->life || m->node->leaving)
		error = LENO_CLOSED;
	else
		error = send_item(p, item, NULL, data, NULL);
	if (!error) {
		send_count(p, 0);
		m->answered = true;
	}
	if (m->kept && (!error || error == LENO_CLOSED))
		leno_message_drop(m);
	return error;
}

int leno_reply(leno_message *m, leno_bytes data)
{
	struct item item = { .kind = ITEM_REPLY, .request = m ? m->request : 0 };

	return answer(m, &item, bytes_of(data.data, data.size));
}

int leno_refuse(leno_message *m, int code, const char *why)
{
	struct item item = { .kind = ITEM_REFUSE, .request = m ? m->request : 0,
	                     .code = (uint32_t)code };

	return answer(m, &item, bytes_text(why ? why : ""));
}
